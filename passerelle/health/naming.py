"""Naming the orders of a concern all at once, as its mend does where they are many."""

from datetime import datetime

from passerelle.config.model import Settings
from passerelle.health.concerns import ConcernKind, times_of
from passerelle.health.orders import TOLD, look_at_orders
from passerelle.health.runs import SUCCESSES
from passerelle.health.sales import TOLD_OF_SALES, look_at_sales
from passerelle.ledger.ledger import Ledger
from passerelle.model.states import Stage, State

# The kinds of concerns whose orders can be named all at once.
NAMED = tuple(dict.fromkeys(kind.value for kind in (ConcernKind.REJECTED, *TOLD, *TOLD_OF_SALES)))


def of_kind(
    settings: Settings, ledger: Ledger, kind: str, until: datetime | None
) -> tuple[str, ...]:
    """The orders that a concern of that kind is about, by now or by then."""
    last = ledger.runs.last("orders", SUCCESSES)
    found = times_of(look_at_orders(ledger, last).by_kind().get(ConcernKind(kind), ()))
    if sales := look_at_sales(settings, ledger, last):
        found += times_of(sales.by_kind().get(ConcernKind(kind), ()))
    return tuple(dict.fromkeys(id for id, at in found if until is None or at <= until))


def named_in(ledger: Ledger, file: str) -> tuple[str, ...]:
    """The orders of an XML of which nobody but the ERP knows whether it arrived."""
    prepared = ledger.orders.list_by_state(State.PREPARED)
    doubtful = [order for order in prepared if order.stage == Stage.DOUBTFUL]
    return tuple(order.id for order in doubtful if order.archived == file)
