"""When the ERP's file must not reach the shop although every line of it reads well."""

import re
from contextlib import nullcontext
from datetime import timedelta

import pytest

from passerelle.base.errors import HeldError
from passerelle.rules.guards import check_age, check_drop, check_lines
from tests.unit import stock_settings

FILE = "ExportCSV.csv"
GUARDS = stock_settings().guards


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        *((minutes, "") for minutes in (0, 8, 24.9, 25, -2)),
        (25 + 1 / 60, "the file is 25 minutes old"),
        (-40, "dated 40 minutes in the future: ExportCSV"),
        (38, "the file is 38 minutes old, more than max_age allows (25): ExportCSV.csv: "
         "nothing was published; look whether the ERP still writes its stock"),
    ],
)  # fmt: skip
def test_a_file_may_be_as_old_as_max_age_or_a_little_below_zero_since_clocks_differ(
    minutes: float, words: str
) -> None:
    with pytest.raises(HeldError, match=re.escape(words)) if words else nullcontext():
        check_age(timedelta(minutes=minutes), GUARDS, FILE)


@pytest.mark.parametrize(("guards", "least"), [({"min_lines": 100}, 100), ({}, 1)])
def test_the_lines_in_stock_must_be_as_many_as_min_lines(
    guards: dict[str, int], least: int
) -> None:
    settings = stock_settings(guards=guards).guards
    check_lines(least, settings, FILE)
    with pytest.raises(HeldError, match=rf"^{least - 1} lines? in stock, .*\({least}\)"):
        check_lines(least - 1, settings, FILE)
    check_lines(0, stock_settings(guards={"min_lines": 0}).guards, FILE)


@pytest.mark.parametrize(
    ("now", "before", "max_drop", "words"),
    [
        *((now, 1000, 0.3, "") for now in (700, 1000, 2000)),
        *((5, 0, 0.3, ""), (0, 10, 1.0, ""), (0, 10, 0.99, "100% fewer")),
        (699, 1000, 0.3, "699 lines in stock instead of 1000"),
        (600, 1000, 0.3, "600 lines in stock instead of 1000: 40% fewer, more than max_drop allows "
         "(30%): ExportCSV.csv: nothing was published; if that is right, "
         "`passerelle run stock --accept-drop`"),
    ],
)  # fmt: skip
def test_a_drop_may_be_up_to_max_drop(now: int, before: int, max_drop: float, words: str) -> None:
    guards = stock_settings(guards={"max_drop": max_drop}).guards
    with pytest.raises(HeldError, match=re.escape(words)) if words else nullcontext():
        check_drop(now, before, guards, FILE)
