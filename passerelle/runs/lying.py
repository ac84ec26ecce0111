"""XMLs that another ledger had sent, and that still lie in the ERP's folder when this one follows.

Their orders are not the previous system's yet, as far as stock goes: the ERP has not booked them.
So they become ours with their XML, and what they sold is held back until the ERP took it and wrote
its stock.
"""

from collections.abc import Collection, Iterator, Sequence

from msgspec.structs import replace

from passerelle.base.errors import HeldError, NotFoundError, PermanentError
from passerelle.base.language import _
from passerelle.base.wording import FEW, few
from passerelle.csv_to_xml.sales_xml import orders_in
from passerelle.exchange.forms import load_forms
from passerelle.exchange.outbox import Parcel
from passerelle.gateway.frame import Gateway
from passerelle.model.location import Location
from passerelle.model.orders import Gist
from passerelle.model.records import Mark
from passerelle.model.states import DONE, Stage, State
from passerelle.remotes.base import Entry
from passerelle.rules.marks import like_ours


def adopt_lying(
    gateway: Gateway, inside: Sequence[Gist], adopted: Sequence[Mark]
) -> tuple[Mark, ...]:
    """Books the XMLs that lie there; returns which of the ``adopted`` are in none of them.

    ``inside`` are the orders of the shop's file. Raises :class:`HeldError` where XMLs of sales lie
    there: whose they are cannot be told, and what they sold would be sold again.
    """
    _refuse_sales(gateway)
    found = set[str]()
    for place, entry in list(_lying(gateway, gateway.settings.needed_orders.to)):
        data = gateway.remote(place.server).fetch(place.path)
        found |= _book(gateway, Parcel(data, (), place), entry, inside, adopted)
    return tuple(mark for mark in adopted if mark.reading.id not in found)


def _refuse_sales(gateway: Gateway) -> None:
    to = gateway.settings.fulfil.to
    for place, _entry in _lying(gateway, to) if to else ():
        what = _("a sale's XML lies there that this ledger does not know")
        raise HeldError(what, str(place), _("let the ERP take it, then say it again"))


def _book(
    gateway: Gateway,
    parcel: Parcel,
    entry: Entry,
    inside: Sequence[Gist],
    adopted: Sequence[Mark],
) -> set[str]:
    settings, place = gateway.settings.needed_orders, str(parcel.place)
    book, in_file = gateway.ledger.orders, {one.id: one for one in inside}
    ids = {mark.reading.id for mark in adopted}
    asked = [*(in_file[id] for id in ids & in_file.keys()), *_left(gateway, ids - in_file.keys())]
    held = orders_in(parcel.data, settings, load_forms(settings), asked)
    known = book.known(settings.channel, {one.id for one in held})
    reason = _("found in an XML that lies there")
    marks = [
        Mark(_as_in_file(one, in_file.get(one.id)), State.PREPARED, reason)
        for one in held
        if (before := known.get(one.id)) is None or before.state not in DONE
    ]
    gateway.outbox.adopt_xml(settings.channel, replace(parcel, marks=marks), entry)
    found = [mark.reading.id for mark in marks]
    text = _("{file} lies there: held back until the ERP has taken it: {ids}")
    if not held:
        text = _(
            "! {file} lies there, and which orders are in it cannot be told: let the ERP take it "
            "before the next `passerelle run stock`"
        )
    gateway.say(text.format(file=place, ids=few(found, FEW)))
    return set(found)


def _left(gateway: Gateway, ids: Collection[str]) -> Iterator[Gist]:
    """The orders of which only the ledger knows what they sold."""
    known = gateway.ledger.orders.known(gateway.settings.needed_orders.channel, ids).values()
    sold = gateway.ledger.orders.sold(known)
    for one in known:
        lines = sold[one.channel, one.id]
        yield Gist(one.id, one.reference, one.date, "", lines, one.fingerprint, one.total)


def _as_in_file(found: Gist, reading: Gist | None) -> Gist:
    """Where the shop's file says otherwise than the XML, what the ERP gets counts."""
    if reading is None or reading.reference != found.reference:
        return found
    return reading if reading.sold == found.sold else replace(found, date=reading.date)


def _lying(gateway: Gateway, to: Location) -> Iterator[tuple[Location, Entry]]:
    """The XMLs of our names, as ``to`` has them, that this ledger does not look after."""
    book = gateway.ledger.dispatches
    ours = [d.place for d in (*book.untaken(), *book.unfinished()) if d.stage != Stage.PREPARED]
    try:
        listed = gateway.remote(to.server).list_files(to.folder)
    except NotFoundError:
        return
    except PermanentError as error:
        text = _("! whether XMLs lie there cannot be seen: {error}")
        gateway.say(text.format(error=error))
        return
    for entry in listed:
        place = to.with_name(entry.name)
        is_xml = like_ours([entry.name], [to.name], "") and not entry.name.endswith(".tmp")
        if is_xml and place not in ours:
            yield place, entry
