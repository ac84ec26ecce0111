"""A status that nobody has said anything about waits, and is told where people look."""

import re
from dataclasses import replace

import pytest

from tests import scale
from tests.world import Sale, World

READY = Sale("1", {"370": 1}, status="Prêt à l'enlèvement")
USUAL = Sale("2", {"371": 1})


def told(world: World) -> list[str]:
    return [one["text"] for one in world.concerns().values() if one["kind"] == "unknown_status"]


@pytest.fixture
def world(world: World) -> World:
    world.configure(orders="# send_statuses: the default\nstart_from = 2000-01-01T00:00:00\n")
    world.shop_writes(READY, USUAL)
    return world


def test_is_told_once_in_the_trace_and_in_status_until_the_config_says_what_it_is(
    world: World,
) -> None:
    assert 'where that line is missing, write it as ["default", ' in world.run_well("run", "orders")
    assert "is not known" not in world.run_well("run", "orders"), "told once"
    assert told(world) == ['status "Prêt à l\'enlèvement" is not known, so its orders wait']
    assert world.erp_takes() == ["2"]


@pytest.mark.parametrize(
    ("key", "taken"),
    [("send", ["1"]), pytest.param("waiting", [], marks=scale.only("ci")), ("cancelled", [])],
)
@pytest.mark.parametrize("status", ["Prêt à l'enlèvement", r'C:\neu "fertig"', "Warten " * 12])
def test_what_the_message_says_to_write_keeps_the_default(
    world: World, key: str, taken: list[str], status: str
) -> None:
    ready = replace(READY, status=status)
    world.shop_writes(ready, USUAL)
    said = world.run_well("run", "orders")
    world.erp_takes()
    (names,) = re.findall(r'write it as (\["default", .*\])', said)
    start = "# send_statuses\nstart_from = 2000-01-01T00:00:00\n"
    world.configure(orders=f"{start}{key}_statuses = {names}\n")
    world.shop_writes(ready, USUAL, Sale("3", {"372": 1}))
    world.run_well("run", "orders")
    assert sorted(world.erp_takes()) == sorted([*taken, "3"])
    assert told(world) == []


def test_an_order_without_a_status_waits_and_is_told(world: World) -> None:
    world.shop_writes(Sale("1", {"370": 1}, status=""), USUAL)
    world.run_well("run", "orders")
    assert told(world) == ["orders without a status wait"]
    assert world.erp_takes() == ["2"]
