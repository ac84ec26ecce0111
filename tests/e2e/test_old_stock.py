"""Old stock never stays: whatever keeps a run from publishing, what was not taken is withdrawn."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from passerelle.base.errors import ConfigError, TransientError
from passerelle.gateway.frame import Gateway
from tests.e2e.conftest import make_world
from tests.pools import PoolWorld, make_pool
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.fixtures import NewServer
from tests.servers.ftp import FtpServer, Quirks
from tests.world import Sale, World

LEVELS = {str(370 + n): 5 for n in range(10)}
MOD = "ExportCSVmod.csv"
A = "3700000000000"


def ready(world: World) -> Path:
    """A good publication that the shop has not taken yet."""
    world.shop_writes(Sale("1", {"379": 1}))
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    assert (world.server.root / MOD).exists()
    return world.server.root / MOD


def _out_of_time(gateway: Gateway, *_args: Any, **_options: Any) -> None:
    gateway.deadline._end = 0
    gateway.deadline.remaining()


def _raising(error: BaseException) -> Callable[..., None]:
    def story(*_args: Any, **_options: Any) -> None:
        raise error

    return story


@pytest.mark.parametrize(
    ("step", "reason", "code"),
    [
        ("fetch_stock", _raising(TransientError("the connection was lost", "ftp")), 4),
        ("fetch_stock", _out_of_time, 4),
        ("missed_sales", _raising(ConfigError("no such key", "config.toml")), 3),
        ("missed_sales", _raising(KeyboardInterrupt()), 130),
        ("publish", _raising(ZeroDivisionError("a bug")), 1),
        ("publish", _out_of_time, 4),
    ],
)
def test_whatever_stops_a_run_of_stock(
    world: World, monkeypatch: pytest.MonkeyPatch, reason: Any, code: int, step: str
) -> None:
    mod = ready(world)
    monkeypatch.setattr(f"passerelle.runs.stock.{step}", reason)
    assert world.run("run", "stock").exit_code == code
    assert not mod.exists()
    assert f"{MOD} was withdrawn: the shop had not taken it yet" in world.trace(2)


def test_the_erps_server_may_be_away(tmp_path: Path, new_server: NewServer) -> None:
    (tmp_path / "erp").mkdir()
    with FtpServer(tmp_path / "erp", {USER: PASSWORD}) as erp:
        url = f"ftp://{USER}@{HOST}:{erp.port}"
        world = make_world(tmp_path, new_server("folder"))
        config = world.folder / "config.toml"
        text = config.read_text(encoding="utf-8")
        text += f'[servers.erp]\nurl = "{url}"\npassword = "{PASSWORD}"\nsettle = "0s"\n'
        text = text.replace('from = "ftp:ExportCSV.csv"', 'from = "erp:ExportCSV.csv"')
        config.write_text(text, encoding="utf-8")
        world.erp_writes_stock(LEVELS)
        (world.server.root / "ExportCSV.csv").rename(erp.root / "ExportCSV.csv")
        world.shop_writes(Sale("1", {"379": 1}))
        world.run_well("run", "stock")
    assert world.run("run", "stock").exit_code == 4
    assert not (world.server.root / MOD).exists()


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_ledger_that_cannot_be_opened_keeps_no_old_file(world: World, is_ours: bool) -> None:
    mod = ready(world)
    if not is_ours:
        mod.write_bytes(mod.read_bytes().replace(b";5", b";6"))
    (world.data / "passerelle.db").write_bytes(b"garbage" * 1000)
    assert world.run("run", "stock").exit_code == 4
    assert mod.exists() is not is_ours


@pytest.mark.parametrize("data", [b"by hand\n", None])
def test_what_is_not_ours_is_left_and_told(world: World, data: bytes | None) -> None:
    mod = ready(world)
    # The same size, another content.
    mod.write_bytes(data or mod.read_bytes().replace(b";5", b";6"))
    world.erp_writes_stock({"370": 5})
    result = world.run("run", "stock")
    assert result.exit_code == 6
    assert f"ftp:{MOD} was left: it is not what was published last" in result.text
    assert mod.exists()
    assert is_left(world)
    mod.unlink()
    world.run("run", "stock")
    assert not is_left(world)


def is_left(world: World) -> bool:
    return f"{MOD} was left where it lies" in world.run("status").text


def test_what_a_lost_ledger_published_is_told_until_it_is_written_anew(world: World) -> None:
    mod = ready(world)
    for path in world.data.glob("passerelle.*"):
        path.unlink()
    world.erp_writes_stock({"370": 5})
    assert world.run("run", "stock").exit_code == 6
    assert mod.exists() and is_left(world)
    world.run_well("orders", "adopt", "--until-mark", "--yes")
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    assert not is_left(world)


@pytest.mark.parametrize("is_ours", [True, False])
def test_at_a_place_that_the_config_names_no_more(world: World, is_ours: bool) -> None:
    mod = ready(world)
    config = world.folder / "config.toml"
    text = config.read_text(encoding="utf-8").replace(f'"ftp:{MOD}"', '"ftp:other.csv"')
    config.write_text(text, encoding="utf-8")
    if not is_ours:
        mod.write_bytes(b"by hand\n")
    for _time in range(2):
        world.erp_writes_stock(LEVELS)
        world.run_well("run", "stock")
        assert (world.server.root / "other.csv").exists()
        assert (mod.exists(), is_left(world)) == (not is_ours, not is_ours)


def test_half_a_direct_upload_goes_and_nothing_is_called_taken(tmp_path: Path) -> None:
    with FtpServer(tmp_path, {USER: PASSWORD}) as server:
        url = f"ftp://{USER}@{HOST}:{server.port}"
        world = make_world(tmp_path, RunningServer("ftp", url, PASSWORD, tmp_path))
        world.configure(server='publish = "direct"\n')
        mod = ready(world)
        server.quirks = replace(Quirks(), disk_room=100)
        assert world.run("run", "stock").exit_code == 4
        assert not mod.exists()
        server.quirks = Quirks()
        world.run_well("run", "stock")
        assert "the shop has taken" not in world.trace(2)
        assert mod.exists()
        mod.unlink()
        world.run_well("run", "stock")


# --- the pool ----------------------------------------------------------------------------------


@pytest.fixture
def pool(tmp_path: Path, new_server: NewServer) -> PoolWorld:
    world = make_pool(tmp_path, [new_server("folder") for _ in range(3)])
    world.join_all()
    return world


def all_wait(pool: PoolWorld) -> None:
    """A file waits for each shop but the one that sold."""
    pool["fr"].sells("1", A)
    pool.all_write()
    pool.run_well("run", "pool")
    assert [pool[name].waiting.exists() for name in ("fr", "be", "nl")] == [False, True, True]


def test_a_shop_that_is_left_out_keeps_no_old_file(pool: PoolWorld) -> None:
    all_wait(pool)
    (pool["be"].server.root / "be-stock.csv").unlink()
    result = pool.run("run", "pool")
    assert result.exit_code == 4
    assert "be-import.csv was withdrawn" in result.text
    assert [pool[name].waiting.exists() for name in ("be", "nl")] == [False, True]
    pool["nl"].takes()
    for _n in range(3):
        pool.cycle()
    assert pool.levels(A) == [99, 99, 99]


@pytest.mark.parametrize("was_taken", [True, False])
def test_a_file_that_a_shop_took_as_it_was_withdrawn_is_no_change_by_hand(
    pool: PoolWorld, was_taken: bool
) -> None:
    all_wait(pool)
    (pool["be"].server.root / "be-stock.csv").unlink()
    levels = pool["be"].told()
    assert pool.run("run", "pool").exit_code == 4
    if was_taken:
        pool["be"].levels.update(levels)
    pool["nl"].takes()
    for _n in range(4):
        assert "by hand" not in pool.cycle().replace("taken for a change by hand", "")
    assert pool.levels(A) == [99, 99, 99]


@pytest.mark.parametrize("step", ["read_all", "carry_out"])
def test_whatever_stops_a_run_of_the_pool(
    pool: PoolWorld, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    all_wait(pool)
    monkeypatch.setattr(f"passerelle.runs.pool.{step}", _raising(ZeroDivisionError("a bug")))
    assert pool.run("run", "pool").exit_code == 1
    assert not any(pool[name].waiting.exists() for name in ("be", "nl"))


def test_a_pool_without_its_ledger_keeps_no_old_file(pool: PoolWorld) -> None:
    all_wait(pool)
    (ledger,) = pool.folder.rglob("passerelle.db")
    ledger.write_bytes(b"garbage" * 1000)
    assert pool.run("run", "pool").exit_code == 4
    assert not any(pool[name].waiting.exists() for name in ("be", "nl"))


def test_a_pool_that_is_held_leaves_no_old_file(pool: PoolWorld) -> None:
    all_wait(pool)
    for item in [*pool["fr"].levels][1:6]:
        pool["fr"].levels[item] = 0
    pool.all_write()
    pool.run("run", "pool")
    pool.all_write()
    assert pool.run("run", "pool").exit_code == 6
    assert not any(pool[name].waiting.exists() for name in ("be", "nl"))


# --- orders never hold the pool ----------------------------------------------------------------


def items(pool: PoolWorld) -> list[str]:
    return [*pool["fr"].levels]


@pytest.mark.parametrize("takes", [True, False])
def test_orders_of_most_items_hold_no_pool(pool: PoolWorld, takes: bool) -> None:
    """The last pieces too; also where a shop has not taken its file meanwhile."""
    for round_ in range(2):
        for n, item in enumerate(items(pool)[:8]):
            pool["be"].sells(f"{round_}{n}", item, 50)
        pool.all_write()
        pool.run_well("run", "pool")
        if takes:
            pool.all_take()
    pool.all_take()
    pool.cycle()
    assert [pool["fr"].levels[item] for item in items(pool)] == [0] * 8 + [100] * 2


def test_orders_that_were_counted_by_a_held_run_hold_not_the_next(pool: PoolWorld) -> None:
    before = dict(pool["fr"].levels)
    for item in items(pool)[:6]:
        pool["fr"].levels[item] = 0  # by mistake
    pool.all_write()
    pool.run_well("run", "pool")
    for n, item in enumerate(items(pool)[:8]):
        pool["be"].sells(f"1{n}", item, 100)
    pool.all_write()
    pool.run("run", "pool")
    pool.all_write()
    assert pool.run("run", "pool").exit_code == 6, "what was changed by hand holds"
    pool["fr"].levels.update(before)  # mended
    for _n in range(3):
        pool.cycle()
    assert [pool["fr"].levels[item] for item in items(pool)] == [0] * 8 + [100] * 2
