"""Pure: an XML that the previous system sent -> the names or the stylesheet that make ours like it.

Where each element is one of the canonical tree under another name, ``[orders.xml.names]`` do. Any
other layout, such as values in attributes, needs a stylesheet: its first draft is made from the
file, with what is not known marked in it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from passerelle.base.errors import RejectedError
from passerelle.base.language import _
from passerelle.base.words import is_gtin
from passerelle.config.guess.layout import OF_LINES, OldLayout, attributes_of, key_of, path_of

if TYPE_CHECKING:
    from lxml import etree

_SHEET = """\
<?xml version="1.0" encoding="UTF-8"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" indent="yes"/>
  <xsl:template match="/orders">
{body}
  </xsl:template>
</xsl:stylesheet>
"""


class OldXml(Struct, frozen=True):
    """What was found: ``names`` by canonical element, or a ``stylesheet``; ``unknown`` paths.

    ``settings`` are keys of config.toml with which values are written as there.
    """

    names: Mapping[str, str]
    stylesheet: str
    unknown: tuple[str, ...]
    settings: Mapping[str, str]


def propose_xml(data: bytes, file: str) -> OldXml:
    """Raises :class:`RejectedError` for what is no XML, or has no orders with lines in it."""
    root = _parsed(data, file)
    if any("{" in str(one.tag) for one in root.iter()):
        mend = _("write a stylesheet by hand: docs/examples/ubl-order.xsl shows one")
        raise RejectedError(_("its elements have namespaces"), file, mend)
    order, line = _order_and_line(root, file)
    layout = OldLayout(root, order, line)
    settings = {**_encoding(root), **layout.settings()}
    if layout.is_canonical:
        return OldXml(layout.names(), "", (), settings)
    body = "\n".join(layout.sheet(f"/{root.tag!s}", "top", 2))
    return OldXml({}, _SHEET.format(body=body), tuple(dict.fromkeys(layout.unknown)), settings)


def _encoding(root: "etree._Element") -> dict[str, str]:
    encoding = root.getroottree().docinfo.encoding or "UTF-8"
    return {} if encoding.upper() in ("UTF-8", "ASCII") else {"orders.xml.encoding": encoding}


def _parsed(data: bytes, file: str) -> "etree._Element":
    from lxml import etree

    parser = etree.XMLParser(
        remove_blank_text=True, remove_comments=True, remove_pis=True,
        resolve_entities=False, no_network=True, load_dtd=False,
    )  # fmt: skip
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        mend = _("name an XML of orders that the previous system sent")
        raise RejectedError(
            _("this is no XML ({reason})").format(reason=error.msg), file, mend
        ) from error


def _order_and_line(root: "etree._Element", file: str) -> "tuple[str, str]":
    """The paths of both: a line has a quantity or an item number; an order holds lines."""
    found = Counter[str]()
    for element in root.iter():
        if element is not root and _is_line(element):
            found[path_of(element)] += 1
    if not found:
        mend = _("an order's line needs an item number and a quantity: name another file")
        raise RejectedError(_("no lines of orders are found in it"), file, mend)
    line = found.most_common(1)[0][0]
    up = line.rpartition("/")[0]
    # A container of lines alone, as <lignes>, is not the order.
    while up.count("/") > 1 and not _has_own_values(root, up):
        up = up.rpartition("/")[0]
    if up.count("/") < 2:
        what = _("its lines stand in no element of their order")
        raise RejectedError(what, file, _("name an XML in which each order is one element"))
    return up, line


def _is_line(element: "etree._Element") -> bool:
    keys = {key_of(name, OF_LINES) for name, _text in _values(element)}
    items = any(is_gtin(text) for _name, text in _values(element))
    return "quantity" in keys and (
        items or bool(keys & {"ean13", "product_id", "product_reference"})
    )


def _has_own_values(root: "etree._Element", path: str) -> bool:
    first = next((one for one in root.iter() if path_of(one) == path), None)
    return first is not None and any(True for _value in _values(first))


def _values(element: "etree._Element") -> Iterator[tuple[str, str]]:
    """Its attributes and the leaves right below it."""
    yield from attributes_of(element)
    for child in element:
        if not len(child) and not child.attrib:
            yield str(child.tag), child.text or ""
