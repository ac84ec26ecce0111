"""How numbers of things and spans of time are put into words."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from passerelle.base.language import n_


def in_words(span: timedelta) -> str:
    """A time span as people say it: ``40 seconds``, ``12 minutes``, ``3 hours``, ``2 days``."""
    seconds = int(span.total_seconds())
    if seconds >= 86_400:
        return n_("{n} day", "{n} days", seconds // 86_400)
    if seconds >= 3_600:
        return n_("{n} hour", "{n} hours", seconds // 3_600)
    if seconds >= 120:
        return n_("{n} minute", "{n} minutes", seconds // 60)
    return n_("{n} second", "{n} seconds", seconds)


_FEW = 10


def few(ids: Sequence[str]) -> str:
    """The ids, or the first of many and how many more there are."""
    names = ", ".join(shorten(id) for id in ids[:_FEW])
    rest = len(ids) - _FEW
    if rest <= 0:
        return names
    return n_("{names} and {n} more", "{names} and {n} more", rest, names=names)


def shorten(text: str, limit: int = 40) -> str:
    """``text`` on one line, cut for a message, its control characters written out."""
    line = " ".join(text[: limit * 20].split())
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    return printable(line)


def printable(text: str) -> str:
    """``text`` with its control characters written out: consoles obey them."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def time_of_day(moment: datetime, now: datetime) -> str:
    """A time for people: with its date unless that is today's."""
    local = moment.astimezone()
    today = local.date() == now.astimezone().date()
    return f"{local:%H:%M}" if today else f"{local:%Y-%m-%d %H:%M}"
