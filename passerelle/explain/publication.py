"""What is kept here of the last publication, and what the server tells of it."""

import bisect
import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from passerelle.archive.folders import LAST_COPY
from passerelle.base.deadline import Deadline
from passerelle.base.words import fold, gtin
from passerelle.config.model import Settings
from passerelle.config.stock import Stock
from passerelle.model.records import Publication
from passerelle.remotes import open_remote
from passerelle.remotes.base import find

if TYPE_CHECKING:
    from passerelle.stock_csv_fix.layout import Layout

_FEW = 20
# A short word stands in very many lines; a whole cell is no short word.
_MOST = 100_000


class PublishedRow(Struct, frozen=True):
    """A line of the kept copy in which a cell is what was asked for, and its item number."""

    line: int
    column: str
    item: str


class Copy:
    """The copy of a publication. ``data`` is ``None`` where it is gone or another one's."""

    def __init__(self, settings: Settings, stock: Stock, publication: Publication) -> None:
        self.path: Path = settings.folder / LAST_COPY.format(name=stock.to.name)
        self._stock = stock
        self.is_gone = not self.path.is_file()
        data = b"" if self.is_gone else self.path.read_bytes()
        is_its_own = hashlib.sha256(data).hexdigest() == publication.sha256
        self.data = data if is_its_own and not self.is_gone else None

    def levels(self, key: str, removed: Sequence[int]) -> list[tuple[int, str]]:
        """The item's lines, as the ERP counts them, with their levels.

        ``removed`` are the ERP's lines that were left out of the copy.
        """
        from passerelle.stock_csv_fix.fix import levels_of

        if self.data is None:
            return []
        found = levels_of(self.data, self._stock, key, self.path.name)
        return [(_line_of_erp(line, removed), level) for line, level in found]

    def card(self, id: str) -> list[tuple[int, str]]:
        column = (self._stock.gift_cards.column,)
        columns = self._stock.columns.model_copy(update={"ean13": column})
        by_id = self._stock.model_copy(update={"columns": columns})
        from passerelle.stock_csv_fix.fix import levels_of

        return levels_of(self.data, by_id, gtin(id), self.path.name) if self.data else []

    def rows_with(self, text: str) -> list[PublishedRow]:
        """The lines in which a whole cell is ``text``, in whatever column; a few of them."""
        from passerelle.stock_csv_fix.layout import read_layout

        if self.data is None:
            return []
        layout = read_layout(self.data, self._stock, self.path.name)
        found: list[PublishedRow] = []
        for row in _candidates(self.data, layout, text):
            found += _matches(self.data, layout, row, text, self._stock)
            if len(found) >= _FEW:
                break
        return found


def _line_of_erp(line: int, removed: Sequence[int]) -> int:
    """A line's number before those of ``removed`` (sorted) were left out."""
    for gone in removed:
        line += gone <= line
    return line


def _candidates(data: bytes, layout: "Layout", text: str) -> Iterator[int]:
    """The rows that hold the text somewhere, in whatever case."""
    try:
        plain = text.strip().replace('"', '""') if layout.quoted else text.strip()
        wanted = plain.encode(layout.encoding.removesuffix("-sig"))
    except UnicodeEncodeError:
        return
    starts, last = layout.starts.tolist(), -1
    for count, match in enumerate(re.finditer(re.escape(wanted), data, re.IGNORECASE)):
        row = bisect.bisect_right(starts, match.start()) - 1
        if row > last:
            yield row
            last = row
        if count > _MOST:
            return


def _matches(
    data: bytes, layout: "Layout", row: int, text: str, stock: Stock
) -> Iterator[PublishedRow]:
    line = data[int(layout.starts[row]) : int(layout.ends[row])].decode(layout.encoding)
    text_of_row, separator = [line.rstrip("\r\n")], layout.separator
    if layout.quoted:
        reader = csv.reader(text_of_row, delimiter=separator)
    else:
        reader = csv.reader(text_of_row, delimiter=separator, quoting=csv.QUOTE_NONE)
    cells = next(reader, [])
    item = cells[layout.column(stock.columns.ean13, "stock.columns.ean13", "")]
    for name, cell in zip(layout.header, cells, strict=False):
        if fold(cell) == fold(text) and gtin(item):
            yield PublishedRow(int(layout.numbers[row]), name, item.strip())


def is_taken_by_shop(settings: Settings, stock: Stock) -> bool:
    """Asks the server whether the publication is gone from its place.

    Raises what servers raise.
    """
    name = stock.to.server
    remote = open_remote(name, settings.servers[name], Deadline(settings.time_limit))
    try:
        return find(remote, stock.to.path) is None
    finally:
        remote.close()
