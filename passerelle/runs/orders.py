"""``run orders``: the shop's order CSV becomes one sales XML in the ERP's import folder.

The story: fetch the CSV; decide on every order; tell the plan; write it all down, with the XML in
ArchiveExport; only then turn to the ERP's side, which may be away while the shop's file moves on:
finish what an earlier run left, publish the XML. Then, where that is enabled, the sales
(:mod:`passerelle.runs.fulfil`). What may not be sent for safety is written down all the same.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from passerelle.base.errors import HeldError, PasserelleError, gravest
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.csv_to_xml.order_csv import OrderFile
from passerelle.csv_to_xml.sales_xml import write_sales
from passerelle.exchange.forms import load_forms
from passerelle.exchange.outbox import Parcel
from passerelle.exchange.uploads import free_place
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.model.orders import Reading
from passerelle.model.records import KnownOrder, Mark
from passerelle.model.states import OpenMatter, State
from passerelle.rules.resending import called_off, still_told
from passerelle.runs.departures import find_outside, note_departures, plan_departures
from passerelle.runs.order_file import (
    check_columns,
    dates_told,
    keep_goods_of,
    read_order_file,
)
from passerelle.runs.orders_plan import (
    OrdersPlan,
    breakdown,
    decide,
    describe,
    facts,
    hold_back,
    reject,
    summarise,
    with_goods,
)
from passerelle.runs.other_ids import check_ids, forget_noted_otherwise, known_otherwise
from passerelle.runs.recalling import recall_changed
from passerelle.runs.refusals import note_refused

if TYPE_CHECKING:
    from passerelle.runs.fulfil import Fulfilment

# The chore of that name, and of a channel, is done once a person let its first run send what it
# meets.
_ALLOWED = "the first run may send: "


class Met(Struct, frozen=True):
    """The order file as it was read, and what the ledger knows of its orders, by id.

    ``source`` is the file in words, ``fact`` what the ledger keeps of it. ``otherwise`` are those
    that it knows by other ids: no new orders, so that they are not in ``file`` any more.
    """

    source: str
    notes: tuple[str, ...]
    fact: Mapping[str, Any]
    file: OrderFile
    known: Mapping[str, KnownOrder]
    otherwise: Mapping[str, KnownOrder]


def run_orders(gateway: Gateway, *, all: bool = False) -> Outcome:
    """Runs the story; ``all``: the first run sends what it meets. Raises where it must stop."""
    if all:
        allowed = _ALLOWED + gateway.settings.needed_orders.channel
        gateway.do(lambda: gateway.ledger.runs.do_chore(allowed, gateway.now()))
    try:
        met = meet_orders(gateway)
    except PasserelleError:
        gateway.recover()  # what was promised goes, whatever the shop's side has
        if gateway.settings.fulfil.enabled:
            _fulfilment(gateway).hear()
        raise
    hold = find_hold(gateway, met)
    if hold is None:
        forget_noted_otherwise(gateway, met.file)
        met = _without_recalled(gateway, met)
    plan = plan_orders(gateway, met, hold)
    for line in describe(plan):
        gateway.say(line)
    gateway.do(lambda: write_down(gateway, plan), "\n".join(plan.by_status))
    if met.file.dates_in_doubt:
        told = dates_told(gateway.settings.needed_orders.channel)
        gateway.do(lambda: gateway.ledger.runs.do_chore(told, gateway.now()))
    readings = met.file.readings if gateway.settings.fulfil.enabled else ()
    # There may be many orders, and their XML is in memory by now.
    del met
    return _go_to_the_erp(gateway, readings, plan, hold)


def _go_to_the_erp(
    gateway: Gateway, readings: Sequence[Reading], plan: OrdersPlan, hold: PasserelleError | None
) -> Outcome:
    # What was promised before goes on; it raises where another ledger sent the last XML.
    gateway.recover()
    gateway.outbox.troubles += note_refused(gateway)
    if hold is not None:
        raise hold
    sent, prepared = _progress(gateway, plan)
    outcome = Outcome(*summarise(plan, sent, prepared), facts(plan, sent))
    if gateway.settings.fulfil.enabled:
        outcome = _fulfilment(gateway).go_on(plan, outcome, readings)
    troubles = gateway.outbox.troubles
    summary = ", ".join((*(trouble.what for trouble in troubles), outcome.summary))
    return replace(outcome, summary=summary, rejected=gravest(outcome.rejected, *troubles))


def _fulfilment(gateway: Gateway) -> "Fulfilment":
    from passerelle.runs.fulfil import Fulfilment

    return Fulfilment(gateway)


def _progress(gateway: Gateway, plan: OrdersPlan) -> tuple[int, int]:
    """How many orders came into the ERP's folder, and how many of the plan's did not yet.

    In a dry run: would come.
    """
    ids = [mark.reading.id for mark in plan.parcel.marks] if plan.parcel else []
    known = gateway.ledger.orders.known(gateway.settings.needed_orders.channel, ids)
    waiting = sum(id in known and known[id].state == State.PREPARED for id in ids)
    promised = [known[id].dispatch for id in ids if id in known and known[id].dispatch]
    return (gateway.outbox.orders_sent if promised or not ids else len(ids)), waiting


def meet_orders(gateway: Gateway) -> Met:
    """Fetches and reads the order CSV."""
    settings = gateway.settings.needed_orders
    source = gateway.sources.fetch(settings.source)
    file, known = read_order_file(gateway, source)
    fact = source.fact(gateway.now())
    otherwise = known_otherwise(gateway, file, known)
    if otherwise:
        file = replace(file, readings=tuple(r for r in file.readings if r.id not in otherwise))
    return Met(source.describe(), source.notes, fact, file, known, otherwise)


def find_hold(gateway: Gateway, met: Met) -> PasserelleError | None:
    """Why nothing new may be promised to the ERP now, whatever its orders are."""
    try:
        gateway.outbox.witness.question(gateway.ledger)
        check_first_run(gateway)
        check_columns(gateway, met.file)
        check_ids(gateway, met.otherwise)
        load_forms(gateway.settings.needed_orders)
    except PasserelleError as error:
        return error
    return None


def check_first_run(gateway: Gateway) -> None:
    """Raises :class:`HeldError` where nobody said which orders the previous system had.

    To a channel, what was sent of another one since is the previous system's.
    """
    orders, ledger = gateway.settings.needed_orders, gateway.ledger
    last, allowed = ledger.orders.last_handled(), ledger.runs.chore_done(_ALLOWED + orders.channel)
    if allowed and (last is None or allowed >= last[1]):
        return
    if last is not None:
        _check_channel(gateway, last[0])
        return
    if orders.start_from is None:
        mend = _(
            "set orders.start_from; or `passerelle orders adopt` marks them as handled by the "
            "previous system; or `passerelle run orders --all` sends them"
        )
        what = _("this is the first run: which orders has the previous system handled?")
        raise HeldError(what, str(orders.source), mend)


def _check_channel(gateway: Gateway, last: str) -> None:
    settings = gateway.settings
    if (channel := settings.needed_orders.channel) == last:
        return
    what = _('orders of channel "{other}" were handled last, none of channel "{channel}" since')
    mend = _(
        "put orders.channel back; or `passerelle orders adopt` marks what is in the file as "
        "handled; or `passerelle run orders --all` sends it"
    )
    raise HeldError(what.format(channel=channel, other=last), settings.file_name, mend)


def _without_recalled(gateway: Gateway, met: Met) -> Met:
    """Takes back the XMLs that must not go as they are; their orders are decided on anew."""
    if not recall_changed(gateway, met.file, met.known):
        return met
    channel, ids = gateway.settings.needed_orders.channel, [r.id for r in met.file.readings]
    return replace(met, known=gateway.ledger.orders.known(channel, ids))


def plan_orders(gateway: Gateway, met: Met, hold: PasserelleError | None) -> OrdersPlan:
    """Decides on every order in the file; changes nothing."""
    settings = gateway.settings.needed_orders
    adopted = gateway.ledger.orders.high_water(settings.channel)
    is_begun = _is_begun(gateway)
    off = called_off(met.file.readings, met.known, settings)
    known = {**met.known, **off} if off else met.known
    plan = decide(met.file, known, settings, met.source, adopted, is_begun=is_begun)
    if off:
        plan = replace(plan, decisions=tuple(still_told(d, off) for d in plan.decisions))
    # Where another order has its id, the first is in the file no longer.
    inside = {mark.reading.id: mark.reading.date for mark in plan.marks}
    due = [o for o in gateway.ledger.orders.due() if o.matter != OpenMatter.LEFT]
    plan = replace(
        plan,
        notes=(*(f"! {note}" for note in met.notes), *plan.notes),
        missing=tuple(find_outside(gateway, due, inside)),
        departures=plan_departures(gateway, inside),
        file=met.fact,
    )
    if hold is not None:
        plan = hold_back(plan, _("held: {reason}").format(reason=hold.what))
    else:
        plan = _with_parcel(gateway, plan, met)
    return with_goods(plan, met.file, settings)


def _is_begun(gateway: Gateway) -> bool:
    """Whether a run of orders ever went on: before, nobody had said where they start."""
    ledger = gateway.ledger
    return bool(ledger.orders.last_handled() or ledger.runs.last("orders", (0, 5)))


def _with_parcel(gateway: Gateway, plan: OrdersPlan, met: Met) -> OrdersPlan:
    """The plan with its XML, or with the reason why the orders to be sent wait."""
    settings, readings = gateway.settings.needed_orders, met.file.readings
    numbers = [d.number for d in plan.decisions
               if isinstance(d.what, Mark) and d.what.state == State.PREPARED]  # fmt: skip
    if not numbers:
        return plan
    place = free_place(settings.to, gateway.now(), gateway.ledger.dispatches.is_used)
    with step(_("writing {file}").format(file=place.name)):
        orders = [order for number in numbers if (order := readings[number].order)]
        sales = write_sales(orders, settings, gateway.now(), load_forms(settings))
    plan = reject(plan, sales.rejected)
    to_send = plan.in_state(State.PREPARED)
    ids = {mark.reading.id for mark in to_send}
    by_status = tuple(breakdown(order for order in orders if order.id in ids))
    parcel = Parcel(sales.data, to_send, place) if to_send else None
    return replace(plan, parcel=parcel, by_status=by_status)


def write_down(gateway: Gateway, plan: OrdersPlan) -> None:
    """Every order is known from now on, and what is to be sent is promised."""
    channel, now = gateway.settings.needed_orders.channel, gateway.now()
    keep_goods_of(gateway, plan.goods)
    with step(_("writing the ledger")):
        unsent = [mark for mark in plan.marks if mark.state != State.PREPARED]
        gateway.ledger.orders.mark(channel, unsent, now)
    for changed in plan.changed:
        gateway.ledger.orders.note_change(channel, changed, now)
    note_departures(gateway, plan.departures)
    if plan.parcel:
        gateway.outbox.prepare_orders(channel, plan.parcel)
