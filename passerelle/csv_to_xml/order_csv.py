"""Pure: the order CSV -> its orders, each whole or with the faults that reject it.

One row is one product line; order fields are repeated on each. Lines of one order need not be
adjacent. A fault in a line rejects its whole order, and no other.

First it is found out where each order's rows stand; then the orders are read one at a time, as
often as they are asked for, and none of them is kept.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from passerelle.base.language import _
from passerelle.base.slices import Sliced
from passerelle.base.wording import printable
from passerelle.config.orders import Orders
from passerelle.csv_to_xml.careful import CarefulReader
from passerelle.csv_to_xml.index import Index, RowPlace
from passerelle.csv_to_xml.plain import PlainReader
from passerelle.csv_to_xml.rows import open_table
from passerelle.csv_to_xml.table import Table
from passerelle.model.orders import Fault, Order, Reading


@dataclass(frozen=True, slots=True)
class OrderFile:
    """What one order CSV holds: every order met, and faults that belong to none of them.

    ``absent`` are the column keys by which orders are kept back, but that the file does not have.
    """

    readings: "Readings"
    faults: tuple[Fault, ...]
    absent: tuple[str, ...] = ()


class Readings(Sequence[Reading]):
    """The orders of a file, in the order in which they are met; each is read when asked for."""

    def __init__(
        self, table: Table, index: Index, file: str, gift_card_ids: Collection[str]
    ) -> None:
        self._table, self._index = table, index
        self._plain = PlainReader(table.columns, gift_card_ids)
        self._careful = CarefulReader(file, gift_card_ids)

    def __len__(self) -> int:
        return len(self._index)

    @overload
    def __getitem__(self, number: int) -> Reading: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[Reading, ...]: ...
    def __getitem__(self, number: int | slice) -> Reading | tuple[Reading, ...]:
        wanted = range(len(self))[number]
        if isinstance(wanted, int):
            return next(self.each((wanted,)))
        return tuple(self[one] for one in wanted)

    def __iter__(self) -> Iterator[Reading]:
        return self.each(range(len(self)))

    def each(self, numbers: Sequence[int]) -> Iterator[Reading]:
        """The orders of these numbers, which ascend."""
        return map(self._read, self._index.each(numbers))

    def ids(self) -> Iterator[str]:
        """The orders' ids, as their readings have them."""
        for first, *_others in self._index.each(range(len(self))):
            yield printable(self._table.row(*first[:3])["id"])

    def orders(self, numbers: Sequence[int]) -> "OrdersRead":
        """The whole orders of these numbers, which ascend; each is read again when asked for."""
        return OrdersRead(self, numbers)

    def _read(self, places: Sequence[RowPlace]) -> Reading:
        if not any(kind for _start, _line, kind, _order in places):
            cells = self._table.plain_cells([place[0] for place in places])
            if reading := self._plain.read(cells):
                return reading
        rows = [self._table.row(*place[:3]) for place in places]
        return self._careful.read(rows[0]["id"], rows)


class OrdersRead(Sequence[Order]):
    """Some of a file's orders. Raises :class:`LookupError` where one is not whole."""

    def __init__(self, readings: Readings, numbers: Sequence[int]) -> None:
        self._readings, self._numbers = readings, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Order]:
        return map(_whole, self._readings.each(self._numbers))

    @overload
    def __getitem__(self, number: int) -> Order: ...
    @overload
    def __getitem__(self, number: slice) -> "OrdersRead": ...
    def __getitem__(self, number: "int | slice") -> "Order | OrdersRead":
        if isinstance(number, slice):
            return OrdersRead(self._readings, self._numbers[number])
        return _whole(self._readings[self._numbers[number]])


def _whole(reading: Reading) -> Order:
    if reading.order is None:
        raise LookupError(reading.id)
    return reading.order


def read_orders(
    data: Sliced, settings: Orders, file: str, gift_card_ids: Collection[str] = ()
) -> OrderFile:
    """Reads the order CSV ``data``, now and whenever orders are asked for; ``file`` is its name
    for messages.

    A line without an item number is a fault, unless its product id is in ``gift_card_ids``:
    gift cards have none. Dates are taken in this machine's time zone. Raises what
    :func:`open_table` raises, and :class:`NotReadyError` for a file
    that ends inside a text.
    """
    table = open_table(data, settings, file)
    index = Index(table.places())
    problem = _("empty: no order to count this line to")
    orphans = tuple(Fault(file, line, "id", problem) for line in index.orphans)
    absent = _absent(table, settings) if len(index) else ()
    return OrderFile(Readings(table, index, file, gift_card_ids), orphans, absent)


def _absent(table: Table, settings: Orders) -> tuple[str, ...]:
    """The column keys by which orders are kept back, but that the file lacks."""
    deciding = ("payment", "status", *(("voucher",) if settings.withhold.vouchers else ()))
    return tuple(key for key in deciding if key not in table.columns)
