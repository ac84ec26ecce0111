"""What a person saw of the orders that they say they entered by hand: a click counts for no more.

Meanwhile the shop may have changed one, or a run may have sent it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from passerelle.archive.goods import Goods, goods_of
from passerelle.base.commands import command
from passerelle.base.language import _
from passerelle.base.wording import shorten
from passerelle.config.model import Settings
from passerelle.console.deeds import Deed
from passerelle.exchange.kept import shelf_of
from passerelle.health.naming import named_in, of_kind
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import KnownOrder
from passerelle.model.states import State, state_in_words

_OPEN = frozenset({State.WAITING, State.WITHHELD, State.REJECTED})
# What fits into a dialog; the page has more.
_MOST_LINES = 100


class Settling(Struct, frozen=True):
    """The orders that a command would settle, as they are now; ``mark`` tells them from others."""

    deed: Deed
    orders: tuple[KnownOrder, ...]

    @property
    def mark(self) -> str:
        """Another one as soon as one of them has changed, is done, or another one joins them."""
        said = [(o.id, o.state, o.fingerprint, o.cancelled, o.matter) for o in self.orders]
        return hashlib.sha256(repr(sorted(said)).encode()).hexdigest()[:16]

    @property
    def left(self) -> str:
        """The command for those that are still open; empty where none is."""
        ids = [order.id for order in self.orders if _is_open(order)]
        if len(ids) == len(self.orders):
            return self.deed.text
        return command("settle", *ids) if ids else ""

    def describe(self, settings: Settings, ledger: Ledger) -> Iterator[str]:
        """Each order on a line: what is to be entered, or why it is not any more."""
        still = [order for order in self.orders if _is_open(order)]
        goods = goods_of(settings, shelf_of(settings, ledger), still)
        for order in self.orders[:_MOST_LINES]:
            found = goods.get(order)
            yield _bought(order, found) if found else _done(order)


def look_at(settings: Settings, ledger: Ledger, deed: Deed) -> Settling:
    """The orders that ``orders settle`` would mean now."""
    ids = _ids(settings, ledger, deed.words[2:])
    channel = settings.orders.channel if settings.orders else ""
    known = ledger.orders.known(channel, ids)
    return Settling(deed, tuple(known[id] for id in ids if id in known))


def _ids(settings: Settings, ledger: Ledger, words: Sequence[str]) -> Sequence[str]:
    """As the command line itself takes them."""
    match words:
        case ["--all", kind]:
            return of_kind(settings, ledger, kind, None)
        case ["--all", kind, "--until", until]:
            return of_kind(settings, ledger, kind, datetime.fromisoformat(until))
        case ["--in", file]:
            return named_in(ledger, file)
        case ["--", *ids]:
            return ids
    return words


def _is_open(order: KnownOrder) -> bool:
    return order.state in _OPEN or order.matter is not None


def _bought(order: KnownOrder, goods: object) -> str:
    head = " ".join(filter(None, (order.id, shorten(order.reference))))
    if not isinstance(goods, Goods):
        return _("{order}: its goods are not known").format(order=head)
    lines = [
        f"{line.quantity} × {shorten(line.product_name or line.ean13)}" for line in goods.lines
    ]
    total = order.total if goods.total_paid is None else goods.total_paid
    paid = _("{amount} paid").format(amount=total) if total is not None else ""
    return f"{head}: {', '.join(filter(None, (*lines, paid)))}"


def _done(order: KnownOrder) -> str:
    if order.state in (State.SENT, State.TAKEN, State.PREPARED):
        text = _("{id} goes to the ERP by itself: if it was entered, too, take one of them out")
        return text.format(id=order.id)
    return _("order {id} is {state} now").format(id=order.id, state=state_in_words(order.state))
