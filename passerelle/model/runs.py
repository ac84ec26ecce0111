"""The runs. A new one is a line here, a module in ``runs/``, and its minutes in ``[schedule]``."""

from typing import NamedTuple


class RunKind(NamedTuple):
    """``trace`` is the file that it writes to, ``options`` are its own on the command line.

    ``is_usual``: every installation has a task for it, and it is part of ``run all``. ``is_long``:
    it may take an hour, so it has locks of its own, and keeps no other run waiting.
    """

    trace: str
    options: tuple[str, ...] = ()
    is_usual: bool = True
    is_long: bool = False


TRACE_NAMES = ("Trace1.txt", "Trace2.txt", "Trace3.txt")
# By the name of its section in config.toml and of its story, ``runs/NAME.py: run_NAME``.
RUNS = {
    "orders": RunKind("Trace1.txt", ("all",)),
    "stock": RunKind("Trace2.txt", ("accept_drop",)),
    "pool": RunKind("Trace2.txt", ("accept",), is_usual=False),
    "tills": RunKind("Trace1.txt", ("accept",), is_usual=False),
    "sync": RunKind("Trace3.txt", ("target", "skus", "accept_drop"), is_usual=False, is_long=True),
}
USUAL = tuple(name for name, kind in RUNS.items() if kind.is_usual)


def trace_of(deed: str) -> str:
    """The trace of a run, or of what a person does by hand: ``pool accept`` is the pool's."""
    kind = RUNS.get(deed.partition(" ")[0])
    return kind.trace if kind else TRACE_NAMES[0]
