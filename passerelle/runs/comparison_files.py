"""Files that ``compare`` sets side by side, read into tables of texts: a row for each key.

CSV is read as the run of stock reads it: by BOM, strict UTF-8 or cp1252, any separator, with titles
above its header. An XML has a row for each order (its elements by their path, as in
``customer/city``) and one for each of its lines, found by its item.
"""

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from lxml import etree
from msgspec import Struct

from passerelle.archive.redact import parse
from passerelle.base.errors import UnreachableError, UsageError
from passerelle.base.language import _
from passerelle.base.reading import (
    MOST_ABOVE,
    about_other_kind,
    decode_file,
    detect_encoding,
    detect_separator,
    find_column,
    find_top,
    split_header,
    without_blanks,
    without_end,
    without_marks,
)
from passerelle.base.wording import shorten
from passerelle.base.words import fold, gtin, is_dressed, is_gtin, meant
from passerelle.config.model import Settings
from passerelle.config.stock import Stock
from passerelle.runs.local_files import read_local

_END = "\x1a\r\n"
# What [stock] says of columns where there is none.
_USUAL = Stock.model_construct()
_ITEM = ("ean13", "product_reference", "product_id")


class Key(NamedTuple):
    """What names a row: an item or an order; within an order, the item of its line."""

    one: str
    line: str = ""

    def __str__(self) -> str:
        return f"{self.one} / {self.line}" if self.line else self.one


class Rows(Struct, frozen=True):
    """A file, or the XMLs of a folder: by their keys, each row's texts by their columns.

    ``keyed`` are the columns that the keys are made of.
    """

    name: str
    columns: tuple[str, ...]
    rows: Mapping[Key, Mapping[str, str]]
    keyed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_xml: bool = False


class Terms(Struct, frozen=True):
    """How files are read: by config.toml, and by what the command line says instead.

    ``keys`` are columns whose texts together name a row; or, for an XML, one ``ORDER/ID``.
    ``ignored`` are columns that do not count.
    """

    settings: Settings | None = None
    keys: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def counts(self, column: str) -> bool:
        return fold(column) not in map(fold, self.ignored)

    @property
    def names(self) -> Mapping[str, str]:
        """The ERP's names of XML elements."""
        orders = self.settings.orders if self.settings else None
        return orders.xml.names if orders else {}


def is_xml(path: Path) -> bool:
    """By what it holds: any name may be given to a file."""
    data = read_local(path)[:200]
    begin = data.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return begin.startswith(b"<") and (begin.startswith(b"<?xml") or not about_other_kind(begin))


# --- CSV


class _Header(NamedTuple):
    """A header's names, each once; its line's number in the file, and where the next one begins."""

    names: tuple[str, ...]
    separator: str
    line: int
    end: int


def read_csv(path: Path, terms: Terms) -> Rows:
    """Raises :class:`UnreachableError` for what cannot be read whole, :class:`UsageError` where
    it lacks the column that names its lines."""
    stock = (terms.settings.stock if terms.settings else None) or _USUAL
    usual = [tuple(stock.columns.ean13), (stock.gift_cards.column,)]
    sought = [(key,) for key in terms.keys] or usual
    text = _text_of(path, stock.encoding)
    header = _header(text, sought, stock)
    places = _places(header, sought, str(path), all_of_them=bool(terms.keys))
    rows, counts = dict[Key, Mapping[str, str]](), Counter[str]()
    for number, cells in _records(text, header, path):
        texts = [cells[place] for place in places]
        key = " + ".join(map(_as_key, texts)) if terms.keys else _item_or_id(*texts)
        key = key or _("line {n}").format(n=number)
        rows[Key(_numbered(key, counts))] = dict(zip(header.names, cells, strict=True))
    told = _("{file}: its last line has no end: is it whole?").format(file=path)
    keyed = tuple(header.names[place] for place in (places if terms.keys else places[:1]))
    return Rows(str(path), header.names, rows, keyed, () if text.endswith("\n") else (told,))


def _header(text: str, sought: Sequence[Sequence[str]], stock: Stock) -> _Header:
    known = [name for names in (*sought, stock.columns.quantity) for name in names]
    lines = text.split("\n", MOST_ABOVE)
    top = find_top(lines[:MOST_ABOVE], known, lambda names: _has_any(names, sought))
    line = without_marks(lines[top.line])
    fixed = "" if stock.separator == "auto" else stock.separator
    separator = fixed or top.separator or detect_separator(line, known)
    found, counts = without_blanks(split_header(line, separator))[0], Counter[str]()
    names = tuple(_numbered(name.strip(), counts) for name in found)
    return _Header(names, separator, top.line + 1, sum(len(x) + 1 for x in lines[: top.line + 1]))


def _text_of(path: Path, encoding: str) -> str:
    data = read_local(path)
    if not data.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise UnreachableError(_("the file is empty"), str(path), _("name one that holds rows"))
    if other := about_other_kind(data):
        raise UnreachableError(other, str(path), _("export it as CSV"))
    try:
        return without_end(decode_file(data, encoding)[1], _END)
    except UnicodeDecodeError as error:
        codec = detect_encoding(data, encoding)
        what = _("the file is no text in {encoding}").format(encoding=codec)
        mend = _("look at stock.encoding in config.toml")
        raise UnreachableError(what, str(path), mend) from error


def _has_any(names: Sequence[str], sought: Iterable[Sequence[str]]) -> bool:
    folded = set(map(fold, names))
    return any(fold(name) in folded for one in sought for name in one)


def _places(
    header: _Header, sought: Sequence[Sequence[str]], file: str, *, all_of_them: bool
) -> list[int]:
    """The columns that name a row; of those that config.toml has, one does."""
    found = [find_column(header.names, names) for names in sought]
    places = [place for place in found if place is not None]
    if not places or (all_of_them and None in found):
        missing = next(names for names, place in zip(sought, found, strict=True) if place is None)
        what = _("no column is called {name}").format(name=_(" or ").join(missing))
        mend = _("name the column that tells the lines apart with --key; the file has: {names}")
        mend = mend.format(names=shorten(", ".join(header.names), 200))
        raise UsageError(what, f"{file}:{header.line}", mend)
    return places


def _numbered(name: str, counts: Counter[str]) -> str:
    """The name; the second time it is met, with its number."""
    counts[name] += 1
    return name if counts[name] == 1 else f"{name} ({counts[name]})"


def _records(text: str, header: _Header, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row's number in the file, and its cells, as many as the header has names."""
    width, number = len(header.names), header.line + 1
    lines = StringIO(text[header.end :], newline="")
    reader = csv.reader(lines, delimiter=header.separator, strict=True)
    try:
        for cells in reader:
            if any(cells):
                _check_width(cells, width, f"{path}:{number}")
                joined = "".join(cells)
                clean = meant if is_dressed(joined) or not joined.isprintable() else str.strip
                yield number, [*map(clean, cells[:width])]
            number = header.line + reader.line_num + 1
    except csv.Error as error:
        what = _("a quote is not closed or not doubled")
        mend = _("the file is cut there, or a text holds a lone quote")
        raise UnreachableError(what, f"{path}:{number}", mend) from error


def _check_width(cells: Sequence[str], width: int, where: str) -> None:
    if len(cells) < width or any(map(str.strip, cells[width:])):
        what = _("a line has {found} fields, the header {expected}")
        mend = _("the file is damaged there, or a text holds the separator")
        raise UnreachableError(what.format(found=len(cells), expected=width), where, mend)


def _as_key(text: str) -> str:
    return gtin(text) if is_gtin(text) else text


def _item_or_id(item: str, id: str = "") -> str:
    """A gift card has a product id and no item number."""
    return gtin(item) or id


# --- XML


def read_xmls(paths: Collection[Path], name: str, terms: Terms) -> Rows:
    """The orders of all these XMLs. Raises :class:`UnreachableError` for what is no XML, and
    :class:`UsageError` for what has no order in it."""
    rows, counts = dict[Key, Mapping[str, str]](), Counter[str]()
    for path in paths:
        try:
            root = parse(read_local(path)).getroot()
        except ValueError as error:
            mend = _("it is cut or damaged: take a whole one")
            raise UnreachableError(str(error), str(path), mend) from error
        for order, id in _orders(root, path, terms):
            rows.update(_rows_of(order, _numbered(id, counts), terms.names))
    columns = dict.fromkeys(column for row in rows.values() for column in row)
    return Rows(name, (*columns,), rows, is_xml=True)


def _orders(root: etree._Element, path: Path, terms: Terms) -> Iterator[tuple[etree._Element, str]]:
    order, slash, id = "".join(terms.keys[:1]).partition("/")
    if not slash:
        order, id = (terms.names.get(key, key) for key in ("order", "id"))
    found = [one for one in root.iter(etree.Element) if _tag(one) == order]
    ids = [_leaf(one, id) for one in found]
    may_be_empty = not slash and _tag(root) == terms.names.get("orders", "orders")
    if not all(ids) or not (found or may_be_empty):
        what = _("no <{order}> with <{id}> is in the XML").format(order=order, id=id)
        mend = _("name them as in --key vente/numero, or --key vente/@numero for an attribute")
        raise UsageError(what, str(path), mend)
    yield from zip(found, ids, strict=True)


def _rows_of(
    order: etree._Element, id: str, names: Mapping[str, str]
) -> Iterator[tuple[Key, Mapping[str, str]]]:
    line, counts = names.get("line", "line"), Counter[str]()
    yield Key(id), dict(_leaves(order, line))
    for number, part in enumerate((p for p in order.iter(etree.Element) if _tag(p) == line), 1):
        item = next(filter(None, (_leaf(part, names.get(key, key)) for key in _ITEM)), "")
        yield Key(id, _numbered(gtin(item) or f"#{number}", counts)), dict(_leaves(part, ""))


def _leaves(element: etree._Element, but: str, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text below an element by its path, without the elements ``but``."""
    for name, value in element.attrib.items():
        yield f"{path}@{name}", str(value)
    counts = Counter[str]()
    for child in element.iterchildren(etree.Element):
        if (tag := _tag(child)) != but:
            own = f"{path}{_numbered(tag, counts)}"
            if text := " ".join((child.text or "").split()):
                yield own, text
            yield from _leaves(child, but, f"{own}/")


def _leaf(element: etree._Element, name: str) -> str:
    if name.startswith("@"):
        return str(element.get(name[1:], "")).strip()
    found = (child.text or "" for child in element.iterchildren(etree.Element))
    tags = (_tag(child) for child in element.iterchildren(etree.Element))
    return next((text.strip() for tag, text in zip(tags, found, strict=True) if tag == name), "")


def _tag(element: etree._Element) -> str:
    """Without its namespace."""
    return etree.QName(element).localname
