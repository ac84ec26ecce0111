"""The days that the page shows."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

DAYS = 30

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Window:
    """``now``, and the days up to today, by this machine's calendar."""

    now: datetime
    days: tuple[date, ...]

    @property
    def start(self) -> datetime:
        """The first day's midnight, aware."""
        return midnight(self.days[0])

    @property
    def end(self) -> datetime:
        """The midnight that ends today, aware."""
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
        """The last of the days."""
        return self.days[-1]


def window_of(now: datetime, length: int = DAYS) -> Window:
    """The ``length`` days up to that of ``now``."""
    today = now.astimezone().date()
    return Window(now, tuple(today - timedelta(days=ago) for ago in reversed(range(length))))


def midnight(day: date) -> datetime:
    """When a day begins here, aware; where the clock skips midnight, as near as can be."""
    return datetime.combine(day, time()).astimezone()


def local_date(moment: datetime) -> date:
    """The day of a moment by this machine's calendar."""
    return moment.astimezone().date()
