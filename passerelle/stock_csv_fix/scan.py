"""Pure: where the line ends and separators of a CSV are that stand outside quotes.

A quote opens and closes by turns, so an odd count of quotes up to a byte means that it stands
inside a field (RFC 4180). The bytes are looked at in blocks that fit a processor's cache: of a file
of 100 MB nothing but the places found is ever in memory.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

QUOTE, LF, CR = 0x22, 0x0A, 0x0D
_BLOCK = 1 << 18
_BOM = 3  # the length of UTF-8's mark, behind which a quote may open the first field
# Four bytes a place do for any file below 2 GB.
Offsets = npt.NDArray[np.signedinteger[Any]]
Bytes = npt.NDArray[np.uint8]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scan:
    """The places of line ends and separators, and the first byte that is not as it should be.

    ``stray_quote`` is a quote that neither opens a field, nor closes one, nor stands doubled inside
    one: programs differ on where fields end then. ``lone_cr`` is a CR that ends a line for some
    programs and none for others. Each is ``None`` where there is none.
    """

    line_ends: Offsets
    separators: Offsets
    stray_quote: int | None
    lone_cr: int | None


def scan(array: Bytes, separator: int, *, quoted: bool) -> Scan:
    """Scans a file; ``quoted`` tells whether its quotes enclose fields or are plain text."""
    scanner = _Scanner(array, separator, quoted=quoted)
    for start in range(0, len(array), _BLOCK):
        scanner.look(start, min(start + _BLOCK, len(array)))
    return scanner.result()


class _Scanner:
    def __init__(self, array: Bytes, separator: int, *, quoted: bool) -> None:
        self._array, self._separator, self._quoted = array, separator, quoted
        self._place: type[np.signedinteger[Any]] = (
            np.int32 if len(array) < 2**31 - _BLOCK else np.int64
        )
        self._line_ends: list[Offsets] = []
        self._separators: list[Offsets] = []
        self._is_inside, self._opened = False, 0
        self._stray: int | None = None
        self._lone: int | None = None

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
        inside = _toggled(quotes[here]) ^ self._is_inside
        edges = line_ends | separators | quotes
        self._check_quotes(quotes[here], inside, edges, edges | crs, start)
        self._is_inside = bool(inside[-1])
        # On truth values, "greater than" says "and not" in one step.
        self._note(line_ends[here] > inside, separators[here] > inside, start)
        self._check_cr(crs[here] > inside, line_ends | crs, start)

    def _around(self, start: int, stop: int) -> Bytes:
        """The block with a byte before it and one behind: line ends where the file has none."""
        around = self._array[max(start - 1, 0) : stop + 1]
        end = np.array([LF], np.uint8)
        before, behind = end[: start == 0], end[: stop == len(self._array)]
        return np.concatenate((before, around, behind)) if len(before) or len(behind) else around

    def _note(self, line_ends: _Flags, separators: _Flags, start: int) -> None:
        for places, flags in ((self._line_ends, line_ends), (self._separators, separators)):
            places.append(np.asarray(np.flatnonzero(flags) + start, self._place))

    def _check_cr(self, crs: _Flags, ends: _Flags, start: int) -> None:
        lone = crs > ends[2:]
        if self._lone is None and lone.any():
            self._lone = start + int(lone.argmax())

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
        if self._stray is None and wrong.any():
            self._stray = self._last_opened(opening[: int(wrong.argmax()) + 1], start)
        self._opened = self._last_opened(opening, start)

    def _last_opened(self, opening: _Flags, start: int) -> int:
        """The last quote that opens a field, in this block or before it."""
        back = int(opening[::-1].argmax())
        return start + len(opening) - 1 - back if opening[-1 - back] else self._opened

    def result(self) -> Scan:
        if self._is_inside and self._stray is None:
            self._stray = self._opened
        nothing: Offsets = np.empty(0, self._place)
        return Scan(
            np.concatenate([nothing, *self._line_ends]),
            np.concatenate([nothing, *self._separators]),
            self._stray,
            self._lone,
        )


def _toggled(flags: _Flags) -> _Flags:
    """For each place whether an odd number of ``flags`` is set up to it, itself included.

    In words of 64 bits: each bit takes over those before it in six steps, then whole words do.
    """
    bits = np.packbits(flags, bitorder="little")
    padded = np.concatenate((bits, np.zeros(-len(bits) % 8, np.uint8)))
    words = padded.view(np.dtype("<u8"))
    for shift in (1, 2, 4, 8, 16, 32):
        words ^= words << np.uint64(shift)
    is_odd = np.logical_xor.accumulate((words >> np.uint64(63)).astype(np.bool_))
    words[1:] ^= np.where(is_odd[:-1], np.uint64(0xFFFF_FFFF_FFFF_FFFF), np.uint64(0))
    toggled = np.unpackbits(words.view(np.uint8), count=len(flags), bitorder="little")
    return toggled.view(np.bool_)
