"""``run orders``: the shop's order CSV becomes one sales XML in the ERP's import folder.

The story: finish what an earlier run left; fetch the CSV; decide on every order; tell the plan;
write down what is not sent and why; publish the XML. Then, where that is enabled, the sales
(:mod:`passerelle.runs.fulfil`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from passerelle.base.errors import gravest
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.csv_to_xml.forms import Forms
from passerelle.csv_to_xml.order_csv import OrderFile, read_orders
from passerelle.csv_to_xml.sales_xml import write_sales
from passerelle.exchange.forms import load_forms
from passerelle.exchange.outbox import Parcel
from passerelle.exchange.uploads import free_place
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.model.location import Location
from passerelle.model.records import KnownOrder, Mark
from passerelle.model.states import State
from passerelle.remotes.base import find
from passerelle.runs.departures import note_departures, plan_departures
from passerelle.runs.orders_plan import (
    OrdersPlan,
    block,
    decide,
    describe,
    facts,
    reject,
    summarise,
)
from passerelle.runs.refusals import note_refused

if TYPE_CHECKING:
    from passerelle.runs.fulfil import Fulfilment


@dataclass(frozen=True, slots=True)
class Met:
    """The order file as it was read, and what the ledger knows of its orders, by id.

    ``source`` is the file in words, ``fact`` what the ledger keeps of it.
    """

    source: str
    notes: tuple[str, ...]
    fact: Mapping[str, Any]
    file: OrderFile
    known: Mapping[str, KnownOrder]
    forms: Forms


def run_orders(gateway: Gateway) -> Outcome:
    """Runs the story. Raises :class:`PasserelleError` where it must stop."""
    gateway.recover()
    gateway.outbox.troubles += note_refused(gateway)
    fulfilment = _fulfilment(gateway)
    met = meet_orders(gateway)
    sighted = fulfilment.sight(met.file.readings, met.known) if fulfilment else ()
    plan = plan_orders(gateway, met)
    # There may be many orders, and their XML is in memory by now.
    del met
    for line in describe(plan):
        gateway.say(line)
    gateway.do(lambda: carry_out(gateway, plan))
    outcome = Outcome(*summarise(plan), facts(plan))
    if fulfilment:
        outcome = fulfilment.go_on(plan, outcome, sighted)
    return replace(outcome, rejected=gravest(outcome.rejected, *gateway.outbox.troubles))


def _fulfilment(gateway: Gateway) -> "Fulfilment | None":
    if not gateway.settings.fulfil.enabled:
        return None
    from passerelle.runs.fulfil import Fulfilment

    return Fulfilment(gateway)


def meet_orders(gateway: Gateway) -> Met:
    """Fetches and reads the order CSV."""
    settings = gateway.settings.needed_orders
    forms = load_forms(settings)
    source = gateway.sources.fetch(settings.source)
    with step(_("reading {file}").format(file=source.place.name)):
        gift_cards = gateway.settings.gift_card_ids
        file = read_orders(source.data, settings, source.place.name, gift_cards)
        ids = [reading.id for reading in file.readings]
        known = gateway.ledger.orders.known(settings.channel, ids)
    fact = source.fact(gateway.now())
    return Met(source.describe(), source.notes, fact, file, known, forms)


def plan_orders(gateway: Gateway, met: Met) -> OrdersPlan:
    """Decides on every order in the file; changes nothing."""
    settings = gateway.settings.needed_orders
    adopted = gateway.ledger.orders.high_water(settings.channel)
    plan = decide(met.file, met.known, settings, met.source, adopted)
    decided = {decision.what.reading.id for decision in plan.decisions}
    due = gateway.ledger.orders.due(settings.channel)
    plan = replace(
        plan,
        notes=(*(f"! {note}" for note in met.notes), *plan.notes),
        missing=tuple(order for order in due if order.id not in decided),
        departures=plan_departures(gateway, decided),
        file=met.fact,
    )
    return _with_parcel(gateway, plan, met)


def _with_parcel(gateway: Gateway, plan: OrdersPlan, met: Met) -> OrdersPlan:
    """The plan with its XML, or with the reason why the orders to be sent wait."""
    settings, readings = gateway.settings.needed_orders, met.file.readings
    numbers = [d.number for d in plan.decisions
               if isinstance(d.what, Mark) and d.what.state == State.PREPARED]  # fmt: skip
    if not numbers:
        return plan
    place = free_place(settings.to, gateway.now(), lambda p: is_taken(gateway, p))
    if "{time}" not in settings.to.name and is_taken(gateway, place, ever=False):
        return block(plan, place)
    with step(_("writing {file}").format(file=place.name)):
        orders = [order for number in numbers if (order := readings[number].order)]
        sales = write_sales(orders, settings, gateway.now(), met.forms)
    plan = reject(plan, sales.rejected)
    to_send = plan.in_state(State.PREPARED)
    return replace(plan, parcel=Parcel(sales.data, to_send, place) if to_send else None)


def is_taken(gateway: Gateway, place: Location, *, ever: bool = True) -> bool:
    """Whether a file of that name is on the server, on its way there, or (``ever``) was sent."""
    if ever and gateway.ledger.dispatches.is_used(place):
        return True
    if any(d.place == place for d in gateway.ledger.dispatches.unfinished()):
        return True
    return find(gateway.remote(place.server), place.path) is not None


def carry_out(gateway: Gateway, plan: OrdersPlan) -> None:
    """Does what the plan says."""
    channel, now = gateway.settings.needed_orders.channel, gateway.now()
    with step(_("writing the ledger")):
        unsent = [mark for mark in plan.marks if mark.state != State.PREPARED]
        gateway.ledger.orders.mark(channel, unsent, now)
    for changed in plan.changed:
        gateway.ledger.orders.note_change(
            *(channel, changed.reading, now, changed.note),
            cancelled=changed.cancelled,
            matter=changed.matter,
        )
    note_departures(gateway, plan.departures)
    if plan.parcel:
        gateway.outbox.send_orders(channel, plan.parcel)
