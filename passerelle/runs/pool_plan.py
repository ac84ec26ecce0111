"""What a run of the pool will do, and what it writes down: decided here, done in pool.py."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from passerelle.base.errors import HeldError, PasserelleError
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.config.pool import Pool as Section
from passerelle.config.pool import PoolShop
from passerelle.gateway.frame import Gateway
from passerelle.model.pool import Bookings, Json, Move, ShopRead, ShopState
from passerelle.rules.pool.guards import check_amount
from passerelle.rules.pool.orders import count
from passerelle.rules.pool.plan import decide, moved, sold_last
from passerelle.rules.pool.terms import EDIT, Counted, Plan, Seen, SharedStock, ShopPlan, View
from passerelle.runs.pool_erp import ErpLevels, erp_levels
from passerelle.runs.pool_reading import ShopReading

ERP, RENAMED = "erp", "renamed"


class Failure(Struct, frozen=True):
    """A shop that could not be read or written: its file waits."""

    shop: str
    error: PasserelleError


class TillReading(Struct, frozen=True):
    """What stands in the orders of a group of tills. ``token`` tells how far their book was read.

    ``origin`` is the group as config.toml writes it.
    """

    name: str
    origin: str
    seen: Seen
    token: str
    order_count: int
    faults: tuple[str, ...] = ()


class ShopFile(Struct, frozen=True):
    """A file to be written for a shop, and what the shop shows once it was taken."""

    name: str
    shop: PoolShop
    data: bytes
    changed: int
    view: Json


class PoolPlan(Struct, frozen=True):
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
    tills: tuple[TillReading, ...] = ()

    @property
    def due(self) -> Iterator[ShopFile]:
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
    return Bookings(
        plan.moves,
        plan.plan.counted.marks,
        plan.plan.counted.new,
        _changed(plan.pool, plan.plan.levels),
        [*_shop_reads(plan), *_till_reads(plan)],
    )


def bookings_while_held(plan: PoolPlan) -> Bookings:
    """Nothing is published, but what the orders say was sold: they may leave their file.

    What the shops show is judged anew by the next run; tills show nothing, and have been read.
    """
    counted = plan.plan.counted
    levels = _changed(plan.pool, moved(plan.pool, counted))
    return Bookings(counted.moves, counted.marks, counted.new, levels, [*_till_reads(plan)])


def _changed(pool: SharedStock, levels: Mapping[str, int]) -> dict[str, int]:
    items = pool.items
    return {i: n for i, n in levels.items() if i not in items or items[i].level != n}


def _shop_reads(plan: PoolPlan) -> Iterator[ShopRead]:
    for reading, shop in zip(plan.readings, plan.plan.shops, strict=True):
        yield ShopRead(
            reading.name,
            reading.state,
            reading.token,
            _stored(shop, shop.view, shop.view.marks),
            shop.held,
            reading.seen.taken,
            shop.share,
        )


def _till_reads(plan: PoolPlan) -> Iterator[ShopRead]:
    for till in plan.tills:
        state = ShopState.MEMBER
        yield ShopRead(till.name, state, till.token, None, {}, taken=False, via=till.origin)


# Of one oversold item.
_MOST_ORDERS = 50


def make_plan(
    gateway: Gateway,
    settings: Section,
    readings: tuple[ShopReading, ...],
    failures: tuple[Failure, ...],
    tills: tuple[TillReading, ...] = (),
    *,
    accept: bool,
) -> PoolPlan:
    """Decides on every item and every shop; changes nothing."""
    with step(_("comparing the levels")):
        pool = SharedStock(gateway.ledger.pool.items())
        seen = [reading.seen for reading in readings]
        sellers = [till.seen for till in tills]
        counted = count([*seen, *sellers], pool, _barred(gateway, failures))
    erp, hold = _erp(gateway, settings, pool, counted, readings)
    with step(_("comparing the levels")):
        held = frozenset[str]() if erp is None else erp.illegible
        held = held.union(*(seller.illegible for seller in sellers))
        if held:
            seen = [replace(one, illegible=one.illegible | held) for one in seen]
        plan = decide(seen, pool, counted, None if erp is None else erp.levels)
    return PoolPlan(
        readings,
        failures,
        pool,
        plan,
        hold or (None if accept else _held(plan, settings)),
        _sold(gateway, plan),
        () if erp is None else tuple(_erp_moves(pool, counted, erp)),
        () if erp is None else erp.notes,
        tills,
    )


def _barred(gateway: Gateway, failures: Iterable[Failure]) -> frozenset[str]:
    """What shops that could not be read had twice when they were last read."""
    unread = {failure.shop for failure in failures}
    known = gateway.ledger.pool.shops() if unread else {}
    views = [shop.view for name, shop in known.items() if name in unread and shop.view]
    return frozenset(item for view in views for item in view.get("twice", ()))


def _erp(
    gateway: Gateway,
    settings: Section,
    pool: SharedStock,
    counted: Counted,
    readings: tuple[ShopReading, ...],
) -> tuple[ErpLevels | None, PasserelleError | None]:
    """The ERP's levels where it owns them, or why nothing may be published without them."""
    if settings.owner == "pool":
        return None, None
    try:
        return erp_levels(gateway, settings, pool, counted, readings), None
    except PasserelleError as error:
        return ErpLevels(moved(pool, counted)), error


def _erp_moves(pool: SharedStock, counted: Counted, erp: ErpLevels) -> Iterator[Move]:
    before = moved(pool, counted)
    for item, level in erp.levels.items():
        if difference := level - before[item]:
            yield Move("", item, ERP, difference)


def _held(plan: Plan, settings: Section) -> HeldError | None:
    try:
        check_amount(plan.shops, settings)
    except HeldError as error:
        return error
    return None


def _sold(gateway: Gateway, plan: Plan) -> dict[str, tuple[Move, ...]]:
    """Who sold the last ones of each item that is newly oversold."""
    found = {}
    moves: dict[str, list[Move]] = {short.item: [] for short in plan.shortfalls}
    for move in reversed(plan.counted.moves):
        if move.item in moves:
            moves[move.item].append(move)
    for item, now in moves.items():
        before = gateway.ledger.pool.log(item, limit=_MOST_ORDERS)
        found[item] = sold_last(plan.levels[item], [*now, *before])
    return found
