"""Pure: orders -> the canonical tree as text, under the given element names.

Elements only, two spaces a level, no declaration; a blank field gives no element. Text is written,
not a tree: a tree costs four times the time and ten times the memory, and forms parse it anyway.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from operator import attrgetter

from passerelle.base.words import fold
from passerelle.config.orders import Orders
from passerelle.config.xml import WrittenXml
from passerelle.model.orders import Customer, Line, Order

_SALE_CUSTOMER = Customer.__struct_fields__
_CUSTOMER = tuple(key for key in _SALE_CUSTOMER if key != "vat_number")
_HEAD = ("id", "reference", "date", "status", "store")
_SALE_HEAD = ("id", "reference", "date", "status", "document", "store", "generated")
_TAIL = ("payment", "voucher", "shipping", "carrier", "discount", "total_paid", "currency")
_USUAL_DATE = WrittenXml.model_fields["date_format"].default
_LINE = (*Line.__struct_fields__, "amount")
_customer_texts = attrgetter(*_CUSTOMER)
_buyer_texts = attrgetter(*_SALE_CUSTOMER)


class Canonical:
    """Writes orders; ``names`` gives the ERP's own names to elements, where it has any.

    ``xml`` tells how numbers and dates are written, where not as in ``[orders.xml]``.
    """

    def __init__(
        self, settings: Orders, names: Mapping[str, str], xml: WrittenXml | None = None
    ) -> None:
        self._settings, self._xml, self._names = settings, xml or settings.xml, names
        self._payments = {fold(text): code for text, code in self._xml.payments.items()}
        self._top = self._leaves(1, ("store", "generated", "count"))
        self._head, self._tail = self._leaves(2, _HEAD), self._leaves(2, _TAIL)
        self._buyer, self._cells = self._leaves(3, _CUSTOMER), self._leaves(4, _LINE)
        self._order, self._row = self._branch(1, "order"), self._branch(3, "line")
        self._customer, self._lines = self._branch(2, "customer"), self._branch(2, "lines")

    def document(self, orders: Sequence[Order], generated: datetime) -> Iterator[str]:
        """The whole document, an order at a time; ``generated`` is aware."""
        start, end = self._tags(0, "orders")
        top = (self._settings.store, self._date(generated), str(len(orders)))
        yield f"{start}\n{self._top(top)}"
        yield from map(self.order, orders)
        yield end

    def order(self, order: Order) -> str:
        """One order, as it stands in a document."""
        store = self._settings.store
        head = (order.id, order.reference, self._date(order.date), order.status, store)
        customer = self._buyer(_customer_texts(order.customer))
        buyer = self._customer % customer if customer else ""
        return self._order % f"{self._head(head)}{buyer}{self._rest(order)}"

    def sale(self, order: Order, document: str, generated: datetime) -> str:
        """One order's sale, a document of its own; ``generated`` is aware. Not indented."""
        head = (
            *(order.id, order.reference, self._date(order.date), order.status, document),
            *(self._settings.store, self._date(generated)),
        )
        customer = self._leaves(2, _SALE_CUSTOMER)(_buyer_texts(order.customer))
        buyer = self._customer % customer if customer else ""
        written = self._leaves(1, _SALE_HEAD)(head)
        return self._branch(0, "sale") % f"{written}{buyer}{self._rest(order)}"

    def _rest(self, order: Order) -> str:
        amount = self._amount
        tail = (
            self._payment(order.payment),
            order.voucher,
            amount(order.shipping),
            order.carrier,
            amount(order.discount),
            amount(order.total_paid),
            order.currency,
        )
        return f"{self._tail(tail)}{self._lines % ''.join(map(self._line, order.lines))}"

    def _line(self, line: Line) -> str:
        price = self._amount(line.unit_price)
        texts = (
            line.ean13,
            line.product_id,
            line.product_reference,
            line.product_name,
            str(line.quantity),
            price,
            self._amount(line.vat_rate),
            price if line.quantity == 1 else self._amount(line.amount),
        )
        return self._row % self._cells(texts)

    def _payment(self, text: str) -> str:
        """The ERP's code for the whole field, else for each of its comma-joined parts."""
        if not self._payments and "," not in text:
            return text.strip()
        if fold(text) in self._payments:
            return self._payments[fold(text)]
        parts = [part.strip() for part in text.split(",")]
        return ", ".join(self._payments.get(fold(part), part) for part in parts if part)

    def _amount(self, value: Decimal | None) -> str:
        if value is None:
            return ""
        text = str(value)
        if "E" in text:
            text = format(value, "f")
        return text if self._xml.decimal == "." else text.replace(".", self._xml.decimal)

    def _date(self, value: datetime | None) -> str:
        if value is None:
            return ""
        if self._xml.date_format == _USUAL_DATE:  # the same, in a third of the time
            return value.replace(tzinfo=None).isoformat(timespec="seconds")
        return value.strftime(self._xml.date_format)

    def _branch(self, depth: int, key: str) -> str:
        """An element with ``%s`` for the elements in it."""
        start, end = self._tags(depth, key)
        return f"{start}\n%s{'  ' * depth}{end}"

    def _leaves(self, depth: int, keys: Iterable[str]) -> "_Leaves":
        return _Leaves([self._tags(depth, key) for key in keys])

    def _tags(self, depth: int, key: str) -> tuple[str, str]:
        """An element's two tags, the first with its indentation, the second with its line end."""
        name = self._names.get(key, key)
        return f"{'  ' * depth}<{name}>", f"</{name}>\n"


class _Leaves:
    """Writes the same elements again and again, one below the other; none for a blank text."""

    def __init__(self, tags: Iterable[tuple[str, str]]) -> None:
        self._each = [f"{start}%s{end}" for start, end in tags]
        self._all = "".join(self._each)

    def __call__(self, texts: tuple[str, ...]) -> str:
        joined = "".join(texts)
        if "&" in joined or "<" in joined or ">" in joined:
            texts = tuple([escape(text, quote=False) for text in texts])
        if "" not in texts:
            return self._all % texts
        return "".join([leaf % text for leaf, text in zip(self._each, texts, strict=True) if text])
