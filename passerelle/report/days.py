"""The figures of each day: orders, revenue, how long they took to the ERP, what is held back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from operator import attrgetter
from statistics import median

from passerelle.ledger.overview import Delivery, Sale
from passerelle.ledger.runs import Run
from passerelle.report.window import Window

# More digits than any sum of what orders cost.
_EXACT = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Turnover:
    """Orders and what they cost together; ``unknown`` of them have no amount in the ledger."""

    orders: int = 0
    revenue: Decimal = Decimal(0)
    unknown: int = 0

    def add(self, sale: Sale) -> "Turnover":
        """With one more order; the sum is exact."""
        if sale.total is None:
            return Turnover(self.orders + 1, self.revenue, self.unknown + 1)
        return Turnover(self.orders + 1, _EXACT.add(self.revenue, sale.total), self.unknown)


@dataclass(frozen=True, slots=True)
class Delays:
    """From the order to the ERP: half of the orders took at most ``median``; ``worst`` is one."""

    orders: int
    median: timedelta
    worst: timedelta
    slowest: str


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Lines of stock held back by runs: least and most of them, the last, and lines with stock."""

    least: int
    most: int
    last: int
    in_stock: int | None
    lines: int | None


@dataclass(frozen=True, slots=True)
class Day:
    """One day's figures."""

    day: date
    turnover: Turnover
    delays: Delays | None
    held_back: HeldBack | None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell of it."""
        return not (self.turnover.orders or self.delays or self.held_back)


def figures(
    window: Window, sales: Iterable[Sale], deliveries: Iterable[Delivery], runs: Iterable[Run]
) -> list[Day]:
    """The window's days, oldest first."""
    sold: dict[date, Turnover] = {}
    for day, sale in window.with_days(sales, attrgetter("date")):
        sold[day] = sold.get(day, Turnover()).add(sale)
    taken = window.by_day(deliveries, attrgetter("date"))
    ran = window.by_day(runs, attrgetter("started"))
    return [
        Day(day, sold.get(day, Turnover()), delays(taken[day]), held_back(ran[day]))
        for day in window.days
    ]


def total(days: Iterable[Day]) -> Turnover:
    """The days together."""
    parts = [day.turnover for day in days]
    revenue = Decimal(0)
    for part in parts:
        revenue = _EXACT.add(revenue, part.revenue)
    return Turnover(
        sum(part.orders for part in parts), revenue, sum(part.unknown for part in parts)
    )


def delays(deliveries: Sequence[Delivery]) -> Delays | None:
    """How long the orders took; ``None`` where there are none."""
    if not deliveries:
        return None
    spans = [delivery.taken - delivery.date for delivery in deliveries]
    worst = max(range(len(spans)), key=spans.__getitem__)
    # A span is as good as a number: the middle of two is half their sum.
    middle: timedelta = median(spans)  # type: ignore[type-var]
    return Delays(len(spans), middle, spans[worst], deliveries[worst].id)


def held_back(runs: Iterable[Run]) -> HeldBack | None:
    """What the runs of stock held back; ``None`` where no run tells."""
    told = [run.facts for run in runs if run.run == "stock" and "held_back" in run.facts]
    if not told:
        return None
    counts, last = [facts["held_back"] for facts in told], told[-1]
    return HeldBack(min(counts), max(counts), counts[-1], last.get("in_stock"), last.get("lines"))
