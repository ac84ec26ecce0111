"""Pure: the ERP's stock with missed sales held back and gift cards added.

pandas reads the item number and quantity columns and decides; the bytes of every line that does
not change are copied, and of a line that does, only the quantity is written anew.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO, StringIO

import numpy as np
import pandas as pd

from passerelle.config import Stock
from passerelle.errors import ConfigError, HeldError
from passerelle.language import _
from passerelle.reading import gtin, is_eaten_by_spreadsheet, parse_decimal, shorten
from passerelle.sales import Change, Fault, MissedSale
from passerelle.stock_csv_fix.layout import Layout, read_layout

_SIMPLE_NUMBER = r"[+-]?[0-9]{1,15}(?:[.,][0-9]{1,12})?"


@dataclass(frozen=True, slots=True)
class FixedStock:
    """The bytes to publish, and what there is to tell about them.

    ``in_stock`` counts the ERP's lines with stock. ``faults`` are quantities and item numbers
    that could not be read: their lines leave as they came. ``warnings`` are item numbers met
    twice, and gift cards that the ERP has a line of. ``unmatched`` are missed sales of items that
    the ERP's file does not have: nothing to hold back there.
    """

    data: bytes
    lines: int
    in_stock: int
    changes: tuple[Change, ...]
    gift_cards: tuple[str, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    unmatched: tuple[str, ...]


def fix_stock(
    data: bytes, settings: Stock, missed: Mapping[str, MissedSale], file: str
) -> FixedStock:
    """Fixes the stock CSV ``data``; ``missed`` maps :func:`~passerelle.reading.gtin` forms.

    Raises :class:`HeldError` for a file that must not be published, :class:`ConfigError` where
    the header lacks a configured column.
    """
    layout = read_layout(data, settings, file)
    frame = _read_columns(data, layout, settings, file)
    levels = _levels(frame["quantity"])
    hit = np.flatnonzero(frame["key"].isin(missed.keys()).to_numpy())
    changes, edits = [], {}
    for row in hit:
        change = _change(int(row), frame, levels, layout, missed, settings)
        if change.after != change.before:
            changes.append(change)
            edits[int(row)] = change.after
    quantity_index = layout.column(settings.columns.quantity, "stock.columns.quantity", file)
    cards, added = _gift_card_lines(frame, layout, settings, quantity_index, file)
    return FixedStock(
        data=_assemble(data, layout, edits, quantity_index, added),
        lines=len(frame),
        in_stock=int((levels > 0).sum()),
        changes=tuple(changes),
        gift_cards=tuple(cards),
        faults=(*_unreadable(frame, levels, layout, file), *_eaten(frame, layout, file)),
        warnings=(*_met_twice(frame, layout, file), *_cards_of_erp(frame, layout, settings, file)),
        unmatched=tuple(sorted(missed.keys() - set(frame["key"].iloc[hit]))),
    )


def _read_columns(data: bytes, layout: Layout, settings: Stock, file: str) -> pd.DataFrame:
    """The columns that decide, as text, with ``key`` in the form in which items compare."""
    wanted = {
        "ean13": layout.column(settings.columns.ean13, "stock.columns.ean13", file),
        "quantity": layout.column(settings.columns.quantity, "stock.columns.quantity", file),
    }
    if settings.gift_cards.ids:
        name = (settings.gift_cards.column,)
        wanted["id"] = layout.column(name, "stock.gift_cards.column", file)
    read = pd.read_csv(
        BytesIO(data),
        sep=layout.separator,
        encoding=layout.encoding,
        header=0,
        names=list(range(len(layout.header))),
        usecols=sorted(set(wanted.values())),
        dtype=str,
        keep_default_na=False,
        quoting=csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
        skip_blank_lines=True,
        low_memory=False,
    )
    if len(read) != len(layout.starts):
        what = _("the file has {lines} lines but {records} records")
        raise HeldError(
            what.format(lines=len(layout.starts), records=len(read)),
            file,
            _("nothing was published; have the ERP write it anew, with each item on one line"),
        )
    frame = pd.DataFrame({name: read[index].fillna("") for name, index in wanted.items()})
    return frame.assign(key=_keys(frame["ean13"]))


def _keys(texts: "pd.Series[str]") -> "pd.Series[str]":
    """The GTIN form of each text; the usual plain digits take the quick way."""
    keys = texts.str.lstrip("0")
    odd = ~texts.str.fullmatch(r"[0-9]*")
    keys[odd] = texts[odd].map(gtin)
    return keys


def _levels(texts: "pd.Series[str]") -> "pd.Series[float]":
    """The quantities as numbers, NaN where one cannot be read."""
    simple = texts.str.fullmatch(_SIMPLE_NUMBER)
    levels = pd.to_numeric(texts.where(simple, "0").str.replace(",", ".", regex=False))
    levels = levels.astype(float)
    levels[~simple] = texts[~simple].map(_float_or_nan)
    return levels


def _float_or_nan(text: str) -> float:
    try:
        return float(parse_decimal(text))
    except ValueError:
        return np.nan


def _change(
    row: int,
    frame: pd.DataFrame,
    levels: "pd.Series[float]",
    layout: Layout,
    missed: Mapping[str, MissedSale],
    settings: Stock,
) -> Change:
    key, before = frame["key"].iloc[row], frame["quantity"].iloc[row].strip()
    sale = missed[key]
    return Change(
        line=int(layout.numbers[row]),
        key=key,
        before=before,
        after=_after(before, sale.quantity, settings.missed_sales, float(levels.iloc[row])),
        orders=sale.orders,
    )


def _after(before: str, sold: int | None, rule: str, level: float) -> str | None:
    """What is published for an item of which ``sold`` are missed.

    What cannot be read, sold or in stock, counts as sold out. A level below zero is the ERP's own
    statement and is never raised.
    """
    if rule == "remove":
        return None
    if level <= 0:
        return before
    if rule == "zero" or sold is None or np.isnan(level):
        return "0"
    left = max(parse_decimal(before) - sold, Decimal(0))
    mark = "," if before.rfind(",") > before.rfind(".") else "."
    return format(left.normalize(), "f").replace(".", mark)


def _gift_card_lines(
    frame: pd.DataFrame, layout: Layout, settings: Stock, quantity_index: int, file: str
) -> tuple[list[str], bytes]:
    """The gift cards that the ERP's file lacks, and their lines in the file's own dialect."""
    cards = settings.gift_cards
    if not cards.ids:
        return [], b""
    present = set(frame["id"].str.strip())
    absent = [id for id in dict.fromkeys(cards.ids) if id not in present]
    fill = {layout.column((name,), "stock.gift_cards.fill", file): text
            for name, text in cards.fill.items()}  # fmt: skip
    id_index = layout.column((cards.column,), "stock.gift_cards.column", file)
    rows = []
    for id in absent:
        cells = [fill.get(index, "") for index in range(len(layout.header))]
        cells[id_index], cells[quantity_index] = id, str(cards.quantity)
        rows.append(cells)
    return absent, _write_rows(rows, layout)


def _write_rows(rows: Iterable[Sequence[str]], layout: Layout) -> bytes:
    buffer = StringIO(newline="")
    csv.writer(
        buffer,
        delimiter=layout.separator,
        quoting=csv.QUOTE_ALL if layout.enclosed else csv.QUOTE_MINIMAL,
        lineterminator=layout.line_end.decode("ascii"),
    ).writerows(rows)
    codec = "utf-8" if layout.encoding == "utf-8-sig" else layout.encoding
    try:
        return buffer.getvalue().encode(codec)
    except UnicodeEncodeError as error:
        what = _("the file's encoding {encoding} lacks a character").format(encoding=codec)
        raise ConfigError(what, "stock.gift_cards.fill", _("change it")) from error


def _assemble(
    data: bytes,
    layout: Layout,
    edits: Mapping[int, str | None],
    quantity_index: int,
    added: bytes,
) -> bytes:
    """Copies the untouched stretches whole and writes the edited lines between them."""
    pieces, position = [], 0
    for row, level in sorted(edits.items()):
        start, end = int(layout.starts[row]), int(layout.ends[row])
        pieces.append(data[position:start])
        if level is not None:
            line = data[start:end]
            pieces.append(_with_quantity(line, level.encode("ascii"), layout, quantity_index))
        position = end
    pieces.append(data[position:])
    if added and not data.endswith(b"\n"):
        pieces.append(layout.line_end)
    return b"".join([*pieces, added])


def _with_quantity(line: bytes, level: bytes, layout: Layout, index: int) -> bytes:
    """The line with another quantity; enclosing quotes and all other bytes stay."""
    start, end = _field(line, layout, index)
    quote = b'"' if line[start:end].lstrip().startswith(b'"') else b""
    return line[:start] + quote + level + quote + line[end:]


def _field(line: bytes, layout: Layout, index: int) -> tuple[int, int]:
    """Start and end of a field; a separator between quotes separates nothing."""
    body, separator = line.rstrip(b"\r\n"), ord(layout.separator)
    start, seen, quoted = 0, 0, False
    for position, byte in enumerate(body):
        if byte == 0x22 and layout.quoted:
            quoted = not quoted
        elif byte == separator and not quoted:
            if seen == index:
                return start, position
            start, seen = position + 1, seen + 1
    return start, len(body)


def _unreadable(
    frame: pd.DataFrame, levels: "pd.Series[float]", layout: Layout, file: str
) -> Iterable[Fault]:
    for row in np.flatnonzero(levels.isna().to_numpy()):
        text = shorten(frame["quantity"].iloc[int(row)])
        problem = _('"{text}" is no number').format(text=text) if text else _("empty")
        yield Fault(file, int(layout.numbers[row]), "quantity", problem)


def _eaten(frame: pd.DataFrame, layout: Layout, file: str) -> Iterable[Fault]:
    """Item numbers that a spreadsheet made numbers of: no sale can be held back from them."""
    suspects = frame["ean13"].str.contains(r"[eE.,]", regex=True).to_numpy(dtype=bool)
    for row in np.flatnonzero(suspects):
        text = frame["ean13"].iloc[int(row)]
        if is_eaten_by_spreadsheet(text):
            problem = _('"{text}" lost its digits in a spreadsheet').format(text=shorten(text))
            yield Fault(file, int(layout.numbers[row]), "ean13", problem)


def _cards_of_erp(
    frame: pd.DataFrame, layout: Layout, settings: Stock, file: str
) -> Iterable[Fault]:
    """Gift cards for which no line was added, because the ERP's file has one of that id."""
    if not settings.gift_cards.ids:
        return
    ids = frame["id"].str.strip()
    for row in np.flatnonzero(ids.isin(settings.gift_cards.ids).to_numpy()):
        level = shorten(frame["quantity"].iloc[int(row)].strip())
        problem = _("gift card {id} stands in the ERP's file, with {level}").format(
            id=ids.iloc[int(row)],
            # Translators: a stock level that the file does not give
            level=level or _("none"),
        )
        yield Fault(file, int(layout.numbers[row]), settings.gift_cards.column, problem)


def _met_twice(frame: pd.DataFrame, layout: Layout, file: str) -> Iterable[Fault]:
    keys = frame["key"]
    again = (keys.duplicated() & (keys != "")).to_numpy()
    first = {key: row for row, key in reversed(list(enumerate(keys))) if key} if again.any() else {}
    for row in np.flatnonzero(again):
        key = keys.iloc[int(row)]
        problem = _("{key} stands already in line {line}; both are treated alike")
        problem = problem.format(key=shorten(key), line=layout.numbers[first[key]])
        yield Fault(file, int(layout.numbers[row]), "ean13", problem)


def levels_of(data: bytes, settings: Stock, key: str, file: str) -> list[tuple[int, str]]:
    """The lines of one item (in :func:`~passerelle.reading.gtin` form), each with its level."""
    layout = read_layout(data, settings, file)
    frame = _read_columns(data, layout, settings, file)
    rows = np.flatnonzero((frame["key"] == key).to_numpy())
    return [(int(layout.numbers[r]), frame["quantity"].iloc[int(r)].strip()) for r in rows]
