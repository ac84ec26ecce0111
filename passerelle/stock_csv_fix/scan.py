"""Pure: where the line ends and separators of a CSV are that stand outside quotes.

A quote opens and closes by turns, so an odd count of quotes up to a byte means that it stands
inside a field (RFC 4180). The bytes are looked at in blocks that fit a processor's cache: of a file
of 100 MB nothing but the places found is ever in memory.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from passerelle.base.processors import in_parts

QUOTE, LF, CR = 0x22, 0x0A, 0x0D
# Bytes that fit a processor's cache.
PIECE = 1 << 18
_BOM = 3  # the length of UTF-8's mark, behind which a quote may open the first field
# Four bytes a place do for any file below 2 GB.
Offsets = npt.NDArray[np.signedinteger[Any]]
Bytes = npt.NDArray[np.uint8]
_Flags = npt.NDArray[np.bool_]
_Place = type[np.signedinteger[Any]]


class Scan(Struct, frozen=True):
    """The places of line ends and separators, and the first byte that is not as it should be.

    ``edges`` are the file's start and the places behind the line ends that end a record; ``inner``
    are the line ends within quotes, which end none. ``stray_quote`` is a quote that neither opens a
    field, nor closes one, nor stands doubled inside one: programs differ on where fields end then.
    ``lone_cr`` is a CR that ends a line for some programs and none for others. Both are ``None``
    where there is none.
    """

    edges: Offsets
    separators: Offsets
    inner: Offsets
    stray_quote: int | None
    lone_cr: int | None


def scan(array: Bytes, separator: int, *, quoted: bool) -> Scan:
    """Scans a file; ``quoted`` tells whether its quotes enclose fields or are plain text."""
    # What is freed below the greatest piece that ever was, the C library (glibc) keeps at hand:
    # here all flags of a block. Else it would take them from the system anew, page by page.
    np.empty(16 * PIECE, np.uint8)
    scanner = _Scanner(array, separator, quoted=quoted)

    def look(start: int, stop: int) -> None:
        for block in range(start, stop or 1, PIECE):
            scanner.look(block, min(block + PIECE, stop))

    in_parts(look, len(array), PIECE)
    return scanner.found()


class _Places:
    """Places that are found block by block, in one array that has ``room`` for all that there may
    be in each block: nothing is copied where that many were found."""

    def __init__(self, room: Sequence[int], place: _Place, first: Sequence[int] = ()) -> None:
        """``first`` are places before those of the first block."""
        self._room, self._found = [*room], [0] * len(room)
        self._starts = [*accumulate(room, initial=len(first))]
        self._all = np.empty(self._starts[-1], place)
        self._all[: len(first)] = first

    def note(self, block: int, flags: _Flags, shift: int) -> bool:
        """Where the flags are set; whether that is everywhere where there was room for it."""
        places, start = np.flatnonzero(flags), self._starts[block]
        self._all[start : start + len(places)] = places + shift
        self._found[block] = len(places)
        return len(places) == self._room[block]

    def together(self) -> Offsets:
        """All of them behind one another."""
        if self._found == self._room:
            return self._all
        pairs = zip(self._starts, self._found, strict=False)
        found = (self._all[start : start + count] for start, count in pairs)
        return np.concatenate([self._all[: self._starts[0]], *found])


class _Scanner:
    """Scans a file block by block, in any order."""

    def __init__(self, array: Bytes, separator: int, *, quoted: bool) -> None:
        self._array, self._separator, self._quoted = array, separator, quoted
        place: _Place = np.int32 if len(array) < 2**31 - PIECE else np.int64
        line_ends, separators, quotes = self._counts()
        self._edges, self._separators = _Places(line_ends, place, [0]), _Places(separators, place)
        self._inner = [np.empty(0, place) for _block in line_ends]
        # Before each block, and behind the last one.
        self._is_inside = [bool(count & 1) for count in accumulate(quotes, initial=0)]
        self._strays: list[int | None] = [None] * len(quotes)
        self._lone: list[int | None] = [None] * len(quotes)

    def _counts(self) -> tuple[list[int], list[int], list[int]]:
        """How many line ends, separators and quotes each block has."""
        wanted = (LF, self._separator, QUOTE)

        def count(start: int, stop: int) -> list[list[int]]:
            blocks = range(start, stop or 1, PIECE)
            pieces = (self._array[block : min(block + PIECE, stop)] for block in blocks)
            signs = wanted if self._quoted else wanted[:2]
            return [[int(np.count_nonzero(piece == sign)) for sign in signs] for piece in pieces]

        counts = [one for part in in_parts(count, len(self._array), PIECE) for one in part]
        line_ends, separators, *quotes = map(list, zip(*counts, strict=True))
        return line_ends, separators, quotes[0] if quotes else [0] * len(counts)

    def look(self, start: int, stop: int) -> None:
        block, around = start // PIECE, self._around(start, stop)
        line_ends, crs = around == LF, around == CR
        separators = around == self._separator
        here = slice(1, -1)
        if not self._quoted:
            self._edges.note(block, line_ends[here], start + 1)
            self._separators.note(block, separators[here], start)
            self._check_cr(crs[here], line_ends | crs, start)
            return
        quotes = around == QUOTE
        inside = _toggled(quotes[here], is_inside=self._is_inside[block])
        edges = line_ends | separators | quotes
        self._check_quotes(quotes[here], inside, edges, edges | crs, start)
        # On truth values, "greater than" says "and not" in one step.
        if not self._edges.note(block, line_ends[here] > inside, start + 1):
            places = np.flatnonzero(line_ends[here] & inside) + start
            self._inner[block] = places.astype(self._inner[block].dtype)
        self._separators.note(block, separators[here] > inside, start)
        self._check_cr(crs[here] > inside, line_ends | crs, start)

    def found(self) -> Scan:
        """What all blocks have, once all were looked at."""
        stray = _first(self._strays)
        if stray is None and self._is_inside[-1]:
            stray = len(self._array)
        return Scan(
            self._edges.together(),
            self._separators.together(),
            np.concatenate(self._inner),
            None if stray is None else _last_quote(self._array[:stray]),
            _first(self._lone),
        )

    def _around(self, start: int, stop: int) -> Bytes:
        """The block with a byte before it and one behind: line ends where the file has none."""
        around = self._array[max(start - 1, 0) : stop + 1]
        end = np.array([LF], np.uint8)
        before, behind = end[: start == 0], end[: stop == len(self._array)]
        return np.concatenate((before, around, behind)) if len(before) or len(behind) else around

    def _check_cr(self, crs: _Flags, ends: _Flags, start: int) -> None:
        lone = crs > ends[2:]
        if lone.any():
            self._lone[start // PIECE] = start + int(lone.argmax())

    def _check_quotes(
        self, quotes: _Flags, inside: _Flags, before: _Flags, behind: _Flags, start: int
    ) -> None:
        """Notes up to where the last quote is the one that opens the first field whose quotes are
        wrong: a wrong one itself, or the one before it.

        ``before`` and ``behind`` are what may stand before an opening and behind a closing one.
        """
        opening = quotes & inside
        wrong = opening > before[:-2]
        if start == 0 and len(wrong) > _BOM:
            wrong[_BOM] = False
        wrong |= (quotes ^ opening) > behind[2:]
        if wrong.any():
            place = int(wrong.argmax())
            self._strays[start // PIECE] = start + place + int(opening[place])


def _first(places: Iterable[int | None]) -> int | None:
    return next((place for place in places if place is not None), None)


def _last_quote(array: Bytes) -> int:
    for stop in range(len(array), 0, -PIECE):
        start = max(stop - PIECE, 0)
        quotes = np.flatnonzero(array[start:stop] == QUOTE)
        if len(quotes):
            return start + int(quotes[-1])
    return 0


def _toggled(flags: _Flags, *, is_inside: bool) -> _Flags:
    """For each place whether an odd number of ``flags`` is set up to it, itself included: or an
    even one, where what is before them ``is_inside`` already.

    In words of 64 bits: each bit takes over those before it in six steps, then whole words do.
    """
    bits = np.packbits(flags, bitorder="little")
    padded = np.concatenate((bits, np.zeros(-len(bits) % 8, np.uint8)))
    words = padded.view(np.dtype("<u8"))
    for shift in (1, 2, 4, 8, 16, 32):
        words ^= words << np.uint64(shift)
    is_odd = np.logical_xor.accumulate((words >> np.uint64(63)).astype(np.bool_))
    before = np.concatenate(([is_inside], is_odd[:-1] ^ is_inside))
    words ^= np.where(before, np.uint64(0xFFFF_FFFF_FFFF_FFFF), np.uint64(0))
    toggled = np.unpackbits(words.view(np.uint8), count=len(flags), bitorder="little")
    return toggled.view(np.bool_)
