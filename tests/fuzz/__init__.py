"""Bad input of every kind: never a traceback, never a wrong number, never a lost order.

A target is a strategy for cases, and a check that judges what the product made of one: it
returns the outcome's name, or fails. ``test_fuzz.py`` tries some hundreds of cases in every run
of the tests; a long search is

    python -m tests.fuzz --cases 100000
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Case = TypeVar("Case")


@dataclass(frozen=True)
class Target(Generic[Case]):
    """Cases, and the check that each must pass.

    ``reaches`` are the outcomes that even a short run must meet: what only ever sees files
    refused proves nothing. ``share`` is its part of a long run.
    """

    name: str
    cases: st.SearchStrategy[Case]
    check: Callable[[Case], str]
    reaches: frozenset[str]
    share: int = 1

    def run(self, cases: int) -> Counter[str]:
        """Tries that many cases; returns how often each outcome was met.

        Raises the check's own :class:`AssertionError`, or whatever the product let through, for
        the smallest case that fails.
        """
        outcomes: Counter[str] = Counter()

        @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=_ALL)
        @given(self.cases)
        def attempt(case: Case) -> None:
            outcomes[self.check(case)] += 1

        attempt()
        return outcomes


_ALL = list(HealthCheck)


def assert_readable(message: str, place: str) -> None:
    """A message for people: one line, not endless, without control characters, with its place."""
    assert place in message, message
    assert message.isprintable() or not any(ord(c) < 32 or ord(c) == 127 for c in message), message
    assert len(message) < 2000, f"{len(message)} characters"
