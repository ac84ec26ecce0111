"""The figures of each day: orders, revenue, how long they took to the ERP, what is held back."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from operator import attrgetter
from statistics import median
from typing import TypeVar

from msgspec import Struct

from passerelle.model.records import Delivery, OrderTotal, Run

DAYS = 30
T = TypeVar("T")


class Window(Struct, frozen=True):
    """``now``, and the days up to today, by this machine's calendar."""

    now: datetime
    days: tuple[date, ...]

    @property
    def start(self) -> datetime:
        return midnight(self.days[0])

    @property
    def end(self) -> datetime:
        return midnight(self.days[-1] + timedelta(days=1))

    def with_days(
        self, things: Iterable[T], when: Callable[[T], datetime]
    ) -> Iterator[tuple[date, T]]:
        """The things of these days, each with its day, in their order; others are left out."""
        # Times of one zone compare much faster, and the ledger's are in UTC.
        edges = [midnight(day).astimezone(UTC) for day in self.days] + [self.end.astimezone(UTC)]
        for thing in things:
            n = bisect_right(edges, when(thing))
            if 0 < n < len(edges):
                yield self.days[n - 1], thing

    def by_day(self, things: Iterable[T], when: Callable[[T], datetime]) -> Mapping[date, list[T]]:
        """The things of each of the days, in their order; others are left out."""
        found: Mapping[date, list[T]] = defaultdict(list)
        for day, thing in self.with_days(things, when):
            found[day].append(thing)
        return found

    @property
    def today(self) -> date:
        return self.days[-1]


def window_of(now: datetime, length: int = DAYS) -> Window:
    today = now.astimezone().date()
    return Window(now, tuple(today - timedelta(days=ago) for ago in reversed(range(length))))


def midnight(day: date) -> datetime:
    """When a day begins here, aware; where the clock skips midnight, as near as can be."""
    return datetime.combine(day, time()).astimezone()


# More digits than any sum of what orders cost.
_EXACT = Context(prec=60)


class Turnover(Struct, frozen=True):
    """Orders and what they cost together; ``unknown`` of them have no amount in the ledger."""

    orders: int = 0
    revenue: Decimal = Decimal(0)
    unknown: int = 0

    def add(self, order: OrderTotal) -> "Turnover":
        """With one more order; the sum is exact."""
        if order.total is None:
            return Turnover(self.orders + 1, self.revenue, self.unknown + 1)
        return Turnover(self.orders + 1, _EXACT.add(self.revenue, order.total), self.unknown)


class Delays(Struct, frozen=True):
    """From the order to the ERP: half of the orders took at most ``median``; ``worst`` is one."""

    orders: int
    median: timedelta
    worst: timedelta
    slowest: str


class HeldBackDay(Struct, frozen=True):
    """Lines of stock held back by runs: least and most of them, the last, and lines with stock."""

    least: int
    most: int
    last: int
    in_stock: int | None
    lines: int | None


class Day(Struct, frozen=True):
    day: date
    turnover: Turnover
    delays: Delays | None
    held_back: HeldBackDay | None

    @property
    def is_empty(self) -> bool:
        return not (self.turnover.orders or self.delays or self.held_back)


def figures(
    window: Window,
    totals: Iterable[OrderTotal],
    deliveries: Iterable[Delivery],
    runs: Iterable[Run],
) -> list[Day]:
    """The window's days, oldest first."""
    sold: dict[date, Turnover] = {}
    for day, order in window.with_days(totals, attrgetter("date")):
        sold[day] = sold.get(day, Turnover()).add(order)
    taken = window.by_day(deliveries, attrgetter("date"))
    ran = window.by_day(runs, attrgetter("started"))
    return [
        Day(day, sold.get(day, Turnover()), delays(taken[day]), held_back(ran[day]))
        for day in window.days
    ]


def total(days: Iterable[Day]) -> Turnover:
    parts = [day.turnover for day in days]
    revenue = Decimal(0)
    for part in parts:
        revenue = _EXACT.add(revenue, part.revenue)
    return Turnover(
        sum(part.orders for part in parts), revenue, sum(part.unknown for part in parts)
    )


def delays(deliveries: Sequence[Delivery]) -> Delays | None:
    if not deliveries:
        return None
    spans = [delivery.taken - delivery.date for delivery in deliveries]
    worst = max(range(len(spans)), key=spans.__getitem__)
    # A span is as good as a number: the middle of two is half their sum.
    middle: timedelta = median(spans)  # type: ignore[type-var]
    return Delays(len(spans), middle, spans[worst], deliveries[worst].id)


def held_back(runs: Iterable[Run]) -> HeldBackDay | None:
    """What the runs of stock held back; ``None`` where no run tells."""
    told = [run.facts for run in runs if run.run == "stock" and "held_back" in run.facts]
    if not told:
        return None
    counts, last = [facts["held_back"] for facts in told], told[-1]
    return HeldBackDay(
        min(counts), max(counts), counts[-1], last.get("in_stock"), last.get("lines")
    )
