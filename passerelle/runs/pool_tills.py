"""What stands in the orders of a group of tills, as a run of the pool counts it.

Drafts are read each time, what was paid or cancelled once: how far the book was read stands beside
the shop. Of every line the ledger knows what was counted, so that a draft that loses a line, is
cancelled, or is paid moves the pool by the difference.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from passerelle.base.language import _
from passerelle.base.words import gtin
from passerelle.config.pool import PoolShop
from passerelle.gateway.frame import Gateway
from passerelle.ledger.till_book import TillBook
from passerelle.ledger.till_reading import Bookmark, cursor_of, here, question, reading_till_book
from passerelle.model.location import channel_of
from passerelle.model.pool import LevelFile, ShopState
from passerelle.model.states import State
from passerelle.model.till_forms import read_order
from passerelle.model.tills import TillOrder, TillState
from passerelle.rules.pool.terms import OrderLine, Rules, Seen
from passerelle.rules.tills.sales import named, pieces_in
from passerelle.runs.pool_plan import TillReading

# An order, and when it was paid.
Dated = tuple[TillOrder, datetime | None]


def read_tills(gateway: Gateway, name: str, shop: PoolShop, *, accept: bool) -> TillReading:
    """Reads a group's orders. Raises what stops only them.

    ``accept``: a person says that the book is right as it is.
    """
    known = gateway.ledger.pool.shops(with_views=False)
    me = known.get(name)
    me = me if me and me.state == ShopState.MEMBER else None
    cursor = cursor_of(me.read) if me else Bookmark()
    groups = gateway.settings.needed_tills.groups
    with reading_till_book(gateway.settings.folder, groups) as book:
        if not accept:
            _question(book, cursor)
        # What changes while it is read is read again by the next run.
        token = str(here(book)) if book else ""
        orders = _orders(gateway, book, name, shop, cursor) if book else {}
    joined = me.changed if me else gateway.now() if known else None
    return _reading(gateway, name, shop, orders, token, joined)


def _question(book: TillBook | None, cursor: Bookmark) -> None:
    mend = _(
        "put back the newest copy of the tills' book; if it is right as it is, "
        "`passerelle run pool --accept`"
    )
    question(book, cursor, mend)


def _orders(
    gateway: Gateway, book: TillBook, name: str, shop: PoolShop, cursor: Bookmark
) -> dict[str, Dated]:
    """The drafts, and what is paid or cancelled since."""
    group, seq = shop.group, cursor.seq if cursor.epoch == book.epoch else 0
    ended = [read_order(event.doc) for event in book.events_after(seq, group)]
    found: dict[str, Dated] = {order.id: (order, None) for order in book.drafts(group)}
    found |= {o.id: (o, None) for o in ended if o.state == TillState.CANCELLED}
    # An older level than that moves no pool, so what was paid before is in every one.
    since = gateway.now() - gateway.settings.needed_pool.max_age
    paid = book.paid_after(group, seq)
    found |= {o.id: (o, at) for _seq, at, o in paid if cursor.epoch or at >= since}
    if cursor.epoch and cursor.epoch != book.epoch:
        found |= _lost(gateway, book, name, group)
    return found


def _lost(gateway: Gateway, book: TillBook, name: str, group: str) -> Iterator[tuple[str, Dated]]:
    """What was counted of drafts that the book has no more holds nothing back."""
    for id in gateway.ledger.pool.open_orders(name):
        if book.order(group, id) is None:
            yield id, (TillOrder(id, 0, 0, "", state=TillState.CANCELLED), None)


def _reading(
    gateway: Gateway,
    name: str,
    shop: PoolShop,
    orders: Mapping[str, Dated],
    token: str,
    joined: datetime | None,
) -> TillReading:
    counted = gateway.ledger.pool.known(name, orders)
    before: dict[str, list[str]] = {}
    for id, item in counted:
        before.setdefault(id, []).append(item)
    holds_drafts = gateway.settings.needed_tills.hold == "draft"
    lines, illegible, faults = list[OrderLine](), set[str](), list[str]()
    for order, paid in orders.values():
        is_held = paid or (holds_drafts and order.state == TillState.DRAFT)
        pieces = pieces_in(order) if is_held else {}
        lines += _lines(order.id, paid, pieces, before.get(order.id, ()))
        if unclear := [item for item, quantity in pieces.items() if quantity is None]:
            illegible.update(unclear)
            text = _("{order}: how many of {item} cannot be read")
            faults.append(text.format(order=named(shop.group, order), item=unclear[0]))
    seen = Seen(
        shop=name,
        rules=Rules(exclude=frozenset(map(gtin, shop.exclude))),
        levels=LevelFile(name, {}),
        lines=lines,
        known=counted,
        illegible=frozenset(illegible | _rejected(gateway, shop.group)),
        is_of_tills=True,
        joined=joined,
    )
    origin = str(shop.orders_from)
    return TillReading(name, origin, seen, token, len(orders), tuple(faults))


def _lines(
    id: str, paid: datetime | None, pieces: Mapping[str, int | None], before: Iterable[str]
) -> Iterator[OrderLine]:
    """What it takes now, and nothing of what it took before."""
    for item, quantity in pieces.items():
        if quantity is not None:
            yield OrderLine(id, item, quantity, paid)
    for item in before:
        if item not in pieces:
            yield OrderLine(id, item, 0, paid, cancelled=True)


def _rejected(gateway: Gateway, group: str) -> set[str]:
    """What paid orders sold of which nobody can say how many, until a person settles them."""
    book, channel = gateway.ledger.orders, channel_of(group)
    found = [o for o in book.due() if o.channel == channel and o.state == State.REJECTED]
    sold = (one for lines in book.sold(found).values() for one in lines)
    return {gtin(one.key) for one in sold if one.quantity is None}
