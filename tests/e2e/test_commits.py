"""How often a run waits for the disk because of its ledger: docs/performance.md promises it."""

import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import make_world
from tests.fire.strace import needs_strace, record
from tests.servers.fixtures import NewServer
from tests.world import Sale, World

pytestmark = [
    needs_strace,
    pytest.mark.skipif(sys.platform != "linux", reason="strace counts them"),
]


def waits(world: World) -> int:
    """How often a run of orders waits until the ledger is on the disk."""
    calls = record(("run", "orders"), world.folder)
    return sum(
        call.name in ("fsync", "fdatasync") and "passerelle.db-wal" in call.about for call in calls
    )


@pytest.fixture
def world(new_server: NewServer, tmp_path: Path) -> World:
    world = make_world(tmp_path, new_server("folder"))
    world.shop_writes(Sale("1", {"370": 1}))
    world.run_well("run", "orders")
    return world


@pytest.mark.parametrize("orders", [1, 40])
def test_an_xml_costs_two_waits_whatever_the_number_of_its_orders(
    world: World, orders: int
) -> None:
    without = waits(world)
    world.shop_writes(*(Sale(str(number), {"370": 1}) for number in range(1, 2 + orders)))
    assert waits(world) == without + 2
