"""The nine promises of the pool, each with three shops on three kinds of server."""

import json
from pathlib import Path

import pytest

from tests.pools import PoolWorld, make_pool
from tests.servers.fixtures import NewServer

A, B, C = "3700000000000", "3700000000001", "3700000000002"
ALL = [str(3700000000000 + n) for n in range(10)]


@pytest.fixture
def pool(tmp_path: Path, new_server: NewServer) -> PoolWorld:
    """A shop on a folder, one on FTP, one on SFTP."""
    world = make_pool(tmp_path, [new_server(kind) for kind in ("folder", "ftp", "sftp")])
    world.join_all()
    return world


def test_1_shops_match_by_item_number_and_only_quantities_are_written(pool: PoolWorld) -> None:
    be = pool["be"]
    be.texts[A], be.separator = '"Botte ""à lacets"" €"', "|"
    be.levels = {f"0{item}": level for item, level in be.levels.items()}
    pool["nl"].sells("1", A)
    pool.all_write()
    before = be.level_file()
    pool.run_well("run", "pool")
    after = be.waiting.read_bytes()
    assert after != before
    assert [line.rpartition(b"|")[0] for line in after.splitlines()] == [
        line.rpartition(b"|")[0] for line in before.splitlines()
    ]
    assert be.told()[f"0{A}"] == 99


def test_2_what_has_no_number_or_one_twice_is_named_and_the_rest_goes_on(pool: PoolWorld) -> None:
    pool["be"].more_lines = [f"9;0{B};Double;1,00;7"]
    pool["nl"].more_lines = ["10;;Carte;10,00;999"]
    pool["fr"].sells("1", A)
    pool["fr"].sells("2", B)
    pool.all_write()
    result = pool.run("pool", "check")
    assert result.exit_code == 5
    assert f"be/be-stock.csv: item {B} stands in the lines 3, 12" in result.stdout
    assert "nl/nl-stock.csv: 1 line without an item number: 12" in result.stdout
    pool.run_well("run", "pool")
    assert (pool["nl"].told()[A], pool["nl"].told()[B]) == (99, 100)


def test_3_a_shop_joins_through_a_member_and_leaves(tmp_path: Path, new_server: NewServer) -> None:
    pool = make_pool(tmp_path, [new_server(kind) for kind in ("folder", "ftp", "sftp")])
    pool["be"].levels[A] = pool["nl"].levels[A] = 7
    pool.cycle()
    for name, via in (("be", "fr"), ("nl", "be")):
        shown = pool.run_well("pool", "join", name, "--via", via, "--dry-run")
        assert f"{name}: {A}: 7 -> 100" in shown
        pool.run_well("pool", "join", name, "--via", via)
        pool.run_well("run", "pool")
        assert not pool[name].waiting.exists()
        pool.run_well("pool", "accept", name)
        assert pool[name].told()[A] == 100
        pool.cycle()
        pool.cycle()
    assert pool.levels(A) == [100, 100, 100]
    pool.run_well("pool", "leave", "be")
    pool["fr"].sells("1", A)
    pool.cycle()
    assert pool.levels(A) == [99, 100, 99]


def test_4_a_sale_and_a_change_by_hand_show_everywhere(pool: PoolWorld) -> None:
    pool["be"].sells("1", A)
    pool.cycle()
    assert pool.levels(A) == [99, 99, 99]
    pool["nl"].levels[A] = 120
    pool.cycle()
    pool.cycle()
    assert pool.levels(A) == [120, 120, 120]


def test_5_a_number_created_later_elsewhere_is_linked_by_itself(pool: PoolWorld) -> None:
    pool["be"].levels["371"] = 100
    pool.cycle()
    pool["fr"].levels["371"] = 3
    pool.cycle()
    assert pool.levels("371") == [100, 100, None]


def test_6_an_oversold_item_is_0_everywhere_and_both_orders_are_named(pool: PoolWorld) -> None:
    pool["fr"].sells("1", A, 99)
    pool.cycle()
    assert pool.levels(A) == [1, 1, 1]
    pool["be"].sells("2", A)
    pool["nl"].sells("3", A)
    text = pool.cycle()
    assert f"oversold: {A}: 1 more was sold than there is: order 2 in be, order 3 in nl" in text
    assert pool.levels(A) == [0, 0, 0]


def test_7_a_run_that_would_empty_shops_holds_and_a_shop_away_holds_only_itself(
    pool: PoolWorld,
) -> None:
    for number, item in enumerate(ALL[:5]):
        pool["be"].sells(str(number), item, 100)
    pool.all_write()
    result = pool.run("run", "pool")
    assert result.exit_code == 6
    assert not any(shop.waiting.exists() for shop in pool.shops.values())
    pool.run_well("run", "pool", "--accept")
    pool.all_take()
    assert pool.levels(ALL[4]) == [0, 0, 0]

    pool["be"].sells("8", ALL[8])
    pool.all_write()
    away = pool["nl"].server.root.with_name("away")
    pool["nl"].server.root.rename(away)
    result = pool.run("run", "pool")
    assert result.exit_code == 4
    away.rename(pool["nl"].server.root)
    assert pool["fr"].told()[ALL[8]] == 99
    pool.all_take()
    pool.cycle()
    assert pool.levels(ALL[8]) == [99, 99, 99]


def test_8_status_log_and_report_tell_it(pool: PoolWorld) -> None:
    pool["be"].sells("1", A)
    pool["nl"].levels[B] = 150
    pool.all_write()
    pool.run_well("run", "pool")
    told = json.loads(pool.run_well("pool", "status", "--json"))
    assert told["items"] == 10
    assert [shop["waits"] for shop in told["shops"]] == [True, False, True]
    assert [shop["held"] for shop in told["shops"]] == [0, 0, 1]
    (move,) = json.loads(pool.run_well("pool", "log", "--item", A, "--json"))
    assert (move["shop"], move["kind"], move["order"]) == ("be", "order", "1")
    page = Path(pool.run_well("report").strip()).read_text(encoding="utf-8")
    assert "order 1" in page and "nl shows +50" in page


def test_9_buffer_exclude_and_a_renamed_number(pool: PoolWorld) -> None:
    pool.configure(shops={"be": "buffer = 5", "nl": f'exclude = ["{A}"]'})
    be = pool["be"]
    be.texts = {item: f"Derby {item}" for item in be.levels}
    pool["fr"].sells("1", A)
    pool.all_write()
    pool.run_well("run", "pool", "--accept")
    pool.all_take()
    assert pool.levels(A) == [99, 94, 100]
    be.texts["371"] = be.texts[C]
    be.levels = {("371" if item == C else item): level for item, level in be.levels.items()}
    assert f"be/be-stock.csv:4: item {C} is 371 now" in pool.cycle()
