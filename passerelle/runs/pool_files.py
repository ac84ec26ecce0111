"""A shop's two files, read by the rules of its own section of config.toml."""

from passerelle.config import Orders, PoolShop, Stock
from passerelle.config.columns import OrderColumns
from passerelle.config.model import Guards
from passerelle.csv_to_xml import read_orders
from passerelle.errors import HeldError, PasserelleError
from passerelle.language import _
from passerelle.pool import LevelFile, OrderLines, order_lines, read_level_file
from passerelle.sources import Source


def read_levels(source: Source, name: str, shop: PoolShop) -> LevelFile:
    """The shop's own levels. Raises what stops only this shop."""
    settings = Stock.model_construct(
        encoding=shop.encoding,
        separator=shop.separator,
        columns=shop.columns,
        guards=Guards.model_construct(final_newline=shop.final_newline),
    )
    label = f"{name}/{source.place.name}"
    return read_level_file(source.data, settings, label, f"pool.shops.{name}.columns")


def read_shop_orders(source: Source, name: str, shop: PoolShop) -> tuple[int, OrderLines]:
    """How many orders there are, and what they take. Raises what stops only this shop."""
    settings = orders_of(name, shop)
    file = read_orders(source.content, settings, f"{name}/{source.place.name}")
    found = order_lines(file.readings, settings)
    faults = (*file.faults, *found.faults)
    return len(file.readings), OrderLines(found.lines, found.illegible, faults)


def orders_of(name: str, shop: PoolShop) -> Orders:
    """The shop's order file as a file of orders is read; customers' columns are not."""
    columns = shop.order_columns
    unread = dict.fromkeys(OrderColumns.model_fields, ())
    asked = {key: getattr(columns, key) for key in type(columns).model_fields}
    # An order file of the pool needs no price: what is read as one is never looked at.
    priced = {"unit_price": columns.quantity}
    return Orders.model_construct(
        source=shop.orders_from,
        channel=name,
        encoding=shop.encoding,
        separator=shop.separator,
        final_newline=shop.final_newline,
        cancelled_statuses=shop.cancelled_statuses,
        columns=OrderColumns.model_construct(**{**unread, **asked, **priced}),
    )


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
