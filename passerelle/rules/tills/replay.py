"""What a till shows, and may ask for, while its commands are on their way.

The till keeps each order as the server told it last, and its own commands that are not answered
yet. Its screen is the one with the other applied to it. Four rules were found by simulation: a
command's base is never newer than that of pending commands on the same field; nothing is edited
while the till's own claim is in flight; an event may overtake its reply, so commands that the order
says are done are not applied again; a payment is never refused into nothing.
"""

from collections.abc import Iterable, Sequence

from passerelle.base.language import _
from passerelle.model.tills import Op, TillAnswer, TillCommand, TillOrder, TillState
from passerelle.rules.tills.merge import Birth, apply, of_field, payment_of

# Until the server has numbered it.
UNNUMBERED = Birth(0, 0)


def screen(
    confirmed: TillOrder | None, pending: Sequence[TillCommand], till: str
) -> TillOrder | None:
    """The order as the till shows it; ``pending`` are its commands on it, oldest first.

    One that the order as it is would refuse changes nothing: the server will say so.
    """
    order = confirmed
    for command in undone(confirmed, pending, till):
        verdict = apply(order, command, till, UNNUMBERED)
        if verdict.answer == TillAnswer.OK and verdict.order is not None:
            order = verdict.order
    return order


def undone(
    confirmed: TillOrder | None, pending: Sequence[TillCommand], till: str
) -> Sequence[TillCommand]:
    """Those that the order does not include yet: its event may come before their reply."""
    last = confirmed.done.get(till, 0) if confirmed else 0
    return [command for command in pending if command.n > last]


def newer(confirmed: TillOrder | None, event: TillOrder) -> TillOrder:
    """The later of two states of an order; events may come late, or twice."""
    return event if confirmed is None or event.rev > confirmed.rev else confirmed


def base_of(confirmed: TillOrder | None, pending: Iterable[TillCommand], ops: Iterable[Op]) -> int:
    """The ``base`` of a new command: what the till really saw of the fields that it is about."""
    asked = [*ops]
    places, is_all = places_of(asked), any(op.kind == "cancel" for op in asked)
    bases = [
        command.base
        for command in pending
        if (its := places_of(command.ops)) and (is_all or places & its)
    ]
    return min([confirmed.rev if confirmed else 0, *bases])


def falls_with(
    confirmed: TillOrder | None, refused: TillCommand, waiting: Iterable[TillCommand]
) -> list[TillCommand]:
    """Those of the till's later commands on the order that are about what now never came to be.

    They are not sent any more: of a line that was not made they would make half a line. A payment
    is always sent.
    """
    fallen: list[TillCommand] = []
    lines = _unmade(confirmed, refused)
    for command in waiting:
        is_about = refused.ops[0].kind == "create" or lines & {
            op.words["id"] for op in command.ops if op.kind in ("line", "drop")
        }
        if is_about and payment_of(command) is None:
            fallen.append(command)
            lines |= _unmade(confirmed, command)
    return fallen


def _unmade(confirmed: TillOrder | None, refused: TillCommand) -> set[str]:
    ids = {op.words["id"] for op in refused.ops if op.kind == "line"}
    return ids - (confirmed.lines.keys() if confirmed else set())


def places_of(ops: Iterable[Op]) -> set[tuple[str, ...]]:
    """The fields that ops set or add to, and the lines that they are about."""
    found: set[tuple[str, ...]] = set()
    for op in ops:
        found |= {of_field(name) for name in op.words.get("fields", {})}
        if op.kind in ("line", "drop"):
            id = op.words["id"]
            names = (*op.words.get("set", {}), *op.words.get("add", {}))
            found |= {(id,)} if op.kind == "drop" else {(id,), *((id, name) for name in names)}
    return found


def hindrance(
    confirmed: TillOrder | None,
    pending: Sequence[TillCommand],
    till: str,
    *,
    is_connected: bool,
) -> str:
    """Why the till may not change the order now, in words; ``""`` where it may."""
    order = screen(confirmed, pending, till)
    if order is None:
        return ""
    if order.state != TillState.DRAFT:
        return (
            _("the order is paid") if order.state == TillState.PAID else _("the order is cancelled")
        )
    if order.claim not in (None, till):
        return _("{till} holds the order").format(till=order.claim)
    if is_claiming(confirmed, pending, till):
        return _("the server has not granted the hold yet")
    is_own = order.claim == till
    if not is_connected and not is_own:
        return _("there is no connection: an order that others share cannot be changed now")
    return ""


def is_claiming(confirmed: TillOrder | None, pending: Sequence[TillCommand], till: str) -> bool:
    """Whether the till's own claim is in flight; an order is born held, without being asked."""
    waiting = undone(confirmed, pending, till)
    return any(
        op.kind == "claim" and not any(other.kind == "create" for other in command.ops)
        for command in waiting
        for op in command.ops
    )
