"""The pool where the ERP owns the levels: its file's, less the sales that it does not include."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.members import ERP, copy_of, join_once
from tests.pools import PoolWorld, ago
from tests.servers import RunningServer
from tests.servers.fixtures import Houses, NewServer

A, B, C = "3700000000000", "3700000000001", "3700000000002"
ITEMS = [str(3700000000000 + n) for n in range(10)]


@pytest.fixture
def erp(new_server: NewServer) -> RunningServer:
    server = new_server("folder")
    server.put_folder("import")
    return server


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory, houses: Houses) -> PoolWorld:
    return join_once(tmp_path_factory, houses, "fr", "be")


@pytest.fixture
def pool(joined: PoolWorld, tmp_path: Path, new_server: NewServer, erp: RunningServer) -> PoolWorld:
    world = copy_of(joined, tmp_path, new_server)
    world.configure(
        pool='owner = "erp"',
        shops={"be": 'in_erp_after = "1h"'},
        more=f'{erp.toml("at_erp")}settle = "0s"\n{ERP}',
    )
    writes(erp, dict.fromkeys(ITEMS, 100))
    return world


def writes(erp: RunningServer, levels: Mapping[str, int | str], age: float = 61) -> None:
    lines = ["ID;Gencod;Stock", *(f"1;{item};{level}" for item, level in levels.items())]
    path = erp.put("ExportCSV.csv", "".join(f"{line}\r\n" for line in lines).encode())
    os.utime(path, (time.time() - age,) * 2)


def takes(erp: RunningServer) -> None:
    for path in (erp.root / "import").iterdir():
        path.unlink()


def test_every_shop_shows_the_erp_s_level(pool: PoolWorld, erp: RunningServer) -> None:
    writes(erp, dict.fromkeys(set(ITEMS) - {C}, 100) | {A: 70, B: 130})
    pool["be"].levels[A] = 500  # which is written over
    text = pool.cycle()
    assert f"{A}: 100 -> 70 (the ERP's level)" in text
    assert (pool.levels(A), pool.levels(B)) == ([70, 70], [130, 130])
    assert pool.levels(C) == [0, 0], "what its file lacks"
    lines = pool.run_well("pool", "log", "--item", A)
    assert "the ERP's level" in lines


def test_a_sale_that_orders_sends_counts_until_the_erp_includes_it(
    pool: PoolWorld, erp: RunningServer
) -> None:
    pool["fr"].sells("1", A, at=ago(3))
    pool.cycle()
    assert pool.levels(A) == [99, 99]
    pool.run_well("run", "orders", "--all")
    takes(erp)
    pool.run_well("run", "orders")
    pool.cycle()
    assert pool.levels(A) == [99, 99]
    writes(erp, dict.fromkeys(ITEMS, 100) | {A: 99}, age=-2)
    pool.cycle()
    assert pool.levels(A) == [99, 99]


def test_a_sale_that_goes_another_way_counts_as_long_as_the_settings_say(
    pool: PoolWorld, erp: RunningServer
) -> None:
    pool["be"].sells("1", A, at=ago(3))
    pool["be"].sells("2", B, at=ago(90))  # the ERP has that one
    pool.cycle()
    pool.cycle()
    assert pool.levels(A) == [99, 99]
    assert pool.levels(B) == [100, 100]
    pool["be"].orders.clear()
    pool.cycle()
    assert pool.levels(A) == [99, 99], "an order that left the file is still remembered"


@pytest.mark.parametrize(("age", "code"), [(3600, 6), (None, 4)])
def test_without_the_erp_s_file_nothing_is_written_and_no_order_is_lost(
    pool: PoolWorld, erp: RunningServer, age: float | None, code: int
) -> None:
    pool["be"].sells("1", A, at=ago(2))
    pool.all_write()
    path = erp.root / "ExportCSV.csv"
    if age is None:
        path.unlink()
    else:
        os.utime(path, (time.time() - age,) * 2)
    assert pool.run("run", "pool").exit_code == code
    assert not pool["fr"].waiting.exists()
    pool["be"].orders.clear()
    writes(erp, dict.fromkeys(ITEMS, 100))
    pool.cycle()
    assert pool.levels(A) == [99, 99]


def test_a_level_of_the_erp_that_cannot_be_read_leaves_its_item_as_it_is(
    pool: PoolWorld, erp: RunningServer
) -> None:
    writes(erp, dict.fromkeys(ITEMS, 100) | {A: "beaucoup", B: 90})
    text = pool.cycle()
    assert '! ExportCSV.csv:2: quantity: "beaucoup" is no number' in text
    assert (pool.levels(A), pool.levels(B)) == ([100, 100], [90, 90])


def test_an_order_without_a_date_cannot_be_placed_before_or_after_the_erp_s_file(
    pool: PoolWorld,
) -> None:
    pool["be"].orders["1"] = ("", A, 1, "Payé")
    pool.all_write()
    text = pool.run_well("run", "pool")
    assert f"! {A} is left as it is in fr" in text
