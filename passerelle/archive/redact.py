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

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from lxml import etree

from passerelle.archive.person import ERASED, Person
from passerelle.archive.tree import Names, everywhere, parse, serialise, slots
from passerelle.base.language import _
from passerelle.base.reading import detect_encoding

_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Survey:
    """What an XML tells of a person.

    ``orders`` are the ids of the person's orders, ``fields`` what they hold (canonical element, or
    ``""``, and text), ``everyday`` the words of all that is nobody's.
    """

    is_named: bool
    orders: tuple[str, ...]
    fields: frozenset[tuple[str, str]]
    everyday: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Parts:
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
        elif names.is_customers(slot.owner):
            orders[order] = None
    return _Parts(list(orders), list(unknown))


def _around(element: etree._Element, ids: Collection[str]) -> etree._Element:
    """The order around an element, in a tree whose form is not known."""
    chain = [element, *element.iterancestors()]
    for part in chain:
        if _may_be_order(part) and any(slot.text.strip() in ids for slot in slots(part)):
            return part
    return next((part for part in reversed(chain) if _is_repeated(part)), chain[-1])


def _may_be_order(part: etree._Element) -> bool:
    parent = part.getparent()
    return parent is None or parent.getparent() is None or _is_repeated(part)


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
        if names.is_sold(owner) if owner in mine else not names.is_customers(owner):
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


def redact_text(data: bytes, redact: Callable[[str], str]) -> bytes:
    """A trace without what ``redact`` takes out; other bytes stay as they are.

    Passerelle writes UTF-8, an editor may have saved some of it as cp1252, or all as UTF-16.
    Raises :class:`ValueError` for what is no text.
    """
    codec = detect_encoding(data)
    if codec.startswith(("utf-16", "utf-32")):
        return redact(data.decode(codec)).encode(codec)
    if b"\0" in data:
        raise ValueError(_("it is no text"))
    return b"".join(_line(line, redact) for line in data.splitlines(keepends=True))


def _line(line: bytes, redact: Callable[[str], str]) -> bytes:
    codec = "cp1252" if detect_encoding(line) == "cp1252" else "utf-8"
    return redact(line.decode(codec, "surrogateescape")).encode(codec, "surrogateescape")
