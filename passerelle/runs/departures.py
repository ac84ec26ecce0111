"""Orders that wait for their status and have left the shop's file: told until they are settled."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from passerelle.base.language import _
from passerelle.gateway.frame import Gateway
from passerelle.model.records import KnownOrder
from passerelle.model.states import OpenMatter
from passerelle.rules.fate import is_abandoned


@dataclass(frozen=True, slots=True)
class Departures:
    """What has ``left`` since the last run, and what is let go of, since it waited long enough."""

    left: tuple[KnownOrder, ...] = ()
    abandoned: tuple[KnownOrder, ...] = ()


NO_DEPARTURES = Departures()
# That the shop uses its id again says nothing of the order itself.
_NOT_TOLD = (None, OpenMatter.ID_REUSED)


def plan_departures(gateway: Gateway, inside: Collection[str]) -> Departures:
    """``inside`` are the ids of the orders in the file that are not done."""
    settings, now = gateway.settings.needed_orders, gateway.now()
    found = gateway.ledger.orders.outside(settings.channel, inside)
    abandoned = [order for order in found if is_abandoned(order, settings, now)]
    return Departures(
        tuple(order for order in found if order not in abandoned and order.matter in _NOT_TOLD),
        tuple(order for order in abandoned if order.matter == OpenMatter.LEFT),
    )


def note_departures(gateway: Gateway, departures: Departures) -> None:
    gateway.ledger.orders.note_left(departures.left, gateway.now())
    gateway.ledger.orders.let_go(departures.abandoned, gateway.now())


def describe(departures: Departures) -> Iterator[str]:
    for order in departures.left:
        text = _("waited, and is no longer in the file: order {id} ({reason})")
        yield text.format(id=order.id, reason=order.reason)
