"""An order's goods: what was ordered, how many and at which price. No customer is in them.

What was sent stands in its XML of ArchiveExport. Of an order that is withheld, waits or was
rejected there is no XML: the run that meets it keeps its goods in ArchiveWithheld, a file a day,
an order a line in JSON. Said anew, the last line counts.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, BinaryIO

from lxml import etree
from msgspec import Struct

from passerelle.archive.folders import EXPORTS, WITHHELD, Archives
from passerelle.archive.redact import Names
from passerelle.base.dates import same_moment
from passerelle.config.model import Settings
from passerelle.model.orders import Line, Order
from passerelle.model.records import KnownOrder

_NAME = "Goods_{day:%Y%m%d}_000000.jsonl"
_LINE = (
    *("ean13", "product_id", "product_reference", "product_name"),
    *("quantity", "unit_price", "vat_rate"),
)
_SUMS = ("shipping", "discount", "total_paid")


class Goods(Struct, frozen=True):
    """What an order holds, as the shop exported it; sums that its file does not say are ``None``.

    ``kept_in`` is the file that has them, below the folder of config.toml.
    """

    lines: tuple[Line, ...]
    shipping: Decimal | None = None
    discount: Decimal | None = None
    total_paid: Decimal | None = None
    currency: str = ""
    kept_in: str = ""

    @property
    def amount(self) -> Decimal:
        """Of all lines, exact."""
        return sum((line.amount for line in self.lines), Decimal(0))


class Unknown(StrEnum):
    """Why an order's goods cannot be told."""

    NOT_KEPT = "not_kept"
    GONE = "gone"
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"


class NoGoods(Struct, frozen=True):
    """``file`` is the one that should have them, below the folder of config.toml."""

    why: Unknown
    file: str = ""


def goods_of(
    settings: Settings, shelf: Archives, orders: Iterable[KnownOrder]
) -> Mapping[KnownOrder, Goods | NoGoods]:
    """The goods of each of the orders, or why they are not known; each file is read once."""
    by_xml, found = defaultdict[str, list[KnownOrder]](list), dict[KnownOrder, Goods | NoGoods]()
    for order in orders:
        by_xml[order.archived or ""].append(order)
    names = settings.orders.xml.names if settings.orders else {}
    for name, some in by_xml.items():
        ids = {order.id for order in some}
        sent = _in_xml(shelf, name, ids, names) if name else NoGoods(Unknown.NOT_KEPT)
        for order in some:
            of_it = sent if isinstance(sent, NoGoods) else sent.get(order.id)
            found[order] = of_it or NoGoods(Unknown.FOREIGN, f"{EXPORTS}/{name}")
    missing = [order for order, one in found.items() if isinstance(one, NoGoods)]
    found.update(_kept(shelf, missing))
    return found


# --- what was sent


def _in_xml(
    shelf: Archives, name: str, wanted: Collection[str], names: Mapping[str, str]
) -> Mapping[str, Goods] | NoGoods:
    """The goods of the orders of these ids in an XML that was sent, of those in canonical form."""
    shown = f"{EXPORTS}/{name}"
    try:
        if file := shelf.open(EXPORTS, name):
            with file:
                return _read_xml(file, wanted, names, shown)
    except (OSError, etree.XMLSyntaxError):
        return NoGoods(Unknown.UNREADABLE, shown)
    return NoGoods(Unknown.GONE, shown)


def _read_xml(
    file: BinaryIO, wanted: Collection[str], names: Mapping[str, str], shown: str
) -> Mapping[str, Goods]:
    """An order at a time: there may be tens of thousands, of which one is asked for."""
    found, known = dict[str, Goods](), Names(names)
    tags = {"order", names.get("order", "order")}
    orders = etree.iterparse(file, tag=tags, resolve_entities=False, huge_tree=True)
    for _end, order in orders:
        if (id := _text(order, "id", known)) in wanted:
            with suppress(ValueError, InvalidOperation):
                found[id] = _from_element(order, known, shown)
        order.clear()
        while order.getprevious() is not None and (parent := order.getparent()) is not None:
            del parent[0]
    return found


def _from_element(order: etree._Element, names: Names, shown: str) -> Goods:
    """Raises :class:`ValueError` or :class:`InvalidOperation` for what has another form."""
    rows = [part for part in order.iter(etree.Element) if names.is_a(part, "line")]
    if not rows:
        raise ValueError
    said = {key: _text(order, key, names) for key in (*_SUMS, "currency")}
    return _goods(said, ({key: _text(row, key, names) for key in _LINE} for row in rows), shown)


def _text(element: etree._Element, key: str, names: Names) -> str:
    return next((child.text or "" for child in element if names.is_a(child, key)), "").strip()


def _goods(said: Mapping[str, str], rows: Iterable[Mapping[str, str]], kept_in: str) -> Goods:
    shipping, discount, paid = (_amount(said[key]) for key in _SUMS)
    lines = tuple(map(_line, rows))
    return Goods(lines, shipping, discount, paid, said["currency"], kept_in)


def _line(said: Mapping[str, str]) -> Line:
    ean13, id, reference, name, quantity, price, vat = (said[key] for key in _LINE)
    return Line(ean13, id, reference, name, int(quantity), _decimal(price), _amount(vat))


def _amount(text: str) -> Decimal | None:
    return _decimal(text) if text else None


def _decimal(text: str) -> Decimal:
    """No XML of ours parts thousands, so that a comma is a decimal mark whatever is configured."""
    value = Decimal(text.replace(",", "."))
    if not value.is_finite():
        raise ValueError
    return value


# --- what was not


def keep_goods(shelf: Archives, channel: str, orders: Collection[Order], at: datetime) -> None:
    """Notes the goods of orders of which no XML can be read; raises :class:`OSError`."""
    # What a power cut left of a line does not spoil the next one.
    lines = "".join(f"\n{_as_json(channel, order)}" for order in orders)
    shelf.add(WITHHELD, _NAME.format(day=at), f"{lines}\n".encode(), at)


def _as_json(channel: str, order: Order) -> str:
    lines = [{key: _plain(getattr(line, key)) for key in _LINE} for line in order.lines]
    sums = {key: _plain(getattr(order, key)) for key in _SUMS}
    date = order.date.isoformat() if order.date else ""
    head = {"channel": channel, "id": order.id, "date": date, "currency": order.currency}
    return json.dumps(head | sums | {"lines": lines}, ensure_ascii=False)


def _plain(value: str | int | Decimal | None) -> str:
    return "" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)


def _kept(shelf: Archives, orders: Collection[KnownOrder]) -> Mapping[KnownOrder, Goods | NoGoods]:
    """Of these orders those whose goods were kept; the newest file that has them counts."""
    wanted = defaultdict[tuple[str, str], list[KnownOrder]](list)
    for order in orders:
        wanted[order.channel, order.id].append(order)
    found = dict[KnownOrder, Goods | NoGoods]()
    names = [name for name in shelf.names(WITHHELD) if name.endswith(".jsonl")] if wanted else []
    for name in reversed(names):
        shown = f"{WITHHELD}/{name}"
        try:
            text = _text_of(shelf, name)
        except OSError:
            unread = NoGoods(Unknown.UNREADABLE, shown)
            found |= {order: unread for order in orders if order not in found}
            continue
        for line in reversed(text.split("\n")):
            for order, goods in _in_line(line, wanted, shown):
                if not isinstance(found.get(order), Goods):
                    found[order] = goods
    return found


def _text_of(shelf: Archives, name: str) -> str:
    """Its lines, however they end."""
    if file := shelf.open(WITHHELD, name):
        with file:
            text = file.read().decode("utf-8", errors="replace")
            return text.replace("\r\n", "\n")
    return ""


def _in_line(
    line: str, wanted: Mapping[tuple[str, str], Collection[KnownOrder]], shown: str
) -> Iterator[tuple[KnownOrder, Goods]]:
    """Nothing for a line that is not whole."""
    with suppress(ValueError, InvalidOperation, KeyError, TypeError, AttributeError):
        said: dict[str, Any] = json.loads(line)
        for order in wanted.get((said["channel"], said["id"]), ()):
            date = datetime.fromisoformat(said["date"]) if said["date"] else None
            # Another order may have had its id.
            if date is None or order.date is None or same_moment(date, order.date):
                yield order, _goods(said, said["lines"], shown)
