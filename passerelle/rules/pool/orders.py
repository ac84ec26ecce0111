"""Which items are met first, and how the orders read move the pool.

Of every line it is written down what was counted. What an order should count for now, less that,
is the move: so a line moves the pool once however often it is read, an order that was changed moves
it by the change, and one that was cancelled moves it back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from passerelle.base.ids import lost_its_digits
from passerelle.base.regex import regex
from passerelle.base.words import gtin, is_eaten_by_spreadsheet, is_gtin
from passerelle.config.orders import Orders
from passerelle.model.orders import Fault, Reading
from passerelle.model.pool import LevelFile, LineMark, Move, PoolItem
from passerelle.rules.fate import is_cancelled
from passerelle.rules.pool.terms import CANCELLED, ORDER, Counted, OrderLine, Seen, SharedStock

# A fault elsewhere in an order is no matter of the pool's: it asks for no price.
# What has no item number is none of the pool's either: gift wrapping, carriage.
_TELLING = ("quantity", "line", "id")
_LONG_NUMBER = regex("[0-9]{8,}")


class OrderLines(Struct, frozen=True):
    """The lines of a shop's orders, one for each item of an order.

    ``illegible`` are items of which an order does not say how many, ``faults`` what could not be
    read of what matters here. ``notes`` tell of orders in two spellings.
    """

    lines: tuple[OrderLine, ...]
    illegible: frozenset[str]
    faults: tuple[Fault | str, ...]
    notes: tuple[str, ...] = ()


def order_lines(readings: Iterable[Reading], settings: Orders) -> OrderLines:
    """What the orders take; ``settings`` tell which are cancelled."""
    lines: list[OrderLine] = []
    illegible: set[str] = set()
    faults: list[Fault | str] = []
    for reading in readings:
        cancelled = is_cancelled(reading, settings)
        if reading.doubt or lost_its_digits(reading.id):
            # Nobody can tell which order it is: read again, it would be another sale.
            illegible.update(() if cancelled else _by_item(reading))
            told = (reading.doubt,) if reading.doubt else reading.faults
            faults += () if cancelled else told
            continue
        for item, quantity in _by_item(reading).items():
            if quantity is not None:
                lines.append(OrderLine(reading.id, item, quantity, reading.date, cancelled))
            elif not cancelled:
                illegible.add(item)
        if cancelled:
            continue
        names_items = any(
            s.quantity is None or is_eaten_by_spreadsheet(s.key) for s in reading.sold
        )
        telling = (*_TELLING, "ean13") if names_items else _TELLING
        faults += (fault for fault in reading.faults if fault.column in telling)
    return OrderLines(tuple(lines), frozenset(illegible), tuple(faults))


def _by_item(reading: Reading) -> Mapping[str, int | None]:
    found: dict[str, int | None] = {}
    for sold in reading.sold:
        if item := gtin(sold.key):
            before = found.get(item, 0)
            both = before is not None and sold.quantity is not None
            found[item] = before + sold.quantity if both else None  # type: ignore[operator]
    return found


def no_items(lines: Iterable[OrderLine], levels: LevelFile) -> Mapping[str, Sequence[str]]:
    """What was sold, has no level, and is written like no item number, with its orders."""
    has_texts = any(not item.isdigit() for item in levels.lines)
    found: dict[str, list[str]] = {}
    for line in lines:
        is_known = line.cancelled or line.item in levels.lines
        if not is_known and _is_none(line.item, has_texts=has_texts):
            found.setdefault(line.item, []).append(line.order)
    return found


def _is_none(item: str, *, has_texts: bool) -> bool:
    """A spreadsheet's form of a number is told where it stands; a short one is the shop's own."""
    if item.isdigit():
        return len(item) >= 8 and not is_gtin(item)
    is_text = has_texts and not _LONG_NUMBER.search(item)
    return not is_text and not is_eaten_by_spreadsheet(item)


def meant(items: Iterable[str]) -> frozenset[str]:
    """The item numbers that stand inside of what is none, as in ``2 x 3701234500010``."""
    numbers = (number for item in items for number in _LONG_NUMBER.findall(item))
    return frozenset(gtin(number) for number in numbers if is_gtin(number))


def count(seen: Sequence[Seen], pool: SharedStock, barred: frozenset[str] = frozenset()) -> Counted:
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


def _moves(
    shop: Seen, line: OrderLine, item: PoolItem, new: Mapping[str, PoolItem]
) -> Iterator[Move]:
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


def _first_met(
    seen: Sequence[Seen], pool: SharedStock, barred: frozenset[str]
) -> dict[str, PoolItem]:
    new: dict[str, PoolItem] = {}
    for shop in seen:
        if shop.is_newcomer:
            continue
        for item in shop.levels.levels.keys() - pool.items.keys():
            if item not in new and item not in barred and item not in shop.rules.exclude:
                level = shop.levels.levels[item]
                new[item] = PoolItem(level, shop.shop, shop.levels_at, shop.orders_at)
    return new


def _changed(shop: Seen, items: Mapping[str, PoolItem]) -> Iterator[OrderLine]:
    """The lines that are to count for something else than they do, oldest first."""
    for line in shop.lines:
        if line.item not in items or line.item in shop.rules.exclude:
            continue
        if shop.known.get((line.order, line.item)) != line.quantity:
            yield line


def _is_in_level(shop: Seen, line: OrderLine, item: PoolItem, new: Mapping[str, PoolItem]) -> bool:
    """Whether the level that an item began with includes a line met only now.

    What a shop sold before it had to do with the item's level is no sale of the pool's.
    """
    begins = line.item in new
    if shop.is_of_tills:
        return _is_in_level_beside_tills(shop, line, item, begins=begins)
    if begins or shop.view is None or line.item not in shop.view.levels:
        return line.date is None or item.since is None or line.date <= item.since
    if shop.shop != item.shop or None in (line.date, item.since, item.orders_until):
        return False
    # It was placed between the two files that the item was first read from.
    return item.orders_until < line.date <= item.since  # type: ignore[operator]


def _is_in_level_beside_tills(shop: Seen, line: OrderLine, item: PoolItem, *, begins: bool) -> bool:
    """The same for tills, which write no level: a draft's pieces are in every one."""
    if line.date is None:
        return False
    if begins and item.since is None:
        return True
    since = [moment for moment in (item.since, shop.joined) if moment]
    return not since or line.date <= max(since)
