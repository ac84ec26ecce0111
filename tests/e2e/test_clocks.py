"""The server's clock may differ from ours by hours: server times compare with server times."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests import scale
from tests.e2e.conftest import make_world
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.ftp import FtpServer, Quirks
from tests.world import Sale, World

LEVELS = {"370": 5, "371": 5, "372": 5}
HOUR = 3600
HOURS = pytest.mark.parametrize(
    "ahead",
    scale.pick(
        [-26 * HOUR, 5 * HOUR],
        range(-26 * HOUR, 27 * HOUR, 13 * HOUR),
        range(-26 * HOUR, 27 * HOUR, HOUR),
    ),
)


def world_with(server: FtpServer, root: Path) -> World:
    url = f"ftp://{USER}@{HOST}:{server.port}"
    return make_world(root, RunningServer("ftp", url, PASSWORD, root))


def set_clock(server: FtpServer, ahead: float) -> None:
    server.quirks = replace(server.quirks, clock_ahead=ahead)


@HOURS
def test_whatever_the_servers_clock_a_half_hour_goes_as_always_and_a_stale_file_is_held(
    tmp_path: Path, ahead: int
) -> None:
    quirks = Quirks(clock_ahead=ahead)
    with FtpServer(tmp_path, {USER: PASSWORD}, quirks=quirks) as server:
        world = world_with(server, tmp_path)
        world.shop_writes(Sale("1", {"370": 1}))
        world.run_well("run", "orders")
        world.erp_takes()
        world.erp_writes_stock(LEVELS)
        world.shop_writes(Sale("1", {"370": 1}), Sale("2", {"371": 1}))
        text = world.run_well("run", "stock")
        levels = world.shop_takes_stock()
        world.erp_writes_stock(LEVELS, age=26 * 60)
        stale = world.run("run", "stock")
    assert "hour" not in text and "day" not in text, "ages are told by the server's own clock"
    assert levels["370"] == "5", "the ERP's file includes order 1"
    assert levels["371"] == "0", "it does not include order 2"
    assert (stale.exit_code, "the file is 26 minutes old" in stale.stderr) == (6, True)


@HOURS
def test_an_xml_that_came_after_the_erps_file_is_not_included(tmp_path: Path, ahead: int) -> None:
    with FtpServer(tmp_path, {USER: PASSWORD}, quirks=Quirks(clock_ahead=ahead)) as server:
        world = world_with(server, tmp_path)
        world.erp_writes_stock(LEVELS, age=60)
        world.shop_writes(Sale("1", {"370": 1}))
        world.run_well("run", "orders")
        world.erp_takes()
        world.run_well("run", "stock")
    assert world.shop_stock()["370"] == "0"


@pytest.mark.parametrize(("before", "after"), [(0, 2 * HOUR), (2 * HOUR, 0), (0, -HOUR)])
def test_a_servers_clock_that_was_set_between_two_runs_is_measured_anew(
    tmp_path: Path, before: int, after: int
) -> None:
    """A fresh file is published, a stale one is held, though the old measurement says otherwise."""
    with FtpServer(tmp_path, {USER: PASSWORD}, quirks=Quirks(clock_ahead=before)) as server:
        world = world_with(server, tmp_path)
        world.shop_writes(Sale("1", {"370": 1}))
        world.run_well("run", "orders")
        set_clock(server, after)
        world.erp_writes_stock(LEVELS)
        world.run_well("run", "stock")
        world.erp_writes_stock(LEVELS, age=40 * 60)
        assert world.run("run", "stock").exit_code == 6


def test_our_own_clock_set_back_an_hour_holds_no_run_and_doubles_no_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The night when the clock goes back: names and ages go on, nothing is sent twice."""
    from passerelle.gateway.frame import Gateway

    real = Gateway.now
    world.shop_writes(Sale("1", {"370": 1}))
    world.run_well("run", "orders")
    monkeypatch.setattr(Gateway, "now", lambda self: real(self) - timedelta(hours=1))
    world.shop_writes(Sale("1", {"370": 1}), Sale("2", {"371": 1}))
    world.run_well("run", "orders")
    assert sorted(world.erp_takes()) == ["1", "2"]
    world.erp_writes_stock(LEVELS)
    result = world.run("run", "stock")
    assert result.exit_code == 0, result
    assert world.shop_stock()["370"] == "5"
