"""Pure: the item number of every line, in the form in which items compare."""

from collections.abc import Collection, Iterator

import numpy as np

from passerelle.reading import gtin
from passerelle.stock_csv_fix.column import NOT_PLAIN, Column, Numbers

_NONE = 0


class Items:
    """The :func:`~passerelle.reading.gtin` of each line; ``""`` for a line without one.

    As numbers where they are made of digits, which is how nearly all compare at once: leading
    zeros count for nothing then.
    """

    def __init__(self, column: Column) -> None:
        self._numbers: Numbers = column.numbers.copy()
        self._texts: dict[int, str] = {}
        for row in column.others():
            key = gtin(column.text(row))
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
