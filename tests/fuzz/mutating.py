"""Strategies that damage a good file as people, programs and networks do."""

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

Edit = Callable[[st.DrawFn, bytes], bytes]

# Each has made some program read a wrong number, lose a line or stop.
_TEXTS = (
    *('"', '""', "\0", "\r", "\n", "\r\n", "\n\n", ";", ",", "\t", "|", ":", "'", "=", " ", "#"),
    *("0", "-1", "1e5", "1E400", "٣", "２", "½", "nan", "inf", "1_000", "0x10", "+3", "1.5"),
    "2.000",
    *("1.234,50", "1,234.50", "1 234,50 €", "1\u202f234", "12.50.3", "1.234 567,00", "9" * 30),
    *("3,70012E+12", "3701234500010.0", '="3701234500010"', "'0701234500013", "0000"),
    *("3-", "'-5", "1’234.50", "1.250", "1,250", "980,50", "1 234,50 €", "12,50-"),
    *("NULL", "\\N", "N/A", "#N/A", "-", "--", "####", "Does not apply", "Total", "PROMO | GC-1"),
    *("000051", "51.0", "#51", "11/25/2026", "25/11/2026", "03/04/2026 10:00 PM", "46348.5"),
    *("31/02/2026", "0001-01-01", "9999-12-31 23:59:59", "22/11/26", "2026-11-22T10:00:00"),
    *("None", "Nil", "#NAME?", "—", "[NULL]", "&eacute;", "Ã©", "R&D;", '="51"', "1,23E+05"),
    *("22 nov. 2026", "Nov 22, 2026 9:58 AM", "20261122095801", "22/11/0026", "22/11/2026 9h58"),
    *("12,50 €", "99999999999", "5\t", "3701234500010,00", "(3 rows)", "Endsumme", ";TOTAL;12"),
    *("\nEOF\n", "\n--;--\n", "\n   \n", "\x1a\r\n", "\0\0\0", "<html>", "sep=;\n"),
    *("=cmd|' /C calc'!A0", "@SUM(1)", "<b>&amp;]]>", "\x01", "\x1b[2J", "\x1a", "\x7f", "\x85"),
    *("\u2028", "\ufeff", "\ufffd", "\ufffe", "\u0301\u0327" * 3, "🎁", "é" * 300),
)
_CODECS = ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-32", "cp850")
TOKENS = (*(text.encode() for text in _TEXTS), b"\x81", b"\xe9", b"\xc3", b"\xff\xfe", b"\xf0\x9f")


def mutated(samples: Sequence[bytes], *more: Edit, most: int = 4) -> st.SearchStrategy[bytes]:
    """One of ``samples`` with up to ``most`` edits, those that fit its kind (``more``) included."""
    edits = st.lists(st.sampled_from([*EDITS, *more, *more]), max_size=most)

    @st.composite
    def damaged(draw: st.DrawFn) -> bytes:
        data = draw(st.sampled_from(samples))
        for edit in draw(edits):
            data = edit(draw, data)
        return data

    return damaged()


def _place(draw: st.DrawFn, data: bytes) -> int:
    return draw(st.integers(0, len(data)))


def _span(draw: st.DrawFn, data: bytes, longest: int = 40) -> tuple[int, int]:
    start = _place(draw, data)
    return start, start + draw(st.integers(0, longest))


def flip(draw: st.DrawFn, data: bytes) -> bytes:
    """Another byte in one place."""
    place = _place(draw, data)
    return data[:place] + bytes([draw(st.integers(0, 255))]) + data[place + 1 :]


def delete(draw: st.DrawFn, data: bytes) -> bytes:
    """A stretch is missing."""
    start, end = _span(draw, data)
    return data[:start] + data[end:]


def insert(draw: st.DrawFn, data: bytes) -> bytes:
    """Something nasty in one place."""
    place = _place(draw, data)
    return data[:place] + draw(st.sampled_from(TOKENS) | st.binary(max_size=4)) + data[place:]


def repeat(draw: st.DrawFn, data: bytes) -> bytes:
    """A stretch stands twice."""
    start, end = _span(draw, data)
    return data[:end] + data[start:]


def truncate(draw: st.DrawFn, data: bytes) -> bytes:
    """The upload was cut."""
    return data[: _place(draw, data)]


def swap_lines(draw: st.DrawFn, data: bytes) -> bytes:
    """Two lines in each other's place, or one of them twice."""
    lines = data.splitlines(keepends=True)
    if len(lines) < 2:
        return data
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    lines[one], lines[other] = lines[other], draw(st.sampled_from([lines[one], lines[other]]))
    return b"".join(lines)


def other_line_ends(draw: st.DrawFn, data: bytes) -> bytes:
    """From one place on, lines end otherwise."""
    place = _place(draw, data)
    rest = data[place:].replace(b"\r\n", b"\n")
    return data[:place] + rest.replace(b"\n", draw(st.sampled_from([b"\r\n", b"\r", b"\r\r\n"])))


def append(draw: st.DrawFn, data: bytes) -> bytes:
    """The file was appended to instead of being written anew."""
    return data + data[draw(st.sampled_from([0, data.find(b"\n") + 1])) :]


def encode_otherwise(draw: st.DrawFn, data: bytes) -> bytes:
    """Another program opened and saved it."""
    codecs = st.sampled_from(_CODECS)
    text = data.decode(draw(st.sampled_from(["utf-8", "cp1252"])), "replace")
    return text.encode(draw(codecs), "replace")


def replace_cell(draw: st.DrawFn, data: bytes) -> bytes:
    """A cell of a CSV file holds something else."""
    lines = data.split(b"\n")
    separator = max((b";", b",", b"\t", b"|", b":"), key=lines[0].count)
    row = draw(st.integers(0, len(lines) - 1))
    cells = lines[row].split(separator)
    cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from(TOKENS))
    lines[row] = separator.join(cells)
    return b"\n".join(lines)


def repeat_header(draw: st.DrawFn, data: bytes) -> bytes:
    """The header stands again between two lines."""
    lines = data.splitlines(keepends=True)
    place = draw(st.integers(0, len(lines)))
    return b"".join([*lines[:place], *lines[:1], *lines[place:]])


def join(draw: st.DrawFn, data: bytes) -> bytes:
    """Each line from one place on stands twice, with another voucher or payment."""
    lines = data.splitlines(keepends=True)
    place, said = draw(st.integers(0, len(lines))), draw(st.sampled_from([b"CB", b"PROMO10"]))
    twice = [(line, line.replace(said, b"GC-1")) for line in lines[place:]]
    return b"".join([*lines[:place], *(line for pair in twice for line in pair)])


def hide(draw: st.DrawFn, data: bytes) -> bytes:
    """Letters that nobody sees, in some places."""
    for _again in range(draw(st.integers(1, 3))):
        place = _place(draw, data)
        data = data[:place] + draw(st.sampled_from(_UNSEEN)) + data[place:]
    return data


_UNSEEN = [
    letter.encode() for letter in ("\u200b", "\ufeff", "\u00a0", "\u00ad", "\u202f", "\u200e")
]


def frame(draw: st.DrawFn, data: bytes) -> bytes:
    """What programs write above a header and below the last line."""
    above = [b"sep=;\n", b"\n", b"Export du 22/11/2026\n", b";;;\n", b"\xef\xbb\xbf", b"a;b\n"]
    below = [b"Total;;;12\n", b";;;36,00\n", b"\x1a", b"\n\n", b"Fin du fichier\n", b"---\n"]
    if draw(st.booleans()):
        return draw(st.sampled_from(above)) + data
    return data + draw(st.sampled_from(below))


def end_with_separators(draw: st.DrawFn, data: bytes) -> bytes:
    """A separator ends each line from one place on."""
    place, ending = _place(draw, data), draw(st.sampled_from([b";", b";;", b","]))
    return data[:place] + data[place:].replace(b"\r\n", b"\n").replace(b"\n", ending + b"\n")


EDITS: tuple[Edit, ...] = (
    *(flip, delete, insert, insert, repeat, truncate, swap_lines),
    *(other_line_ends, append, encode_otherwise),
    *(repeat_header, join, hide, frame, end_with_separators),
)
