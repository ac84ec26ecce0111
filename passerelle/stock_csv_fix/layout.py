"""Pure: the dialect of the stock CSV, its header, and where the cells of each line stand.

Everything works on the bytes themselves, so that untouched lines can leave exactly as they came.
"""

import codecs
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.base.processors import in_parts
from passerelle.base.reading import (
    LONGEST_HEADER,
    Top,
    about_other_kind,
    detect_encoding,
    detect_separator,
    find_column,
    hold_values,
    split_header,
    without_blanks,
    without_marks,
)
from passerelle.base.wording import shorten
from passerelle.base.words import fold
from passerelle.config.stock import Stock
from passerelle.stock_csv_fix.records import (
    check_marks,
    check_widths,
    fields_of_records,
    line_numbers,
    not_blank,
    records_of,
    without_blank_fields,
    without_line_ends,
)
from passerelle.stock_csv_fix.scan import PIECE, QUOTE, Offsets, scan
from passerelle.stock_csv_fix.surroundings import (
    find_header,
    first_lines,
    hold,
    known_names,
    read_over,
    refuse_top,
    text_of,
)

# What a ";" may have cut in two, where it separates; and what a comma may have, or any text.
_ENTITY, _ANYTHING = re.compile(rb"&#?\w+;"), re.compile(b"")
# What an empty file may still hold, as bytes.
_BLANK = BOM_UTF8 + b" \t\r\n\v\f"
_ALL = slice(None)


class Layout(Struct, frozen=True):
    """The file's dialect, and the byte offsets of its data lines (without header and blanks).

    ``quoted``: quotes enclose fields; ``enclosed``: they enclose them all. ``numbers`` are the
    lines' numbers in the file, counted from 1. ``ends`` include line ends, ``bodies`` do not.
    ``firsts`` tells which of all ``separators`` is the first of each line. ``top`` is where the
    header stands, ``spare`` how many blank names end it. ``read_over`` are the numbers of lines
    that repeat the header (``copies``) or only sum up.
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
    top: Top
    spare: int
    read_over: tuple[int, ...]
    copies: tuple[int, ...]

    @property
    def codec(self) -> str:
        """The encoding of a part of the file."""
        return "utf-8" if self.encoding == "utf-8-sig" else self.encoding

    def cells(self, index: int, rows: "slice | Offsets" = _ALL) -> tuple[Offsets, Offsets]:
        """Where the cells of a column start and end, enclosing quotes included."""
        is_last, firsts = index == len(self.header) - 1, self.firsts[rows]
        starts = self.starts[rows] if index == 0 else self.separators[firsts + index - 1] + 1
        return starts, self.bodies[rows] if is_last else self.separators[firsts + index]

    def texts(
        self, data: bytes, index: int, rows: "slice | Offsets" = _ALL
    ) -> tuple[Offsets, Offsets]:
        """The same without enclosing quotes."""
        starts, ends = self.cells(index, rows)
        if not self.quoted:
            return starts, ends
        array = np.frombuffer(data, np.uint8)
        enclosed = (ends - starts >= 2) & (array[np.minimum(starts, len(array) - 1)] == QUOTE)
        return starts + enclosed, ends - enclosed

    def column(self, names: tuple[str, ...], key: str, file: str) -> int:
        """The index of a column.

        Raises :class:`ConfigError` where the header lacks it, :class:`HeldError` where it has it
        twice.
        """
        try:
            index = find_column(self.header, names)
        except LookupError as error:
            _hold_twice(str(error), f"{file}:{self.top.line + 1}")
        if index is None:
            if hold_values(self.header):
                what = _("the first line holds values, not names of columns")
                where = f"{file}:{self.top.line + 1}"
                raise ConfigError(what, where, _("export the file with its header"))
            # Translators: between the names that a column may have
            sought = shorten(_(" or ").join(names), 200) or _("(nothing)")
            mend = _("name it in {key}; the file has: {names}")
            raise ConfigError(
                _("no column is called {name}").format(name=sought),
                f"{file}:{self.top.line + 1}",
                mend.format(key=key, names=shorten(", ".join(self.header), 1000)),
            )
        return index


def read_layout(data: bytes, settings: Stock, file: str) -> Layout:
    """Reads the stock CSV's layout; ``file`` is its name for messages.

    Raises :class:`HeldError` for a file that must not be published: empty, cut, header only, a
    line with another number of fields, duplicate header names, bytes that are no text.
    """
    if what := about_other_kind(data):
        hold(what, file, _("look what was written in place of the stock"))
    encoding = _encoding(data, settings, file)
    lines = first_lines(data, encoding, file)
    top = find_header(lines, settings)
    header_line = without_marks(lines[top.line])
    _check_header_line(header_line, top.line + 1, file)
    separator = _separator(header_line, settings, top)
    header, spare = without_blanks(split_header(header_line, separator))
    _check_header(header, f"{file}:{top.line + 1}")
    refuse_top(top, file)
    array, quoted = np.frombuffer(data, np.uint8), _encloses(data, separator)
    marks = scan(array, ord(separator), quoted=quoted)
    check_marks(array, marks, file)
    starts, ends = records_of(array, marks.edges, settings, file)
    numbers = line_numbers(starts, marks)
    filled = not_blank(data, starts, ends)
    filled[: int(np.searchsorted(numbers, top.line + 1, "right"))] = False
    columns = _index(header, settings.columns.ean13), _index(header, settings.columns.quantity)
    over = read_over(data, (starts, ends), filled, header_line, separator, encoding, columns)
    filled[list(over)] = False
    bodies = without_line_ends(array, starts, ends)
    fields = fields_of_records(marks.separators, starts, bodies)
    alone = np.flatnonzero(filled & (fields.counts == 1)) if len(header) > 1 else ()
    filled[[row for row in alone if not data[starts[row] : ends[row]].strip()]] = False
    is_filled = separator != "," and fold(header[-1]) in map(fold, known_names(settings))
    doubted = _ENTITY if is_filled else _ANYTHING
    over_wide = np.flatnonzero(fields.counts > len(header) + spare).tolist()
    shifted = [row for row in over_wide if doubted.search(data, starts[row], ends[row])]
    fields = without_blank_fields(fields, marks.separators, len(header), shifted)
    check_widths(fields, filled, numbers, (len(header), len(header) + spare), file)
    if not filled.any():
        if columns == (None, None):
            where = f"{file}:{top.line + 1}"
            hold(_("no header was found"), where, _("look what was written in place of the stock"))
        hold(_("the file has a header and no line"), file, _("look why the ERP has no stock"))
    rows = _as_slice(np.flatnonzero(filled))
    return Layout(
        encoding=encoding,
        separator=separator,
        header=tuple(header),
        line_end=b"\r\n" if data[: ends[0]].endswith(b"\r\n") else b"\n",
        quoted=quoted,
        enclosed=header_line.startswith('"'),
        starts=starts[rows],
        ends=ends[rows],
        bodies=fields.ends[rows],
        numbers=numbers[rows],
        separators=marks.separators,
        firsts=fields.firsts[rows],
        top=top,
        spare=spare,
        read_over=tuple(int(numbers[row]) for row in over),
        copies=tuple(int(numbers[row]) for row, is_header in over.items() if is_header),
    )


def _as_slice(rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp] | slice:
    """Rows that stand behind one another can be seen where they lie, without a copy."""
    first, count = int(rows[0]), len(rows)
    return slice(first, first + count) if int(rows[-1]) - first + 1 == count else rows


def _index(header: Sequence[str], names: tuple[str, ...]) -> int | None:
    folded = [fold(name) for name in header]
    return next((folded.index(name) for name in map(fold, names) if name in folded), None)


def _encoding(data: bytes, settings: Stock, file: str) -> str:
    if not data[:99].strip(_BLANK) and not data.strip(_BLANK):
        hold(_("the file is empty"), file, _("look why the ERP wrote nothing"))
    encoding = detect_encoding(data, settings.encoding)
    if not _is_ascii_but_for_letters(encoding):
        what = _("the file is {encoding}").format(encoding=encoding)
        hold(what, file, _("have the ERP export UTF-8 or cp1252"))
    if settings.encoding != "auto" or encoding != "utf-8":  # else it was found to be that
        _check_text(data, encoding, file)
    if b"\0" in data:
        mend = _("it is damaged, or UTF-16: have it written again")
        hold(_("the file holds NUL bytes"), file, mend)
    return encoding


def _check_text(data: bytes, encoding: str, file: str) -> None:
    """Holds bytes that are no text. Where a letter is one byte, looking which there are will do."""
    letters = bytes(range(256)).decode(encoding, "replace")
    if len(letters) != 256 or _has_any(data, [b for b in range(256) if letters[b] == "\ufffd"]):
        text_of(data, encoding, file)


def _has_any(data: bytes, wanted: Sequence[int]) -> bool:
    """Whether one of some bytes is there. Most are told by not being near them."""
    if not wanted:
        return False
    array, least = np.frombuffer(data, np.uint8), np.uint8(min(wanted))
    span = np.uint8(max(wanted) - min(wanted))

    def look(start: int, stop: int) -> bool:
        pieces = (array[at : min(at + PIECE, stop)] for at in range(start, stop, PIECE))
        near = ((piece, piece - least <= span) for piece in pieces)
        return any(
            np.isin(piece[is_near], wanted).any() for piece, is_near in near if is_near.any()
        )

    return any(in_parts(look, len(array), PIECE))


def _is_ascii_but_for_letters(encoding: str) -> bool:
    """Whether separators, quotes and line ends are one byte each, and those bytes nothing else."""
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig"):
        return True
    text = bytes(range(256)).decode(encoding, "replace")
    return len(text) == 256 and text[:128].encode("utf-8") == bytes(range(128))


def _check_header_line(line: str, number: int, file: str) -> None:
    if len(line) > LONGEST_HEADER:
        what = _("the first line has {length} characters and is no header")
        hold(what.format(length=len(line)), f"{file}:{number}", _("look what the ERP wrote"))


def _separator(header_line: str, settings: Stock, top: Top) -> str:
    if settings.separator != "auto":
        return settings.separator
    return top.separator or detect_separator(header_line, known_names(settings))


def _encloses(data: bytes, separator: str) -> bool:
    """Whether quotes open and close fields.

    In a file where no quote begins a field, quotes are plain text (``BOTTE 12" NOIRE``).
    """
    if b'"' not in data:
        return False
    begins = data.startswith((b'"', BOM_UTF8 + b'"')) or data[3:4] == b'"'
    return begins or separator.encode() + b'"' in data or b'\n"' in data


def _check_header(header: list[str], where: str) -> None:
    if not any(header):
        hold(_("the header names no column"), where, _("look what the ERP wrote"))
    names = Counter(name.strip() for name in header)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        _hold_twice(twice[0], where)


def _hold_twice(name: str, where: str) -> NoReturn:
    hold(
        _('the header has "{name}" twice').format(name=shorten(name)),
        where,
        _("the shop's import would abort; have the ERP name each column once"),
    )
