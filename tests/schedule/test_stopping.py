"""What ends a process raises Ctrl+C within the loop, and nothing is left changed behind it."""

import os
import signal
from collections.abc import Iterator

import pytest

from passerelle.schedule.loop import stoppable


@pytest.fixture
def hang_up_ignored() -> Iterator[None]:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


def test_a_service_s_stop_is_like_ctrl_c_and_only_within() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), stoppable():
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_loop_that_nohup_started_outlives_its_terminal(hang_up_ignored: None) -> None:
    with stoppable():
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
