"""Pure: one column of the stock CSV, read where its cells stand in the bytes.

Nearly all cells of the columns that decide are plain digits: numpy reads these all at once. Only
the others become texts.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from passerelle.stock_csv_fix.layout import Layout
from passerelle.stock_csv_fix.scan import QUOTE, Bytes, Offsets

NOT_PLAIN = -1
# More digits than an int64 holds for sure.
_MOST_DIGITS = 18
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
        text = self._data[self._starts[row] : self._ends[row]].decode(self._codec)
        return text.replace('""', '"') if self._quoted else text

    @property
    def places(self) -> tuple[Offsets, Offsets]:
        """Where the cells' texts start and end, without enclosing quotes."""
        return self._starts, self._ends

    def others(self) -> list[int]:
        """The rows whose cells are not plain digits."""
        return [int(row) for row in np.flatnonzero(self.numbers == NOT_PLAIN)]

    def levels(self, parse: Callable[[str], float]) -> npt.NDArray[np.float64]:
        """The column as numbers; ``parse`` reads the cells that are not plain digits."""
        levels = self.numbers.astype(np.float64)
        for row in self.others():
            levels[row] = parse(self.text(row))
        return levels


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
