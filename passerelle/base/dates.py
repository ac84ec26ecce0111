"""Dates as shops and spreadsheets write them, and which of them may be two things.

``03/04/2026`` is a day in April, or one in March. What stands elsewhere in its column may show
which: ``11/25/2026`` proves that the month comes first. Pure.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Literal

from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.base.wording import shorten
from passerelle.base.words import fold, visible

# What is raised is not remembered: a message must be in the language spoken when it is told.
_remembered = lru_cache(maxsize=4_000)
DateOrder = Literal["dmy", "mdy"]
_YEAR_FIRST = regex(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST = regex(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_COMPACT = regex(r"([0-9]{4})([0-9]{2})([0-9]{2})(?=[T -]?[0-9]{4}(?:[0-9]{2})?Z?$|[T ]|$)")
# Names of months in six languages, in full or cut short, with the name of the day before them.
_WEEKDAY = r"(?:(?!\d)\w{2,10}\.?,? +)?"
_DAY_AND_NAME = regex(
    rf"{_WEEKDAY}(?:le )?([0-9]{{1,2}})(?:er|st|nd|rd|th|º|°|\.)?[ -]*(?:de |of )?"
    r"((?!\d)\w{3,10})\.?,?[ -]*(?:de |del )?([0-9]{4}|[0-9]{2})(?![0-9])"
)
_NAME_AND_DAY = regex(
    rf"{_WEEKDAY}((?!\d)\w{{3,10}})\.? +([0-9]{{1,2}})(?:st|nd|rd|th)?,? +([0-9]{{4}})(?![0-9])"
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january janvier januar janner gennaio enero januari ene gen jan janv",
            "february fevrier februar febbraio febrero februari feb fev fevr febr",
            "march mars marz maerz marzo maart mar mrz mrt",
            "april avril aprile abril apr avr abr",
            "may mai maggio mayo mei mag",
            "june juin juni giugno junio jun giu",
            "july juillet juli luglio julio jul juil lug",
            "august aout agosto augustus aug ago",
            "september septembre settembre septiembre setiembre sep sept set",
            "october octobre oktober ottobre octubre oct okt ott",
            "november novembre noviembre nov",
            "december decembre dezember dicembre diciembre dec dez dic",
        ),
        start=1,
    )
    for name in names.split()
}
# Where a date ends: its time, "am" or "pm", its zone.
_TIME = regex(
    r"(?:T|[ -])([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]{1,9})?)?(?: ?(?:Uhr|uur))?"
    r"(?: ?([AaPp])\.? ?[Mm]\.?)?(?: ?(?:(Z|UTC|GMT)|(?:UTC|GMT)?([+-])([0-9]{2}):?([0-9]{2})))?"
    r"(?: \([\w ,]+\))?"
)
# Between a date and its time; between hours and minutes; a time of digits alone.
_AT = regex(r"[,.]? *(?:(?:à|at|um|alle(?: ore)?|a las|om|[|–]) *)?(?=[0-9])(?<!T)")
_HOURS = regex(r"(?<=[0-9])(?: ?h ?|\.)(?=[0-9]{2}(?![0-9]))")
_DIGITS = regex(r"([T -]?)([0-9]{2})([0-9]{2})([0-9]{2})?(Z?)")
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2212", "-----")
_SPACES = regex(r"[ \u00a0\u202f]+")
# A spreadsheet counts the days since this one, and parts of a day behind the mark.
_SERIAL = regex(r"([2-7][0-9]{4})(?:[.,]([0-9]{1,12}))?")
_SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - parse_date adds the zone
_CENTURY = 2000
# No shop of this kind is older; a year of three digits, or of two written as four, is a slip.
_TIMES = range(1995, 2100)
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
    if ":" in bare:
        return False
    return not _SERIAL.fullmatch(bare) and _day(bare, "dmy")[1] == len(bare)


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
    """Without a spreadsheet's quoting, and with plain hyphens and spaces."""
    if text.isascii() and "  " not in text and text[:1].isdigit():
        return text.strip()
    return _SPACES.sub(" ", visible(text)).translate(_DASHES).strip().removeprefix("'")


def _day(bare: str, order: DateOrder) -> tuple[datetime, int]:
    """The day that a text begins with, and where it ends there."""
    if found := _YEAR_FIRST.match(bare):
        year, month, day = int(found[1]), int(found[3]), int(found[4])
    elif found := _YEAR_LAST.match(bare):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        year += _CENTURY if len(found[4]) == 2 else 0
        meant = order if is_ambiguous(bare) else proved_order(bare)
        day, month = (second, first) if meant == "mdy" else (first, second)
    elif found := _COMPACT.match(bare):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    else:
        year, month, day, found = _named(bare)
    if year not in _TIMES:
        raise ValueError(bare)
    return datetime(year, month, day), found.end()  # noqa: DTZ001 - parse_date adds the zone


def _named(bare: str) -> tuple[int, int, int, re.Match[str]]:
    """The year, month and day of a date with its month's name."""
    if found := _DAY_AND_NAME.match(bare):
        day, name, year = found.groups()
    elif found := _NAME_AND_DAY.match(bare):
        name, day, year = found.groups()
    else:
        raise ValueError(bare)
    century = _CENTURY if len(year) == 2 else 0
    return int(year) + century, _MONTHS.get(fold(name), 0), int(day), found


def _at(day: datetime, rest: str) -> datetime:
    if not rest:
        return day
    found = _TIME.fullmatch(rest) or _TIME.fullmatch(_plain_time(rest))
    if not found:
        raise ValueError(rest)
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if half := found[4]:
        if not 1 <= hour <= 12:
            raise ValueError(rest)
        hour = hour % 12 + (12 if half in "Pp" else 0)
    return day.replace(hour=hour, minute=minute, second=second, tzinfo=_zone(found))


def _plain_time(rest: str) -> str:
    """A time as ``_TIME`` knows it: ``, 9h58``, `` at 09.58``, ``095801``."""
    if found := _DIGITS.fullmatch(rest):
        return f" {found[2]}:{found[3]}:{found[4] or '00'}{found[5]}"
    plain = _AT.sub(" ", rest, count=1)
    return plain if ":" in plain else _HOURS.sub(":", plain)


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
