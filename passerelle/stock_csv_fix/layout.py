"""Pure: where each line of the stock CSV begins and ends, and how its fields are written.

Everything works on the bytes themselves, so that untouched lines can leave exactly as they came.
"""

import codecs
from codecs import BOM_UTF8
from collections import Counter
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from passerelle.base.errors import ConfigError, HeldError
from passerelle.base.language import _
from passerelle.base.reading import (
    LONGEST_HEADER,
    detect_encoding,
    detect_separator,
    find_column,
    line_of,
    split_header,
)
from passerelle.base.wording import shorten
from passerelle.config.stock import Stock
from passerelle.stock_csv_fix.scan import CR, LF, Bytes, Offsets, Scan, scan


@dataclass(frozen=True, slots=True)
class Layout:
    """The file's dialect, and the byte offsets of its data lines (without header and blanks).

    ``quoted``: quotes enclose fields; ``enclosed``: they enclose them all. ``numbers`` are the
    lines' numbers in the file, counted from 1. ``ends`` include line ends, ``bodies`` do not.
    ``firsts`` tells which of all ``separators`` is the first of each line.
    """

    encoding: str
    separator: str
    header: tuple[str, ...]
    line_end: bytes
    quoted: bool
    enclosed: bool
    starts: Offsets
    ends: Offsets
    bodies: Offsets
    numbers: Offsets
    separators: Offsets
    firsts: Offsets

    def cells(self, index: int) -> tuple[Offsets, Offsets]:
        """Where the cells of a column start and end, enclosing quotes included."""
        last = index == len(self.header) - 1
        starts = self.starts if index == 0 else self.separators[self.firsts + index - 1] + 1
        return starts, self.bodies if last else self.separators[self.firsts + index]

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
    header_line = _header_line(data, encoding, file)
    separator = _separator(header_line, settings)
    header = split_header(header_line, separator)
    _check_header(header, file)
    array, quoted = np.frombuffer(data, np.uint8), _encloses(data, separator)
    marks = scan(array, ord(separator), quoted=quoted)
    _check_marks(array, marks, file)
    starts, ends = _records(array, marks.line_ends, settings, file)
    numbers = _line_numbers(data, starts, marks.line_ends)
    filled = _not_blank(data, starts, ends)
    firsts = _first_separators(marks.separators, starts, filled, numbers, len(header), file)
    filled[0] = False
    if not filled.any():
        _hold(_("the file has a header and no line"), file, _("look why the ERP has no stock"))
    return Layout(
        encoding=encoding,
        separator=separator,
        header=tuple(header),
        line_end=b"\r\n" if data[: ends[0]].endswith(b"\r\n") else b"\n",
        quoted=quoted,
        enclosed=header_line.startswith('"'),
        starts=starts[filled],
        ends=ends[filled],
        bodies=_without_line_ends(array, starts[filled], ends[filled]),
        numbers=numbers[filled],
        separators=marks.separators,
        firsts=firsts[filled],
    )


def _hold(what: str, where: str, mend: str) -> NoReturn:
    raise HeldError(what, where, _("nothing was published; {mend}").format(mend=mend))


def _encoding(data: bytes, settings: Stock, file: str) -> str:
    if not data or data.isspace():
        _hold(_("the file is empty"), file, _("look why the ERP wrote nothing"))
    encoding = detect_encoding(data, settings.encoding)
    if not _is_ascii_but_for_letters(encoding):
        what = _("the file is {encoding}").format(encoding=encoding)
        _hold(what, file, _("have the ERP export UTF-8 or cp1252"))
    _check_text(data, encoding, file)
    if b"\0" in data:
        mend = _("it is damaged, or UTF-16: have it written again")
        _hold(_("the file holds NUL bytes"), file, mend)
    return encoding


def _check_text(data: bytes, encoding: str, file: str) -> None:
    """Holds bytes that are no text. Where a letter is one byte, looking which there are will do."""
    letters = bytes(range(256)).decode(encoding, "replace")
    if len(letters) == 256:
        known = bytes(byte for byte, letter in enumerate(letters) if letter != "\ufffd")
        if not data.translate(None, known):
            return
    _text(data, encoding, file)


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
        what = _("a byte is no text in {encoding}").format(encoding=encoding)
        _hold(what, f"{file}:{line_of(error)}", _("set stock.encoding"))


def _header_line(data: bytes, encoding: str, file: str) -> str:
    line = _text(data[: data.find(b"\n") + 1 or None], encoding, file).rstrip("\r\n")
    if "\r" in line:
        _hold_cr(1, file)
    if len(line) > LONGEST_HEADER:
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


def _encloses(data: bytes, separator: str) -> bool:
    """Whether quotes open and close fields.

    In a file where no quote begins a field, quotes are plain text (``BOTTE 12" NOIRE``).
    """
    if b'"' not in data:
        return False
    begins = data.startswith((b'"', BOM_UTF8 + b'"')) or data[3:4] == b'"'
    return begins or separator.encode() + b'"' in data or b'\n"' in data


def _check_marks(array: Bytes, marks: Scan, file: str) -> None:
    if marks.stray_quote is not None:
        _hold(
            _("a quote is not closed or not doubled"),
            f"{file}:{_line_of(array, marks.stray_quote)}",
            _("the file is cut there, or a text holds a lone quote"),
        )
    if marks.lone_cr is not None:
        _hold_cr(_line_of(array, marks.lone_cr), file)


def _line_of(array: Bytes, place: int) -> int:
    return int(np.count_nonzero(array[:place] == LF)) + 1


def _records(
    array: Bytes, line_ends: Offsets, settings: Stock, file: str
) -> tuple[Offsets, Offsets]:
    """Start and end of every record; a line end inside a quoted field ends none."""
    ends = line_ends + 1
    if not len(ends) or ends[-1] != len(array):
        if settings.guards.final_newline:
            what = _("the last line does not end: the file is cut")
            _hold(what, file, _("wait for a whole one"))
        if array[-1] == CR:
            _hold_cr(_line_of(array, len(array)), file)
        ends = np.append(ends, np.asarray([len(array)], ends.dtype))
    return np.concatenate((np.zeros(1, ends.dtype), ends[:-1])), ends


def _line_numbers(data: bytes, starts: Offsets, line_ends: Offsets) -> Offsets:
    """The number in the file of each record's first line."""
    if data.count(b"\n") == len(line_ends):
        return np.arange(1, len(starts) + 1, dtype=starts.dtype)
    every = np.flatnonzero(np.frombuffer(data, np.uint8) == LF)
    return np.asarray(np.searchsorted(every, starts) + 1, starts.dtype)


def _without_line_ends(array: Bytes, starts: Offsets, ends: Offsets) -> Offsets:
    bodies = ends.copy()
    while True:
        last = array[bodies - 1]
        ending = ((last == LF) | (last == CR)) & (bodies > starts)
        if not ending.any():
            return bodies
        bodies -= ending


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


def _first_separators(
    separators: Offsets,
    starts: Offsets,
    filled: npt.NDArray[np.bool_],
    numbers: Offsets,
    width: int,
    file: str,
) -> Offsets:
    """Which separator is the first of each record; every record has as many as the header."""
    firsts = np.searchsorted(separators, starts)
    counts = np.diff(firsts, append=len(separators)) + 1
    wrong = np.flatnonzero((counts != width) & filled)
    if len(wrong):
        what = _("a line has {found} fields, the header {expected}")
        _hold(
            what.format(found=counts[wrong[0]], expected=width),
            f"{file}:{numbers[wrong[0]]}",
            _("the file is damaged there, or a text holds the separator"),
        )
    return np.asarray(firsts, starts.dtype)


def _not_blank(data: bytes, starts: Offsets, ends: Offsets) -> npt.NDArray[np.bool_]:
    """Which records hold more than their line end."""
    filled = (ends - starts) > 2
    short = np.flatnonzero(~filled)
    filled[short] = [bool(data[starts[i] : ends[i]].strip()) for i in short]
    return filled
