"""What a run of tills will do, by the tills' book and what the ledger knows; and its words."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from msgspec import Struct, field

from passerelle.base.commands import command
from passerelle.base.errors import RejectedError
from passerelle.base.language import _, n_
from passerelle.base.wording import FEW, few
from passerelle.csv_to_xml.sales_xml import write_sales
from passerelle.exchange.forms import load_forms
from passerelle.exchange.outbox import Parcel
from passerelle.exchange.uploads import free_place_from
from passerelle.gateway.frame import Gateway
from passerelle.ledger.till_book import TillBook
from passerelle.ledger.till_reading import Bookmark, here
from passerelle.model.location import Location, channel_of
from passerelle.model.orders import Reading
from passerelle.model.records import KnownOrder, Mark
from passerelle.model.states import UNSENT, State
from passerelle.rules.tills.sales import reading_of


class TillParcel(NamedTuple):
    """A paid order with its XML."""

    channel: str
    parcel: Parcel


class TillRejection(NamedTuple):
    """A paid order that cannot go; not ``is_news`` where it was told before."""

    channel: str
    mark: Mark
    is_news: bool


class TillPlan(Struct, frozen=True):
    """What a run will do: a dry run prints this very plan, a real run carries it out.

    ``missing`` are orders that are to be sent again and are not in the book; ``cursors`` how far
    each group was read.
    """

    parcels: tuple[TillParcel, ...] = ()
    rejected: tuple[TillRejection, ...] = ()
    missing: tuple[KnownOrder, ...] = ()
    cursors: Mapping[str, str] = field(default_factory=dict)


def plan_tills(gateway: Gateway, book: TillBook, cursors: Mapping[str, Bookmark]) -> TillPlan:
    """Decides on every paid order that the ERP does not have; changes nothing."""
    upto, parcels = str(here(book)), list[TillParcel]()
    rejected, missing = list[TillRejection](), list[KnownOrder]()
    writer = _Writer(gateway)
    for group in gateway.settings.needed_tills.groups:
        channel = channel_of(group)
        found, gone = _to_send(gateway, book, group, cursors.get(group, Bookmark()))
        missing += gone
        for reading, before in found:
            made = writer.parcel(reading)
            if isinstance(made, Parcel):
                parcels.append(TillParcel(channel, made))
                continue
            mark = Mark(reading, State.REJECTED, made, due=True)
            rejected.append(TillRejection(channel, mark, _is_news(mark, before)))
    groups = gateway.settings.needed_tills.groups
    return TillPlan(tuple(parcels), tuple(rejected), tuple(missing), dict.fromkeys(groups, upto))


def _is_news(mark: Mark, before: KnownOrder | None) -> bool:
    return before is None or (before.state, before.reason) != (mark.state, mark.reason)


Found = tuple[Reading, KnownOrder | None]


def _to_send(
    gateway: Gateway, book: TillBook, group: str, cursor: Bookmark
) -> tuple[list[Found], list[KnownOrder]]:
    """The paid orders that are not done, with what is known of them; those that are gone."""
    ledger, channel = gateway.ledger.orders, channel_of(group)
    seq = cursor.seq if cursor.epoch == book.epoch else 0
    paid = {order.id: (at, order) for _seq, at, order in book.paid_after(group, seq)}
    known = ledger.known(channel, paid)
    found: list[Found] = []
    for id, (at, order) in paid.items():
        before = known.get(id)
        if before is None or before.state in UNSENT:
            found.append((reading_of(order, at.astimezone()), before))
    gone = []
    for before in ledger.due():
        if before.channel == channel and before.id not in paid:
            again = book.order(group, before.id)
            if again is None:
                gone.append(before)
            else:
                paid_at = (before.date or before.seen).astimezone()
                found.append((reading_of(again, paid_at), before))
    return found, gone


class _Writer:
    """Writes each order's XML, one second's name after the other."""

    def __init__(self, gateway: Gateway) -> None:
        self._settings, self._now = gateway.settings.needed_orders, gateway.now()
        self._forms, self._moment = load_forms(self._settings), self._now
        self._is_used = gateway.ledger.dispatches.is_used
        self._places = set[Location]()

    def parcel(self, reading: Reading) -> Parcel | str:
        """The order's XML, or why there can be none."""
        if reading.order is None:
            return "; ".join(map(str, reading.faults))
        sales = write_sales([reading.order], self._settings, self._now, self._forms)
        if problem := sales.rejected.get(reading.id):
            return problem
        place, self._moment = free_place_from(self._settings.to, self._moment, self._is_taken)
        self._places.add(place)
        return Parcel(sales.data, [Mark(reading, State.PREPARED)], place)

    def _is_taken(self, place: Location) -> bool:
        return place in self._places or self._is_used(place)


def describe(plan: TillPlan) -> Iterator[str]:
    channels = [one.channel for one in plan.parcels]
    for group in plan.cursors:
        yield n_(
            "tills, {group}: {n} order to send",
            "tills, {group}: {n} orders to send",
            channels.count(channel_of(group)),
            group=group,
        )
    for one in plan.rejected:
        if one.is_news:
            text = _("rejected: order {id}: {reason}")
            yield f"! {text.format(id=one.mark.reading.id, reason=one.mark.reason)}"
    if still := [one.mark.reading.id for one in plan.rejected if not one.is_news]:
        yield f"! {_('still rejected: {ids}').format(ids=few(still))}"
    for order in plan.missing:
        text = _("to be sent again, and not in the tills' book: order {id}")
        yield f"! {text.format(id=order.id)}"
    for made in plan.parcels[:FEW]:
        reading = made.parcel.marks[0].reading
        text = _("to send: order {id} (receipt {receipt}) as {place}")
        yield text.format(id=reading.id, receipt=reading.reference, place=made.parcel.place)
    if (more := len(plan.parcels) - FEW) > 0:
        yield n_("and {n} more order", "and {n} more orders", more)


def facts(plan: TillPlan, sent: int) -> dict[str, Any]:
    """What the ledger keeps of the run."""
    rejected = [one.mark.reading.id for one in plan.rejected]
    missing = [order.id for order in plan.missing]
    counts = {"orders": len(plan.parcels) + len(rejected), "sent": sent}
    return counts | {"rejected": len(rejected), "not_sent": missing, "cursors": dict(plan.cursors)}


def summarise(plan: TillPlan, sent: int, prepared: int) -> str:
    rejected, gone = len(plan.rejected), len(plan.missing)
    parts = [n_("{n} order sent", "{n} orders sent", sent)]
    parts += [n_("{n} prepared", "{n} prepared", prepared)] if prepared else []
    parts += [n_("{n} rejected", "{n} rejected", rejected)] if rejected else []
    parts += [n_("{n} not sent and gone", "{n} not sent and gone", gone)] if gone else []
    return ", ".join(parts)


def rejection(plan: TillPlan, sent: int) -> RejectedError | None:
    """The closing error for what cannot go: a paid order does not change any more.

    ``sent``: how many others went through.
    """
    ids = [one.mark.reading.id for one in plan.rejected] + [order.id for order in plan.missing]
    if not ids:
        return None
    where = next((one.mark.reason for one in plan.rejected), few(ids))
    mend = _("enter it in the ERP by hand, then `{settle}`")
    if sent:
        mend += _("; the other orders went through")
    return RejectedError(
        n_("{n} order of the tills rejected", "{n} orders of the tills rejected", len(ids)),
        where,
        mend.format(settle=command("settle", *ids[:FEW])),
    )
