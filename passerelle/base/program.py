"""This very program, as a process of its own."""

import subprocess
import sys
from pathlib import Path

# Whoever has no window opens none; whoever has one shares it, so that Ctrl+C ends both.
HIDDEN = getattr(subprocess, "CREATE_NO_WINDOW", 0) if sys.stdout is None else 0


def this_program(config: Path, *words: str) -> list[str]:
    """The command line that runs a command of this program with a config file."""
    executable, start = Path(sys.executable), ["-m", "passerelle"]
    if getattr(sys, "frozen", False):
        # The one without a window may have nowhere to print.
        console = executable.with_name("passerelle.exe")
        executable, start = (console if console.exists() else executable), []
    return [str(executable), *start, "--config", str(config), *words]
