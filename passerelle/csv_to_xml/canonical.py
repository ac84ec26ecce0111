"""Pure: orders -> the canonical tree as text, under the given element names.

Elements only, two spaces a level, no declaration; a blank field gives no element. Text is written,
not a tree: a tree costs four times the time and ten times the memory, and forms parse it anyway.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from xml.sax.saxutils import escape

from passerelle.config import Orders, WrittenXml
from passerelle.reading import fold
from passerelle.sales import Customer, Line, Order

_Value = str | int | Decimal | datetime | None

_SALE_CUSTOMER = tuple(Customer.__dataclass_fields__)
_CUSTOMER = tuple(key for key in _SALE_CUSTOMER if key != "vat_number")
_HEAD = ("id", "reference", "date", "status")
_TAIL = ("voucher", "shipping", "carrier", "discount", "total_paid")
_LINE = ("ean13", "product_id", "product_reference", "product_name", "quantity", "unit_price",
         "vat_rate", "amount")  # fmt: skip


class Canonical:
    """Writes orders; ``names`` gives the ERP's own names to elements, where it has any.

    ``xml`` tells how numbers and dates are written, where not as in ``[orders.xml]``.
    """

    def __init__(
        self, settings: Orders, names: Mapping[str, str], xml: WrittenXml | None = None
    ) -> None:
        self._settings, self._xml, self._names = settings, xml or settings.xml, names
        self._payments = {fold(text): code for text, code in self._xml.payments.items()}
        self._tags: dict[tuple[int, str], tuple[str, str]] = {}

    def document(self, orders: Iterable[Order], count: int, generated: datetime) -> Iterator[str]:
        """The whole document, an order at a time; ``generated`` is aware."""
        start, end = self._tag(0, "orders")
        yield f"{start}\n{self._leaf(1, 'store', self._settings.store)}"
        yield self._leaf(1, "generated", generated) + self._leaf(1, "count", str(count))
        yield from map(self.order, orders)
        yield end

    def order(self, order: Order) -> str:
        """One order, as it stands in a document."""
        parts = [self._leaf(2, key, getattr(order, key)) for key in _HEAD]
        parts.append(self._leaf(2, "store", self._settings.store))
        if order.customer != Customer():
            parts.append(self._customer(2, order.customer, _CUSTOMER))
        parts.append(self._leaf(2, "payment", self._payment(order.payment)))
        parts += [self._leaf(2, key, getattr(order, key)) for key in _TAIL]
        parts.append(self._branch(2, "lines", "".join(map(self._line, order.lines))))
        return self._branch(1, "order", "".join(parts))

    def sale(self, order: Order, document: str, generated: datetime) -> str:
        """One order's sale, a document of its own; ``generated`` is aware."""
        parts = [self._leaf(1, key, getattr(order, key)) for key in _HEAD]
        parts += [self._leaf(1, "document", document), self._leaf(1, "store", self._settings.store)]
        parts.append(self._leaf(1, "generated", generated))
        parts.append(self._customer(1, order.customer, _SALE_CUSTOMER))
        parts.append(self._leaf(1, "payment", self._payment(order.payment)))
        parts += [self._leaf(1, key, getattr(order, key)) for key in _TAIL]
        lines = "".join(self._line(line, 2) for line in order.lines)
        parts.append(self._branch(1, "lines", lines))
        return self._branch(0, "sale", "".join(parts))

    def _customer(self, depth: int, customer: Customer, keys: tuple[str, ...]) -> str:
        cells = [self._leaf(depth + 1, key, getattr(customer, key)) for key in keys]
        return self._branch(depth, "customer", "".join(cells)) if any(cells) else ""

    def _line(self, line: Line, depth: int = 3) -> str:
        cells = [self._leaf(depth + 1, key, getattr(line, key)) for key in _LINE]
        return self._branch(depth, "line", "".join(cells))

    def _payment(self, text: str) -> str:
        """The ERP's code for the whole field, else for each of its comma-joined parts."""
        if not self._payments:
            return ", ".join(part for part in map(str.strip, text.split(",")) if part)
        if fold(text) in self._payments:
            return self._payments[fold(text)]
        parts = [part.strip() for part in text.split(",")]
        return ", ".join(self._payments.get(fold(part), part) for part in parts if part)

    def _leaf(self, depth: int, key: str, value: _Value) -> str:
        text = value if isinstance(value, str) else self._text(value)
        if not text:
            return ""
        if "&" in text or "<" in text or ">" in text:
            text = escape(text)
        start, end = self._tags.get((depth, key)) or self._tag(depth, key)
        return f"{start}{text}{end}"

    def _branch(self, depth: int, key: str, content: str) -> str:
        start, end = self._tags.get((depth, key)) or self._tag(depth, key)
        return f"{start}\n{content}{'  ' * depth}{end}"

    def _text(self, value: _Value) -> str:
        if value is None:
            return ""
        if isinstance(value, Decimal):
            return format(value, "f").replace(".", self._xml.decimal)
        if isinstance(value, datetime):
            return value.strftime(self._xml.date_format)
        return str(value)

    def _tag(self, depth: int, key: str) -> tuple[str, str]:
        """An element's two tags, the first with its indentation, the second with its line end."""
        name = self._names.get(key, key)
        self._tags[depth, key] = tags = f"{'  ' * depth}<{name}>", f"</{name}>\n"
        return tags
