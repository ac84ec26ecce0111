"""Pure: how the plan of a run of the pool is told to people."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from passerelle.base.errors import PasserelleError, RejectedError, gravest
from passerelle.base.language import N_, _, n_
from passerelle.base.wording import FEW, listed
from passerelle.model.pool import Move
from passerelle.rules.pool.terms import ShopPlan
from passerelle.runs.pool_plan import Failure, PoolPlan
from passerelle.runs.pool_reading import ShopReading

# Why an item's level moved.
WHY = {
    "order": N_("order {order} in {shop}"),
    "cancelled": N_("order {order} cancelled in {shop}"),
    "edit": N_("changed by hand in {shop}"),
    "erp": N_("the ERP's level"),
}


def describe(plan: PoolPlan) -> Iterator[str]:
    yield from plan.notes
    for reading, shop in zip(plan.readings, plan.plan.shops, strict=True):
        yield from _read(reading)
        yield from (f"! {concern}" for concern in _concerns(reading, shop))
    for till in plan.tills:
        orders = n_("{n} order", "{n} orders", till.order_count)
        yield _("{shop}: the tills' book, {orders}").format(shop=till.name, orders=orders)
        yield from (f"! {fault}" for fault in till.faults[:FEW])
    for failure in plan.failures:
        text = _("{shop} is left out, the others go on: {error}")
        yield f"! {text.format(shop=failure.shop, error=failure.error)}"
    yield from _new(plan)
    yield from _moved(plan)
    yield from (f"! {shortfall}" for shortfall in _shortfalls(plan))
    if plan.hold is None:
        yield from _to_publish(plan)


def _read(reading: ShopReading) -> Iterator[str]:
    items = n_("{n} item", "{n} items", len(reading.seen.levels.levels))
    yield f"{reading.name}/{reading.levels.describe()}, {items}"
    orders = n_("{n} order", "{n} orders", reading.order_count)
    yield f"{reading.name}/{reading.orders.describe()}, {orders}"
    for note in dict.fromkeys((*reading.levels.notes, *reading.orders.notes)):
        yield f"! {note}"


def _concerns(reading: ShopReading, shop: ShopPlan) -> Iterator[str]:
    levels = reading.seen.levels
    yield from map(str, reading.faults[:FEW])
    if levels.nameless:
        yield n_(
            "{file}: {n} line has no item number and takes no part: {lines}",
            "{file}: {n} lines have no item number and take no part: {lines}",
            len(levels.nameless),
            file=levels.name,
            lines=listed([str(line) for line in levels.nameless], FEW),
        )
    for item, lines in [*levels.twice.items()][:FEW]:
        text = _("{file}: item {item} stands in the lines {lines}: it takes no part in any shop")
        told = ", ".join(map(str, lines))
        yield text.format(file=levels.name, item=item, lines=told)
    for old, new in shop.renamed:
        text = _("{file}:{line}: item {old} is {new} now: the rest of its line is the same")
        yield text.format(file=levels.name, line=levels.lines[new], old=old, new=new)
    renamed = {old for old, _new in shop.renamed}
    if gone := [item for item in shop.gone if item not in renamed]:
        yield n_(
            "{file}: {n} item is gone and is not written there: {items}",
            "{file}: {n} items are gone and are not written there: {items}",
            len(gone),
            file=levels.name,
            items=listed(gone, FEW),
        )
    yield from _held(shop)


def _held(shop: ShopPlan) -> Iterator[str]:
    for item, one in [*shop.held.items()][:FEW]:
        values = {"item": item, "shop": shop.seen.shop, "difference": f"{one.difference:+d}"}
        if item in shop.seen.illegible:
            text = _("{item} is left as it is in {shop}: an order does not say how many")
        else:
            text = _(
                "{item} is left as it is in {shop}: it shows {difference} that nothing explains; "
                "when it still does, it is taken for a change by hand"
            )
        yield text.format(**values)
    if (rest := len(shop.held) - FEW) > 0:
        yield n_("and {n} more", "and {n} more", rest)


def _new(plan: PoolPlan) -> Iterator[str]:
    found: dict[str, int] = defaultdict(int)
    for item in plan.plan.counted.new.values():
        found[item.shop] += 1
    for shop, number in found.items():
        yield n_(
            "{n} item is new to the pool: its level is that of {shop}",
            "{n} items are new to the pool: their levels are those of {shop}",
            number,
            shop=shop,
        )


def _moved(plan: PoolPlan) -> Iterator[str]:
    moves: dict[str, list[Move]] = defaultdict(list)
    for move in plan.moves:
        if move.quantity:
            moves[move.item].append(move)
    for item, found in [*moves.items()][:FEW]:
        after = plan.plan.levels[item]
        before = after - sum(move.quantity for move in found)
        why = listed([reason(move) for move in found], FEW)
        text = _("{item}: {before} -> {after} ({why})")
        yield text.format(item=item, before=before, after=after, why=why)
    if (rest := len(moves) - FEW) > 0:
        yield n_("and {n} more item", "and {n} more items", rest)


def reason(move: Move) -> str:
    return _(WHY[move.kind]).format(order=move.order, shop=move.shop)


def _shortfalls(plan: PoolPlan) -> Iterator[str]:
    for short in plan.plan.shortfalls[:FEW]:
        yield n_(
            "oversold: {item}: {n} more was sold than there is: {orders}",
            "oversold: {item}: {n} more were sold than there are: {orders}",
            short.missing,
            item=short.item,
            orders=", ".join(map(reason, plan.sold.get(short.item, ()))) or "-",
        )


def _to_publish(plan: PoolPlan) -> Iterator[str]:
    if not any(shop.is_due for shop in plan.plan.shops):
        yield _("nothing to write: every shop shows what it should, or waits")
    for reading, shop in zip(plan.readings, plan.plan.shops, strict=True):
        if shop.is_due:
            yield n_(
                "to write: {place}, {n} level changes",
                "to write: {place}, {n} levels change",
                len(shop.changes),
                place=reading.shop.stock_to,
            )


def summarise(plan: PoolPlan) -> str:
    shops = n_("{n} shop", "{n} shops", len(plan.readings) + len(plan.tills))
    changed = len({move.item for move in plan.moves if move.quantity})
    due = [shop for shop in plan.plan.shops if shop.is_due]
    parts = [shops, n_("{n} item moved", "{n} items moved", changed)]
    parts.append(n_("{n} file written", "{n} files written", len(due)))
    if plan.failures:
        parts.append(n_("{n} shop left out", "{n} shops left out", len(plan.failures)))
    return ", ".join(parts)


def facts(plan: PoolPlan) -> dict[str, Any]:
    return {
        "shops": len(plan.readings),
        "left_out": [failure.shop for failure in plan.failures],
        "moved": len({move.item for move in plan.moves if move.quantity}),
        "written": sum(shop.is_due for shop in plan.plan.shops),
        "held": sum(len(shop.held) for shop in plan.plan.shops),
        "oversold": [short.item for short in plan.plan.shortfalls],
    }


def complaint(plan: PoolPlan, failures: Iterable[Failure]) -> PasserelleError | None:
    """The closing error: the gravest of what stopped a shop, or what could not be read."""
    errors = [failure.error for failure in failures]
    faults = [fault for reading in plan.readings for fault in reading.faults]
    faults += [fault for till in plan.tills for fault in till.faults]
    if faults:
        where = str(faults[0])
        if rest := len(faults) - 1:
            where = n_("{fault} (and {n} more)", "{fault} (and {n} more)", rest, fault=where)
        what = _("a line could not be read")
        errors.append(RejectedError(what, where, _("its item is left as it is; mend it there")))
    return gravest(*errors)
