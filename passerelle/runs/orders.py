"""``run orders``: the shop's order CSV becomes one sales XML in the ERP's import folder.

The story: finish what an earlier run left; fetch the CSV; decide on every order; tell the plan;
write down what is not sent and why; publish the XML. Then, where that is enabled, the sales
(:mod:`passerelle.runs.fulfil`).
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from passerelle.base.errors import gravest
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.config.sections import gift_card_ids, orders_settings
from passerelle.csv_to_xml.forms import Forms
from passerelle.csv_to_xml.order_csv import OrderFile, Readings, read_orders
from passerelle.csv_to_xml.sales_xml import write_sales
from passerelle.exchange.forms import load_forms
from passerelle.exchange.outbox import Parcel
from passerelle.exchange.uploads import free_place
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.model.location import Location
from passerelle.model.orders import Reading
from passerelle.model.records import KnownOrder
from passerelle.model.states import State
from passerelle.remotes.base import find
from passerelle.runs.orders_plan import OrdersPlan, block, decide, facts, reject
from passerelle.runs.orders_words import describe, summarise

if TYPE_CHECKING:
    from passerelle.runs.fulfil import Fulfilment

Met = Iterable[tuple[Reading, KnownOrder | None]]
# Sees each order of the file pass, beside what the ledger knows of it.
Watch = Callable[[Readings, Met], Met]


def run_orders(gateway: Gateway) -> Outcome:
    """Runs the story. Raises :class:`PasserelleError` where it must stop."""
    gateway.recover()
    fulfilment = _fulfilment(gateway)
    plan = plan_orders(gateway, fulfilment.watch if fulfilment else _unwatched)
    for line in describe(plan):
        gateway.say(line)
    gateway.do(lambda: carry_out(gateway, plan))
    outcome = Outcome(*summarise(plan), facts(plan))
    if fulfilment:
        outcome = fulfilment.go_on(plan, outcome)
    return replace(outcome, rejected=gravest(outcome.rejected, *gateway.outbox.troubles))


def plan_orders(gateway: Gateway, watch: Watch) -> OrdersPlan:
    """Reads the order CSV and decides on every order in it; changes nothing."""
    settings = orders_settings(gateway.settings)
    forms = load_forms(settings)
    source = gateway.sources.fetch_to_read_by_slices(settings.source)
    with step(_("reading {file}").format(file=source.place.name)):
        gift_cards = gift_card_ids(gateway.settings)
        file = read_orders(source.content, settings, source.place.name, gift_cards)
        met = gateway.ledger.orders.beside(settings.channel, file.readings)
        plan = decide(file, watch(file.readings, met), settings, source.describe())
    due = gateway.ledger.orders.due(settings.channel)
    plan = replace(
        plan,
        notes=(*(f"! {note}" for note in source.notes), *plan.notes),
        missing=tuple(plan.decided.lacks(due)),
        file=source.fact(gateway.now()),
    )
    return _with_parcel(gateway, plan, file, forms)


def _unwatched(readings: Readings, met: Met) -> Met:
    return met


def _fulfilment(gateway: Gateway) -> "Fulfilment | None":
    if not gateway.settings.fulfil.enabled:
        return None
    from passerelle.runs.fulfil import Fulfilment

    return Fulfilment(gateway)


def _with_parcel(gateway: Gateway, plan: OrdersPlan, file: OrderFile, forms: Forms) -> OrdersPlan:
    """The plan with its XML, or with the reason why the orders to be sent wait."""
    settings = orders_settings(gateway.settings)
    to_send = plan.in_state(State.PREPARED)
    if not len(to_send):
        return plan
    place = free_place(settings.to, gateway.now(), lambda p: is_taken(gateway, p))
    if "{time}" not in settings.to.name and is_taken(gateway, place, ever=False):
        return block(plan, place)
    with step(_("writing {file}").format(file=place.name)):
        orders = file.readings.orders(to_send.numbers())
        sales = write_sales(orders, settings, gateway.now(), forms)
    reject(plan, sales.rejected)
    return replace(plan, parcel=Parcel(sales.blocks, to_send, place) if len(to_send) else None)


def is_taken(gateway: Gateway, place: Location, *, ever: bool = True) -> bool:
    """Whether a file of that name is on the server, on its way there, or (``ever``) was sent."""
    if ever and gateway.ledger.dispatches.is_used(place):
        return True
    if any(d.place == place for d in gateway.ledger.dispatches.unfinished()):
        return True
    return find(gateway.remote(place.server), place.path) is not None


def carry_out(gateway: Gateway, plan: OrdersPlan) -> None:
    """Does what the plan says."""
    channel, now = orders_settings(gateway.settings).channel, gateway.now()
    with step(_("writing the ledger")):
        gateway.ledger.orders.mark(channel, plan.decided.unsent, now)
    for changed in plan.decided.changed():
        gateway.ledger.orders.note_change(
            channel, changed.reading, now, changed.note, cancelled=changed.cancelled
        )
    if plan.parcel:
        gateway.outbox.send_orders(channel, plan.parcel)
