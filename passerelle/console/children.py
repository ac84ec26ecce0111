"""A button's command, as a process of its own: under the same lock as if a person had typed it."""

import locale
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from msgspec import Struct

from passerelle.base.errors import UnreachableError
from passerelle.base.language import _
from passerelle.base.program import this_program

# What a person may want to read in a dialog; the trace has all of it.
_MOST_BYTES = 100_000
# Ctrl+C in the console's terminal ends the page, and no run that it started.
_APART: dict[str, Any] = (
    {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}
    if sys.platform == "win32"
    else {"start_new_session": True}
)


class Said(Struct, frozen=True):
    """What a command printed, and its exit code."""

    exit_code: int
    output: str
    errors: str


def carry_out(config: Path, words: Sequence[str]) -> Said:
    """Runs a command to its end, which does not depend on this program's.

    Raises :class:`UnreachableError` where it cannot be started.
    """
    # Not pipes: they would break with this program, and the command with them.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            ended = subprocess.run(  # noqa: S603 - this very program
                this_program(config, *words),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd=config.parent,
                env=os.environ | {"PYTHONUTF8": "1"},
                check=False,
                **_APART,
            )
        except OSError as error:
            what = _("the command could not be started ({reason})")
            told = what.format(reason=error.strerror or type(error).__name__)
            mend = _("is its folder still there? nothing was done")
            raise UnreachableError(told, str(config.parent), mend) from error
        return Said(ended.returncode, _text(output), _text(errors))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    data = file.read(_MOST_BYTES)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:  # a built program may mind no PYTHONUTF8
        return data.decode(locale.getpreferredencoding(False), "replace")
