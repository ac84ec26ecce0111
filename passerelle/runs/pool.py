"""``run pool``: several shops share one stock, and each is written what it should show.

The story: read each shop (did it take its last file, what does it show, what did it sell?); count
what the orders move; find what people changed by hand; check the guards; tell the plan; write it
all down; write each shop's file. A shop that cannot be reached holds only its own file.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from passerelle.base.errors import HeldError, PasserelleError
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.config.pool import Pool as Section
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.rules.pool.guards import check_amount
from passerelle.rules.pool.orders import count
from passerelle.rules.pool.plan import decide, moved, sold_last
from passerelle.rules.pool.terms import Counted, Move, Plan, PoolItemLevel, SharedStock
from passerelle.runs.pool_erp import ErpLevels, erp_levels
from passerelle.runs.pool_members import Servers, members_of, read_all
from passerelle.runs.pool_plan import (
    ERP,
    Failure,
    PoolPlan,
    bookings,
    bookings_while_held,
    complaint,
    facts,
    summarise,
)
from passerelle.runs.pool_publication import publish_file
from passerelle.runs.pool_reading import ShopReading
from passerelle.runs.pool_words import describe

# Of one oversold item.
_MOST_ORDERS = 50


def run_pool(gateway: Gateway, *, accept: bool = False) -> Outcome:
    """Runs the story. Raises :class:`PasserelleError` where it must stop."""
    settings = gateway.settings.needed_pool
    gateway.dispatcher.witness.question(gateway.ledger)
    members, notes = members_of(gateway, settings)
    servers = Servers(gateway, settings)
    readings, failures = read_all(gateway, servers, settings, members, accept=accept)
    plan = make_plan(gateway, settings, readings, failures, accept=accept)
    return carry_out(gateway, servers, replace(plan, notes=(*notes, *plan.notes)))


def make_plan(
    gateway: Gateway,
    settings: Section,
    readings: tuple[ShopReading, ...],
    failures: tuple[Failure, ...],
    *,
    accept: bool,
) -> PoolPlan:
    """Decides on every item and every shop; changes nothing."""
    with step(_("comparing the levels")):
        pool = _pool(gateway)
        seen = [reading.seen for reading in readings]
        counted = count(seen, pool, _barred(gateway, failures))
    erp, hold = _erp(gateway, settings, pool, counted, readings)
    with step(_("comparing the levels")):
        if erp is not None:
            seen = [replace(one, illegible=one.illegible | erp.illegible) for one in seen]
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
    )


def _pool(gateway: Gateway) -> SharedStock:
    return SharedStock(
        {
            item: PoolItemLevel(level, shop, since, until)
            for item, level, shop, since, until in gateway.ledger.pool.items()
        }
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
    """What the ERP's levels moved, beside the orders."""
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
        logged = islice(gateway.ledger.pool.log(item, limit=_MOST_ORDERS), _MOST_ORDERS)
        before = [Move(m.shop, m.item, m.kind, m.quantity, m.order) for m in logged]
        found[item] = sold_last(plan.levels[item], [*now, *before])
    return found


def carry_out(gateway: Gateway, servers: Servers, plan: PoolPlan) -> Outcome:
    """Tells the plan, writes it down, and writes each shop's file."""
    for line in describe(plan):
        gateway.say(line)
    if plan.hold is not None:
        if not gateway.dry_run:
            gateway.ledger.pool.book(bookings_while_held(plan), gateway.now())
        raise plan.hold
    failures = list(plan.failures)
    if not gateway.dry_run:
        with step(_("writing the ledger")):
            gateway.ledger.pool.book(bookings(plan), gateway.now())
        failures += _publish(gateway, servers, plan)
    return Outcome(summarise(plan), complaint(plan, failures), facts(plan))


def _publish(gateway: Gateway, servers: Servers, plan: PoolPlan) -> Iterator[Failure]:
    """Writes each file that is due; one that cannot be written leaves the others as they are."""
    for file in plan.due:
        servers.renew(file.shop)
        try:
            publish_file(gateway, file)
        except PasserelleError as error:
            text = _("the file for {shop} could not be written: {error}")
            gateway.warn(text.format(shop=file.name, error=error))
            yield Failure(file.name, error)
