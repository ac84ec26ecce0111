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
    @pytest.mark.parametrize("minutes", [0, 8, 24.9, 25])
    def test_may_be_up_to_max_age(self, minutes: float) -> None:
        check_age(timedelta(minutes=minutes), GUARDS, FILE)

    def test_holds_an_older_file_and_says_how_old_it_is(self) -> None:
        with pytest.raises(HeldError) as held:
            check_age(timedelta(minutes=38), GUARDS, FILE)
        assert str(held.value) == (
            "the file is 38 minutes old, more than max_age allows (25): ExportCSV.csv: "
            "nothing was published; look whether the ERP still writes its stock"
        )

    def test_may_be_a_little_below_zero_since_clocks_differ(self) -> None:
        check_age(timedelta(minutes=-2), GUARDS, FILE)

    def test_holds_a_file_from_the_future_whose_age_nobody_knows(self) -> None:
        with pytest.raises(HeldError, match="dated 40 minutes in the future: ExportCSV"):
            check_age(timedelta(minutes=-40), GUARDS, FILE)

    def test_holds_a_file_that_is_a_second_too_old(self) -> None:
        with pytest.raises(HeldError):
            check_age(timedelta(minutes=25, seconds=1), GUARDS, FILE)


class TestTheLinesInStock:
    def test_must_be_as_many_as_min_lines(self) -> None:
        guards = stock_settings(guards={"min_lines": 100}).guards
        check_lines(100, guards, FILE)
        with pytest.raises(HeldError, match=r"99 lines in stock, .*min_lines asks for \(100\)"):
            check_lines(99, guards, FILE)

    def test_must_be_at_least_one_by_default(self) -> None:
        check_lines(1, GUARDS, FILE)
        with pytest.raises(HeldError):
            check_lines(0, GUARDS, FILE)

    def test_may_be_none_where_the_config_says_so(self) -> None:
        check_lines(0, stock_settings(guards={"min_lines": 0}).guards, FILE)


class TestTheDrop:
    @pytest.mark.parametrize(("now", "before"), [(700, 1000), (1000, 1000), (2000, 1000), (5, 0)])
    def test_may_be_up_to_max_drop(self, now: int, before: int) -> None:
        check_drop(now, before, GUARDS, FILE)

    def test_holds_a_bigger_one_and_says_how_to_publish_all_the_same(self) -> None:
        with pytest.raises(HeldError) as held:
            check_drop(600, 1000, GUARDS, FILE)
        assert str(held.value) == (
            "600 lines in stock instead of 1000: 40% fewer, more than max_drop allows (30%): "
            "ExportCSV.csv: nothing was published; if that is right, "
            "`passerelle run stock --accept-drop`"
        )

    def test_holds_the_first_line_too_few(self) -> None:
        with pytest.raises(HeldError):
            check_drop(699, 1000, GUARDS, FILE)

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
