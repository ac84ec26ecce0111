"""What people are told of: concerns worth a message, and what was over when it was found."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from passerelle.alerts.decision import Passed
from passerelle.alerts.message import time_of_day
from passerelle.config import Settings
from passerelle.health import Concern, Health, Kind, gap_before
from passerelle.health.pool import SUBJECT
from passerelle.language import _, n_
from passerelle.ledger import Ledger
from passerelle.ledger.runs import Run
from passerelle.schedule.timetable import timetable

# Daily business, what is known before the first run, and what only `status` looks at.
_UNTOLD = (Kind.WITHHELD, Kind.NEVER, Kind.UNREACHABLE, Kind.ASKED)
_SALES = "sales"
# Older news of this sort helps nobody; addresses that fail for long must not cost more and more.
_RECENT = timedelta(days=2)


def worth_telling(settings: Settings, health: Health) -> tuple[Concern, ...]:
    """The concerns that people are told of, the gravest first."""
    concerns = [concern for concern in health.concerns if concern.kind not in _UNTOLD]
    sales = [concern for concern in concerns if _is_sales(settings, concern)]
    if not sales:
        return tuple(concerns)
    place = concerns.index(sales[0])
    rest = [concern for concern in concerns if concern not in sales]
    return (*rest[:place], _gathered(sales), *rest[place:])


def _is_sales(settings: Settings, concern: Concern) -> bool:
    shop = str(settings.stock.to) if settings.stock else None
    is_of_pool = concern.subject.startswith(SUBJECT)
    return concern.kind == Kind.NOT_TAKEN and concern.subject != shop and not is_of_pool


def _gathered(sales: Sequence[Concern]) -> Concern:
    """One concern for all XMLs: an ERP that takes none gets one more each half hour."""
    first, later = sales[0], len(sales) - 1
    text = first.text
    if later:
        text = n_("{text}, nor {n} later file", "{text}, nor {n} later files", later, text=text)
    return replace(first, subject=_SALES, text=text)


def passed_since(
    settings: Settings, ledger: Ledger, seen: int, now: datetime
) -> tuple[Passed, ...]:
    """What the runs after the one numbered ``seen`` put an end to by starting.

    Where none was seen yet (0), what the newest did.
    """
    runs = ledger.runs.since(now - _RECENT)
    fresh = [run for run in runs if run.number > seen] if seen else runs[-1:]
    return tuple(_passed(settings, ledger, fresh, now))


def _passed(
    settings: Settings, ledger: Ledger, runs: Iterable[Run], now: datetime
) -> Iterator[Passed]:
    for run in runs:
        if run.run not in timetable(settings):
            continue
        if gap := gap_before(settings, ledger, run):
            yield Passed(f"{Kind.MISSED}:{run.run}", _gap_text(run, gap, now))
        before = ledger.runs.last(run.run, before=run.number)
        if before and before.ended is None:
            text = _("run {run} was killed at {time}, or the machine stopped; it runs again")
            time = time_of_day(before.started, now)
            yield Passed(f"{Kind.KILLED}:{run.run}", text.format(run=run.run, time=time))


def _gap_text(run: Run, gap: Sequence[datetime], now: datetime) -> str:
    return n_(
        "run {run} did not start at {first}; it runs again",
        "run {run} did not start {n} times between {first} and {last}; it runs again",
        len(gap),
        run=run.run,
        first=time_of_day(gap[0], now),
        last=time_of_day(gap[-1], now),
    )
