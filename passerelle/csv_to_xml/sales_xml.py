"""Pure: orders -> the sales XML that the ERP imports, and one order -> the XML of its sale.

The canonical tree is made of elements only; a blank field gives no element. It leaves either
under the ERP's own names (``[orders.xml.names]``) or through a stylesheet.
"""

import codecs
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from io import BytesIO

from lxml import etree
from msgspec import Struct, field

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.config.orders import Orders
from passerelle.config.xml import WrittenXml
from passerelle.csv_to_xml.canonical import Canonical
from passerelle.csv_to_xml.forms import SALE_STYLESHEET, STYLESHEET, Forms
from passerelle.model.orders import Gist, Order, Sold

_READ_BACK = ("order", "id", "reference", "line", "ean13", "product_reference", "quantity")
# Texts in these can be written one by one and joined: no mark begins them, no state goes on.
_JOINABLE = ("utf-8", "ascii", "iso8859-", "cp125")


class SalesXml(Struct, frozen=True):
    """The bytes to send, the orders in them, and why each of the others is not in them."""

    data: bytes
    orders: Sequence[Order]
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
        return SalesXml(_written(orders, settings, generated), orders)
    document = _document(orders, settings, generated, forms)
    if forms.schema is None or forms.schema.validate(document):
        return SalesXml(_serialise(document, settings.xml), orders)
    return _without_invalid(orders, settings, generated, forms)


def keep_orders(data: bytes, ids: Collection[str], settings: Orders, forms: Forms) -> bytes | None:
    """A sales XML that was written before, with these of its orders alone.

    ``None`` where they cannot be told from the others: it went through a stylesheet, or the ERP's
    names for the elements have changed since.
    """
    if forms.stylesheet is not None:
        return None
    names = settings.xml.names
    order, id, count = (names.get(element, element) for element in ("order", "id", "count"))
    parser = etree.XMLParser(remove_blank_text=True, huge_tree=True, resolve_entities=False)
    root = etree.fromstring(data, parser)
    found, number = root.findall(order), root.find(count)
    for other in [one for one in found if one.findtext(id) not in ids]:
        root.remove(other)
    if number is None or {one.findtext(id) for one in root.findall(order)} != set(ids):
        return None
    number.text = str(len(ids))
    document = etree.ElementTree(root)
    if forms.schema is not None and not forms.schema.validate(document):
        return None
    return _serialise(document, settings.xml)


def orders_in(
    data: bytes, settings: Orders, forms: Forms, asked: Iterable[Gist] = ()
) -> list[Gist]:
    """The orders of a sales XML of ours, from its elements: without dates and fingerprints.

    Of one that went through a stylesheet, those that are ``asked`` for and whose id or reference
    it says somewhere. None of what is no XML.
    """
    try:
        root = etree.fromstring(data, etree.XMLParser(huge_tree=True, resolve_entities=False))
    except etree.XMLSyntaxError:
        return []
    if forms.stylesheet is not None:
        said = {text.strip() for text in root.itertext()}
        said |= {value for element in root.iter() for value in element.attrib.values()}
        return [one for one in asked if said & {one.id, one.reference or one.id}]
    names = {key: settings.xml.names.get(key, key) for key in _READ_BACK}
    return [_gist(one, names) for one in root.iter(names["order"]) if one.findtext(names["id"])]


def _gist(order: etree._Element, names: Mapping[str, str]) -> Gist:
    sold = []
    for line in order.iter(names["line"]):
        quantity = None
        with suppress(ValueError):
            quantity = int(line.findtext(names["quantity"]) or "")
        key = line.findtext(names["ean13"]) or line.findtext(names["product_reference"]) or ""
        sold.append(Sold(key, quantity))
    id, reference = (order.findtext(names[key]) or "" for key in ("id", "reference"))
    return Gist(id, reference, None, "", tuple(sold), "", None)


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
    text = "".join(Canonical(settings, names).document(orders, generated))
    return _formed(text, forms, STYLESHEET)


def _formed(text: str, forms: Forms, key: str) -> etree._ElementTree:
    """The canonical tree in ``text``, through the stylesheet where there is one."""
    parser = etree.XMLParser(remove_blank_text=True, huge_tree=True, resolve_entities=False)
    tree = etree.ElementTree(etree.fromstring(text.encode("utf-8"), parser))
    if forms.stylesheet is None:
        return tree
    try:
        result = forms.stylesheet(tree)
    except etree.XSLTError as error:
        raise ConfigError(
            _("the stylesheet failed"), key, str(error) or _("mend the .xsl")
        ) from error
    if result.getroot() is None:
        raise ConfigError(_("the stylesheet makes no XML"), key, _("mend the .xsl"))
    return result


def write_sale(
    order: Order,
    document: str,
    settings: Orders,
    xml: WrittenXml,
    generated: datetime,
    forms: Forms | None = None,
) -> bytes:
    """The XML of one order's sale, as the ``document`` that it is to become.

    ``settings`` give the store, ``xml`` how it is written. Raises :class:`ConfigError` when the
    stylesheet fails on it.
    """
    forms = forms or Forms()
    names = {} if forms.stylesheet else xml.names
    text = Canonical(settings, names, xml).sale(order, document, generated)
    return _serialise(_formed(text, forms, SALE_STYLESHEET), xml, "fulfil.xml.encoding")


def _serialise(
    document: etree._ElementTree, settings: WrittenXml, key: str = "orders.xml.encoding"
) -> bytes:
    """Indented, in the configured encoding; characters it lacks become references."""
    etree.indent(document)
    try:
        data = etree.tostring(document, encoding=settings.encoding, xml_declaration=True)
    except LookupError as error:
        raise ConfigError(
            _('no XML is written in "{encoding}"').format(encoding=settings.encoding),
            key,
            _('use a name like "UTF-8" or "ISO-8859-1"'),
        ) from error
    is_wide = "\n".encode(settings.encoding) != b"\n"
    return data if is_wide else data.rstrip(b"\n") + b"\n"


def _written(orders: Sequence[Order], settings: Orders, generated: datetime) -> bytes:
    """The same bytes as of :func:`_serialise`, without a tree."""
    nothing = _serialise(_document((), settings, generated, Forms()), settings.xml)
    data = BytesIO()
    data.write(nothing[: nothing.index(b"\n") + 1])
    for text in Canonical(settings, settings.xml.names).document(orders, generated):
        data.write(text.encode(settings.xml.encoding, "xmlcharrefreplace"))
    return data.getvalue()
