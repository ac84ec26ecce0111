"""XMLs that were promised and never uploaded are taken back where the shop changed their orders.

The ERP's server was away, and the shop's file has moved on. What changed must not go as it was;
what left the file must go all the same, and its content lies in the archived XML alone.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from passerelle.base.language import _
from passerelle.config.orders import Orders
from passerelle.csv_to_xml.order_csv import OrderFile
from passerelle.csv_to_xml.sales_xml import keep_orders
from passerelle.exchange.forms import load_forms
from passerelle.exchange.sending import lost_in_archive
from passerelle.exchange.uploads import free_place
from passerelle.gateway.frame import Gateway
from passerelle.model.orders import Reading
from passerelle.model.records import Dispatch, KnownOrder
from passerelle.model.states import Kind, Stage
from passerelle.rules.fate import Fate, is_cancelled, is_id_used_again, judge, without_statuses


def recall_changed(gateway: Gateway, file: OrderFile, known: Mapping[str, KnownOrder]) -> bool:
    """Those of which the copy is spoilt, too; returns whether there was one to look at.

    ``known`` are the file's orders, by id.
    """
    unfinished = gateway.ledger.dispatches.unfinished()
    promised = [d for d in unfinished if d.kind == Kind.ORDERS and d.stage == Stage.PREPARED]
    if not promised:
        return False
    settings = gateway.settings.needed_orders
    if "status" in file.absent:
        settings = without_statuses(settings)
    # Another order under an old id says nothing of the first, which has left the file.
    inside = {
        reading.id: _is_changed(reading, before, settings)
        for reading in file.readings
        if (before := known.get(reading.id)) and not is_id_used_again(reading, before)
    }
    for dispatch in promised:
        _review(gateway, dispatch, inside)
    return True


def _is_changed(reading: Reading, known: KnownOrder, settings: Orders) -> bool:
    is_asked_for = known.resend and not is_cancelled(reading, settings)
    is_to_go = judge(reading, settings, resend=is_asked_for).fate == Fate.SEND
    return reading.fingerprint != known.fingerprint or not is_to_go


def _review(gateway: Gateway, dispatch: Dispatch, inside: Mapping[str, bool]) -> None:
    """``inside`` tells of each order in the file whether it changed."""
    data = gateway.outbox.archived(dispatch)
    if data is None:
        gateway.do(partial(gateway.outbox.recall, dispatch, lost_in_archive(dispatch)))
        return
    ids = gateway.ledger.dispatches.orders_of(dispatch)
    if changed := [id for id in ids if inside.get(id)]:
        stay = [id for id in ids if id not in inside]
        _take_out(gateway, dispatch, data, changed[0], stay)


def _take_out(
    gateway: Gateway, dispatch: Dispatch, data: bytes, changed: str, stay: Sequence[str]
) -> None:
    """What the file has starts over; those that ``stay``, since they left it, go as they were."""
    text = _("order {id} changed before {file} was uploaded: it is written anew")
    why, outbox = text.format(id=changed, file=dispatch.archived), gateway.outbox
    settings, now = gateway.settings.needed_orders, gateway.now()
    if not stay:
        gateway.do(partial(outbox.recall, dispatch, why))
    elif rest := keep_orders(data, stay, settings, load_forms(settings)):
        place = free_place(settings.to, now, gateway.ledger.dispatches.is_used)
        gateway.do(partial(outbox.replace, dispatch, rest, place, stay, why))
    else:
        text = _(
            "order {id} changed before {file} was uploaded, and cannot be taken out of it: nothing "
            "of it is sent"
        )
        why = text.format(id=changed, file=dispatch.archived)
        gateway.do(partial(outbox.recall, dispatch, why))
