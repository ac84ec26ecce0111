"""The pool's own rules, one by one."""

import pytest

from passerelle.base.errors import HeldError
from passerelle.config.columns import StockColumns
from passerelle.config.pool import Pool as PoolSection
from passerelle.config.stock import Guards, Stock
from passerelle.model.pool import LevelFile, PoolItem
from passerelle.rules.guards import check_gone
from passerelle.rules.pool.looking import judge
from passerelle.rules.pool.orders import count
from passerelle.rules.pool.plan import decide
from passerelle.rules.pool.terms import OrderLine, Plan, Rules, Seen, SharedStock, View
from passerelle.stock_csv_fix.levels import read_level_file

SETTINGS = Stock.model_construct(
    encoding="auto", separator="auto", columns=StockColumns(), guards=Guards()
)
FILE = (
    b"ID;Gencod;Nom;Stock\r\n"
    b'1;0370;"Bottine ""E"", noire";"5"\r\n'
    b"2;;Carte;999\r\n"
    b"3;371;Derby;2\r\n"
    b"4;0371;Derby;3\r\n"
    b"5;372;Sandale;beaucoup\r\n"
    b"6;373;Basket;7\r\n"
    b"7;375;Mule;3701234567890\r\n"
)


def shop(name: str, levels: dict[str, int], *lines: OrderLine, **more: object) -> Seen:
    rules = more.pop("rules", Rules())
    assert isinstance(rules, Rules)
    view = View(dict(levels)) if more.pop("met", True) else None
    return Seen(name, rules, LevelFile(name, levels), lines, view=view, **more)  # type: ignore[arg-type]


def plan(pool: dict[str, int], *seen: Seen) -> Plan:
    known = SharedStock({item: PoolItem(level, seen[0].shop) for item, level in pool.items()})
    return decide(seen, known, count(seen, known))


# --- the file of levels ----------------------------------------------------------------------


def test_what_cannot_take_part_is_told_with_its_lines() -> None:
    found = read_level_file(FILE, SETTINGS, "a.csv", "x")
    assert found.levels == {"370": 5, "373": 7}
    assert found.nameless == (3,)
    assert found.twice == {"371": (4, 5)}
    assert [str(fault) for fault in found.faults] == [
        'a.csv:6: quantity: "beaucoup" is no whole number',
        'a.csv:8: quantity: "3701234567890" is no whole number',
    ]


def test_only_quantities_are_written() -> None:
    found = read_level_file(FILE, SETTINGS, "a.csv", "x")
    assert found.rewritten({"370": 4, "373": 10}) == FILE.replace(b'"5"', b'"4"').replace(
        b";7\r", b";10\r"
    )
    assert found.rewritten({}) == FILE


def test_a_line_is_known_again_under_another_number() -> None:
    before = read_level_file(FILE, SETTINGS, "a.csv", "x")
    after = read_level_file(FILE.replace(b"373", b"374"), SETTINGS, "a.csv", "x")
    seen = Seen("a", Rules(), after, view=View(before.levels, marks=before.marks))
    known = SharedStock({item: PoolItem(level, "a") for item, level in before.levels.items()})
    (found,) = decide([seen], known, count([seen], known)).shops
    assert found.renamed == (("373", "374"),)


# --- the arithmetic --------------------------------------------------------------------------


def test_a_sale_in_one_shop_shows_in_all() -> None:
    line = OrderLine("7", "1", 1)
    sold = Seen("b", Rules(), LevelFile("b", {"1": 99}), [line], view=View({"1": 100}))
    found = plan({"1": 100}, shop("a", {"1": 100}), sold)
    assert found.levels == {"1": 99}
    assert [one.changes for one in found.shops] == [{"1": (100, 99)}, {}]
    assert [one.held for one in found.shops] == [{}, {}]


def test_the_shop_where_an_item_was_first_seen_wins() -> None:
    found = plan({}, shop("b", {"1": 100}, met=False), shop("a", {"1": 3}, met=False))
    assert found.levels == {"1": 100}
    assert found.shops[1].changes == {"1": (3, 100)}


def test_what_is_excluded_takes_no_part() -> None:
    rules = Rules(exclude=frozenset({"2"}))
    found = plan({"2": 10}, shop("a", {"2": 9}, OrderLine("7", "2", 1), rules=rules))
    assert (found.levels, found.shops[0].changes) == ({"2": 10}, {})


def test_where_the_erp_owns_the_levels_a_shop_s_own_is_written_over() -> None:
    seen = shop("a", {"1": 10})
    known = SharedStock({"1": PoolItem(10, "a")})
    found = decide([seen], known, count([seen], known), {"1": 6})
    assert found.edits == ()
    assert found.shops[0].changes == {"1": (10, 6)}


@pytest.mark.parametrize(
    ("others", "moves", "shown", "difference"),
    [
        ((), (), 100, 0),
        ((), (-2,), 98, 0),
        ((), (-2,), 100, 0),  # an import wrote over the sale, or it does not show yet
        ((97,), (), 97, 0),  # the write was lost
        ((), (), 150, 50),
        # The sale shows by now: if it does not yet, the next file tells another difference.
        ((), (-2,), 150, 52),
        ((), (-2,), 97, -1),
    ],
)
def test_only_what_nothing_explains_is_a_difference(
    others: tuple[int, ...], moves: tuple[int, ...], shown: int, difference: int
) -> None:
    assert judge(100, others, moves, shown).difference == difference


def test_what_was_told_before_a_file_was_taken_may_have_been_written_over() -> None:
    # The shop told 99 after its sale, then took the file that says 100: it may show either now.
    found = judge(100, (), (-1,), 99, was_taken=True)
    assert {found.level, *found.others} >= {99, 100}


def test_two_lines_that_are_alike_tell_no_renamed_item() -> None:
    seen = Seen("a", Rules(), LevelFile("a", {"3": 1, "4": 1}, marks={"3": 7, "4": 7}),
                view=View({"1": 1, "2": 1}, marks={"1": 7, "2": 7}))  # fmt: skip
    assert plan({"1": 1, "2": 1}, seen).shops[0].renamed == ()


def test_a_shop_s_file_that_lacks_many_items_is_held() -> None:
    settings = PoolSection.model_construct(max_drop=0.3, max_change=0.5)
    seen = Seen("a", Rules(), LevelFile("a", {"1": 5}), view=View(dict.fromkeys("123456", 5)))
    with pytest.raises(HeldError, match="5 of 6 items are gone from the file"):
        check_gone(seen, settings)
    unreadable = LevelFile("a", {"1": 5}, lines=dict.fromkeys("123456", 2))
    check_gone(Seen("a", Rules(), unreadable, view=seen.view), settings)
