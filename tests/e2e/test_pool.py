"""One stock, several shops: what `run pool` promises, on folders."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from passerelle.base.deadline import Deadline
from passerelle.exchange.uploads import tmp_name
from passerelle.model.servers import MARK_NAME
from tests import scale
from tests.e2e.members import copy_of, join_once
from tests.pools import PoolShop, PoolWorld, ago
from tests.servers.fixtures import Houses, NewServer
from tests.world import tree

A, B, C, D = "3700000000000", "3700000000001", "3700000000002", "3700000000008"


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory, houses: Houses) -> PoolWorld:
    return join_once(tmp_path_factory, houses, "fr", "be", "nl")


@pytest.fixture
def pool(
    joined: PoolWorld, tmp_path: Path, new_server: NewServer, monkeypatch: pytest.MonkeyPatch
) -> PoolWorld:
    monkeypatch.setattr(Deadline, "sleep", lambda *_: None)  # between two tries
    return copy_of(joined, tmp_path, new_server)


# --- sales, edits, new items ------------------------------------------------------------------


def test_a_change_by_hand_shows_in_all_once_it_was_seen_twice(pool: PoolWorld) -> None:
    pool["be"].levels[A] = 150
    text = pool.cycle()
    assert f"! {A} is left as it is in be: it shows +50 that nothing explains" in text
    assert pool.levels(A) == [100, 150, 100]
    assert f"{A}: 100 -> 150 (changed by hand in be)" in pool.cycle()
    assert pool.levels(A) == [150, 150, 150]
    assert "nothing to write" in pool.cycle()


def test_the_last_one_sold_twice_is_reported_with_both_orders(pool: PoolWorld) -> None:
    pool["fr"].levels[A] = 1
    pool.cycle()
    pool.cycle()
    assert pool.levels(A) == [1, 1, 1]
    pool["fr"].sells("11", A)
    pool["nl"].sells("12", A)
    text = pool.cycle()
    assert f"! oversold: {A}: 1 more was sold than there is: order 11 in fr, order 12 in nl" in text
    assert pool.levels(A) == [0, 0, 0]
    assert "oversold" not in pool.cycle()
    assert f"! {A}: oversold by 1" in pool.run_well("pool", "status")
    pool["fr"].levels[A] = 5  # a delivery pays it back first
    pool.cycle()
    pool.cycle()
    assert pool.levels(A) == [4, 4, 4]


# --- what can take no part --------------------------------------------------------------------


def test_numbers_missing_or_met_twice_are_named_and_take_no_part_anywhere(pool: PoolWorld) -> None:
    pool.all_write()
    assert "10 items can take part" in pool.run_well("pool", "check")
    pool["be"].more_lines = [f"9;0{B};Double;1,00;7", "10;;Carte;10,00;999"]
    pool["fr"].sells("7", A)
    pool["fr"].sells("8", B)
    pool.all_write()
    result = pool.fails("pool", "check", code=5)
    assert f"! be/be-stock.csv: item {B} stands in the lines 3, 12" in result.stdout
    assert "! be/be-stock.csv: 1 line without an item number: 13" in result.stdout
    assert "fr/fr-stock.csv: 10 items can take part" in result.stdout
    told = json.loads(pool.run("pool", "check", "--json").stdout)
    assert told[1] == {
        "shop": "be", "file": "be/be-stock.csv", "items": 9, "without_number": [13],
        "twice": {B: [3, 12]}, "faults": [], "error": None,
    }  # fmt: skip
    text = pool.run_well("run", "pool")
    assert f"! be/be-stock.csv: item {B} stands in the lines 3, 12: it takes no part" in text
    assert pool["nl"].told() | {A: 0} == {**dict.fromkeys(pool["nl"].levels, 100), A: 0}
    assert pool["nl"].told()[A] == 99
    pool.all_take()
    assert pool["nl"].levels[B] == 100


def test_a_level_that_cannot_be_read_is_told_and_the_rest_goes_on(pool: PoolWorld) -> None:
    pool["be"].levels[B] = "beaucoup"
    pool["fr"].sells("7", A)
    pool["fr"].orders["8"] = ("2026-11-22 10:00:00", C, "deux", "Payé")
    pool.all_write()
    result = pool.fails("run", "pool", code=5)
    assert 'be/be-stock.csv:3: quantity: "beaucoup" is no number' in result.stdout
    assert 'fr/fr-orders.csv:3: quantity: "deux"' in result.stdout
    assert f"! {C} is left as it is in fr: an order does not say how many" in result.stdout
    assert pool["nl"].told()[A] == 99


def test_an_order_is_one_sale_however_its_id_is_spelled(pool: PoolWorld) -> None:
    fr = pool["fr"]
    fr.sells("000103", A)
    pool.cycle()
    sale = fr.orders.pop("000103")
    for ids in (["103"], ["#103", "103.0"], ["000103", "103"]):
        fr.orders = dict.fromkeys(ids, sale)
        assert "is written" in pool.cycle()
        assert pool.levels(A) == [99, 99, 99]
    fr.sells("0103", B, at=ago(60))  # another one
    pool.cycle()
    assert pool.levels(B) == [99, 99, 99]
    fr.orders["#0103"] = (fr.orders["0103"][0], B, 2, "Payé")
    fr.orders["1,23E+05"] = (sale[0], C, 1, "Payé")
    pool.all_write()
    said = pool.fails("run", "pool", code=5).text
    assert "orders 0103 and #0103 look like one, but differ" in said
    assert '"1,23E+05" lost its digits' in said
    pool.all_take()
    assert (pool.levels(B), pool.levels(C)) == ([99, 99, 99], [100, 100, 100])


@pytest.mark.parametrize(
    "item",
    [
        *("3,70123E+12", f"2 x {A}"),
        *(
            pytest.param(text, marks=scale.only("ci"))
            for text in (f"{A}.0", f"EAN {A}", f"{A}-1", "370000000000?", "BOTTINE", f"{A}|{B}")
        ),
    ],
)
def test_an_item_number_that_cannot_be_read_is_told(pool: PoolWorld, item: str) -> None:
    placeholders = ("", "N/A", "-")
    orders = [("2026-11-22 10:00:00", one, 1, "Payé") for one in (*placeholders, A)]
    pool["fr"].orders |= {str(number): order for number, order in enumerate(orders, 300)}
    pool.cycle()
    pool["fr"].orders["400"] = ("2026-11-22 10:00:00", item, 1, "Annulé")
    pool.cycle()
    pool["fr"].orders["401"] = ("2026-11-22 10:00:00", item, 1, "Payé")
    pool.all_write()
    said = pool.fails("run", "pool", code=5).text
    assert "a line could not be read: fr/fr-orders.csv:" in said


# --- guards -----------------------------------------------------------------------------------


def test_a_run_that_would_empty_the_shops_holds_until_it_is_accepted(pool: PoolWorld) -> None:
    pool["be"].levels |= dict.fromkeys([*pool["be"].levels][:4], 0)
    pool.cycle()  # seen once
    pool["nl"].sells("7", D)
    pool.all_write()
    result = pool.fails("run", "pool", code=6)
    assert "4 of 10 items would be set to 0 in fr" in result.stderr
    assert "`passerelle run pool --accept`" in result.stderr
    assert not any(shop.waiting.exists() for shop in pool.shops.values())
    assert pool.run("run", "pool").exit_code == 6
    pool.run_well("run", "pool", "--accept")
    pool.all_take()
    assert pool.levels(A) == [0, 0, 0]
    assert pool.levels(D) == [99, 99, 99]  # sold while it was held, and counted once


def test_a_shop_from_whose_file_items_are_gone_gets_nothing(pool: PoolWorld) -> None:
    for item in [*pool["be"].levels][:5]:
        del pool["be"].levels[item]
    pool["fr"].sells("7", "3700000000009")
    pool.all_write()
    result = pool.fails("run", "pool", code=6)
    assert "be/be-stock.csv: its file waits" in result.stderr
    assert "5 of 10 items are gone from the file, more than max_drop allows (30%)" in result.stdout
    assert not pool["be"].waiting.exists()
    assert pool["nl"].told()["3700000000009"] == 99
    pool.run_well("run", "pool", "--accept")
    assert pool["be"].told()["3700000000009"] == 99


# --- one shop away ----------------------------------------------------------------------------


def away(shop: PoolShop) -> None:
    shop.server.root.rename(shop.server.root.with_name("away"))


def cut_orders(shop: PoolShop) -> None:
    path = shop.server.root / "be-orders.csv"
    path.write_bytes(path.read_bytes()[:-2])


def old_levels(shop: PoolShop) -> None:
    shop.writes(age=2 * 86_400)


def old_orders(shop: PoolShop) -> None:
    moment = time.time() - 5 * 86_400
    os.utime(shop.server.root / "be-orders.csv", (moment, moment))


@pytest.mark.parametrize(
    ("trouble", "code", "words"),
    [
        (away, 4, "! be is left out, the others go on: "),
        (cut_orders, 4, "set pool.shops.be.final_newline = false"),
        (old_levels, 6, "more than max_age allows"),
        (old_orders, 6, "! be is left out, the others go on: "),
    ],
)
def test_a_shop_whose_files_are_of_no_use_holds_only_its_own(
    pool: PoolWorld, trouble: Callable[[PoolShop], None], code: int, words: str
) -> None:
    be = pool["be"]
    be.sells("7", A)
    pool["nl"].sells("8", A)
    pool.all_write()
    trouble(be)
    pool.fails("run", "pool", code=code, words=words)
    assert pool["fr"].told()[A] == 99 and not be.waiting.exists()
    if trouble is away:
        be.server.root.with_name("away").rename(be.server.root)
    pool.all_take()
    pool.cycle()
    assert pool.levels(A) == [98, 98, 98]


def test_a_shop_that_cannot_be_written_is_written_by_the_next_run(pool: PoolWorld) -> None:
    pool["fr"].sells("7", A)
    pool.all_write()
    (mark,) = pool["be"].waiting.parent.glob(f"{MARK_NAME}*")
    tmp = tmp_name(pool["be"].waiting.name, mark.name.removeprefix(MARK_NAME))
    obstacle = pool["be"].waiting.with_name(tmp)
    obstacle.mkdir()
    pool.fails("run", "pool", code=4, words="! the file for be could not be written: ")
    assert pool["nl"].told()[A] == 99
    obstacle.rmdir()
    pool.run_well("run", "pool")
    assert pool["be"].told()[A] == 99


# --- buffer, exclude, renamed -----------------------------------------------------------------


def test_a_renamed_item_number_is_reported(pool: PoolWorld) -> None:
    shop = pool["be"]
    shop.texts = {item: f"Derby {item}" for item in shop.levels}
    pool.cycle()
    levels = {("371" if item == B else item): level for item, level in shop.levels.items()}
    shop.levels, shop.texts["371"] = levels, shop.texts[B]
    text = pool.cycle()
    assert f"! be/be-stock.csv:3: item {B} is 371 now: the rest of its line is the same" in text
    assert "is 371 now" not in pool.cycle()
    assert f"was item {B} before" in pool.run_well("pool", "log", "--item", "371")


# --- looking ----------------------------------------------------------------------------------


def test_a_dry_run_tells_the_plan_and_changes_nothing(pool: PoolWorld) -> None:
    pool["be"].sells("7", A)
    pool.all_write()
    before = tree(pool.folder, *(shop.server.root for shop in pool.shops.values()))
    text = pool.run_well("run", "pool", "--dry-run")
    assert f"{A}: 100 -> 99 (order 7 in be)" in text
    assert "to write: at_fr:fr-import.csv, 1 level changes" in text
    assert tree(pool.folder, *(shop.server.root for shop in pool.shops.values())) == before


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("run orders --accept", 2, "--accept"),
        ("run pool --accept-drop", 2, "--accept-drop"),
        ("pool log --shop zz", 2, "no shop is named zz"),
        ("run pool", 3, "passerelle: [pool] is missing"),
        ("pool status", 3, "passerelle: [pool] is missing"),
        ("pool check", 3, "passerelle: [pool] is missing"),
    ],
)
def test_what_cannot_be_asked_is_said(pool: PoolWorld, words: str, code: int, told: str) -> None:
    if code == 3:
        (pool.folder / "config.toml").write_text('folder = "data"\n', encoding="utf-8")
    pool.fails(*words.split(), code=code, words=told)


def test_a_change_by_hand_of_what_keeps_selling_counts_no_sale_twice(pool: PoolWorld) -> None:
    fr = pool["fr"]
    fr.levels[A] = 50  # fifty are gone
    for number in range(6):
        fr.sells(f"busy {number}", A)
        pool.cycle()
    for _ in range(2):
        pool.cycle()
    assert pool.levels(A) == [44, 44, 44]
