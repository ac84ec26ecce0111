"""Pure: a shop's own levels, as its file has them: each line's item number and quantity."""

from collections.abc import Collection, Mapping
from zlib import crc32

import numpy as np

from passerelle.base.language import _
from passerelle.base.wording import shorten
from passerelle.config.stock import Stock
from passerelle.model.orders import Fault
from passerelle.model.pool import LevelFile
from passerelle.stock_csv_fix.cells import (
    MOST,
    Column,
    Quantities,
    hold_other_header,
)
from passerelle.stock_csv_fix.items import Items
from passerelle.stock_csv_fix.layout import Layout, read_layout
from passerelle.stock_csv_fix.packed import NOT_PLAIN
from passerelle.stock_csv_fix.surroundings import tidied


def read_levels(
    data: bytes, settings: Stock, file: str, keys: Collection[str]
) -> Mapping[str, int]:
    """The whole pieces of the items in ``keys``, in their :func:`gtin` form.

    What the file lacks, or does not say legibly, is 0. Of an item that stands in several lines the
    lowest counts. Raises as :func:`fix_stock` does.
    """
    data = tidied(data)
    layout, columns = read_layout(data, settings, file), settings.columns
    index = layout.column(columns.ean13, "stock.columns.ean13", file)
    items = Items(Column(data, layout, index))
    index = layout.column(columns.quantity, "stock.columns.quantity", file)
    read = Column(data, layout, index).levels()
    hold_other_header(data, read, layout, settings, file)
    levels: dict[str, int] = {}
    for row in items.rows_of(keys):
        key, level = items.key(row), read.floats[row]
        whole = 0 if np.isnan(level) else max(0, int(level))
        levels[key] = min(whole, levels.get(key, whole))
    return dict.fromkeys(keys, 0) | levels


def read_level_file(data: bytes, settings: Stock, name: str, keys: str) -> LevelFile:
    """Reads a shop's levels; ``keys`` is where config.toml names its columns.

    Raises as :func:`read_layout` does.
    """
    data = tidied(data)
    layout, columns = read_layout(data, settings, name), settings.columns
    numbers = Column(data, layout, layout.column(columns.ean13, f"{keys}.ean13", name))
    index = layout.column(columns.quantity, f"{keys}.quantity", name)
    quantities = Column(data, layout, index)
    read = quantities.levels()
    hold_other_header(data, read, layout, settings, name)
    items = Items(numbers)
    spoilt = items.spoilt()
    keyed = ["" if row in spoilt else key for row, key in enumerate(items.keys())]
    rows, twice, nameless = _by_item(keyed, read)
    levels, faults = _levels(read, quantities, rows, layout, name)
    faults += items.faults(layout, name)
    lines = {item: int(layout.numbers[row]) for item, row in rows.items()}
    return LevelFile(
        name,
        levels,
        _marks(data, layout, rows, numbers, quantities),
        tuple(int(layout.numbers[row]) for row in nameless),
        {item: tuple(int(layout.numbers[row]) for row in found) for item, found in twice.items()},
        tuple(faults),
        lines,
        data,
        _cells(data, layout, index, rows),
    )


def _cells(
    data: bytes, layout: Layout, column: int, rows: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Where each item's cell begins and ends, inside its quotes."""
    starts, ends = (edges.tolist() for edges in layout.cells(column))
    return {item: _inside_quotes(data, starts[row], ends[row]) for item, row in rows.items()}


def _by_item(
    keys: list[str], levels: Quantities
) -> tuple[dict[str, int], dict[str, list[int]], list[int]]:
    """Each item's row; the rows of items met with two levels; rows without an item."""
    rows: dict[str, int] = {}
    twice: dict[str, list[int]] = {}
    nameless = []
    for row, key in enumerate(keys):
        if not key:
            nameless.append(row)
        elif (first := rows.setdefault(key, row)) != row and (
            key in twice or levels.floats[first] != levels.floats[row]
        ):
            twice.setdefault(key, [first]).append(row)
    return {key: row for key, row in rows.items() if key not in twice}, twice, nameless


def _levels(
    read: Quantities, column: Column, rows: Mapping[str, int], layout: Layout, name: str
) -> tuple[dict[str, int], list[Fault]]:
    """The whole pieces of each item; what is no whole number is a fault."""
    numbers, texts = column.numbers.tolist(), dict(read.odd.items())
    levels: dict[str, int] = {}
    faults = []
    for item, row in rows.items():
        number = numbers[row]
        if number == NOT_PLAIN or number > MOST:
            text = texts.get(row, "")
            level, problem = read.written.get(text), read.problems.get(text, "")
            if level is None or level != level.to_integral_value() or abs(level) > MOST:
                whole = _('"{text}" is no whole number').format(text=shorten(column.text(row)))
                faults.append(Fault(name, int(layout.numbers[row]), "quantity", problem or whole))
                continue
            number = int(level)
        levels[item] = number
    return levels, faults


def _marks(
    data: bytes, layout: Layout, rows: Mapping[str, int], numbers: Column, quantities: Column
) -> dict[str, int]:
    """A checksum of what stands in each item's line beside its number and its quantity."""
    index = (numbers.places, quantities.places)
    left = np.minimum(index[0][0], index[1][0]).tolist()
    left_end = np.minimum(index[0][1], index[1][1]).tolist()
    right = np.maximum(index[0][0], index[1][0]).tolist()
    right_end = np.maximum(index[0][1], index[1][1]).tolist()
    starts, ends = layout.starts.tolist(), layout.bodies.tolist()
    view = memoryview(data)
    return {
        item: crc32(
            view[right_end[row] : ends[row]],
            crc32(view[left_end[row] : right[row]], crc32(view[starts[row] : left[row]])),
        )
        for item, row in rows.items()
    }


def _inside_quotes(data: bytes, start: int, end: int) -> tuple[int, int]:
    cell = data[start:end]
    bare = cell.strip()
    if len(bare) >= 2 and bare.startswith(b'"') and bare.endswith(b'"'):
        start += cell.index(b'"')
        return start + 1, start + len(bare) - 1
    return start, end
