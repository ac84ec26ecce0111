"""This very program, as a process of its own."""

import sys
from pathlib import Path


def this_program(config: Path | None, *words: str) -> list[str]:
    """The command line that runs a command of this program, with a config file."""
    start = [] if getattr(sys, "frozen", False) else ["-m", "passerelle"]
    named = ["--config", str(config)] if config else []
    return [sys.executable, *start, *named, *words]
