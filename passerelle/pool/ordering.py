"""Pure: what the orders of a shop take of each item."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from passerelle.config import Orders
from passerelle.pool.terms import OrderLine
from passerelle.reading import gtin
from passerelle.sales import Fault, Reading
from passerelle.verdict import is_cancelled

# A fault elsewhere in an order is no matter of the pool's: it asks for no price.
# What has no item number is none of the pool's either: gift wrapping, carriage.
_TELLING = ("quantity", "line", "id")


@dataclass(frozen=True, slots=True)
class OrderLines:
    """The lines of a shop's orders, one for each item of an order.

    ``illegible`` are items of which an order does not say how many, ``faults`` what could not be
    read of what matters here.
    """

    lines: tuple[OrderLine, ...]
    illegible: frozenset[str]
    faults: tuple[Fault, ...]


def order_lines(readings: Iterable[Reading], settings: Orders) -> OrderLines:
    """What the orders take; ``settings`` tell which are cancelled."""
    lines: list[OrderLine] = []
    illegible: set[str] = set()
    faults: list[Fault] = []
    for reading in readings:
        cancelled = is_cancelled(reading, settings)
        for item, quantity in _by_item(reading).items():
            if quantity is not None:
                lines.append(OrderLine(reading.id, item, quantity, reading.date, cancelled))
            elif not cancelled:
                illegible.add(item)
        if cancelled:
            continue
        faults += (fault for fault in reading.faults if fault.column in _TELLING)
    return OrderLines(tuple(lines), frozenset(illegible), tuple(faults))


def _by_item(reading: Reading) -> Mapping[str, int | None]:
    """How many of each item; ``None`` where a line does not say it."""
    found: dict[str, int | None] = {}
    for sold in reading.sold:
        if item := gtin(sold.key):
            before = found.get(item, 0)
            both = before is not None and sold.quantity is not None
            found[item] = before + sold.quantity if both else None  # type: ignore[operator]
    return found
