"""The foreground loop on a virtual clock: each start once, whatever the clock does."""

import gc
import os
import signal
import weakref
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, tzinfo
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import schedule as package

from passerelle.base.errors import ConfigError, HeldError
from passerelle.schedule import loop
from passerelle.schedule.loop import Loop, stoppable

PARIS = ZoneInfo("Europe/Paris")
PLAN = {"orders": (27, 57), "stock": (19, 49)}


class Clock:
    """A clock that runs as fast as anybody sleeps, and that can be set. At ``end``, Ctrl+C."""

    def __init__(self, start: datetime, hours: float) -> None:
        self.utc = start.astimezone(UTC)
        self.end = self.utc + timedelta(hours=hours)
        self.at: dict[datetime, Callable[[], None]] = {}

    def now(self, zone: tzinfo | None = PARIS) -> datetime:
        return self.utc.astimezone(zone)

    def local(self, zone: tzinfo | None = None) -> datetime:
        """What ``datetime.now()`` tells the `schedule` package."""
        return self.now(PARIS).replace(tzinfo=None) if zone is None else self.now(zone)

    def sleep(self, seconds: float) -> None:
        self.utc += timedelta(seconds=seconds)
        for moment in [moment for moment in self.at if moment <= self.utc]:
            self.at.pop(moment)()
        if self.utc >= self.end:
            raise KeyboardInterrupt

    def set_by(self, step: timedelta) -> None:
        """Sets it; what is planned by it goes along."""
        self.utc += step
        self.end += step


class Night:
    """A loop on a clock, and what became of it."""

    def __init__(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = clock
        self.runs: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.failed: list[str] = []
        self.during: Callable[[str], None] = lambda run: clock.sleep(10)
        kinds = SimpleNamespace(now=clock.local)
        shim = SimpleNamespace(datetime=kinds, time=time, timedelta=timedelta)
        monkeypatch.setattr(package, "datetime", shim)
        monkeypatch.setattr(loop, "_STEP", 10.0)

    def start(self, run: str) -> None:
        self.runs.append((run, f"{self.clock.now():%H:%M %z}"))
        self.during(run)

    def pass_by(self) -> "Night":
        said, failed = self.said.append, self.failed.append
        clock = self.clock
        loop = Loop(PLAN, self.start, say=said, fail=failed, now=clock.now, sleep=clock.sleep)
        loop.go_on()
        return self

    def times(self, run: str) -> list[str]:
        return [time for name, time in self.runs if name == run]


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Night]:
    """``night(2026, 11, 24, hours=6)``, in Paris."""

    def begin(year: int, month: int, day: int, *, hours: float) -> Night:
        return Night(Clock(datetime(year, month, day, tzinfo=PARIS), hours), monkeypatch)

    return begin


NewNight = Callable[..., Night]


def test_on_an_ordinary_day_each_run_starts_at_its_minutes(night: NewNight) -> None:
    day = night(2026, 11, 24, hours=24).pass_by()
    assert len(day.times("orders")) == len(day.times("stock")) == 48
    assert day.runs[:3] == [
        *(("stock", "00:19 +0100"), ("orders", "00:27 +0100"), ("stock", "00:49 +0100")),
    ]
    assert (day.failed, day.said[-1]) == ([], "stopped")


@pytest.mark.parametrize("seconds", [10, 200])
def test_in_autumn_nothing_runs_in_the_repeated_hour(night: NewNight, seconds: int) -> None:
    """At 3:00 the clock goes back to 2:00, also while a run is active."""
    day = night(2026, 10, 25, hours=24.7)
    day.during = lambda run: day.clock.sleep(seconds)
    day.pass_by()
    assert set(Counter((run, time[:5]) for run, time in day.runs).values()) == {1}
    assert (
        day.times("orders")[3:8]
        == [
            *("01:57 +0200", "02:27 +0200", "02:57 +0200", "03:27 +0100", "03:57 +0100"),
        ]
        or seconds == 200
    )
    assert "02:57 +0200" in day.times("orders")
    assert day.failed == []


def test_in_spring_the_hour_that_is_left_out_is_not_made_up_for(night: NewNight) -> None:
    """At 2:00 the clock goes on to 3:00."""
    day = night(2026, 3, 29, hours=23).pass_by()
    assert len(day.times("orders")) == len(day.times("stock")) == 46
    assert day.times("orders")[3:5] == ["01:57 +0100", "03:27 +0200"]
    assert sorted(day.failed) == [
        f"run {run} of 02:{minute} was missed and is not made up for"
        for run, minute in (("orders", 27), ("orders", 57), ("stock", 19), ("stock", 49))
    ]


def test_what_a_sleeping_machine_missed_is_told_and_not_made_up_for(night: NewNight) -> None:
    day = night(2026, 11, 24, hours=10)
    asleep = datetime(2026, 11, 24, 1, 10, tzinfo=PARIS)
    day.clock.at[asleep] = lambda: day.clock.sleep(5 * 3600)
    day.pass_by()
    assert not [time for _, time in day.runs if "01:10" <= time < "06:10"]
    assert day.times("orders")[2:4] == ["06:27 +0100", "06:57 +0100"]
    assert len(day.failed) == 4, "each told once, not for every hour"


def test_a_clock_that_is_set_right_by_a_little_starts_nothing_again(night: NewNight) -> None:
    day = night(2026, 11, 24, hours=3)

    def set_right(run: str) -> None:
        day.clock.sleep(5)
        if len(day.runs) == 2:
            day.clock.set_by(timedelta(seconds=-20))

    day.during = set_right
    day.pass_by()
    assert day.times("orders")[:2] == ["00:27 +0100", "00:57 +0100"]
    assert len(day.times("orders")) == 6


def test_after_a_clock_that_went_wrong_by_days_the_runs_go_on(night: NewNight) -> None:
    day = night(2026, 11, 24, hours=6)
    wrong, right = (datetime(2026, 11, 24, hour, 5, tzinfo=PARIS) for hour in (1, 2))
    day.clock.at[wrong] = lambda: day.clock.set_by(timedelta(days=30))
    day.clock.at[right + timedelta(days=30)] = lambda: day.clock.set_by(timedelta(days=-30))
    day.pass_by()
    assert any("the clock was set back" in text for text in day.said)
    assert [time[:5] for time in day.times("orders")] == [
        f"0{hour}:{minute}" for hour in range(6) for minute in PLAN["orders"]
    ]


HELD = HeldError("held", "ExportCSV.csv", "wait")
BROKEN = ConfigError("2 faults", faults=("c.toml:1: a", "c.toml:2: b"))


BUG = "a fault in Passerelle itself (KeyError)"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (HELD, ["held: ExportCSV.csv: wait"]),
        (BROKEN, ["c.toml:1: a", "c.toml:2: b"]),
        (KeyError("Lefèvre"), [BUG]),
    ],
    ids=["a held run", "a broken configuration", "a bug, without its words"],
)
def test_a_run_that_fails_is_told_and_the_next_one_starts(
    night: NewNight, error: Exception, told: list[str]
) -> None:
    day = night(2026, 11, 24, hours=1)

    def fail(run: str) -> None:
        raise error

    day.during = fail
    day.pass_by()
    assert len(day.runs) == 4
    assert [text if BUG not in text else BUG for text in day.failed] == told * 4
    assert not any("Lefèvre" in text for text in day.failed)


def test_what_a_run_held_is_let_go_when_it_is_over(night: NewNight) -> None:
    """An error and the functions that it went through hold each other, and a whole file."""
    day, files = night(2026, 11, 24, hours=1), list[weakref.ref[set[int]]]()

    def fail(run: str) -> None:
        assert not any(file() for file in files)
        file = {1}
        files.append(weakref.ref(file))
        error = HeldError("no stock", "ExportCSV.csv", "look")
        held = [error]
        raise held[0]

    day.during = fail
    gc.disable()
    try:
        day.pass_by()
    finally:
        gc.enable()
    assert len(files) == 4 and not day.failed[0].startswith(BUG)
    assert not any(BUG in text for text in day.failed)


@pytest.mark.parametrize(
    ("minutes", "hours", "orders"), [(9, 1, ["00:28 +0100", "00:58 +0100"]), (11, 0.75, [])]
)
def test_a_run_that_takes_long_delays_the_next_one_a_little_but_not_for_long(
    night: NewNight, minutes: int, hours: float, orders: list[str]
) -> None:
    day = night(2026, 11, 24, hours=hours)
    day.during = lambda run: day.clock.sleep(minutes * 60 if run == "stock" else 1)
    day.pass_by()
    assert day.times("orders") == orders
    missed = [] if orders else ["run orders of 00:27 was missed and is not made up for"]
    assert day.failed[:1] == missed


def test_within_a_run_it_is_the_run_that_is_interrupted(night: NewNight) -> None:
    day = night(2026, 11, 24, hours=0.5)
    day.during = lambda run: day.clock.sleep(3600)
    with pytest.raises(KeyboardInterrupt):
        day.pass_by()


def test_a_loop_that_nohup_started_outlives_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
