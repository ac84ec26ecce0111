"""Checks of both files by the code that runs read them with, and of what their headers lack."""

from collections.abc import Callable, Iterator
from contextlib import suppress

from passerelle.base.errors import ConfigError, NotReadyError, PasserelleError
from passerelle.base.language import _
from passerelle.base.reading import find_column
from passerelle.checks.findings import Finding, fault, ok, warning
from passerelle.config.guess.header import (
    about_grid,
    about_left,
    about_unread,
    is_order_grid,
    left_keys,
    unread,
)
from passerelle.config.guess.sample import read_sample
from passerelle.config.model import Settings
from passerelle.config.orders import Orders
from passerelle.config.stock import Stock
from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.model.location import Location

# Enough for any header.
_BEGINNING = 100_000


def check_file(settings: Settings, place: Location, data: bytes) -> Iterator[Finding]:
    """What a run would say of the shop's or the ERP's file, and of what it lacks."""
    orders, stock = settings.orders, settings.stock
    if orders and place == orders.source:
        yield from _read(f"orders.from ({place})", lambda: read_orders(data, orders, place.name))
        yield from check_columns(orders, data, place.name)
    if stock and place == stock.source:
        from passerelle.stock_csv_fix.fix import fix_stock  # numpy takes long to load

        yield from _read(f"stock.from ({place})", lambda: fix_stock(data, stock, {}, place.name))
        yield from _check_stock_columns(stock, data, place.name)


def _read(what: str, read: Callable[[], object]) -> Iterator[Finding]:
    """One that is being written just now is no fault: a run waits for it."""
    try:
        read()
    except NotReadyError as error:
        yield warning(what, _(": ").join(filter(None, (error.what, error.where))), error.mend)
    except PasserelleError as error:
        yield fault(what, error)


def _check_stock_columns(stock: Stock, data: bytes, file: str) -> Iterator[Finding]:
    """All that are not there: reading stops at the first one."""
    wanted = {"ean13": stock.columns.ean13, "quantity": stock.columns.quantity}
    with suppress(PasserelleError, LookupError):
        sample = read_sample(data[:_BEGINNING], file, whole=len(data) <= _BEGINNING)
        absent = [key for key, names in wanted.items() if find_column(sample.header, names) is None]
        if len(absent) > 1:
            what = _("no column for {keys}").format(keys=_(" and ").join(absent))
            mend = _("the command config columns, with a copy of the file, proposes what to write")
            yield fault("stock.columns", ConfigError(what, f"{file}:1", mend))


def check_columns(orders: Orders, data: bytes, file: str) -> Iterator[Finding]:
    """Of the keys that a run can do without. One with an empty list is a person's choice."""
    what = "orders.columns"
    mend = _("the command config columns, with a copy of the file, proposes what to write")
    try:
        sample = read_sample(data[:_BEGINNING], file, whole=len(data) <= _BEGINNING)
        mapped = _mapped(orders, sample.header)
    except (PasserelleError, LookupError):
        return  # told already, by the run's own reading
    if is_order_grid(sample.header):
        yield fault(what, ConfigError(about_grid()[0], f"{file}:1", about_grid()[1]))
        return
    left = left_keys(mapped, [key for key, names in orders.columns if not any(names)])
    if not orders.withhold.vouchers:
        left = tuple(key for key in left if key != "voucher")
    deciding = [key for key in left if key in ("status", "payment", "voucher", "ean13")]
    yield from (warning(what, text, mend) for text in about_left(deciding))
    yield from (ok(what, text) for text in about_left(left, deciding))
    if columns := list(unread(sample.header, mapped.values())):
        yield warning(what, about_unread(columns), mend)


def _mapped(orders: Orders, header: tuple[str, ...]) -> dict[str, str]:
    found = {key: find_column(header, names) for key, names in orders.columns}
    return {key: header[place] for key, place in found.items() if place is not None}
