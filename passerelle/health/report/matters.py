"""What needs a person, in two groups: what is out of order, then what there is to do."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field

from passerelle.archive.goods import Goods, goods_of
from passerelle.base.language import N_, _, n_
from passerelle.config.model import Settings
from passerelle.exchange.kept import shelf_of
from passerelle.health.concerns import Concern, ConcernKind, Level
from passerelle.health.folding import SALES
from passerelle.health.status import Health
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import KnownOrder

ORDERS_SHOWN, MATTERS_SHOWN, _FEW = 20, 8, 5
MARKS = {Level.OUT_OF_ORDER: "×", Level.TO_DO: "!"}
TITLES = {Level.OUT_OF_ORDER: N_("Out of order"), Level.TO_DO: N_("To do")}
# What a person enters at the till, or in the ERP, needs to be read without another window.
_BY_HAND = (ConcernKind.WITHHELD, ConcernKind.REJECTED, ConcernKind.NOT_SENT)


class Matter(Struct, frozen=True):
    """A concern, the first of its orders, and how many more there are.

    ``goods`` are those of orders to be entered by hand, as far as they are kept.
    """

    concern: Concern
    orders: tuple[KnownOrder, ...] = ()
    more: int = 0
    goods: Mapping[KnownOrder, Goods] = field(default_factory=dict)

    @property
    def has_reasons(self) -> bool:
        return any(order.reason for order in self.orders)

    @property
    def is_open(self) -> bool:
        """Whether its orders are shown unasked: few, and each with something to read."""
        return len(self.orders) <= _FEW and (bool(self.goods) or self.has_reasons)


class Group(Struct, frozen=True):
    """The matters of one level, of which the page folds those after the first."""

    level: Level
    matters: Sequence[Matter]

    @property
    def first(self) -> Sequence[Matter]:
        return self.matters[:MATTERS_SHOWN]

    @property
    def folded(self) -> Sequence[Matter]:
        return self.matters[MATTERS_SHOWN:]


def groups_of(settings: Settings, ledger: Ledger, health: Health) -> Sequence[Group]:
    """The levels at which there is anything, the gravest first."""
    found = {level: health.of_level(level) for level in (Level.OUT_OF_ORDER, Level.TO_DO)}
    return [
        Group(level, [_matter(settings, ledger, health, concern) for concern in concerns])
        for level, concerns in found.items()
        if concerns
    ]


def verdict(groups: Sequence[Group]) -> str:
    """All in one line, of which the gravest counts."""
    if not groups:
        return _("All is well: nothing needs a person")
    worst = groups[0]
    if worst.level == Level.OUT_OF_ORDER:
        return n_("Out of order: {n} problem", "Out of order: {n} problems", len(worst.matters))
    return n_("{n} thing to do", "{n} things to do", len(worst.matters))


def _matter(settings: Settings, ledger: Ledger, health: Health, concern: Concern) -> Matter:
    found = _orders_of(settings, ledger, health, concern)
    shown = tuple(found[:ORDERS_SHOWN])
    told = goods_of(settings, shelf_of(settings, ledger), shown) if concern.kind in _BY_HAND else {}
    goods = {order: one for order, one in told.items() if isinstance(one, Goods)}
    return Matter(concern, shown, len(found) - len(shown), goods)


def sums_of(goods: Goods) -> Mapping[str, Decimal]:
    """What the lines cost, was added, taken off and paid, by its name; without what is nothing."""
    told = {
        _("goods"): goods.amount,
        _("shipping"): goods.shipping or None,
        _("discount"): goods.discount or None,
        _("paid"): goods.total_paid,
    }
    return {name: amount for name, amount in told.items() if amount is not None}


def _orders_of(
    settings: Settings, ledger: Ledger, health: Health, concern: Concern
) -> Sequence[KnownOrder]:
    if concern.kind == ConcernKind.WITHHELD:
        return health.orders.withheld
    if concern.kind == ConcernKind.REJECTED and concern.subject == "orders":
        return health.orders.rejected
    if settings.orders is None:
        return ()
    ids = concern.orders or [*_ids_in(ledger, concern)]
    return list(ledger.orders.known(settings.orders.channel, ids).values())


def _ids_in(ledger: Ledger, concern: Concern) -> Iterator[str]:
    """The orders of the XMLs that the ERP has not taken."""
    if f"{ConcernKind.NOT_TAKEN}:{SALES}" in (concern.key, *concern.stands_for):
        for dispatch in ledger.dispatches.untaken():
            yield from ledger.dispatches.orders_of(dispatch)
