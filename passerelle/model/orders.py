"""The words every room uses: an order, its lines, its customer, a fault.

Pure: no file, no clock, no log. Money is ``Decimal``, quantities are whole numbers, dates are
aware. A blank field of the order file is the empty string (text) or ``None`` (everything else).
"""

import hashlib
import json
from datetime import UTC, datetime
from decimal import Context, Decimal
from sys import intern

from msgspec import Struct

from passerelle.base.language import N_, _

# More digits than any quantity × price has.
_EXACT = Context(prec=60)


# What people read of the columns that may be at fault; config.toml has the keys themselves.
_COLUMNS = (N_("id"), N_("reference"), N_("date"), N_("status"), N_("payment"), N_("voucher"),
            N_("first_name"), N_("last_name"), N_("company"), N_("vat_number"), N_("email"),
            N_("phone"), N_("address1"), N_("address2"), N_("postcode"), N_("city"), N_("country"),
            N_("carrier"), N_("shipping"), N_("discount"), N_("total_paid"), N_("currency"),
            N_("ean13"), N_("product_id"), N_("product_reference"), N_("product_name"),
            N_("quantity"), N_("quantity_refunded"), N_("unit_price"), N_("vat_rate"),
            N_("line"))  # fmt: skip


class Fault(Struct, frozen=True):
    """What could not be read: ``commandes.csv:17: quantity: "deux" is no number``."""

    file: str
    line: int
    column: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: " + _(": ").join((_(self.column), self.problem))


class Customer(Struct, frozen=True):
    """Who buys. Goes into the sales XML and its archive, never into the ledger or a trace.

    ``vat_number`` stands in sales only, not in orders.
    """

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    address1: str = ""
    address2: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    vat_number: str = ""


class Line(Struct, frozen=True):
    """One product of an order. ``unit_price`` is the shop's, in the shop's currency."""

    ean13: str
    product_id: str
    product_reference: str
    product_name: str
    quantity: int
    unit_price: Decimal
    vat_rate: Decimal | None

    @property
    def amount(self) -> Decimal:
        """Quantity × unit price, exact: rounding is the ERP's business."""
        if self.quantity == 1:  # as nearly always
            return self.unit_price
        return _EXACT.multiply(Decimal(self.quantity), self.unit_price)


class Sold(Struct, frozen=True):
    """What an order takes out of stock: an item key, and how many.

    ``key`` is the line's EAN, or its product reference where it has none. ``quantity`` is
    ``None`` when the file does not say it legibly: then the whole line is held back.
    """

    key: str
    quantity: int | None


class Order(Struct, frozen=True):
    """One order as the shop exported it. ``id`` is unique, ``reference`` is not."""

    id: str
    reference: str
    date: datetime | None
    status: str
    payment: str
    voucher: str
    customer: Customer
    carrier: str
    shipping: Decimal | None
    discount: Decimal | None
    total_paid: Decimal | None
    lines: tuple[Line, ...]
    currency: str = ""

    def total(self) -> Decimal:
        """What was paid; where the file does not say it, the sum of its lines, exact."""
        if self.total_paid is not None:
            return self.total_paid
        return sum((line.amount for line in self.lines), Decimal(0))

    def fingerprint(self) -> str:
        """SHA-256 (hex) of what was ordered, by whom and for how much, but not of its status.

        Tells an order that changed after it was sent; ``12.5`` and ``12.50`` are the same.
        """
        content = _JSON.encode(_fields(self) | {"status": ""})
        return hashlib.sha256(content.encode()).hexdigest()


def _fields(value: Struct) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _canonical(value: object) -> str | dict[str, object]:
    if isinstance(value, Customer):
        # No order's XML has it: an older ledger does not know it, and misses nothing.
        return {name: text for name, text in _fields(value).items() if name != "vat_number"}
    if isinstance(value, Line):
        return _fields(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(type(value).__name__)


_JSON = json.JSONEncoder(default=_canonical, sort_keys=True)


class Reading(Struct, frozen=True):
    """One order as read from the file, legible or not.

    ``order`` is ``None`` when a fault was found. What the later rooms need even then stands
    beside it: the id, the date and status where legible, and what was sold. ``other_date`` is what
    the date may be otherwise, where day and month may change places or the time is not told.
    ``doubt`` says why an order that can be read is perhaps not what it says.
    """

    id: str
    reference: str
    date: datetime | None
    status: str
    order: Order | None
    sold: tuple[Sold, ...]
    faults: tuple[Fault, ...] = ()
    doubt: str = ""
    other_date: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """The order's, ``""`` where it is illegible."""
        return self.order.fingerprint() if self.order else ""

    @property
    def total(self) -> Decimal | None:
        """What was paid, ``None`` where the order is illegible."""
        return self.order.total() if self.order else None

    def gist(self) -> "Gist":
        """What of it is kept when the next one is read."""
        # Each local time has a zone of its own, and each status letters of its own.
        date = self.date.astimezone(UTC) if self.date else None
        return Gist(
            *(self.id, self.reference, date, intern(self.status), self.sold),
            *(self.fingerprint, self.total),
        )


class Gist(Struct, frozen=True):
    """What the ledger writes down of a reading: nothing of the customer, and small.

    ``fingerprint`` is ``""`` and ``total`` is ``None`` for an order that is illegible.
    """

    id: str
    reference: str
    date: datetime | None
    status: str
    sold: tuple[Sold, ...]
    fingerprint: str
    total: Decimal | None


class Missed(Struct, frozen=True):
    """What was sold of an item that the ERP's file does not know of, and in which orders.

    ``quantity`` is ``None`` when an order does not say it legibly.
    """

    quantity: int | None
    orders: tuple[str, ...]


class Change(Struct, frozen=True):
    """A stock line that leaves changed; ``after`` is ``None`` for a line taken away."""

    line: int
    key: str
    before: str
    after: str | None
    orders: tuple[str, ...]
