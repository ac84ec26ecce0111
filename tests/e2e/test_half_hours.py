"""Two half hours with the ERP and the shop played by the test, on every kind of server."""

from pathlib import Path

import pytest

from tests.e2e.conftest import make_world
from tests.servers import RunningServer
from tests.world import Sale, World

FIRST = Sale("1", {"0370": 2})
SECOND = Sale("2", {"371": 1, "372": 1}, last_name="Œuvré")
LATE = Sale("3", {"373": 1})


def play_two_half_hours(world: World) -> None:
    """Orders arrive exactly once, late ones are held back, gift cards stay, bytes are kept."""
    world.shop_writes(FIRST, SECOND)
    world.run_well("run", "orders")
    assert world.erp_takes() == ["1", "2"]
    levels = {"0370": 5, "371": 1, "372": 4, "373": 9, "374": 3}
    stock = world.erp_writes_stock(levels)
    world.shop_writes(FIRST, SECOND, LATE)

    world.run_well("run", "stock")
    published = (world.server.root / "ExportCSVmod.csv").read_bytes()
    assert world.shop_takes_stock() == {
        "0370": "5",
        "371": "1",
        "372": "4",
        "373": "0",
        "374": "3",
        "1201": "999",
        "1202": "999",
    }
    before, after = stock.splitlines(keepends=True), published.splitlines(keepends=True)
    assert [line for line in before if b"373" not in line] == after[:4] + after[5:6]
    assert after[4] == before[4].replace(b";9\r\n", b";0\r\n")

    world.run_well("run", "orders")
    assert world.erp_takes() == ["3"]
    world.erp_writes_stock({**levels, "373": 8}, age=-4)
    world.run_well("run", "stock")
    assert world.shop_takes_stock()["373"] == "8"
    world.run_well("run", "orders")
    assert world.xmls() == []
    assert world.booked == {"1": 1, "2": 1, "3": 1}
    assert set(world.states().values()) == {"taken"}


def test_each_order_arrives_once_and_late_ones_are_held_back(
    tmp_path: Path, server: RunningServer
) -> None:
    play_two_half_hours(make_world(tmp_path, server))


@pytest.mark.realserver
def test_each_order_arrives_once_on_real_servers(
    tmp_path: Path, real_server: RunningServer
) -> None:
    play_two_half_hours(make_world(tmp_path, real_server))


def test_a_server_that_forbids_renaming_gets_files_under_their_names(
    tmp_path: Path, server: RunningServer
) -> None:
    world = make_world(tmp_path, server)
    world.configure(server='publish = "direct"')
    play_two_half_hours(world)
