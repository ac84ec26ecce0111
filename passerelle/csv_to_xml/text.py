"""Pure: a file's text, line by line. Of its bytes some are in memory, letters while they are read."""

import codecs
import re
from collections.abc import Callable, Iterable

from passerelle.csv_to_xml.utf8 import Utf8, check
from passerelle.slices import Sliced

# Each letter of these that looks like one of ASCII is one, so bytes can be searched for it.
_SEARCHABLE = ("utf-8", "ascii", "iso8859-", "cp125")
# As `io` has it: either line end, and that of old Macs.
_LINE = re.compile(rb"[^\r\n]*(?:\r\n?|\n)?")
# How much is read at once where reading goes on, and where it leaps to and fro.
_FAR, _NEAR = 1 << 16, 1 << 12


class Text:
    """Reads lines like an open file, with places that count the bytes in ``data``.

    Raises :class:`UnicodeDecodeError` for bytes that are no text in ``codec``; its ``start``
    counts the bytes of the file.
    """

    def __init__(self, data: Sliced, codec: str, errors: str = "strict") -> None:
        name = codecs.lookup(codec).name
        if not name.startswith(_SEARCHABLE):
            data, name, errors = Utf8(data, codec, errors), "utf-8", "surrogatepass"
        elif errors == "strict":
            check(data, codec)
        mark = codecs.BOM_UTF8 if name == "utf-8-sig" else b""
        self._place = len(mark) if data[: len(mark)] == mark else 0
        self.data, self._size, self._errors = data, len(data), errors
        self._codec = "utf-8" if name == "utf-8-sig" else name
        self._window, self._start, self._end = b"", 0, 0

    def readline(self) -> str:
        """The next line with its end, ``""`` behind the last."""
        line = self.match(_LINE.match)
        self._place += len(line[0]) if line else 0
        return self.decode(line[0]) if line else ""

    def match(
        self, matcher: Callable[[bytes, int], re.Match[bytes] | None]
    ) -> re.Match[bytes] | None:
        """What a pattern that ends with the line, or before it, finds at the next line."""
        return matcher(self._window_at(self._place), self._place - self._start)

    def lines_at(self, places: Iterable[int]) -> list[str]:
        """The lines that begin at these places, up to their line feeds."""
        lines = []
        for place in places:
            window, begin = self._window_at(place), place - self._start
            lines.append(self.decode(window[begin : window.find(b"\n", begin)]))
        return lines

    def tell(self) -> int:
        """Where the next line begins."""
        return self._place

    def seek(self, place: int) -> None:
        """Goes to where a line begins."""
        self._place = place

    def is_at_end(self) -> bool:
        """Whether no line is left."""
        return self._place >= self._size

    def decode(self, part: bytes) -> str:
        """The text of some bytes."""
        return part.decode(self._codec, self._errors)

    def any_line(self, holds: Callable[[str], object]) -> bool:
        """Whether a line from here on is such; the place stays."""
        place, found = self._place, False
        while not found and (line := self.readline()):
            found = bool(holds(line))
        self._place = place
        return found

    def _window_at(self, place: int) -> bytes:
        """Some of the data, from ``_start`` on, with the whole of the line at ``place`` in it."""
        if self._start <= place < self._end:
            return self._window
        size = _FAR if 0 <= place - self._start <= 2 * _FAR else _NEAR
        while not self._load(place, size):
            size *= 2
        return self._window

    def _load(self, place: int, size: int) -> bool:
        """Reads so many bytes; whether a whole line is in them. Lines up to ``_end`` are."""
        self._window, self._start = self.data[place : place + size], place
        if place + size >= self._size:
            self._end = self._size
            return True
        # A carriage return at its end may be half of a line's end.
        ends = self._window.rfind(b"\n"), self._window.rfind(b"\r", 0, size - 1)
        self._end = place + max(ends) + 1
        return self._end > place
