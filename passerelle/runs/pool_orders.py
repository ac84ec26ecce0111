"""What one shop of the pool sold, by its file of orders and what the ledger has counted of it."""

from datetime import timedelta

from msgspec.structs import replace

from passerelle.base.language import _
from passerelle.base.wording import few, shorten
from passerelle.base.words import gtin
from passerelle.config.columns import COLUMNS, OrderColumns
from passerelle.config.orders import Orders
from passerelle.config.pool import PoolShop
from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.exchange.sources import Source
from passerelle.gateway.frame import Gateway
from passerelle.model.orders import Fault
from passerelle.model.pool import LevelFile
from passerelle.rules.pool.orders import OrderLines, meant, no_items, order_lines
from passerelle.rules.spellings import about_spelling, each_once, spelled_before

_A_DAY = timedelta(days=1)
_TELLING = ("payment", "voucher", "quantity_refunded")


def read_shop_orders(source: Source, name: str, shop: PoolShop) -> tuple[int, OrderLines]:
    """How many orders there are, and what they take. Raises what stops only this shop."""
    settings, label = orders_of(name, shop), f"{name}/{source.place.name}"
    file = read_orders(source.data, settings, label)
    spelled = each_once(file.readings, Fault(label, file.top, "id", ""))
    found = order_lines(spelled.readings, settings)
    faults, notes = (*file.faults, *found.faults), tuple(spelled.told())
    return len(spelled.readings), replace(found, faults=faults, notes=notes)


def orders_of(name: str, shop: PoolShop) -> Orders:
    """The shop's order file as a file of orders is read; customers' columns are not."""
    columns = shop.order_columns
    unread = dict.fromkeys(OrderColumns.model_fields, ())
    asked = {key: getattr(columns, key) for key in type(columns).model_fields}
    # An order file of the pool needs no price: what is read as one is never looked at.
    priced = {"unit_price": columns.quantity}
    # What tells a join, and pieces that came back, is read under its usual names.
    usual = {key: COLUMNS["orders"][key].names for key in _TELLING}
    return Orders.model_construct(
        source=shop.orders_from,
        channel=name,
        encoding=shop.encoding,
        separator=shop.separator,
        final_newline=shop.final_newline,
        cancelled_statuses=shop.cancelled_statuses,
        columns=OrderColumns.model_construct(**{**unread, **usual, **asked, **priced}),
    )


def as_counted(gateway: Gateway, name: str, orders: OrderLines) -> OrderLines:
    """With the ids under which orders were counted before a spreadsheet wrote them anew."""
    book = gateway.ledger.pool
    counted = {id for id, _item in book.known(name, {line.order for line in orders.lines})}
    new = {one.order: one.date for one in orders.lines if one.date and one.order not in counted}
    if not new:
        return orders
    dates = new.values()
    before = book.dated(name, min(dates) - _A_DAY, max(dates) + _A_DAY)
    ids = spelled_before(new, before)
    lines = tuple(replace(one, order=ids.get(one.order, one.order)) for one in orders.lines)
    told = (about_spelling(id, other) for other, id in ids.items())
    return replace(orders, lines=lines, notes=(*orders.notes, *told))


def with_no_items_told(
    gateway: Gateway, name: str, shop: PoolShop, orders: OrderLines, levels: LevelFile
) -> OrderLines:
    """With what was sold and is no item number, nor any shop's: nobody can say what it takes."""
    strange = no_items(orders.lines, levels)
    known = {*map(gtin, shop.exclude), *(gateway.ledger.pool.items() if strange else ())}
    strange = {item: ids for item, ids in strange.items() if item not in known}
    file = f"{name}/{shop.orders_from.name}"
    text = _('"{item}", sold in {orders}, is no item number, and no level has it')
    told = (
        f"{file}: ean13: {text.format(item=shorten(item), orders=few(ids))}"
        for item, ids in strange.items()
    )
    illegible = orders.illegible | meant(strange)
    return replace(orders, illegible=illegible, faults=(*orders.faults, *told))
