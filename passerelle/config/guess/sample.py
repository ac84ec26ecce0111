"""Pure: the beginning of a CSV file -> its encoding, separator, header and columns."""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import NoReturn

from msgspec import Struct

from passerelle.base.dates import parse_date
from passerelle.base.errors import NotReadyError, RejectedError
from passerelle.base.language import _
from passerelle.base.numbers import parse_decimal, parse_whole
from passerelle.base.reading import (
    LONGEST_HEADER,
    MOST_ABOVE,
    SEPARATORS,
    Top,
    about_other_kind,
    decode_file,
    detect_encoding,
    find_top,
    line_of,
    split_header,
)
from passerelle.base.regex import regex
from passerelle.base.words import fold, is_eaten_by_spreadsheet, is_gtin, item_number
from passerelle.config.columns import COLUMNS

# All names of columns, as names compare.
_KNOWN = frozenset(
    fold(name)
    for columns in COLUMNS.values()
    for column in columns.values()
    for name in (*column.names, *column.usual)
)
# So many known names make a header of a line.
_FEW_NAMES = 3
# A stray value does not make a column another one's.
_MOST = 0.9
# More would say no more.
_MANY = 500
_LONGEST = 200
_EMAIL = regex(r"[^\s@]+@[^\s@]+\.[^\s@]+")


class CellKind(StrEnum):
    """The kinds of values that tell columns apart."""

    EMPTY = "empty"
    ITEM = "item"
    EATEN = "eaten"
    EMAIL = "email"
    DATE = "date"
    WHOLE = "whole"
    NUMBER = "number"
    DIGITS = "digits"
    TEXT = "text"


def kind_of(values: Sequence[str]) -> CellKind:
    """The kind that nine tenths of the values that are not blank have."""
    filled = [value.strip() for value in values if value.strip()][:_MANY]
    if not filled:
        return CellKind.EMPTY
    found = (kind for kind, fits in _TESTS if _share(filled, fits) >= _MOST)
    return next(found, CellKind.TEXT)


def in_words(kind: CellKind, values: Sequence[str]) -> str:
    """The kind for people; of digits, how many there are."""
    words = {
        CellKind.EMPTY: _("empty"),
        CellKind.ITEM: _("item numbers, check digits right"),
        CellKind.EATEN: _("item numbers that a spreadsheet rounded"),
        CellKind.EMAIL: _("e-mail addresses"),
        CellKind.DATE: _("dates"),
        CellKind.WHOLE: _("whole numbers"),
        CellKind.NUMBER: _("numbers"),
        CellKind.DIGITS: _("digits"),
        CellKind.TEXT: _("text"),
    }
    lengths = {len(item_number(value.strip())) for value in values[:_MANY] if value.strip()}
    if kind == CellKind.DIGITS and len(lengths) == 1:
        return _("{n} digits").format(n=lengths.pop())
    return words[kind]


def _share(values: Sequence[str], fits: Callable[[str], object]) -> float:
    return sum(len(value) <= _LONGEST and _holds(fits, value) for value in values) / len(values)


def _holds(fits: Callable[[str], object], value: str) -> bool:
    """Whether a test says so; one that parses says no by :class:`ValueError`."""
    try:
        return fits(value) is not False
    except ValueError:
        return False


def _is_digits(text: str) -> bool:
    bare = item_number(text)
    return bare.isascii() and bare.isdigit()


def _is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    """A number alone may be a day as a spreadsheet counts, and anything else as well."""
    return not _is_number(text) and parse_date(text) is not None


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace(",", "", 1).isdigit()


def _is_long_number(text: str) -> bool:
    """A number with so many digits, or a leading zero, that nobody counts with it."""
    return _is_digits(text) and (len(text) > 9 or (text.startswith("0") and len(text) > 1))


# The first that fits counts.
_TESTS: tuple[tuple[CellKind, Callable[[str], object]], ...] = (
    # Without its hyphens, one date in ten has a check digit that is right.
    (CellKind.ITEM, lambda text: is_gtin(text) and not _holds(_is_date, text)),
    (CellKind.EATEN, lambda text: "e" in text.lower() and is_eaten_by_spreadsheet(text)),
    (CellKind.EMAIL, _is_email),
    (CellKind.DATE, _is_date),
    (CellKind.DIGITS, _is_long_number),
    (CellKind.WHOLE, parse_whole),
    (CellKind.NUMBER, lambda text: _is_number(text) or parse_decimal(text)),
    (CellKind.DIGITS, _is_digits),
)
_MOST_COLUMNS = 500
# No text in a field spans more lines: a quote went wrong above them.
_LONGEST_TEXT = 100
# Enough lines to see whether a separator cuts them alike.
_SOME = 50
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# What no header calls a column, and what it may call one of several, as sizes.
_NO_NAMES = {CellKind.ITEM, CellKind.EATEN, CellKind.EMAIL, CellKind.DATE, CellKind.NUMBER}
_NUMBERS = {CellKind.WHOLE, CellKind.DIGITS}


class Sample(Struct, frozen=True):
    """What the beginning of a file tells. ``columns`` holds the values below each header.

    ``lines`` counts the lines below the header, of which ``odd`` have another number of fields;
    where the file is not ``whole``, more follow.
    """

    encoding: str
    separator: str
    header_line: str
    header: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    lines: int
    odd: int
    whole: bool

    def twice(self) -> tuple[str, ...]:
        """The header names that stand in it more than once, as names compare."""
        folded = [fold(name) for name in self.header]
        return tuple(
            name
            for place, name in enumerate(self.header)
            if folded.count(folded[place]) > 1 and folded.index(folded[place]) == place
        )


def read_sample(data: bytes, file: str, *, whole: bool = True) -> Sample:
    """Reads the beginning of a file, or all of it where it is ``whole``; ``file`` is its name.

    Raises :class:`NotReadyError` for an empty file, :class:`RejectedError` for one that is no CSV:
    binary, without a header, or with one column.
    """
    _check_is_text(data, file)
    encoding, text = _decode(data, file, whole=whole)
    if not text.strip():
        raise NotReadyError(_("the file is empty"), file, _("name one that holds some lines"))
    lines = io.StringIO(text, newline="")
    top = _find_top(text, file)
    header_line = next(islice(lines, top.line, None))
    _check_header_line(header_line, file)
    below = islice(io.StringIO(text, newline=""), top.line + 1, top.line + _SOME)
    separator = top.separator or _separator(header_line, below)
    header = tuple(name.strip() for name in split_header(header_line, separator))
    _check_header(header, f"{file}:{top.line + 1}")
    rows = [row for row in _rows(lines, separator) if any(cell.strip() for cell in row)]
    # The last one of a beginning may go on.
    rows = rows if whole else rows[:-1]
    even = [row for row in rows if len(row) == len(header)]
    columns = tuple(zip(*even, strict=True)) if even else ((),) * len(header)
    odd = len(rows) - len(even)
    return Sample(encoding, separator, header_line, header, columns, len(rows), odd, whole)


def _find_top(text: str, file: str) -> Top:
    """Where the header stands below blank lines, ``sep=;`` and titles, as reading has it."""

    def fits(names: Sequence[str]) -> bool:
        return sum(fold(name) in _KNOWN for name in names) >= _FEW_NAMES

    lines = [*islice(io.StringIO(text, newline=""), MOST_ABOVE)]
    top = find_top(lines, _KNOWN, fits)
    if top.seems not in (None, top.line):
        what = _("line {line} is no header, it seems to be line {seems}")
        _reject(what.format(line=top.line + 1, seems=(top.seems or 0) + 1),
                f"{file}:{top.line + 1}", _("export the file without the lines above"))  # fmt: skip
    return top


def _check_is_text(data: bytes, file: str) -> None:
    if what := about_other_kind(data):
        _reject(what, file, _("save or export it as CSV, and name that"))
    if b"\0" in data and not data.startswith((*_WIDE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        _reject(_("the file is no text, or UTF-16 without its mark"), file,
                _("export it as CSV in UTF-8"))  # fmt: skip


def _decode(data: bytes, file: str, *, whole: bool) -> tuple[str, str]:
    """The encoding and the text; a beginning ends with its last whole line."""
    end = len(data) if whole else data.rfind(b"\n") + 1 or len(data)
    try:
        return decode_file(data[:end], whole=whole)
    except UnicodeDecodeError as error:
        encoding = detect_encoding(data[:end])
        _reject(_("a byte is no text in {encoding}").format(encoding=encoding),
                f"{file}:{line_of(error)}", _("export it as CSV in UTF-8"))  # fmt: skip


def _check_header_line(line: str, file: str) -> None:
    if len(line) > LONGEST_HEADER:
        what = _("the first line has {n} characters and is no header").format(n=len(line))
        _reject(what, f"{file}:1", _("is it a CSV file?"))
    if not line.strip():
        _reject(_("the first line is empty"), f"{file}:1", _("the header must stand there"))


def _separator(header_line: str, below: Iterable[str]) -> str:
    """The one by which most names are known; among equals, the one that cuts the lines alike."""
    lines = [line for line in below if line.strip()]

    def fit(separator: str) -> tuple[int, float, int]:
        names = split_header(header_line, separator)
        alike = sum(len(split_header(line, separator)) == len(names) for line in lines)
        share = alike / len(lines) if lines and len(names) > 1 else 0
        return sum(fold(name) in _KNOWN for name in names), share, len(names)

    return max(SEPARATORS, key=fit)


def _check_header(header: tuple[str, ...], where: str) -> None:
    if len(header) < 2:
        _reject(_("the first line has one column only"), where,
                _('fields are separated by one of ; , | : or a tab'))  # fmt: skip
    if len(header) > _MOST_COLUMNS:
        what = _("the first line has {n} columns and is no header").format(n=len(header))
        _reject(what, where, _("is it a CSV file?"))
    kinds = {kind_of([name]) for name in header}
    known = any(fold(name) in _KNOWN for name in header)
    if kinds & _NO_NAMES or (kinds & _NUMBERS and not known):
        _reject(_("the first line holds values, not names of columns"), where,
                _("export the file with its header"))  # fmt: skip


def _rows(lines: io.StringIO, separator: str) -> Iterator[list[str]]:
    """The rows below the header; where quotes go wrong, each line for itself."""
    start = lines.tell()
    try:
        yield from list(_records(lines, separator))
    except csv.Error:
        lines.seek(start)
        yield from (line.rstrip("\r\n").split(separator) for line in lines)


def _records(lines: io.StringIO, separator: str) -> Iterator[list[str]]:
    reader, number = csv.reader(lines, delimiter=separator), 0
    for row in reader:
        if reader.line_num - number > _LONGEST_TEXT:
            raise csv.Error("a quote is not closed")
        number = reader.line_num
        yield row


def _reject(what: str, where: str, mend: str) -> NoReturn:
    raise RejectedError(what, where, mend)
