"""The pool's levels where the ERP owns them: its file's, less the sales that it does not include.

Of the orders that ``[orders]`` sends, the ledger tells which the ERP has. Of another shop's, the
settings say how long after an order that is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.config.pool import Pool as Section
from passerelle.config.pool import PoolShop
from passerelle.config.stock import Stock
from passerelle.exchange.sources import Source
from passerelle.gateway.frame import Gateway
from passerelle.rules.guards import check_lines
from passerelle.rules.pool.terms import Counted, SharedStock
from passerelle.runs.pool_reading import ShopReading, on_our_clock
from passerelle.runs.stock import fetch_orders, fetch_stock, missed_sales
from passerelle.stock_csv_fix.levels import read_level_file

_A_DAY = timedelta(days=1)


class ErpLevels(Struct, frozen=True):
    """The level of each item of the pool; of ``illegible`` ones it cannot be told."""

    levels: Mapping[str, int]
    illegible: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def erp_levels(
    gateway: Gateway,
    settings: Section,
    pool: SharedStock,
    counted: Counted,
    readings: Iterable[ShopReading],
) -> ErpLevels:
    """Reads the ERP's file. Raises what must keep all shops as they are."""
    gateway.recover()
    stock = gateway.settings.needed_stock
    source, notes = fetch_stock(gateway, stock)
    with step(_("reading {file}").format(file=source.place.name)):
        file = read_level_file(source.data, stock, source.place.name, "stock.columns")
    check_lines(
        sum(level > 0 for level in file.levels.values()), stock.guards, file.name, file.faults
    )
    missed, illegible = _missed(gateway, settings, stock, source, counted)
    undated = {
        line.item
        for reading in readings
        if _is_sent_otherwise(gateway, reading.shop)
        for line in reading.seen.lines
        if line.date is None and line.quantity
    }
    items = pool.items.keys() | counted.new.keys()
    unread = (item for item in file.lines if item not in file.levels)
    faulty = frozenset((*illegible, *undated, *file.twice, *unread))
    levels = {item: file.levels.get(item, 0) - missed[item] for item in items}
    told = (source.describe(), *notes, *(f"! {fault}" for fault in file.faults))
    return ErpLevels(levels, faulty, told)


def _is_sent_otherwise(gateway: Gateway, shop: PoolShop) -> bool:
    """Whether the shop's orders go to the ERP by another way than ``[orders]``, or the tills'."""
    orders = gateway.settings.orders
    return not shop.group and (orders is None or shop.orders_from != orders.source)


def _missed(
    gateway: Gateway, settings: Section, stock: Stock, source: Source, counted: Counted
) -> tuple[Counter[str], set[str]]:
    """What was sold of each item that the ERP's file lacks; items of which nobody can say."""
    found: Counter[str] = Counter()
    sent = missed_sales(gateway, stock, source, fetch_orders(gateway, stock))
    illegible = {item for item, sale in sent.items() if sale.quantity is None}
    found.update({item: sale.quantity for item, sale in sent.items() if sale.quantity})
    written = _written(gateway, stock, source)
    for name, shop in settings.shops.items():
        if _is_sent_otherwise(gateway, shop):
            cut = written - (shop.in_erp_after or timedelta(0))
            found.update(_sold_since(gateway, name, cut, counted))
    return found, illegible


def _written(gateway: Gateway, stock: Stock, source: Source) -> datetime:
    """When the ERP wrote its file, on our clock; at the earliest, where its server is silent.

    Where its clock was set of late, the file may be as much older than it looks.
    """
    now, clocks = gateway.now(), gateway.ledger.stock.clock_history("")
    set_by = sum(
        abs(jump.seconds)
        for jump in clocks.jumps
        if jump.server == source.place.server and abs(now - jump.noticed) < _A_DAY
    )
    written = on_our_clock(gateway, source) or now - stock.guards.max_age
    return written - timedelta(seconds=set_by)


def _sold_since(gateway: Gateway, shop: str, cut: datetime, counted: Counted) -> Counter[str]:
    lines = gateway.ledger.pool.sold_since(shop, cut)
    for mark in counted.marks:
        if mark.shop == shop and mark.date is not None and mark.date > cut:
            lines[mark.order, mark.item] = mark.quantity
    sold: Counter[str] = Counter()
    for (_order, item), quantity in lines.items():
        sold[item] += quantity
    return sold
