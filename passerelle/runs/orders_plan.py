"""Pure: what a run of orders will do.

The plan is decided from what was read and what the ledger knows; it opens nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from passerelle.base.language import N_, _
from passerelle.config.model import Orders
from passerelle.csv_to_xml.order_csv import OrderFile
from passerelle.exchange.outbox import Parcel
from passerelle.model.location import Location
from passerelle.model.orders import Reading
from passerelle.model.records import KnownOrder, Mark
from passerelle.model.states import DONE, State
from passerelle.rules.fate import Fate, is_cancelled, is_id_used_again, judge, used_again
from passerelle.runs.decided import ChangedOrder, Decided, Decision, Marks

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
class OrdersPlan:
    """What a run will do: a dry run prints this very plan, a real run carries it out.

    ``decided`` has every order of the file that is not done; ``parcel`` is the XML to publish, if
    there is one; ``file`` is what the ledger keeps of the order file.
    """

    source: str
    total: int
    decided: Decided
    orphans: tuple[str, ...] = ()
    blocked: str = ""
    missing: tuple[KnownOrder, ...] = ()
    notes: tuple[str, ...] = ()
    parcel: Parcel | None = None
    file: Mapping[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """How many orders were handled before."""
        return self.total - len(self.decided.all)

    def in_state(self, state: State) -> Marks:
        """The orders that get that state."""
        return self.decided.in_state(state)


def decide(
    file: OrderFile,
    met: Iterable[tuple[Reading, KnownOrder | None]],
    settings: Orders,
    source: str,
) -> OrdersPlan:
    """The plan for the orders of a file; ``met`` has each with what the ledger knows of it."""
    return OrdersPlan(
        source,
        len(file.readings),
        Decided(_decisions(met, settings)),
        tuple(str(fault) for fault in file.faults),
        notes=tuple(f"! {note}" for note in absent_columns(file)),
    )


def _decisions(
    met: Iterable[tuple[Reading, KnownOrder | None]], settings: Orders
) -> Iterator[Decision]:
    for number, (reading, before) in enumerate(met):
        if before and before.state in DONE:
            changed = _change_after_sending(reading, before, settings)
            if changed:
                yield Decision(number, changed, before)
        else:
            yield Decision(number, _mark(reading, before, settings), before)


def _mark(reading: Reading, before: KnownOrder | None, settings: Orders) -> Mark:
    if before and is_id_used_again(reading, before):
        return _another(reading, before)
    verdict = judge(reading, settings, resend=bool(before and before.resend))
    state = State.PREPARED if verdict.fate == Fate.SEND else State(verdict.fate)
    due = state == State.REJECTED
    is_cancelled_only = not due and is_cancelled(reading, settings)
    return Mark(reading.gist(), state, verdict.reason, due, is_cancelled_only)


def _another(reading: Reading, before: KnownOrder) -> Mark:
    """Not merged: the ledger keeps the first order's date, until a person decides."""
    reason = _used_again(reading, before)
    first = replace(reading.gist(), reference=before.reference, date=before.date)
    return Mark(first, State.REJECTED, reason, due=True)


def _used_again(reading: Reading, before: KnownOrder) -> str:
    return used_again(before.date, reading.date) if before.date and reading.date else ""


def absent_columns(file: OrderFile) -> Iterator[str]:
    """What cannot be told of the orders because the file lacks a column."""
    for key in file.absent:
        yield _(_BLIND[key]).format(key=key)


def _change_after_sending(
    reading: Reading, before: KnownOrder, settings: Orders
) -> ChangedOrder | None:
    if is_id_used_again(reading, before):
        if reading.fingerprint == before.fingerprint:
            return None
        return ChangedOrder(reading.gist(), _used_again(reading, before), before.cancelled)
    if before.state not in (State.SENT, State.TAKEN):
        return None
    cancelled = is_cancelled(reading, settings)
    if cancelled and not before.cancelled:
        note = _('cancelled in the shop ("{status}") after it was sent: correct it in the ERP')
    elif before.cancelled and not cancelled:
        note = _('no longer cancelled in the shop ("{status}"): compare it with the ERP')
    elif reading.order and reading.fingerprint != before.fingerprint:
        note = _("changed in the shop after it was sent: compare it with the ERP")
    else:
        return None
    return ChangedOrder(reading.gist(), note.format(status=reading.status), cancelled)


def block(plan: OrdersPlan, place: Location) -> OrdersPlan:
    """The plan where the ERP has not taken the last XML: what was to be sent waits."""
    plan.decided.block(_("the ERP has not taken {file} yet").format(file=place.name))
    return replace(plan, blocked=str(place))


def reject(plan: OrdersPlan, rejected: Mapping[str, str]) -> None:
    """Takes out of the plan what the schema rejected: the reasons by the orders' ids."""
    text = _("order {id}: {problem}")
    plan.decided.reject({id: text.format(id=id, problem=rejected[id]) for id in rejected})


def sent(plan: OrdersPlan) -> int:
    """How many orders go into an XML."""
    return len(plan.in_state(State.PREPARED)) if plan.parcel else 0


def facts(plan: OrdersPlan) -> dict[str, Any]:
    """What the ledger keeps of the run: counts, the file met, orders that need a person."""
    states = (State.WITHHELD, State.WAITING, State.SKIPPED, State.REJECTED)
    counts = {state.value: len(plan.in_state(state)) for state in states}
    return counts | {
        "orders": plan.total,
        "sent": sent(plan),
        "unnamed": len(plan.orphans),
        "not_sent": [order.id for order in plan.missing],
        "files": [plan.file] if plan.file else [],
    }
