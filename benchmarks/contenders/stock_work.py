"""What there is to do with a stock file."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StockWork:
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
