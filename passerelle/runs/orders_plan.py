"""Pure: what a run of orders will do, by what was read and what the ledger knows; and its words."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from passerelle.base.commands import covering
from passerelle.base.dates import DateOrder
from passerelle.base.errors import RejectedError
from passerelle.base.language import N_, _, n_
from passerelle.base.wording import FEW, few
from passerelle.config.orders import Orders
from passerelle.csv_to_xml.order_csv import OrderFile
from passerelle.exchange.outbox import Parcel
from passerelle.model.orders import Order
from passerelle.model.records import ChangedOrder, Decision, HighWater, KnownOrder, Mark
from passerelle.model.states import State
from passerelle.rules import fate
from passerelle.runs import departures
from passerelle.runs.departures import NO_DEPARTURES, Departures
from passerelle.runs.order_remarks import about_unknown, rejection, remarks


class OrdersPlan(Struct, frozen=True):
    """What a run will do: a dry run prints this very plan, a real run carries it out.

    ``decisions`` has every order of the file that is not done, and of the others those that were
    changed since, in the file's order; ``parcel`` is the XML to publish, if there is one; ``file``
    is what the ledger keeps of the order file, ``deciding`` the columns by which it was decided.
    ``by_status`` is for a dry run: what would be sent, by status and payment. ``unknown`` are the
    statuses of which nobody has said what they are. ``goods`` are the orders whose goods are kept,
    since no XML will tell them.
    """

    source: str
    total: int
    decisions: tuple[Decision, ...]
    orphans: tuple[str, ...] = ()
    missing: tuple[KnownOrder, ...] = ()
    departures: Departures = NO_DEPARTURES
    notes: tuple[str, ...] = ()
    parcel: Parcel | None = None
    deciding: tuple[str, ...] = ()
    by_status: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    date_order: DateOrder | None = None
    file: Mapping[str, Any] = field(default_factory=dict)
    goods: tuple[Order, ...] = ()

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
        return tuple(mark for mark in self.marks if mark.state == state)

    def told_in(self, state: State, *, news: bool) -> tuple[Mark, ...]:
        """Those of them that were in another, or for another reason; or else those that stay.

        What the shop cancelled before it was sent waits for nothing.
        """
        return tuple(m for m in self._in(state, news=news) if not m.cancelled)

    def cancelled(self, *, news: bool) -> tuple[Mark, ...]:
        """Those that the shop cancelled before they were sent."""
        return tuple(m for m in self._in(State.WAITING, news=news) if m.cancelled)

    def _in(self, state: State, *, news: bool) -> Iterator[Mark]:
        for one in self.decisions:
            if isinstance(one.what, Mark) and one.what.state == state and one.is_news == news:
                yield one.what


def decide(
    file: OrderFile,
    known: Mapping[str, KnownOrder],
    settings: Orders,
    source: str,
    adopted: HighWater | None = None,
    *,
    is_begun: bool = False,
) -> OrdersPlan:
    """The plan for the orders of a file; ``known`` is what the ledger knows of them, by id.

    ``adopted`` and ``is_begun`` are those of :func:`passerelle.rules.fate.decide`.
    """
    if "status" in file.absent:
        settings = fate.without_statuses(settings)
    plan = OrdersPlan(
        source,
        len(file.readings),
        tuple(
            Decision(number, what, before)
            for number, reading in enumerate(file.readings)
            if (
                what := fate.decide(
                    reading, before := known.get(reading.id), settings, adopted, is_begun=is_begun
                )
            )
        ),
        tuple(str(fault) for fault in file.faults),
        notes=tuple(f"! {note}" for note in remarks(file)),
        deciding=file.deciding,
        date_order=file.date_order,
    )
    unknown = unknown_statuses(file, plan, settings, news=False)
    news = unknown_statuses(file, plan, settings, news=True)
    return replace(plan, unknown=unknown, notes=(*plan.notes, *about_unknown(news)))


def with_goods(plan: OrdersPlan, file: OrderFile, settings: Orders) -> OrdersPlan:
    """The plan with the orders that no XML tells: not sent, or only through a stylesheet."""
    states = {State.WITHHELD, State.WAITING, State.REJECTED}
    states |= {State.PREPARED} if settings.xml.stylesheet else set()

    def is_kept(decision: Decision) -> bool:
        what, before = decision.what, decision.before
        if not isinstance(what, Mark) or what.cancelled or what.state not in states:
            return False
        is_new = before is None or before.fingerprint != what.reading.fingerprint
        return is_new or decision.is_news

    orders = (file.readings[one.number].order for one in plan.decisions if is_kept(one))
    return replace(plan, goods=tuple(order for order in orders if order))


def note_only(
    file: OrderFile,
    known: Mapping[str, KnownOrder],
    settings: Orders,
    adopted: HighWater | None,
    met: str,
) -> tuple[Mark, ...]:
    """The new orders of a file as a run that sends none writes them down: none is lost from sight.

    ``met`` says who met them; it stands in the reasons, so that a run of orders tells them as new.
    """
    new = replace(file, readings=tuple(r for r in file.readings if r.id not in known))
    marks = hold_back(decide(new, {}, settings, "", adopted), "").marks
    return tuple(replace(m, reason="; ".join(filter(None, (m.reason, met)))) for m in marks)


def others(
    file: OrderFile, known: Mapping[str, KnownOrder], settings: Orders
) -> Iterator[ChangedOrder]:
    """The orders that have the id of another, where no run has written them down yet."""
    for reading in file.readings:
        what = fate.decide(reading, known.get(reading.id), settings)
        if isinstance(what, ChangedOrder) and what.is_another and not what.cancelled:
            yield what


def unknown_statuses(
    file: OrderFile, plan: OrdersPlan, settings: Orders, *, news: bool
) -> tuple[str, ...]:
    """The statuses of orders of which nobody has said what they are; or the new ones alone."""
    kept = (
        d.number for d in plan.decisions if isinstance(d.what, Mark) and (d.is_news or not news)
    )
    readings = (file.readings[number] for number in kept)
    found = (r.status.strip() for r in readings if fate.is_unknown_status(r, settings))
    return tuple(dict.fromkeys(found))


def breakdown(orders: Iterable[Order]) -> Iterator[str]:
    """What is to be sent, by status and payment."""
    counts = Counter((order.status, order.payment) for order in orders)
    for (status, payment), number in counts.most_common():
        yield n_(
            'to send: {n} order in status "{status}", paid by "{payment}"',
            'to send: {n} orders in status "{status}", paid by "{payment}"',
            number,
            status=status,
            payment=payment,
        )


def hold_back(plan: OrdersPlan, reason: str) -> OrdersPlan:
    """The plan where nothing may be sent now: what was to be sent waits, and is not lost."""
    return _keep_back(plan, State.WAITING, lambda _id: reason)


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


def facts(plan: OrdersPlan, sent: int) -> dict[str, Any]:
    """What the ledger keeps of the run: counts, the file met, orders that need a person."""
    states = (State.WITHHELD, State.WAITING, State.SKIPPED, State.REJECTED)
    counts = {state.value: len(plan.in_state(state)) for state in states}
    return counts | {
        "orders": plan.total,
        "sent": sent,
        "decided_by": list(plan.deciding),
        "date_order": plan.date_order,
        "unknown_statuses": list(plan.unknown),
        "unnamed": len(plan.orphans),
        "not_sent": [order.id for order in plan.missing],
        "files": [plan.file] if plan.file else [],
    }


# What is told of orders that are newly in a state, and of those that stay in it.
_NOT_SENT = {
    State.WITHHELD: (
        N_("withheld, to be entered at the till: order {id}: {reason}"),
        N_("still withheld, to be entered at the till: {ids}"),
    ),
    State.WAITING: (N_("waiting: order {id}: {reason}"), N_("still waiting: {ids}")),
    State.SKIPPED: (
        N_("left to the previous system: order {id}: {reason}"),
        N_("still left to the previous system: {ids}"),
    ),
}


def describe(plan: OrdersPlan) -> Iterator[str]:
    total = n_("{n} order", "{n} orders", plan.total)
    done = n_("{n} of them handled before", "{n} of them handled before", plan.done)
    yield f"{plan.source}, {total}, {done}"
    yield from plan.notes
    for state in _NOT_SENT:
        yield from _describe_state(plan, state)
    for mark in plan.cancelled(news=True):
        text = _("not to be sent: order {id}: {reason}")
        yield text.format(id=mark.reading.id, reason=mark.reason)
    yield from (f"! {concern}" for concern in _concerns(plan))
    if plan.parcel:
        marks = plan.in_state(State.PREPARED)
        yield n_(
            "to send: {n} order ({ids}) as {place}",
            "to send: {n} orders ({ids}) as {place}",
            len(marks),
            ids=_ids_of(marks),
            place=plan.parcel.place,
        )
    else:
        yield _("no order to send")


def _concerns(plan: OrdersPlan) -> Iterator[str]:
    """What a person should look at, one sentence each."""
    for mark in plan.in_state(State.REJECTED):
        text = _("rejected: order {id}: {reason}")
        yield text.format(id=mark.reading.id, reason=mark.reason)
    for orphan in plan.orphans:
        yield _("rejected: {fault}").format(fault=orphan)
    for changed in plan.changed:
        yield _("order {id}: {problem}").format(id=changed.reading.id, problem=changed.note)
    for order in plan.missing:
        text = _("not sent, and no longer in the file: order {id} ({reason})")
        yield text.format(id=order.id, reason=order.reason)
    yield from departures.describe(plan.departures)


def _describe_state(plan: OrdersPlan, state: State) -> Iterator[str]:
    """Orders that are newly in a state one by one, those that stay in it as a list."""
    one, still = _NOT_SENT[state]
    fresh, stay = plan.told_in(state, news=True), plan.told_in(state, news=False)
    if state == State.SKIPPED and len(fresh) > FEW:
        yield n_(
            "left to the previous system: {n} order",
            "left to the previous system: {n} orders",
            len(fresh),
        )
        return
    alike = Counter(mark.reason for mark in fresh) if state == State.WAITING else Counter[str]()
    for reason, number in alike.items():
        if number > FEW:
            yield n_(
                "waiting: {n} order: {reason}",
                "waiting: {n} orders: {reason}",
                number,
                reason=reason,
            )
    for mark in (mark for mark in fresh if alike[mark.reason] <= FEW):
        yield _(one).format(id=mark.reading.id, reason=mark.reason)
    if stay:
        yield _(still).format(ids=_ids_of(stay))


def _ids_of(marks: Sequence[Mark]) -> str:
    return few([mark.reading.id for mark in marks[:FEW]], FEW, len(marks))


def summarise(plan: OrdersPlan, sent: int, prepared: int) -> tuple[str, RejectedError | None]:
    """``sent``: how many came into the ERP's folder; ``prepared``: how many wait to."""
    rejected = plan.in_state(State.REJECTED)
    faults = len(rejected) + len(plan.orphans)
    first = next((fault for fault in chain((m.reason for m in rejected), plan.orphans)), "")
    withheld, waiting, skipped = (len(plan.in_state(state)) for state in _NOT_SENT)
    waiting -= (cancelled := sum(mark.cancelled for mark in plan.in_state(State.WAITING)))
    parts = (
        (withheld, n_("{n} withheld", "{n} withheld", withheld)),
        (waiting, n_("{n} waiting", "{n} waiting", waiting)),
        (cancelled, n_("{n} cancelled", "{n} cancelled", cancelled)),
        (skipped, n_("{n} skipped", "{n} skipped", skipped)),
        (faults, n_("{n} rejected", "{n} rejected", faults)),
        (gone := len(plan.missing), n_("{n} not sent and gone", "{n} not sent and gone", gone)),
    )
    words = [n_("{n} order sent", "{n} orders sent", sent)]
    words += [n_("{n} prepared", "{n} prepared", prepared)] if prepared else []
    words += [part for number, part in parts if number]
    return ", ".join(words), rejection(first, faults, sent) or _lost_from_sight(plan)


def _lost_from_sight(plan: OrdersPlan) -> RejectedError | None:
    """Orders that should be in the ERP, but the file that held them has moved on."""
    if not plan.missing:
        return None
    mend = _("have the shop export them again; or enter them by hand, then `{settle}`")
    times = [(order.id, order.changed) for order in plan.missing]
    return RejectedError(
        n_(
            "{n} order not sent, and no longer in the file",
            "{n} orders not sent, and no longer in the file",
            len(plan.missing),
        ),
        few([order.id for order in plan.missing], FEW),
        mend.format(settle=covering("settle", "not_sent", times)),
    )
