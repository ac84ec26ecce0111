"""Which shops take part in the pool, and reading them, each in its share of the run's time."""

from collections.abc import Iterator, Mapping

from passerelle.base.deadline import Share
from passerelle.base.errors import PasserelleError
from passerelle.base.language import _
from passerelle.config.pool import Pool as Section
from passerelle.config.pool import PoolShop
from passerelle.gateway.frame import Gateway
from passerelle.model.pool import KnownShop as Known
from passerelle.model.pool import ShopState
from passerelle.rules.pool.guards import check_gone
from passerelle.runs.pool_plan import Failure
from passerelle.runs.pool_reading import ShopReading, read_shop

ACTIVE = (ShopState.MEMBER, ShopState.JOINING)


def members_of(
    gateway: Gateway, settings: Section
) -> tuple[Mapping[str, Known | None], tuple[str, ...]]:
    """The shops that take part, with what the ledger knows of them; and what to tell of others.

    The first shop that was ever named begins the pool.
    """
    known = gateway.ledger.pool.shops()
    members: dict[str, Known | None] = {
        name: known[name]
        for name in settings.shops
        if name in known and known[name].state in ACTIVE
    }
    if not known:
        members = {next(iter(settings.shops)): None}
    return members, tuple(_outsiders(settings, known, members))


def _outsiders(
    settings: Section, known: Mapping[str, Known], members: Mapping[str, Known | None]
) -> Iterator[str]:
    via = next(iter(members), "MEMBER")
    if not members:
        yield _("! no shop takes part: `passerelle pool join SHOP --via MEMBER`")
    for name in settings.shops:
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


def read_all(
    gateway: Gateway,
    servers: Servers,
    settings: Section,
    members: Mapping[str, Known | None],
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
