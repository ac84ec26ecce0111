"""Pure: the lines of gift cards, which the ERP lacks and the shop's import would set to 0."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

import numpy as np

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.base.wording import shorten
from passerelle.config.stock import GiftCards
from passerelle.model.orders import Fault
from passerelle.stock_csv_fix.cells import NOT_PLAIN, Column
from passerelle.stock_csv_fix.layout import Layout


def find_ids(data: bytes, layout: Layout, cards: GiftCards, file: str) -> Column | None:
    """The column of the gift cards' ids, where any are configured."""
    if not cards.ids:
        return None
    index = layout.column((cards.column,), "stock.gift_cards.column", file)
    return Column(data, layout, index)


def added_lines(
    ids: Column | None, layout: Layout, cards: GiftCards, quantity_index: int, file: str
) -> tuple[list[str], bytes]:
    """The gift cards that the ERP's file lacks, and their lines in the file's own dialect."""
    if ids is None:
        return [], b""
    present = {id for _row, id in _rows_of_cards(ids, cards.ids)}
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


def _rows_of_cards(ids: Column, cards: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines whose id is one of the gift cards'."""
    numbers = [int(card) for card in cards if card.isascii() and card.isdigit() and len(card) < 19]
    likely = np.isin(ids.numbers, numbers) | (ids.numbers == NOT_PLAIN)
    for row in map(int, np.flatnonzero(likely)):
        if (id := ids.text(row).strip()) in cards:
            yield row, id


def cards_of_erp(
    ids: Column | None, levels: Column, layout: Layout, cards: GiftCards, file: str
) -> Iterable[Fault]:
    """Gift cards for which no line was added, because the ERP's file has one of that id."""
    for row, id in _rows_of_cards(ids, cards.ids) if ids else ():
        level = shorten(levels.text(row).strip())
        problem = _("gift card {id} stands in the ERP's file, with {level}").format(
            id=id,
            # Translators: a stock level that the file does not give
            level=level or _("none"),
        )
        yield Fault(file, int(layout.numbers[row]), cards.column, problem)
