"""The foreground loop for machines without a Task Scheduler, on the ``schedule`` package.

That package counts in local time without a zone. In the hour that the clock repeats in autumn its
next start is therefore still ahead, and nothing starts a second time; of the hour that is left out
in spring, and of a machine's sleep, it starts what was missed, which is refused here.
"""

import _thread
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from schedule import Job, Scheduler

from passerelle.base.circles import free_circles
from passerelle.base.errors import BusyError, PasserelleError, bug_in_words, lines_of
from passerelle.base.language import _
from passerelle.base.lock import locked
from passerelle.base.wording import minutes_in_words
from passerelle.schedule.timetable import Timetable

# A run may keep the next one waiting for so long; what comes later is missed.
_LATEST = timedelta(minutes=2)
# The next start is within the hour, or within two while the clock repeats one.
_FARTHEST = timedelta(hours=2, minutes=1)
_STEP = 1.0


class Loop:
    """Starts each run at its minutes. ``run`` carries one out, ``say`` and ``fail`` tell people."""

    def __init__(
        self,
        timetable: Timetable,
        run: Callable[[str], object],
        *,
        say: Callable[[str], None],
        fail: Callable[[str], None],
        now: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._timetable, self._run = timetable, run
        self._say, self._fail, self._now, self._sleep = say, fail, now, sleep
        self._scheduler = Scheduler()
        self._done: dict[tuple[str, int], datetime] = {}
        self._running = False

    def go_on(self) -> None:
        """Goes on until :class:`KeyboardInterrupt`, whatever the runs end with.

        Raises that only where it interrupted a run.
        """
        try:
            self._go_on()
        except KeyboardInterrupt:
            if self._running:
                raise
            self._say(_("stopped"))

    def _go_on(self) -> None:
        for run, minutes in self._timetable.items():
            words = _("run {run} starts at {minutes} of every hour")
            self._say(words.format(run=run, minutes=minutes_in_words(minutes)))
        self._plan()
        while True:
            self._scheduler.run_pending()
            self._notice_clock_set_back()
            self._sleep(_STEP)

    def _plan(self) -> None:
        self._scheduler.clear()
        self._done.clear()
        for run, minutes in self._timetable.items():
            for minute in minutes:
                job = self._scheduler.every().hour.at(f":{minute:02}")
                job.do(self._start, job, run, minute)

    def _start(self, job: Job, run: str, minute: int) -> None:
        planned, done = job.next_run, self._done.get((run, minute))
        if planned is None or (done and planned <= done):
            return  # the clock was set back while this very start was carried out
        self._done[run, minute] = planned
        late = self._local() - planned
        if late > _LATEST:
            missed = _("run {run} of {time} was missed and is not made up for")
            self._fail(missed.format(run=run, time=f"{planned:%H:%M}"))
            return
        self._say(_("run {run} of {time}").format(run=run, time=f"{planned:%H:%M}"))
        self._carry_out(run)

    def _carry_out(self, run: str) -> None:
        self._running = True
        try:
            self._run(run)
        except PasserelleError as error:
            for line in lines_of(error):
                self._fail(line)
        except Exception as error:
            self._fail(bug_in_words(error))
        free_circles()
        self._running = False

    def _notice_clock_set_back(self) -> None:
        coming = self._scheduler.next_run
        if coming is not None and coming - self._local() > _FARTHEST:
            self._say(_("the clock was set back: the runs go on by the time it tells now"))
            self._plan()

    def _local(self) -> datetime:
        return self._now().replace(tzinfo=None)


# Not the runs' own lock: between two runs a person may start one by hand.
FILE_NAME = "passerelle.lock.schedule"


@contextmanager
def the_only_loop(folder: Path) -> Iterator[None]:
    """Within it, no other loop starts in ``folder``. Raises as :func:`locked` does."""

    def busy() -> BusyError:
        what = _("another `passerelle schedule run` starts the runs already")
        mend = _("leave it to that one, or end it with Ctrl+C in its window")
        return BusyError(what, str(folder), mend)

    with locked(folder, FILE_NAME, busy):
        yield


# What else ends a process, where the system knows it.
_SIGNALS = ("SIGTERM", "SIGHUP")
_CTRL_C = 0
# Windows ends the process 5 seconds after its window was closed.
_PATIENCE = 4.5


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it, whatever asks the process to end raises :class:`KeyboardInterrupt`."""
    with ExitStack() as stack:
        for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
            # What is ignored stays so: `nohup` wants it.
            if (before := signal.getsignal(number)) != signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler)
                stack.callback(signal.signal, number, before)
        stack.enter_context(_closable())
        yield


@contextmanager
def _closable() -> Iterator[None]:
    """On Windows: the close button, Ctrl+Break, log-off and shutdown.

    Not through ``SIGBREAK``: the process ends as soon as that event's handler returns, so the
    handler, which has a thread of its own, waits here until the main thread is done.
    https://learn.microsoft.com/windows/console/handlerroutine
    """
    if sys.platform != "win32":
        yield
        return
    import ctypes
    from ctypes import wintypes

    done = threading.Event()

    @ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
    def handle(event: int) -> bool:
        if event == _CTRL_C:
            return False
        _thread.interrupt_main()
        done.wait(_PATIENCE)
        return True

    ctypes.windll.kernel32.SetConsoleCtrlHandler(handle, True)
    try:
        yield
    finally:
        done.set()
        ctypes.windll.kernel32.SetConsoleCtrlHandler(handle, False)
