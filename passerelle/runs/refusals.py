"""Orders whose XML the ERP took and then moved to ``orders.refused``: it would not have it.

They are told and their goods held back until a person settles them or has them sent again. While
nobody can look into that folder, what was taken since may have been refused, too.
"""

import hashlib
from collections.abc import Collection, Mapping
from datetime import timedelta

from passerelle.base.errors import NotFoundError, PasserelleError
from passerelle.base.language import _
from passerelle.gateway.frame import Gateway
from passerelle.ledger.runs import REFUSALS_SEEN
from passerelle.model.location import Location
from passerelle.model.records import CLOCK_SLACK, KnownOrder
from passerelle.remotes.base import Entry, Remote
from passerelle.rules.marks import name_within

# What was taken before is not looked for by its content any more.
_OF_LATE = timedelta(days=7)


def note_refused(gateway: Gateway) -> list[PasserelleError]:
    """Looks into the folder, and notes whose XML lies there. Returns why it could not, if so."""
    orders = gateway.settings.orders
    if orders is None or orders.refused is None:
        return []
    try:
        remote = gateway.remote(orders.refused.server)
        entries = remote.list_files(orders.refused.path)
        meant = _by_name(orders.to, entries)
        meant |= _by_content(gateway, orders.refused, remote, entries)
    except NotFoundError:
        mend = _("make it, or mend orders.refused")
        return _not_seen(gateway, NotFoundError(_("no such folder"), str(orders.refused), mend))
    except PasserelleError as error:
        return _not_seen(gateway, error)
    refused = _refused(gateway, meant)
    for order, name in refused:
        told = _("the ERP refused {file}").format(file=name)
        gateway.say(f"! {_('order {id}: {problem}').format(id=order.id, problem=told)}")
    at = gateway.now()
    gateway.do(lambda: gateway.ledger.orders.note_refused([o for o, _name in refused], at))
    gateway.do(lambda: gateway.ledger.runs.do_chore(REFUSALS_SEEN, at))
    return []


def _not_seen(gateway: Gateway, error: PasserelleError) -> list[PasserelleError]:
    """What counts is the last look; where there never was one, the first that failed."""
    if gateway.ledger.runs.chore_done(REFUSALS_SEEN) is None:
        gateway.do(lambda: gateway.ledger.runs.do_chore(REFUSALS_SEEN, gateway.now()))
    return [error]


def _by_name(to: Location, entries: Collection[Entry]) -> dict[Location, Entry]:
    """The XML that each file was, by its name, to which the ERP may have added something."""
    named = [(name_within(to.name, entry.name) or entry.name, entry) for entry in entries]
    return {to.with_name(name): entry for name, entry in named}


def _by_content(
    gateway: Gateway, folder: Location, remote: Remote, entries: Collection[Entry]
) -> dict[Location, Entry]:
    """The same by size and content, where the ERP gave it another name."""
    found = dict[Location, Entry]()
    taken = gateway.ledger.dispatches.taken_since(gateway.now() - _OF_LATE)
    for entry in entries:
        if like := [one for one in taken if one.size == entry.size]:
            digest = hashlib.sha256(remote.fetch(f"{folder.path}/{entry.name}")).hexdigest()
            found |= {one.place: entry for one in like if one.sha256 == digest}
    return found


def _refused(gateway: Gateway, meant: Mapping[Location, Entry]) -> list[tuple[KnownOrder, str]]:
    """Where every XML has the same name, the file is the last one's, or an older one lies there."""
    found = gateway.ledger.orders.taken_as(meant)
    newest = {place: max(o.dispatch or 0 for o, p in found if p == place) for _o, place in found}
    return [(order, meant[place].name) for order, place in found
            if order.dispatch == newest[place] and _is_its_file(order, meant[place])]  # fmt: skip


def _is_its_file(order: KnownOrder, entry: Entry) -> bool:
    if entry.modified is None or order.published is None:
        return True
    return entry.modified >= order.published - CLOCK_SLACK
