"""``[stock]``: from the ERP's stock to the file that the shop's import reads."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from passerelle.config.columns import StockColumns
from passerelle.config.values import (
    Duration,
    Encoding,
    Place,
    Printable,
    ProductIds,
    Section,
    Separator,
    SourcePlace,
)


class GiftCards(Section):
    """``[stock.gift_cards]``: products that only the shop knows and the import must not zero."""

    column: str = "ID"
    """The column that carries a product id.

    = …  # …
    """
    ids: ProductIds = ()
    """The gift cards' product ids, for example ["1201", "1202"].

    = …  # for example ["1201", "1202"]
    """
    quantity: int = Field(default=999, ge=0, le=2**31 - 1)
    """The level that gift cards are published with."""
    fill: dict[str, Printable] = {}
    """Other columns of an added line, for example { "Nom" = "Carte" }.

    = …  # …
    """


class Guards(Section):
    """``[stock.guards]``: when the ERP's file is not good enough to publish."""

    max_age: Duration = timedelta(minutes=25)
    """An older file of the ERP is not published (exit code 6).

    = …  # of the ERP's file
    """
    orders_max_age: Duration | None = None
    """An older order CSV holds the stock too (exit code 6). Where there is no order to export most
    shops leave the previous file: then it must not be set.

    # orders_max_age = "12h"  # of the order CSV; not where the shop leaves it when nothing is sold
    """
    max_drop: float = Field(default=0.30, ge=0, le=1)
    """The share of lines in stock by which they may fall, against the last published file and
    against the most of the last 24 hours: 0.30 is 30 %. More is not published (exit code 6).
    What web orders took out of stock does not count.

    = 0.30  # of lines in stock, against the last published file and the most of 24 hours
    """
    min_lines: int = Field(default=1, ge=0)
    """Fewer lines in stock are not published (exit code 6).

    = …  # in stock
    """
    final_newline: bool = True
    """A last line without its end is a cut file (exit code 6).

    = …  # a last line without its end is a cut file
    """


class Stock(Section):
    """``[stock]``: from the ERP's stock to the file the shop's import reads."""

    source: SourcePlace = Field(alias="from")
    """The ERP's stock file, ExportCSV, as "server:path"; or "odoo:WH/Stock", the name of a
    connector and a location of its Odoo, of which the levels are read as they are now.

    = "ftp:ExportCSV.csv"
    """
    to: Place
    """The file that the shop's import reads, ExportCSVmod, as "server:path".

    = "ftp:ExportCSVmod.csv"
    """
    encoding: Encoding = "auto"
    """Of the stock CSV. "auto": BOM, else strict UTF-8, else cp1252."""
    separator: Separator = "auto"
    """Of the stock CSV's fields. "auto": the one of ; , tab | : that fits."""
    missed_sales: Literal["zero", "remove", "subtract"] = "zero"
    """What becomes of a product sold on the web that the ERP has not heard of: "zero" its quantity,
    "remove" its line, or "subtract" what was sold.

    = …  # "zero" the quantity · "remove" the line · "subtract" what was sold
    """
    withheld_is_missed: bool = True
    """Gift card orders hold their products back until settled.

    = …  # …
    """
    columns: StockColumns = StockColumns()
    gift_cards: GiftCards = GiftCards()
    """[…]  # they are not in the ERP: the shop's import would set them to 0"""
    guards: Guards = Guards()
    """[…]  # when one of these is broken, nothing is published (exit code 6)"""
