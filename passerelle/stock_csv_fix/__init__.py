"""Pure: stock CSV bytes + gift cards + missed sales -> fixed bytes + report."""

from passerelle.stock_csv_fix.fix import FixedStock, fix_stock, levels_of
from passerelle.stock_csv_fix.layout import Layout, read_layout
from passerelle.stock_csv_fix.levels import read_levels

__all__ = ["FixedStock", "Layout", "fix_stock", "levels_of", "read_layout", "read_levels"]
