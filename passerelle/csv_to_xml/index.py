"""Pure: where the rows of each order stand in the file."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from passerelle.base.scratch import Tables
from passerelle.csv_to_xml.table import Place

# How many orders' places are asked for with one question.
_AT_ONCE = 1_000
_TABLES = (
    "CREATE TABLE orders (id BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID",
    "CREATE TABLE places (number INTEGER, start INTEGER, line INTEGER, kind INTEGER, "
    "PRIMARY KEY (number, start)) WITHOUT ROWID",
)
_PLACES = "SELECT start, line, kind, number FROM places WHERE number BETWEEN ? AND ? ORDER BY 4, 1"
# Where a row stands: its first byte, its line's number, its kind; and the number of its order.
RowPlace = tuple[int, int, int, int]


class Index:
    """The places of rows by order, the orders as they are met first.

    A row without an id counts to the order above; ``orphans`` are lines that have none above.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self._tables, self._size = Tables(*_TABLES), 0
        self.orphans = array("I")
        self._tables.add("INSERT INTO places VALUES (?, ?, ?, ?)", self._numbered(places))

    def __len__(self) -> int:
        """How many orders there are."""
        return self._size

    def each(self, orders: Sequence[int]) -> Iterator[list[RowPlace]]:
        """Where the rows of each of these orders stand; their numbers ascend."""
        for start in range(0, len(orders), _AT_ONCE):
            some = orders[start : start + _AT_ONCE]
            wanted = frozenset(some)
            places = self._tables.ask(_PLACES, some[0], some[-1])
            for order, rows in groupby(places, itemgetter(3)):
                if order in wanted:
                    yield [*rows]

    def _numbered(self, places: Iterable[Place]) -> Iterator[tuple[int, int, int, int]]:
        """Each row's place, with the number of its order."""
        number, latest = -1, ""
        for start, line, kind, id in places:
            if id and id != latest:
                number, latest = self._number(id), id
            if number < 0:
                self.orphans.append(line)
            else:
                yield number, start, line, int(kind)

    def _number(self, id: str) -> int:
        """The number of an order, the next one where it was not met before."""
        key = id.encode("utf-8", "surrogatepass")
        if self._tables.change("INSERT OR IGNORE INTO orders VALUES (?, ?)", key, self._size):
            self._size += 1
            return self._size - 1
        return int(self._tables.ask_one("SELECT number FROM orders WHERE id = ?", key))
