"""Pure: where each record of the stock CSV begins and ends, on which line, with how many fields."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from passerelle.base.language import _
from passerelle.config.stock import Stock
from passerelle.stock_csv_fix.packed import in_blocks
from passerelle.stock_csv_fix.scan import CR, LF, Bytes, Offsets, Scan
from passerelle.stock_csv_fix.surroundings import hold, hold_cr


def check_marks(array: Bytes, marks: Scan, file: str) -> None:
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


def records_of(array: Bytes, edges: Offsets, settings: Stock, file: str) -> tuple[Offsets, Offsets]:
    """Start and end of every record; a line end inside a quoted field ends none."""
    if edges[-1] != len(array):
        if settings.guards.final_newline:
            what = _("the last line does not end: the file is cut")
            hold(what, file, _("wait for a whole one"))
        if array[-1] == CR:
            hold_cr(_line_of(array, len(array)), file)
        edges = np.append(edges, np.asarray([len(array)], edges.dtype))
    return edges[:-1], edges[1:]


def line_numbers(starts: Offsets, marks: Scan) -> Offsets:
    """The number in the file of each record's first line."""
    numbers: Offsets = np.arange(1, len(starts) + 1, dtype=starts.dtype)

    def count_inner(rows: slice) -> None:
        numbers[rows] += np.asarray(np.searchsorted(marks.inner, starts[rows]), starts.dtype)

    if len(marks.inner):
        in_blocks(count_inner, len(starts))
    return numbers


def without_line_ends(array: Bytes, starts: Offsets, ends: Offsets) -> Offsets:
    bodies = np.empty_like(ends)

    def find(rows: slice) -> None:
        begin, body = starts[rows], ends[rows].copy()
        left: slice | npt.NDArray[np.intp] = slice(None)  # of most lines all have two signs
        while len(here := body[left]):
            last = array[here - 1]
            is_end = ((last == LF) | (last == CR)) & (here > begin[left])
            body[left] = here - is_end
            left = np.flatnonzero(is_end) if isinstance(left, slice) else left[is_end]
        bodies[rows] = body

    in_blocks(find, len(ends))
    return bodies


class Fields(NamedTuple):
    """Of each record: which separator is its first, how many fields it has, where the last ends."""

    firsts: Offsets
    counts: Offsets
    ends: Offsets


def fields_of_records(separators: Offsets, starts: Offsets, bodies: Offsets) -> Fields:
    each, odd = divmod(len(separators), len(starts))
    if each and not odd:  # in most files every record has as many: nothing need be sought
        table = separators.reshape(-1, each)
        if (table[:, 0] >= starts).all() and (table[:, -1] < bodies).all():
            places = np.arange(0, len(separators), each, dtype=starts.dtype)
            count = np.asarray(each + 1, starts.dtype)
            return Fields(places, np.broadcast_to(count, starts.shape), bodies)
    firsts = np.asarray(np.searchsorted(separators, starts), starts.dtype)
    counts = np.asarray(np.diff(firsts, append=len(separators)) + 1, starts.dtype)
    return Fields(firsts, counts, bodies)


def without_blank_fields(
    fields: Fields, separators: Offsets, width: int, shifted: Sequence[int]
) -> Fields:
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
    return Fields(firsts, counts, bodies)


def check_widths(
    fields: Fields,
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


def not_blank(data: bytes, starts: Offsets, ends: Offsets) -> npt.NDArray[np.bool_]:
    """Which records hold more than their line end."""
    filled = (ends - starts) > 2
    short = np.flatnonzero(~filled)
    filled[short] = [bool(data[starts[i] : ends[i]].strip()) for i in short]
    return filled
