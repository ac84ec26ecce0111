"""What a till's order is to the ERP and to the stock: an order with its lines, or why it is none.

Pieces are whole; what is sold by the half is rejected and told, and a whole piece is off the web.
A refund has negative quantities: what it gives back counts once it is paid.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import Any

from msgspec import Struct

from passerelle.base.exact_json import decimal_of
from passerelle.base.language import _
from passerelle.base.words import gtin
from passerelle.model.orders import Customer, Fault, Line, Order, Reading, Sold
from passerelle.model.tills import TillOrder, TillState


def reading_of(order: TillOrder, paid: datetime) -> Reading:
    """A paid order as the run of tills sends it, or with the faults that reject it."""
    receipt = order.payment.receipt if order.payment else order.id
    lines, faults = list[Line](), list[Fault]()
    for number, line in enumerate(order.lines.values(), 1):
        read = _LineReading(line, receipt, number)
        faults += read.faults()
        if not faults and read.quantity:
            lines.append(read.line())
    if not lines and not faults:
        faults.append(Fault(receipt, 1, "qty", _("it sells nothing")))
    whole = None if faults else _order(order, receipt, paid, tuple(lines))
    return Reading(order.id, receipt, paid, order.state.value, whole, sold_in(order), (*faults,))


def sold_in(order: TillOrder) -> tuple[Sold, ...]:
    """What it takes out of stock, or is about to; a draft gives nothing back yet.

    Of what nobody can read as a number, it is not known how many.
    """
    found = []
    for line in order.lines.values():
        key, quantity = _text(line, "ean13") or _text(line, "reference"), _pieces(line)
        gives_back = quantity is not None and quantity < 0
        if key and quantity != 0 and not (gives_back and order.state == TillState.DRAFT):
            found.append(Sold(key, quantity))
    return tuple(found)


def pieces_in(order: TillOrder) -> Mapping[str, int | None]:
    """The same by item, in :func:`gtin` form."""
    found: dict[str, int | None] = {}
    for sold in sold_in(order):
        if item := gtin(sold.key):
            before = found.get(item, 0)
            both = before is not None and sold.quantity is not None
            found[item] = before + sold.quantity if both else None  # type: ignore[operator]
    return found


def _order(order: TillOrder, receipt: str, paid: datetime, lines: tuple[Line, ...]) -> Order:
    payments = order.payment.payments if order.payment else ()
    methods = (_text(one, "method") for one in payments)
    payment = ", ".join(dict.fromkeys(filter(None, methods)))
    nobody, status = Customer(), order.state.value
    return Order(
        *(order.id, receipt, paid, status, payment, "", nobody, "", None, None, None),
        lines=lines,
    )


def _pieces(line: Mapping[str, Any]) -> int | None:
    """Rounded up: who sells half a piece has opened a whole one."""
    quantity = decimal_of(line.get("qty"))
    if quantity is None or abs(quantity) >= 2**31:
        return None
    return ceil(quantity)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return "" if value is None else " ".join(str(value).split())


class _LineReading(Struct, frozen=True):
    fields: Mapping[str, Any]
    receipt: str
    number: int

    @property
    def quantity(self) -> Decimal | None:
        return decimal_of(self.fields.get("qty"))

    def faults(self) -> Iterator[Fault]:
        if not (_text(self.fields, "ean13") or _text(self.fields, "reference")):
            yield self._fault("ean13", _("neither an item number nor a reference"))
        if self.quantity is None or abs(self.quantity) >= 2**31:
            yield self._fault("qty", _("no number"))
        elif self.quantity != int(self.quantity):
            yield self._fault("qty", _("no whole number of pieces"))
        if decimal_of(self.fields.get("price")) is None:
            yield self._fault("price", _("no price"))
        rate = self.fields.get("vat_rate")
        if rate is not None and decimal_of(rate) is None:
            yield self._fault("vat_rate", _("no number"))

    def _fault(self, column: str, problem: str) -> Fault:
        return Fault(self.receipt, self.number, column, problem)

    def line(self) -> Line:
        """Only of one without faults."""
        texts = (_text(self.fields, name) for name in ("ean13", "reference", "name"))
        ean13, reference, name = texts
        price = decimal_of(self.fields.get("price")) or Decimal(0)
        rate = decimal_of(self.fields.get("vat_rate"))
        return Line(ean13, "", reference, name, int(self.quantity or 0), price, rate)


def named(group: str, order: TillOrder) -> str:
    """How people call it: by its number in its session, and by its receipt once it is paid."""
    words = {"no": order.no, "group": group}
    if order.state == TillState.DRAFT:
        return _("draft {no} ({group})").format(**words)
    if order.payment is None:
        return _("cancelled order {no} ({group})").format(**words)
    return _("order {no} ({group}, {receipt})").format(receipt=order.payment.receipt, **words)
