"""The sales of orders, a further step of ``run orders``: issued once paid, retried until done.

The story: note what the ERP made of the sales that it took; watch the orders of the file pass;
finish the sales that an earlier run began; find the orders that want theirs now; write each one's
XML; give them the ERP's stock in turn; tell the plan; write down what stands against the others;
publish the XMLs, each order on its own.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from passerelle.base.errors import (
    ConfigError,
    PasserelleError,
    PermanentError,
    UnreachableError,
    gravest,
)
from passerelle.config.orders import Orders
from passerelle.csv_to_xml.forms import Forms
from passerelle.csv_to_xml.sales_xml import write_sale
from passerelle.exchange.forms import load_sale_forms
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.model.orders import Reading
from passerelle.model.records import DAILY, SaleMark
from passerelle.model.states import OPEN, SaleState
from passerelle.rules.allotting import Shelf, allot, find_candidates, in_turn
from passerelle.rules.fulfilment import (
    Books,
    Candidate,
    Problem,
    held,
    is_of_interest,
    is_still_wanted,
)
from passerelle.runs.fulfil_again import still_wanted
from passerelle.runs.fulfil_look import Answers, Places, find_answers, look_at_stock
from passerelle.runs.fulfil_plan import (
    FulfilPlan,
    SaleParcel,
    describe,
    describe_answers,
    facts,
    rejection,
    summarise,
)
from passerelle.runs.orders_plan import OrdersPlan

UNDATED = "sales without a date"


class Fulfilment:
    """The step, after the orders themselves have been seen to."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._orders = gateway.settings.needed_orders

    def hear(self) -> Answers:
        """What the ERP made of the sales that it took; told, and written down."""
        gateway, answers = self._gateway, find_answers(self._gateway)
        for line in describe_answers(answers):
            gateway.say(line)
        gateway.ledger.sales.mark((*answers.done, *answers.refused), gateway.now())
        return answers

    def _sight(self, readings: Sequence[Reading]) -> tuple[Reading, ...]:
        """The orders of the file that have, or may come to have, a sale."""
        ids, ledger = [reading.id for reading in readings], self._gateway.ledger
        sales = ledger.sales.of_orders(self._orders.channel, ids)
        known = ledger.orders.known(self._orders.channel, ids)
        fulfil, orders = self._gateway.settings.fulfil, self._orders
        return tuple(
            one
            for one in readings
            if is_of_interest(one, known.get(one.id), sales.get(one.id, ()), fulfil, orders)
        )

    def go_on(self, plan: OrdersPlan, outcome: Outcome, readings: Sequence[Reading]) -> Outcome:
        """Runs the story; returns the outcome of the whole run, with what fulfilment adds to it.

        What fails here does not undo what the run did before: it is told, and in the exit code.
        """
        try:
            return self._go_on(plan, outcome, readings)
        except PasserelleError as error:
            self._gateway.say(f"! {error}")
            summary = f"{outcome.summary}, {error.what}"
            return replace(outcome, summary=summary, rejected=gravest(outcome.rejected, error))

    def _go_on(self, plan: OrdersPlan, outcome: Outcome, readings: Sequence[Reading]) -> Outcome:
        gateway, answers = self._gateway, self.hear()
        sighted = self._sight(readings)
        off = partial(_called_off, gateway, sighted, self._orders)
        gateway.do(lambda: gateway.outbox.finish_sales(off()))
        fulfilment = _plan(gateway, plan, answers, sighted)
        for line in describe(fulfilment):
            gateway.say(line)
        failures: list[PasserelleError] = []
        gateway.do(lambda: failures.extend(_carry_out(gateway, fulfilment, plan.file)))
        troubles = (*fulfilment.troubles, *failures)
        for trouble in troubles:
            gateway.say(f"! {trouble}")
        told = (trouble.what for trouble in troubles)
        return Outcome(
            ", ".join((outcome.summary, *summarise(fulfilment), *told)),
            gravest(outcome.rejected, rejection(fulfilment), *troubles),
            {**outcome.facts, "sales": facts(fulfilment)},
        )


def _called_off(gateway: Gateway, sighted: Sequence[Reading], orders: Orders) -> set[int]:
    """The XMLs of sales on their way whose order does not ask for a sale any more."""
    begun = gateway.ledger.sales.in_states(SaleState.PREPARED)
    xmls = {(sale.id, sale.order_date): sale.dispatch for sale in begun
            if sale.channel == orders.channel}  # fmt: skip
    if not xmls:
        return set()
    fulfil = gateway.settings.fulfil
    off = ((r.id, r.date) for r in sighted if not is_still_wanted(r, fulfil, orders))
    return {xml for id, date in off if date and (xml := xmls.get((id, date))) is not None}


def _plan(
    gateway: Gateway, plan: OrdersPlan, answers: Answers, sighted: Sequence[Reading]
) -> FulfilPlan:
    settings, orders = gateway.settings.fulfil, gateway.settings.needed_orders
    books = _books(gateway, plan, {reading.id for reading in sighted}, orders)
    found = find_candidates(sighted, books, settings, orders)
    look = look_at_stock(gateway, found.candidates)
    granted, marks = _grant(gateway, found.candidates, look.shelf, books)
    places = Places(gateway)
    undated = tuple(found.undated)
    return FulfilPlan(
        answers=answers,
        parcels=tuple(
            SaleParcel(
                *(one.candidate.issue(orders.channel), one.data, places.next(one.candidate.id)),
                one.candidate.order.fingerprint(),
            )
            for one in granted
        ),
        marks=(*found.marks, *marks),
        undated=undated,
        undated_told=_news(gateway, undated),
        troubles=tuple(t for t in (answers.trouble, look.trouble) if t),
    )


class _WrittenSale(Struct, frozen=True):
    candidate: Candidate
    data: bytes


def _grant(
    gateway: Gateway, candidates: Sequence[Candidate], shelf: Shelf, books: Books
) -> tuple[list[_WrittenSale], list[SaleMark]]:
    """Gives the stock in turn and writes the XMLs; one that cannot be written takes no stock."""
    cards, left = gateway.settings.gift_card_ids, in_turn(candidates, gateway.settings.fulfil)
    marks: list[SaleMark] = []
    while True:
        allotment = allot(left, shelf, cards, books)
        written, failed = _write(gateway, allotment.granted, books)
        if not failed:
            return written, [*marks, *allotment.marks]
        marks += failed
        ids = {mark.id for mark in failed}
        left = [one for one in left if one.id not in ids]


def _write(
    gateway: Gateway, granted: Sequence[Candidate], books: Books
) -> tuple[list[_WrittenSale], list[SaleMark]]:
    """Each one's XML; one on which the stylesheet fails stops no other."""
    xml, orders = gateway.settings.fulfil.xml, gateway.settings.needed_orders
    written, failed = list[_WrittenSale](), list[SaleMark]()
    forms = load_sale_forms(gateway.settings) if granted else Forms()
    for one in granted:
        try:
            data = write_sale(one.order, one.document, orders, xml, gateway.now(), forms)
        except ConfigError as error:
            failed.append(held(one, Problem.UNWRITTEN, str(error), books))
        else:
            written.append(_WrittenSale(one, data))
    return written, failed


def _news(gateway: Gateway, undated: Sequence[str]) -> tuple[str, ...]:
    """Those of the orders without a date that people were not told of today."""
    last, now = gateway.ledger.runs.last("orders", (0, 5)), gateway.now()
    known = (last.facts if last else {}).get("sales", {}).get("undated", ())
    done = gateway.ledger.runs.chore_done(UNDATED)
    if done is None or abs(now - done) >= DAILY:
        return tuple(undated)
    return tuple(id for id in undated if id not in known)


def _books(gateway: Gateway, plan: OrdersPlan, ids: set[str], orders: Orders) -> Books:
    """What the ledger knows by now: after a real run's orders were sent."""
    book = gateway.ledger.sales
    still_open = [sale.id for sale in book.in_states(*OPEN) if sale.channel == orders.channel]
    parcel = plan.parcel  # in a dry run the ledger does not have its orders as sent
    return Books(
        channel=orders.channel,
        now=gateway.now(),
        orders=gateway.ledger.orders.known(orders.channel, ids),
        sales=book.of_orders(orders.channel, ids.union(still_open)),
        fresh=ids.intersection(mark.reading.id for mark in parcel.marks) if parcel else frozenset(),
    )


def _carry_out(gateway: Gateway, plan: FulfilPlan, met: Mapping[str, Any]) -> list[PasserelleError]:
    """Writes down and publishes; returns what failed. A refusal of one XML stops no other."""
    gateway.ledger.sales.mark(plan.marks, gateway.now())
    if plan.undated_told:
        gateway.ledger.runs.do_chore(UNDATED, gateway.now())
    parcels, failures = still_wanted(gateway, plan.parcels, met)
    for parcel in parcels:
        try:
            gateway.outbox.send_sale(parcel.issue, parcel.data, parcel.place)
        except PermanentError as error:
            failures.append(error)
        except UnreachableError as error:
            # The server or the time is gone for the others too: the next run goes on.
            return [*failures, error]
    return failures
