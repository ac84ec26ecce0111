"""Pure: one column of the stock CSV, read where its cells stand in the bytes.

Cells of plain digits are read all at once; of the others each spelling becomes a text once.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from passerelle.base.language import _
from passerelle.base.numbers import DecimalMark, NumberColumn, is_amount, parse_decimal
from passerelle.base.reading import names_columns, split_header
from passerelle.base.regex import regex
from passerelle.base.wording import shorten
from passerelle.base.words import fold
from passerelle.config.columns import COLUMNS
from passerelle.config.stock import Stock
from passerelle.stock_csv_fix.layout import Layout
from passerelle.stock_csv_fix.packed import (
    LONGEST,
    NOT_PLAIN,
    Numbers,
    Words,
    in_blocks,
    packed,
    plain_numbers,
    representatives,
)
from passerelle.stock_csv_fix.scan import Offsets
from passerelle.stock_csv_fix.surroundings import hold, known_names

_DIGIT = regex("[0-9]")
# What PrestaShop holds of an item; what is greater is another column's number.
MOST = 2**31 - 1
_SPACE, _TAB = 0x20, 0x09
Rows = npt.NDArray[np.intp]


class Spellings(Struct, frozen=True):
    """The cells of some rows as texts, each told once: ``texts[codes[i]]`` is that of ``rows[i]``.

    The rows ascend; a text may be told again where cells are long or very different.
    """

    rows: Rows
    codes: npt.NDArray[np.int32]
    texts: Sequence[str]

    def items(self) -> Iterator[tuple[int, str]]:
        """The rows, each with its text."""
        texts = self.texts
        codes = self.codes.tolist()
        return zip(self.rows.tolist(), (texts[code] for code in codes), strict=True)

    def get(self, row: int) -> str | None:
        """The text of a row, ``None`` for one that is none of these."""
        place = int(np.searchsorted(self.rows, row))
        is_here = place < len(self.rows) and self.rows[place] == row
        return self.texts[int(self.codes[place])] if is_here else None

    def where(self, is_meant: Callable[[str], object]) -> Iterator[tuple[int, str]]:
        """The rows whose texts are meant, each with its text."""
        meant = np.fromiter((bool(is_meant(text)) for text in self.texts), np.bool_)
        if not meant.any():
            return iter(())
        chosen = meant[self.codes]
        return Spellings(self.rows[chosen], self.codes[chosen], self.texts).items()


class Column:
    """A column's cells. ``numbers`` has those of plain digits, blanks around them or none, and
    ``NOT_PLAIN`` for others."""

    def __init__(self, data: bytes, layout: Layout, index: int, rows: Rows | None = None) -> None:
        """Of some rows, or of all."""
        self.data, self._quoted = data, layout.quoted
        self._codec = layout.codec
        count = len(layout.starts if rows is None else rows)
        self._starts, self._ends = np.empty((2, count), layout.starts.dtype)
        self.numbers = np.empty(count, np.int64)

        def read(block: slice) -> None:
            starts, ends = layout.texts(data, index, block if rows is None else rows[block])
            self._starts[block], self._ends[block] = starts, ends
            self.numbers[block] = _numbers(data, starts, ends)

        in_blocks(read, count)

    def text(self, row: int) -> str:
        """The cell as text, without enclosing quotes."""
        return self._decoded(self.data[self._starts[row] : self._ends[row]])

    def _decoded(self, cell: bytes) -> str:
        text = cell.decode(self._codec)
        return text.replace('""', '"') if self._quoted else text

    @property
    def places(self) -> tuple[Offsets, Offsets]:
        """Where the cells' texts start and end, without enclosing quotes."""
        return self._starts, self._ends

    def trimmed(self, rows: Rows) -> tuple[Offsets, Offsets]:
        """Where the cells of some rows start and end without the blanks around them."""
        return _trimmed(self.data, self._starts[rows], self._ends[rows])

    @cached_property
    def others(self) -> Spellings:
        """The cells that are not plain digits."""
        return self.spellings(np.flatnonzero(self.numbers == NOT_PLAIN))

    def spellings(self, rows: Rows) -> Spellings:
        """The cells of some rows, each spelling decoded once."""
        ends, lengths = np.empty((2, len(rows)), self._starts.dtype)
        longest = [1]

        def look(part: slice) -> None:
            ends[part] = self._ends[rows[part]]
            lengths[part] = length = ends[part] - self._starts[rows[part]]
            longest.append(int(length[length <= LONGEST].max(initial=1)))

        in_blocks(look, len(rows))
        firsts, codes = _coded(representatives(self._words(ends, lengths, -(-max(longest) // 8))))
        edges = zip((ends[firsts] - lengths[firsts]).tolist(), ends[firsts].tolist(), strict=True)
        return Spellings(rows, codes, [self._decoded(self.data[start:end]) for start, end in edges])

    def _words(self, ends: Offsets, lengths: Offsets, count: int) -> list[Words]:
        """The words of cells that are not too long; the others are like none, by the byte 0 that
        ends them here, and is in no file."""
        words = np.empty((count, len(ends)), np.uint64)

        def read(part: slice) -> None:
            words[:, part] = packed(self.data, ends[part], lengths[part], count)
            long = part.start + np.flatnonzero(lengths[part] > LONGEST)
            words[:, long] = 0
            words[0, long] = long + 1

        in_blocks(read, len(ends))
        return [*words]

    def levels(self) -> "Quantities":
        """The column as numbers, each read with the decimal mark that the whole column shows."""
        odd = self.spellings(np.flatnonzero((self.numbers == NOT_PLAIN) | (self.numbers > MOST)))
        numbers = NumberColumn(_level)
        written, problems = _read({*odd.texts}, numbers)
        if numbers.has_doubt and (mark := numbers.shown()):
            written, problems = _read({*odd.texts}, NumberColumn(_level, mark))
        floats = self.numbers.astype(np.float64)
        known = np.array([float(written.get(text, "nan")) for text in odd.texts], np.float64)

        def put(part: slice) -> None:
            floats[odd.rows[part]] = known[odd.codes[part]]

        in_blocks(put, len(odd.rows))
        return Quantities(floats, odd, written, problems)


def _coded(met: npt.NDArray[np.int32]) -> tuple[Rows, npt.NDArray[np.int32]]:
    """The places that others were found equal to, and for each which of these is its own."""
    is_first = np.zeros(len(met), np.bool_)
    is_first[met] = True
    firsts = np.flatnonzero(is_first)
    codes, code_of = np.empty((2, len(met)), np.int32)
    code_of[firsts] = np.arange(len(firsts))

    def number(part: slice) -> None:
        codes[part] = code_of[met[part]]

    in_blocks(number, len(met))
    return firsts, codes


def _numbers(data: bytes, starts: Offsets, ends: Offsets) -> Numbers:
    """As :func:`plain_numbers`, with blanks around the digits or none."""
    numbers = plain_numbers(data, ends, ends - starts)
    odd = np.flatnonzero(numbers == NOT_PLAIN)
    begins, stops = _trimmed(data, starts[odd], ends[odd])
    bare = (stops - begins < ends[odd] - starts[odd]) & (begins < stops)
    numbers[odd[bare]] = plain_numbers(data, stops[bare], (stops - begins)[bare])
    return numbers


def _trimmed(data: bytes, starts: Offsets, ends: Offsets) -> tuple[Offsets, Offsets]:
    """Without the blanks that stand around cells."""
    array, starts, ends = np.frombuffer(data, np.uint8), starts.copy(), ends.copy()
    for edge, before, step in ((ends, 1, -1), (starts, 0, 1)):
        left = np.flatnonzero(starts < ends)
        while len(left):
            letters = array[edge[left] - before]
            left = left[(letters == _SPACE) | (letters == _TAB)]
            edge[left] += step
            left = left[starts[left] < ends[left]]
    return starts, ends


class Quantities(Struct, frozen=True):
    """A column's numbers, NaN where a cell holds none.

    ``odd`` are the cells that are no plain digits, or too many. ``written`` has the numbers of
    these texts, and ``problems`` says of the others why they are none.
    """

    floats: npt.NDArray[np.float64]
    odd: Spellings
    written: Mapping[str, Decimal]
    problems: Mapping[str, str]

    def exact(self, row: int) -> Decimal:
        """The number of a row that holds one."""
        text = self.odd.get(row)
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
    for row, _text in levels.odd.where(levels.problems.__contains__):
        line = data[layout.starts[row] : layout.bodies[row]].decode(layout.encoding)
        names = split_header(line, layout.separator)
        is_known = not known.isdisjoint(map(fold, names)) or not _DIGIT.search(line)
        if is_known and names_columns(names, known, len(layout.header)):
            what = _("another header than that of line {top}").format(top=layout.top.line + 1)
            mend = _("have the ERP write its file anew, not behind an older one")
            hold(what, f"{file}:{layout.numbers[row]}", mend)
