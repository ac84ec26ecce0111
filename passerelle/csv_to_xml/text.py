"""Pure: a file's text, line by line. Its bytes stay in memory, letters only while they are read."""

import codecs
import re
from collections.abc import Callable

from passerelle.reading import decode_in_blocks

# Each letter of these that looks like one of ASCII is one, so bytes can be searched for it.
_SEARCHABLE = ("utf-8", "ascii", "iso8859-", "cp125")
# As `io` has it: either line end, and that of old Macs.
_LINE = re.compile(rb"[^\r\n]*(?:\r\n?|\n)?")


class Text:
    """Reads lines like an open file, with places that count the bytes in ``data``.

    Raises :class:`UnicodeDecodeError` for bytes that are no text in ``codec``.
    """

    def __init__(self, data: bytes, codec: str, errors: str = "strict") -> None:
        name = codecs.lookup(codec).name
        if not name.startswith(_SEARCHABLE):
            text = data.decode(codec, errors)
            data, name, errors = text.encode("utf-8", "surrogatepass"), "utf-8", "surrogatepass"
        elif errors == "strict":
            _check(data, codec)
        has_mark = name == "utf-8-sig" and data.startswith(codecs.BOM_UTF8)
        self._place = len(codecs.BOM_UTF8) if has_mark else 0
        self.data, self._errors = data, errors
        self._codec = "utf-8" if name == "utf-8-sig" else name

    def readline(self) -> str:
        """The next line with its end, ``""`` behind the last."""
        line = _LINE.match(self.data, self._place)
        self._place += len(line[0]) if line else 0
        return self.decode(line[0]) if line else ""

    def tell(self) -> int:
        """Where the next line begins."""
        return self._place

    def seek(self, place: int) -> None:
        """Goes to where a line begins."""
        self._place = place

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


def _check(data: bytes, codec: str) -> None:
    try:
        for _part in decode_in_blocks(data, codec):
            pass
    except UnicodeDecodeError:
        data.decode(codec)  # which tells the place in the whole
