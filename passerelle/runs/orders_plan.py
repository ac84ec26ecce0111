"""Pure: what a run of orders will do, and how that is told.

The plan is decided from what was read and what the ledger knows; it opens nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from passerelle.config import Location, Orders
from passerelle.csv_to_xml import OrderFile
from passerelle.dispatch import Parcel
from passerelle.errors import RejectedError
from passerelle.ledger import DONE, KnownOrder, Mark, State
from passerelle.reading import count, shorten
from passerelle.sales import Reading
from passerelle.verdict import Fate, is_cancelled, judge

_FEW = 20
_BLIND = {
    "status": "cancelled orders",
    "payment": "orders paid by gift card",
    "voucher": "orders paid by gift voucher",
}


@dataclass(frozen=True, slots=True)
class ChangedOrder:
    """An order that the shop changed after it was sent."""

    reading: Reading
    note: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class OrdersPlan:
    """What a run will do: a dry run prints this very plan, a real run carries it out.

    ``marks`` are the orders that are not sent, with the state to write down; ``parcel`` is the
    XML to publish, if there is one; ``file`` is what the ledger keeps of the order file.
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
    file: Mapping[str, Any] = field(default_factory=dict)


def decide(
    file: OrderFile, known: Mapping[str, KnownOrder], settings: Orders, source: str
) -> OrdersPlan:
    marks, changed = [], []
    for reading in file.readings:
        before = known.get(reading.id)
        if before and before.state in DONE:
            changed += _change_after_sending(reading, before, settings)
        else:
            verdict = judge(reading, settings, resend=bool(before and before.resend))
            state = State.PREPARED if verdict.fate == Fate.SEND else State(verdict.fate)
            due, cancelled = state == State.REJECTED, is_cancelled(reading, settings)
            marks.append(Mark(reading, state, verdict.reason, due, cancelled and not due))
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
    )


def absent_columns(file: OrderFile) -> Iterator[str]:
    """What cannot be told of the orders because the file lacks a column."""
    for key in file.absent:
        yield (
            f"the file has no column for {key}, so {_BLIND[key]} cannot be told from others "
            f"(name it in orders.columns.{key})"
        )


def _change_after_sending(
    reading: Reading, before: KnownOrder, settings: Orders
) -> list[ChangedOrder]:
    if before.state not in (State.SENT, State.TAKEN):
        return []
    cancelled = is_cancelled(reading, settings)
    if cancelled and not before.cancelled:
        note = (
            f'cancelled in the shop ("{reading.status}") after it was sent: correct it in the ERP'
        )
    elif before.cancelled and not cancelled:
        note = f'no longer cancelled in the shop ("{reading.status}"): compare it with the ERP'
    elif reading.order and reading.order.fingerprint() != before.fingerprint:
        note = "changed in the shop after it was sent: compare it with the ERP"
    else:
        return []
    return [ChangedOrder(reading, note, cancelled)]


def blocked(plan: OrdersPlan, place: Location) -> OrdersPlan:
    reason = f"the ERP has not taken {place.name} yet"
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
    reason = f"order {mark.reading.id}: {reason}"
    return replace(mark, state=State.REJECTED, reason=reason, due=True)


def describe(plan: OrdersPlan) -> Iterator[str]:
    """The plan, one sentence a line."""
    yield f"{plan.source}, {count(plan.total, 'order')}, {plan.done} of them handled before"
    yield from plan.notes
    for state, words in (
        (State.WITHHELD, "withheld, to be entered at the till"),
        (State.WAITING, "waiting"),
        (State.SKIPPED, "left to the previous system"),
    ):
        yield from _describe_state(plan, state, words)
    for mark in _in_state(plan, State.REJECTED):
        yield f"! rejected: order {mark.reading.id}: {mark.reason}"
    for orphan in plan.orphans:
        yield f"! rejected: {orphan}"
    for changed in plan.changed:
        yield f"! order {changed.reading.id}: {changed.note}"
    for order in plan.missing:
        yield f"! not sent, and no longer in the file: order {order.id} ({order.reason})"
    if plan.blocked:
        yield f"! {plan.blocked} is still there: new orders wait until the ERP has taken it"
    if plan.parcel:
        ids = _ids([mark.reading.id for mark in plan.parcel.marks])
        yield f"to send: {count(len(plan.parcel.marks), 'order')} ({ids}) as {plan.parcel.place}"
    else:
        yield "no order to send"


def _describe_state(plan: OrdersPlan, state: State, words: str) -> Iterator[str]:
    """Orders that are newly in a state one by one, those that stay in it as a count."""
    marks = _in_state(plan, state)
    fresh = [mark for mark in marks if not _is_news_no_more(plan, mark)]
    if state == State.SKIPPED and len(fresh) > _FEW:
        yield f"{words}: {count(len(fresh), 'order')}"
        return
    for mark in fresh:
        yield f"{words}: order {mark.reading.id}: {mark.reason}"
    if len(marks) > len(fresh):
        yield f"still {words}: {_ids([m.reading.id for m in marks if m not in fresh])}"


def _is_news_no_more(plan: OrdersPlan, mark: Mark) -> bool:
    before = plan.known.get(mark.reading.id)
    return bool(before and before.state == mark.state and before.reason == mark.reason)


def _in_state(plan: OrdersPlan, state: State) -> list[Mark]:
    return [mark for mark in plan.marks if mark.state == state]


def _ids(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _FEW} more" if len(ids) > _FEW else ""
    return ", ".join(shorten(id) for id in ids[:_FEW]) + more


def summarise(plan: OrdersPlan) -> tuple[str, RejectedError | None]:
    sent = len(plan.parcel.marks) if plan.parcel else 0
    faults = [mark.reason for mark in _in_state(plan, State.REJECTED)] + list(plan.orphans)
    parts = [f"{count(sent, 'order')} sent"]
    parts += [
        f"{len(marks)} {state}"
        for state in (State.WITHHELD, State.WAITING, State.SKIPPED)
        if (marks := _in_state(plan, state))
    ]
    parts += [f"{len(faults)} rejected"] if faults else []
    parts += [f"{len(plan.missing)} not sent and gone"] if plan.missing else []
    return ", ".join(parts), rejection(faults) or _lost_from_sight(plan)


def facts(plan: OrdersPlan) -> dict[str, Any]:
    """What the ledger keeps of the run: counts, the file met, orders that need a person."""
    states = (State.WITHHELD, State.WAITING, State.SKIPPED, State.REJECTED)
    counts = {state.value: len(_in_state(plan, state)) for state in states}
    return counts | {
        "orders": plan.total,
        "sent": len(plan.parcel.marks) if plan.parcel else 0,
        "unnamed": len(plan.orphans),
        "not_sent": [order.id for order in plan.missing],
        "files": [plan.file] if plan.file else [],
    }


def _lost_from_sight(plan: OrdersPlan) -> RejectedError | None:
    """Orders that should be in the ERP, but the file that held them has moved on."""
    if not plan.missing:
        return None
    return RejectedError(
        f"{count(len(plan.missing), 'order')} not sent, and no longer in the file",
        _ids([order.id for order in plan.missing]),
        "have the shop export them again, or enter them by hand and `passerelle orders settle`",
    )


def rejection(faults: Sequence[str]) -> RejectedError | None:
    """The closing error for faults that rejected orders; ``None`` where there are none."""
    if not faults:
        return None
    more = f" (and {len(faults) - 1} more, listed above)" if len(faults) > 1 else ""
    return RejectedError(
        f"{count(len(faults), 'order')} rejected",
        f"{faults[0]}{more}",
        "mend it in the shop, or enter the order by hand and `passerelle orders settle` it; "
        "the other orders went through",
    )
