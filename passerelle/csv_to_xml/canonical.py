"""Pure: orders -> the canonical tree as text, under the given element names.

Elements only, two spaces a level, no declaration; a blank field gives no element. Text is written,
not a tree: a tree costs four times the time and ten times the memory, and forms parse it anyway.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from html import escape

from passerelle.config import Orders
from passerelle.reading import fold
from passerelle.sales import Customer, Line, Order

_Value = str | int | Decimal | datetime | None

_CUSTOMER = tuple(Customer.__dataclass_fields__)
_HEAD = ("id", "reference", "date", "status")
_TAIL = ("voucher", "shipping", "carrier", "discount", "total_paid")
_LINE = ("ean13", "product_id", "product_reference", "product_name", "quantity", "unit_price",
         "vat_rate", "amount")  # fmt: skip


class Canonical:
    """Writes orders; ``names`` gives the ERP's own names to elements, where it has any."""

    def __init__(self, settings: Orders, names: Mapping[str, str]) -> None:
        self._settings, self._xml, self._names = settings, settings.xml, names
        self._payments = {fold(text): code for text, code in settings.xml.payments.items()}
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
            cells = [self._leaf(3, key, getattr(order.customer, key)) for key in _CUSTOMER]
            parts.append(self._branch(2, "customer", "".join(cells)))
        parts.append(self._leaf(2, "payment", self._payment(order.payment)))
        parts += [self._leaf(2, key, getattr(order, key)) for key in _TAIL]
        parts.append(self._branch(2, "lines", "".join(map(self._line, order.lines))))
        return self._branch(1, "order", "".join(parts))

    def _line(self, line: Line) -> str:
        cells = [self._leaf(4, key, getattr(line, key)) for key in _LINE]
        return self._branch(3, "line", "".join(cells))

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
            text = escape(text, quote=False)
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
