"""What a shop of the pool does late, or not at all, hinders no other, and is told."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.members import copy_of, join_once
from tests.pools import PoolWorld, make_pool
from tests.servers.fixtures import Houses, NewServer

ITEMS = [str(3700000000000 + n) for n in range(10)]
A = ITEMS[0]


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory, houses: Houses) -> PoolWorld:
    return join_once(tmp_path_factory, houses, "fr", "be", "nl")


@pytest.fixture
def pool(joined: PoolWorld, tmp_path: Path, new_server: NewServer) -> PoolWorld:
    """Three members."""
    return copy_of(joined, tmp_path, new_server)


def concerns(world: PoolWorld) -> set[tuple[str, str]]:
    told = json.loads(world.run("status", "--json").stdout)["concerns"]
    return {(concern["kind"], concern["subject"]) for concern in told}


def test_a_shop_that_never_takes_its_file_holds_nobody(pool: PoolWorld) -> None:
    for number, item in enumerate(ITEMS[:8]):
        pool["fr"].sells(str(number), item)
        pool.all_write()
        pool.run_well("run", "pool")
        pool["fr"].takes()
        pool["be"].takes()
        assert pool.levels(item)[:2] == [99, 99]
    assert pool["nl"].told()[A] == 99
    pool["nl"].takes()
    pool.cycle()
    assert all(pool.levels(item) == [99, 99, 99] for item in ITEMS[:8])


def test_a_shop_that_never_takes_its_file_is_told_however_often_that_is_written(
    pool: PoolWorld,
) -> None:
    pool["fr"].sells("1", A)
    pool.all_write()
    pool.run_well("run", "pool")
    with closing(sqlite3.connect(pool.folder / "data" / "passerelle.db")) as ledger, ledger:
        ledger.execute("UPDATE pool_shops SET changed = '2026-01-01T00:00:00+00:00'")
        old = "UPDATE dispatches SET prepared = '2026-01-02T00:00:00+00:00' WHERE stage = 'sent'"
        ledger.execute(old)
    pool["fr"].sells("2", A)
    pool["fr"].takes()
    pool.all_write()
    pool.run_well("run", "pool")
    assert concerns(pool) & {("not_taken", f"pool {name}") for name in pool.shops} == {
        ("not_taken", "pool be"), ("not_taken", "pool nl")
    }  # fmt: skip
    pool.all_take()
    pool.cycle()
    assert not [kind for kind, _ in concerns(pool) if kind == "not_taken"]


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


def test_the_run_between_a_joining_shop_s_import_and_its_export_holds_nothing(
    tmp_path: Path, new_server: NewServer
) -> None:
    pool = make_pool(tmp_path, [new_server("folder") for _ in range(2)], ("fr", "be"))
    pool["be"].levels = dict.fromkeys(ITEMS, 7)
    pool.cycle()
    pool.run_well("pool", "join", "be", "--via", "fr")
    pool.run_well("pool", "accept", "be")
    pool["be"].takes()
    pool["fr"].writes()
    pool.run_well("run", "pool")
    pool.all_take()
    pool.cycle()
    assert pool.levels(A) == [100, 100]


def test_nobody_is_accepted_through_a_shop_that_has_left(pool: PoolWorld) -> None:
    pool.run_well("pool", "leave", "nl")
    pool.run_well("pool", "join", "nl", "--via", "be")
    pool.run_well("pool", "leave", "be")
    refused = pool.run("pool", "accept", "nl")
    assert (refused.exit_code, "be is no member of the pool" in refused.stderr) == (2, True)


def test_a_pool_that_begins_anew_knows_nothing_of_the_orders_before(pool: PoolWorld) -> None:
    pool["fr"].sells("1", A)
    pool.cycle()
    for name in pool.shops:
        pool.run_well("pool", "leave", name)
    pool["fr"].cancels("1")
    pool.all_write()
    pool.run_well("pool", "join", "be", "--via", "fr")
    pool.run_well("pool", "accept", "be")
    pool.all_take()
    pool.cycle()
    assert pool.levels(A)[:2] == [100, 100]


def test_items_that_leave_a_shop_s_file_are_told_and_order_lines_without_one_are_nobody_s(
    pool: PoolWorld,
) -> None:
    pool["fr"].orders["1"] = ("2026-11-22 10:00:00", "", 1, "Paiement accepté")
    for item in ITEMS[:2]:
        del pool["fr"].levels[item]
    text = pool.cycle()
    assert (
        f"fr-stock.csv: 2 items are gone and are not written there: {', '.join(ITEMS[:2])}" in text
    )
    assert "are gone" not in pool.cycle()


def test_a_member_that_is_not_in_the_config_is_a_concern(pool: PoolWorld) -> None:
    del pool.shops["nl"]
    pool.configure()
    assert ("asked", "pool nl") in concerns(pool)
    pool.run_well("pool", "leave", "nl")
    assert ("asked", "pool nl") not in concerns(pool)


def test_an_oversold_item_that_no_shop_has_any_more_is_told_no_longer(pool: PoolWorld) -> None:
    pool["fr"].levels[A] = pool["be"].levels[A] = pool["nl"].levels[A] = 1
    for _ in range(4):
        pool.cycle()
    for name in ("fr", "be"):
        pool[name].sells(name, A, 60)
    pool.cycle()
    assert ("oversold", "pool") in concerns(pool)
    for shop in pool.shops.values():
        del shop.levels[A]
    pool.cycle()
    assert ("oversold", "pool") not in concerns(pool)


def test_a_change_by_hand_of_what_keeps_selling_counts_no_sale_twice(pool: PoolWorld) -> None:
    fr = pool["fr"]
    fr.levels[A] = 50  # fifty are gone
    for number in range(6):
        fr.sells(f"busy {number}", A)
        pool.cycle()
    for _ in range(2):
        pool.cycle()
    assert pool.levels(A) == [44, 44, 44]
