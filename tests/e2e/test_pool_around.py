"""What goes on around the pool: the check, the schedule, status and alerts."""

import json
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from passerelle.config.load import load_config
from passerelle.health.alerts.decision import worth_telling
from passerelle.health.status import examine
from passerelle.ledger.ledger import open_ledger
from tests.e2e.members import copy_of
from tests.pools import PoolWorld, make_pool
from tests.servers.fixtures import Houses, NewServer
from tests.shell import run_program

A = "3700000000000"


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory, houses: Houses) -> PoolWorld:
    folder = tmp_path_factory.mktemp("joined")
    world = make_pool(folder, [houses.new_server("folder") for _ in range(2)], ("fr", "be"))
    world.join_all()
    return world


@pytest.fixture
def pool(joined: PoolWorld, tmp_path: Path, new_server: NewServer) -> PoolWorld:
    return copy_of(joined, tmp_path, new_server)


def test_the_check_looks_at_every_shop_s_files(pool: PoolWorld) -> None:
    text = pool.run("check").stdout
    for name in ("fr", "be"):
        assert f"ok       at_{name}:/: files can be written, renamed, replaced and deleted" in text
        for key, file in (("orders_from", "orders"), ("stock_from", "stock")):
            assert f"ok       pool.shops.{name}.{key} (at_{name}:{name}-{file}.csv): " in text


def test_the_schedule_starts_it_where_it_is_configured(pool: PoolWorld) -> None:
    pool.configure(more="[schedule]\npool = [7, 37]\n")
    assert pool.run_well("schedule", "show").splitlines()[1].startswith("pool\t:07 and :37\t")
    assert "run pool</Arguments>" in pool.run_well("schedule", "export", "pool")
    assert pool.run_well("schedule", "export", "--cron").startswith("7,37 * * * * ")


def test_status_counts_it_and_names_what_needs_a_person(pool: PoolWorld) -> None:
    pool["fr"].sells("1", A, 99)
    pool.cycle()
    pool["fr"].sells("2", A)
    pool["be"].sells("3", A)
    pool.cycle()
    result = pool.run("status")
    assert result.exit_code == 6
    assert "pool: 2 shops, 10 items, 0 held, 1 oversold" in result.stdout
    assert f"! 1 item is oversold: more was sold than there is: {A}" in result.stdout
    told = json.loads(pool.run("status", "--json").stdout)
    assert told["pool"]["oversold"] == {A: 1}
    assert "oversold:pool" in [concern["key"] for concern in told["concerns"]]
    assert [run["run"] for run in told["runs"]] == ["pool"]


def test_status_tells_of_a_shop_that_does_not_take_part(pool: PoolWorld) -> None:
    pool.run_well("pool", "leave", "be")
    pool.run_well("pool", "join", "be", "--via", "fr")
    text = pool.run("status").stdout
    assert "! be has asked to join the pool, and gets nothing until it is accepted" in text


def test_its_runs_stand_in_the_history_and_in_trace_2(pool: PoolWorld) -> None:
    pool["fr"].sells("1", A)
    pool.cycle()
    lines = pool.run_well("history", "-n", "1").splitlines()
    assert lines[1].split("\t")[1:3] == ["pool", "0"]
    assert lines[1].endswith("2 shops, 1 item moved, 1 file written")
    trace = (pool.folder / "data" / "Trace2.txt").read_text(encoding="utf-8")
    assert f"{A}: 100 -> 99 (order 1 in fr)" in trace


def test_a_copy_of_the_last_file_of_each_shop_is_kept(pool: PoolWorld) -> None:
    pool["fr"].sells("1", A)
    pool.all_write()
    pool.run_well("run", "pool")
    kept = pool.folder / "data" / "Last_be_be-import.csv"
    assert kept.read_bytes() == pool["be"].waiting.read_bytes()


def test_shops_are_completed_and_shown_among_the_settings(pool: PoolWorld) -> None:
    asked = {
        "_PASSERELLE_COMPLETE": "bash_complete",
        "COMP_WORDS": "passerelle pool leave b",
        "COMP_CWORD": "3",
    }
    assert run_program(cwd=pool.folder, env=asked).stdout.split() == ["plain,be"]
    lines = [" ".join(line.split()) for line in pool.run_well("config", "show").splitlines()]
    assert "[pool.shops.be]" in lines
    assert any(line.startswith('stock_to = "at_be:be-import.csv" # config') for line in lines)
    assert "buffer = 0 # default" in lines


def test_what_is_oversold_is_worth_an_alert_and_a_shop_s_file_is_no_sales_xml(
    pool: PoolWorld,
) -> None:
    pool["fr"].sells("1", A, 100)
    pool.cycle()
    pool["be"].levels[A] = 0
    pool["be"].sells("2", A)
    pool.all_write()
    pool.run_well("run", "pool")
    settings = load_config(pool.folder / "config.toml")
    later = datetime.now().astimezone() + timedelta(hours=2)
    with closing(open_ledger(settings.folder)) as ledger:
        found = worth_telling(settings, examine(settings, ledger, later))
    told = {concern.key: concern.text for concern in found}
    assert told["oversold:pool"].endswith(f"more was sold than there is: {A}")
    assert told["not_taken:pool be"] == "be has not taken the levels that were written for it"
