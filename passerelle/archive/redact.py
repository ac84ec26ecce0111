"""What one XML of ArchiveExport holds of a person, and the XML without it: bytes in, bytes out.

Which part goes:

- An order in canonical elements, under their own names or the ERP's (``[orders.xml.names]``): all
  of its customer. The person's words leave its other texts too; what was sold stays.
- An order in anything else (a stylesheet's, or names that are no longer configured): all of its
  texts and attributes but its id, since nobody knows what they mean. The order is the smallest
  part around the e-mail address that holds an order id; where no id is known, the outermost
  part that has another of its kind beside it; else the whole file.
- The address alone, where it stands in an order whose customer is somebody else.

Other orders stay as they are, and so does the encoding. :class:`ValueError` says that the bytes are
not XML, or XML with entities of its own, which could hide anything.
"""

from collections.abc import Collection, Iterator, Mapping

from lxml import etree
from msgspec import Struct

from passerelle.archive.person import ERASED, Person
from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.config.xml import CANONICAL_ELEMENTS, SALE_ELEMENTS

_LETTER = regex(r"[^\W\d_]")
_NONE: Mapping[str, str] = {}
# Attributes that say how to read an XML, not what is in it: xml:lang, xsi:type…
_W3C = "{http://www.w3.org/"


class Names:
    """The elements of the canonical trees, under their own names and the ERP's.

    ``names`` are those in orders, ``of_sales`` those in sales.
    """

    def __init__(self, names: Mapping[str, str], of_sales: Mapping[str, str] = _NONE) -> None:
        self._tables = (names, of_sales)
        self._all = {*CANONICAL_ELEMENTS, *SALE_ELEMENTS, *names.values(), *of_sales.values()}

    def is_a(self, element: etree._Element | None, key: str) -> bool:
        known = (key, *(names.get(key, key) for names in self._tables))
        return element is not None and element.tag in known

    def order_of(self, element: etree._Element) -> etree._Element | None:
        """The order that the element is, or is in; a sale is one too."""
        for part in (element, *element.iterancestors()):
            if self.is_a(part, "order") and self.is_a(part.getparent(), "orders"):
                return part
            if self.is_a(part, "sale") and part.getparent() is None:
                return part
        return None

    def customers(self, order: etree._Element) -> list[etree._Element]:
        return [part for part in order.iter(etree.Element) if self.is_a(part, "customer")]

    def is_within(self, element: etree._Element, key: str) -> bool:
        """Whether it is a canonical element ``key``, or in one."""
        return any(self.is_a(part, key) for part in (element, *element.iterancestors()))

    def is_canonical(self, order: etree._Element) -> bool:
        """Whether nothing in the order is foreign to the canonical tree."""
        return all(element.tag in self._all for element in order.iter(etree.Element))

    def field(self, element: etree._Element) -> str:
        """The canonical name of a customer's element."""
        keys = dict.fromkeys((*CANONICAL_ELEMENTS, *SALE_ELEMENTS))
        own = {names.get(key, key): key for names in reversed(self._tables) for key in keys}
        return own.get(str(element.tag), str(element.tag))


class TextSlot(Struct, frozen=True):
    """A place in a tree that holds text: an element's text, its tail, or one of its attributes."""

    node: etree._Element
    name: str
    owner: etree._Element
    text: str

    def write(self, text: str) -> None:
        if text == self.text:
            return
        if self.name in ("text", "tail"):
            setattr(self.node, self.name, text)
        else:
            self.node.set(self.name, text)


def parse(data: bytes) -> etree._ElementTree:
    """The tree of an XML. Raises :class:`ValueError` for anything else, and for entities."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False, huge_tree=True
    )
    try:
        tree = etree.ElementTree(etree.fromstring(data, parser))
    except etree.XMLSyntaxError as error:
        raise ValueError(_("it is not XML")) from error
    dtd = tree.docinfo.internalDTD
    if dtd is not None and list(dtd.iterentities()):
        raise ValueError(_("it has entities of its own"))
    return tree


def serialise(tree: etree._ElementTree, before: bytes) -> bytes:
    """The tree in its own encoding, ending as the bytes did from which it was read."""
    info = tree.docinfo
    encoding = info.encoding or "UTF-8"
    try:
        is_wide = "\n".encode(encoding) != b"\n"
        data = etree.tostring(
            tree, encoding=encoding, xml_declaration=True, standalone=info.standalone or None
        )
    except LookupError as error:
        problem = _("no XML is written in {encoding}")
        raise ValueError(problem.format(encoding=encoding)) from error
    if is_wide:
        return data
    return data.rstrip(b"\n") + b"\n" * before.endswith(b"\n")


def slots(part: etree._Element) -> Iterator[TextSlot]:
    """Every place in ``part`` that holds more than space; comments belong to their parent."""
    for node in part.iter():
        parent = node.getparent()
        outer = node if parent is None else parent
        is_element = isinstance(node.tag, str)
        if (text := node.text) and not text.isspace():
            yield TextSlot(node, "text", node if is_element else outer, text)
        if node is not part and (text := node.tail) and not text.isspace():
            yield TextSlot(node, "tail", outer, text)
        for name, value in node.items() if is_element else ():
            if str(value).strip() and not str(name).startswith(_W3C):
                yield TextSlot(node, str(name), node, str(value))


def everywhere(root: etree._Element) -> Iterator[TextSlot]:
    """Every place of the tree, comments before and after the root among them."""
    yield from slots(root)
    for node in (*root.itersiblings(preceding=True), *root.itersiblings()):
        if node.text:
            yield TextSlot(node, "text", root, node.text)


# --- what is a person's


class Survey(Struct, frozen=True):
    """What an XML tells of a person.

    ``orders`` are the ids of the person's orders, ``fields`` what they hold (canonical element, or
    ``""``, and text), ``everyday`` the words of all that is nobody's.
    """

    is_named: bool
    orders: tuple[str, ...]
    fields: frozenset[tuple[str, str]]
    everyday: frozenset[str]


class _Parts(Struct, frozen=True):
    """The parts of a tree that are a person's: canonical orders, and orders of unknown form."""

    orders: list[etree._Element]
    unknown: list[etree._Element]


def survey(data: bytes, person: Person, names: Names, ids: Collection[str]) -> Survey:
    """Looks, and changes nothing. ``ids`` are those of the orders that were sent in this XML."""
    root = parse(data).getroot()
    is_named = _is_named(root, person)
    parts = _parts(root, person, names, ids) if is_named else _Parts([], [])
    fields = {
        (names.field(slot.owner), slot.text)
        for order in parts.orders
        for customer in names.customers(order)
        for slot in slots(customer)
    }
    unknown = [slot.text for part in parts.unknown for slot in slots(part)]
    return Survey(
        is_named,
        tuple(_ids(parts, names, ids)),
        frozenset(fields | {("", text) for text in unknown}),
        frozenset(_everyday(root, parts, names)),
    )


def redact(data: bytes, person: Person, names: Names, ids: Collection[str]) -> bytes:
    """The XML without the person; ``data`` itself where it holds nothing of them."""
    tree = parse(data)
    root = tree.getroot()
    if not _is_named(root, person):
        return data
    parts = _parts(root, person, names, ids)
    for part in parts.unknown:
        for slot in slots(part):
            if slot.text.strip() not in ids:
                slot.write(ERASED)
    for order in parts.orders:
        for customer in names.customers(order):
            _remove(customer)
        for slot in slots(order):
            slot.write(person.without(slot.text))
    for slot in everywhere(root):
        slot.write(person.without_address(slot.text))
    return serialise(tree, data)


def _parts(root: etree._Element, person: Person, names: Names, ids: Collection[str]) -> _Parts:
    orders: dict[etree._Element, None] = {}
    unknown: dict[etree._Element, None] = {}
    for slot in slots(root):
        if not person.is_named_in(slot.text):
            continue
        order = names.order_of(slot.owner)
        if order is None and names.is_a(root, "orders"):
            continue
        if order is None or not names.is_canonical(order):
            unknown[_around(slot.owner, ids) if order is None else order] = None
        elif names.is_within(slot.owner, "customer"):
            orders[order] = None
    return _Parts(list(orders), list(unknown))


def _around(element: etree._Element, ids: Collection[str]) -> etree._Element:
    """The order around an element, in a tree whose form is not known."""
    chain = [element, *element.iterancestors()]
    for part in chain:
        parent = part.getparent()
        may_be_order = parent is None or parent.getparent() is None or _is_repeated(part)
        if may_be_order and any(slot.text.strip() in ids for slot in slots(part)):
            return part
    return next((part for part in reversed(chain) if _is_repeated(part)), chain[-1])


def _is_repeated(part: etree._Element) -> bool:
    parent = part.getparent()
    return parent is not None and sum(child.tag == part.tag for child in parent) > 1


def _ids(parts: _Parts, names: Names, ids: Collection[str]) -> Iterator[str]:
    for order in parts.orders:
        yield from (child.text or "" for child in order if names.is_a(child, "id"))
    for part in parts.unknown:
        yield from sorted({slot.text.strip() for slot in slots(part)} & set(ids))


def _everyday(root: etree._Element, parts: _Parts, names: Names) -> Iterator[str]:
    """Texts with letters, outside customers and outside what is the person's; and what was sold."""
    mine = {element for order in parts.orders for element in order.iter()}
    unknown = {element for part in parts.unknown for element in part.iter()}
    for slot in slots(root):
        owner = slot.owner
        if owner in unknown or not _LETTER.search(slot.text):
            continue
        is_customers = names.is_within(owner, "customer")
        if names.is_within(owner, "lines") if owner in mine else not is_customers:
            yield slot.text


def _is_named(root: etree._Element, person: Person) -> bool:
    return person.is_named_in("\n".join(slot.text for slot in everywhere(root)))


def _remove(element: etree._Element) -> None:
    """Takes an element out; the line end after it stays with what stands before, if it was last."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.getnext() is None and before is not None:
        before.tail = element.tail
    parent.remove(element)
