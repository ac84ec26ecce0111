"""Reading one shop of the pool: did it take its last file, what does it show, what did it sell?"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from passerelle.base.errors import (
    ConfigError,
    HeldError,
    NotReadyError,
    PasserelleError,
    RejectedError,
)
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.base.words import gtin
from passerelle.config.pool import PoolShop
from passerelle.config.stock import Guards
from passerelle.exchange.sources import Source
from passerelle.gateway.frame import Gateway
from passerelle.model.orders import Fault
from passerelle.model.pool import Json, KnownShop, LevelFile, PoolFile, ShopState
from passerelle.model.states import UNTAKEN, Kind, Stage
from passerelle.remotes.base import is_gone
from passerelle.rules.guards import check_age
from passerelle.rules.pool.orders import OrderLines
from passerelle.rules.pool.terms import Published, Rules, Seen, View
from passerelle.runs.pool_orders import as_counted, read_shop_orders, with_no_items_told
from passerelle.stock_csv_fix.levels import read_level_file


class ShopReading(Struct, frozen=True):
    """A shop as a run has read it. ``token`` tells its file of levels from the next one."""

    name: str
    shop: PoolShop
    seen: Seen
    state: ShopState
    token: str
    levels: Source
    orders: Source
    order_count: int
    faults: tuple[Fault | str, ...]


def read_shop(
    gateway: Gateway,
    name: str,
    shop: PoolShop,
    known: KnownShop | None,
    *,
    is_newcomer: bool = False,
    writes: bool = True,
) -> ShopReading:
    """Reads a shop; changes nothing that others see. Raises what stops only this shop."""
    gateway.outbox.levels.settle(Kind.POOL, name)
    waiting = _untaken(gateway, name)
    lies = waiting is not None and waiting.stage != Stage.WITHDRAWN
    taken = lies and is_gone(gateway.outbox.marks.at(shop.stock_to.server), shop.stock_to.path)
    # Whose joining was cut short before its file was in place is written it now.
    state = _state(known, taken=taken, is_newcomer=is_newcomer)
    writes = writes and (is_newcomer or state == ShopState.MEMBER or not lies)
    try:
        reading = _read(gateway, name, shop, known, state)
    except (ConfigError, HeldError, NotReadyError, RejectedError) as error:
        raise in_its_words(error, name) from error
    seen = replace(
        reading.seen,
        waiting=_published(waiting),
        waiting_moves=_moves(gateway, name, waiting.upto if waiting else None),
        ordered=_ordered(gateway, name, waiting or known),
        taken=taken,
        is_newcomer=is_newcomer,
        writes=writes,
    )
    return replace(reading, seen=seen)


def _read(
    gateway: Gateway, name: str, shop: PoolShop, known: KnownShop | None, state: ShopState
) -> ShopReading:
    """What the shop says by itself."""
    levels_source = _fetch_levels(gateway, shop)
    with step(_("reading {file}").format(file=levels_source.place.name)):
        levels = read_levels(levels_source, name, shop)
    orders_source = gateway.sources.fetch(shop.orders_from)
    _check_age(gateway, orders_source)
    with step(_("reading {file}").format(file=orders_source.place.name)):
        count, orders = read_shop_orders(orders_source, name, shop)
    orders = as_counted(gateway, name, orders)
    orders = with_no_items_told(gateway, name, shop, orders, levels)
    orders_source = replace(orders_source, notes=(*orders_source.notes, *orders.notes))
    written = levels_source.modified.isoformat() if levels_source.modified else ""
    token = f"{hashlib.sha256(levels_source.data).hexdigest()} {written}"
    return ShopReading(
        name,
        shop,
        replace(
            _seen(gateway, name, shop, known, levels, orders),
            levels_at=on_our_clock(gateway, levels_source),
            orders_at=on_our_clock(gateway, orders_source),
            is_fresh=known is None or token != known.read,
            is_joining=state == ShopState.JOINING,
        ),
        state,
        token,
        levels_source,
        orders_source,
        count,
        (*levels.faults, *orders.faults),
    )


def _untaken(gateway: Gateway, name: str) -> PoolFile | None:
    """The shop's last file, unless it is known to be taken.

    One that was withdrawn may have been in its import's hands already: what it says may show.
    """
    last = gateway.ledger.pool.files.last(name, *UNTAKEN, Stage.TAKEN, Stage.WITHDRAWN)
    return last if last and last.stage != Stage.TAKEN else None


def _fetch_levels(gateway: Gateway, shop: PoolShop) -> Source:
    server = shop.stock_from.server
    if gateway.ledger.stock.clock_offset(server) is None:
        beside = shop.stock_to if shop.stock_to.server == server else shop.stock_from
        gateway.do(lambda: gateway.sources.measure_clock(beside))
    source = gateway.sources.fetch(shop.stock_from)
    _check_age(gateway, source)
    return source


def _check_age(gateway: Gateway, source: Source) -> None:
    """An old file of orders is no better than one of levels: its sales come later, and twice."""
    pool = gateway.settings.pool
    if source.age is not None and pool is not None:
        guards = Guards.model_construct(max_age=pool.max_age)
        check_age(source.age, guards, str(source.place))


def _state(known: KnownShop | None, *, taken: bool, is_newcomer: bool) -> ShopState:
    """A newcomer is a member once it took the file that it joins with."""
    if is_newcomer:
        return ShopState.JOINING
    if known is not None and known.state == ShopState.JOINING and not taken:
        return ShopState.JOINING
    return ShopState.MEMBER


def _seen(
    gateway: Gateway,
    name: str,
    shop: PoolShop,
    known: KnownShop | None,
    levels: LevelFile,
    orders: OrderLines,
) -> Seen:
    book = gateway.ledger.pool
    view = view_of(known.view) if known and known.view is not None else None
    return Seen(
        shop=name,
        rules=Rules(shop.buffer, frozenset(map(gtin, shop.exclude))),
        levels=levels,
        lines=orders.lines,
        known=book.known(name, {line.order for line in orders.lines}),
        view=view,
        moves=_moves(gateway, name, known.upto if known and view else None),
        suspects={one.item: one for one in book.suspects(name)},
        illegible=orders.illegible,
    )


def view_of(stored: Json) -> View:
    others = {item: tuple(may) for item, may in stored["others"].items()}
    return View(stored["levels"], others, stored["marks"])


def _published(file: PoolFile | None) -> Published | None:
    if file is None or file.view is None:
        return None
    # Where the server forbids renaming, an upload that was cut short may stand there.
    view, lies = view_of(file.view), file.stage != Stage.WITHDRAWN
    return Published(file.number, view, whole=file.stage == Stage.SENT, lies=lies)


def _moves(gateway: Gateway, name: str, upto: int | None) -> Mapping[str, list[int]]:
    return {} if upto is None else gateway.ledger.pool.moved_since(name, upto)


def _ordered(gateway: Gateway, name: str, since: PoolFile | KnownShop | None) -> Mapping[str, int]:
    return gateway.ledger.pool.ordered_since(since.upto, name) if since else {}


def on_our_clock(gateway: Gateway, source: Source) -> datetime | None:
    """When a file was written; ``None`` where its server does not tell."""
    if source.modified is None:
        return None
    offset = gateway.ledger.stock.clock_offset(source.place.server)
    return source.modified - (offset or timedelta(0))


def read_levels(source: Source, name: str, shop: PoolShop) -> LevelFile:
    """The shop's own levels. Raises what stops only this shop."""
    label = f"{name}/{source.place.name}"
    return read_level_file(source.data, shop.levels_file, label, f"pool.shops.{name}.columns")


def in_its_words(error: PasserelleError, name: str) -> PasserelleError:
    """The error with the shop's own section and export, which rooms below do not know."""
    if isinstance(error, HeldError):
        mend = _("its file waits; look into the shop's export of its levels")
        return HeldError(error.what, error.where, mend)
    mend, shop = error.mend, f"pool.shops.{name}"
    for key in ("columns", "encoding", "final_newline"):
        column = "order_columns" if key == "columns" else key
        mend = mend.replace(f"orders.{key}", f"{shop}.{column}")
    mend = mend.replace("stock.encoding", f"{shop}.encoding")
    return type(error)(error.what, error.where, mend)
