"""Pure: the lines of gift cards, which the ERP lacks and the shop's import would set to 0."""

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from io import StringIO

import numpy as np
import numpy.typing as npt

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.base.wording import shorten
from passerelle.base.words import gtin
from passerelle.config.stock import GiftCards
from passerelle.model.orders import Fault
from passerelle.stock_csv_fix.cells import Column, Rows
from passerelle.stock_csv_fix.items import Items
from passerelle.stock_csv_fix.layout import Layout
from passerelle.stock_csv_fix.packed import in_blocks


def find_cards(data: bytes, layout: Layout, cards: GiftCards, file: str) -> Mapping[int, str]:
    """The rows of the ERP's file that have a gift card's id, each with it."""
    if not cards.ids:
        return {}
    index = layout.column((cards.column,), "stock.gift_cards.column", file)
    rows = _rows_that_may(data, layout, index, cards.ids)
    ids = Column(data, layout, index, rows)
    # Only those that compare alike are looked at; what is called like no item compares to none.
    places = {*Items(ids).rows_of({gtin(card) for card in cards.ids})}
    if not all(map(gtin, cards.ids)):
        places |= {*np.flatnonzero(ids.numbers == 0).tolist()}
        places |= {at for at, _text in ids.others.where(lambda text: text.strip() in cards.ids)}
    found = {int(rows[at]): ids.text(at).strip() for at in sorted(places)}
    return {row: id for row, id in found.items() if id in cards.ids}


def _rows_that_may(data: bytes, layout: Layout, index: int, ids: Collection[str]) -> Rows:
    """The rows whose cells are as long as one of ``ids``, or longer with what may be a blank around
    it: of most files nearly none."""
    lengths = [len(id.encode(layout.codec, "ignore")) for id in ids]
    is_meant = np.zeros(max(lengths) + 2, np.bool_)
    is_meant[lengths] = True
    array, may = np.frombuffer(data, np.uint8), np.empty(len(layout.starts), np.bool_)

    def look(rows: slice) -> None:
        starts, ends = layout.texts(data, index, rows)
        may_here = np.take(is_meant, ends - starts, mode="clip")
        longer = np.flatnonzero(ends - starts > min(lengths))
        first, last = array[starts[longer]], array[ends[longer] - 1]
        may_here[longer] |= _MAY_BE_BLANK[first] | _MAY_BE_BLANK[last]
        may[rows] = may_here

    in_blocks(look, len(may))
    if layout.quoted and any('"' in id for id in ids):
        may[:] = True  # a quote is written as two
    return np.flatnonzero(may)


def _blanks() -> npt.NDArray[np.bool_]:
    """Which bytes may be (a part of) what :meth:`str.strip` takes away."""
    may = np.zeros(256, np.bool_)
    may[[letter for letter in range(128) if chr(letter).isspace()]] = True
    may[128:] = True
    return may


_MAY_BE_BLANK = _blanks()


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
    try:
        return buffer.getvalue().encode(layout.codec)
    except UnicodeEncodeError as error:
        what = _("the file's encoding {encoding} lacks a character").format(encoding=layout.codec)
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
