"""Charts as rectangles and lines, in percent of the drawing: it stretches, its text does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

# The plot's upper and lower edge; above it stands its greatest value, below it the dates.
_TOP, _BOTTOM = 16.0, 86.0
# A bar's share of its day, and the least height at which one is seen.
_SHARE, _LEAST = 0.72, 1.2


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle with a title; ``strong`` is the last one, which is not complete yet."""

    x: float
    y: float
    width: float
    height: float
    title: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """From one point to another."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn; ``top`` is the text of its greatest value."""

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
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
) -> Iterator[Bar]:
    step = 100 / max(len(spans), 1)
    for n, (span, title) in enumerate(zip(spans, titles, strict=True)):
        if span:
            low, high = (_height(value, most) for value in span)
            height = max(high - low, _LEAST)
            y = min(_BOTTOM - low - height, _BOTTOM - _LEAST)
            x = (n + (1 - _SHARE) / 2) * step
            yield Bar(x, y, step * _SHARE, height, title, strong=n == len(spans) - 1)


def _lines(values: Sequence[float | None], most: float) -> Iterator[Line]:
    step = 100 / max(len(values), 1)
    for n, (before, after) in enumerate(pairwise(values)):
        if before is not None and after is not None:
            y1, y2 = (_BOTTOM - _height(value, most) for value in (before, after))
            yield Line((n + 0.5) * step, y1, (n + 1.5) * step, y2)


def _height(value: float, most: float) -> float:
    return value / most * (_BOTTOM - _TOP) if most else 0.0
