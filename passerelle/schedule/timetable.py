"""Which runs start at which minutes of each hour, and when that is next."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import gcd

from passerelle.config.model import Settings
from passerelle.model.runs import RUNS

Timetable = Mapping[str, tuple[int, ...]]


def timetable(settings: Settings) -> Timetable:
    """The runs that have their section in the config, with their minutes."""
    runs = [run for run in RUNS if getattr(settings, run)]
    # Without [orders] nobody has said how what the tills sell goes to the ERP.
    return {run: minutes_of(settings, run) for run in runs if run != "tills" or settings.orders}


def minutes_of(settings: Settings, run: str) -> tuple[int, ...]:
    """The minutes of ``run``, sorted, whether it has its section or not."""
    if run == "sync":
        return _of_syncs(settings)
    minutes: tuple[int, ...] = getattr(settings.schedule, run)
    return minutes


def _of_syncs(settings: Settings) -> tuple[int, ...]:
    """As often as the syncs' ``every`` asks for; the ledger knows whether a job is due then."""
    step = gcd(60, *(sync.every for sync in settings.sync.values()))
    return tuple(range(0, 60, step))


def next_start(minutes: Sequence[int], now: datetime) -> datetime:
    """The first full minute after ``now`` (aware) that the local clock counts as one of these."""
    whole = now.replace(second=0, microsecond=0)
    later = (whole + timedelta(minutes=ahead) for ahead in range(1, 61))
    return next(moment for moment in later if moment.minute in minutes)


def taken_by(minutes: Sequence[int], since: datetime, grace: timedelta) -> datetime:
    """Until when it is normal that nobody took what lies there ``since`` (aware) then."""
    return next_start(minutes, since.astimezone()) + grace


def last_start(minutes: Sequence[int], now: datetime) -> datetime:
    """The last full minute, up to ``now`` (aware), that the local clock counts as one of these."""
    whole = now.replace(second=0, microsecond=0)
    earlier = (whole - timedelta(minutes=ago) for ago in range(60))
    return next(moment for moment in earlier if moment.minute in minutes)


def starts(minutes: Sequence[int], after: datetime, until: datetime) -> Iterator[datetime]:
    """Every such minute later than ``after``, up to ``until``, in this machine's zone.

    Those of the hour that the clock repeats in autumn come once.
    """
    hour = after.astimezone().replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    here, is_plain = _on_the_clock(hour)
    while hour <= until:
        hour += timedelta(hours=1)
        start, was_plain = here, is_plain
        here, is_plain = _on_the_clock(hour)
        # Nearly always the clock is set neither in this hour nor was shortly before.
        is_even = was_plain and is_plain and start.utcoffset() == here.utcoffset()
        for minute in minutes:
            moment = start + timedelta(minutes=minute)
            moment = moment if is_even else moment.astimezone(UTC).astimezone()
            if after < moment <= until and (is_even or not _is_repeated(moment)):
                yield moment


def _on_the_clock(hour: datetime) -> tuple[datetime, bool]:
    """An hour on this machine's clock, and whether that shows it for the first time."""
    here = hour.astimezone()
    return here, not _is_repeated(here)


def _is_repeated(moment: datetime) -> bool:
    """Whether the clock showed this time an hour ago already; zones without names know no fold."""
    return moment.replace(tzinfo=None).astimezone() != moment
