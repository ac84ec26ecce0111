"""Pure: what the ERP's file has of some items."""

from collections.abc import Collection, Mapping

import numpy as np

from passerelle.config import Stock
from passerelle.reading import parse_decimal
from passerelle.stock_csv_fix.column import Column
from passerelle.stock_csv_fix.items import Items
from passerelle.stock_csv_fix.layout import read_layout


def read_levels(
    data: bytes, settings: Stock, file: str, keys: Collection[str]
) -> Mapping[str, int]:
    """The whole pieces of the items in ``keys``, in their :func:`~passerelle.reading.gtin` form.

    What the file lacks, or does not say legibly, is 0. Of an item that stands in several lines the
    lowest counts. Raises as :func:`~passerelle.stock_csv_fix.fix.fix_stock` does.
    """
    layout, columns = read_layout(data, settings, file), settings.columns
    index = layout.column(columns.ean13, "stock.columns.ean13", file)
    items = Items(Column(data, layout, index))
    index = layout.column(columns.quantity, "stock.columns.quantity", file)
    quantities = Column(data, layout, index).levels(_float_or_nan)
    levels: dict[str, int] = {}
    for row in items.rows_of(keys):
        key, level = items.key(row), quantities[row]
        whole = 0 if np.isnan(level) else max(0, int(level))
        levels[key] = min(whole, levels.get(key, whole))
    return dict.fromkeys(keys, 0) | levels


def _float_or_nan(text: str) -> float:
    try:
        return float(parse_decimal(text))
    except ValueError:
        return np.nan
