"""The figures of each day: exact sums, true medians, and each order on its own day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.health.report.charts import bars, ranges
from passerelle.health.report.days import (
    Delays,
    HeldBackDay,
    delays,
    figures,
    held_back,
    midnight,
    total,
    window_of,
)
from passerelle.model.records import Delivery, OrderTotal, Run

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def took(*minutes: float) -> list[Delivery]:
    return [Delivery(str(n), NOON, NOON + timedelta(minutes=m)) for n, m in enumerate(minutes)]


@given(st.lists(st.none() | st.decimals(-(10**30), 10**30, places=3), max_size=60))
def test_the_sum_of_days_is_exact_and_says_what_it_lacks(amounts: list[Decimal | None]) -> None:
    window = window_of(NOON, 5)
    sales = [OrderTotal(NOON - timedelta(days=n % 5), amount) for n, amount in enumerate(amounts)]
    known = [amount for amount in amounts if amount is not None]
    found = total(figures(window, sales, [], []))
    with localcontext(prec=60):
        assert found.revenue == sum(known, Decimal(0))
    assert (found.orders, found.unknown) == (len(amounts), len(amounts) - len(known))


@pytest.mark.parametrize(
    ("minutes", "median", "worst", "slowest"),
    [([7], 7, 7, "0"), ([9, 1, 5], 5, 9, "0"), ([1, 4, 30, 2], 3, 30, "2"), ([0, 0], 0, 0, "0")],
)
def test_the_median_is_the_middle_or_half_way_between_two(
    minutes: list[float], median: float, worst: float, slowest: str
) -> None:
    span, longest = timedelta(minutes=median), timedelta(minutes=worst)
    assert delays(took(*minutes)) == Delays(len(minutes), span, longest, slowest)
    assert delays([]) is None


def test_held_back_is_told_by_the_runs_of_stock_that_ended_well() -> None:
    def run(name: str, **facts: int) -> Run:
        return Run(1, name, NOON, NOON, 0, "", facts)

    ran = [run("stock", held_back=4, in_stock=90, lines=100), run("stock"), run("orders", sent=9),
           run("stock", held_back=1), run("stock", held_back=7, in_stock=88, lines=99)]  # fmt: skip
    assert held_back(ran) == HeldBackDay(1, 7, 7, 88, 99)
    assert held_back([run("stock"), run("orders", sent=1)]) is None


@pytest.mark.usefixtures("paris")
def test_an_order_counts_on_the_day_that_the_shop_s_clock_shows() -> None:
    window = window_of(datetime(2026, 11, 25, 12, tzinfo=UTC), 2)
    # 23:59, the day before; 00:00; 23:59; 00:00; tomorrow, by a wrong clock.
    times = ((23, 22, 59), (23, 23, 0), (24, 22, 59), (24, 23, 0), (25, 23, 0))
    sales = [
        OrderTotal(datetime(2026, 11, day, hour, minute, tzinfo=UTC), Decimal(2**number))
        for number, (day, hour, minute) in enumerate(times)
    ]
    found = figures(window, sales, [], [])
    assert {day.day.day: int(day.turnover.revenue) for day in found} == {24: 6, 25: 8}


@pytest.mark.usefixtures("paris")
@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_may_be_longer_or_shorter(day: date, hours: int) -> None:
    begin, end = midnight(day), midnight(day + timedelta(days=1))
    assert end.astimezone(UTC) - begin.astimezone(UTC) == timedelta(hours=hours)
    window = window_of(begin, 1)
    sales = [OrderTotal(begin.astimezone(UTC) + timedelta(minutes=30 * n), None) for n in range(60)]
    (only,) = figures(window, sales, [], [])
    assert only.turnover.orders == 2 * hours


@given(st.lists(st.floats(0, 1e9), max_size=40))
def test_bars_stay_in_their_drawing(values: list[float]) -> None:
    chart = bars(values, ["" for _ in values], "")
    assert len(chart.bars) == sum(value > 0 for value in values)
    for bar in chart.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= 100
        assert 15.9 <= bar.y <= bar.y + bar.height <= 86.1


def test_a_range_reaches_from_least_to_most_and_the_line_has_gaps() -> None:
    values = [(0.0, 10.0, 5.0), None, (5.0, 10.0, 10.0), (5.0, 5.0, 5.0)]
    chart = ranges(values, ["a", "b", "c", "d"], "10")
    told = [(bar.title, round(bar.height), bar.strong) for bar in chart.bars]
    assert told == [("a", 70, False), ("c", 35, False), ("d", 1, True)]
    (line,) = chart.lines
    assert (line.y1, line.y2) == (16.0, 51.0)
