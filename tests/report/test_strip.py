"""The strip of half hours: each time counts once, and looks like what became of it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from passerelle.config.model import Settings
from passerelle.health.report.days import midnight, window_of
from passerelle.health.report.strip import (
    HALF_HOURS,
    Cell,
    Slot,
    SlotLook,
    incidents,
    look_at_slots,
    look_of,
    shares,
    strips,
)
from passerelle.model.records import Run

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def a_run(at: datetime, code: int | None = 0, **facts: Any) -> Run:
    ended = None if code is None else at + timedelta(seconds=5)
    return Run(1, "orders", at, ended, code, "told", facts)


def slots_of(
    settings: Settings,
    now: datetime,
    ran: Sequence[Run] = (),
    began: datetime | None = EPOCH,
    days: int = 1,
) -> list[Slot]:
    return look_at_slots(settings, "orders", ran, window_of(now, days), began)


def looks(slots: Sequence[Slot]) -> dict[str, SlotLook]:
    """By the time of day; the times without any look are left out."""
    return {f"{s.at:%H:%M}": s.look for s in slots if s.look != SlotLook.NONE}


@pytest.mark.parametrize(
    ("code", "facts", "look"),
    [
        *((0, facts, SlotLook.WELL) for facts in ({}, {"sent": 3}, {"held_back": 0})),
        *((0, {"sent": 0}, SlotLook.IDLE), (5, {"sent": 0}, SlotLook.REJECTED)),
        *((6, {}, SlotLook.HELD), (None, {}, SlotLook.KILLED)),
        *((code, {}, SlotLook.FAILED) for code in (1, 3, 4, 130)),
    ],
)
def test_a_run_looks_as_it_ended(code: int | None, facts: dict[str, int], look: SlotLook) -> None:
    assert look_of(a_run(EPOCH, code, **facts), is_going_on=False) == look


def test_a_run_that_goes_on_is_not_killed_yet(settings: Settings, now: datetime) -> None:
    at = now.replace(hour=15, minute=27, second=1)
    for later, look in ((at + timedelta(minutes=1), SlotLook.ACTIVE), (now, SlotLook.KILLED)):
        assert looks(slots_of(settings, later, [a_run(at, None)]))["15:27"] == look


def test_times_without_a_run_are_missed_until_now_and_not_before_the_first_run(
    settings: Settings, now: datetime
) -> None:
    first = a_run(now.replace(hour=14, minute=27, second=3), sent=1)
    found = looks(slots_of(settings, now, [first], began=first.started))
    assert found == {"14:27": SlotLook.WELL, "14:57": SlotLook.MISSED, "15:27": SlotLook.MISSED}
    assert looks(slots_of(settings, now, [], began=None)) == {}, "never started"


def test_a_time_is_not_missed_before_it_is_five_minutes_late(
    settings: Settings, now: datetime
) -> None:
    at = now.replace(hour=15, minute=27, second=0)
    for late, look in ((0, SlotLook.NONE), (4, SlotLook.NONE), (5, SlotLook.MISSED)):
        (slot,) = [s for s in slots_of(settings, at + timedelta(minutes=late)) if s.at == at]
        assert slot.look == look


@pytest.mark.parametrize(
    ("at", "time"), [("26:30", "10:27"), ("27:00", "10:27"), ("56:58", "10:57"),
                     ("35:00", "10:27"), ("25:00", "09:57")]
)  # fmt: skip
def test_a_run_counts_to_the_time_at_which_it_was_due(
    settings: Settings, now: datetime, at: str, time: str
) -> None:
    minute, second = map(int, at.split(":"))
    run = a_run(now.replace(hour=10, minute=minute, second=second), 4)
    found = looks(slots_of(settings, now, [run]))
    assert [at for at, look in found.items() if look == SlotLook.FAILED] == [time]


def test_of_several_runs_at_one_time_the_last_counts(settings: Settings, now: datetime) -> None:
    ran = [a_run(now.replace(hour=10, minute=27), 4), a_run(now.replace(hour=10, minute=40), 0)]
    (slot,) = [s for s in slots_of(settings, now, ran) if f"{s.at:%H:%M}" == "10:27"]
    assert slot.look == SlotLook.WELL
    assert slot.runs == tuple(ran), "and both are told"


@pytest.mark.usefixtures("paris")
@pytest.mark.parametrize(
    ("day", "times", "without"),
    [
        (date(2026, 11, 25), 48, []),
        (date(2026, 3, 29), 46, [4, 5]),  # 02:00 to 03:00 is left out
        (date(2026, 10, 25), 48, []),  # 02:00 to 03:00 comes twice, and counts once
    ],
)
def test_a_day_has_the_half_hours_that_its_clock_shows(
    settings: Settings, day: date, times: int, without: list[int]
) -> None:
    evening = midnight(day + timedelta(days=1)) - timedelta(seconds=1)
    slots = slots_of(settings, evening)
    assert len(slots) == times
    assert {s.at.date() for s in slots} == {day}
    (strip,) = strips(slots, window_of(evening, 1))
    assert len(strip.cells) == HALF_HOURS
    assert [n for n, cell in enumerate(strip.cells) if not cell.slots] == without
    assert max(len(cell.slots) for cell in strip.cells) == 1


@pytest.mark.usefixtures("paris")
def test_a_run_in_the_hour_that_comes_twice_is_shown_and_none_is_missed(settings: Settings) -> None:
    evening = midnight(date(2026, 10, 26)) - timedelta(seconds=1)
    at = midnight(date(2026, 10, 25)).astimezone(UTC)
    ran = [a_run(at + timedelta(minutes=27 + 30 * n, seconds=1), 0) for n in range(50)]
    found = looks(slots_of(settings, evening, ran))
    assert set(found.values()) == {SlotLook.WELL}
    ran[5] = a_run(ran[5].started, 4)  # 02:57, followed by 02:27 and 02:57 once more
    assert set(looks(slots_of(settings, evening, ran)).values()) == {SlotLook.WELL}
    ran[7] = a_run(ran[7].started, 4)
    found = looks(slots_of(settings, evening, ran))
    assert [time for time, look in found.items() if look == SlotLook.FAILED] == ["02:57"]


def test_days_before_the_first_run_are_left_out(settings: Settings, now: datetime) -> None:
    first = a_run(now - timedelta(days=2))
    slots = slots_of(settings, now, [first], first.started, days=30)
    days = strips(slots, window_of(now))
    assert [day.day.day for day in days] == [25, 24, 23]
    assert days[1].count(SlotLook.MISSED) == 48


@pytest.mark.parametrize("minutes", [(0,), (0, 15, 30, 45), tuple(range(60))])
def test_any_schedule_fits_into_48_cells(
    settings: Settings, now: datetime, minutes: tuple[int, ...]
) -> None:
    schedule = settings.schedule.model_copy(update={"orders": minutes})
    every = settings.model_copy(update={"schedule": schedule})
    ran = [a_run(now.replace(hour=9, minute=minutes[0], second=2), 6)]
    (day,) = strips(slots_of(every, now, ran), window_of(now, 1))
    assert len(day.cells) == 48
    assert sum(len(cell.slots) for cell in day.cells) == 24 * len(minutes)
    assert day.cells[18].look == SlotLook.HELD


def test_what_did_not_go_well_in_a_row_is_one_incident_and_ends_with_its_day() -> None:
    well, failed, missed = SlotLook.WELL, SlotLook.FAILED, SlotLook.MISSED
    day = midnight(date(2026, 11, 25))
    kinds = [well, failed, SlotLook.NONE, failed, missed, well, failed]
    slots = [Slot(day + timedelta(hours=n), look) for n, look in enumerate(kinds)]
    found = list(incidents("stock", slots))
    assert [(i.look, len(i.slots)) for i in found] == [(failed, 2), (missed, 1), (failed, 1)]
    assert found[0].slots[-1].at == slots[3].at
    night = [Slot(day + timedelta(hours=12 + n), missed) for n in range(24)]
    assert [len(i.slots) for i in incidents("orders", night)] == [12, 12]
    assert Cell((slots[0], slots[4], slots[2])).look == missed, "the gravest"


def test_a_bar_is_a_day_whose_times_to_come_are_left_out(settings: Settings, now: datetime) -> None:
    times = [slot.at for slot in slots_of(settings, now)]
    ran = [a_run(at, 4 if n < 8 else 0, sent=1) for n, at in enumerate(times[:24])]
    (day,) = strips(slots_of(settings, times[23], ran), window_of(now, 1))
    found = [(part.look, round(part.start, 1), round(part.width, 1)) for part in shares(day)]
    assert found == [(SlotLook.WELL, 0.0, 33.3), (SlotLook.FAILED, 33.3, 16.7)]
