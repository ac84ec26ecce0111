"""How the field writes its CSV files: encodings, separators, headers, numbers, dates, GTINs.

Pure: no file, no clock, no log. Used by both CSV rooms, so that the order file and the stock
file are read by the same rules.
"""

import codecs
import csv
import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from passerelle.base.language import _
from passerelle.base.wording import printable, shorten

# Longer than any real header.
LONGEST_HEADER = 50_000
SEPARATORS = (";", ",", "\t", "|", ":")
# Files say the same prices, dates and items again and again, line after line. What is raised is
# not remembered: a message must be in the language that is spoken when it is told.
_remembered = lru_cache(maxsize=4_000)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The letters of which UTF-8 begins with the bytes C3, C5 and E2.
_UTF8_LETTER = re.compile("[\u00c0-\u00ff\u0140-\u017f\u2000-\u2fff]")
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f]+")
# A line end or a tab in a number separates two numbers.
_NUMBER_SPACES = re.compile(r"[ \u00a0\u2007\u2009\u202f]+")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:[.,][0-9]{1,12})?")
_FRENCH_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}([ .])[0-9]{3}(?:\1[0-9]{3}){0,3},[0-9]{1,12}")
_ENGLISH_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}([ ,])[0-9]{3}(?:\1[0-9]{3}){0,3}\.[0-9]{1,12}")
_SPACED_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?: [0-9]{3}){1,4}")
_WHOLE_NUMBER = re.compile(r"([+-]?[0-9]+)(?:[.,](?:0|00|0{4,}))?")
_NUMBER_DRESS = re.compile(r"[\s'\"=\-]")
_SPREADSHEET_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+|[0-9]+[.,]0+")
_DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
)


@_remembered
def fold(text: str) -> str:
    """The form in which names compare: without case, accents and surrounding space."""
    plain = text if text.isascii() else "".join(map(_without_accent, text))
    return _SPACES.sub(" ", plain).strip().casefold()


@_remembered
def plain_word(text: str) -> str:
    """The same for words of state, which modules write with hyphens, entities, or encoded twice."""
    text = html.unescape(text)
    if not text.isascii():
        with suppress(UnicodeError):
            text = text.encode("cp1252").decode("utf-8")
    return fold(text.replace("-", " "))


def _without_accent(letter: str) -> str:
    """Letter by letter: ordering a long row of accents takes time by the square of its length."""
    decomposed = unicodedata.normalize("NFKD", letter)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def detect_encoding(data: bytes, configured: str = "auto") -> str:
    """The codec to read ``data`` with: as configured, or BOM, else strict UTF-8, else cp1252.

    A UTF-8 BOM is honoured (and dropped) even where plain UTF-8 is configured.
    """
    for bom, codec in _BOMS:
        if data.startswith(bom) and (configured == "auto" or codec == "utf-8-sig"):
            return codec
    if configured != "auto":
        return configured
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def decode_file(data: bytes, configured: str = "auto", *, whole: bool = True) -> tuple[str, str]:
    """The encoding of ``data`` and its text; where it is not ``whole``, its last letter may be cut.

    Damaged letters of a text that is else UTF-8 become U+FFFD. Raises :class:`UnicodeDecodeError`.
    """
    codec, errors = detect_encoding(data, configured), "strict"
    if codec == "cp1252" and configured == "auto" and is_damaged_utf8(data):
        codec, errors = "utf-8", "replace"
    if whole:
        return codec, data.decode(codec, errors)
    return codec, codecs.getincrementaldecoder(codec)(errors).decode(data)


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
    """The header's names as written, without enclosing quotes."""
    return next(csv.reader([line], delimiter=separator), [])


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


@_remembered
def parse_decimal(text: str) -> Decimal:
    """A number as the shop writes it: ``12.50``, ``12,50``, ``1 234,50 €``, ``1.234,50``.

    A lone ``.`` or ``,`` is the decimal mark. Only the digits 0 to 9 count, and no exponent:
    raises :class:`ValueError` for anything else rather than guess.
    """
    bare = _NUMBER_SPACES.sub(" ", text.strip()).removesuffix("€").removeprefix("€").strip()
    if _PLAIN_NUMBER.fullmatch(bare):
        return Decimal(bare.replace(",", "."))
    if _SPACED_THOUSANDS.fullmatch(bare):
        return Decimal(bare.replace(" ", ""))
    if _FRENCH_THOUSANDS.fullmatch(bare):
        return Decimal(bare.replace(" ", "").replace(".", "").replace(",", "."))
    if _ENGLISH_THOUSANDS.fullmatch(bare):
        return Decimal(bare.replace(" ", "").replace(",", ""))
    raise ValueError(_('"{text}" is no number').format(text=shorten(text)))


@_remembered
def parse_whole(text: str) -> int:
    """A whole number: ``2``, ``2.0``, ``2,000000``. Raises :class:`ValueError` otherwise.

    ``2.000`` and ``2,000`` are refused: they may be two, or two thousand.
    """
    parse_decimal(text)
    match = _WHOLE_NUMBER.fullmatch(text.strip())
    if not match:
        raise ValueError(_('"{text}" is no whole number').format(text=shorten(text)))
    return int(match[1])


def parse_date(text: str) -> datetime:
    """``Y-m-d H:i:s`` or ``d/m/Y…`` as an aware time in this machine's zone.

    The shop exports its own wall clock without a zone, and shop and store share one.
    Raises :class:`ValueError` for any other form and for days that do not exist.
    """
    moment = _wall_clock(text)
    try:
        # Not remembered: the zone is the machine's, and may be set anew while a loop goes on.
        return moment.astimezone()
    except (OverflowError, OSError, ValueError) as error:
        problem = _('"{text}" is no date of our times')
        raise ValueError(problem.format(text=shorten(text))) from error


@_remembered
def _wall_clock(text: str) -> datetime:
    bare = text.strip().replace("T", " ") if text.isascii() else ""
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(bare, form)  # noqa: DTZ007 - parse_date adds the zone
        except ValueError:
            continue
    problem = _('"{text}" is no date like 2026-11-22 10:27:00 or 22/11/2026')
    raise ValueError(problem.format(text=shorten(text)))


def item_number(text: str) -> str:
    """An item number without separators and the quoting of spreadsheets (``'370…``, ``="370…"``).

    What is not made of digits then is a shop's own reference, and stays as it is.
    """
    return text if text.isascii() and text.isdigit() else _undressed(text)


@_remembered
def _undressed(text: str) -> str:
    bare = _NUMBER_DRESS.sub("", text)
    return bare if bare.isascii() and bare.isdigit() else text


def gtin(text: str) -> str:
    """The form in which item numbers compare: digits only, leading zeros ignored.

    A shop's own reference compares as folded text. Blank, and nothing but zeros, is no item
    number: ``""``.
    """
    return text.lstrip("0") if text.isascii() and text.isdigit() else _comparable(text)


@_remembered
def _comparable(text: str) -> str:
    bare = _undressed(text)
    if bare.isascii() and bare.isdigit():
        return bare.lstrip("0")
    return printable(fold(text))


def is_eaten_by_spreadsheet(text: str) -> bool:
    """Whether a spreadsheet made an item number a number: ``3,70012E+12``, ``12.0``."""
    return not text.isdigit() and bool(_SPREADSHEET_NUMBER.fullmatch(text.strip()))
