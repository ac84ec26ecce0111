"""``python -m tests.killing WHEN CLASS METHOD ARGS``: the program, killed at one step.

The product carries no hook for this: the step is wrapped from outside, and the process kills
itself ``before`` or ``after`` it, as a power cut would.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from passerelle.__main__ import main
from passerelle.model.servers import MARK_NAME


def die() -> None:
    """Dies at once: no cleanup, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(when: str, place: str, method: str) -> None:
    """Wraps ``method`` of the class at ``place`` (``module:Class``)."""
    module, _, name = place.partition(":")
    owner = getattr(importlib.import_module(module), name)
    step: Callable[..., Any] = getattr(owner, method)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        if any(MARK_NAME in str(arg) for arg in args[1:]):
            return step(*args, **kwargs)  # the next file is meant
        if when == "after":
            step(*args, **kwargs)
        return die()

    setattr(owner, method, deadly)


if __name__ == "__main__":
    kill_at(*sys.argv[1:4])
    sys.argv[1:4] = []
    main()
