"""``run pool``: several shops share one stock, and each is written what it should show.

The story: read each shop (did it take its last file, what does it show, what did it sell?); count
what the orders move; find what people changed by hand; check the guards; tell the plan; write it
all down; write each shop's file. A shop that cannot be reached holds only its own file. What it
has not taken yet is withdrawn, and what no shop has where the run publishes nothing.
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from passerelle.base.deadline import Share
from passerelle.base.errors import PasserelleError
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.config.model import Settings
from passerelle.config.pool import Pool as Section
from passerelle.config.pool import PoolShop
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.model.pool import ACTIVE, KnownShop, ShopState
from passerelle.model.states import UNTAKEN, Kind
from passerelle.rules.pool.guards import check_gone
from passerelle.runs.pool_plan import (
    Failure,
    PoolPlan,
    TillReading,
    bookings,
    bookings_while_held,
    make_plan,
)
from passerelle.runs.pool_reading import ShopReading, read_shop
from passerelle.runs.pool_words import complaint, describe, facts, summarise
from passerelle.runs.withdrawing import (
    PATIENCE,
    leave_old_place,
    look_after_left,
    take_back,
    take_back_by_copy,
)


class Servers:
    """The shops' servers; each has its share of the run's time, for reading and for writing."""

    def __init__(self, gateway: Gateway, settings: Section) -> None:
        names = {place.server for _key, place in settings.places()}
        self._gateway, self._limit = gateway, gateway.settings.time_limit / (2 * len(names))
        self._shares: dict[str, Share] = {}

    def open_for(self, shop: PoolShop) -> None:
        """From now on the time of this shop's servers counts."""
        for place in (shop.stock_to, shop.stock_from, shop.orders_from):
            if place.server not in self._shares:
                share = Share(self._gateway.deadline, self._limit)
                self._shares[place.server] = share
                self._gateway.remote(place.server, share)

    def renew(self, shop: PoolShop) -> None:
        """The server to which this shop's file goes has as much time again."""
        self._shares[shop.stock_to.server].renew()

    def take_back(self, name: str, shop: PoolShop) -> None:
        """Withdraws the shop's file where one waits for it, for all that is known."""
        last = self._gateway.ledger.dispatches.last(Kind.POOL, name)
        if last is not None and last.stage in UNTAKEN:
            take_back(self._gateway, shop.stock_to, Kind.POOL, name, min(self._limit, PATIENCE))


def without_ledger(settings: Settings, warn: Callable[[str], None]) -> None:
    """What is done where the run cannot even begin."""
    for name, shop in settings.needed_pool.shops.items():
        take_back_by_copy(settings, shop.stock_to, name, warn)


def run_pool(gateway: Gateway, *, accept: bool = False) -> Outcome:
    settings = gateway.settings.needed_pool
    servers = Servers(gateway, settings)
    try:
        return _run(gateway, servers, settings, accept=accept)
    except (Exception, KeyboardInterrupt):
        for name, shop in settings.with_files.items():
            servers.take_back(name, shop)
        raise


def _run(gateway: Gateway, servers: Servers, settings: Section, *, accept: bool) -> Outcome:
    gateway.outbox.witness.question(gateway.ledger)
    look_after_left(gateway)
    members, notes = members_of(gateway, settings)
    readings, failures = read_all(gateway, servers, settings, members, accept=accept)
    tills, untold = read_all_tills(gateway, settings, accept=accept)
    failures = (*failures, *untold)
    plan = make_plan(gateway, settings, readings, failures, tills, accept=accept)
    return carry_out(gateway, servers, replace(plan, notes=(*notes, *plan.notes)))


def members_of(
    gateway: Gateway, settings: Section
) -> tuple[Mapping[str, KnownShop | None], tuple[str, ...]]:
    """The shops that take part, with what the ledger knows of them; and what to tell of others.

    The first shop that was ever named begins the pool.
    """
    known = gateway.ledger.pool.shops()
    members: dict[str, KnownShop | None] = {
        name: known[name]
        for name in settings.with_files
        if name in known and known[name].state in ACTIVE
    }
    if not known:
        members = {next(iter(settings.with_files)): None}
    return members, tuple(_outsiders(settings, known, members))


def _outsiders(
    settings: Section, known: Mapping[str, KnownShop], members: Mapping[str, KnownShop | None]
) -> Iterator[str]:
    via = next(iter(members), "MEMBER")
    if not members:
        yield _("! no shop takes part: `passerelle pool join SHOP --via MEMBER`")
    for name in settings.with_files:
        state = known[name].state if name in known else None
        if state is None and name not in members:
            text = _("{shop} takes no part yet: `passerelle pool join {shop} --via {via}`")
            yield f"! {text.format(shop=name, via=via)}"
        elif state == ShopState.ASKED:
            text = _("{shop} has asked to join: `passerelle pool accept {shop}`")
            yield f"! {text.format(shop=name)}"
    for name, shop in known.items():
        if shop.state in ACTIVE and name not in settings.shops:
            text = _(
                "{shop} takes part, but has no [pool.shops.{shop}]: `passerelle pool leave {shop}`"
            )
            yield f"! {text.format(shop=name)}"


def read_all(
    gateway: Gateway,
    servers: Servers,
    settings: Section,
    members: Mapping[str, KnownShop | None],
    *,
    accept: bool,
) -> tuple[tuple[ShopReading, ...], tuple[Failure, ...]]:
    """Reads each shop; one that cannot be read is left out."""
    readings, failures = [], []
    for name, known in members.items():
        shop = settings.shops[name]
        servers.open_for(shop)
        try:
            reading = read_shop(gateway, name, shop, known)
            if not accept:
                check_gone(reading.seen, settings)
            readings.append(reading)
        except PasserelleError as error:
            gateway.deadline.remaining()  # raises where the whole run has no time left
            failures.append(Failure(name, error))
    return tuple(readings), tuple(failures)


def read_all_tills(
    gateway: Gateway, settings: Section, *, accept: bool
) -> tuple[tuple[TillReading, ...], tuple[Failure, ...]]:
    """What stands in the tills' orders; what was counted of those that cannot be read stays so."""
    readings, failures = [], []
    if settings.of_tills:
        from passerelle.runs.pool_tills import read_tills

        for name, shop in settings.of_tills.items():
            try:
                readings.append(read_tills(gateway, name, shop, accept=accept))
            except PasserelleError as error:
                failures.append(Failure(name, error))
    return tuple(readings), tuple(failures)


def carry_out(gateway: Gateway, servers: Servers, plan: PoolPlan) -> Outcome:
    for line in describe(plan):
        gateway.say(line)
    if plan.hold is not None:
        held = bookings_while_held(plan)
        gateway.do(lambda: gateway.ledger.pool.book(held, gateway.now()))
        raise plan.hold
    failures = list(plan.failures)
    gateway.do(lambda: failures.extend(_publish(gateway, servers, plan)))
    shops = gateway.settings.needed_pool.with_files
    for failure in failures:
        if failure.shop in shops:
            servers.take_back(failure.shop, shops[failure.shop])
    return Outcome(summarise(plan), complaint(plan, failures), facts(plan))


def _publish(gateway: Gateway, servers: Servers, plan: PoolPlan) -> Iterator[Failure]:
    """Writes it all down, then each file; one that cannot be written leaves the others alone."""
    with step(_("writing the ledger")):
        gateway.ledger.pool.book(bookings(plan), gateway.now())
    for file in plan.due:
        servers.renew(file.shop)
        try:
            leave_old_place(gateway, file.shop.stock_to, Kind.POOL, file.name)
            gateway.outbox.levels.send_pool(
                file.name, file.shop.stock_to, file.data, file.changed, file.view
            )
        except PasserelleError as error:
            text = _("the file for {shop} could not be written: {error}")
            gateway.warn(text.format(shop=file.name, error=error))
            yield Failure(file.name, error)
