"""A sales XML as a tree whose texts can be looked at and changed one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from passerelle.base.language import _
from passerelle.config.xml import CANONICAL_ELEMENTS, SALE_ELEMENTS

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
        """Whether it is the canonical element ``key``."""
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
        """The customer elements of an order."""
        return [part for part in order.iter(etree.Element) if self.is_a(part, "customer")]

    def is_customers(self, element: etree._Element) -> bool:
        """Whether the element is in a customer."""
        return any(self.is_a(part, "customer") for part in (element, *element.iterancestors()))

    def is_sold(self, element: etree._Element) -> bool:
        """Whether the element is in the lines of an order."""
        return any(self.is_a(part, "lines") for part in (element, *element.iterancestors()))

    def is_canonical(self, order: etree._Element) -> bool:
        """Whether nothing in the order is foreign to the canonical tree."""
        return all(element.tag in self._all for element in order.iter(etree.Element))

    def field(self, element: etree._Element) -> str:
        """The canonical name of a customer's element."""
        keys = dict.fromkeys((*CANONICAL_ELEMENTS, *SALE_ELEMENTS))
        own = {names.get(key, key): key for names in reversed(self._tables) for key in keys}
        return own.get(str(element.tag), str(element.tag))


@dataclass(frozen=True, slots=True)
class TextSlot:
    """A place in a tree that holds text: an element's text, its tail, or one of its attributes."""

    node: etree._Element
    name: str
    owner: etree._Element
    text: str

    def write(self, text: str) -> None:
        """Puts another text in its place; the same text is left as it is written."""
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
