"""Pure: one column of the stock CSV, read where its cells stand in the bytes.

Nearly all cells of the columns that decide are plain digits: numpy reads these all at once. Only
the others become texts.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

import numpy as np
import numpy.typing as npt

from passerelle.base.language import _
from passerelle.base.numbers import DecimalMark, NumberColumn, is_amount, parse_decimal
from passerelle.base.reading import names_columns, split_header
from passerelle.base.wording import shorten
from passerelle.base.words import fold, gtin, is_eaten_by_spreadsheet, items_within
from passerelle.config.columns import COLUMNS
from passerelle.config.stock import Stock
from passerelle.model.orders import Fault
from passerelle.stock_csv_fix.layout import Layout
from passerelle.stock_csv_fix.scan import QUOTE, Bytes, Offsets
from passerelle.stock_csv_fix.surroundings import hold, known_names

NOT_PLAIN = -1
_DIGIT = re.compile("[0-9]")
# More digits than an int64 holds for sure.
_MOST_DIGITS = 18
# What PrestaShop holds of an item; what is greater is another column's number.
MOST = 2**31 - 1
# Rows whose cells fit a processor's cache.
_ROWS = 1 << 14
Numbers = npt.NDArray[np.int64]


class Column:
    """A column's cells. ``numbers`` has those of plain digits, and ``NOT_PLAIN`` for others."""

    def __init__(self, data: bytes, layout: Layout, index: int) -> None:
        array = np.frombuffer(data, np.uint8)
        starts, ends = layout.cells(index)
        if layout.quoted:
            enclosed = (ends - starts >= 2) & (array[np.minimum(starts, len(array) - 1)] == QUOTE)
            starts, ends = starts + enclosed, ends - enclosed
        self._data, self._starts, self._ends = data, starts, ends
        self._codec = "utf-8" if layout.encoding == "utf-8-sig" else layout.encoding
        self._quoted = layout.quoted
        self.numbers = _plain_numbers(array, starts, ends)

    def text(self, row: int) -> str:
        """The cell as text, without enclosing quotes."""
        return self._decoded(self._data[self._starts[row] : self._ends[row]])

    def _decoded(self, cell: bytes) -> str:
        text = cell.decode(self._codec)
        return text.replace('""', '"') if self._quoted else text

    @property
    def places(self) -> tuple[Offsets, Offsets]:
        """Where the cells' texts start and end, without enclosing quotes."""
        return self._starts, self._ends

    def others(self) -> list[int]:
        """The rows whose cells are not plain digits."""
        return list(self.texts())

    def texts(self) -> dict[int, str]:
        """The cells that are not plain digits, by their rows. Each spelling is decoded once."""
        rows = np.flatnonzero(self.numbers == NOT_PLAIN)
        edges = zip(self._starts[rows].tolist(), self._ends[rows].tolist(), strict=True)
        cells = [self._data[start:end] for start, end in edges]
        known = {cell: self._decoded(cell) for cell in set(cells)}
        return dict(zip(rows.tolist(), [known[cell] for cell in cells], strict=True))

    def levels(self) -> "Quantities":
        """The column as numbers, each read with the decimal mark that the whole column shows."""
        texts = self.texts()
        texts |= {row: self.text(row) for row in np.flatnonzero(self.numbers > MOST).tolist()}
        numbers = NumberColumn(_level)
        written, problems = _read(set(texts.values()), numbers)
        if numbers.has_doubt and (mark := numbers.shown()):
            written, problems = _read(set(texts.values()), NumberColumn(_level, mark))
        floats = self.numbers.astype(np.float64)
        if texts:
            known = {text: float(number) for text, number in written.items()}
            floats[list(texts)] = [known.get(text, np.nan) for text in texts.values()]
        return Quantities(floats, texts, written, problems)


@dataclass(frozen=True, slots=True)
class Quantities:
    """A column's numbers, NaN where a cell holds none.

    ``texts`` are the cells that are not plain digits, by their rows. ``written`` has the numbers of
    these texts, and ``problems`` says of the others why they are none.
    """

    floats: npt.NDArray[np.float64]
    texts: Mapping[int, str]
    written: Mapping[str, Decimal]
    problems: Mapping[str, str]

    def exact(self, row: int) -> Decimal:
        """The number of a row that holds one."""
        text = self.texts.get(row)
        return Decimal(int(self.floats[row])) if text is None else self.written[text]


def _level(text: str, mark: DecimalMark) -> Decimal:
    if is_amount(text):
        raise ValueError(_('"{text}" is an amount, no level').format(text=shorten(text)))
    number = parse_decimal(text, mark)
    if abs(number) > MOST:
        raise ValueError(_('"{text}" is more than a shop can hold').format(text=shorten(text)))
    return number


def _read(
    texts: Collection[str], numbers: NumberColumn[Decimal]
) -> tuple[dict[str, Decimal], dict[str, str]]:
    written, problems = dict[str, Decimal](), dict[str, str]()
    for text in texts:
        try:
            written[text] = numbers[text]
        except ValueError as error:
            problems[text] = str(error) if text.strip() else _("empty")
    return written, problems


def hold_other_header(
    data: bytes, levels: Quantities, layout: Layout, settings: Stock, file: str
) -> None:
    """Holds a file with another header further down: in which columns the lines below it say what
    nobody knows. It is a line whose level is a word."""
    if not levels.problems:
        return
    columns = [column for room in COLUMNS.values() for column in room.values()]
    usual = chain(*((*column.names, *column.usual) for column in columns))
    known = frozenset(map(fold, (*layout.header, *known_names(settings), *usual)))
    for row, text in levels.texts.items():
        if text not in levels.problems:
            continue
        line = data[layout.starts[row] : layout.bodies[row]].decode(layout.encoding)
        names = split_header(line, layout.separator)
        is_known = not known.isdisjoint(map(fold, names)) or not _DIGIT.search(line)
        if is_known and names_columns(names, known, len(layout.header)):
            what = _("another header than that of line {top}").format(top=layout.top.line + 1)
            mend = _("have the ERP write its file anew, not behind an older one")
            hold(what, f"{file}:{layout.numbers[row]}", mend)


def eaten(numbers: Column, layout: Layout, file: str) -> Iterator[Fault]:
    """Item numbers that a spreadsheet made numbers of: no sale can be held back from them; and
    cells with more than one number, of which nobody knows whose level it is."""
    for row, text in numbers.texts().items():
        if items_within(text):
            problem = _('"{text}" holds more than an item number').format(text=shorten(text, 60))
            yield Fault(file, int(layout.numbers[row]), "ean13", problem)
        if is_eaten_by_spreadsheet(text):
            problem = _('"{text}" lost its digits in a spreadsheet').format(text=shorten(text))
            yield Fault(file, int(layout.numbers[row]), "ean13", problem)


def _plain_numbers(array: Bytes, starts: Offsets, ends: Offsets) -> Numbers:
    numbers = np.empty(len(starts), np.int64)
    for row in range(0, len(starts), _ROWS):
        rows = slice(row, row + _ROWS)
        numbers[rows] = _plain(array, starts[rows], ends[rows] - starts[rows])
    return numbers


def _plain(array: Bytes, starts: Offsets, lengths: Offsets) -> Numbers:
    plain = (lengths > 0) & (lengths <= _MOST_DIGITS)
    numbers = np.zeros(len(starts), np.int64)
    longest = int(lengths[plain].max(initial=0))
    shortest = int(lengths[plain].min(initial=0 if not plain.all() else _MOST_DIGITS))
    for place in range(longest):
        digits = array[np.minimum(starts + place, len(array) - 1)] - np.uint8(0x30)
        if place < shortest:
            plain &= digits < 10
            numbers = numbers * 10 + digits
        else:
            there = place < lengths
            plain &= ~there | (digits < 10)
            numbers = np.where(there, numbers * 10 + digits, numbers)
    numbers[~plain] = NOT_PLAIN
    return numbers


_NONE = 0


class Items:
    """The :func:`gtin` of each line; ``""`` for a line without one.

    As numbers where they are made of digits, which is how nearly all compare at once: leading
    zeros count for nothing then.
    """

    def __init__(self, column: Column) -> None:
        self._numbers: Numbers = column.numbers.copy()
        self._texts: dict[int, str] = {}
        self._within: dict[int, tuple[str, ...]] = {}
        for row, text in column.texts().items():
            if within := items_within(text):
                self._within[row] = tuple(map(gtin, within))
            key = gtin(text)
            number = _as_number(key)
            self._numbers[row] = NOT_PLAIN if number is None else number
            if number is None:
                self._texts[row] = key

    def key(self, row: int) -> str:
        """The item of a line."""
        return self._texts.get(row) or (str(self._numbers[row]) if self._numbers[row] > 0 else "")

    def rows_of(self, keys: Collection[str]) -> list[int]:
        """The lines of these items, in the file's order."""
        numbers = [number for key in keys if key and (number := _as_number(key)) is not None]
        rows = np.flatnonzero(_is_in(self._numbers, np.array(sorted(numbers), np.int64)))
        texts = [row for row, key in self._texts.items() if key in keys]
        return sorted([*map(int, rows), *texts])

    def within(self, keys: Collection[str]) -> dict[int, str]:
        """The lines that hold one of these items beside other numbers, each with the first."""
        found = {row: [key for key in held if key in keys] for row, held in self._within.items()}
        return {row: held[0] for row, held in found.items() if held}

    @property
    def has_references(self) -> bool:
        """Whether a shop's own references are items here, beside numbers."""
        return any(self._texts.values())

    def again(self) -> Iterator[tuple[int, int]]:
        """Each line whose item stands in a line above, with the first of those lines."""
        pairs = [*self._numbers_again(), *self._texts_again()]
        return iter(sorted(pairs))

    def _numbers_again(self) -> Iterator[tuple[int, int]]:
        order = np.argsort(self._numbers, kind="stable")
        ordered = self._numbers[order]
        same = (ordered[1:] == ordered[:-1]) & (ordered[1:] > 0)
        first: dict[int, int] = {}
        for place in np.flatnonzero(same):
            number = int(ordered[place])
            first.setdefault(number, int(order[place]))
            yield int(order[place + 1]), first[number]

    def _texts_again(self) -> Iterator[tuple[int, int]]:
        first: dict[str, int] = {}
        for row, key in self._texts.items():
            if key and first.setdefault(key, row) != row:
                yield row, first[key]


def _as_number(key: str) -> int | None:
    """``None`` for a shop's own reference, and for more digits than are compared as numbers."""
    if not key:
        return _NONE
    return int(key) if key.isascii() and key.isdigit() and len(key) <= 18 else None


def _is_in(numbers: Numbers, wanted: Numbers) -> np.typing.NDArray[np.bool_]:
    """Which of ``numbers`` are among the sorted ``wanted``."""
    if not len(wanted):
        return np.zeros(len(numbers), np.bool_)
    places = np.minimum(np.searchsorted(wanted, numbers), len(wanted) - 1)
    return np.asarray(wanted[places] == numbers)
