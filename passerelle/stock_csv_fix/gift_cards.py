"""Pure: the lines of gift cards, which the ERP lacks and the shop's import would set to 0."""

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from io import StringIO

import numpy as np

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.base.wording import shorten
from passerelle.base.words import gtin
from passerelle.config.stock import GiftCards
from passerelle.model.orders import Fault
from passerelle.stock_csv_fix.cells import Column
from passerelle.stock_csv_fix.items import Items
from passerelle.stock_csv_fix.layout import Layout


def find_cards(data: bytes, layout: Layout, cards: GiftCards, file: str) -> Mapping[int, str]:
    """The rows of the ERP's file that have a gift card's id, each with it."""
    if not cards.ids:
        return {}
    index = layout.column((cards.column,), "stock.gift_cards.column", file)
    ids = Column(data, layout, index)
    # Only those that compare alike are looked at; what is called like no item compares to none.
    rows = {*Items(ids).rows_of({gtin(card) for card in cards.ids})}
    if not all(map(gtin, cards.ids)):
        rows |= {*np.flatnonzero(ids.numbers == 0).tolist()}
        rows |= {row for row, _text in ids.others.where(lambda text: text.strip() in cards.ids)}
    found = {row: ids.text(row).strip() for row in sorted(rows)}
    return {row: id for row, id in found.items() if id in cards.ids}


def added_lines(
    present: Collection[str], layout: Layout, cards: GiftCards, quantity_index: int, file: str
) -> tuple[list[str], bytes]:
    """The gift cards that are not ``present`` in the ERP's file, and their lines in its dialect."""
    if not cards.ids:
        return [], b""
    absent = [id for id in dict.fromkeys(cards.ids) if id not in present]
    fill = {layout.column((name,), "stock.gift_cards.fill", file): text
            for name, text in cards.fill.items()}  # fmt: skip
    id_index = layout.column((cards.column,), "stock.gift_cards.column", file)
    rows = []
    for id in absent:
        cells = [fill.get(index, "") for index in range(len(layout.header) + layout.spare)]
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


def cards_of_erp(
    found: Mapping[int, str], levels: Column, layout: Layout, cards: GiftCards, file: str
) -> Iterable[Fault]:
    """Gift cards for which no line was added, because the ERP's file has one of that id."""
    for row, id in found.items():
        level = shorten(levels.text(row).strip())
        problem = _("gift card {id} stands in the ERP's file, with {level}").format(
            id=id,
            # Translators: a stock level that the file does not give
            level=level or _("none"),
        )
        yield Fault(file, int(layout.numbers[row]), cards.column, problem)
