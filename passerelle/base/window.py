"""The window of the console: whether it closes with this program, and when it waits to be read."""

import sys
from typing import Literal

from passerelle.base.errors import INTERRUPTED

Keep = Literal["never", "failed", "always"]
_keep: Keep = "never"


def keep(when: Keep) -> None:
    """From now on the window waits for a key in the end: where the command failed, or always."""
    global _keep
    _keep = when


def is_kept(code: int) -> bool:
    """Whether it waits after a command that ended with this exit code."""
    return _keep == "always" or (_keep == "failed" and code not in (0, INTERRUPTED))


def is_its_own() -> bool:
    """Whether Windows opened a console for this program alone: after a double click, not in cmd.

    A task that starts the program with a console has one of its own as well, but says a command.
    https://learn.microsoft.com/windows/console/getconsoleprocesslist
    """
    if sys.platform != "win32":
        return False
    import ctypes
    from ctypes import wintypes

    first_ones = (wintypes.DWORD * 2)()
    return int(ctypes.windll.kernel32.GetConsoleProcessList(first_ones, 2)) == 1
