"""Pure: orders -> the sales XML that the ERP imports.

The canonical tree is made of elements only; a blank field gives no element. It leaves either
under the ERP's own names (``[orders.xml.names]``) or through a stylesheet.
"""

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from lxml import etree

from passerelle.config import Orders, Xml
from passerelle.csv_to_xml.forms import Forms
from passerelle.errors import ConfigError
from passerelle.language import _
from passerelle.reading import fold
from passerelle.sales import Customer, Line, Order

# Texts in these can be written one by one and joined: no mark begins them, no state goes on.
_JOINABLE = ("utf-8", "ascii", "iso8859-", "cp125")
_CUSTOMER = tuple(Customer.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class SalesXml:
    """The bytes to send, the orders in them, and why each of the others is not in them."""

    data: bytes
    orders: tuple[Order, ...]
    rejected: Mapping[str, str] = field(default_factory=dict)


def write_sales(
    orders: Sequence[Order], settings: Orders, generated: datetime, forms: Forms | None = None
) -> SalesXml:
    """The sales XML of ``orders``, made at ``generated`` (aware).

    With a schema, an order that does not validate is left out and told in ``rejected``; the
    others go. Raises :class:`ConfigError` when the stylesheet fails on them.
    """
    forms = forms or Forms()
    if forms == Forms() and codecs.lookup(settings.xml.encoding).name.startswith(_JOINABLE):
        return SalesXml(_serialise_each(orders, settings, generated), tuple(orders))
    document = _document(orders, settings, generated, forms)
    if forms.schema is None or forms.schema.validate(document):
        return SalesXml(_serialise(document, settings.xml), tuple(orders))
    return _without_invalid(orders, settings, generated, forms)


def _without_invalid(
    orders: Sequence[Order], settings: Orders, generated: datetime, forms: Forms
) -> SalesXml:
    """Finds the orders at fault by validating each alone."""
    rejected = {}
    for order in orders:
        problem = _invalid(_document([order], settings, generated, forms), forms)
        if problem:
            rejected[order.id] = problem
    good = tuple(order for order in orders if order.id not in rejected)
    document = _document(good, settings, generated, forms)
    problem = _invalid(document, forms) if good else None
    if problem:
        return SalesXml(b"", (), {order.id: problem for order in good} | rejected)
    return SalesXml(_serialise(document, settings.xml), good, rejected)


def _invalid(document: etree._ElementTree, forms: Forms) -> str | None:
    """What the schema says against a document, without the customer's own words in it."""
    if forms.schema is None or forms.schema.validate(document):
        return None
    first = forms.schema.error_log[0]
    path = str(getattr(first, "path", "")).rpartition("/")[2]
    text = _("orders.xml.schema: {error} at element {element}")
    return text.format(error=first.type_name, element=path or _("the root"))


def _document(
    orders: Sequence[Order], settings: Orders, generated: datetime, forms: Forms
) -> etree._ElementTree:
    names = {} if forms.stylesheet else settings.xml.names
    tree = etree.ElementTree(_Writer(settings, names).orders(orders, generated))
    if forms.stylesheet is None:
        return tree
    try:
        result = forms.stylesheet(tree)
    except etree.XSLTError as error:
        raise ConfigError(
            _("the stylesheet failed"), "orders.xml.stylesheet", str(error) or _("mend the .xsl")
        ) from error
    if result.getroot() is None:
        raise ConfigError(
            _("the stylesheet makes no XML"), "orders.xml.stylesheet", _("mend the .xsl")
        )
    return result


def _serialise(document: etree._ElementTree, settings: Xml) -> bytes:
    """Indented, in the configured encoding; characters it lacks become references."""
    etree.indent(document)
    try:
        data = etree.tostring(document, encoding=settings.encoding, xml_declaration=True)
    except LookupError as error:
        raise ConfigError(
            _('no XML is written in "{encoding}"').format(encoding=settings.encoding),
            "orders.xml.encoding",
            _('use a name like "UTF-8" or "ISO-8859-1"'),
        ) from error
    return data if _is_wide(settings) else data.rstrip(b"\n") + b"\n"


def _serialise_each(orders: Sequence[Order], settings: Orders, generated: datetime) -> bytes:
    """The same bytes without the whole tree, which needs ten times the memory of its text."""
    writer, encoding = _Writer(settings, settings.xml.names), settings.xml.encoding
    frame = _serialise(etree.ElementTree(writer.frame(len(orders), generated)), settings.xml)
    end = frame.rindex(b"</")
    pieces = [frame[:end]]
    for order in orders:
        element = writer.order(order)
        etree.indent(element, level=1)
        pieces += (b"  ", etree.tostring(element, encoding=encoding, xml_declaration=False), b"\n")
    return b"".join([*pieces, frame[end:]])


def _is_wide(settings: Xml) -> bool:
    """Whether a letter of this encoding has more than one byte."""
    return "\n".encode(settings.encoding) != b"\n"


class _Writer:
    """Writes the canonical tree under the given names."""

    def __init__(self, settings: Orders, names: Mapping[str, str]) -> None:
        self._settings, self._xml, self._names = settings, settings.xml, names
        self._payments = {fold(text): code for text, code in settings.xml.payments.items()}

    def orders(self, orders: Sequence[Order], generated: datetime) -> etree._Element:
        root = self.frame(len(orders), generated)
        root.extend(map(self.order, orders))
        return root

    def frame(self, count: int, generated: datetime) -> etree._Element:
        """What stands around the orders."""
        root = etree.Element(self._name("orders"))
        self._add(root, "store", self._settings.store)
        self._add(root, "generated", generated)
        self._add(root, "count", str(count))
        return root

    def order(self, order: Order) -> etree._Element:
        element = etree.Element(self._name("order"))
        for key in ("id", "reference", "date", "status"):
            self._add(element, key, getattr(order, key))
        self._add(element, "store", self._settings.store)
        if order.customer != Customer():
            customer = self._child(element, "customer")
            for key in _CUSTOMER:
                self._add(customer, key, getattr(order.customer, key))
        self._add(element, "payment", self._payment(order.payment))
        for key in ("voucher", "shipping", "carrier", "discount", "total_paid"):
            self._add(element, key, getattr(order, key))
        lines = self._child(element, "lines")
        for line in order.lines:
            self._line(lines, line)
        return element

    def _line(self, lines: etree._Element, line: Line) -> None:
        element = self._child(lines, "line")
        for key in ("ean13", "product_id", "product_reference", "product_name"):
            self._add(element, key, getattr(line, key))
        for number in ("quantity", "unit_price", "vat_rate", "amount"):
            self._add(element, number, getattr(line, number))

    def _payment(self, text: str) -> str:
        """The ERP's code for the whole field, else for each of its comma-joined parts."""
        if fold(text) in self._payments:
            return self._payments[fold(text)]
        parts = [part.strip() for part in text.split(",")]
        return ", ".join(self._payments.get(fold(part), part) for part in parts if part)

    def _add(
        self, parent: etree._Element, key: str, value: str | int | Decimal | datetime | None
    ) -> None:
        text = self._text(value)
        if text:
            self._child(parent, key).text = text

    def _text(self, value: str | int | Decimal | datetime | None) -> str:
        if value is None:
            return ""
        if isinstance(value, Decimal):
            return format(value, "f").replace(".", self._xml.decimal)
        if isinstance(value, datetime):
            return value.strftime(self._xml.date_format)
        return str(value)

    def _child(self, parent: etree._Element, key: str) -> etree._Element:
        return etree.SubElement(parent, self._name(key))

    def _name(self, key: str) -> str:
        return self._names.get(key, key)
