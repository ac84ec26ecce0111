"""A person at a terminal: the program as a child on a pseudo terminal of its own (Linux only)."""

import os
import re
import select
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests import forking

CTRL_C, CTRL_BACKSLASH = b"\x03", b"\x1c"
_ERASED = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@dataclass(frozen=True)
class Session:
    """What a terminal was sent, control sequences included, and how the program ended."""

    exit_code: int
    screen: str

    @property
    def text(self) -> str:
        """What was sent, without control sequences."""
        return _ERASED.sub("", self.screen)

    @property
    def is_cursor_visible(self) -> bool:
        """Whether the last word about the cursor was to show it, if there was one."""
        words = re.findall(r"\x1b\[\?25([lh])", self.screen)
        return words[-1:] != ["l"]

    def lines(self) -> list[str]:
        """What a person sees at the end, line by line: a little terminal plays it."""
        rows, row, column = [""], 0, 0
        for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]", self.screen):
            if token == "\n":
                row += 1
                rows += [""] * (row + 1 - len(rows))
            elif token == "\r":
                column = 0
            elif token == "\x1b[2K":
                rows[row] = ""
            elif token.startswith("\x1b["):
                row -= int(token[2:-1] or 1) if token.endswith("A") else 0
            else:
                rows[row] = rows[row].ljust(column)[:column] + token + rows[row][column + 1 :]
                column += 1
        return [line.rstrip() for line in rows]


def run_at_terminal(
    *args: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    module: str = "passerelle",
    stdout: int | None = None,
    interrupt_at: str = "",
    key: bytes = CTRL_C,
    answers: Sequence[tuple[str, str]] = (),
    limit: float = 600,
) -> Session:
    """Runs the program; presses ``key`` once it has shown ``interrupt_at``.

    ``answers`` are questions with what is typed once each has been shown, one after the other.
    """
    import pty  # absent on Windows

    given = {"PYTHONIOENCODING": "utf-8", "TERM": "xterm", "COLUMNS": "100"}
    terminal, its_end = pty.openpty()
    child = forking.start(
        module,
        args,
        cwd=cwd,
        env=os.environ | given | dict(env or {}),
        streams=(its_end, its_end if stdout is None else stdout, its_end),
        terminal=True,
    )
    os.close(its_end)
    try:
        typed = [(question, f"{answer}\n".encode()) for question, answer in answers]
        keys = [*typed, *([(interrupt_at, key)] if interrupt_at else [])]
        screen = _watch(terminal, keys, time.monotonic() + limit)
    finally:
        os.close(terminal)
    return Session(child.wait() or 0, screen)


def _watch(terminal: int, keys: list[tuple[str, bytes]], end: float) -> str:
    seen, answered = b"", 0
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:  # Linux says so that the child has closed it
            break
        if not data:
            break
        seen += data
        if keys and keys[0][0] in _ERASED.sub("", seen[answered:].decode("utf-8", "replace")):
            if answered and len(keys) == 1 and keys[0][1] == CTRL_C:
                # A signal between a question and its read() would be seen after the read() only.
                time.sleep(0.3)
            answered = len(seen)
            os.write(terminal, keys.pop(0)[1])
    return seen.decode("utf-8", "replace")
