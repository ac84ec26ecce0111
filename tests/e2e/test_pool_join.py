"""Joining the pool, leaving it, and what is told around it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.members import copy_of, join_once
from tests.pools import PoolWorld, make_pool
from tests.servers.fixtures import Houses, NewServer
from tests.shell import run_program

ITEMS = [str(3700000000000 + n) for n in range(10)]
A = ITEMS[0]


@pytest.fixture
def strangers(tmp_path: Path, new_server: NewServer) -> PoolWorld:
    """Three shops of which none takes part yet."""
    return make_pool(tmp_path, [new_server("folder") for _ in range(3)])


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory, houses: Houses) -> PoolWorld:
    return join_once(tmp_path_factory, houses, "fr", "be", "nl")


@pytest.fixture
def pool(joined: PoolWorld, tmp_path: Path, new_server: NewServer) -> PoolWorld:
    """Three members."""
    return copy_of(joined, tmp_path, new_server)


# --- joining -----------------------------------------------------------------------------------


def test_what_the_newcomer_sold_before_moves_nothing_and_what_it_sells_then_counts(
    strangers: PoolWorld,
) -> None:
    pool = strangers
    pool["be"].sells("1", A, 30)
    pool.cycle()
    pool.run_well("pool", "join", "be", "--via", "fr")
    pool["be"].sells("2", A, 30)
    pool.all_write()
    pool.run_well("pool", "accept", "be")
    pool["be"].sells("3", A, 2)
    pool.all_take()
    pool.cycle()
    pool.cycle()
    assert pool.levels(A)[:2] == [98, 98]


def test_while_a_join_runs_the_shop_gets_nothing_else(strangers: PoolWorld) -> None:
    pool = strangers
    pool.cycle()
    pool["be"].levels = dict.fromkeys(ITEMS, 7)
    pool.all_write()
    pool.joins("be", via="fr")
    first = pool["be"].waiting.read_bytes()
    pool["fr"].sells("1", A)
    pool.all_write()
    pool.run_well("run", "pool")
    assert pool["be"].waiting.read_bytes() == first
    assert "joining" in pool.run_well("pool", "status")
    pool["be"].takes()
    pool["fr"].writes()
    pool.run_well("run", "pool")  # between its import and its export nothing is held
    pool.all_take()
    pool.cycle()
    assert pool.levels(A)[:2] == [99, 99]
    assert "joining" not in pool.run_well("pool", "status")


def test_a_shop_that_leaves_keeps_its_levels_and_may_come_back_through_any_member(
    pool: PoolWorld,
) -> None:
    assert "be has left the pool" in pool.run_well("pool", "leave", "be")
    pool["fr"].sells("1", A)
    pool["be"].sells("2", A, 5)
    pool.cycle()
    assert pool.levels(A) == [99, 95, 99]
    pool.joins("be", via="nl")
    pool.all_take()
    pool.cycle()
    assert pool.levels(A) == [99, 99, 99]
    pool["be"].sells("3", A)
    pool.cycle()
    assert pool.levels(A) == [98, 98, 98]


def test_when_all_have_left_whoever_begins_again_brings_the_levels_and_no_orders(
    pool: PoolWorld,
) -> None:
    pool["nl"].sells("1", A)
    pool.cycle()
    for name in pool.shops:
        pool.run_well("pool", "leave", name)
    pool["nl"].cancels("1")
    pool["nl"].levels[A] = 42
    pool.all_write()
    assert "no shop takes part" in pool.run_well("run", "pool")
    assert "nl begins the pool" in pool.run_well("pool", "join", "be", "--via", "nl")
    pool.run_well("pool", "accept", "be")
    pool.all_take()
    pool.cycle()
    assert pool.levels(A) == [99, 42, 42]


def test_an_accept_that_cannot_read_the_newcomer_is_asked_again(strangers: PoolWorld) -> None:
    pool = strangers
    pool.cycle()
    pool.run_well("pool", "join", "be", "--via", "fr")
    root = pool["be"].server.root
    away = root.rename(root.with_name("away"))
    assert pool.run("pool", "accept", "be").exit_code == 4
    away.rename(root)
    asked = "- be has asked to join the pool, and gets nothing until it is accepted"
    pool.fails("status", "--strict", code=6, words=asked)
    pool.run_well("pool", "accept", "be")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("join de --via fr", "no shop is named de: [pool.shops]: its shops are: fr"),
        ("join fr --via fr", "fr cannot join through itself"),
        ("join be --via nl", "nl is no member of the pool: --via: name one of these"),
        ("accept be", "be has not asked to join: `passerelle pool join be --via MEMBER`"),
        ("leave be", "be takes no part in the pool"),
    ],
)
def test_what_cannot_be_done_says_what_can(strangers: PoolWorld, words: str, told: str) -> None:
    strangers.cycle()
    strangers.fails("pool", *words.split(), code=2, words=told)


def test_nobody_is_accepted_through_a_shop_that_has_left(pool: PoolWorld) -> None:
    pool.run_well("pool", "leave", "nl")
    pool.run_well("pool", "join", "nl", "--via", "be")
    pool.run_well("pool", "leave", "be")
    pool.fails("pool", "accept", "nl", code=2, words="be is no member of the pool")


# --- around it ---------------------------------------------------------------------------------


def test_a_shop_that_never_takes_its_file_holds_nobody_and_is_told(pool: PoolWorld) -> None:
    def half_hour(order: str) -> None:
        pool["fr"].sells(order, A)
        pool.all_write()
        pool.run_well("run", "pool")
        pool["fr"].takes()
        pool["be"].takes()

    half_hour("1")
    with closing(sqlite3.connect(pool.folder / "data" / "passerelle.db")) as ledger, ledger:
        ledger.execute("UPDATE pool_shops SET changed = '2026-01-01T00:00:00+00:00'")
        old = "UPDATE dispatches SET prepared = '2026-01-02T00:00:00+00:00' WHERE stage = 'sent'"
        ledger.execute(old)
    half_hour("2")
    half_hour("3")
    assert pool.levels(A)[:2] == [97, 97] and pool["nl"].told()[A] == 97
    told = pool.concerns()
    assert {key for key in told if key.startswith("not_taken")} == {"not_taken:pool nl"}
    assert told["not_taken:pool nl"] == "nl has not taken the levels that were written for it"
    pool.all_take()
    pool.cycle()
    assert pool.levels(A) == [97, 97, 97]
    assert "not_taken:pool nl" not in pool.concerns()


def test_accepted_once_is_accepted_until_the_shop_takes_it(pool: PoolWorld) -> None:
    pool["fr"].levels |= dict.fromkeys(ITEMS[:8], 99)  # by hand
    pool.cycle()
    pool.all_write()
    assert pool.run("run", "pool").exit_code == 6
    pool.run_well("run", "pool", "--accept")
    for _ in range(2):
        pool.all_write()
        pool.run_well("run", "pool")
    pool.all_take()
    pool.cycle()
    assert pool.levels(ITEMS[7]) == [99, 99, 99]


def test_items_that_leave_a_shop_s_file_are_told_and_order_lines_without_one_are_nobody_s(
    pool: PoolWorld,
) -> None:
    pool["fr"].orders["1"] = ("2026-11-22 10:00:00", "", 1, "Paiement accepté")
    for item in ITEMS[:2]:
        del pool["fr"].levels[item]
    gone = f"fr-stock.csv: 2 items are gone and are not written there: {', '.join(ITEMS[:2])}"
    assert gone in pool.cycle()
    assert "are gone" not in pool.cycle()


def test_a_member_that_is_not_in_the_config_is_a_concern(pool: PoolWorld) -> None:
    del pool.shops["nl"]
    pool.configure()
    assert "asked:pool nl" in pool.concerns()
    pool.run_well("pool", "leave", "nl")
    assert "asked:pool nl" not in pool.concerns()


def test_an_oversold_item_is_told_until_no_shop_has_it_any_more(pool: PoolWorld) -> None:
    pool["fr"].levels[A] = pool["be"].levels[A] = pool["nl"].levels[A] = 1
    for _ in range(4):
        pool.cycle()
    for name in ("fr", "be"):
        pool[name].sells(name, A, 60)
    pool.cycle()
    words = "pool: 3 shops, 10 items, 0 held, 1 oversold"
    assert f"! 1 item is oversold: more was sold than there is: {A}" in pool.fails(
        "status", code=6, words=words
    ).stdout  # fmt: skip
    assert "oversold:pool" in pool.concerns()
    for shop in pool.shops.values():
        del shop.levels[A]
    pool.cycle()
    assert "oversold:pool" not in pool.concerns()


def test_check_schedule_history_completion_and_settings_know_it(pool: PoolWorld) -> None:
    pool["fr"].sells("1", A)
    pool.all_write()
    pool.run_well("run", "pool")
    kept = pool.folder / "data" / "Last_be_be-import.csv"
    assert kept.read_bytes() == pool["be"].waiting.read_bytes()
    (last,) = pool.run_well("history", "-n", "1").splitlines()[1:]
    assert last.endswith("\t3 shops, 1 item moved, 2 files written")
    trace = (pool.folder / "data" / "Trace2.txt").read_text(encoding="utf-8")
    assert f"{A}: 100 -> 99 (order 1 in fr)" in trace
    text = pool.run("check").stdout
    assert "ok       at_be:/: files can be written, renamed, replaced and deleted" in text
    for key, file in (("orders_from", "orders"), ("stock_from", "stock")):
        assert f"ok       pool.shops.be.{key} (at_be:be-{file}.csv): " in text
    pool.configure(more="[schedule]\npool = [7, 37]\n")
    assert pool.run_well("schedule", "show").splitlines()[1].startswith("pool\t:07 and :37\t")
    assert "run pool</Arguments>" in pool.run_well("schedule", "export", "pool")
    asked = {"_PASSERELLE_COMPLETE": "bash_complete", "COMP_WORDS": "passerelle pool leave b",
             "COMP_CWORD": "3"}  # fmt: skip
    assert run_program(cwd=pool.folder, env=asked).stdout.split() == ["plain,be"]
    lines = [" ".join(line.split()) for line in pool.run_well("config", "show").splitlines()]
    assert "[pool.shops.be]" in lines and "buffer = 0 # default" in lines
