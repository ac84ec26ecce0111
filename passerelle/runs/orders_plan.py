"""Pure: what a run of orders will do.

The plan is decided from what was read and what the ledger knows; it opens nothing.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from passerelle.config import Location, Orders
from passerelle.csv_to_xml import OrderFile
from passerelle.dispatch import Parcel
from passerelle.language import N_, _
from passerelle.ledger import DONE, KnownOrder, Mark, State
from passerelle.sales import Gist, Reading
from passerelle.verdict import Fate, is_cancelled, judge

_BLIND = {
    "status": N_(
        "the file has no column for {key}, so cancelled orders cannot be told from others "
        "(name it in orders.columns.{key})"
    ),
    "payment": N_(
        "the file has no column for {key}, so orders paid by gift card cannot be told from others "
        "(name it in orders.columns.{key})"
    ),
    "voucher": N_(
        "the file has no column for {key}, so orders paid by gift voucher cannot be told from "
        "others (name it in orders.columns.{key})"
    ),
}


@dataclass(frozen=True, slots=True)
class ChangedOrder:
    """An order that the shop changed after it was sent."""

    reading: Gist
    note: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class OrdersPlan:
    """What a run will do: a dry run prints this very plan, a real run carries it out.

    ``marks`` are the orders that are not sent, with the state to write down; ``parcel`` is the
    XML to publish, if there is one; ``file`` is what the ledger keeps of the order file; the
    orders that fulfilment looks at are ``sighted``. ``to_send`` are the numbers in the file of the
    orders marked as prepared.
    """

    source: str
    total: int
    done: int
    marks: tuple[Mark, ...] = ()
    changed: tuple[ChangedOrder, ...] = ()
    orphans: tuple[str, ...] = ()
    blocked: str = ""
    missing: tuple[KnownOrder, ...] = ()
    notes: tuple[str, ...] = ()
    parcel: Parcel | None = None
    known: Mapping[str, KnownOrder] = field(default_factory=dict)
    to_send: Sequence[int] = ()
    file: Mapping[str, Any] = field(default_factory=dict)
    sighted: tuple[Reading, ...] = ()

    def in_state(self, state: State) -> list[Mark]:
        """The marks with that state."""
        return [mark for mark in self.marks if mark.state == state]


def decide(
    file: OrderFile, known: Mapping[str, KnownOrder], settings: Orders, source: str
) -> OrdersPlan:
    marks, changed, to_send = [], [], array("I")
    for number, reading in enumerate(file.readings):
        before = known.get(reading.id)
        if before and before.state in DONE:
            changed += _change_after_sending(reading, before, settings)
        else:
            verdict = judge(reading, settings, resend=bool(before and before.resend))
            state = State.PREPARED if verdict.fate == Fate.SEND else State(verdict.fate)
            due, cancelled = state == State.REJECTED, is_cancelled(reading, settings)
            gist, is_cancelled_only = reading.gist(), cancelled and not due
            marks.append(Mark(gist, state, verdict.reason, due, is_cancelled_only))
            to_send.extend([number] if state == State.PREPARED else [])
    orphans = tuple(str(fault) for fault in file.faults)
    done = len(file.readings) - len(marks)
    return OrdersPlan(
        source,
        len(file.readings),
        done,
        tuple(marks),
        tuple(changed),
        orphans,
        notes=tuple(f"! {note}" for note in absent_columns(file)),
        known=known,
        to_send=to_send,
    )


def absent_columns(file: OrderFile) -> Iterator[str]:
    """What cannot be told of the orders because the file lacks a column."""
    for key in file.absent:
        yield _(_BLIND[key]).format(key=key)


def _change_after_sending(
    reading: Reading, before: KnownOrder, settings: Orders
) -> list[ChangedOrder]:
    if before.state not in (State.SENT, State.TAKEN):
        return []
    cancelled = is_cancelled(reading, settings)
    if cancelled and not before.cancelled:
        note = _('cancelled in the shop ("{status}") after it was sent: correct it in the ERP')
    elif before.cancelled and not cancelled:
        note = _('no longer cancelled in the shop ("{status}"): compare it with the ERP')
    elif reading.order and reading.fingerprint != before.fingerprint:
        note = _("changed in the shop after it was sent: compare it with the ERP")
    else:
        return []
    return [ChangedOrder(reading.gist(), note.format(status=reading.status), cancelled)]


def blocked(plan: OrdersPlan, place: Location) -> OrdersPlan:
    reason = _("the ERP has not taken {file} yet").format(file=place.name)
    marks = (
        replace(mark, state=State.WAITING, reason=reason, due=True)
        if mark.state == State.PREPARED
        else mark
        for mark in plan.marks
    )
    return replace(plan, marks=tuple(marks), blocked=str(place))


def after_validation(mark: Mark, rejected: Mapping[str, str]) -> Mark:
    reason = rejected.get(mark.reading.id)
    if mark.state != State.PREPARED or reason is None:
        return mark
    reason = _("order {id}: {problem}").format(id=mark.reading.id, problem=reason)
    return replace(mark, state=State.REJECTED, reason=reason, due=True)


def facts(plan: OrdersPlan) -> dict[str, Any]:
    """What the ledger keeps of the run: counts, the file met, orders that need a person."""
    states = (State.WITHHELD, State.WAITING, State.SKIPPED, State.REJECTED)
    counts = {state.value: len(plan.in_state(state)) for state in states}
    return counts | {
        "orders": plan.total,
        "sent": len(plan.parcel.marks) if plan.parcel else 0,
        "unnamed": len(plan.orphans),
        "not_sent": [order.id for order in plan.missing],
        "files": [plan.file] if plan.file else [],
    }
