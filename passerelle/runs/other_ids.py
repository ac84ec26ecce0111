"""Ids that come from another column than before: the shop's export changed, or orders.columns.id.

The ledger would take all that was sent for new. The id of the one is the reference of the other.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial

from passerelle.base.errors import HeldError
from passerelle.base.language import _
from passerelle.csv_to_xml.order_csv import OrderFile
from passerelle.gateway.frame import Gateway
from passerelle.model.orders import Reading
from passerelle.model.records import KnownOrder
from passerelle.model.states import DONE, UNSENT

# An id or a reference, and the moment of the order.
_Name = tuple[str, datetime | None]


def known_otherwise(
    gateway: Gateway, file: OrderFile, known: Mapping[str, KnownOrder]
) -> Mapping[str, KnownOrder]:
    """The orders of the file that were handled under another id: by theirs, what the ledger has.

    ``known`` are the orders of the file that the ledger has.
    """
    done = {id for id, order in known.items() if order.state in DONE}
    new = [r for r in file.readings if r.date and r.reference != r.id and r.id not in done]
    inside = {reading.id for reading in file.readings}
    channel = gateway.settings.needed_orders.channel
    found = gateway.ledger.orders.ordered_at(channel, {r.date for r in new if r.date})
    before = [order for order in found if order.state in DONE and order.id not in inside]
    names = _by_name(before)
    return {r.id: order for r in new if (order := _same(r, names))}


def _by_name(orders: Iterable[KnownOrder]) -> tuple[dict[_Name, KnownOrder], ...]:
    """By their ids, and by their references."""
    found = [*orders]
    return {(o.id, o.date): o for o in found}, {(o.reference, o.date): o for o in found}


def _same(reading: Reading, names: tuple[dict[_Name, KnownOrder], ...]) -> KnownOrder | None:
    by_id, by_reference = names
    found = by_id.get((reading.reference, reading.date))
    return found or by_reference.get((reading.id, reading.date))


def check_ids(gateway: Gateway, otherwise: Mapping[str, KnownOrder]) -> None:
    """Raises :class:`HeldError` where some were found by :func:`known_otherwise`."""
    for id, order in otherwise.items():
        what = _("order {id} is known as order {other}: its ids came from another column before")
        mend = _(
            "name that column in orders.columns.id; is it gone, and all in the file is in the ERP: "
            "`passerelle orders adopt`"
        )
        place = str(gateway.settings.needed_orders.source)
        raise HeldError(what.format(id=id, other=order.id), place, mend)


def forget_noted_otherwise(gateway: Gateway, file: OrderFile) -> None:
    """What a run noted under ids of another column, and never sent, is in the file by its own."""
    book, inside = gateway.ledger.orders, {reading.id for reading in file.readings}
    told = [*book.due(), *book.unpaid()]
    unsent = [o for o in told if o.state in UNSENT and not o.resend and o.id not in inside]
    names = _by_name(unsent)
    for reading in file.readings if unsent else ():
        order = _same(reading, names) if reading.date and reading.reference != reading.id else None
        if order is not None:
            gateway.do(partial(book.forget, order))
