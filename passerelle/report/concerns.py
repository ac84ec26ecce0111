"""What needs a person, with the orders that it is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from passerelle.config import Settings
from passerelle.health import Concern, Health, Kind
from passerelle.ledger import KnownOrder, Ledger

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Matter:
    """A concern, the first of its orders, and how many more there are."""

    concern: Concern
    orders: tuple[KnownOrder, ...] = ()
    more: int = 0

    @property
    def has_reasons(self) -> bool:
        """Whether any of the orders says why."""
        return any(order.reason for order in self.orders)


def matters(settings: Settings, ledger: Ledger, health: Health) -> list[Matter]:
    """The concerns as the page shows them."""
    return [_matter(settings, ledger, health, concern) for concern in health.concerns]


def _matter(settings: Settings, ledger: Ledger, health: Health, concern: Concern) -> Matter:
    found = _orders(settings, ledger, health, concern)
    return Matter(concern, tuple(found[:SHOWN]), max(len(found) - SHOWN, 0))


def _orders(
    settings: Settings, ledger: Ledger, health: Health, concern: Concern
) -> Sequence[KnownOrder]:
    if concern.kind == Kind.WITHHELD:
        return health.orders.withheld
    if concern.kind == Kind.REJECTED and concern.subject == "orders":
        return health.orders.rejected
    if settings.orders is None:
        return ()
    ids = concern.orders or _ids_in(ledger, concern)
    return list(ledger.orders.known(settings.orders.channel, ids).values())


def _ids_in(ledger: Ledger, concern: Concern) -> Sequence[str]:
    """The orders of an XML that the ERP has not taken."""
    if concern.kind != Kind.NOT_TAKEN:
        return ()
    dispatches = [d for d in ledger.dispatches.untaken() if str(d.place) == concern.subject]
    return [id for dispatch in dispatches for id in ledger.dispatches.orders_of(dispatch)]
