"""Pure: how the plan of a run of the pool is told to people."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from passerelle.base.language import N_, _, n_
from passerelle.base.wording import listed
from passerelle.rules.pool.terms import Move, ShopPlan
from passerelle.runs.pool_plan import PoolPlan, sold_by
from passerelle.runs.pool_reading import ShopReading

_FEW = 20
# Why an item's level moved.
WHY = {
    "order": N_("order {order} in {shop}"),
    "cancelled": N_("order {order} cancelled in {shop}"),
    "edit": N_("changed by hand in {shop}"),
    "erp": N_("the ERP's level"),
}


def describe(plan: PoolPlan) -> Iterator[str]:
    """The plan, one sentence a line."""
    yield from plan.notes
    for reading, shop in zip(plan.readings, plan.plan.shops, strict=True):
        yield from _read(reading)
        yield from (f"! {concern}" for concern in _concerns(reading, shop))
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
    """What a person should look at in a shop, one sentence each."""
    levels = reading.seen.levels
    yield from map(str, reading.faults[:_FEW])
    if levels.nameless:
        text = n_(
            "{file}: {n} line has no item number and takes no part: {lines}",
            "{file}: {n} lines have no item number and take no part: {lines}",
            len(levels.nameless),
            file=levels.name,
            lines=few([str(line) for line in levels.nameless]),
        )
        yield text
    for item, lines in [*levels.twice.items()][:_FEW]:
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
            items=few(gone),
        )
    yield from _held(shop)


def _held(shop: ShopPlan) -> Iterator[str]:
    """The items that are left as they are in this run."""
    for item, one in [*shop.held.items()][:_FEW]:
        values = {"item": item, "shop": shop.seen.shop, "difference": f"{one.difference:+d}"}
        if item in shop.seen.illegible:
            text = _("{item} is left as it is in {shop}: an order does not say how many")
        else:
            text = _(
                "{item} is left as it is in {shop}: it shows {difference} that nothing explains; "
                "when it still does, it is taken for a change by hand"
            )
        yield text.format(**values)
    if (rest := len(shop.held) - _FEW) > 0:
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
    """Each item that moved, with all that moved it."""
    moves: dict[str, list[Move]] = defaultdict(list)
    for move in plan.moves:
        if move.quantity:
            moves[move.item].append(move)
    for item, found in [*moves.items()][:_FEW]:
        after = plan.plan.levels[item]
        before = after - sum(move.quantity for move in found)
        why = few([reason(move) for move in found])
        text = _("{item}: {before} -> {after} ({why})")
        yield text.format(item=item, before=before, after=after, why=why)
    if (rest := len(moves) - _FEW) > 0:
        yield n_("and {n} more item", "and {n} more items", rest)


def reason(move: Move) -> str:
    """Why a level moved, in words."""
    return _(WHY[move.kind]).format(order=move.order, shop=move.shop)


def _shortfalls(plan: PoolPlan) -> Iterator[str]:
    for short in plan.plan.shortfalls[:_FEW]:
        text = n_(
            "oversold: {item}: {n} more was sold than there is: {orders}",
            "oversold: {item}: {n} more were sold than there are: {orders}",
            short.missing,
            item=short.item,
            orders=sold_by(short, plan.sold.get(short.item, ())) or "-",
        )
        yield text


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


def few(words: Sequence[str]) -> str:
    """The words, or the first of many and how many more there are."""
    return listed(words, _FEW)


def changes(shop: ShopPlan) -> Iterator[str]:
    """Each level that a shop's file would change, for who looks before a join."""
    for item, (before, after) in shop.changes.items():
        yield f"{item}: {before} -> {after}"
