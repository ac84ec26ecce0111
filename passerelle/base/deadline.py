"""The time that a whole run has left; every wait in it is bounded by this."""

import time
from collections.abc import Callable
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from passerelle.base.errors import TimeLimitError
from passerelle.base.language import _

T = TypeVar("T")
# Windows lets nobody interrupt a longer wait.
_GLANCE = 0.5


class Deadline:
    """Counts down from ``limit``; measured on a clock that nobody can set back."""

    def __init__(self, limit: timedelta, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._end = clock() + limit.total_seconds()

    def remaining(self) -> float:
        """Seconds left. Raises :class:`TimeLimitError` when there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise TimeLimitError(
                _("the run took too long"),
                f"time_limit = {self._limit.total_seconds():g}s",
                _("what was done is kept; the next run goes on from there"),
            )
        return left

    def bounded(self, wait: timedelta) -> float:
        """``wait`` in seconds, cut to what is left of the run."""
        return min(wait.total_seconds(), self.remaining())

    def sleep(self, wait: timedelta) -> None:
        """Waits, but not past the end of the run."""
        time.sleep(self.bounded(wait))
        self.remaining()

    def outlast(self, act: Callable[[], T]) -> T:
        """What ``act`` returns or raises; it may hang, as files on a dead share do.

        Then it is left behind, in a thread that keeps no program from ending, and
        :class:`TimeLimitError` is raised once the time is over.
        """
        self.remaining()  # what begins too late could end after the run
        answers = SimpleQueue[Callable[[], T]]()
        Thread(target=lambda: answers.put(_answer(act)), name="waiting", daemon=True).start()
        while True:
            try:
                answer = answers.get(timeout=min(self.remaining(), _GLANCE))
            except Empty:
                continue
            return answer()


class Share(Deadline):
    """A part of a run's time for one server, so that one that is away leaves some to the others.

    It is counted anew from each :meth:`renew`, and never outlasts the ``whole``.
    """

    def __init__(
        self, whole: Deadline, limit: timedelta, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(limit, clock)
        self._whole = whole

    def renew(self) -> None:
        self._end = self._clock() + self._limit.total_seconds()

    def remaining(self) -> float:
        """Seconds left of both. Raises :class:`TimeLimitError` when there are none."""
        whole, left = self._whole.remaining(), self._end - self._clock()
        if left <= 0:
            raise TimeLimitError(
                _("the server took its whole share of the run's time"),
                f"{self._limit.total_seconds():g}s",
                _("the others went on; the next run tries again"),
            )
        return min(whole, left)


def _answer(act: Callable[[], T]) -> Callable[[], T]:
    """What ``act`` did, to be done again elsewhere: returns its value, or raises its error."""
    try:
        value = act()
    except BaseException as error:
        raised = error

        def fail() -> T:
            raise raised

        return fail
    return lambda: value
