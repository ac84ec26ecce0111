"""Pure: how one order file writes its numbers and dates, learnt while it is read.

Each column has a mapping from its texts to their values, filled as they are met. What a text may
mean depends on its column's decimal mark, or order of day and month. A file that proves another one
than was taken is read again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec import Struct

from passerelle.base.dates import DateOrder, has_no_time, is_ambiguous, parse_date, proved_order
from passerelle.base.language import _
from passerelle.base.numbers import DecimalMark, NumberColumn, parse_decimal, parse_whole
from passerelle.base.wording import shorten

MONEY = ("unit_price", "shipping", "discount", "total_paid")
# More fits no ledger; what is greater is another column's number.
_MOST = 2**31 - 1
_DAY = timedelta(days=1) - timedelta(seconds=1)


class Dates(dict[str, datetime]):
    """The dates of a column by their texts.

    ``is_certain``: ``order`` was told, or the file proves it; ``is_usual``: it is merely usual.
    """

    def __init__(self, order: DateOrder, *, is_certain: bool, is_usual: bool) -> None:
        super().__init__()
        self.order, self._is_certain, self._is_usual = order, is_certain, is_usual
        self.proved: set[DateOrder] = set()
        self._swapped: dict[datetime, datetime] = {}
        self._ends: dict[datetime, datetime] = {}

    def __missing__(self, text: str) -> datetime:
        """Raises :class:`ValueError`, in words for a fault."""
        date = self[text] = parse_date(text, self.order)
        if order := proved_order(text):
            self.proved.add(order)
        if has_no_time(text):
            self._ends[date] = date + _DAY
        if is_ambiguous(text):
            self._swapped[date] = parse_date(text, "mdy" if self.order == "dmy" else "dmy")
        return date

    def shown(self) -> DateOrder | None:
        """The order of day and month, as far as it is told, or the column shows one alone."""
        if self._is_certain:
            return self.order
        return next(iter(self.proved)) if len(self.proved) == 1 else None

    def learnt(self) -> "Dates":
        """An empty column, to be read in the order that this one shows."""
        order, is_certain = self.shown() or self.order, self.shown() is not None
        return Dates(order, is_certain=is_certain, is_usual=self._is_usual and not is_certain)

    @property
    def in_doubt(self) -> bool:
        """Whether dates were read one way of two, on the usual assumption."""
        return self._is_usual and bool(self._swapped) and self.shown() is None

    def other(self, date: datetime | None) -> datetime | None:
        """What a date may be otherwise: with day and month changed, or late on its day."""
        if date is None or not (self._swapped or self._ends):
            return None
        swapped = self._swapped.get(date) if self.in_doubt else None
        return swapped or self._ends.get(date)


class Habits(Struct, frozen=True):
    """How the columns of a file are read, by their keys."""

    money: Mapping[str, NumberColumn[Decimal]]
    counts: Mapping[str, NumberColumn[int]]
    dates: Dates
    rate: NumberColumn[Decimal]

    def learnt(self) -> "Habits | None":
        """How the file is to be read again, or ``None`` where that would change nothing.

        A column's own decimal mark decides; in a column of money that shows none, the one that the
        others agree on.
        """
        columns: dict[str, NumberColumn[Any]] = {**self.money, **self.counts}
        shown = {key: column.shown() for key, column in columns.items()}
        of_money = {shown[key] for key in self.money} - {""}
        for key, column in self.money.items():
            if column.is_silent and len(of_money) == 1:
                (shown[key],) = of_money
        dates = self.dates.learnt()
        doubted = any(column.has_doubt and shown[key] for key, column in columns.items())
        return new_habits(dates, shown) if doubted or dates.order != self.dates.order else None


def new_habits(dates: Dates, marks: Mapping[str, DecimalMark] | None = None) -> Habits:
    """How a file is to be read; ``marks`` are the decimal marks of its columns, where known."""
    known = marks or {}
    readers = {"discount": parse_decimal}
    money = {key: NumberColumn(readers.get(key, _amount), known.get(key, "")) for key in MONEY}
    counts = {
        "quantity": NumberColumn(_quantity, known.get("quantity", "")),
        "quantity_refunded": NumberColumn(_refunded, known.get("quantity_refunded", "")),
    }
    return Habits(money, counts, dates, NumberColumn(_rate))


def _quantity(text: str, mark: DecimalMark) -> int:
    """How many were sold. All of these raise :class:`ValueError`, in words for a fault."""
    number = parse_whole(text, mark)
    if not 0 < number <= _MOST:
        problem = _('"{text}" is no quantity that can be sold')
        raise ValueError(problem.format(text=shorten(text)))
    return number


def _refunded(text: str, mark: DecimalMark) -> int:
    """How many came back; some modules write it below zero."""
    return abs(parse_whole(text, mark))


def _amount(text: str, mark: DecimalMark) -> Decimal:
    """An amount that is not negative."""
    number = parse_decimal(text, mark)
    if number < 0:
        raise ValueError(_('"{text}" is negative').format(text=shorten(text)))
    return number


def _rate(text: str, mark: DecimalMark) -> Decimal:
    """A rate in percent, with or without its sign: none reaches a thousand."""
    bare = text.removesuffix("%").rstrip()
    return _amount(bare, "," if "," in bare else mark or ".")
