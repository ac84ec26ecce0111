"""Pure: how the plan of a run of orders is told to people."""

from collections.abc import Iterator, Sequence

from passerelle.errors import RejectedError
from passerelle.language import N_, _, n_
from passerelle.ledger import Mark, State
from passerelle.reading import shorten
from passerelle.runs.orders_plan import OrdersPlan

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
        marks = plan.parcel.marks
        yield n_(
            "to send: {n} order ({ids}) as {place}",
            "to send: {n} orders ({ids}) as {place}",
            len(marks),
            ids=_ids([mark.reading.id for mark in marks]),
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
    marks = plan.in_state(state)
    fresh = [mark for mark in marks if not _is_news_no_more(plan, mark)]
    stay = [mark.reading.id for mark in marks if _is_news_no_more(plan, mark)]
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
        yield _(still).format(ids=_ids(stay))


def _is_news_no_more(plan: OrdersPlan, mark: Mark) -> bool:
    before = plan.known.get(mark.reading.id)
    return bool(before and before.state == mark.state and before.reason == mark.reason)


def _ids(ids: Sequence[str]) -> str:
    names, rest = ", ".join(shorten(id) for id in ids[:_FEW]), len(ids) - _FEW
    if rest <= 0:
        return names
    return n_("{names} and {n} more", "{names} and {n} more", rest, names=names)


def summarise(plan: OrdersPlan) -> tuple[str, RejectedError | None]:
    sent = len(plan.parcel.marks) if plan.parcel else 0
    faults = [mark.reason for mark in plan.in_state(State.REJECTED)] + list(plan.orphans)
    withheld, waiting, skipped = (len(plan.in_state(state)) for state in _NOT_SENT)
    parts = (
        (withheld, n_("{n} withheld", "{n} withheld", withheld)),
        (waiting, n_("{n} waiting", "{n} waiting", waiting)),
        (skipped, n_("{n} skipped", "{n} skipped", skipped)),
        (len(faults), n_("{n} rejected", "{n} rejected", len(faults))),
        (gone := len(plan.missing), n_("{n} not sent and gone", "{n} not sent and gone", gone)),
    )
    words = [n_("{n} order sent", "{n} orders sent", sent)]
    words += [part for number, part in parts if number]
    return ", ".join(words), rejection(faults) or _lost_from_sight(plan)


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
        _ids([order.id for order in plan.missing]),
        _("have the shop export them again, or enter them by hand and `passerelle orders settle`"),
    )


def rejection(faults: Sequence[str]) -> RejectedError | None:
    """The closing error for faults that rejected orders; ``None`` where there are none."""
    if not faults:
        return None
    where, rest = faults[0], len(faults) - 1
    if rest:
        where = n_(
            "{fault} (and {n} more, listed above)",
            "{fault} (and {n} more, listed above)",
            rest,
            fault=where,
        )
    return RejectedError(
        n_("{n} order rejected", "{n} orders rejected", len(faults)),
        where,
        _(
            "mend it in the shop, or enter the order by hand and `passerelle orders settle` it; "
            "the other orders went through"
        ),
    )
