"""Pure: the lines below an order CSV's header -> its rows, whatever its quotes do."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from passerelle.errors import NotReadyError
from passerelle.language import N_, _
from passerelle.reading import parse_decimal, parse_whole

# The longest field csv accepts is a setting of the whole process; messages can be long.
csv.field_size_limit(2**31 - 1)

# Longer than any text of an order; what is longer has lost a quote.
_LONGEST_CELL = 10_000
_COUNT = N_("another number of fields than the header ({found} instead of {expected})")
_QUOTES = N_("a quote is not closed or not doubled")
_LONG = N_("{key} has {length} characters; is a quote missing?")
_ID = re.compile(r"\S*[0-9]\S*")
_NO_ID = re.compile(r'[\s"]')


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: its number, its cells, its fault where it has one.

    ``row[key]`` is the cell of a column key, ``""`` where the file has no such column. ``places``,
    which all rows of a file share, tells where it stands among the ``cells``.
    """

    line: int
    cells: tuple[str, ...]
    places: Mapping[str, int]
    fault: str = ""

    def __getitem__(self, key: str) -> str:
        place = self.places.get(key)
        return "" if place is None else self.cells[place]


class Table:
    """The lines below the header, read record by record."""

    def __init__(
        self,
        lines: io.StringIO,
        separator: str,
        columns: Mapping[str, int],
        width: int,
        file: str,
    ) -> None:
        self._lines, self._separator, self._columns = lines, separator, columns
        self._width, self._file = width, file
        self._places = {key: place for place, key in enumerate(columns)}
        self._pick = itemgetter(*columns.values())
        self._above: tuple[str, ...] = ("",) * len(columns)
        self._swallows, self._latest, self._astray, self._doubtful = False, 0, 0, 0

    def rows(self) -> Iterator[Row]:
        """The rows with their first lines; after a quoting fault, reads on at the next line.

        Raises :class:`NotReadyError` where the file ends inside a text.
        """
        number = 2
        while line := self._lines.readline():
            if '"' not in line:
                cells = line.rstrip("\r\n").split(self._separator)
                if any(cell.strip() for cell in cells):
                    yield self._row(number, cells)
                number += 1
                continue
            if cells := self._alone(line):
                if any(cell.strip() for cell in cells):
                    is_doubtful = self._doubtful and self._lines.tell() == self._doubtful
                    yield self._row(number, cells, _QUOTES if is_doubtful else "")
                number += 1
                continue
            end = self._lines.tell()
            reader = csv.reader(self._record(line, end), delimiter=self._separator, strict=True)
            try:
                cells = next(reader)
            except csv.Error as error:
                self._check_cut(number, error)
                self._astray = max(self._astray, self._latest)
                self._lines.seek(end)
                yield self._row(number, self._salvage(line), _(_QUOTES))
                number += 1
                continue
            if any(cell.strip() for cell in cells):
                yield self._row(number, cells, _(_QUOTES) if end == self._doubtful else "")
            number += reader.line_num

    def _alone(self, line: str) -> list[str]:
        """The cells of a line that is a whole record, as most are; ``[]`` where it is none."""
        try:
            return next(csv.reader((line,), delimiter=self._separator, strict=True), [])
        except csv.Error:
            return []

    def _record(self, line: str, end: int) -> Iterator[str]:
        """The lines that a record may span, from its first, which ends at ``end``.

        They go on up to one that reads as a row: a lone quote has made it part of a text, since
        the lines of a text that people wrote do not read as rows, with id, quantity and price.
        Where the quotes of that row do not pair up, it may be what stands behind the text's end.

        Records that are open at a line's end all read on alike: up to where one went wrong, none
        is followed again, or reading would take time by the square of the file's size.
        """
        self._latest, self._swallows = end, end <= self._astray
        yield line
        while not self._swallows and (line := self._lines.readline()):
            self._swallows = self._is_row(line)
            if not self._swallows:
                yield line
                self._latest = self._lines.tell()
            elif not self._stands_alone(line):
                self._doubtful = self._lines.tell()

    def _stands_alone(self, line: str) -> bool:
        """Whether a line's quotes can enclose fields of its own."""
        try:
            next(csv.reader([line], delimiter=self._separator, strict=True), None)
        except csv.Error:
            return False
        return line.count('"') % 2 == 0

    def _check_cut(self, number: int, error: csv.Error) -> None:
        """A file that ends in a text is being written; one that goes on below it is not."""
        if "unexpected end" in str(error) and not self._swallows:
            raise NotReadyError(
                _("the file ends inside a quoted field"),
                f"{self._file}:{number}",
                _("a quote is not closed there, or the shop is still writing the file"),
            ) from error

    def _is_row(self, line: str) -> bool:
        row = self._row(0, self._salvage(line))
        try:
            parse_whole(row["quantity"])
            parse_decimal(row["unit_price"])
        except ValueError:
            return False
        return not row.fault and bool(_ID.fullmatch(row["id"]))

    def _salvage(self, line: str) -> list[str]:
        """The cells of a line whose quotes are wrong, as far as they can be told."""
        cells = next(csv.reader([line], delimiter=self._separator), [])
        if len(cells) != self._width:
            cells = line.split(self._separator)
        return [cell.replace('"', "").strip() for cell in cells]

    def _row(self, line: int, cells: Sequence[str], fault: str = "") -> Row:
        extra = any(cell.strip() for cell in cells[self._width :])
        if not fault and (len(cells) < self._width or extra):
            fault = _(_COUNT).format(found=len(cells), expected=self._width)
        whole = cells if len(cells) >= self._width else [*cells, *[""] * self._width]
        named = [*map(str.strip, self._pick(whole))]
        for key, place in self._places.items() if max(map(len, named)) > _LONGEST_CELL else ():
            if len(named[place]) > _LONGEST_CELL:
                fault = fault or _(_LONG).format(key=key, length=len(named[place]))
                named[place] = named[place][:_LONGEST_CELL]
        if fault and "id" in self._places and _NO_ID.search(named[self._places["id"]]):
            # A text broke the line above, and this is the rest of it: it belongs to that order.
            named[self._places["id"]] = ""
        # What the lines of an order repeat is kept once.
        self._above = tuple([b if a == b else a for a, b in zip(named, self._above, strict=True)])
        return Row(line, self._above, self._places, fault)
