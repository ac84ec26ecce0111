"""Pure: what kind of values a column holds, told without showing any of them."""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum

from passerelle.language import _
from passerelle.reading import (
    is_eaten_by_spreadsheet,
    item_number,
    parse_date,
    parse_decimal,
    parse_whole,
)

# A stray value does not make a column another one's.
_MOST = 0.9
# More would say no more.
_MANY = 500
_LONGEST = 200
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


class Kind(StrEnum):
    """The kinds of values that tell columns apart."""

    EMPTY = "empty"
    ITEM = "item"
    EATEN = "eaten"
    EMAIL = "email"
    DATE = "date"
    WHOLE = "whole"
    NUMBER = "number"
    DIGITS = "digits"
    TEXT = "text"


def kind_of(values: Sequence[str]) -> Kind:
    """The kind that nine tenths of the values that are not blank have."""
    filled = [value.strip() for value in values if value.strip()][:_MANY]
    if not filled:
        return Kind.EMPTY
    found = (kind for kind, fits in _TESTS if _share(filled, fits) >= _MOST)
    return next(found, Kind.TEXT)


def in_words(kind: Kind, values: Sequence[str]) -> str:
    """The kind for people; of digits, how many there are."""
    words = {
        Kind.EMPTY: _("empty"),
        Kind.ITEM: _("item numbers, check digits right"),
        Kind.EATEN: _("item numbers that a spreadsheet rounded"),
        Kind.EMAIL: _("e-mail addresses"),
        Kind.DATE: _("dates"),
        Kind.WHOLE: _("whole numbers"),
        Kind.NUMBER: _("numbers"),
        Kind.DIGITS: _("digits"),
        Kind.TEXT: _("text"),
    }
    lengths = {len(item_number(value.strip())) for value in values[:_MANY] if value.strip()}
    if kind == Kind.DIGITS and len(lengths) == 1:
        return _("{n} digits").format(n=lengths.pop())
    return words[kind]


def is_item_number(text: str) -> bool:
    """Whether ``text`` is a GTIN of 8 to 14 digits with its check digit right.

    Leading zeros that a spreadsheet ate are not missed. https://www.gs1.org/services/how-calculate-check-digit-manually
    """
    digits = item_number(text)
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14):
        return False
    weighed = (int(d) * (3 if place % 2 else 1) for place, d in enumerate(reversed(digits)))
    return sum(weighed) % 10 == 0 and bool(digits.strip("0"))


def _share(values: Sequence[str], fits: Callable[[str], object]) -> float:
    return sum(len(value) <= _LONGEST and _holds(fits, value) for value in values) / len(values)


def _holds(fits: Callable[[str], object], value: str) -> bool:
    """Whether a test says so; one that parses says no by :class:`ValueError`."""
    try:
        return fits(value) is not False
    except ValueError:
        return False


def _is_digits(text: str) -> bool:
    bare = item_number(text)
    return bare.isascii() and bare.isdigit()


def _is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def _is_long_number(text: str) -> bool:
    """A number with so many digits, or a leading zero, that nobody counts with it."""
    return _is_digits(text) and (len(text) > 9 or (text.startswith("0") and len(text) > 1))


# The first that fits counts.
_TESTS: tuple[tuple[Kind, Callable[[str], object]], ...] = (
    (Kind.ITEM, is_item_number),
    (Kind.EATEN, lambda text: "e" in text.lower() and is_eaten_by_spreadsheet(text)),
    (Kind.EMAIL, _is_email),
    (Kind.DATE, parse_date),
    (Kind.DIGITS, _is_long_number),
    (Kind.WHOLE, parse_whole),
    (Kind.NUMBER, parse_decimal),
    (Kind.DIGITS, _is_digits),
)
