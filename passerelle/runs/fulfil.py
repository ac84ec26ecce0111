"""The sales of orders, a further step of ``run orders``: issued once paid, retried until done.

The story: note what the ERP made of the sales that it took; find the orders that want their sale
now; write each one's XML; give them the ERP's stock in turn; tell the plan; write down what
stands against the others; publish the XMLs, each order on its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from passerelle.config import Location, Orders, Settings
from passerelle.csv_to_xml import Forms, write_sale
from passerelle.dispatch import free_place
from passerelle.errors import (
    ConfigError,
    PasserelleError,
    PermanentError,
    UnreachableError,
    gravest,
)
from passerelle.fulfilment import (
    Books,
    Candidate,
    Findings,
    allot,
    find_candidates,
    in_turn,
    is_of_interest,
    unwritten,
)
from passerelle.gateway import Gateway, Outcome
from passerelle.language import _
from passerelle.ledger import KnownOrder, SaleMark
from passerelle.ledger.sales import ON_THE_WAY, OPEN
from passerelle.runs.fulfil_answers import Answers, find_answers
from passerelle.runs.fulfil_stock import look_at_stock
from passerelle.runs.fulfil_words import FulfilPlan, Parcel, describe, facts, rejection, summarise
from passerelle.runs.orders import gift_card_ids, is_taken, load_sale_forms, orders_settings
from passerelle.runs.orders_plan import OrdersPlan
from passerelle.sales import Reading


def sighted(
    gateway: Gateway, readings: Iterable[Reading], known: Mapping[str, KnownOrder]
) -> tuple[Reading, ...]:
    """The orders of the file that may matter here, so that the others need not be kept."""
    fulfil, orders = gateway.settings.fulfil, orders_settings(gateway.settings)
    not_done = gateway.ledger.sales.in_states(*OPEN, *ON_THE_WAY)
    open_ids = {sale.id for sale in not_done if sale.channel == orders.channel}
    return tuple(
        reading
        for reading in readings
        if is_of_interest(reading, known.get(reading.id), fulfil, orders, open_ids)
    )


def fulfil(gateway: Gateway, plan: OrdersPlan, outcome: Outcome) -> Outcome:
    """Runs the story; returns the outcome of the whole run, with what fulfilment adds to it.

    What fails here does not undo what the run did before: it is told, and in the exit code.
    """
    try:
        return _fulfil(gateway, plan, outcome)
    except PasserelleError as error:
        gateway.say(f"! {error}")
        return replace(outcome, rejected=gravest(outcome.rejected, error))


def _fulfil(gateway: Gateway, plan: OrdersPlan, outcome: Outcome) -> Outcome:
    answers = find_answers(gateway)
    now = gateway.now()
    gateway.ledger.sales.mark((*answers.done, *answers.refused), now)
    fulfilment = _plan(gateway, plan, answers)
    for line in describe(fulfilment):
        gateway.say(line)
    failures = [] if gateway.dry_run else _carry_out(gateway, fulfilment)
    troubles = (*fulfilment.troubles, *failures)
    for trouble in troubles:
        gateway.say(f"! {trouble}")
    return Outcome(
        ", ".join((outcome.summary, *summarise(fulfilment))),
        gravest(outcome.rejected, rejection(fulfilment), *troubles),
        {**outcome.facts, "sales": facts(fulfilment)},
    )


def _plan(gateway: Gateway, plan: OrdersPlan, answers: Answers) -> FulfilPlan:
    settings, orders = gateway.settings.fulfil, orders_settings(gateway.settings)
    books = _books(gateway, plan, orders)
    found = find_candidates(plan.sighted, books, settings, orders)
    written, marks = _write(gateway, found, books, orders)
    shelf = look_at_stock(gateway, [one.candidate for one in written])
    turn = in_turn([one.candidate for one in written], settings)
    allotment = allot(turn, shelf.shelf, gift_card_ids(gateway.settings), books)
    data = {one.candidate.order.id: one.data for one in written}
    places = _Places(gateway, destination(gateway.settings))
    return FulfilPlan(
        answers=answers,
        parcels=tuple(
            Parcel(one.issue(orders.channel), data[one.order.id], places.next(one.order.id))
            for one in allotment.granted
        ),
        marks=(*found.marks, *marks, *allotment.marks),
        undated=tuple(found.undated),
        troubles=tuple(t for t in (answers.trouble, shelf.trouble) if t),
    )


def _books(gateway: Gateway, plan: OrdersPlan, orders: Orders) -> Books:
    """What the ledger knows by now: after a real run's orders were sent."""
    book, ids = gateway.ledger.sales, [reading.id for reading in plan.sighted]
    still_open = [sale.id for sale in book.in_states(*OPEN) if sale.channel == orders.channel]
    parcel = plan.parcel if gateway.dry_run else None
    return Books(
        channel=orders.channel,
        now=gateway.now(),
        orders=gateway.ledger.orders.known(orders.channel, ids),
        sales=book.of_orders(orders.channel, {*ids, *still_open}),
        fresh=frozenset(mark.reading.id for mark in parcel.marks) if parcel else frozenset(),
    )


@dataclass(frozen=True, slots=True)
class _Written:
    candidate: Candidate
    data: bytes


def _write(
    gateway: Gateway, found: Findings, books: Books, orders: Orders
) -> tuple[list[_Written], list[SaleMark]]:
    """Each candidate's XML; one on which the stylesheet fails stops no other."""
    xml, written, marks = gateway.settings.fulfil.xml, list[_Written](), list[SaleMark]()
    forms = load_sale_forms(gateway.settings) if found.candidates else Forms()
    for one in found.candidates:
        try:
            data = write_sale(one.order, one.document, orders, xml, gateway.now(), forms)
        except ConfigError as error:
            marks.append(unwritten(one, str(error), books))
        else:
            written.append(_Written(one, data))
    return written, marks


def destination(settings: Settings) -> Location:
    """Where sales go. Raises :class:`ConfigError` where that is not said."""
    if settings.fulfil.to is None:
        mend = _("add it; `passerelle init` shows how")
        raise ConfigError(_("fulfil.to is missing"), "config.toml", mend)
    return settings.fulfil.to


class _Places:
    """Names for the XMLs of one run, no two of them the same."""

    def __init__(self, gateway: Gateway, template: Location) -> None:
        self._gateway, self._template, self._moment = gateway, template, gateway.now()

    def next(self, id: str) -> Location:
        template = self._template
        named = template.with_name(template.name.replace("{id}", _for_name(id)))
        place = free_place(named, self._moment, lambda p: is_taken(self._gateway, p))
        if "{id}" not in template.name:
            self._moment += timedelta(seconds=1)
        return place


def _for_name(id: str) -> str:
    """An order's id as a part of a file's name, on any system."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in id)[:60]


# --- carrying out ----------------------------------------------------------------------------


def _carry_out(gateway: Gateway, plan: FulfilPlan) -> list[PasserelleError]:
    """Writes down and publishes; returns what failed. A refusal of one XML stops no other."""
    gateway.ledger.sales.mark(plan.marks, gateway.now())
    failures: list[PasserelleError] = []
    for parcel in plan.parcels:
        try:
            gateway.dispatcher.publish_sale(parcel.issue, parcel.data, parcel.place)
        except PermanentError as error:
            failures.append(error)
        except UnreachableError as error:
            # The server or the time is gone for the others too: the next run goes on.
            return [*failures, error]
    return failures
