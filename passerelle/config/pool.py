"""``[pool]``: one stock that several shops share."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, ValidationInfo, ValidatorFunctionWrapHandler, field_validator
from pydantic_core import PydanticKnownError

from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.config.columns import Columns, OrderColumns, StockColumns
from passerelle.config.statuses import CANCELLED
from passerelle.config.stock import Guards, Stock
from passerelle.config.values import (
    NO_PLACE,
    Duration,
    Encoding,
    LevelsPlace,
    Names,
    OrdersPlace,
    Section,
    Separator,
    with_the_default,
)
from passerelle.model.location import ORIGIN, Location

# It stands in file names, in the ledger and on the command line.
_SHOP_NAME = regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}")
_ORDERS = OrderColumns()


class PoolOrderColumns(Columns):
    """``[pool.shops.NAME.order_columns]``: header names of the shop's order file."""

    id: Names = _ORDERS.id
    """The order's id, by which it is known; required."""
    date: Names = _ORDERS.date
    """When the order was placed."""
    status: Names = _ORDERS.status
    """Tells cancelled orders."""
    ean13: Names = _ORDERS.ean13
    """The item number; required."""
    quantity: Names = _ORDERS.quantity
    """How many were sold; required."""


class PoolShop(Section):
    """``[pool.shops.NAME]``: a shop that shares the stock."""

    orders_from: OrdersPlace
    """The order CSV that the shop writes, as "server:path"; or "tills:GROUP": what stands in the
    orders of a group of tills, which has no files, and none of the keys below but exclude.

    = "ftp:fr/commandes.csv"     # the orders that the shop writes
    """
    stock_from: LevelsPlace = Field(default=NO_PLACE, validate_default=True)
    """The levels that the shop shows, as "server:path".

    = "ftp:fr/stock.csv"          # the levels that the shop shows
    """
    stock_to: LevelsPlace = Field(default=NO_PLACE, validate_default=True)
    """What the shop's import reads, and deletes, as "server:path": its own file of levels, in which
    only quantities are changed.

    = "ftp:fr/stock_import.csv"     # what the shop's import reads and deletes
    """
    encoding: Encoding = "auto"
    """Of both files. "auto": BOM, else strict UTF-8, else cp1252."""
    separator: Separator = "auto"
    """Of both files' fields. "auto": the one of ; , tab | : that fits."""
    final_newline: bool = True
    """A file whose last line does not end is not whole."""
    cancelled_statuses: Names = CANCELLED
    """Orders in these statuses are cancelled: they sell nothing.

    = ["default"]  # those that shops ship with; add your own
    """
    buffer: int = Field(default=0, ge=0, le=2**31 - 1)
    """So many units of each item are never shown in this shop.

    = …  # units of each item never shown in this shop
    """
    exclude: Names = ()
    """Item numbers that take no part in this shop: never read, never set.

    = …  # item numbers that take no part in this shop
    """
    in_erp_after: Duration | None = None
    """With owner = "erp", for a shop whose orders [orders] does not send to the ERP: how long after
    an order the ERP's stock includes it, as in "1h".

    = "1h"  # with owner = "erp": when the ERP has the orders that [orders] does not send
    """
    columns: StockColumns = StockColumns()
    """[…]  # of the file of levels, as in [stock.columns]"""
    order_columns: PoolOrderColumns = PoolOrderColumns()
    """[…]  # of the order file, as in [orders.columns]"""

    @property
    def group(self) -> str:
        """The group of tills whose orders they are; empty for a shop with files."""
        return self.orders_from.path if self.orders_from.server == ORIGIN else ""

    @field_validator("stock_from", "stock_to", mode="wrap")
    @classmethod
    def _but_for_tills(
        cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Location:
        orders = info.data.get("orders_from")
        is_of_tills = isinstance(orders, Location) and orders.server == ORIGIN
        if value == NO_PLACE:
            if not is_of_tills:
                raise PydanticKnownError("missing")
            return NO_PLACE
        if is_of_tills:
            raise ValueError(_("tills have no file of levels: take this key out"))
        found: Location = handler(value)
        return found

    @field_validator("cancelled_statuses")
    @classmethod
    def _with_the_default(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return with_the_default(cls, names, info.field_name)

    @property
    def levels_file(self) -> Stock:
        """How its files of levels are read."""
        return Stock.model_construct(
            encoding=self.encoding,
            separator=self.separator,
            columns=self.columns,
            guards=Guards.model_construct(final_newline=self.final_newline),
        )


class Pool(Section):
    """``[pool]``: one stock that several shops share, by item number (docs/pool.md)."""

    owner: Literal["pool", "erp"] = "pool"
    """Whose the levels are: "pool": orders and changes by hand in the shops move them; "erp": they
    are those of the ERP's file ([stock] from), less the sales that it lacks.

    = …  # "erp": the levels are those of [stock] from, less the sales it lacks
    """
    max_drop: float = Field(default=0.30, ge=0, le=1)
    """The share of a shop's items that one run may set to 0: 0.30 is 30 %. A run that would set
    more holds (exit code 6) until `passerelle run pool --accept`.

    = 0.30  # more of a shop's items set to 0 at once: the run holds (exit code 6)
    """
    max_change: float = Field(default=0.50, ge=0, le=1)
    """The share of a shop's items whose level one run may change. A run that would change more
    holds (exit code 6) until `passerelle run pool --accept`.

    = 0.50  # more of a shop's items changed at once: the run holds
    """
    max_age: Duration = timedelta(days=1)
    """A shop whose own file of levels is older gets nothing (exit code 6), as in "1d".

    = …  # a shop whose own levels are older gets nothing
    """
    shops: dict[str, PoolShop]
    """The shops: any name. The first one begins the pool, the others join it.

    [fr]  # any name; the first shop begins the pool, the others join it
    """

    @field_validator("shops")
    @classmethod
    def _names(cls, shops: dict[str, PoolShop]) -> dict[str, PoolShop]:
        if all(shop.group for shop in shops.values()):
            raise ValueError(_("a pool needs a shop: write [pool.shops.NAME]"))
        for name in shops:
            if not _SHOP_NAME.fullmatch(name):
                problem = _('"{name}" cannot be a shop\'s name: use letters, digits, "-" and "_"')
                raise ValueError(problem.format(name=name))
        return shops

    @property
    def with_files(self) -> dict[str, PoolShop]:
        """The shops that show levels; the others are groups of tills."""
        return {name: shop for name, shop in self.shops.items() if not shop.group}

    @property
    def of_tills(self) -> dict[str, PoolShop]:
        return {name: shop for name, shop in self.shops.items() if shop.group}

    def places(self) -> Iterator[tuple[str, Location]]:
        """Every file of the shops, with its key in config.toml."""
        for name, shop in self.with_files.items():
            for key in ("orders_from", "stock_from", "stock_to"):
                yield f"pool.shops.{name}.{key}", getattr(shop, key)
