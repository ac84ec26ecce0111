"""How the field writes its CSV files: encodings, marks, separators, headers and what stands above.

Pure: no file, no clock, no log. Used by both CSV rooms, so that the order file and the stock
file are read by the same rules. Numbers, dates and words have modules of their own.
"""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Sequence
from html import unescape
from typing import AnyStr, NamedTuple

from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.base.words import decoded, fold, is_gtin, visible

# Longer than any real header.
LONGEST_HEADER = 50_000
SEPARATORS = (";", ",", "\t", "|", ":")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The letters of which UTF-8 begins with the bytes C3, C5 and E2.
_UTF8_LETTER = regex("[\u00c0-\u00ff\u0140-\u017f\u2000-\u2fff]")
# Excel's own line above a header, which names the separator.
_SEP_LINE = regex(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
# Amounts, dates and times, which no header calls a column.
_VALUE = regex(r"[0-9]+(?:[-/.,: ]+[0-9]+)+")
_SIGNS = regex(r"[\W_]*")
# How many lines may stand above a header.
MOST_ABOVE = 20
# A mark for the order of bytes, and the same one that was encoded once more.
_MARKS = ("\ufeff", "ï»¿")
# What the first cell of a row says that only sums up, or ends a report.
TOTALS = regex(
    r"(sous|sub|grand|gran|montant|valeur|importe|importo|valor|valore|zwischen|end|eind)?[ -]?"
    r"(total|totaux|totaal|somme|summe|suma|somma|gesamt)"
    r"|(a reporter|report|ubertrag|riporto|a riportare)\b"
    r"|nombre (de|total)|number of|anzahl|end of|fin (de|du)\b|-+ ?(end|fin|ende)\b"
    r"|\(?[0-9]+ (rows?|lines?|lignes?|zeilen?|righ[ae]|filas?|l[ií]neas?|rijen|regels|records?"
    r"|enregistrements?|articles?|artikel|produits?|commandes?|orders?)\b"
    r"|[-*#=<> ]*(eof|end|fin|ende|fine|einde)[-*#=<>. ]*$"
)
# https://en.wikipedia.org/wiki/List_of_file_signatures
_SIGNATURES = {b"PK\x03\x04": "Excel, ZIP", b"\xd0\xcf\x11\xe0": "Excel", b"%PDF": "PDF",
               b"\x1f\x8b": "gzip", b"\x89PNG": "PNG", b"SQLite": "SQLite"}  # fmt: skip
# What servers and shops send in place of a file, mostly to say what went wrong.
_TEXTS = {b"<!doctype html": "HTML", b"<html": "HTML", b"<head": "HTML", b"<?xml": "XML",
          b"{\"": "JSON", b"[{": "JSON", b"{\n": "JSON", b"{\r": "JSON"}  # fmt: skip
END_OF_FILE = "\x1a\r\n"
"""The sign, and what may stand behind it."""
_TAIL = 99
# A cell that a ";" of an entity cut, as in "M&uuml;ller".
HALF_ENTITY = regex(r"&#?\w+$")
# So many names of columns no row holds by chance.
_FEW_NAMES = 3
# Bytes that fit a processor's cache.
_PIECE = 1 << 17


def about_other_kind(data: bytes) -> str:
    """In words: what a file is that is no table, by how it begins; ``""`` for what may be one."""
    found = (kind for bytes_, kind in _SIGNATURES.items() if data.startswith(bytes_))
    if kind := next(found, ""):
        return _("the file is no CSV but binary ({kind})").format(kind=kind)
    begin = data[:_TAIL].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    found = (kind for bytes_, kind in _TEXTS.items() if begin.startswith(bytes_))
    kind = next(found, "")
    return _("the file is no CSV but {kind}").format(kind=kind) if kind else ""


def detect_encoding(data: bytes, configured: str = "auto") -> str:
    """The codec to read ``data`` with: as configured, or BOM, else strict UTF-8, else cp1252.

    A UTF-8 BOM is honoured (and dropped) even where plain UTF-8 is configured, but for a file that
    it was only put in front of.
    """
    for bom, codec in _BOMS:
        if data.startswith(bom) and (configured == "auto" or codec == "utf-8-sig"):
            is_false = codec == "utf-8-sig" and configured == "auto" and _is_cp1252(data)
            return "cp1252" if is_false else codec
    if configured != "auto":
        return configured
    return "utf-8" if is_utf8(data) else "cp1252"


def _is_cp1252(data: bytes) -> bool:
    return not is_utf8(data) and not is_damaged_utf8(data[len(codecs.BOM_UTF8) :])


def is_utf8(data: bytes) -> bool:
    """Whether all of it is. A piece at a time: no text as long as a great file is made of it."""
    decoder, view = codecs.getincrementaldecoder("utf-8")(), memoryview(data)
    try:
        for start in range(0, len(data), _PIECE):
            decoder.decode(view[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def decode_file(data: bytes, configured: str = "auto", *, whole: bool = True) -> tuple[str, str]:
    """The encoding of ``data`` and its text; where it is not ``whole``, its last letter may be cut.

    Damaged letters of a text that is else UTF-8 become U+FFFD. Raises :class:`UnicodeDecodeError`.
    """
    codec, errors = detect_encoding(data, configured), "strict"
    if codec == "cp1252" and configured == "auto" and is_damaged_utf8(data):
        codec, errors = "utf-8", "replace"
    if whole:
        text = data.decode(codec, errors)
    else:
        text = codecs.getincrementaldecoder(codec)(errors).decode(data)
    # Files that were put behind one another: each may have begun with a mark.
    return codec, text.replace("\nï»¿", "\n") if codec == "cp1252" else text


def line_of(error: UnicodeDecodeError) -> int:
    """The number of the line in which bytes are no text."""
    return error.object.count(b"\n", 0, error.start) + 1


def is_damaged_utf8(data: bytes) -> bool:
    """Whether ``data`` is UTF-8 but for a few bytes, such as a letter that was cut in two.

    In cp1252 text, pairs of bytes that make a UTF-8 letter practically do not occur.
    """
    text = data.decode("utf-8", "replace")
    return sum(1 for _letter in _UTF8_LETTER.finditer(text)) > text.count("\ufffd")


def split_header(line: str, separator: str) -> list[str]:
    """The header's names without enclosing quotes; entities and double encodings undone.

    What cannot be seen goes first: it may part a quote from its name.
    """
    plain = visible(unescape(line))
    return [decoded(name) for name in next(csv.reader([plain], delimiter=separator), [])]


def detect_separator(header: str, known_names: Iterable[str]) -> str:
    """The separator that makes most of ``known_names`` appear in the header line.

    A separator may stand inside an enclosed name, so counting characters would not do; among
    equals the one that gives most columns wins.
    """
    known = {fold(name) for name in known_names}

    def fit(separator: str) -> tuple[int, int]:
        names = split_header(header, separator)
        return sum(fold(name) in known for name in names), len(names)

    return max(SEPARATORS, key=fit)


def find_column(header: Sequence[str], names: Iterable[str]) -> int | None:
    """The index of the first of ``names`` that the header has, or ``None``.

    Raises :class:`LookupError` when that name stands in the header more than once.
    """
    folded = [fold(name) for name in header]
    for name in names:
        wanted = fold(name)
        if wanted and wanted in folded:
            if folded.count(wanted) > 1:
                raise LookupError(name)
            return folded.index(wanted)
    return None


def without_end(data: AnyStr, signs: AnyStr) -> AnyStr:
    """Without the end-of-file signs of old programs, behind which a line end may stand.

    ``signs`` are that sign and both line ends.
    """
    tail = data[-_TAIL:]
    cut = tail.find(signs[:1])
    if cut < 0 or tail[cut:].strip(signs):
        return data
    return data[: len(data) - len(tail) + cut]


def without_marks(text: str) -> str:
    """Without marks for the order of bytes, which stand inside where files were put together."""
    while text.startswith(_MARKS):
        text = text.removeprefix(_MARKS[0]).removeprefix(_MARKS[1])
    return text.replace(_MARKS[0], "")


class Top(NamedTuple):
    """Which line is the header, counted from 0; the separator that a line above it names.

    ``seems`` is the line that may be the header where ``line`` is none, or ``None``.
    """

    line: int
    separator: str = ""
    seems: int | None = None


def find_top(
    lines: Sequence[str], known: Iterable[str], fits: Callable[[Sequence[str]], bool]
) -> Top:
    """Looks for the header among a file's first lines.

    ``fits`` tells whether the names of a line do for one. Blank lines, ``sep=;`` and titles, which
    hold no ``known`` name, are read over.
    """
    names, separator = frozenset(map(fold, known)), ""
    first, above = None, list[int]()
    for number, line in enumerate(lines[:MOST_ABOVE]):
        if (found := _SEP_LINE.fullmatch(without_marks(line))) and first is None:
            separator = found[1]
        elif len(line) > LONGEST_HEADER:
            break
        elif not _SIGNS.fullmatch(line):
            header = split_header(line, separator or detect_separator(line, names))
            if fits(header):
                rows = (n for n in above if _is_row(lines[n], line, separator, names))
                return Top(next(rows, number) if first is None else first, separator, number)
            above.append(number)
            if first is None and _is_like_a_header(header, names):
                first = number
    if first is not None:
        return Top(first, separator)
    return Top(next((n for n, line in enumerate(lines) if not _is_above(line)), 0), separator)


def _is_like_a_header(cells: Sequence[str], names: frozenset[str]) -> bool:
    """A title has one cell, or names that nobody knows."""
    return sum(bool(cell.strip()) for cell in cells) > 1 and any(fold(c) in names for c in cells)


def _is_row(line: str, header: str, separator: str, names: frozenset[str]) -> bool:
    """Whether a line above the header is one of the rows, which would be lost with it."""
    parted = separator or detect_separator(header, names)
    cells = [cell for cell in split_header(line, parted) if cell.strip()]
    width = len(split_header(header, parted))
    return len(cells) > 1 and (len(cells) * 2 > width or any(map(is_gtin, cells)))


def hold_values(names: Iterable[str]) -> bool:
    """Whether these are values, perhaps a customer's, and no names of columns."""
    return any(is_gtin(name) or "@" in name or _VALUE.fullmatch(name.strip()) for name in names)


def _is_above(line: str) -> bool:
    if len(line) > LONGEST_HEADER:
        return False
    return bool(_SIGNS.fullmatch(line) or _SEP_LINE.fullmatch(without_marks(line)))


def without_blanks(names: Sequence[str]) -> tuple[list[str], int]:
    """The header's names, and how many blank ones stand behind the last of them."""
    filled = next((n for n in range(len(names), 0, -1) if names[n - 1].strip()), 0)
    return [*names[:filled]], len(names) - filled


def names_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two headers name the same columns in the same order."""
    return [*map(fold, without_blanks(one)[0])] == [*map(fold, without_blanks(other)[0])]


def names_columns(cells: Sequence[str], known: frozenset[str], width: int) -> bool:
    """Whether a row below a header of ``width`` names is a header, too, perhaps another.

    No cell begins with a digit, as some do in any row that says something; and its names are
    ``known``, or fill the header.
    """
    names = [name for cell in cells if (name := visible(cell).strip(' "\t\r\n'))]
    if not names or any(name[0].isdigit() for name in names):
        return False
    is_known = sum(fold(decoded(name)) in known for name in names) >= min(_FEW_NAMES, width)
    return is_known or (len(names) >= width > 1 and all(name[0].isalpha() for name in names))
