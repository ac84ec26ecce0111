"""What there is to do with a stock file."""

import json
from pathlib import Path
from typing import NamedTuple


class StockWork(NamedTuple):
    """The ``items`` whose level becomes 0, and the file's dialect.

    ``blanks``: numbers may have blanks around them.
    """

    items: list[str]
    encoding: str
    separator: str
    blanks: bool


def read_work(path: str) -> StockWork:
    """As the suite wrote it."""
    return StockWork(**json.loads(Path(path).read_text("utf-8")))
