"""The morning's digest: once a day, whatever happens to clocks."""

from datetime import datetime, time

import pytest

from passerelle.health.alerts.digest import is_due

EIGHT = time(8)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        ("2026-11-25T08:03", "2026-11-26T07:57", False),
        ("2026-11-25T08:03", "2026-11-26T08:00", True),
        ("2026-11-25T08:03", "2026-11-26T23:57", True),
        ("2026-11-26T08:03", "2026-11-26T08:27", False),
        ("2026-11-26T08:03", "2026-11-27T08:27", True),
        # A machine that was off for a week sends one, not seven.
        ("2026-11-20T08:03", "2026-11-27T00:27", False),
        ("2026-11-20T08:03", "2026-11-27T08:27", True),
        # A clock that was set back, and a ledger that was put back.
        ("2026-11-27T08:03", "2026-11-26T09:00", False),
        ("2026-11-25T08:03", "2026-11-27T09:00", True),
    ],
)
def test_once_a_day_from_its_time_on(last: str, now: str, due: bool) -> None:
    assert is_due(EIGHT, at(last), at(now)) is due


def test_nothing_is_due_without_a_time_or_before_the_first_day_is_over() -> None:
    assert not is_due(None, at("2026-11-25T08:03"), at("2026-11-26T08:27"))
    assert not is_due(EIGHT, None, at("2026-11-26T08:27"))
