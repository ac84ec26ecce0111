"""When the runs start, on days that the clock makes shorter or longer."""

from datetime import UTC, datetime, timedelta

import pytest

from passerelle.schedule.timetable import last_start, next_start, starts


@pytest.mark.usefixtures("paris")
@pytest.mark.parametrize(
    ("midnight", "hours", "times", "at_two"),
    [
        (datetime(2026, 11, 24, 23, tzinfo=UTC), 24, 48, ["02:27+0100", "02:57+0100"]),
        (datetime(2026, 3, 28, 23, tzinfo=UTC), 23, 46, []),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), 25, 48, ["02:27+0200", "02:57+0200"]),
    ],
)
def test_the_hour_that_the_clock_repeats_counts_once(
    midnight: datetime, hours: int, times: int, at_two: list[str]
) -> None:
    found = list(starts((27, 57), midnight, midnight + timedelta(hours=hours)))
    assert len(found) == times
    assert found == sorted(found)
    assert [f"{at:%H:%M%z}" for at in found if at.hour == 2] == at_two


@pytest.mark.parametrize(
    ("now", "before", "after"),
    [
        ("10:26:59", "09:57", "10:27"),
        ("10:27:00", "10:27", "10:57"),
        ("10:27:30", "10:27", "10:57"),
        ("10:58:00", "10:57", "11:27"),
        ("23:59:59", "23:57", "00:27"),
    ],
)
def test_a_start_that_has_begun_is_not_the_next(now: str, before: str, after: str) -> None:
    moment = datetime.fromisoformat(f"2026-11-22T{now}+01:00")
    assert f"{last_start((27, 57), moment):%H:%M}" == before
    assert f"{next_start((27, 57), moment):%H:%M}" == after
