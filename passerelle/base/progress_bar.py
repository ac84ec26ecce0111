"""The line on the terminal, drawn by rich. Imported only when something is to be shown."""

import time
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Column

from passerelle.base.language import _, n_
from passerelle.base.progress import Step


class _Console(Console):
    """Leaves the cursor alone: a program that is killed meanwhile could not show it again."""

    def show_cursor(self, show: bool = True) -> bool:
        return False


class Bar:
    """One line: what is being done, how far it is, how long it has taken."""

    def __init__(self, stream: TextIO) -> None:
        no_wrap = Column(no_wrap=True, overflow="ellipsis")
        self._progress = Progress(
            SpinnerColumn("line"),  # a console in cp850 has no braille
            TextColumn("{task.description}", markup=False, table_column=no_wrap),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[figures]}", markup=False, table_column=no_wrap),
            console=_Console(file=stream),
            auto_refresh=False,
            transient=True,
            # Rich would lead what goes to stdout into stderr.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._progress.add_task("", total=None, figures="")
        (self._task,) = self._progress.tasks
        self._is_drawn = False

    def draw(self, step: Step) -> None:
        """Draws how far ``step`` is."""
        # What does not tell how far it is has no end to run towards.
        self._task.total = step.total if step.done else None
        self._task.completed = step.done
        self._task.description, self._task.fields["figures"] = step.text, _figures(step)
        if self._is_drawn:
            self._progress.refresh()
            return
        self._is_drawn = True
        self._progress.start()

    def close(self) -> None:
        """Erases the line."""
        self._progress.stop()


def _figures(step: Step) -> str:
    seconds = _("{n} s").format(n=int(time.monotonic() - step.started))
    amount = _amount(step) if step.done and step.unit else ""
    return f"{amount}  {seconds}" if amount else seconds


def _amount(step: Step) -> str:
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
