"""Pure: where the rows of each order stand in the file: a few bytes a row."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from passerelle.csv_to_xml.table import Kind, Place


class Index:
    """The places of rows by order, the orders as they are met first.

    A row without an id counts to the order above; ``orphans`` are lines that have none above.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self._starts, self._lines, self._kinds = array("q"), array("I"), bytearray()
        self.orphans: list[int] = []
        owners, counts = self._add_all(places)
        self._firsts = array("I", accumulate(counts, initial=0))
        self._rows: Sequence[int] = range(len(owners))
        if any(map(int.__gt__, owners, owners[1:])):
            self._rows = array("I", sorted(self._rows, key=owners.__getitem__))

    def __len__(self) -> int:
        """How many orders there are."""
        return len(self._firsts) - 1

    def rows(self, order: int) -> Sequence[int]:
        """The numbers of an order's rows."""
        return self._rows[self._firsts[order] : self._firsts[order + 1]]

    def places(self, order: int) -> Iterator[tuple[int, int, Kind]]:
        """Where its rows stand, for :meth:`~passerelle.csv_to_xml.table.Table.row`."""
        for row in self.rows(order):
            yield self._starts[row], self._lines[row], Kind(self._kinds[row])

    def plain_starts(self, order: int) -> list[int]:
        """The same, of an order whose rows are all plain; ``[]`` for any other."""
        rows = self.rows(order)
        if any(map(self._kinds.__getitem__, rows)):
            return []
        return [self._starts[row] for row in rows]

    def _add_all(self, places: Iterable[Place]) -> "tuple[array[int], array[int]]":
        """Each row's order, and how many rows each order has."""
        numbers: dict[str, int] = {}
        owners, counts, owner, latest = array("I"), array("I"), -1, ""
        for start, line, kind, id in places:
            if id and id != latest:
                owner, latest = numbers.setdefault(id, len(numbers)), id
                if owner == len(counts):
                    counts.append(0)
            if owner < 0:
                self.orphans.append(line)
                continue
            self._starts.append(start)
            self._lines.append(line)
            self._kinds.append(kind)
            owners.append(owner)
            counts[owner] += 1
        return owners, counts
