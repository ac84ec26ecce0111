"""The pool's arithmetic against a world that sells, edits, loses writes and crashes at any step.

What is played here: several shops over one stock room, which export their orders and levels at
moments of their own, take the files written for them or lose them, and a program that may die
after any of its steps, keeping only what its ledger and the servers hold.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from passerelle.model.pool import LevelFile, Move, PoolItem, Suspect
from passerelle.rules.pool.orders import count
from passerelle.rules.pool.plan import decide
from passerelle.rules.pool.terms import (
    OrderLine,
    Plan,
    Published,
    Rules,
    Seen,
    SharedStock,
    ShopPlan,
    View,
)
from tests import scale

SHOPS = ("be", "fr", "nl")
ITEMS = ("1", "2")
PLENTY = 1_000_000
# All sales together are fewer than the smallest edit.
_MOST_SOLD = 500


class CrashError(Exception):
    """The program died."""


# --- the shops -----------------------------------------------------------------------------------


@dataclass
class Shop:
    """A shop: what it shows, what it sold, and the files that it and the program left."""

    levels: dict[str, int]
    orders: dict[str, tuple[str, int, bool]] = field(default_factory=dict)
    told_levels: dict[str, int] = field(default_factory=dict)
    told_orders: dict[str, tuple[str, int, bool]] = field(default_factory=dict)
    told_times: int = 0
    file: dict[str, int] | None = None
    part: dict[str, int] | None = None

    def export_orders(self) -> None:
        self.told_orders = dict(self.orders)

    def export_levels(self) -> None:
        self.told_levels = dict(self.levels)
        self.told_times += 1


@dataclass
class Book:
    """The ledger, in memory; each method of the program's that writes it does so at once."""

    items: dict[str, PoolItem] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    lines: dict[tuple[str, str, str], int] = field(default_factory=dict)
    views: dict[str, tuple[View, int]] = field(default_factory=dict)
    suspects: dict[str, dict[str, Suspect]] = field(default_factory=dict)
    # shop -> its last file: stage, view, upto
    files: dict[str, tuple[str, View, int]] = field(default_factory=dict)
    waiting: dict[str, tuple[View, int]] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)

    def since(self, shop: str, upto: int) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for move in self.moves[upto:]:
            if move.shop == shop and move.kind != "edit":
                found[move.item].append(move.quantity)
        return found


class World:
    """All of it, and what is really on the shelves."""

    def __init__(self, level: int, buffers: dict[str, int], names: tuple[str, ...] = SHOPS) -> None:
        self.book = Book()
        self.buffers = buffers
        self.shops = {name: Shop(dict.fromkeys(ITEMS, level)) for name in names}
        self.shelf = dict.fromkeys(ITEMS, level)
        self.edits: dict[tuple[str, str], int] = {}
        self.number = 0
        self.left_over = 0  # steps until the crash; 0: none is to come

    # --- what happens in the shops ---------------------------------------------------------------

    def sell(self, name: str, item: str, quantity: int) -> None:
        shop = self.shops[name]
        self.number += 1
        shop.orders[str(self.number)] = (item, quantity, False)
        shop.levels[item] -= quantity
        self.shelf[item] -= quantity

    def cancel(self, name: str) -> None:
        shop = self.shops[name]
        for id, (item, quantity, cancelled) in shop.orders.items():
            if not cancelled:
                shop.orders[id] = (item, quantity, True)
                shop.levels[item] += quantity
                self.shelf[item] += quantity
                return

    def edit(self, name: str, item: str, difference: int) -> None:
        self.edits[name, item] = difference
        self.shops[name].levels[item] += difference
        self.shelf[item] += difference

    def export(self, name: str, what: str) -> None:
        shop = self.shops[name]
        for letter in what:
            shop.export_orders() if letter == "o" else shop.export_levels()

    def take(self, name: str, *, loses: bool) -> None:
        """The import reads the file and deletes it; or it only deletes it."""
        shop = self.shops[name]
        if shop.file is None:
            return
        for item, level in shop.file.items() if not loses else ():
            if (name, item) in self.edits and abs(level - shop.levels[item]) > _MOST_SOLD:
                # Written over before anybody could read it: it did not happen.
                self.shelf[item] -= self.edits.pop((name, item))
            shop.levels[item] = level
        shop.file = None

    # --- the program -----------------------------------------------------------------------------

    def step(self) -> None:
        """One step is done; the program may die here."""
        if self.left_over:
            self.left_over -= 1
            if not self.left_over:
                raise CrashError

    def run(self, reached: tuple[str, ...], crash_at: int = 0) -> None:
        self.left_over = crash_at
        try:
            self._run(reached)
        except CrashError:
            event("crashed")
        self.left_over = 0

    def _run(self, reached: tuple[str, ...]) -> None:
        seen = [self._read(name) for name in reached]
        if not seen:
            return
        pool = SharedStock(dict(self.book.items))
        counted = count(seen, pool)
        plan = decide(seen, pool, counted)
        self.step()
        self._write_down(plan)
        self.step()
        for shop in plan.shops:
            if shop.is_due:
                self._publish(shop)

    def _read(self, name: str) -> Seen:
        self._recover(name)
        shop, book = self.shops[name], self.book
        view, upto = book.views.get(name, (None, 0))
        waiting = book.waiting.get(name)
        known = {(o, i): n for (s, o, i), n in book.lines.items() if s == name}
        lines = [
            OrderLine(id, item, quantity, cancelled=cancelled)
            for id, (item, quantity, cancelled) in shop.told_orders.items()
        ]
        return Seen(
            name,
            Rules(self.buffers.get(name, 0)),
            LevelFile(name, dict(shop.told_levels)),
            lines,
            known,
            view,
            book.since(name, upto),
            Published(1, waiting[0]) if waiting else None,
            book.since(name, waiting[1]) if waiting else {},
            shop.file is None,
            dict(book.suspects.get(name, {})),
            is_fresh=shop.told_times != book.read.get(name),
        )

    def _recover(self, name: str) -> None:
        """A file that was promised reached its name unless its part is still there."""
        last = self.book.files.get(name)
        if last and last[0] == "prepared":
            if self.shops[name].part is None:
                self.book.waiting[name] = last[1:]
            del self.book.files[name]

    def _write_down(self, plan: Plan) -> None:
        """One transaction."""
        book = self.book
        for item, known in plan.counted.new.items():
            book.items[item] = known
        for mark in plan.counted.marks:
            book.lines[mark.shop, mark.order, mark.item] = mark.quantity
        book.moves += plan.counted.moves
        for edit in plan.edits:
            book.moves.append(Move(edit.shop, edit.item, "edit", edit.difference))
            self.edits.pop((edit.shop, edit.item), None)
        for item, level in plan.levels.items():
            book.items[item] = replace(book.items[item], level=level)
        for shop in plan.shops:
            name = shop.seen.shop
            if shop.seen.taken:
                book.waiting.pop(name, None)
            book.views[name] = (shop.view, len(book.moves))
            book.suspects[name] = dict(shop.held)
            book.read[name] = self.shops[name].told_times

    def _publish(self, plan: ShopPlan) -> None:
        name = plan.seen.shop
        shop, book = self.shops[name], self.book
        content = dict(plan.seen.levels.levels) | {i: to for i, (_, to) in plan.changes.items()}
        shop.part = content
        self.step()
        book.files[name] = ("prepared", plan.written, len(book.moves))
        self.step()
        shop.file, shop.part = content, None
        self.step()
        book.waiting[name] = (plan.written, len(book.moves))
        del book.files[name]
        self.step()

    # --- at the end ------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """Everybody does what they should, until nothing changes any more."""
        for _ in range(8):
            for name in self.shops:
                self.export(name, "ol")
            self.run(tuple(self.shops))
            for name in self.shops:
                self.take(name, loses=False)

    def levels(self) -> dict[str, int]:
        return {item: known.level for item, known in self.book.items.items()}


# --- what may happen -----------------------------------------------------------------------------

NAMES, THINGS = st.sampled_from(SHOPS), st.sampled_from(ITEMS)
SELL = st.tuples(st.just("sell"), NAMES, THINGS, st.integers(1, 3))
CANCEL = st.tuples(st.just("cancel"), NAMES)
EXPORT = st.tuples(st.just("export"), NAMES, st.sampled_from(("ol", "lo", "o")))
TAKE = st.tuples(st.just("take"), NAMES, st.sampled_from((False, False, False, True)))
RUN = st.tuples(
    st.just("run"),
    st.lists(NAMES, unique=True, max_size=3).map(lambda names: tuple(sorted(names)))
    | st.just(SHOPS),
    st.sampled_from((0, 0, 0)) | st.integers(1, 15),
)
EDIT = st.tuples(st.just("edit"), NAMES, THINGS, st.sampled_from((1, 1, -1)))
# The shop told its levels, then took a file, and both are met by the same run.
LATE = st.tuples(st.just("late"), NAMES, THINGS, st.integers(0, 3))
CYCLE = st.tuples(st.just("cycle"), st.permutations(SHOPS))
QUIET = st.one_of(SELL, SELL, SELL, CANCEL, EXPORT, EXPORT, TAKE, TAKE, RUN, RUN, LATE, CYCLE)
ALL = st.one_of(QUIET, QUIET, EDIT)
BUFFERS = st.dictionaries(NAMES, st.integers(0, 5))

pace = settings(
    max_examples=scale.pick(60, 300, 20_000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def begin(level: int, buffers: dict[str, int]) -> World:
    world = World(level, buffers)
    for name in SHOPS:
        world.export(name, "ol")
    world.run(SHOPS)
    return world


def play(world: World, happenings: list[tuple[Any, ...]]) -> None:
    """Nobody sells in a shop what is being edited there just then: docs/pool.md has why."""
    editions = 0
    for what, *args in happenings:
        if what == "sell":
            name, item, quantity = args
            if (name, item) in world.edits:
                continue
            world.sell(name, item, quantity)
        elif what == "cancel" and not world.edits:
            world.cancel(args[0])
        elif what == "edit" and editions < 9:
            name, item, sign = args
            if (name, item) in world.edits or not is_settled(world, name, item):
                continue
            # No sum of sales, and no two edits, make the same difference.
            world.edit(name, item, sign * 1000 * 2**editions)
            editions += 1
        elif what == "export":
            world.export(*args)
        elif what == "take":
            # An edit on top of a lost write may be off by that write: docs/pool.md, Limits.
            world.take(args[0], loses=args[1] and not is_edited(world, args[0]))
        elif what == "run":
            world.run(*args)
        elif what == "late":
            name, item, quantity = args
            if is_edited(world, name):
                continue  # the import may undo an edit that the program is about to read
            if quantity:
                world.sell(name, item, quantity)
            world.export(name, "ol")
            world.take(name, loses=False)
            world.run(SHOPS)
        elif what == "cycle":
            world.run(SHOPS)
            for name in args[0]:
                world.take(name, loses=False)
                world.export(name, "ol")
                world.run(SHOPS)


def is_edited(world: World, name: str) -> bool:
    """Whether somebody changed a level in the shop that the program has not found yet."""
    return any(shop == name for shop, _item in world.edits)


def is_settled(world: World, name: str, item: str) -> bool:
    """Whether all that the shop sold of an item is counted, and shows in it as it should."""
    shop = world.shops[name]
    counted = all(
        world.book.lines.get((name, id, item)) == (0 if cancelled else quantity)
        for id, (one, quantity, cancelled) in shop.orders.items()
        if one == item
    )
    view = world.book.views[name][0]
    return (
        counted
        and name not in world.book.waiting
        and shop.file is None
        and name not in world.book.files
        and (view.levels.get(item), *view.others.get(item, ())) == (shop.levels[item],)
    )


def assert_every_shop_shows(world: World) -> None:
    for name, shop in world.shops.items():
        for item, level in world.levels().items():
            assert shop.levels[item] == max(0, level - world.buffers.get(name, 0)), (name, item)


@pace
@given(st.lists(QUIET, max_size=40), BUFFERS, st.sampled_from((PLENTY, 5)))
def test_sales_move_the_pool_exactly_once_whatever_crashes_or_is_lost(
    happenings: list[tuple[Any, ...]], buffers: dict[str, int], level: int
) -> None:
    world = begin(level, buffers)
    play(world, happenings)
    world.come_to_rest()
    assert world.levels() == world.shelf
    assert_every_shop_shows(world)


@pace
@given(st.lists(ALL, max_size=40), BUFFERS)
def test_published_and_sold_and_held_are_what_was_there_and_delivered(
    happenings: list[tuple[Any, ...]], buffers: dict[str, int]
) -> None:
    world = begin(PLENTY, buffers)
    play(world, happenings)
    world.come_to_rest()
    assert world.levels() == world.shelf
    assert_every_shop_shows(world)
