"""Pure: how the plan of a run of orders is told to people."""

from collections.abc import Iterator, Sequence
from itertools import chain

from passerelle.base.errors import RejectedError
from passerelle.base.language import N_, _, n_
from passerelle.base.wording import few
from passerelle.model.records import Mark
from passerelle.model.states import State
from passerelle.runs.orders_plan import OrdersPlan, sent

_FEW = 20
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
    """The plan, one sentence a line."""
    total = n_("{n} order", "{n} orders", plan.total)
    done = n_("{n} of them handled before", "{n} of them handled before", plan.done)
    yield f"{plan.source}, {total}, {done}"
    yield from plan.notes
    for state in _NOT_SENT:
        yield from _describe_state(plan, state)
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
    if plan.blocked:
        text = _("{file} is still there: new orders wait until the ERP has taken it")
        yield text.format(file=plan.blocked)


def _describe_state(plan: OrdersPlan, state: State) -> Iterator[str]:
    """Orders that are newly in a state one by one, those that stay in it as a list."""
    one, still = _NOT_SENT[state]
    fresh, stay = plan.newly_in(state), plan.still_in(state)
    if state == State.SKIPPED and len(fresh) > _FEW:
        yield n_(
            "left to the previous system: {n} order",
            "left to the previous system: {n} orders",
            len(fresh),
        )
        return
    for mark in fresh:
        yield _(one).format(id=mark.reading.id, reason=mark.reason)
    if stay:
        yield _(still).format(ids=_ids_of(stay))


def _ids_of(marks: Sequence[Mark]) -> str:
    return few([mark.reading.id for mark in marks[:_FEW]], _FEW, len(marks))


def summarise(plan: OrdersPlan) -> tuple[str, RejectedError | None]:
    rejected = plan.in_state(State.REJECTED)
    faults = len(rejected) + len(plan.orphans)
    first = next((fault for fault in chain((m.reason for m in rejected), plan.orphans)), "")
    withheld, waiting, skipped = (len(plan.in_state(state)) for state in _NOT_SENT)
    parts = (
        (withheld, n_("{n} withheld", "{n} withheld", withheld)),
        (waiting, n_("{n} waiting", "{n} waiting", waiting)),
        (skipped, n_("{n} skipped", "{n} skipped", skipped)),
        (faults, n_("{n} rejected", "{n} rejected", faults)),
        (gone := len(plan.missing), n_("{n} not sent and gone", "{n} not sent and gone", gone)),
    )
    words = [n_("{n} order sent", "{n} orders sent", sent(plan))]
    words += [part for number, part in parts if number]
    return ", ".join(words), rejection(first, faults) or _lost_from_sight(plan)


def _lost_from_sight(plan: OrdersPlan) -> RejectedError | None:
    """Orders that should be in the ERP, but the file that held them has moved on."""
    if not plan.missing:
        return None
    return RejectedError(
        n_(
            "{n} order not sent, and no longer in the file",
            "{n} orders not sent, and no longer in the file",
            len(plan.missing),
        ),
        few([order.id for order in plan.missing], _FEW),
        _("have the shop export them again, or enter them by hand and `passerelle orders settle`"),
    )


def rejection(fault: str, number: int) -> RejectedError | None:
    """The closing error for the faults that rejected orders: the first, and how many they are."""
    if not number:
        return None
    where, rest = fault, number - 1
    if rest:
        where = n_(
            "{fault} (and {n} more, listed above)",
            "{fault} (and {n} more, listed above)",
            rest,
            fault=where,
        )
    return RejectedError(
        n_("{n} order rejected", "{n} orders rejected", number),
        where,
        _(
            "mend it in the shop, or enter the order by hand and `passerelle orders settle` it; "
            "the other orders went through"
        ),
    )
