"""Pure: the lines below an order CSV's header -> cells and rows, whatever their quotes do."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from msgspec import Struct

from passerelle.base.errors import NotReadyError
from passerelle.base.language import N_, _
from passerelle.base.numbers import parse_decimal, parse_whole
from passerelle.base.reading import HALF_ENTITY
from passerelle.base.regex import regex
from passerelle.base.words import (
    BLANKS,
    NAMES_OF_SOME,
    any_only_signs,
    is_dressed,
    meant,
    only_signs,
    visible,
)

# The longest field csv accepts is a setting of the whole process; messages can be long.
csv.field_size_limit(2**31 - 1)
# Longer than any text of an order; what is longer has lost a quote.
LONGEST_CELL = 10_000
_COUNT = N_("another number of fields than the header ({found} instead of {expected})")
_QUOTES = N_("a quote is not closed or not doubled")
_LONG = N_("{key} has {length} characters; is a quote missing?")
# What is blank in no order.
_FILLED = ("id", "date", "status", "quantity", "unit_price", "total_paid")
# What people and towns are called, and what is no text.
_NAMES = frozenset(("first_name", "last_name", "city"))
_READ = frozenset(("date", "quantity", "quantity_refunded", "unit_price", "shipping",
                   "discount", "total_paid", "vat_rate"))  # fmt: skip
_ID = regex(r"\S*[0-9]\S*")
_NO_ID = regex(r'[\s"]')
_UNSEEN = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+"
_BESIDE_QUOTES = regex(f'{_UNSEEN}(?=")|(?<="){_UNSEEN}')
# As `io` has it: either line end, and that of old Macs.
_LINE = regex(r"[^\r\n]*(?:\r\n?|\n)?")


class Row(Struct, frozen=True):
    """One line of the file: its number, its cells, its fault where it has one.

    ``row[key]`` is the cell of a column key, ``""`` where the file has no such column. ``places``,
    which all rows of a file share, tells where it stands among the ``cells``. A row with a fault
    has all its cells in ``raw``: they may stand in other columns than they should.
    """

    line: int
    cells: tuple[str, ...]
    places: Mapping[str, int]
    fault: str = ""
    raw: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> str:
        place = self.places.get(key)
        return "" if place is None else self.cells[place]


class CellForm(IntEnum):
    """How a row is read from its place."""

    PLAIN = 0  # one line with a cell for each column, quotes only around cells: no fault
    RECORD = 1
    DOUBTFUL = 2  # a record whose quotes may be another's
    SALVAGED = 3  # one line, its quotes are wrong


class Place(NamedTuple):
    """Where a row stands: its first letter in the text, its line's number, how it is read."""

    start: int
    line: int
    kind: CellForm


def first_lines(text: str, most: int) -> list[str]:
    """They come with their ends."""
    lines, place = list[str](), 0
    while len(lines) < most and (found := _LINE.match(text, place)) and found[0]:
        lines.append(found[0])
        place = found.end()
    return lines


class Header(Struct, frozen=True):
    """A file's header: its names, the columns of the keys, and where the lines below it begin.

    ``line`` is the number of the first of those. Blank names at the end are none of its own:
    ``spare`` tells how many there are. ``known`` are the names that headers have, folded.
    """

    names: Sequence[str]
    columns: Mapping[str, int]
    separator: str
    start: int
    line: int
    spare: int = 0
    known: frozenset[str] = frozenset()


class Records:
    """Reads records from where they stand in the text; ``place`` is where the next one begins."""

    def __init__(self, text: str, header: Header, file: str) -> None:
        self._text, self._separator, self._file = text, header.separator, file
        self._width, self._spare, self.place = len(header.names), header.spare, header.start
        filled = {header.columns[key] for key in _FILLED if key in header.columns}
        self._is_filled = header.separator != "," and self._width - 1 in filled
        self._places = {key: place for place, key in enumerate(header.columns)}
        self._between = f'"{header.separator}"'
        self._pick = itemgetter(*header.columns.values())
        self._swallows, self._latest, self._astray, self._doubtful = False, 0, 0, 0

    def next(self, number: int) -> tuple[CellForm, list[str], int]:
        """The record that begins at this line: how it is read, its cells, how many lines it has."""
        line = self._readline()
        end = self.place
        if '"' not in line:
            return CellForm.RECORD, self._split(line), 1
        if cells := self._alone(line):
            return self._kind(end), cells, 1
        reader = csv.reader(self._record(line, end), delimiter=self._separator, strict=True)
        try:
            cells = next(reader)
        except csv.Error as error:
            self._check_cut(number, error)
            self._astray = max(self._astray, self._latest)
            self.place = end
            return CellForm.SALVAGED, self._salvage(line), 1
        return self._kind(end), cells, reader.line_num

    def cells(self, place: Place) -> list[str]:
        self.place = place.start
        text = self._readline()
        if place.kind == CellForm.SALVAGED:
            return self._salvage(text)
        if '"' not in text:
            return self._split(text)
        lines = chain((text,), iter(self._readline, ""))
        return next(csv.reader(lines, delimiter=self._separator, strict=True))

    def plain_cells(self, places: Sequence[Place]) -> list[list[str]]:
        """All cells of rows that are plain, as they are written."""
        text, first, last = self._text, places[0], places[-1]
        if last.line - first.line == len(places) - 1:
            lines = text[first.start : text.find("\n", last.start)].split("\n")
        else:
            lines = [text[start : text.find("\n", start)] for start, _line, _kind in places]
        return [self._plain_cells(line.removesuffix("\r")) for line in lines]

    def _plain_cells(self, line: str) -> list[str]:
        """As csv has them, in half of its time where all cells stand between quotes, or none."""
        quotes = line.count('"')
        if not quotes:
            return line.split(self._separator)
        if quotes == 2 * self._width and line[0] == line[-1] == '"':
            cells = line[1:-1].split(self._between)
            if len(cells) == self._width:
                return cells
        return next(csv.reader([line], delimiter=self._separator))

    def row(self, line: int, cells: Sequence[str], kind: int, fault: str = "") -> Row:
        """``fault``: what is known to be wrong with it already."""
        if not fault and kind in (CellForm.DOUBTFUL, CellForm.SALVAGED):
            fault = _(_QUOTES)
        extra = any(cell.strip() for cell in cells[self._width :]) or self._has_shifted(cells)
        if not fault and (len(cells) < self._width or extra):
            expected = self._width + self._spare
            fault = _(_COUNT).format(found=len(cells), expected=expected)
        whole = cells if len(cells) >= self._width else [*cells, *[""] * self._width]
        named = [*map(str.strip, self._pick(whole))]
        joined = "".join(named)
        if not joined.isprintable():
            named = [visible(text).strip() for text in named]
        if is_dressed(joined):
            named = [meant(text) for text in named]
        for key, place in self._places.items() if max(map(len, named)) > LONGEST_CELL else ():
            if len(named[place]) > LONGEST_CELL:
                fault = fault or _(_LONG).format(key=key, length=len(named[place]))
                named[place] = named[place][:LONGEST_CELL]
        if not BLANKS.isdisjoint(named) or any_only_signs(named):
            named = self._without_blanks(named)
        if fault and "id" in self._places and _NO_ID.search(named[self._places["id"]]):
            # A text broke the line above, and this is the rest of it: it belongs to that order.
            named[self._places["id"]] = ""
        return Row(line, tuple(named), self._places, fault, tuple(cells) if fault else ())

    def _without_blanks(self, named: Sequence[str]) -> list[str]:
        """Without what stands for nothing; a word that is a name, too, only in places of others.

        What is read as a number or date stays where it is but signs: it must not pass for absent.
        """
        kept = list(named)
        for key, place in self._places.items():
            text = named[place]
            is_name = text in NAMES_OF_SOME and key in _NAMES and named.count(text) == 1
            if (text in BLANKS and not is_name) or (key not in _READ and only_signs(text)):
                kept[place] = ""
        return kept

    def _has_shifted(self, cells: Sequence[str]) -> bool:
        """Whether a cell may have been cut in two, in a row with more of them than the header.

        The last one would be blank then, which those that every order has never are.
        """
        if len(cells) <= self._width + self._spare:
            return False
        return not self._is_filled or any(map(HALF_ENTITY.search, cells))

    def _readline(self) -> str:
        """The next line with its end, ``""`` behind the last.

        A letter that nobody sees must not part a quote from the edge of its cell.
        """
        found = _LINE.match(self._text, self.place)
        line = found[0] if found else ""
        self.place += len(line)
        return line if line.isascii() or '"' not in line else _BESIDE_QUOTES.sub("", line)

    def _split(self, line: str) -> list[str]:
        return line.rstrip("\r\n").split(self._separator)

    def _kind(self, end: int) -> CellForm:
        return CellForm.DOUBTFUL if self._doubtful and end == self._doubtful else CellForm.RECORD

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
        while not self._swallows and (line := self._readline()):
            self._swallows = self._is_row(line)
            if not self._swallows:
                yield line
                self._latest = self.place
            elif not self._stands_alone(line):
                self._doubtful = self.place

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
        row = self.row(0, self._salvage(line), CellForm.RECORD)
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


def plain_line(
    separator: str, width: int, id: int, spare: int
) -> Callable[[str, int], re.Match[str] | None]:
    """Matches a line of which csv would make a cell for each column; group 1 is the id's."""
    apart = re.escape(separator)
    cell = rf'(?:"[^"\r\n]*"|[^"\r\n{apart}]*)'
    before, after = (cell + apart) * id, (apart + cell) * (width - id - 1)
    return re.compile(rf"{before}({cell}){after}(?:{apart}){{0,{spare}}}\r?\n").match
