"""Pure: an XML that the previous system sent -> the names or the stylesheet that make ours like it.

Where each element is one of the canonical tree under another name, ``[orders.xml.names]`` do. Any
other layout, such as values in attributes, needs a stylesheet: its first draft is made from the
file, with what is not known marked in it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from passerelle.base.errors import RejectedError
from passerelle.base.language import _
from passerelle.base.words import is_gtin, plain_word
from passerelle.config.columns import COLUMNS
from passerelle.config.guess.header import likeness

if TYPE_CHECKING:
    from lxml import etree

_CUSTOMER = frozenset({"first_name", "last_name", "company", "email", "phone", "address1",
                       "address2", "postcode", "city", "country"})  # fmt: skip
# What stands in XMLs and in no column's name; plain words.
_MORE: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "no", "num", "numero", "numcde"),
    "store": ("store", "magasin", "shop", "boutique", "site"),
    "generated": ("generated", "genere", "created", "horodatage"),
    "count": ("count", "nombre", "nb"),
    "ean13": ("ean", "ean13", "gencod", "codebarre", "barcode", "gtin"),
    "quantity": ("qte", "qty", "quantite", "quantity"),
    "unit_price": ("pu", "prix", "price", "puttc"),
    "amount": ("amount", "montant", "total"),
    "total_paid": ("total", "totalttc", "montant"),
    "vat_rate": ("tva", "vat", "tauxtva"),
    "payment": ("reglement", "paiement", "payment", "mode"),
}
_OF_LINES = (*(key for key, known in COLUMNS["orders"].items() if known.of_line), "amount")
_NO_ELEMENTS = frozenset({"vat_number", "quantity_refunded"})
_OF_ORDERS = tuple(
    key for key in (*COLUMNS["orders"], "store") if key not in (*_OF_LINES, *_NO_ELEMENTS)
)
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-_.]")
_SHEET = """\
<?xml version="1.0" encoding="UTF-8"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" indent="yes"/>
  <xsl:template match="/orders">
{body}
  </xsl:template>
</xsl:stylesheet>
"""


@dataclass(frozen=True, slots=True)
class OldXml:
    """What was found: ``names`` by canonical element, or a ``stylesheet``; ``unknown`` paths."""

    names: Mapping[str, str]
    stylesheet: str
    unknown: tuple[str, ...]


def propose_xml(data: bytes, file: str) -> OldXml:
    """Raises :class:`RejectedError` for what is no XML, or has no orders with lines in it."""
    root = _parsed(data, file)
    if any("{" in str(one.tag) for one in root.iter()):
        mend = _("write a stylesheet by hand: docs/examples/ubl-order.xsl shows one")
        raise RejectedError(_("its elements have namespaces"), file, mend)
    order, line = _order_and_line(root, file)
    layout = _Layout(root, order, line)
    if layout.is_canonical:
        return OldXml(layout.names(), "", ())
    body = "\n".join(layout.sheet(f"/{root.tag!s}", "top", 2))
    return OldXml({}, _SHEET.format(body=body), tuple(dict.fromkeys(layout.unknown)))


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
            found[_path(element)] += 1
    if not found:
        mend = _("an order's line needs an item number and a quantity: name another file")
        raise RejectedError(_("no lines of orders are found in it"), file, mend)
    line = found.most_common(1)[0][0]
    up = line.rpartition("/")[0]
    # A container of lines alone, as <lignes>, is not the order.
    while up.count("/") > 1 and not _has_own_values(root, up):
        up = up.rpartition("/")[0]
    return up, line


def _is_line(element: "etree._Element") -> bool:
    keys = {_key(name, _OF_LINES) for name, _text in _values(element)}
    items = any(is_gtin(text) for _name, text in _values(element))
    return "quantity" in keys and (
        items or bool(keys & {"ean13", "product_id", "product_reference"})
    )


def _has_own_values(root: "etree._Element", path: str) -> bool:
    first = next((one for one in root.iter() if _path(one) == path), None)
    return first is not None and any(True for _value in _values(first))


def _values(element: "etree._Element") -> Iterator[tuple[str, str]]:
    """Its attributes and the leaves right below it."""
    yield from _attributes(element)
    for child in element:
        if not len(child) and not child.attrib:
            yield str(child.tag), child.text or ""


def _attributes(element: "etree._Element") -> Iterator[tuple[str, str]]:
    return ((str(name), str(text)) for name, text in element.attrib.items())


def _path(element: "etree._Element") -> str:
    tags = [str(element.tag), *(str(one.tag) for one in element.iterancestors())]
    return "/" + "/".join(reversed(tags))


@cache
def _key(name: str, keys: tuple[str, ...]) -> str:
    """Which of the keys a tag means; empty for none."""
    words = _WORDS.sub(" ", name)
    plain = plain_word(name)
    for key in keys:
        if key == name or plain in _MORE.get(key, ()):
            return key
    columns = COLUMNS["orders"]
    scored = [
        (likeness(key, words, known), key)
        for key in keys
        if key in columns
        for known in (*columns[key].names, *columns[key].usual)
    ]
    score, key = max(scored, default=(0.0, ""))
    return key if score else ""


class _Layout:
    """The elements of the old XML, each with the canonical one that it means, if any."""

    def __init__(self, root: "etree._Element", order: str, line: str) -> None:
        self._order, self._line, self._top = order, line, f"/{root.tag!s}"
        self.unknown: list[str] = []
        # By the path of an element or attribute: what it says, how often, and what is right below.
        self._texts: dict[str, set[str]] = {}
        self._count, self._below = Counter[str](), dict[str, dict[str, None]]()
        for element in root.iter():
            path = _path(element)
            self._note(path, (element.text or "").strip())
            for name, text in _attributes(element):
                self._note(f"{path}/@{name}", text)
        # Who buys stands where most is that only people have.
        people = Counter(
            path.rpartition("/")[0] for path in self._texts if self._like(path) in _CUSTOMER
        )
        self._buyer = next((up for up, _number in people.most_common(1)), "")

    def _note(self, path: str, text: str) -> None:
        self._texts.setdefault(path, set()).add(text)
        self._count[path] += 1
        self._below.setdefault(path.rpartition("/")[0], {})[path] = None

    @property
    def is_canonical(self) -> bool:
        """Whether each element is a canonical one, where that stands, and none has attributes."""
        if any("@" in path for path in self._texts):
            return False
        lines, leaves = self._line.rpartition("/")[0], self._leaves()
        whole = self._order.count("/") == 2 and lines.rpartition("/")[0] == self._order
        return whole and all(self._is_in_place(path) for path in leaves) and self._is_one_to_one()

    def _is_one_to_one(self) -> bool:
        means = [(self._scope(path), self.meaning(path)) for path in self._leaves()]
        return len(means) == len(set(means))

    def _leaves(self) -> list[str]:
        own = (self._order, self._line, self._top)
        return [path for path in self._texts if path not in self._below and path not in own]

    def _is_in_place(self, path: str) -> bool:
        key, up = self.meaning(path), path.rpartition("/")[0]
        if up == self._line:
            return key in _OF_LINES
        if key in _CUSTOMER:
            return up.rpartition("/")[0] == self._order
        return bool(key) and (up == self._order or up == self._top)

    def _scope(self, path: str) -> str:
        return "line" if path.startswith(self._line + "/") else (
            "order" if path.startswith(self._order + "/") else "top")  # fmt: skip

    def meaning(self, path: str) -> str:
        """The canonical element; a number or a name of something else in the order is none."""
        found, up = self._like(path), path.rpartition("/")[0]
        if found == "id" and up != self._order:
            return ""
        return "" if found in _CUSTOMER and up != self._buyer else found

    def _like(self, path: str) -> str:
        keys = {"line": _OF_LINES, "order": _OF_ORDERS, "top": ("store", "generated", "count")}
        found = _key(path.rpartition("/")[2].removeprefix("@"), keys[self._scope(path)])
        texts = self._texts.get(path, set()) - {""}
        if not found and self._scope(path) == "line" and texts and all(map(is_gtin, texts)):
            return "ean13"
        return found

    def names(self) -> dict[str, str]:
        """Canonical element = its name here, where that is another."""
        lines = self._line.rpartition("/")[0]
        named = {
            "orders": self._top.removeprefix("/"),
            "order": self._order.rpartition("/")[2],
            "lines": lines.rpartition("/")[2],
            "line": self._line.rpartition("/")[2],
        }
        for path in self._leaves():
            key = self.meaning(path)
            named[key] = path.rpartition("/")[2]
            if key in _CUSTOMER:
                named["customer"] = path.rpartition("/")[0].rpartition("/")[2]
        return {key: name for key, name in named.items() if key != name}

    # --- the stylesheet ------------------------------------------------------------------------

    def sheet(self, path: str, scope: str, depth: int) -> Iterator[str]:
        """The literal element that makes those at ``path``, and what is below any of them."""
        pad = "  " * depth
        loop = {self._order: ("order", "order"), self._line: ("lines/line", "line")}.get(path)
        if loop:
            yield f'{pad}<xsl:for-each select="{loop[0]}">'
            scope, pad, depth = loop[1], pad + "  ", depth + 1
        yield from self._literal(path, scope, depth)
        if loop:
            yield f"{'  ' * (depth - 1)}</xsl:for-each>"

    def _literal(self, path: str, scope: str, depth: int) -> Iterator[str]:
        pad, tag = "  " * depth, path.rpartition("/")[2]
        below = self._below.get(path, {})
        attributes = "".join(
            f' {one.rpartition("@")[2]}="{self._attribute(one, scope)}"'
            for one in below
            if one.startswith(f"{path}/@")
        )
        children = [one for one in below if not one.startswith(f"{path}/@")]
        if children:
            yield f"{pad}<{tag}{attributes}>"
            for child in children:
                yield from self.sheet(child, scope, depth + 1)
            yield f"{pad}</{tag}>"
        elif attributes and self._texts[path] == {""}:
            yield f"{pad}<{tag}{attributes}/>"
        else:
            yield f"{pad}<{tag}{attributes}>{self._text(path, scope)}</{tag}>"

    def _select(self, path: str, scope: str) -> str:
        key, of = self.meaning(path), self._scope(path)
        inner = f"customer/{key}" if key in _CUSTOMER else key
        up = {
            ("line", "order"): "../../",
            ("line", "top"): "/orders/",
            ("order", "top"): "/orders/",
        }
        return up.get((scope, of), "") + inner if key else ""

    def _constant(self, path: str) -> str | None:
        texts = self._texts.get(path, set())
        # That it is the same each time says something only where there are several.
        is_known = len(texts) == 1 and (self._scope(path) == "top" or self._count[path] > 1)
        return next(iter(texts)) if is_known else None

    def _text(self, path: str, scope: str) -> str:
        if select := self._select(path, scope):
            return f'<xsl:value-of select="{select}"/>'
        if constant := self._constant(path):
            return escape(constant)
        self.unknown.append(path)
        return "<!-- ? -->"

    def _attribute(self, path: str, scope: str) -> str:
        if select := self._select(path, scope):
            return f"{{{select}}}"
        if (constant := self._constant(path)) is not None:
            return escape(constant).replace("{", "{{").replace("}", "}}")
        self.unknown.append(path)
        return ""
