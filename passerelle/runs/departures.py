"""Orders that wait for their status and have left the shop's file: told until they are settled."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from passerelle.base.language import _
from passerelle.gateway.frame import Gateway
from passerelle.model.location import group_of
from passerelle.model.records import KnownOrder
from passerelle.model.states import OpenMatter
from passerelle.rules.fate import is_abandoned


class Departures(Struct, frozen=True):
    """What has ``left`` since the last run, and what is let go of, since it waited long enough."""

    left: tuple[KnownOrder, ...] = ()
    abandoned: tuple[KnownOrder, ...] = ()


NO_DEPARTURES = Departures()
# That the shop uses its id again says nothing of the order itself.
_NOT_TOLD = (None, OpenMatter.ID_REUSED)


Inside = Mapping[str, datetime | None]


def find_outside(gateway: Gateway, found: Iterable[KnownOrder], inside: Inside) -> list[KnownOrder]:
    """Those that the shop's file does not have; ``inside`` are ids and dates of those in it.

    Orders of tills never stand there.
    One of a channel that config.toml had before is there, or was, where this channel has the same.
    """
    found = [order for order in found if not group_of(order.channel)]
    channel = gateway.settings.needed_orders.channel
    known = gateway.ledger.orders.known(channel, [o.id for o in found if o.channel != channel])
    here = {id: order.date for id, order in known.items()} | dict(inside)

    def is_here(order: KnownOrder) -> bool:
        if order.channel == channel:
            return order.id in inside
        return order.id in here and here[order.id] == order.date

    return [order for order in found if not is_here(order)]


def plan_departures(gateway: Gateway, inside: Inside) -> Departures:
    """``inside`` are the orders in the file that are not done."""
    settings, now = gateway.settings.needed_orders, gateway.now()
    found = find_outside(gateway, gateway.ledger.orders.unpaid(), inside)
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
