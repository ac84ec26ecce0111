"""Pure: which items are met first, and how the orders read move the pool.

Of every line it is written down what was counted. What an order should count for now, less that,
is the move: so a line moves the pool once however often it is read, an order that was changed moves
it by the change, and one that was cancelled moves it back.
"""

from collections.abc import Iterator, Mapping, Sequence

from passerelle.pool.terms import (
    CANCELLED,
    ORDER,
    Counted,
    Item,
    LineMark,
    Move,
    OrderLine,
    Pool,
    Seen,
)


def count(seen: Sequence[Seen], pool: Pool, barred: frozenset[str] = frozenset()) -> Counted:
    """What the shops' files do to the pool. The shop seen first gives a new item its level.

    ``barred`` are items that a shop which is not seen now has twice.
    """
    barred |= {item for shop in seen for item in shop.levels.twice}
    new = _first_met(seen, pool, barred)
    items = {**pool.items, **new}
    moves: list[Move] = []
    marks: list[LineMark] = []
    for shop in seen:
        for line in _changed(shop, items):
            found = [*_moves(shop, line, items[line.item], new)]
            moves += found
            taken = -sum(move.quantity for move in found)
            is_new = (line.order, line.item) not in shop.known
            numbers = line.quantity, taken, is_new, line.date
            marks.append(LineMark(shop.shop, line.order, line.item, *numbers))
    return Counted(tuple(moves), tuple(marks), new, barred)


def _moves(shop: Seen, line: OrderLine, item: Item, new: Mapping[str, Item]) -> Iterator[Move]:
    """What a line that counts for something else than before moves.

    What a newcomer did before it joined is no matter of the pool's. A line that is cancelled when
    it is first met moved the shop's own level, and moved it back.
    """
    before = shop.known.get((line.order, line.item))
    if shop.is_newcomer or (before is None and _is_in_level(shop, line, item, new)):
        return
    if before is None and line.cancelled:
        yield Move(shop.shop, line.item, ORDER, -line.ordered, line.order)
        before = line.ordered
    kind = CANCELLED if line.cancelled else ORDER
    if moved := (before or 0) - line.quantity:
        yield Move(shop.shop, line.item, kind, moved, line.order)


def _first_met(seen: Sequence[Seen], pool: Pool, barred: frozenset[str]) -> dict[str, Item]:
    new: dict[str, Item] = {}
    for shop in seen:
        if shop.is_newcomer:
            continue
        for item in shop.levels.levels.keys() - pool.items.keys():
            if item not in new and item not in barred and item not in shop.rules.exclude:
                level = shop.levels.levels[item]
                new[item] = Item(level, shop.shop, shop.levels_at, shop.orders_at)
    return new


def _changed(shop: Seen, items: Mapping[str, Item]) -> Iterator[OrderLine]:
    """The lines that are to count for something else than they do, oldest first."""
    for line in shop.lines:
        if line.item not in items or line.item in shop.rules.exclude:
            continue
        if shop.known.get((line.order, line.item)) != line.quantity:
            yield line


def _is_in_level(shop: Seen, line: OrderLine, item: Item, new: Mapping[str, Item]) -> bool:
    """Whether the level that an item began with includes a line met only now.

    What a shop sold before it had to do with the item's level is no sale of the pool's.
    """
    begins = line.item in new
    if begins or shop.view is None or line.item not in shop.view.levels:
        return line.date is None or item.since is None or line.date <= item.since
    if shop.shop != item.shop or None in (line.date, item.since, item.orders_until):
        return False
    # It was placed between the two files that the item was first read from.
    return item.orders_until < line.date <= item.since  # type: ignore[operator]
