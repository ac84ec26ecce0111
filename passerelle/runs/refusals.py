"""Orders whose XML the ERP took and then moved to ``orders.refused``: it would not have it.

They are told and their goods held back until a person settles them or has them sent again.
"""

from passerelle.base.errors import NotFoundError, PasserelleError
from passerelle.base.language import _
from passerelle.gateway.frame import Gateway
from passerelle.model.records import CLOCK_SLACK, KnownOrder
from passerelle.remotes.base import Entry


def note_refused(gateway: Gateway) -> list[PasserelleError]:
    """Looks into the folder, and notes whose XML lies there. Returns why it could not, if so."""
    orders = gateway.settings.orders
    if orders is None or orders.refused is None:
        return []
    where = str(orders.refused)
    try:
        remote = gateway.remote(orders.refused.server)
        entries = {entry.name: entry for entry in remote.list_files(orders.refused.path)}
    except NotFoundError:
        mend = _("make it, or mend orders.refused")
        return [NotFoundError(_("no such folder"), where, mend)]
    except PasserelleError as error:
        return [error]
    places = {orders.to.with_name(name): entry for name, entry in entries.items()}
    found = gateway.ledger.orders.taken_as(places)
    refused = [(order, place) for order, place in found if _is_its_file(order, places[place])]
    for order, place in refused:
        told = _("the ERP refused {file}").format(file=place.name)
        gateway.say(f"! {_('order {id}: {problem}').format(id=order.id, problem=told)}")
    at = gateway.now()
    gateway.do(lambda: gateway.ledger.orders.note_refused([o for o, _place in refused], at))
    return []


def _is_its_file(order: KnownOrder, entry: Entry) -> bool:
    """Where every XML has the same name, an older one may lie there still."""
    if entry.modified is None or order.published is None:
        return True
    return entry.modified >= order.published - CLOCK_SLACK
