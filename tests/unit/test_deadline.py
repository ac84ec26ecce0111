"""A server's share of a run's time."""

from datetime import timedelta

import pytest

from passerelle.base.deadline import Deadline, Share
from passerelle.base.errors import TimeLimitError


class Clock:
    """A clock that goes on when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_server_that_is_away_uses_up_its_own_share_only() -> None:
    clock = Clock()
    whole = Deadline(timedelta(seconds=120), clock)
    share = Share(whole, timedelta(seconds=20), clock)
    clock.now = 15
    assert share.remaining() == 5
    clock.now = 21
    with pytest.raises(TimeLimitError, match="its whole share of the run's time"):
        share.remaining()
    assert whole.remaining() == 99
    share.renew()
    assert share.bounded(timedelta(seconds=30)) == 20


def test_no_share_outlasts_the_run() -> None:
    clock = Clock()
    share = Share(Deadline(timedelta(seconds=120), clock), timedelta(seconds=60), clock)
    clock.now = 119
    share.renew()
    assert share.remaining() == 1
    clock.now = 121
    with pytest.raises(TimeLimitError, match="the run took too long"):
        share.remaining()
