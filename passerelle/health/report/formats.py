"""Numbers, amounts, dates and spans as a French or an English reader writes them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from passerelle.base.language import N_, _, spoken

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


def clock(moment: datetime) -> str:
    """The local time of day, as in ``10:27``."""
    return f"{moment.astimezone():%H:%M}"


def date_and_time(moment: datetime) -> str:
    """The local date and time of day."""
    local = moment.astimezone()
    return f"{full_date(local.date())} {local:%H:%M}"


def with_offset(moment: datetime) -> str:
    """The same, to the second, and how far the zone is ahead of UTC."""
    local = moment.astimezone()
    offset = f"{local:%z}"
    return f"{full_date(local.date())} {local:%H:%M:%S} UTC{offset[:3]}:{offset[3:5]}"


def span(value: timedelta) -> str:
    """As in ``35 s``, ``12 min``, ``1 h 05 min``, or ``2 d 3 h``: to two units, rounded down."""
    seconds = int(value.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        # Translators: days and hours, as short as can be
        return _joined(_("{days} d {hours} h").format(days=days, hours=hours))
    if hours:
        return _joined(f"{hours} h {minutes:02} min")
    return _joined(f"{minutes} min" if minutes else f"{seconds} s")


def _joined(text: str) -> str:
    return text.replace(" ", _WIDE)


FORMATS: dict[str, Callable[..., str]] = {
    "number": number,
    "money": money,
    "full_date": full_date,
    "short_date": short_date,
    "clock": clock,
    "date_and_time": date_and_time,
    "with_offset": with_offset,
    "span": span,
}
"""By the names that the page's template has for them."""
