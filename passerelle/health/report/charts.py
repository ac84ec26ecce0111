"""Charts as rectangles and lines, in percent of the drawing: it stretches, its text does not."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from passerelle.base.language import _, n_
from passerelle.base.wording import money, number, short_date, span
from passerelle.health.report.days import Day, HeldBackDay

# The plot's upper and lower edge; above it stands its greatest value, below it the dates.
_TOP, _BOTTOM = 16.0, 86.0
# A bar's share of its day, and the least height at which one is seen.
_SHARE, _LEAST = 0.72, 1.2


class DrawnBar(Struct, frozen=True):
    """A rectangle with a title; ``strong`` is the last one, which is not complete yet."""

    x: float
    y: float
    width: float
    height: float
    title: str
    strong: bool = False


class DrawnLine(Struct, frozen=True):
    x1: float
    y1: float
    x2: float
    y2: float


class Chart(Struct, frozen=True):
    """What is drawn; ``top`` is the text of its greatest value."""

    bars: tuple[DrawnBar, ...]
    lines: tuple[DrawnLine, ...]
    top: str


def bars(values: Sequence[float], titles: Sequence[str], top: str) -> Chart:
    """One bar for each value, from zero."""
    ranges = [(0.0, value) if value > 0 else None for value in values]
    return Chart(tuple(_bars(ranges, titles, max(values, default=0))), (), top)


def ranges(
    values: Sequence[tuple[float, float, float] | None], titles: Sequence[str], top: str
) -> Chart:
    """For each (least, most, last) a bar from least to most; a line joins the last ones."""
    most = max((value[1] for value in values if value), default=0)
    spans = [(value[0], value[1]) if value else None for value in values]
    lasts = [value[2] if value else None for value in values]
    return Chart(tuple(_bars(spans, titles, most)), tuple(_lines(lasts, most)), top)


def _bars(
    spans: Sequence[tuple[float, float] | None], titles: Sequence[str], most: float
) -> Iterator[DrawnBar]:
    step = 100 / max(len(spans), 1)
    for n, (ends, title) in enumerate(zip(spans, titles, strict=True)):
        if ends:
            low, high = (_height(value, most) for value in ends)
            height = max(high - low, _LEAST)
            y = min(_BOTTOM - low - height, _BOTTOM - _LEAST)
            x = (n + (1 - _SHARE) / 2) * step
            yield DrawnBar(x, y, step * _SHARE, height, title, strong=n == len(spans) - 1)


def _lines(values: Sequence[float | None], most: float) -> Iterator[DrawnLine]:
    step = 100 / max(len(values), 1)
    for n, (before, after) in enumerate(pairwise(values)):
        if before is not None and after is not None:
            y1, y2 = (_BOTTOM - _height(value, most) for value in (before, after))
            yield DrawnLine((n + 0.5) * step, y1, (n + 1.5) * step, y2)


def _height(value: float, most: float) -> float:
    return value / most * (_BOTTOM - _TOP) if most else 0.0


def charts(days: Sequence[Day], currency: str) -> Mapping[str, Chart]:
    """Orders, revenue, time to the ERP and lines held back, each day by day, by these names."""
    return {
        "orders": _orders(days),
        "revenue": _revenue(days, currency),
        "delays": _delays(days),
        "held_back": _held_back(days),
    }


def _orders(days: Sequence[Day]) -> Chart:
    counts = [day.turnover.orders for day in days]
    titles = [_titled(day, number(day.turnover.orders)) for day in days]
    return bars(counts, titles, number(max(counts)))


def _titled(day: Day, text: str) -> str:
    return _(": ").join((short_date(day.day), text))


def _revenue(days: Sequence[Day], currency: str) -> Chart:
    amounts = [day.turnover.revenue for day in days]
    titles = [_titled(day, _amount(day, currency)) for day in days]
    return bars([float(amount) for amount in amounts], titles, money(max(amounts), currency))


def _amount(day: Day, currency: str) -> str:
    amount, unknown = money(day.turnover.revenue, currency), day.turnover.unknown
    if not unknown:
        return amount
    text = n_("amount not known for {n} order", "amount not known for {n} orders", unknown)
    return f"{amount} ({text})"


def _delays(days: Sequence[Day]) -> Chart:
    medians = [day.delays.median.total_seconds() if day.delays else 0 for day in days]
    titles = [_titled(day, _delay(day)) for day in days]
    longest = max((day.delays.median for day in days if day.delays), default=None)
    return bars(medians, titles, span(longest) if longest else "")


def _delay(day: Day) -> str:
    if day.delays is None:
        return "–"
    text = _("median {median}, worst {worst} (order {id})")
    median, worst = span(day.delays.median), span(day.delays.worst)
    return text.format(median=median, worst=worst, id=day.delays.slowest)


def _held_back(days: Sequence[Day]) -> Chart:
    held = [day.held_back for day in days]
    values = [(one.least, one.most, one.last) if one else None for one in held]
    titles = [_titled(day, least_to_most(day.held_back)) for day in days]
    return ranges(values, titles, number(max((one.most for one in held if one), default=0)))


def least_to_most(held: HeldBackDay | None) -> str:
    """As in ``3–12``; a dash where nothing is known."""
    if held is None:
        return "–"
    least, most = number(held.least), number(held.most)
    return least if held.least == held.most else f"{least}–{most}"
