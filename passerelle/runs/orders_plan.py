"""Pure: what a run of orders will do.

The plan is decided from what was read and what the ledger knows; it opens nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from passerelle.base.language import N_, _
from passerelle.config.orders import Orders
from passerelle.csv_to_xml.order_csv import OrderFile
from passerelle.exchange.outbox import Parcel
from passerelle.model.location import Location
from passerelle.model.records import ChangedOrder, Decision, KnownOrder, Mark
from passerelle.model.states import State
from passerelle.rules import fate

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

    ``decisions`` has every order of the file that is not done, and of the others those that were
    changed since, in the file's order; ``parcel`` is the XML to publish, if there is one; ``file``
    is what the ledger keeps of the order file.
    """

    source: str
    total: int
    decisions: tuple[Decision, ...]
    orphans: tuple[str, ...] = ()
    blocked: str = ""
    missing: tuple[KnownOrder, ...] = ()
    notes: tuple[str, ...] = ()
    parcel: Parcel | None = None
    file: Mapping[str, Any] = field(default_factory=dict)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Every order that is not done, with the state that it gets."""
        return tuple(d.what for d in self.decisions if isinstance(d.what, Mark))

    @property
    def changed(self) -> tuple[ChangedOrder, ...]:
        """The orders that were changed after they were sent."""
        return tuple(d.what for d in self.decisions if isinstance(d.what, ChangedOrder))

    @property
    def done(self) -> int:
        """How many orders were handled before."""
        return self.total - len(self.marks)

    def in_state(self, state: State) -> tuple[Mark, ...]:
        """The orders that get that state."""
        return tuple(mark for mark in self.marks if mark.state == state)

    def newly_in(self, state: State) -> tuple[Mark, ...]:
        """Those of them that were in another, or for another reason."""
        return self._in_state(state, news=True)

    def still_in(self, state: State) -> tuple[Mark, ...]:
        """Those of them that were in it for the same reason."""
        return self._in_state(state, news=False)

    def _in_state(self, state: State, *, news: bool) -> tuple[Mark, ...]:
        return tuple(
            d.what
            for d in self.decisions
            if isinstance(d.what, Mark) and d.what.state == state and d.is_news == news
        )


def decide(
    file: OrderFile, known: Mapping[str, KnownOrder], settings: Orders, source: str
) -> OrdersPlan:
    """The plan for the orders of a file; ``known`` is what the ledger knows of them, by id."""
    return OrdersPlan(
        source,
        len(file.readings),
        tuple(
            Decision(number, what, before)
            for number, reading in enumerate(file.readings)
            if (what := fate.decide(reading, before := known.get(reading.id), settings))
        ),
        tuple(str(fault) for fault in file.faults),
        notes=tuple(f"! {note}" for note in absent_columns(file)),
    )


def absent_columns(file: OrderFile) -> Iterator[str]:
    """What cannot be told of the orders because the file lacks a column."""
    for key in file.absent:
        yield _(_BLIND[key]).format(key=key)


def block(plan: OrdersPlan, place: Location) -> OrdersPlan:
    """The plan where the ERP has not taken the last XML: what was to be sent waits."""
    reason = _("the ERP has not taken {file} yet").format(file=place.name)
    return replace(_keep_back(plan, State.WAITING, lambda _id: reason), blocked=str(place))


def reject(plan: OrdersPlan, rejected: Mapping[str, str]) -> OrdersPlan:
    """The plan without what the schema rejected: the reasons by the orders' ids."""
    text = _("order {id}: {problem}")
    reasons = {id: text.format(id=id, problem=problem) for id, problem in rejected.items()}
    return _keep_back(plan, State.REJECTED, reasons.get)


def _keep_back(
    plan: OrdersPlan, state: State, reason_of: Callable[[str], str | None]
) -> OrdersPlan:
    """What was to be sent gets this state, where there is a reason by its id."""

    def kept(decision: Decision) -> Decision:
        what = decision.what
        if not isinstance(what, Mark) or what.state != State.PREPARED:
            return decision
        reason = reason_of(what.reading.id)
        if reason is None:
            return decision
        return replace(decision, what=replace(what, state=state, reason=reason, due=True))

    return replace(plan, decisions=tuple(map(kept, plan.decisions)))


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
