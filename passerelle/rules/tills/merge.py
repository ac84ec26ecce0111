"""What a command does to an order.

``set`` conflicts where another till set that field, or added to it, after ``base``; ``add`` merges
always; ``drop`` and ``cancel`` are refused where another till changed what would be gone; a dropped
line never returns. While a till holds an order no other changes it. A payment is applied or kept as
surplus, never refused into nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Context, Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from passerelle.base.exact_json import Number, decimal_of
from passerelle.base.language import _
from passerelle.model.tills import (
    Op,
    Payment,
    TillAnswer,
    TillCommand,
    TillOrder,
    TillState,
    TillVerdict,
    Touch,
)

# As many digits as two numbers of sixty places can need.
EXACT = Context(prec=200)
# What `seen` must agree on: another amount would be another sale.
SEEN = ("qty", "price")


class Birth(Struct, frozen=True):
    """What a new order gets: its number, and the session that it belongs to."""

    no: int
    session: int


class OpRefusedError(Exception):
    """The command is not done: why, in words, and which till stands against it."""

    def __init__(self, why: str, who: str | None = None) -> None:
        super().__init__(why)
        self.why, self.who = why, who


def apply(order: TillOrder | None, command: TillCommand, till: str, birth: Birth) -> TillVerdict:
    """What becomes of an order by a command; all of it is done, or nothing."""
    if order is not None and command.base > order.rev:
        why = _("the till has seen a later state of this order than there is here")
        return _undone(order, command, OpRefusedError(why))
    try:
        first, *others = command.ops
        done = _DEEDS[first.kind](_Scene(order, command, till, birth), first)
        for op in others:
            done = _DEEDS[op.kind](_Scene(done, command, till, birth), op)
    except OpRefusedError as refused:
        return _undone(order, command, refused)
    rev = (order.rev if order else 0) + 1
    last = {**done.done, till: max(command.n, done.done.get(till, 0))}
    return TillVerdict(TillAnswer.OK, replace(done, rev=rev, done=last))


def _undone(order: TillOrder | None, command: TillCommand, refused: OpRefusedError) -> TillVerdict:
    has_money = any(op.kind == "pay" for op in command.ops)
    answer = TillAnswer.SURPLUS if has_money else TillAnswer.REFUSED
    return TillVerdict(answer, order, refused.why, refused.who)


def of_field(name: str) -> tuple[str, str]:
    """The place of an order's own field. A line's is ``(id,)``, its field's ``(id, name)``."""
    # No line's id is blank.
    return "", name


def payment_of(command: TillCommand) -> Op | None:
    """The payment that a command holds."""
    return next((op for op in command.ops if op.kind == "pay"), None)


class _Scene(Struct, frozen=True):
    """The order as the command's earlier ops left it, and who asks for the next one."""

    order: TillOrder | None
    command: TillCommand
    till: str
    birth: Birth

    def touched(self, places: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], Touch]:
        """The touches of all places, once this command has touched these too."""
        before = self.order.touched if self.order else {}
        rev = (self.order.rev if self.order else 0) + 1
        return {**before, **{place: self._touch(before.get(place), rev) for place in places}}

    def _touch(self, last: Touch | None, rev: int) -> Touch:
        if last is None:
            return Touch(rev, self.till)
        others = (last.other_rev, last.other) if last.till == self.till else last[:2]
        return Touch(rev, self.till, *others)

    def draft(self) -> TillOrder:
        """The order, where it may still change at all."""
        if self.order is None:
            raise OpRefusedError(_("there is no such order"))
        if self.order.state != TillState.DRAFT:
            why = (
                _("the order is paid")
                if self.order.state == TillState.PAID
                else _("the order is cancelled")
            )
            raise OpRefusedError(why)
        return self.order

    def free(self) -> TillOrder:
        """The draft, where no other till holds it."""
        order = self.draft()
        if order.claim not in (None, self.till):
            raise OpRefusedError(_("{till} holds the order").format(till=order.claim), order.claim)
        return order

    def check(self, places: Iterable[tuple[str, ...]]) -> None:
        """Raises where another till changed one of these after ``base``."""
        touched = self.order.touched if self.order else {}
        for place in places:
            touch = touched.get(place, Touch(0, self.till))
            rev, who = touch[2:] if touch.till == self.till else touch[:2]
            if rev > self.command.base:
                text = _("{till} has changed {field} meanwhile")
                raise OpRefusedError(
                    text.format(till=who, field=".".join(filter(None, place))), who
                )


def _create(scene: _Scene, op: Op) -> TillOrder:
    if scene.order is not None:
        raise OpRefusedError(_("there is an order of this id"), scene.order.maker)
    fields = dict(op.words.get("fields", {}))
    return TillOrder(
        scene.command.order,
        scene.birth.no,
        scene.birth.session,
        scene.till,
        fields=fields,
        touched=scene.touched(map(of_field, fields)),
    )


def _set(scene: _Scene, op: Op) -> TillOrder:
    order, given = scene.free(), op.words.get("fields", {})
    scene.check(map(of_field, given))
    touched = scene.touched(map(of_field, given))
    return replace(order, fields=_with(order.fields, given), touched=touched)


def _line(scene: _Scene, op: Op) -> TillOrder:
    order, id = scene.free(), op.words["id"]
    given, added = op.words.get("set", {}), op.words.get("add", {})
    if id in order.dropped:
        raise OpRefusedError(_("line {id} was taken away").format(id=id), order.touched[id,].till)
    scene.check((id, name) for name in given)
    # A line as it is made may hold a null: from then on null takes a field away.
    line = _with(order.lines[id], given) if id in order.lines else dict(given)
    line |= {name: _sum(line.get(name), delta, name) for name, delta in added.items()}
    touched = scene.touched([(id,), *((id, name) for name in (*given, *added))])
    return replace(order, lines={**order.lines, id: line}, touched=touched)


def _drop(scene: _Scene, op: Op) -> TillOrder:
    order, id = scene.free(), op.words["id"]
    if id not in order.lines:
        raise OpRefusedError(_("there is no line {id}").format(id=id))
    scene.check([(id,)])
    lines = {name: line for name, line in order.lines.items() if name != id}
    touched = {
        place: touch
        for place, touch in scene.touched([(id,)]).items()
        if place[0] != id or len(place) == 1
    }
    return replace(order, lines=lines, touched=touched, dropped=order.dropped | {id})


def _claim(scene: _Scene, _op: Op) -> TillOrder:
    order = scene.free()
    return replace(order, claim=scene.till, broken=order.broken - {scene.till})


def _release(scene: _Scene, _op: Op) -> TillOrder:
    return replace(scene.free(), claim=None)


def _break(scene: _Scene, _op: Op) -> TillOrder:
    order = scene.draft()
    if order.claim is None:
        return order
    return replace(order, claim=None, broken=order.broken | {order.claim})


def _pay(scene: _Scene, op: Op) -> TillOrder:
    order = scene.free()
    if scene.till in order.broken:
        raise OpRefusedError(_("the till's hold was broken before it paid"))
    if not is_as_seen(order, op.words["seen"]):
        raise OpRefusedError(_("the order is not what the till has seen"))
    payment = Payment(scene.till, op.words["receipt"], tuple(op.words["payments"]))
    return replace(order, state=TillState.PAID, claim=None, payment=payment)


def _cancel(scene: _Scene, _op: Op) -> TillOrder:
    order = scene.free()
    scene.check(order.touched)
    return replace(order, state=TillState.CANCELLED, claim=None)


_DEEDS: Mapping[str, Callable[[_Scene, Op], TillOrder]] = {
    "create": _create,
    "set": _set,
    "line": _line,
    "drop": _drop,
    "claim": _claim,
    "release": _release,
    "break": _break,
    "pay": _pay,
    "cancel": _cancel,
}


def is_as_seen(order: TillOrder, seen: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a till saw these very lines, with the quantities and prices that they have."""
    return order.lines.keys() == seen.keys() and all(
        _is_same(line.get(name), seen[id].get(name))
        for id, line in order.lines.items()
        for name in SEEN
    )


def _is_same(one: Any, other: Any) -> bool:
    numbers = decimal_of(one), decimal_of(other)
    return one == other if None in numbers else numbers[0] == numbers[1]


def _with(fields: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**fields, **given}
    return {name: value for name, value in merged.items() if value is not None or name not in given}


def _sum(before: Any, delta: Any, name: str) -> Any:
    """In the form that the field has: a text stays a text, a number a number."""
    first, second = decimal_of("0" if before is None else before), decimal_of(delta)
    if first is None or second is None:
        raise OpRefusedError(_("{name} holds no number to add to").format(name=name))
    text = format(EXACT.add(first, second), "f")
    is_text = isinstance(delta if before is None else before, str)
    return text if is_text else Number(text)


def total_of(order: TillOrder) -> Decimal | None:
    """The sum of quantity × price; ``None`` where a line does not tell them."""
    total = Decimal(0)
    for line in order.lines.values():
        quantity, price = decimal_of(line.get("qty")), decimal_of(line.get("price"))
        if quantity is None or price is None:
            return None
        total = EXACT.add(total, EXACT.multiply(quantity, price))
    return total
