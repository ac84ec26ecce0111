"""Tills share the pool's stock: what stands in their orders is off every shop's web."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.members import ERP, copy_of, join_once
from tests.pools import PoolWorld
from tests.servers import RunningServer
from tests.servers.fixtures import Houses, NewServer
from tests.till_books import Tills

A, B, C = "3700000000000", "3700000000001", "3700000000002"
SHOP = '[tills]\n[pool.shops.till]\norders_from = "tills:store"\n'


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory, houses: Houses) -> PoolWorld:
    return join_once(tmp_path_factory, houses, "fr", "be")


@pytest.fixture
def pool(joined: PoolWorld, tmp_path: Path, new_server: NewServer) -> PoolWorld:
    world = copy_of(joined, tmp_path, new_server)
    world.configure(more=SHOP)
    return world


@pytest.fixture
def tills(pool: PoolWorld) -> Tills:
    """They take part from the first run that finds them in config.toml."""
    tills = Tills(pool.folder / "data")
    tills.sells("old", {A: 50})
    pool.cycle()
    assert pool.levels(A) == [100, 100]
    return tills


def test_a_draft_holds_its_pieces_until_it_is_cancelled(pool: PoolWorld, tills: Tills) -> None:
    tills.drafts("o1", {A: 2, B: 1})
    text = pool.cycle()
    assert f"{A}: 100 -> 98 (order o1 in till)" in text
    assert (pool.levels(A), pool.levels(B)) == ([98, 98], [99, 99])
    assert "draft 2 (store)" in pool.run_well("pool", "log", "--item", A)
    assert "till\tmember" in pool.run_well("pool", "status")
    tills.drops("o1", B)
    tills.adds("o1", A, 5)
    pool.cycle()
    assert (pool.levels(A), pool.levels(B)) == ([95, 95], [100, 100])
    assert "nothing to write" in pool.cycle()
    tills.cancels("o1")
    pool.cycle()
    assert pool.levels(A) == [100, 100]
    assert "cancelled order 2 (store) cancelled" not in pool.run_well("pool", "log")


def test_a_sale_counts_once_however_it_came(pool: PoolWorld, tills: Tills) -> None:
    tills.drafts("o1", {A: 2})
    pool.cycle()
    tills.pays("o1")
    tills.sells("o2", {A: 3})
    tills.sells("back", {B: -1})
    tills.drafts("maybe", {B: -1})
    pool.cycle()
    pool.cycle()
    assert (pool.levels(A), pool.levels(B)) == ([95, 95], [101, 101])


def test_what_is_paid_while_the_pool_is_held_counts(pool: PoolWorld) -> None:
    tills = Tills(pool.folder / "data")
    tills.sells("old", {A: 50})
    pool["fr"].levels = dict.fromkeys(pool["fr"].levels, 5)
    for _ in range(2):
        pool.all_write()
        pool.run("run", "pool")
    tills.sells("o1", {A: 2})
    pool.all_write()
    pool.fails("run", "pool", code=6, words="max_change")
    pool.run_well("run", "pool", "--accept")
    pool.all_take()
    assert pool.levels(A) == [3, 3]


def test_with_paid_a_draft_holds_nothing(pool: PoolWorld, tills: Tills) -> None:
    tills.drafts("o1", {A: 2})
    pool.cycle()
    pool.configure(more=SHOP.replace("[tills]", '[tills]\nhold = "paid"'))
    pool.cycle()
    assert pool.levels(A) == [100, 100]
    tills.pays("o1")
    pool.cycle()
    assert pool.levels(A) == [98, 98]


def test_a_book_that_was_put_back_leaves_what_was_counted(pool: PoolWorld, tills: Tills) -> None:
    before = (tills.folder / "tills.db").read_bytes()
    tills.drafts("o1", {A: 2})
    pool.cycle()
    (tills.folder / "tills.db").write_bytes(before)
    pool.all_write()
    assert "till is left out" in pool.fails("run", "pool", code=6, words="--accept").text
    tills.begin_anew()
    pool.fails("run", "pool", code=6)
    pool.run_well("run", "pool", "--accept")
    pool.all_take()
    assert pool.levels(A) == [100, 100]


def test_what_cannot_be_read_leaves_the_item_as_it_is(pool: PoolWorld, tills: Tills) -> None:
    tills.drafts("o1", {A: "two", B: "0.5"})
    pool.all_write()
    result = pool.fails("run", "pool", code=5)
    assert f"draft 2 (store): how many of {A} cannot be read" in result.text
    pool.all_take()
    assert (pool.levels(A), pool.levels(B)) == ([100, 100], [99, 99])


def test_tills_neither_join_nor_begin(pool: PoolWorld, tills: Tills) -> None:
    for deed in (
        ("join", "till", "--via", "fr"),
        ("join", "be", "--via", "till"),
        ("leave", "till"),
    ):
        pool.fails("pool", *deed, code=2, words="till is a group of tills")
    pool.run_well("pool", "leave", "be")
    pool.run_well("pool", "leave", "fr")
    pool.all_write()
    assert "no shop takes part" in pool.run_well("run", "pool")
    pool.run_well("pool", "join", "be", "--via", "fr")


def test_where_the_erp_owns_the_levels(
    pool: PoolWorld, tills: Tills, new_server: NewServer
) -> None:
    """A sale is missed until its XML was taken before the ERP wrote its file."""
    erp = new_server("folder")
    erp.put_folder("import")
    pool.configure(
        pool='owner = "erp"',
        shops={"be": 'in_erp_after = "1h"'},
        more=f'{erp.toml("at_erp")}settle = "0s"\n{ERP}{SHOP}',
    )
    writes(erp, dict.fromkeys(pool["fr"].levels, 100))
    tills.drafts("o1", {A: 2})
    tills.sells("o2", {A: 3})
    pool.cycle()
    assert pool.levels(A) == [45, 45]
    pool.run_well("run", "tills")
    xmls = [*(erp.root / "import").iterdir()]
    pool.cycle()
    assert pool.levels(A) == [45, 45]
    for xml in xmls:
        xml.unlink()
    pool.cycle()
    assert pool.levels(A) == [45, 45]
    writes(erp, dict.fromkeys(pool["fr"].levels, 100) | {A: 97}, age=-2)
    pool.cycle()
    assert pool.levels(A) == [95, 95]
    tills.cancels("o1")
    pool.cycle()
    assert pool.levels(A) == [97, 97]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"tills:store"', '"tills:market"', 'no group of tills is named "market"'),
        ('"tills:store"', '"tills:store"\nstock_to = "at_fr:x"', "tills have no file of levels"),
        ('"tills:store"', '"at_fr:x"\nstock_to = "at_fr:y"', "till.stock_from: missing"),
    ],
)
def test_a_shop_of_tills_is_written_right(pool: PoolWorld, old: str, new: str, words: str) -> None:
    pool.configure(more=SHOP.replace(old, new))
    pool.fails("pool", "status", code=3, words=words)


def writes(erp: RunningServer, levels: Mapping[str, int | str], age: float = 61) -> None:
    lines = ["ID;Gencod;Stock", *(f"1;{item};{level}" for item, level in levels.items())]
    path = erp.put("ExportCSV.csv", "".join(f"{line}\r\n" for line in lines).encode())
    os.utime(path, (time.time() - age,) * 2)
