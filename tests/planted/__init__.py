"""Faults planted in the product on purpose: would the tests notice?

Each ``*.toml`` here holds the faults of some rooms: what a shop would suffer, the promise that it
breaks, a text of the source (``old``, which stands there exactly once) and what is put in its
place (``new``), and the tests that ought to notice first. ``python -m tests.planted`` plants one
after another in a copy of the working tree, and says which test noticed.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROMISES = (
    "nothing lost, nothing doubled",
    "never empty the shop",
    "never half a file",
    "say what happened",
    "failure is not absence",
    "nothing is guessed silently",
    "every mend is safe",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``tests`` are arguments for pytest, ``file`` is a path below the root."""

    name: str
    suffers: str
    promise: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def planted(self, text: str) -> str:
        """The source with the fault. Raises :class:`LookupError` where it cannot be planted."""
        if (times := text.count(self.old)) != 1:
            raise LookupError(f"{self.file} has its text {times} times, not once")
        return text.replace(self.old, self.new)


def load() -> tuple[Fault, ...]:
    """All faults, in the order in which they stand in their files."""
    return tuple(_load())


def _load() -> Iterator[Fault]:
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        for values in tomllib.loads(path.read_text("utf-8"))["fault"]:
            yield Fault(**values | {"tests": tuple(values["tests"])})
