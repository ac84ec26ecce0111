"""When the ERP's file must not reach the shop although every line of it reads well."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.base.errors import HeldError
from passerelle.rules.guards import check_age, check_drop, check_lines
from tests.unit import few, stock_settings

FILE = "ExportCSV.csv"
GUARDS = stock_settings().guards


class TestTheAge:
    @pytest.mark.parametrize("minutes", [0, 8, 24.9, 25, -2])
    def test_may_be_up_to_max_age_or_a_little_below_zero_since_clocks_differ(
        self, minutes: float
    ) -> None:
        check_age(timedelta(minutes=minutes), GUARDS, FILE)

    @pytest.mark.parametrize(
        ("minutes", "words"),
        [
            (25 + 1 / 60, "the file is 25 minutes old"),
            (-40, "dated 40 minutes in the future: ExportCSV"),
            (38, "the file is 38 minutes old, more than max_age allows (25): ExportCSV.csv: "
             "nothing was published; look whether the ERP still writes its stock"),
        ],
    )  # fmt: skip
    def test_holds_a_file_that_is_older_or_from_the_future(
        self, minutes: float, words: str
    ) -> None:
        with pytest.raises(HeldError) as held:
            check_age(timedelta(minutes=minutes), GUARDS, FILE)
        assert words in str(held.value)


@pytest.mark.parametrize(("guards", "least"), [({"min_lines": 100}, 100), ({}, 1)])
def test_the_lines_in_stock_must_be_as_many_as_min_lines(
    guards: dict[str, int], least: int
) -> None:
    settings = stock_settings(guards=guards).guards
    check_lines(least, settings, FILE)
    with pytest.raises(HeldError, match=rf"^{least - 1} lines? in stock, .*\({least}\)"):
        check_lines(least - 1, settings, FILE)
    check_lines(0, stock_settings(guards={"min_lines": 0}).guards, FILE)


class TestTheDrop:
    @pytest.mark.parametrize(("now", "before"), [(700, 1000), (1000, 1000), (2000, 1000), (5, 0)])
    def test_may_be_up_to_max_drop(self, now: int, before: int) -> None:
        check_drop(now, before, GUARDS, FILE)

    @pytest.mark.parametrize(
        ("now", "words"),
        [
            (699, "699 lines in stock instead of 1000"),
            (600, "600 lines in stock instead of 1000: 40% fewer, more than max_drop allows (30%): "
             "ExportCSV.csv: nothing was published; if that is right, "
             "`passerelle run stock --accept-drop`"),
        ],
    )  # fmt: skip
    def test_holds_a_bigger_one_and_says_how_to_publish_all_the_same(
        self, now: int, words: str
    ) -> None:
        with pytest.raises(HeldError) as held:
            check_drop(now, 1000, GUARDS, FILE)
        assert words in str(held.value)

    @few
    @given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1))
    def test_is_held_only_where_lines_are_missing(
        self, now: int, before: int, max_drop: float
    ) -> None:
        guards = stock_settings(guards={"max_drop": max_drop}).guards
        try:
            check_drop(now, before, guards, FILE)
        except HeldError:
            assert now < before * (1 - max_drop) + 1
        else:
            assert now >= before * (1 - max_drop) - 1

    def test_to_nothing_is_held_unless_all_may_go(self) -> None:
        with pytest.raises(HeldError, match="100% fewer"):
            check_drop(0, 10, stock_settings(guards={"max_drop": 0.99}).guards, FILE)
        check_drop(0, 10, stock_settings(guards={"max_drop": 1.0}).guards, FILE)
