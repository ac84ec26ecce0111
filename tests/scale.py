"""How much of what can be tried is tried: ``--scale short`` (the default), ``ci`` or ``long``.

``short`` proves every promise once, in minutes, with what every machine has. ``ci`` adds real
servers, a browser, fire at more places. ``long`` tries all that can be tried, and takes hours.
``@scale.only("ci")`` keeps a test for that scale and the longer ones.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
SCALES = ("short", "ci", "long")
# Set before any test is collected.
_chosen = SCALES[0]


def choose(name: str) -> None:
    global _chosen
    _chosen = name


def pick(short: T, ci: T, long: T) -> T:
    """The one of these for the scale of this run."""
    return {"short": short, "ci": ci, "long": long}[_chosen]


def only(name: str) -> pytest.MarkDecorator:
    return pytest.mark.scale(name)


def first(*values: T) -> list[Any]:
    """For ``parametrize``: the first at each scale; what tells the same beside it from CI on."""
    return [values[0], *(pytest.param(value, marks=only("ci")) for value in values[1:])]


def is_due(marks: Sequence[pytest.Mark]) -> bool:
    """Whether a test with these marks belongs to the scale of this run."""
    least = [mark.args[0] if mark.name == "scale" else "ci" for mark in marks]
    return all(SCALES.index(name) <= SCALES.index(_chosen) for name in least)
