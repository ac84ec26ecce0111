"""The levels of an Odoo's location, as the file that an ERP would have written of them."""

import csv
from contextlib import closing
from datetime import datetime
from io import StringIO

from passerelle.config.model import Settings
from passerelle.config.stock import Stock
from passerelle.connectors import open_source
from passerelle.model.location import Location
from passerelle.model.sync import SourceLevels


def fetch_levels(settings: Settings, place: Location, now: datetime) -> tuple[bytes, datetime]:
    """The levels below the location as a stock CSV, and the time that they count for.

    Odoo may need a while to book what it took: what it took in the last ``[chain] grace`` does not
    count as included yet.
    """
    with closing(open_source(place.server, settings.connectors[place.server])) as source:
        levels = source.read_levels((place.path,), (), "stock")
    return as_csv(levels, settings.needed_stock), now - settings.chain.grace


def as_csv(levels: SourceLevels, stock: Stock) -> bytes:
    """In the columns that [stock.columns] names, in UTF-8."""
    text = StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    cards = [stock.gift_cards.column] if stock.gift_cards.ids else []
    writer.writerow([stock.columns.ean13[0], stock.columns.quantity[0], *cards])
    for one in levels.items:
        writer.writerow([one.sku, one.level, *("" for _card in cards)])
    return text.getvalue().encode()
