"""Dates as shops and spreadsheets write them, and which of them may be two things.

``03/04/2026`` is a day in April, or one in March. What stands elsewhere in its column may show
which: ``11/25/2026`` proves that the month comes first. Pure.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Literal

from passerelle.base.language import _
from passerelle.base.wording import shorten
from passerelle.base.words import visible

# What is raised is not remembered: a message must be in the language spoken when it is told.
_remembered = lru_cache(maxsize=4_000)
DateOrder = Literal["dmy", "mdy"]
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
# Where a date ends: its time, "am" or "pm", its zone.
_TIME = re.compile(
    r"(?:T|,? +)([0-9]{1,2})[:h]([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]{1,9})?)?"
    r"(?: ?([AaPp])\.?[Mm]\.?)?(?: ?(?:(Z|UTC)|([+-])([0-9]{2}):?([0-9]{2})))?"
)
_SPACES = re.compile(r"[ \u00a0\u202f]+")
# A spreadsheet counts the days since this one, and parts of a day behind the mark.
_SERIAL = re.compile(r"([2-7][0-9]{4})(?:[.,]([0-9]{1,12}))?")
_SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - parse_date adds the zone
_CENTURY = 2000
# What the first of three numbers may be when it is a year.
_YEARS = range(20, 32)


def parse_date(text: str, order: DateOrder = "dmy") -> datetime:
    """A date as an aware time; without a zone it is this machine's wall clock.

    The shop exports its own wall clock without a zone, and shop and store share one. ``order`` is
    that of day and month where the year stands last and both may be either. Raises
    :class:`ValueError` for any other form and for days that do not exist.
    """
    moment = _moment(text, order)
    try:
        # Not remembered: the zone is the machine's, and may be set anew while a loop goes on.
        return moment.astimezone()
    except (OverflowError, OSError, ValueError) as error:
        problem = _('"{text}" is no date of our times')
        raise ValueError(problem.format(text=shorten(text))) from error


def proved_order(text: str) -> DateOrder | None:
    """The order of day and month that a date proves for its column."""
    found = _YEAR_LAST.match(_bare(text))
    if not found or found[2] == ".":
        return None
    first, second = int(found[1]), int(found[3])
    if first > 12 >= second:
        return "dmy"
    return "mdy" if second > 12 >= first else None


def is_ambiguous(text: str) -> bool:
    """Whether day and month may change places. With dots the day comes first everywhere."""
    found = _YEAR_LAST.match(_bare(text))
    if not found or found[2] == ".":
        return False
    first, second = int(found[1]), int(found[3])
    return first != second and max(first, second) <= 12


def has_no_time(text: str) -> bool:
    """Whether it names a day only."""
    bare = _bare(text)
    return bool(_YEAR_FIRST.fullmatch(bare) or _YEAR_LAST.fullmatch(bare))


def _may_begin_with_its_year(found: re.Match[str]) -> bool:
    """26-11-25 is a day of 2026 as databases write it, or one of 2025."""
    first, second = int(found[1]), int(found[3])
    return found[2] == "-" and len(found[4]) == 2 and first in _YEARS and second <= 12


@_remembered
def _moment(text: str, order: DateOrder) -> datetime:
    bare = _bare(text)
    if (found := _YEAR_LAST.match(bare)) and _may_begin_with_its_year(found):
        problem = _('"{text}" may begin or end with its year: export years of four digits')
        raise ValueError(problem.format(text=shorten(text)))
    try:
        if serial := _SERIAL.fullmatch(bare):
            return _from_serial(serial)
        day, end = _day(bare, order)
        return _at(day, bare[end:])
    except (ValueError, OverflowError):
        problem = _('"{text}" is no date like 2026-11-22 10:27:00 or 22/11/2026')
        raise ValueError(problem.format(text=shorten(text))) from None


def _bare(text: str) -> str:
    return _SPACES.sub(" ", visible(text)).strip()


def _day(bare: str, order: DateOrder) -> tuple[datetime, int]:
    """The day that a text begins with, and where it ends there."""
    if found := _YEAR_FIRST.match(bare):
        year, month, day = int(found[1]), int(found[3]), int(found[4])
    elif found := _YEAR_LAST.match(bare):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        year += _CENTURY if len(found[4]) == 2 else 0
        meant = order if is_ambiguous(bare) else proved_order(bare)
        day, month = (second, first) if meant == "mdy" else (first, second)
    else:
        raise ValueError(bare)
    return datetime(year, month, day), found.end()  # noqa: DTZ001 - parse_date adds the zone


def _at(day: datetime, rest: str) -> datetime:
    if not rest:
        return day
    found = _TIME.fullmatch(rest)
    if not found:
        raise ValueError(rest)
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if half := found[4]:
        if not 1 <= hour <= 12:
            raise ValueError(rest)
        hour = hour % 12 + (12 if half in "Pp" else 0)
    return day.replace(hour=hour, minute=minute, second=second, tzinfo=_zone(found))


def _zone(found: re.Match[str]) -> timezone | None:
    if found[5]:
        return UTC
    if not found[6]:
        return None
    ahead = timedelta(hours=int(found[7]), minutes=int(found[8]))
    return timezone(ahead if found[6] == "+" else -ahead)


def _from_serial(found: re.Match[str]) -> datetime:
    part = timedelta(days=float(f"0.{found[2] or 0}"))
    moment = _SERIAL_ZERO + timedelta(days=int(found[1])) + part
    # Its digits are those of a fraction: half a second is its noise.
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


def same_moment(one: datetime, other: datetime) -> bool:
    """Whether two dates may be one, of which a spreadsheet took the seconds, or the time.

    To the minute; a date at midnight has perhaps lost its time.
    """
    one, other = one.astimezone(), other.astimezone()
    is_day_only = any((d.hour, d.minute, d.second) == (0, 0, 0) for d in (one, other))
    if is_day_only:
        return one.date() == other.date()
    return one.replace(second=0, microsecond=0) == other.replace(second=0, microsecond=0)
