"""The page's templates, compiled once: their Python lies where Python's own compiled files do.

Under the same rules: not where nothing may be written, and not where Python was told not to.
"""

import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from passerelle.base.durable import replace_whole


class CompiledTemplates(BytecodeCache):
    """Each tells itself by its text and by the versions of jinja2 and Python."""

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError, NotImplementedError), _place(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode:
            with suppress(OSError, NotImplementedError):
                _place(bucket).parent.mkdir(parents=True, exist_ok=True)
                replace_whole(_place(bucket), bucket.bytecode_to_string())


def _place(bucket: Bucket) -> Path:
    return Path(cache_from_source(str(Path(__file__).with_name(f"{bucket.key}.py"))))
