"""Numbers as shops, spreadsheets and ERPs write them, and which of them may be two things.

``1.250`` is one and a quarter, or twelve hundred and fifty. What stands elsewhere in its column may
show which: ``980,50`` proves a decimal comma. Pure.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.base.wording import shorten
from passerelle.base.words import visible

# Files say the same numbers line after line. What is raised is not remembered: a message must be
# in the language that is spoken when it is told.
_remembered = lru_cache(maxsize=4_000)
# A line end or a tab in a number separates two numbers.
_SPACES = regex(r"[ \u00a0\u2007\u2009\u202f]+")
_APOSTROPHES = str.maketrans("\u2019\u00b4\u2212", "''-")
_CURRENCY = regex(r"(?:€|EUR) ?(.*)|(.*?) ?(?:€|EUR)")
# A spreadsheet's own quoting of what it should take for a text.
_QUOTED = regex(r"=\"(.*)\"|'(.*)")
_SIGN_BEHIND = regex(r"([0-9].*?) ?([+-])")
_WHOLE = regex(r"[+-]?[0-9]{1,15}")
_ONE_MARK = regex(r"[+-]?([0-9]{1,15})([.,])([0-9]{1,12})")
_GROUPED = regex(r"[+-]?[0-9]{1,3}([ '.,])[0-9]{3}(?:\1[0-9]{3}){0,3}(?:(?!\1)([.,])[0-9]{1,12})?")
_OTHER_MARK = {".": ",", ",": "."}
# So many numbers that all may be two things show what they are by being alike.
_FEW = 2
DecimalMark = str
"""``"."``, ``","``, or ``""`` where it is not known."""


class AmbiguousError(ValueError):
    """A number that means two things, as long as nobody knows the decimal mark."""


@_remembered
def parse_decimal(text: str, mark: DecimalMark = "") -> Decimal:
    """A number as it is written: ``12.50``, ``1 234,50 €``, ``1.234,50``, ``1’234.50``, ``3-``.

    ``mark`` is the column's decimal mark. Only the digits 0 to 9 count, and no exponent. Raises
    :class:`AmbiguousError` for what may be two things without it, and :class:`ValueError` for
    anything else.
    """
    bare = _bare(text)
    if _WHOLE.fullmatch(bare):
        return Decimal(bare)
    if found := _ONE_MARK.fullmatch(bare):
        return _with_one_mark(text, bare, found, mark)
    if found := _GROUPED.fullmatch(bare):
        return Decimal(bare.replace(found[1], "").replace(",", "."))
    raise ValueError(_('"{text}" is no number').format(text=shorten(text)))


def _with_one_mark(text: str, bare: str, found: re.Match[str], mark: DecimalMark) -> Decimal:
    decimal, thousands = bare.replace(",", "."), bare.replace(found[2], "")
    if not _may_group(found):
        return Decimal(decimal)
    if mark:
        return Decimal(decimal if mark == found[2] else thousands)
    problem = _('"{text}" may be {one} or {other}: no number of its column shows which')
    one = f"{Decimal(decimal).normalize():f}"
    raise AmbiguousError(problem.format(text=shorten(text), one=one, other=thousands))


def _may_group(found: re.Match[str]) -> bool:
    """Whether the mark may part thousands: three digits behind it, one to three before."""
    return len(found[3]) == 3 and len(found[1]) <= 3 and not found[1].startswith("0")


def proved_mark(text: str) -> DecimalMark:
    """The decimal mark that a number proves for its column, ``""`` for none."""
    bare = _bare(text)
    if found := _ONE_MARK.fullmatch(bare):
        return "" if _may_group(found) else found[2]
    if found := _GROUPED.fullmatch(bare):
        return found[2] or _OTHER_MARK.get(found[1], "")
    return ""


def is_amount(text: str) -> bool:
    """Whether a currency stands beside the number."""
    return bool(_CURRENCY.fullmatch(visible(text).strip()))


def _bare(text: str) -> str:
    """Without spaces around, currency, a spreadsheet's quoting; the sign in front."""
    if text.isascii() and text.isdigit():
        return text
    bare = _SPACES.sub(" ", visible(text)).strip().translate(_APOSTROPHES)
    if found := _QUOTED.fullmatch(bare):
        bare = (found[1] or found[2] or "").strip(" ")
    if found := _CURRENCY.fullmatch(bare):
        bare = (found[1] or found[2] or "").strip(" ")
    found = _SIGN_BEHIND.fullmatch(bare)
    return f"{found[2]}{found[1]}" if found else bare


@_remembered
def parse_whole(text: str, mark: DecimalMark = "") -> int:
    """A whole number: ``2``, ``2.0``, ``2,000000``. Raises as :func:`parse_decimal` does."""
    number = parse_decimal(text, mark)
    if number != number.to_integral_value():
        raise ValueError(_('"{text}" is no whole number').format(text=shorten(text)))
    return int(number)


T = TypeVar("T", bound=int | Decimal)


class NumberColumn(dict[str, T]):
    """The numbers of a column by their texts, and the decimal mark that it shows."""

    def __init__(self, read: Callable[[str, DecimalMark], T], mark: DecimalMark = "") -> None:
        super().__init__()
        self._read, self._mark = read, mark
        self._proved: set[DecimalMark] = set()
        self._doubted: set[str] = set()

    def __missing__(self, text: str) -> T:
        """Raises :class:`ValueError`, in words for a fault."""
        self._proved.add(proved_mark(text))
        try:
            number = self[text] = self._read(text, self._mark)
        except AmbiguousError:
            self._doubted.add(text)
            raise
        return number

    @property
    def is_silent(self) -> bool:
        """Whether no number shows a decimal mark."""
        return not self._proved - {""}

    @property
    def has_doubt(self) -> bool:
        return bool(self._doubted)

    def shown(self) -> DecimalMark:
        """The decimal mark of the column, as far as it shows one alone."""
        marks = self._proved - {""}
        if not marks and not self and len(self._doubted) > _FEW:
            # Not one below a thousand, and all round ones: these are pieces, with decimals.
            ends = {text[-4:] for text in self._doubted}
            marks = {end[0] for end in ends} if ends <= {".000", ",000"} else marks
        return marks.pop() if len(marks) == 1 else ""
