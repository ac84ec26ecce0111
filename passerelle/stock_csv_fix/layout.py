"""Pure: where each line of the stock CSV begins and ends, and how its fields are written.

Everything works on the bytes themselves, so that untouched lines can leave exactly as they came.
"""

import codecs
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

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
from passerelle.stock_csv_fix.packed import in_blocks
from passerelle.stock_csv_fix.scan import CR, LF, PIECE, QUOTE, Bytes, Offsets, Scan, scan
from passerelle.stock_csv_fix.surroundings import (
    find_header,
    first_lines,
    hold,
    hold_cr,
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
    _check_marks(array, marks, file)
    starts, ends = _records(array, marks.line_ends, settings, file)
    numbers = _line_numbers(starts, marks)
    filled = _not_blank(data, starts, ends)
    filled[: int(np.searchsorted(numbers, top.line + 1, "right"))] = False
    columns = _index(header, settings.columns.ean13), _index(header, settings.columns.quantity)
    over = read_over(data, (starts, ends), filled, header_line, separator, encoding, columns)
    filled[list(over)] = False
    bodies = _without_line_ends(array, starts, ends)
    fields = _fields(marks.separators, starts, bodies)
    alone = np.flatnonzero(filled & (fields.counts == 1)) if len(header) > 1 else ()
    filled[[row for row in alone if not data[starts[row] : ends[row]].strip()]] = False
    is_filled = separator != "," and fold(header[-1]) in map(fold, known_names(settings))
    doubted = _ENTITY if is_filled else _ANYTHING
    over_wide = np.flatnonzero(fields.counts > len(header) + spare).tolist()
    shifted = [row for row in over_wide if doubted.search(data, starts[row], ends[row])]
    fields = _without_blanks(fields, marks.separators, len(header), shifted)
    _check_widths(fields, filled, numbers, (len(header), len(header) + spare), file)
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


def _check_marks(array: Bytes, marks: Scan, file: str) -> None:
    if marks.stray_quote is not None:
        hold(
            _("a quote is not closed or not doubled"),
            f"{file}:{_line_of(array, marks.stray_quote)}",
            _("the file is cut there, or a text holds a lone quote"),
        )
    if marks.lone_cr is not None:
        hold_cr(_line_of(array, marks.lone_cr), file)


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
            hold(what, file, _("wait for a whole one"))
        if array[-1] == CR:
            hold_cr(_line_of(array, len(array)), file)
        ends = np.append(ends, np.asarray([len(array)], ends.dtype))
    return np.concatenate((np.zeros(1, ends.dtype), ends[:-1])), ends


def _line_numbers(starts: Offsets, marks: Scan) -> Offsets:
    """The number in the file of each record's first line."""
    numbers: Offsets = np.arange(1, len(starts) + 1, dtype=starts.dtype)

    def count_inner(rows: slice) -> None:
        numbers[rows] += np.asarray(np.searchsorted(marks.inner, starts[rows]), starts.dtype)

    if len(marks.inner):
        in_blocks(count_inner, len(starts))
    return numbers


def _without_line_ends(array: Bytes, starts: Offsets, ends: Offsets) -> Offsets:
    bodies = np.empty_like(ends)

    def find(rows: slice) -> None:
        body = ends[rows] - (array[ends[rows] - 1] == LF)
        left = np.arange(len(body))
        while len(left):
            last = array[body[left] - 1]
            left = left[((last == LF) | (last == CR)) & (body[left] > starts[rows][left])]
            body[left] -= 1
        bodies[rows] = body

    in_blocks(find, len(ends))
    return bodies


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


class _Fields(NamedTuple):
    """Of each record: which separator is its first, how many fields it has, where the last ends."""

    firsts: Offsets
    counts: Offsets
    ends: Offsets


def _fields(separators: Offsets, starts: Offsets, bodies: Offsets) -> _Fields:
    each, odd = divmod(len(separators), len(starts))
    if each and not odd:  # in most files every record has as many: nothing need be sought
        table = separators.reshape(-1, each)
        if (table[:, 0] >= starts).all() and (table[:, -1] < bodies).all():
            places = np.arange(0, len(separators), each, dtype=starts.dtype)
            return _Fields(places, np.full(len(starts), each + 1, starts.dtype), bodies)
    firsts = np.asarray(np.searchsorted(separators, starts), starts.dtype)
    counts = np.asarray(np.diff(firsts, append=len(separators)) + 1, starts.dtype)
    return _Fields(firsts, counts, bodies)


def _without_blanks(
    fields: _Fields, separators: Offsets, width: int, shifted: Sequence[int]
) -> _Fields:
    """Blank fields behind those of the header, as some programs end all of their lines, or some,
    are none, but for records that may have ``shifted``."""
    firsts, counts, bodies = fields
    is_more = counts > width
    is_more[shifted] = False
    more = np.flatnonzero(is_more)
    if not len(more):
        return fields
    behind = separators[firsts[more] + width - 1]
    blank = bodies[more] - behind == counts[more] - width
    bodies, counts = bodies.copy(), counts.copy()
    bodies[more[blank]], counts[more[blank]] = behind[blank], width
    return _Fields(firsts, counts, bodies)


def _check_widths(
    fields: _Fields,
    filled: npt.NDArray[np.bool_],
    numbers: Offsets,
    widths: tuple[int, int],
    file: str,
) -> None:
    """Every record has as many fields as the header; ``widths`` are its names without blank ones,
    and with them."""
    wrong = np.flatnonzero((fields.counts != widths[0]) & filled)
    if len(wrong):
        what = _("a line has {found} fields, the header {expected}")
        hold(
            what.format(found=fields.counts[wrong[0]], expected=widths[1]),
            f"{file}:{numbers[wrong[0]]}",
            _("the file is damaged there, or a text holds the separator"),
        )


def _not_blank(data: bytes, starts: Offsets, ends: Offsets) -> npt.NDArray[np.bool_]:
    """Which records hold more than their line end."""
    filled = (ends - starts) > 2
    short = np.flatnonzero(~filled)
    filled[short] = [bool(data[starts[i] : ends[i]].strip()) for i in short]
    return filled
