"""``run tills``: each order that the tills were paid for becomes one sales XML for the ERP.

The story: read the tills' book from where the last run came to; decide on every paid order; tell
the plan; note it, with the XMLs in ArchiveExport; then finish all that was promised. What is in the
ledger is never made twice: how far the book was read only saves reading.
"""

from functools import partial

from passerelle.base.errors import ConfigError, PasserelleError, gravest
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.exchange.forms import load_forms
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.ledger.till_reading import reading_till_book
from passerelle.model.states import Kind, State
from passerelle.runs.refusals import note_refused
from passerelle.runs.till_holds import question_book, read_so_far
from passerelle.runs.till_plan import (
    TillPlan,
    describe,
    facts,
    plan_tills,
    rejection,
    summarise,
)


def run_tills(gateway: Gateway, *, accept: bool = False) -> Outcome:
    """Runs the story; ``accept``: a person says that the book is right as it is."""
    _check_settings(gateway)
    if accept:
        gateway.do(partial(_begin_anew, gateway))
    try:
        gateway.outbox.witness.question(gateway.ledger)
        load_forms(gateway.settings.needed_orders)
        plan = _plan(gateway, accept=accept)
    except PasserelleError:
        gateway.recover()  # what was promised goes, whatever the book has
        raise
    for line in describe(plan):
        gateway.say(line)
    gateway.do(partial(_write_down, gateway, plan))
    gateway.recover()
    gateway.outbox.troubles += note_refused(gateway)
    sent, prepared = _progress(gateway, plan)
    troubles = gateway.outbox.troubles
    summary = ", ".join((*(one.what for one in troubles), summarise(plan, sent, prepared)))
    return Outcome(summary, gravest(rejection(plan, sent), *troubles), facts(plan, sent))


def _check_settings(gateway: Gateway) -> None:
    if gateway.settings.needed_tills and gateway.settings.orders is None:
        what = _("the tills' orders go to the ERP as [orders] says, and [orders] is missing")
        mend = _("add it; `passerelle init` shows how")
        raise ConfigError(what, gateway.settings.file_name, mend)


def _begin_anew(gateway: Gateway) -> None:
    """An older copy that is right as it is: from now on it is a book of its own."""
    with reading_till_book(gateway.settings.folder) as book:
        if book is not None and book.is_older_than_it_was():
            with book.transaction:
                book.begin_anew(gateway.now(), _("a person accepted the book as it is"))
            book.remember()


def _plan(gateway: Gateway, *, accept: bool) -> TillPlan:
    cursors, groups = read_so_far(gateway.ledger), gateway.settings.needed_tills.groups
    reading = reading_till_book(gateway.settings.folder, groups)
    with reading as book, step(_("reading the tills' book")):
        if not accept:
            question_book(book, cursors)
        return plan_tills(gateway, book, cursors) if book else TillPlan()


def _write_down(gateway: Gateway, plan: TillPlan) -> None:
    """Every order is known from now on, and what is to be sent is promised."""
    now = gateway.now()
    for one in plan.rejected:
        gateway.ledger.orders.mark(one.channel, [one.mark], now)
    for made in plan.parcels:
        gateway.outbox.prepare_orders(made.channel, made.parcel, Kind.TILL)


def _progress(gateway: Gateway, plan: TillPlan) -> tuple[int, int]:
    """How many orders came into the ERP's folder, and how many of the plan's did not yet.

    In a dry run: would come.
    """
    known = [
        gateway.ledger.orders.known(made.channel, [mark.reading.id]).get(mark.reading.id)
        for made in plan.parcels
        for mark in made.parcel.marks
    ]
    waiting = sum(one is not None and one.state == State.PREPARED for one in known)
    promised = any(one is not None and one.dispatch for one in known)
    return (gateway.outbox.orders_sent if promised or not known else len(known)), waiting
