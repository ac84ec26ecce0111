"""Pure: where the line ends and separators of a CSV are that stand outside quotes.

A quote opens and closes by turns, so an odd count of quotes up to a byte means that it stands
inside a field (RFC 4180). The bytes are looked at in blocks that fit a processor's cache: of a file
of 100 MB nothing but the places found is ever in memory.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from passerelle.base.processors import at_once, in_parts

QUOTE, LF, CR = 0x22, 0x0A, 0x0D
# Bytes that fit a processor's cache.
PIECE = 1 << 18
_BOM = 3  # the length of UTF-8's mark, behind which a quote may open the first field
# Four bytes a place do for any file below 2 GB.
Offsets = npt.NDArray[np.signedinteger[Any]]
Bytes = npt.NDArray[np.uint8]
_Flags = npt.NDArray[np.bool_]


class Scan(Struct, frozen=True):
    """The places of line ends and separators, and the first byte that is not as it should be.

    ``inner`` are the line ends within quotes, which end no record. ``stray_quote`` is a quote that
    neither opens a field, nor closes one, nor stands doubled inside one: programs differ on where
    fields end then. ``lone_cr`` is a CR that ends a line for some programs and none for others.
    Both are ``None`` where there is none.
    """

    line_ends: Offsets
    separators: Offsets
    inner: Offsets
    stray_quote: int | None
    lone_cr: int | None


def scan(array: Bytes, separator: int, *, quoted: bool) -> Scan:
    """Scans a file; ``quoted`` tells whether its quotes enclose fields or are plain text."""

    def scanned(start: int, stop: int) -> _Scanner:
        scanner = _Scanner(array, separator, quoted=quoted, start=start)
        for block in range(start, stop, PIECE):
            scanner.look(block, min(block + PIECE, stop))
        return scanner

    # What is freed below the greatest piece that ever was, the C library (glibc) keeps at hand.
    # Else it would take each block's flags from the system anew, page by page.
    np.empty(4 * PIECE, np.uint8)
    scanners = in_parts(scanned, len(array), PIECE)
    strays = [scanner.stray for scanner in scanners if scanner.stray is not None]
    if not strays and scanners[-1].is_inside:
        strays = [_last_quote(array)]
    return Scan(
        _joined([scanner.line_ends for scanner in scanners]),
        _joined([scanner.separators for scanner in scanners]),
        _joined([scanner.inner for scanner in scanners]),
        next(iter(strays), None),
        next((scanner.lone for scanner in scanners if scanner.lone is not None), None),
    )


def _joined(parts: Sequence[Sequence[Offsets]]) -> Offsets:
    """All places behind one another, each part put there in its own thread."""
    stops = [*accumulate(sum(map(len, part)) for part in parts)]
    joined = np.empty(stops[-1], parts[0][0].dtype)

    def put(part: Sequence[Offsets], start: int, stop: int) -> None:
        np.concatenate(part, out=joined[start:stop])

    at_once(lambda one: put(*one), [*zip(parts, [0, *stops], stops, strict=False)])
    return joined


class _Scanner:
    """Scans one part of a file, block by block, from ``start`` on."""

    def __init__(self, array: Bytes, separator: int, *, quoted: bool, start: int) -> None:
        self._array, self._separator, self._quoted = array, separator, quoted
        self._place: type[np.signedinteger[Any]] = (
            np.int32 if len(array) < 2**31 - PIECE else np.int64
        )
        self.line_ends: list[Offsets] = [np.empty(0, self._place)]
        self.separators: list[Offsets] = [np.empty(0, self._place)]
        self.inner: list[Offsets] = [np.empty(0, self._place)]
        self.is_inside = False
        for block in range(0, start if quoted else 0, PIECE):
            quotes = array[block : min(block + PIECE, start)] == QUOTE
            self.is_inside ^= bool(np.count_nonzero(quotes) & 1)
        self.stray: int | None = None
        self.lone: int | None = None

    def look(self, start: int, stop: int) -> None:
        around = self._around(start, stop)
        line_ends, crs = around == LF, around == CR
        separators = around == self._separator
        here = slice(1, -1)
        if not self._quoted:
            self._note(line_ends[here], separators[here], start)
            self._check_cr(crs[here], line_ends | crs, start)
            return
        quotes = around == QUOTE
        inside = _toggled(quotes[here], is_inside=self.is_inside)
        edges = line_ends | separators | quotes
        self._check_quotes(quotes[here], inside, edges, edges | crs, start)
        self.is_inside = bool(inside[-1])
        # On truth values, "greater than" says "and not" in one step.
        self._note(line_ends[here] > inside, separators[here] > inside, start)
        if np.count_nonzero(line_ends[here]) > len(self.line_ends[-1]):
            self.inner.append(self._places(line_ends[here] & inside, start))
        self._check_cr(crs[here] > inside, line_ends | crs, start)

    def _around(self, start: int, stop: int) -> Bytes:
        """The block with a byte before it and one behind: line ends where the file has none."""
        around = self._array[max(start - 1, 0) : stop + 1]
        end = np.array([LF], np.uint8)
        before, behind = end[: start == 0], end[: stop == len(self._array)]
        return np.concatenate((before, around, behind)) if len(before) or len(behind) else around

    def _note(self, line_ends: _Flags, separators: _Flags, start: int) -> None:
        self.line_ends.append(self._places(line_ends, start))
        self.separators.append(self._places(separators, start))

    def _places(self, flags: _Flags, start: int) -> Offsets:
        return np.asarray(np.flatnonzero(flags) + start, self._place)

    def _check_cr(self, crs: _Flags, ends: _Flags, start: int) -> None:
        lone = crs > ends[2:]
        if self.lone is None and lone.any():
            self.lone = start + int(lone.argmax())

    def _check_quotes(
        self, quotes: _Flags, inside: _Flags, before: _Flags, behind: _Flags, start: int
    ) -> None:
        """Notes the opening quote of the first field whose quotes are wrong, in the file's order.

        ``before`` and ``behind`` are what may stand before an opening and behind a closing one.
        """
        opening = quotes & inside
        wrong = opening > before[:-2]
        if start == 0 and len(wrong) > _BOM:
            wrong[_BOM] = False
        wrong |= (quotes ^ opening) > behind[2:]
        if self.stray is None and wrong.any():
            place = int(wrong.argmax())
            here = np.flatnonzero(opening[: place + 1])
            self.stray = start + int(here[-1]) if len(here) else _last_quote(self._array[:start])


def _last_quote(array: Bytes) -> int:
    """Inside a field that is the one which opened it."""
    quotes = np.flatnonzero(array == QUOTE)
    return int(quotes[-1]) if len(quotes) else 0


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
