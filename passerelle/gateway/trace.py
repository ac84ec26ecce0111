"""Trace1 (orders), Trace2 (stock) and the console: what a run says, through loguru.

Traces are UTF-8, one block a run, local time with offset, in words for a shop's staff. A trace
that cannot be written (held open, disk full) never fails a run: the console says so instead.
"""

import sys
import traceback
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from passerelle.base.durable import private
from passerelle.base.language import _, n_
from passerelle.base.progress import hide
from passerelle.base.wording import fitted
from passerelle.model.runs import trace_of

if TYPE_CHECKING:
    from loguru import Message

    from passerelle.base.errors import PasserelleError


class RunTrace:
    """What one run says: to its trace file and to the console.

    ``say`` tells what happened, ``warn`` what a person should look at. With ``folder`` ``None``
    (a dry run) only the console hears.
    """

    def __init__(self, run: str, folder: Path | None, *, console: bool = True) -> None:
        self._path = folder / trace_of(run) if folder else None
        self._silent = False
        self.screen = _Readable(self._path.name.removesuffix(".txt") if self._path else "")
        _listen()
        self._log = logger.bind(trace=self, at="", console=console)

    def begin(self, title: str, at: datetime) -> None:
        """Opens the run's block."""
        self._to_file(f"=== {title} ===", at)

    def say(self, text: str, at: datetime) -> None:
        """One sentence to the trace and the console."""
        self._log.bind(at=_stamp(at)).info("{}", text)

    def warn(self, text: str, at: datetime) -> None:
        """One sentence that asks for a person's attention."""
        self._log.bind(at=_stamp(at), warning=True).warning("{}", f"! {text}")

    def note(self, text: str, at: datetime) -> None:
        """One such sentence to the trace alone: it is no part of what the run has to tell."""
        self._to_file(f"! {text}", at)

    def fail(self, error: "PasserelleError", at: datetime) -> None:
        """Why the run ended; the console hears it from the command line's own error line."""
        self._to_file(f"! {error}", at)

    def crash(self, error: BaseException, at: datetime) -> None:
        """A bug's traceback, without the message: that may hold a customer's words."""
        text = _("a fault in Passerelle itself: {kind}").format(kind=type(error).__name__)
        self._to_file(f"! {text}", at)
        for line in "".join(traceback.format_tb(error.__traceback__)).splitlines():
            self._to_file(line, at)

    def end(self, text: str, at: datetime) -> None:
        """Closes the run's block."""
        self.screen.rest()
        self._to_file(f"{text}\n", at)

    def _to_file(self, text: str, at: datetime) -> None:
        self._log.bind(at=_stamp(at), console=False).info("{}", text)

    def write(self, line: str) -> None:
        """Adds a line, with its end, to the trace file, if there is one."""
        if self._path is None:
            return
        try:
            # Opened anew each time: between two lines anybody may read or move the file.
            with open(self._path, "a", encoding="utf-8", opener=private) as file:
                file.write(line)
        except OSError as error:
            if not self._silent:
                self._silent = True
                text = _("{name} cannot be written ({reason}): {path}").format(
                    name=self._path.name, reason=error.strerror, path=self._path
                )
                _print(f"! {text}\n")


# Of one kind so many lines are read on a screen; the trace has all.
MOST = 20


class _Readable:
    """What a person sees of a run: of many lines of one kind in a row the first, and how many more.

    Without a ``trace`` to look into, as in a dry run, all of them.
    """

    def __init__(self, trace: str) -> None:
        self._trace, self._kind, self._shown = trace, "", 0

    def show(self, line: str) -> None:
        kind = _kind_of(line)
        if kind != self._kind:
            self.rest()
            self._kind = kind
        self._shown += 1
        if self._shown <= MOST or not self._trace:
            _print(line)

    def rest(self) -> None:
        """Says what of the last kind was not shown."""
        more = self._shown - MOST
        self._kind, self._shown = "", 0
        if more > 0 and self._trace:
            text = n_("and {n} more, see {trace}", "and {n} more, see {trace}", more,
                      trace=self._trace)  # fmt: skip
            _print(f"  {text}\n")


def _kind_of(line: str) -> str:
    """Its first words, whatever id is among them: texts begin with what they are about."""
    words = line.split(maxsplit=3)[:3]
    return " ".join("#" if any(sign.isdecimal() for sign in word) else word for word in words)


@cache
def _listen() -> None:
    """One sink for the whole process: loguru takes longer to add one than to tell a run."""
    logger.remove()
    logger.add(_deliver, format="{message}", catch=False)


def _deliver(message: "Message") -> None:
    extra = message.record["extra"]
    if isinstance(extra.get("trace"), RunTrace):
        extra["trace"].write(f"{extra['at']}  {message}")
        if extra["console"]:
            extra["trace"].screen.show(str(message))


def _stamp(at: datetime) -> str:
    return at.astimezone().isoformat(sep=" ", timespec="seconds")


def _print(message: str) -> None:
    """Prints to a console that may be absent (windowed .exe) or lack characters (cp850)."""
    stream = sys.stdout
    if stream is None:
        return
    hide()
    with suppress(OSError, ValueError):
        encoding = stream.encoding or "utf-8"
        stream.write(fitted(message).encode(encoding, errors="replace").decode(encoding))
        stream.flush()
