"""Pure: where each line of the stock CSV begins and ends, and how its fields are written.

Everything works on the bytes themselves, so that untouched lines can leave exactly as they came.
numpy finds the line ends; a quote opens and closes by turns, so an odd count of quotes before a
byte means that it stands inside a field (RFC 4180).
"""

import codecs
import csv
from codecs import BOM_UTF8
from collections import Counter
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from passerelle.config import Stock
from passerelle.errors import ConfigError, HeldError
from passerelle.language import _
from passerelle.reading import detect_encoding, detect_separator, find_column, shorten

_QUOTE, _LF, _CR = 0x22, 0x0A, 0x0D
# Longer than any real header.
_LONGEST_HEADER = 50_000

Offsets = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Layout:
    """The file's dialect, and the byte offsets of its data lines (without header and blanks).

    ``quoted``: quotes enclose fields; ``enclosed``: they enclose them all. ``numbers`` are the
    lines' numbers in the file, counted from 1. ``ends`` include line ends.
    """

    encoding: str
    separator: str
    header: tuple[str, ...]
    line_end: bytes
    quoted: bool
    enclosed: bool
    starts: Offsets
    ends: Offsets
    numbers: Offsets

    def column(self, names: tuple[str, ...], key: str, file: str) -> int:
        """The index of a column.

        Raises :class:`ConfigError` where the header lacks it, :class:`HeldError` where it has it
        twice.
        """
        try:
            index = find_column(self.header, names)
        except LookupError as error:
            _hold_twice(str(error), file)
        if index is None:
            # Translators: between the names that a column may have
            sought = shorten(_(" or ").join(names), 200) or _("(nothing)")
            mend = _("name it in {key}; the file has: {names}")
            raise ConfigError(
                _("no column is called {name}").format(name=sought),
                f"{file}:1",
                mend.format(key=key, names=shorten(", ".join(self.header), 1000)),
            )
        return index


def read_layout(data: bytes, settings: Stock, file: str) -> Layout:
    """Reads the stock CSV's layout; ``file`` is its name for messages.

    Raises :class:`HeldError` for a file that must not be published: empty, cut, header only, a
    line with another number of fields, duplicate header names, bytes that are no text.
    """
    encoding = _encoding(data, settings, file)
    array = np.frombuffer(data, np.uint8)
    header_line = _header_line(data, encoding, file)
    separator = _separator(header_line, settings)
    header = next(csv.reader([header_line], delimiter=separator), [])
    _check_header(header, file)
    quotes = _enclosing_quotes(array, separator)
    _check_quotes(array, quotes, separator, file)
    _check_line_ends(array, quotes, file)
    starts, ends = _records(array, quotes, settings, file)
    numbers = np.searchsorted(np.flatnonzero(array == _LF), starts).astype(np.int64) + 1
    filled = _not_blank(data, starts, ends)
    _check_widths(array, separator, quotes, starts[filled], numbers[filled], len(header), file)
    filled[0] = False
    if not filled.any():
        _hold(_("the file has a header and no line"), file, _("look why the ERP has no stock"))
    return Layout(
        encoding=encoding,
        separator=separator,
        header=tuple(header),
        line_end=b"\r\n" if data[: ends[0]].endswith(b"\r\n") else b"\n",
        quoted=len(quotes) > 0,
        enclosed=header_line.startswith('"'),
        starts=starts[filled],
        ends=ends[filled],
        numbers=numbers[filled],
    )


def _hold(what: str, where: str, mend: str) -> NoReturn:
    raise HeldError(what, where, _("nothing was published; {mend}").format(mend=mend))


def _encoding(data: bytes, settings: Stock, file: str) -> str:
    if not data.strip():
        _hold(_("the file is empty"), file, _("look why the ERP wrote nothing"))
    encoding = detect_encoding(data, settings.encoding)
    if not _is_ascii_but_for_letters(encoding):
        what = _("the file is {encoding}").format(encoding=encoding)
        _hold(what, file, _("have the ERP export UTF-8 or cp1252"))
    _text(data, encoding, file)
    if b"\0" in data:
        mend = _("it is damaged, or UTF-16: have it written again")
        _hold(_("the file holds NUL bytes"), file, mend)
    return encoding


def _is_ascii_but_for_letters(encoding: str) -> bool:
    """Whether separators, quotes and line ends are one byte each, and those bytes nothing else."""
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig"):
        return True
    text = bytes(range(256)).decode(encoding, "replace")
    return len(text) == 256 and text[:128].encode("utf-8") == bytes(range(128))


def _text(data: bytes, encoding: str, file: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = _("a byte is no text in {encoding}").format(encoding=encoding)
        _hold(what, f"{file}:{line}", _("set stock.encoding"))


def _header_line(data: bytes, encoding: str, file: str) -> str:
    line = _text(data[: data.find(b"\n") + 1 or None], encoding, file).rstrip("\r\n")
    if "\r" in line:
        _hold_cr(1, file)
    if len(line) > _LONGEST_HEADER:
        what = _("the first line has {length} characters and is no header")
        _hold(what.format(length=len(line)), f"{file}:1", _("look what the ERP wrote"))
    return line


def _hold_cr(line: int, file: str) -> NoReturn:
    mend = _("have the ERP end it with CR LF or LF")
    _hold(_("a line ends with CR alone"), f"{file}:{line}", mend)


def _separator(header_line: str, settings: Stock) -> str:
    if settings.separator != "auto":
        return settings.separator
    columns = settings.columns
    known = (*columns.ean13, *columns.quantity, settings.gift_cards.column)
    return detect_separator(header_line, known)


def _enclosing_quotes(array: Bytes, separator: str) -> Offsets:
    """Where the quotes are that open and close fields.

    In a file where no quote begins a field, quotes are plain text (``BOTTE 12" NOIRE``).
    """
    quotes = np.flatnonzero(array == _QUOTE)
    before = array[np.maximum(quotes - 1, 0)]
    opening = (quotes == 0) | (before == ord(separator)) | (before == _LF)
    after_bom = quotes == len(BOM_UTF8)
    return quotes if (opening | after_bom).any() else quotes[:0]


def _check_quotes(array: Bytes, quotes: Offsets, separator: str, file: str) -> None:
    """Quotes open fields, close them, or stand doubled inside them.

    Where others stand, programs differ on where the fields end: the shop's import may read
    another file than we do.
    """
    opening, closing = quotes[::2], quotes[1::2]
    before = array[np.maximum(opening - 1, 0)]
    after = array[np.minimum(closing + 1, len(array) - 1)]
    edges = (ord(separator), _LF, _QUOTE)
    fine = np.isin(before, edges) | (opening == 0) | (opening == len(BOM_UTF8))
    closed = np.zeros(len(opening), np.bool_)
    closed[: len(closing)] = np.isin(after, (*edges, _CR))
    wrong = opening[~(fine & closed)]
    if len(wrong):
        _hold(
            _("a quote is not closed or not doubled"),
            f"{file}:{_line_of(array, wrong[0])}",
            _("the file is cut there, or a text holds a lone quote"),
        )


def _check_line_ends(array: Bytes, quotes: Offsets, file: str) -> None:
    """CR alone ends a line for some programs and none for others."""
    places = _outside(quotes, np.flatnonzero(array == _CR))
    after = array[np.minimum(places + 1, len(array) - 1)]
    alone = places[~np.isin(after, (_CR, _LF))]
    if len(alone):
        _hold_cr(_line_of(array, alone[0]), file)


def _line_of(array: Bytes, place: np.int64) -> int:
    return int(np.count_nonzero(array[:place] == _LF)) + 1


def _outside(quotes: Offsets, places: Offsets) -> Offsets:
    """Those of ``places`` that do not stand between quotes."""
    return places[np.searchsorted(quotes, places) % 2 == 0] if len(quotes) else places


def _records(array: Bytes, quotes: Offsets, settings: Stock, file: str) -> tuple[Offsets, Offsets]:
    """Start and end of every record; a line end inside a quoted field ends none."""
    ends = _outside(quotes, np.flatnonzero(array == _LF)) + 1
    if not len(ends) or ends[-1] != len(array):
        if settings.guards.final_newline:
            what = _("the last line does not end: the file is cut")
            _hold(what, file, _("wait for a whole one"))
        if array[-1] == _CR:
            _hold_cr(_line_of(array, np.int64(len(array))), file)
        ends = np.append(ends, len(array))
    starts = np.concatenate(([0], ends[:-1]))
    return starts.astype(np.int64), ends.astype(np.int64)


def _check_header(header: list[str], file: str) -> None:
    names = Counter(name.strip() for name in header)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        _hold_twice(twice[0], file)


def _hold_twice(name: str, file: str) -> NoReturn:
    _hold(
        _('the header has "{name}" twice').format(name=shorten(name)),
        f"{file}:1",
        _("the shop's import would abort; have the ERP name each column once"),
    )


def _check_widths(
    array: Bytes,
    separator: str,
    quotes: Offsets,
    starts: Offsets,
    numbers: Offsets,
    width: int,
    file: str,
) -> None:
    """Every record has as many fields as the header."""
    marks = _outside(quotes, np.flatnonzero(array == ord(separator)))
    counts = np.diff(np.searchsorted(marks, np.append(starts, len(array)))) + 1
    wrong = np.flatnonzero(counts != width)
    if len(wrong):
        what = _("a line has {found} fields, the header {expected}")
        _hold(
            what.format(found=counts[wrong[0]], expected=width),
            f"{file}:{numbers[wrong[0]]}",
            _("the file is damaged there, or a text holds the separator"),
        )


def _not_blank(data: bytes, starts: Offsets, ends: Offsets) -> npt.NDArray[np.bool_]:
    """Which records hold more than their line end."""
    filled = (ends - starts) > 2
    short = np.flatnonzero(~filled)
    filled[short] = [bool(data[starts[i] : ends[i]].strip()) for i in short]
    return filled
