"""Pure: the numbers of an order's cells, read by the rules of the field."""

from decimal import Decimal
from functools import lru_cache

from passerelle.base.language import _
from passerelle.base.reading import parse_decimal, parse_whole
from passerelle.base.wording import shorten

# More fits no ledger; what is greater is another column's number.
_MOST = 2**31 - 1
# Files say the same numbers line after line. What is raised is not remembered.
_remembered = lru_cache(maxsize=4_000)


@_remembered
def quantity(text: str) -> int:
    """How many were sold. All of these raise :class:`ValueError`, in words for a fault."""
    number = parse_whole(text)
    if not 0 < number <= _MOST:
        problem = _('"{text}" is no quantity that can be sold')
        raise ValueError(problem.format(text=shorten(text)))
    return number


@_remembered
def positive(text: str) -> Decimal:
    """An amount that is not negative."""
    number = parse_decimal(text)
    if number < 0:
        raise ValueError(_('"{text}" is negative').format(text=shorten(text)))
    return number


@_remembered
def percent(text: str) -> Decimal:
    """A rate, with or without its sign."""
    return positive(text.removesuffix("%").rstrip())
