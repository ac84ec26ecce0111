"""What a machine of a fleet plans, by the clock that it has."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from passerelle.fleet import keeper as keepers
from passerelle.fleet.keeper import Keeper
from passerelle.fleet.queue import SLOW, USUAL, Errand
from tests.unit.conftest import Write

NOON = datetime(2026, 11, 25, 12, 0, 5).astimezone()


class FakeQueue:
    """Takes what is planned, once, as procrastinate's table does."""

    def __init__(self, slow: set[str]) -> None:
        self.planned: list[tuple[Errand, str]] = []
        self.app = SimpleNamespace(connector=self)
        self._slow = slow

    async def execute_query_all_async(self, _query: str) -> list[dict[str, Any]]:
        return [{"shop": name} for name in self._slow]

    async def plan(self, errand: Errand, queue: str) -> bool:
        is_new = errand not in [known for known, _queue in self.planned]
        self.planned.append((errand, queue))
        return is_new


class Clock:
    """Machines of a fleet, and what each says, on a clock that the test sets."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.now, self.said = NOON, list[str]()
        patch.setattr(keepers, "clock", lambda: self.now)
        self.keeper = Keeper(folder, 1, [], self.said.append, self.said.append)
        self.queue = FakeQueue({"nice"})
        self.keeper._queue = self.queue  # type: ignore[assignment]

    def at(self, moment: datetime) -> list[str]:
        """What is planned then: shop/run, and the time for which it is."""
        self.now, before = moment, len(self.queue.planned)
        asyncio.run(self.keeper._plan())
        new = [errand for errand, _queue in self.queue.planned[before:]]
        return [f"{e.name} {datetime.fromtimestamp(e.planned).astimezone():%H:%M}" for e in new]


@pytest.fixture
def clock(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> Clock:
    write("lyon.toml", more="[schedule]\norders = [0, 20, 45]")
    return Clock(tmp_path / "shops", monkeypatch)


def test_each_start_is_planned_once_and_the_last_that_was_missed(clock: Clock) -> None:
    assert clock.at(NOON) == ["lyon/orders 12:00"]
    assert clock.at(NOON + timedelta(seconds=30)) == []
    assert clock.at(NOON + timedelta(minutes=19)) == []
    # It stood still meanwhile: one run makes up for all.
    assert clock.at(NOON + timedelta(minutes=50)) == ["lyon/orders 12:45"]


def test_what_was_missed_for_half_an_hour_is_left_to_the_next_time(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("lyon.toml", more="[schedule]\norders = [30]")
    assert Clock(tmp_path / "shops", monkeypatch).at(NOON) == []


def test_a_clock_that_is_set_back_is_told_and_followed(clock: Clock) -> None:
    clock.at(NOON)
    assert clock.at(NOON - timedelta(hours=2)) == []
    assert any("the clock was set back" in text for text in clock.said)
    assert clock.at(NOON - timedelta(minutes=100)) == ["lyon/orders 10:20"]


def test_shops_that_hang_wait_in_a_queue_of_their_own(clock: Clock, write: Write) -> None:
    write("nice.toml", more="[schedule]\norders = [0]")
    clock.at(NOON)
    assert {errand.shop: queue for errand, queue in clock.queue.planned} == {
        "lyon": USUAL,
        "nice": SLOW,
    }


def test_a_fault_is_told_once_and_again_when_it_is_another(
    clock: Clock, tmp_path: Path, write: Write
) -> None:
    for text in ("nonsense = 1\n", "nonsense = 1\n", "more = 1\n"):
        (tmp_path / "shops" / "nice.toml").write_text(text, encoding="utf-8")
        clock.at(clock.now + timedelta(minutes=1))
    told = [text for text in clock.said if text.startswith("nice: nice.toml")]
    assert len(told) == 2 and "nonsense" in told[0] and "more" in told[1]


def test_a_deed_that_overhears_its_end_does_not_keep_the_machine(clock: Clock) -> None:
    """As `asyncio.wait_for` may before Python 3.12."""
    overheard = 0

    async def deaf_once() -> None:
        nonlocal overheard
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            overheard += 1
            if overheard > 1:
                raise

    async def ends() -> bool:
        task = asyncio.create_task(clock.keeper._often(deaf_once, 0.0))
        await asyncio.sleep(0.01)
        task.cancel()
        done, _running = await asyncio.wait({task}, timeout=5)
        return bool(done)

    assert asyncio.run(ends())
    assert overheard == 1
