"""Pure: a file's text, line by line: some of its bytes are in memory, letters as they are read."""

import codecs
import re
from collections.abc import Callable, Iterable

from passerelle.base.slices import Sliced
from passerelle.csv_to_xml.utf8 import Utf8, check

# Each letter of these that looks like one of ASCII is one, so bytes can be searched for it.
_SEARCHABLE = ("utf-8", "ascii", "iso8859-", "cp125")
# As `io` has it: either line end, and that of old Macs.
_LINE = re.compile(rb"[^\r\n]*(?:\r\n?|\n)?")
# How much is read at once where reading goes on, and where it leaps to and fro.
_FAR, _NEAR = 1 << 16, 1 << 12
Matcher = Callable[[bytes, int], re.Match[bytes] | None]


class Text:
    """Reads lines like an open file; ``place`` is where the next one begins in ``data``.

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
        self.place = len(mark) if data[: len(mark)] == mark else 0
        self.data, self.size, self._errors = data, len(data), errors
        self._codec = "utf-8" if name == "utf-8-sig" else name
        self._window, self._start, self._end = b"", 0, 0

    def readline(self) -> str:
        """The next line with its end, ``""`` behind the last."""
        line = self.match(_LINE.match)
        return self.decode(line[0]) if line else ""

    def match(self, matcher: Matcher) -> re.Match[bytes] | None:
        """What a pattern that ends with its line finds at the next line; goes on behind it."""
        place = self.place
        if not self._start <= place < self._end:
            self._open(place)
        found = matcher(self._window, place - self._start)
        if found:
            self.place = self._start + found.end()
        return found

    def lines_at(self, places: Iterable[int]) -> list[str]:
        """The lines that begin at these places, up to their line feeds."""
        lines = []
        for place in places:
            if not self._start <= place < self._end:
                self._open(place)
            begin = place - self._start
            lines.append(self.decode(self._window[begin : self._window.find(b"\n", begin)]))
        return lines

    def decode(self, part: bytes) -> str:
        """The text of some bytes."""
        return part.decode(self._codec, self._errors)

    def any_line(self, holds: Callable[[str], object]) -> bool:
        """Whether a line from here on is such; the place stays."""
        place, found = self.place, False
        while not found and (line := self.readline()):
            found = bool(holds(line))
        self.place = place
        return found

    def _open(self, place: int) -> None:
        """Opens the window there: in it, the lines between ``_start`` and ``_end`` are whole."""
        size = _FAR if 0 <= place - self._start <= 2 * _FAR else _NEAR
        while not self._load(place, size):
            size *= 2

    def _load(self, place: int, size: int) -> bool:
        """Reads so many bytes; whether a whole line is in them."""
        self._window, self._start = self.data[place : place + size], place
        if place + size >= self.size:
            self._end = self.size
            return True
        # A carriage return at its end may be half of a line's end.
        ends = self._window.rfind(b"\n"), self._window.rfind(b"\r", 0, size - 1)
        self._end = place + max(ends) + 1
        return self._end > place
