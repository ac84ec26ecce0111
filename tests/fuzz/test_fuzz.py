"""A short search in every run of the tests; see the package for a long one."""

from typing import Any

import pytest

from tests import scale
from tests.fuzz import Target
from tests.fuzz.targets import TARGETS

CASES = scale.pick(40, 300, 5_000)


@pytest.mark.parametrize("target", [pytest.param(target, id=target.name) for target in TARGETS])
def test_no_bad_input_makes_a_crash_a_wrong_number_or_a_lost_order(target: Target[Any]) -> None:
    outcomes = target.run(CASES)
    if not target.reaches <= outcomes.keys():  # few cases, and each Hypothesis draws its own
        outcomes += target.run(5 * CASES)
    assert target.reaches <= outcomes.keys(), "the cases no longer reach what they should"
