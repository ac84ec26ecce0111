"""What is told at the console and by ``status`` agrees with what was done."""

from pathlib import Path

import pytest

from tests.servers.fixtures import NewServer
from tests.world import Sale, World


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    world = World(tmp_path, new_server("folder"))
    world.configure()
    return world


def test_what_we_withdrew_was_not_taken_by_the_shop(world: World) -> None:
    world.sends(Sale("1", {"370": 1}))
    world.erp_takes()
    world.erp_writes_stock({"370": 5, "371": 5})
    world.run_well("run", "stock")
    assert "waits for the shop" in world.run("status").text
    world.erp_writes_stock({"370": 5, "371": 5}, age=3600)
    assert "was withdrawn" in world.fails("run", "stock", code=6).text
    told = world.run("status").text
    assert "withdrawn by us" in told and "taken by the shop" not in told
    world.erp_writes_stock({"370": 5, "371": 5})
    world.run_well("run", "stock")
    world.shop_takes_stock()
    assert "taken by the shop" in world.run("status").text
