"""Checks of the order file's header: keys without a column, columns without a key."""

from collections.abc import Iterator

from passerelle.base.errors import ConfigError, PasserelleError
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
from passerelle.config.orders import Orders

# Enough for any header.
_BEGINNING = 100_000


def check_columns(orders: Orders, data: bytes, file: str) -> Iterator[Finding]:
    """A key with an empty list is a person's choice, and not told."""
    what = "orders.columns"
    mend = _("the command config columns, with a copy of the file, proposes what to write there")
    try:
        sample = read_sample(data[:_BEGINNING], file, whole=len(data) <= _BEGINNING)
        mapped = _mapped(orders, sample.header)
    except (PasserelleError, LookupError):
        return  # the run tells what is wrong with such a file
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
