"""Pure: the ERP's stock with missed sales held back and gift cards added.

The item number and quantity columns decide; the bytes of every line that does not change are
copied, and of a line that does, only the quantity is written anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.base.wording import FEW, listed, shorten
from passerelle.base.words import is_eaten_by_spreadsheet
from passerelle.config.stock import Stock
from passerelle.model.orders import Change, Fault, Missed
from passerelle.stock_csv_fix.cells import Column, Quantities, hold_other_header
from passerelle.stock_csv_fix.gift_cards import added_lines, cards_of_erp, find_cards
from passerelle.stock_csv_fix.items import Items
from passerelle.stock_csv_fix.layout import Layout, read_layout
from passerelle.stock_csv_fix.surroundings import hold, tidied


class FixedStock(Struct, frozen=True):
    """What to publish, in pieces behind one another, and what there is to tell about it.

    ``in_stock`` counts the ERP's lines with stock. ``faults`` are quantities and item numbers
    that could not be read: their lines leave as they came. ``warnings`` are item numbers met
    twice, and gift cards that the ERP has a line of. ``unmatched`` are missed sales of items that
    the ERP's file does not have: nothing to hold back there.
    """

    pieces: Sequence[bytes | memoryview]
    lines: int
    in_stock: int
    changes: tuple[Change, ...]
    gift_cards: tuple[str, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    unmatched: tuple[str, ...]

    @property
    def data(self) -> bytes:
        """The bytes to publish, put together each time that they are asked for."""
        return b"".join(self.pieces)

    @property
    def size(self) -> int:
        """How many bytes that are."""
        return sum(map(len, self.pieces))


def fix_stock(data: bytes, settings: Stock, missed: Mapping[str, Missed], file: str) -> FixedStock:
    """Fixes the stock CSV ``data``; ``missed`` maps :func:`gtin` forms.

    Raises :class:`HeldError` for a file that must not be published,
    :class:`ConfigError` where the header lacks a configured column.
    """
    data = tidied(data)
    layout = read_layout(data, settings, file)
    table = _read_table(data, layout, settings, file)
    levels = table.quantity.levels()
    hold_other_header(data, levels, layout, settings, file)
    again = tuple(table.items.again())
    _check_copies(data, layout, table, again, file)
    hit, within = table.items.rows_of(missed.keys()), table.items.within(missed.keys())
    misread = _misread(levels)
    edits: dict[int, str | None] = {row: anew for row, (anew, _problem) in misread.items()}
    changes = []
    for row in hit:
        change = _change(row, table, levels, layout, missed, settings)
        if change.after != change.before:
            changes.append(change)
            edits[row] = change.after
    # Whose level such a line has nobody knows.
    edits |= dict.fromkeys(within.keys() - {*hit}, "0")
    quantity_index = layout.column(settings.columns.quantity, "stock.columns.quantity", file)
    cards, added = added_lines(
        table.cards.values(), layout, settings.gift_cards, quantity_index, file
    )
    unmatched = sorted(missed.keys() - {table.items.key(row) for row in hit})
    return FixedStock(
        pieces=[*_assemble(data, layout, table.quantity, edits, added)],
        lines=len(levels.floats),
        in_stock=int((levels.floats > 0).sum()),
        changes=tuple(changes),
        gift_cards=tuple(cards),
        faults=(
            *_unreadable(levels, layout, file),
            *table.items.faults(layout, file),
            *_no_items(unmatched, table.items, missed, file),
        ),
        warnings=(
            *_notes(misread, layout, file),
            *_met_twice(again, table.items, layout, file),
            *cards_of_erp(table.cards, table.quantity, layout, settings.gift_cards, file),
        ),
        unmatched=tuple(unmatched),
    )


class _Table(Struct, frozen=True):
    """The columns that decide, and the rows of gift cards, each with its id."""

    items: Items
    quantity: Column
    cards: Mapping[int, str]


def _read_table(data: bytes, layout: Layout, settings: Stock, file: str) -> _Table:
    columns = settings.columns
    ean13 = Column(data, layout, layout.column(columns.ean13, "stock.columns.ean13", file))
    quantity = layout.column(columns.quantity, "stock.columns.quantity", file)
    return _Table(
        Items(ean13),
        Column(data, layout, quantity),
        find_cards(data, layout, settings.gift_cards, file),
    )


def _change(
    row: int,
    table: _Table,
    levels: Quantities,
    layout: Layout,
    missed: Mapping[str, Missed],
    settings: Stock,
) -> Change:
    key, before = table.items.key(row), table.quantity.text(row).strip()
    sale = missed[key]
    return Change(
        line=int(layout.numbers[row]),
        key=key,
        before=before,
        after=_after(before, sale.quantity, settings.missed_sales, levels, row),
        orders=sale.orders,
    )


def _after(before: str, sold: int | None, rule: str, levels: Quantities, row: int) -> str | None:
    """What is published for an item of which ``sold`` are missed.

    What cannot be read, sold or in stock, counts as sold out. A level below zero is the ERP's own
    statement and is never raised.
    """
    if rule == "remove":
        return None
    level = float(levels.floats[row])
    if level <= 0:
        return _written(before, levels, row) if _shop_reads(before) != int(level) else before
    if rule == "zero" or sold is None or np.isnan(level):
        return "0"
    return _plain(max(levels.exact(row) - sold, Decimal(0)), before)


def _written(before: str, levels: Quantities, row: int) -> str:
    """A level anew, in the plain digits that everybody reads alike."""
    return "0" if np.isnan(levels.floats[row]) else _plain(levels.exact(row), before)


def _plain(level: Decimal, before: str) -> str:
    mark = "," if before.rfind(",") > before.rfind(".") else "."
    return format(level.normalize(), "f").replace(".", mark)


# The column of a fault that lies in the shop's orders.
SOLD = "orders"
# https://www.php.net/manual/en/language.types.numeric-strings.php: leading numeric strings
_LEADING = regex(r"[ \t\n\r\v\f]*([+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?)")


def _shop_reads(text: str) -> int:
    """The whole number that PHP, in which the shop's import is written, makes of a cell."""
    found = _LEADING.match(text)
    return int(Decimal(found[1])) if found else 0


def _misread(levels: Quantities) -> dict[int, tuple[str, str]]:
    """Rows whose level a shop would read as another one: how it is written anew, and why."""
    told = {}
    for text in (*levels.written, *levels.problems):
        level = levels.written.get(text)
        if (read := _shop_reads(text)) != int(level or 0):
            anew = "0" if level is None else _plain(level, text)
            problem = _('"{text}" would be read as {read} by the shop: {level} is published')
            told[text] = anew, problem.format(text=shorten(text), read=read, level=anew)
    return {row: told[text] for row, text in levels.odd.where(told.__contains__)}


def _notes(misread: Mapping[int, tuple[str, str]], layout: Layout, file: str) -> Iterator[Fault]:
    for line in layout.read_over:
        yield Fault(file, line, "line", _("the header again, or sums only: read over"))
    for row, (_anew, problem) in misread.items():
        yield Fault(file, int(layout.numbers[row]), "quantity", problem)


def _assemble(
    data: bytes, layout: Layout, levels: Column, edits: Mapping[int, str | None], added: bytes
) -> Iterator[bytes | memoryview]:
    """The untouched stretches, and the levels between them that are written anew.

    Quotes around a level stay. A line whose level is ``None`` is left out.
    """
    view, position = memoryview(data), 0
    starts, ends = levels.places
    for row, level in sorted(edits.items()):
        if level is None:
            yield view[position : int(layout.starts[row])]
            position = int(layout.ends[row])
        else:
            yield view[position : int(starts[row])]
            yield level.encode("ascii")
            position = int(ends[row])
    yield view[position:]
    if added and not data.endswith(b"\n"):
        yield layout.line_end
    yield added


def _unreadable(levels: Quantities, layout: Layout, file: str) -> Iterable[Fault]:
    for row, text in levels.odd.where(levels.problems.__contains__):
        yield Fault(file, int(layout.numbers[row]), "quantity", levels.problems[text])


def _no_items(
    unmatched: Sequence[str], items: Items, missed: Mapping[str, Missed], file: str
) -> Iterator[Fault]:
    """What was sold, stands nowhere in the ERP's file, and is written like no item of it."""
    for key in unmatched:
        is_reference = not key.isdigit() and not is_eaten_by_spreadsheet(key)
        if not (key.isdigit() or (is_reference and items.has_references)):
            text = _('"{item}", sold in {orders}, is no item number and stands nowhere here')
            orders = listed(missed[key].orders, FEW)
            yield Fault(file, 1, SOLD, text.format(item=shorten(key), orders=orders))


def _check_copies(
    data: bytes, layout: Layout, table: _Table, again: Sequence[tuple[int, int]], file: str
) -> None:
    """Holds an export that stands behind an older one of itself: nobody can tell which is right.

    Without its header it is one where all lines stand again in their order; two shelves of one
    item have something else in their lines, too.
    """
    half = len(layout.starts) // 2
    is_double = half == len(again) and all(
        row - first == half
        and _beside(data, layout, table.quantity, row)
        == _beside(data, layout, table.quantity, first)
        for row, first in again
    )
    for row, first in again if is_double or layout.copies else ():
        above, line = int(layout.numbers[first]), int(layout.numbers[row])
        is_copy = is_double or any(above < copy < line for copy in layout.copies)
        texts = [shorten(table.quantity.text(place).strip()) for place in (first, row)]
        if is_copy and texts[0] != texts[1]:
            what = _("two exports: {item} has {level} in line {line}, and {other} here")
            item = shorten(table.items.key(row))
            hold(
                what.format(item=item, level=texts[0], line=above, other=texts[1]),
                f"{file}:{line}",
                _("have the ERP write its file anew, not behind an older one"),
            )


def _beside(data: bytes, layout: Layout, levels: Column, row: int) -> tuple[bytes, bytes]:
    """What stands in a line before and behind its level."""
    start, end = (int(edges[row]) for edges in levels.places)
    return data[layout.starts[row] : start], data[end : layout.bodies[row]]


def _met_twice(
    again: Iterable[tuple[int, int]], items: Items, layout: Layout, file: str
) -> Iterable[Fault]:
    for row, first in again:
        problem = _("{key} stands already in line {line}; both are treated alike")
        problem = problem.format(key=shorten(items.key(row)), line=layout.numbers[first])
        yield Fault(file, int(layout.numbers[row]), "ean13", problem)


def levels_of(data: bytes, settings: Stock, key: str, file: str) -> list[tuple[int, str]]:
    """The lines of one item (in :func:`gtin` form), each with its level."""
    data = tidied(data)
    layout = read_layout(data, settings, file)
    table = _read_table(data, layout, settings, file)
    rows = table.items.rows_of([key])
    return [(int(layout.numbers[row]), table.quantity.text(row).strip()) for row in rows]
