"""The pool's rules as tables: what an order moves, what a shop gets, when a run is held."""

from dataclasses import replace

import pytest

from passerelle.base.errors import HeldError
from passerelle.config.pool import Pool as PoolSection
from passerelle.model.pool import LevelFile, PoolItem, Suspect
from passerelle.rules.guards import check_amount
from passerelle.rules.pool.looking import judge
from passerelle.rules.pool.orders import count
from passerelle.rules.pool.plan import decide
from passerelle.rules.pool.terms import (
    OrderLine,
    Plan,
    Rules,
    Seen,
    SharedStock,
    View,
)

LIMITS = PoolSection.model_construct(max_drop=0.3, max_change=0.5)


def plan(pool: dict[str, int], *seen: Seen, erp: dict[str, int] | None = None) -> Plan:
    known = SharedStock({item: PoolItem(level, "a") for item, level in pool.items()})
    return decide(seen, known, count(seen, known), erp)


def shop(
    levels: dict[str, int],
    *lines: OrderLine,
    known: int | None = None,
    shown: dict[str, int] | None = None,
    buffer: int = 0,
    **more: object,
) -> Seen:
    """A shop that shows ``levels``, and is known to have shown ``shown``; order 7 counted so far
    for ``known``."""
    before = {} if known is None else {("7", "1"): known}
    view = View(levels if shown is None else shown)
    file = LevelFile("a", levels)
    return Seen("a", Rules(buffer), file, lines, before, view, **more)  # type: ignore[arg-type]


class TestAnOrder:
    @pytest.mark.parametrize(
        ("line", "known", "level"),
        [
            (OrderLine("7", "1", 2), None, 98),
            (OrderLine("7", "1", 2), 2, 100),
            (OrderLine("7", "1", 3), 2, 99),
            (OrderLine("7", "1", 1), 2, 101),
            (OrderLine("7", "1", 2, cancelled=True), 2, 102),
            (OrderLine("7", "1", 2, cancelled=True), 0, 100),
            (OrderLine("7", "1", 2, cancelled=True), None, 100),
            (OrderLine("7", "9", 2), None, 100),
        ],
    )
    def test_moves_the_pool_by_what_it_counts_more_than_before(
        self, line: OrderLine, known: int | None, level: int
    ) -> None:
        found = plan({"1": 100}, shop({"1": 100}, line, known=known))
        assert found.levels == {"1": level}
        assert sum(move.quantity for move in found.counted.moves) == level - 100

    @pytest.mark.parametrize("cancelled", [True, False])
    @pytest.mark.parametrize("known", [None, 2])
    def test_of_a_newcomer_moves_nothing(self, cancelled: bool, known: int | None) -> None:
        line = OrderLine("7", "1", 2, cancelled=cancelled)
        found = plan({"1": 100}, shop({"1": 7}, line, known=known, is_newcomer=True))
        assert (found.levels, found.counted.moves) == ({"1": 100}, ())
        counts = 0 if cancelled else 2
        assert [mark.quantity for mark in found.counted.marks] == [counts] * (counts != known)


class TestAShopGets:
    @pytest.mark.parametrize(
        ("level", "buffer", "target"), [(10, 0, 10), (10, 3, 7), (2, 3, 0), (0, 0, 0), (-4, 0, 0)]
    )
    def test_the_pool_s_level_less_its_buffer_and_never_less_than_none(
        self, level: int, buffer: int, target: int
    ) -> None:
        found = plan({"1": 50}, shop({"1": 50}, buffer=buffer), erp={"1": level})
        (changes,) = [one.changes for one in found.shops]
        assert changes == ({} if target == 50 else {"1": (50, target)})

    def test_nothing_of_an_item_that_any_shop_has_twice(self) -> None:
        twice = Seen("b", Rules(), LevelFile("b", {}, twice={"1": (2, 3)}), view=View())
        found = plan({}, shop({"1": 4}, shown={}), twice)
        assert found.counted.barred == {"1"}
        assert not found.levels
        assert [one.changes for one in found.shops] == [{}, {}]


@pytest.mark.parametrize(
    ("before", "level", "missing"), [(1, -1, 1), (1, 0, None), (-1, -1, None), (-1, -3, 3)]
)
def test_what_was_sold_once_too_often_is_told_once(
    before: int, level: int, missing: int | None
) -> None:
    found = plan({"1": before}, shop({"1": 0}), erp={"1": level})
    assert [one.changes for one in found.shops] == [{}]
    assert [(one.item, one.missing) for one in found.shortfalls] == (
        [("1", missing)] if missing else []
    )


class TestADifference:
    @pytest.mark.parametrize(
        ("reads", "is_fresh", "edits", "held"),
        [(None, True, [], 1), (None, False, [], 1), (1, False, [], 1), (1, True, [50], None)],
    )
    def test_is_a_change_by_hand_once_two_files_tell_it(
        self, reads: int | None, is_fresh: bool, edits: list[int], held: int | None
    ) -> None:
        suspects = {"1": Suspect(50, reads)} if reads else {}
        seen = shop({"1": 150}, shown={"1": 100}, suspects=suspects, is_fresh=is_fresh)
        found = plan({"1": 100}, seen)
        assert [edit.difference for edit in found.edits] == edits
        assert [one.reads for one in found.shops[0].held.values()] == ([held] if held else [])

    @pytest.mark.parametrize("shown", [100, 98, 95, 93])
    def test_is_none_where_some_of_the_orders_explain_it(self, shown: int) -> None:
        assert judge(100, (), (-2, -5), shown).difference == 0

    @pytest.mark.parametrize("shown", [99, 97, 92, 101])
    def test_is_one_where_no_orders_explain_it(self, shown: int) -> None:
        assert judge(100, (), (-2, -5), shown).difference == shown - 93


class TestARunIsHeld:
    @pytest.mark.parametrize(
        ("zeroed", "changed", "message"),
        [
            (3, 0, None),
            (4, 0, "4 of 10 items would be set to 0 in a, more than max_drop allows"),
            (0, 5, None),
            (0, 6, "6 of 10 items would change in a, more than max_change allows"),
            (10, 0, "set to 0"),
        ],
    )
    def test_where_a_shop_would_change_too_much(
        self, zeroed: int, changed: int, message: str | None
    ) -> None:
        before = dict.fromkeys("0123456789", 5)
        new = [0] * zeroed + [4] * changed + [5] * (10 - zeroed - changed)
        found = plan(before, shop(before), erp=dict(zip(before, new, strict=True)))
        if message is None:
            check_amount(found.shops, LIMITS)
        else:
            with pytest.raises(HeldError, match=message):
                check_amount(found.shops, LIMITS)

    @pytest.mark.parametrize(("newcomer", "joining"), [(True, False), (False, True)])
    def test_not_for_one_that_joins_and_is_written_over_on_purpose(
        self, newcomer: bool, joining: bool
    ) -> None:
        before = dict.fromkeys("0123456789", 5)
        seen = replace(shop(before), is_newcomer=newcomer, is_joining=joining)
        check_amount(plan(before, seen, erp=dict.fromkeys(before, 0)).shops, LIMITS)

    def test_not_for_the_last_two_items_of_a_small_pool(self) -> None:
        found = plan({"1": 1, "2": 1}, shop({"1": 1, "2": 1}), erp={"1": 0, "2": 0})
        check_amount(found.shops, LIMITS)
