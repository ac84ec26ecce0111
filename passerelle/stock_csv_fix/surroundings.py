"""Pure: what stands above a stock CSV's header, and what below it is no line of stock."""

from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from passerelle.base.errors import ConfigError, HeldError
from passerelle.base.language import _
from passerelle.base.reading import (
    END_OF_FILE,
    LONGEST_HEADER,
    MOST_ABOVE,
    TOTALS,
    Top,
    find_top,
    line_of,
    split_header,
    without_blanks,
    without_end,
)
from passerelle.base.words import fold, is_gtin
from passerelle.config.stock import Stock
from passerelle.stock_csv_fix.packed import in_blocks
from passerelle.stock_csv_fix.scan import QUOTE, Offsets

# A second mark for UTF-8, or one that was encoded again.
_MARKS_TWICE = (BOM_UTF8 * 2, BOM_UTF8 + "ï»¿".encode())
# How the words for a sum begin.
_SUM_BEGINS = ("to", "so", "su", "gr", "ge", "no", "nu", "an", "en", "fi", "--", "==", "+-", "**")
# How many lines may stand below the last one with an item.
_MOST_BELOW = 3


def tidied(data: bytes) -> bytes:
    """Without end-of-file signs, and with one mark for UTF-8 at most."""
    while data.startswith(_MARKS_TWICE):
        data = BOM_UTF8 + data.removeprefix(_MARKS_TWICE[0]).removeprefix(_MARKS_TWICE[1])
    return without_end(data, END_OF_FILE.encode())


def first_lines(data: bytes, encoding: str, file: str) -> list[str]:
    """The first lines without their ends, as far as a header may stand among them."""
    lines, start = list[str](), 0
    while start < len(data) and len(lines) < MOST_ABOVE:
        end = data.find(b"\n", start) + 1 or len(data)
        line = text_of(data[start:end], encoding, file).rstrip("\r\n")
        if "\r" in line:
            if not lines or start == 0:
                hold_cr(len(lines) + 1, file)
            break
        lines.append(line)
        start = end
    return lines


def find_header(lines: list[str], settings: Stock) -> Top:
    columns = settings.columns
    eans, quantities = ({fold(name) for name in one} for one in (columns.ean13, columns.quantity))

    def fits(names: Sequence[str]) -> bool:
        folded = {fold(name) for name in names}
        return bool(folded & eans) and bool(folded & quantities)

    return find_top(lines, known_names(settings), fits)


def refuse_top(top: Top, file: str) -> None:
    """Where another line seems to be the header, that says more than what goes wrong with this."""
    if top.seems is not None and top.seems != top.line:
        what = _("line {line} is no header, it seems to be line {seems}")
        raise ConfigError(
            what.format(line=top.line + 1, seems=top.seems + 1),
            f"{file}:{top.line + 1}",
            _("have the file written without the lines above its header"),
        )


def known_names(settings: Stock) -> tuple[str, ...]:
    columns = settings.columns
    return (*columns.ean13, *columns.quantity, settings.gift_cards.column)


def read_over(
    data: bytes,
    records: tuple[Offsets, Offsets],
    filled: npt.NDArray[np.bool_],
    header_line: str,
    separator: str,
    encoding: str,
    columns: tuple[int | None, int | None],
) -> dict[int, bool]:
    """Which records repeat the header (``True``), only sum up, or are made of signs alone.

    Only those that begin like one are read, and the last ones. ``columns`` are those of the item
    and its level.
    """
    starts, array = records[0], np.frombuffer(data, np.uint8)
    blank = {separator + after for after in (separator, " ", "\r", "\n")}
    wanted = {header_line.lstrip('"')[:2].lower(), *blank, *_SUM_BEGINS}
    likely, initial = np.zeros(1 << 16, np.bool_), np.zeros(1 << 8, np.bool_)
    for one, other in (pair.encode() for pair in wanted if len(pair) == 2 and pair.isascii()):
        likely[(one << 8 | other) | 0x2020] = initial[one | 0x20] = True
    short, begins_so = np.empty_like(filled), np.zeros_like(filled)

    def look(block: slice) -> None:
        short[block] = filled[block] & (records[1][block] - starts[block] <= LONGEST_HEADER)
        letters = np.take(array, starts[block], mode="clip")
        # Most lines are out by their first letter.
        first = np.flatnonzero(initial[letters | np.uint8(0x20)] | (letters == QUOTE))
        begins = starts[block][first] + (letters[first] == QUOTE)
        one, other = (np.take(array, begins + n, mode="clip") | np.uint8(0x20) for n in (0, 1))
        pairs = one.astype(np.uint16) << np.uint16(8) | other
        begins_so[block][first] = likely[pairs]

    in_blocks(look, len(starts))
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    header = _folded(split_header(header_line, separator))
    found = {}
    below = np.flatnonzero(short)[-_MOST_BELOW:]
    for row in sorted({*np.flatnonzero(begins_so & short).tolist(), *below.tolist()}):
        line = data[starts[row] : records[1][row]].decode(codec).strip("\r\n")
        cells = split_header(line, separator)
        is_header = _folded(cells) == header
        if is_header or _says_no_level(cells, *columns):
            found[row] = is_header
    return found


def _says_no_level(cells: list[str], item: int | None, level: int | None) -> bool:
    """Whether a row is made of signs alone, or sums up: it has no item then."""
    filled = [place for place, cell in enumerate(cells) if any(map(str.isalnum, cell))]
    if not filled or [place for place, cell in enumerate(cells) if cell.strip()] == [level]:
        return True
    named = cells[item] if item in filled and item is not None else ""
    is_sum = TOTALS.match(fold(cells[filled[0]])) and not any(map(is_gtin, cells))
    return bool(is_sum) and (not named or bool(TOTALS.match(fold(named))))


def _folded(names: list[str]) -> list[str]:
    """As names compare; blank ones at the end are none."""
    return [fold(name) for name in without_blanks(names)[0]]


def text_of(data: bytes, encoding: str, file: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        what = _("a byte is no text in {encoding}").format(encoding=encoding)
        hold(what, f"{file}:{line_of(error)}", _("set stock.encoding"))


def hold_cr(line: int, file: str) -> NoReturn:
    mend = _("have the ERP end it with CR LF or LF")
    hold(_("a line ends with CR alone"), f"{file}:{line}", mend)


def hold(what: str, where: str, mend: str) -> NoReturn:
    raise HeldError(what, where, _("nothing was published; {mend}").format(mend=mend))
