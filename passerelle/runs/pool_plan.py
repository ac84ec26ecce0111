"""Pure: what a run of the pool will do, and what it writes down."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from passerelle.base.errors import GRAVITY, PasserelleError, RejectedError
from passerelle.base.language import _, n_
from passerelle.config.pool import PoolShop
from passerelle.model.pool import Bookings, Json, LineCount, NewItem, ShopRead
from passerelle.rules.pool.plan import moved
from passerelle.rules.pool.terms import EDIT, Counted, Move, Plan, SharedStock, ShopPlan, Shortfall
from passerelle.rules.pool.views import View
from passerelle.runs.pool_reading import ShopReading

ERP, RENAMED = "erp", "renamed"


@dataclass(frozen=True, slots=True)
class Failure:
    """A shop that could not be read or written: its file waits."""

    shop: str
    error: PasserelleError


@dataclass(frozen=True, slots=True)
class ShopFile:
    """A file to be written for a shop, and what the shop shows once it was taken."""

    name: str
    shop: PoolShop
    data: bytes
    changed: int
    view: Json


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """What a run will do: a dry run prints this very plan, a real run carries it out.

    ``hold`` is why nothing may be published. ``pool`` is as it was before. ``sold`` tells of each
    oversold item who sold the last ones. ``notes`` are told first.
    """

    readings: tuple[ShopReading, ...]
    failures: tuple[Failure, ...]
    pool: SharedStock
    plan: Plan
    hold: PasserelleError | None = None
    sold: Mapping[str, tuple[Move, ...]] = field(default_factory=dict)
    erp_moves: tuple[Move, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def due(self) -> Iterator[ShopFile]:
        """The files to write, each made when it is asked for."""
        by_name = {reading.name: reading for reading in self.readings}
        for shop in self.plan.shops:
            if shop.is_due:
                yield _file(by_name[shop.seen.shop], shop)

    @property
    def moves(self) -> tuple[Move, ...]:
        """All that moves a level, and what else is kept in the log."""
        edits = (Move(e.shop, e.item, EDIT, e.difference) for e in self.plan.edits)
        renamed = (
            Move(shop.seen.shop, new, RENAMED, 0, old)
            for shop in self.plan.shops
            for old, new in shop.renamed
        )
        return (*self.plan.counted.moves, *edits, *self.erp_moves, *renamed)


def _file(reading: ShopReading, shop: ShopPlan) -> ShopFile:
    after = {item: level for item, (_before, level) in shop.changes.items()}
    data = shop.seen.levels.rewritten(after)
    return ShopFile(reading.name, reading.shop, data, len(after), _stored(shop, shop.written, {}))


def _stored(shop: ShopPlan, view: View, marks: Mapping[str, int]) -> Mapping[str, Any]:
    return {
        "levels": view.levels,
        "others": view.others,
        "marks": marks,
        # While the shop cannot be read, these take no part in the others either.
        "twice": [*shop.seen.levels.twice],
    }


def bookings(plan: PoolPlan) -> Bookings:
    """What a run writes down at once, before it publishes."""
    levels = {i: n for i, n in plan.plan.levels.items() if _level(plan.pool, i) != n}
    return Bookings(
        [(m.shop, m.item, m.kind, m.quantity, m.order) for m in plan.moves],
        _lines(plan.plan.counted),
        _new_items(plan.plan.counted),
        levels,
        [*_shop_reads(plan)],
    )


def bookings_while_held(plan: PoolPlan) -> Bookings:
    """Nothing is published, but what the orders say was sold: they may leave their file.

    What the shops show is judged anew by the next run.
    """
    counted = plan.plan.counted
    levels = moved(plan.pool, counted)
    return Bookings(
        [(m.shop, m.item, m.kind, m.quantity, m.order) for m in counted.moves],
        _lines(counted),
        _new_items(counted),
        {item: level for item, level in levels.items() if _level(plan.pool, item) != level},
    )


def _level(pool: SharedStock, item: str) -> int | None:
    return pool.items[item].level if item in pool.items else None


def _lines(counted: Counted) -> list[LineCount]:
    return [
        LineCount(m.shop, m.order, m.item, m.quantity, m.moved, m.is_new, m.date)
        for m in counted.marks
    ]


def _new_items(counted: Counted) -> dict[str, NewItem]:
    return {
        item: NewItem(new.level, new.shop, new.since, new.orders_until)
        for item, new in counted.new.items()
    }


def _shop_reads(plan: PoolPlan) -> Iterator[ShopRead]:
    for reading, shop in zip(plan.readings, plan.plan.shops, strict=True):
        suspects = {item: (one.difference, one.reads) for item, one in shop.held.items()}
        yield ShopRead(
            reading.name,
            reading.state,
            reading.token,
            _stored(shop, shop.view, shop.view.marks),
            suspects,
            reading.seen.taken,
            shop.share,
        )


def summarise(plan: PoolPlan) -> str:
    """The run in one sentence."""
    shops = n_("{n} shop", "{n} shops", len(plan.readings))
    changed = len({move.item for move in plan.moves if move.quantity})
    due = [shop for shop in plan.plan.shops if shop.is_due]
    parts = [shops, n_("{n} item moved", "{n} items moved", changed)]
    parts.append(n_("{n} file written", "{n} files written", len(due)))
    if plan.failures:
        parts.append(n_("{n} shop left out", "{n} shops left out", len(plan.failures)))
    return ", ".join(parts)


def facts(plan: PoolPlan) -> dict[str, Any]:
    """What the ledger keeps of the run."""
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
    if faults:
        where = str(faults[0])
        if rest := len(faults) - 1:
            where = n_("{fault} (and {n} more)", "{fault} (and {n} more)", rest, fault=where)
        what = _("a line could not be read")
        errors.append(RejectedError(what, where, _("its item is left as it is; mend it there")))
    return max(errors, key=lambda error: GRAVITY.index(error.exit_code), default=None)


def sold_by(short: Shortfall, moves: Iterable[Move]) -> str:
    """The orders that sold the last ones, in words."""
    told = _("order {order} in {shop}")
    return ", ".join(told.format(order=move.order, shop=move.shop) for move in moves)
