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
        block = self._array[start:stop]
        line_end, separator, cr = block == LF, block == self._separator, block == CR
        if self._quoted:
            quote = block == QUOTE
            inside = np.logical_xor.accumulate(quote) ^ self._is_inside
            self._check_quotes(quote, inside, start, stop)
            self._is_inside = bool(inside[-1])
            for flags in (line_end, separator, cr):
                flags &= ~inside
        self._line_ends.append(self._places(line_end, start))
        self._separators.append(self._places(separator, start))
        if self._lone is None:
            self._check_cr(cr, start, stop)

    def _places(self, flags: _Flags, start: int) -> Offsets:
        return np.asarray(np.flatnonzero(flags) + start, self._place)

    def _check_cr(self, cr: _Flags, start: int, stop: int) -> None:
        after = self._after(start, stop)
        lone = np.flatnonzero(cr & (after != LF) & (after != CR))
        if len(lone):
            self._lone = start + int(lone[0])

    def _check_quotes(self, quote: _Flags, inside: _Flags, start: int, stop: int) -> None:
        """The opening quote of the first field whose quotes are wrong, in the file's order."""
        opening, closing = quote & inside, quote & ~inside
        if self._stray is None:
            before = self._before(start, stop)
            wrong = opening & ~self._is_edge(before)
            if start == 0 and len(wrong) > _BOM:
                wrong[_BOM] = False
            after = self._after(start, stop)
            unclosed = closing & ~(self._is_edge(after) | (after == CR))
            self._stray = self._first_wrong(opening, wrong, unclosed, start)
        opened = np.flatnonzero(opening)
        if len(opened):
            self._opened = start + int(opened[-1])

    def _first_wrong(
        self, opening: _Flags, wrong: _Flags, unclosed: _Flags, start: int
    ) -> int | None:
        places = np.flatnonzero(wrong | unclosed)
        if not len(places):
            return None
        first = int(places[0])
        opened = np.flatnonzero(opening[: first + 1])
        return start + int(opened[-1]) if len(opened) else self._opened

    def _before(self, start: int, stop: int) -> Bytes:
        """The byte before each; before the first there is nothing, as at a line's beginning."""
        if start:
            return self._array[start - 1 : stop - 1]
        return np.append(np.uint8(LF), self._array[: stop - 1])

    def _after(self, start: int, stop: int) -> Bytes:
        """The byte behind each; behind the last there is nothing, which ends a field as well."""
        after = self._array[start + 1 : stop + 1]
        return after if len(after) == stop - start else np.append(after, np.uint8(LF))

    def _is_edge(self, bytes_: Bytes) -> _Flags:
        return np.asarray((bytes_ == self._separator) | (bytes_ == LF) | (bytes_ == QUOTE))

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
