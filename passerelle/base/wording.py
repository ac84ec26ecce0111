"""How texts, lists, numbers, amounts, spans, times and dates are written for people, and records
as JSON for programs.

Times are local ones, whatever zone they are given in.
"""

import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from msgspec import Struct

from passerelle.base.language import N_, _, n_, spoken


def shorten(text: str, limit: int = 40) -> str:
    """``text`` on one line, cut for a message, its control characters written out."""
    line = " ".join(text[: limit * 20].split())
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    # Between these stand commands to be typed, and no words of others.
    return printable(line).replace("`", "'")


def printable(text: str) -> str:
    """``text`` with its control characters written out: consoles obey them."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


# As many as a run's lists name.
FEW = 20


def few(ids: Sequence[str], most: int = 10, total: int | None = None) -> str:
    """The ids, cut, or ``most`` of them and how many more of the ``total`` there are."""
    return listed([shorten(id) for id in ids[:most]], most, len(ids) if total is None else total)


def listed(names: Sequence[str], most: int, total: int | None = None) -> str:
    """The same of names that are written as they are."""
    told = ", ".join(names[:most])
    rest = (len(names) if total is None else total) - most
    return (
        n_("{names} and {n} more", "{names} and {n} more", rest, names=told) if rest > 0 else told
    )


# A thousand is never split over two lines, nor an amount from its currency.
_NARROW, _WIDE = "\u202f", "\u00a0"
_CENT = Decimal("0.01")
_WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: int) -> str:
    """As in ``1 234``, or ``1,234``."""
    return f"{value:,}".replace(",", _NARROW) if spoken() == "fr" else f"{value:,}"


def money(value: Decimal, currency: str) -> str:
    """As in ``1 234,50 €``, or ``€1,234.50``; rounded to cents, halves up."""
    text = f"{abs(value).quantize(_CENT, ROUND_HALF_UP):,}"
    sign = "-" if value < 0 else ""
    if spoken() == "fr":
        french = text.replace(",", _NARROW).replace(".", ",")
        return f"{sign}{french}{_WIDE}{currency}".rstrip()
    gap = "" if len(currency) <= 1 else _WIDE
    return f"{sign}{currency}{gap}{text}"


def in_words(span: timedelta) -> str:
    """A span in a sentence, to one unit: ``40 seconds``, ``12 minutes``, ``2 days``."""
    seconds = int(span.total_seconds())
    if seconds >= 86_400:
        return n_("{n} day", "{n} days", seconds // 86_400)
    if seconds >= 3_600:
        return n_("{n} hour", "{n} hours", seconds // 3_600)
    if seconds >= 120:
        return n_("{n} minute", "{n} minutes", seconds // 60)
    return n_("{n} second", "{n} seconds", seconds)


def span(value: timedelta) -> str:
    """In a table, to two units, rounded down: ``35 s``, ``12 min``, ``1 h 05 min``, ``2 d 3 h``."""
    seconds = int(value.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    text = f"{minutes} min" if minutes else f"{seconds} s"
    if hours:
        text = f"{hours} h {minutes:02} min"
    if days:
        # Translators: days and hours, as short as can be
        text = _("{days} d {hours} h").format(days=days, hours=hours)
    return text.replace(" ", _WIDE)


def ago(span: timedelta) -> str:
    """How long ago something is dated that old."""
    if span < timedelta(0):
        return _("dated {span} in the future").format(span=in_words(-span))
    return _("{span} ago").format(span=in_words(span))


def clock(moment: datetime) -> str:
    """As in ``10:27``."""
    return f"{moment.astimezone():%H:%M}"


def minute(moment: datetime) -> str:
    """As in ``2026-11-25 10:27``, in a sentence: as the language spoken has it."""
    return _("{time:%Y-%m-%d %H:%M}").format(time=moment.astimezone())


def time_of_day(moment: datetime, now: datetime) -> str:
    """With its date unless that is today's."""
    is_today = moment.astimezone().date() == now.astimezone().date()
    return clock(moment) if is_today else minute(moment)


def span_of_time(begin: datetime, end: datetime, now: datetime) -> tuple[str, str]:
    """Both ends, with their dates unless both are today's: of two, one alone would mislead."""
    days = {moment.astimezone().date() for moment in (begin, end)}
    tell = clock if days == {now.astimezone().date()} else minute
    return tell(begin), tell(end)


def local(moment: datetime | None) -> str:
    """As in ``2026-11-25 10:27:19``; ``-`` for none."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else "-"


def in_prose(moment: datetime | None) -> str:
    """The same in a sentence, as the language spoken has it."""
    # Translators: in French it follows "le", "du" or "au"
    told = _("{time:%Y-%m-%d %H:%M:%S}")
    return told.format(time=moment.astimezone()) if moment else "-"


def minutes_in_words(minutes: Sequence[int]) -> str:
    """Minutes of each hour, as in ``:27 and :57``."""
    *first, last = [f":{minute:02}" for minute in minutes]
    return _("{first} and {last}").format(first=", ".join(first), last=last) if first else last


def full_date(day: date) -> str:
    """As in ``25/11/2026``, or ``25 Nov 2026``."""
    if spoken() == "fr":
        return f"{day:%d/%m/%Y}"
    return f"{day.day}{_WIDE}{_MONTHS[day.month - 1]}{_WIDE}{day.year}"


def short_date(day: date) -> str:
    """As in ``mer. 25/11``, or ``Wed 25 Nov``."""
    weekday = _(_WEEKDAYS[day.weekday()])
    if spoken() == "fr":
        return f"{weekday}{_WIDE}{day:%d/%m}"
    return f"{weekday}{_WIDE}{day.day}{_WIDE}{_MONTHS[day.month - 1]}"


def date_and_time(moment: datetime) -> str:
    """As in ``25 Nov 2026 10:27``."""
    return f"{full_date(moment.astimezone().date())} {clock(moment)}"


def with_offset(moment: datetime) -> str:
    """The same, to the second, and how far the zone is ahead of UTC."""
    there = moment.astimezone()
    offset = f"{there:%z}"
    return f"{full_date(there.date())} {there:%H:%M:%S} UTC{offset[:3]}:{offset[3:5]}"


def fields_of(record: Any, *names: str) -> dict[str, Any]:
    """These fields of a record, or all of them; what they hold stays as it is."""
    names = names or record.__struct_fields__
    return {name: getattr(record, name) for name in names}


def to_json(value: Any) -> str:
    """JSON of records too: times in ISO 8601 with their offset, amounts and places as text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone().isoformat()
    is_record = isinstance(value, Struct) and "__str__" not in vars(type(value))
    return fields_of(value) if is_record else str(value)


def fitted(text: str) -> str:
    """For a terminal, broken between words where it is wider than that; for all else as it is."""
    if sys.stdout is None or not sys.stdout.isatty():
        return text
    width = shutil.get_terminal_size().columns - 1
    return "".join(_fitted(line, width) for line in text.splitlines(keepends=True))


def _fitted(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip(" !->"))]
    folded = textwrap.fill(
        line.strip(),
        width,
        initial_indent=" " * (len(indent) - len(indent.lstrip(" "))),
        subsequent_indent=" " * len(indent),
        # A path or a command is copied whole.
        break_long_words=False,
        break_on_hyphens=False,
    )
    return folded + ("\n" if line.endswith("\n") else "")
