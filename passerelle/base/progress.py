"""What is going on, shown to a person who has waited for longer than a second.

Rooms say what they are about (:func:`step`, :func:`each`) and how far they are (:func:`moved`).
Nothing comes of that unless a command asked for it (:func:`shown`) and a person looks at a
terminal. Then a thread of its own draws one line on stderr. It is gone when the outermost step
ends, so what is printed between steps stands alone; who prints within one calls :func:`hide` first.
"""

import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal, TextIO, TypeVar

from msgspec import Struct

from passerelle.base.language import _, n_

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")
Unit = Literal["", "bytes", "files", "lines"]
_PATIENCE = 1.0
_EVERY = 0.1


class Step(Struct):
    text: str
    total: int | None
    unit: Unit
    started: float
    done: int = 0


class _Screen:
    """One terminal. The innermost step is drawn, once nothing was printed for a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._steps = stream, list[Step]()
        self._silent_since = time.monotonic()
        self._bar: Progress | None = None
        self._lock, self._busy = threading.RLock(), threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def enter(self, step: Step) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._draw_on, name="progress", daemon=True)
            self._thread.start()
        with self._lock:
            self._steps.append(step)
            self._busy.set()

    def leave(self) -> None:
        with self._lock:
            self._steps.pop()
            if not self._steps:
                self._busy.clear()
                self._erase()

    def move(self, amount: int) -> None:
        # Without the lock, which a terminal that hangs may hold: only this thread counts.
        if self._steps:
            self._steps[-1].done += amount

    def hide(self) -> None:
        with self._lock:
            self._silent_since = time.monotonic()
            self._erase()

    def close(self) -> None:
        self._over.set()
        self._busy.set()
        with self._lock:
            self._steps.clear()
            self._erase()

    def _erase(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            with suppress(OSError, ValueError):
                bar.stop()

    def _draw_on(self) -> None:
        # A terminal that is gone, or that rich cannot draw on, must not fail the command.
        with suppress(Exception):
            while self._busy.wait() and not self._over.wait(_EVERY):
                if time.monotonic() - self._silent_since >= _PATIENCE:
                    self._draw()

    def _draw(self) -> None:
        # Before the lock, for loading rich takes a while: it holds nobody up.
        bar = self._bar or _line_on(self._stream)
        with self._lock:
            if not self._steps or self._over.is_set():
                return
            step, (task,) = self._steps[-1], bar.tasks
            # What does not tell how far it is has no end to run towards.
            task.total = step.total if step.done else None
            task.completed, task.description = step.done, step.text
            task.fields["figures"] = _figures(step)
            if self._bar is None:
                self._bar = bar
                bar.start()
            else:
                bar.refresh()


def _line_on(stream: TextIO) -> "Progress":
    """One line, not drawn yet: what is being done, how far it is, how long it has taken."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
    from rich.table import Column

    class Terminal(Console):
        """Leaves the cursor alone: a program that is killed meanwhile could not show it again."""

        def show_cursor(self, show: bool = True) -> bool:
            return False

    no_wrap = Column(no_wrap=True, overflow="ellipsis")
    bar = Progress(
        SpinnerColumn("line"),  # a console in cp850 has no braille
        TextColumn("{task.description}", markup=False, table_column=no_wrap),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[figures]}", markup=False, table_column=no_wrap),
        console=Terminal(file=stream),
        auto_refresh=False,
        transient=True,
        # Rich would lead what goes to stdout into stderr.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("", total=None, figures="")
    return bar


def _figures(step: Step) -> str:
    seconds = _("{n} s").format(n=int(time.monotonic() - step.started))
    amount = _amount(step) if step.done and step.unit else ""
    return f"{amount}  {seconds}" if amount else seconds


def _amount(step: Step) -> str:
    if step.unit == "lines":
        return n_("{n} line", "{n} lines", step.done)
    if step.unit == "files":
        if step.total is None:
            return n_("{n} file", "{n} files", step.done)
        return _("{done} of {total} files").format(done=step.done, total=step.total)
    if step.total is None:
        return _size(step.done)
    return _("{done} of {total}").format(done=_size(step.done), total=_size(step.total))


def _size(size: int) -> str:
    if size < 1_000_000:
        return _("{n} kB").format(n=-(-size // 1000))
    return _("{n} MB").format(n=f"{size / 1_000_000:.1f}")


_screen: _Screen | None = None


@contextmanager
def shown() -> Iterator[None]:
    """Shows the steps of this block to whoever looks at a terminal; in a pipe, not one byte."""
    global _screen
    before, screen = _screen, _watched()
    _screen = screen
    try:
        yield
    finally:
        _screen = before
        if screen is not None:
            screen.close()


@contextmanager
def step(text: str, total: int | None = None, unit: Unit = "") -> Iterator[None]:
    screen = _screen
    if screen is None:
        yield
        return
    screen.enter(Step(text, total, unit, time.monotonic()))
    try:
        yield
    finally:
        if screen is _screen:
            screen.leave()


def each(text: str, items: Iterable[T]) -> Iterator[T]:
    iterator = iter(items)
    while True:
        with step(text):
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item


def moved(amount: int) -> None:
    if _screen is not None:
        _screen.move(amount)


def hide() -> None:
    """Something is about to be printed: the line goes, and comes back after a silent second."""
    if _screen is not None:
        _screen.hide()


def _watched() -> _Screen | None:
    """The terminal on stderr, if a person sees it and stdout alike, and it can move its cursor."""
    if os.environ.get("TERM") in ("dumb", "unknown"):
        return None
    with suppress(OSError, ValueError):
        streams = sys.stdout, sys.stderr
        if all(stream is not None and stream.isatty() for stream in streams):
            return _Screen(sys.stderr)
    return None
