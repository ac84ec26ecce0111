"""A trace without a person: bytes in, bytes out."""

from collections.abc import Callable

from passerelle.language import _
from passerelle.reading import detect_encoding


def redact_text(data: bytes, redact: Callable[[str], str]) -> bytes:
    """A trace without what ``redact`` takes out; other bytes stay as they are.

    Passerelle writes UTF-8, an editor may have saved some of it as cp1252, or all as UTF-16.
    Raises :class:`ValueError` for what is no text.
    """
    codec = detect_encoding(data)
    if codec.startswith(("utf-16", "utf-32")):
        return redact(data.decode(codec)).encode(codec)
    if b"\0" in data:
        raise ValueError(_("it is no text"))
    return b"".join(_line(line, redact) for line in data.splitlines(keepends=True))


def _line(line: bytes, redact: Callable[[str], str]) -> bytes:
    codec = "cp1252" if detect_encoding(line) == "cp1252" else "utf-8"
    return redact(line.decode(codec, "surrogateescape")).encode(codec, "surrogateescape")
