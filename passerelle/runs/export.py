"""``export``: what people ask the ledger for as a table, a row at a time.

- ``orders``: every order, with its state, what was paid, and when and as what it was sent.
- ``missed``: the orders that a person has to see to at the till (withheld, rejected, refused by the
  ERP, gone from the shop's file before they could be sent), a row for each product.
- ``stock``: the lines that a publication had lower than the ERP, or not at all, and for which
  orders.
- ``runs``: every run, and how it ended.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from passerelle.archive.goods import Goods, NoGoods, goods_of
from passerelle.base.language import N_, _
from passerelle.base.progress import moved
from passerelle.base.words import gtin
from passerelle.config.model import Settings
from passerelle.exchange.kept import shelf_of
from passerelle.explain.goods import why_unknown
from passerelle.health.orders import look_at_orders
from passerelle.ledger.ledger import Ledger
from passerelle.model.orders import Sold
from passerelle.model.records import KnownOrder
from passerelle.model.states import State

Cell = str | int | Decimal | datetime | None
Row = tuple[Cell, ...]
Rows = Generator[Row, None, None]
_STATES = {
    State.WAITING: N_("waiting"),
    State.WITHHELD: N_("withheld, to be entered at the till"),
    State.REJECTED: N_("rejected"),
    State.PREPARED: N_("being sent"),
    State.SENT: N_("in the ERP's import folder"),
    State.TAKEN: N_("taken by the ERP"),
    State.SKIPPED: N_("left to the previous system"),
    State.SETTLED: N_("entered by hand"),
}
_ENDS = {
    0: N_("done"),
    1: N_("a fault in Passerelle"),
    2: N_("called wrongly"),
    3: N_("configuration"),
    4: N_("a server or file was not reached"),
    5: N_("some data was rejected"),
    6: N_("held for safety"),
    7: N_("another run was active"),
    130: N_("interrupted"),
}


class Asked(Struct, frozen=True):
    """Whom is asked, for what is dated ``since`` then (aware); ``None`` for all there is."""

    settings: Settings
    ledger: Ledger
    since: datetime | None


class Sheet(Struct, frozen=True):
    """A table's title and columns, marked with ``N_``; its rows are asked for one at a time."""

    title: str
    columns: tuple[str, ...]
    rows: Callable[[Asked], Rows]


def _orders(asked: Asked) -> Rows:
    for order in asked.ledger.overview.orders(asked.since):
        moved(1)
        sent_as = f"{order.server}:{order.sent_as}" if order.sent_as else ""
        yield (
            *(order.id, order.reference, order.channel, order.date, state_of(order)),
            *(order.reason, order.total, order.sent, order.taken, sent_as),
        )


def state_of(order: KnownOrder) -> str:
    """In words; what the shop cancelled before it was sent is no order that waits."""
    if order.cancelled and order.state == State.WAITING:
        return _("cancelled in the shop")
    return _(_STATES[order.state])


def _missed(asked: Asked) -> Rows:
    orders = [o for o in _to_see_to(asked.ledger) if _is_since(o, asked.since)]
    shelf = shelf_of(asked.settings, asked.ledger)
    goods, sold = goods_of(asked.settings, shelf, orders), asked.ledger.orders.sold(orders)
    for order in sorted(orders, key=lambda one: (one.date or one.seen, one.id)):
        reason = order.reason or order.matter_note
        head = (order.id, order.reference, order.channel, order.date, state_of(order), reason)
        for row in _goods(order, goods[order], sold[order.channel, order.id]):
            moved(1)
            yield (*head, *row)


def _to_see_to(ledger: Ledger) -> Iterable[KnownOrder]:
    """Each once."""
    health = look_at_orders(ledger, ledger.runs.last("orders", (0, 5)))
    return (order for some in health.to_enter().values() for order in some)


def _is_since(order: KnownOrder, since: datetime | None) -> bool:
    return since is None or (order.date or order.seen) >= since


def _goods(order: KnownOrder, found: Goods | NoGoods, sold: Iterable[Sold]) -> Iterator[Row]:
    """A row for each product; where their names are not known, of what the ledger knows."""
    if isinstance(found, NoGoods):
        why, blank = why_unknown(order, found), (None, None, order.total)
        rows = [("", "", one.key, one.quantity, *blank, why) for one in sold]
        yield from rows or [("", "", "", None, *blank, why)]
        return
    paid = order.total if found.total_paid is None else found.total_paid
    for line in found.lines:
        name = line.product_name or line.product_id
        item = line.ean13 if gtin(line.ean13) else ""
        numbers = (line.quantity, line.unit_price, line.amount, paid)
        yield (name, line.product_reference, item, *numbers, "")


def _stock(asked: Asked) -> Rows:
    for at, line in asked.ledger.overview.held_back(asked.since):
        moved(1)
        after = line.after if line.after is not None else _("line taken away")
        yield at, line.line, line.key, _level(line.before), _level(after), line.orders


def _level(text: str) -> Cell:
    """A level is written as the ERP has it; most are whole numbers."""
    return int(text) if text.isascii() and text.lstrip("-").isdigit() else text


def _runs(asked: Asked) -> Rows:
    for run in asked.ledger.overview.history(asked.since):
        moved(1)
        took = round((run.ended - run.started).total_seconds()) if run.ended else None
        end = _("killed or active")
        if run.exit_code is not None:
            end = _(_ENDS.get(run.exit_code, N_("a fault in Passerelle")))
        yield run.started, run.run, run.ended, took, run.exit_code, end, run.summary


_ORDER = (N_("order"), N_("reference"), N_("channel"), N_("ordered"), N_("state"), N_("why"))
_SENT = (N_("paid"), N_("sent on"), N_("taken on"), N_("sent as"))
_GOODS = (N_("product"), N_("product's reference"), N_("EAN"), N_("quantity"), N_("price"),
          N_("total"), N_("paid in all"), N_("note"))  # fmt: skip
_LEVELS = (N_("published"), N_("line"), N_("item"), N_("the ERP's level"), N_("published level"),
           N_("for the orders"))  # fmt: skip
_HISTORY = (N_("started"), N_("run"), N_("ended"), N_("seconds"), N_("exit code"), N_("result"),
            N_("summary"))  # fmt: skip
SHEETS: Mapping[str, Sheet] = {
    "orders": Sheet(N_("Orders"), (*_ORDER, *_SENT), _orders),
    "missed": Sheet(N_("Orders to see to"), (*_ORDER, *_GOODS), _missed),
    "stock": Sheet(N_("Stock held back"), _LEVELS, _stock),
    "runs": Sheet(N_("Runs"), _HISTORY, _runs),
}
