"""A clock that was set empties no archive: what is doubtful is held, told, and for a person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from passerelle.base import clocks
from passerelle.gateway import frame
from tests.e2e.conftest import NewFtp
from tests.servers.ftp import Quirks
from tests.world import Sale, World

DAY = 86_400


def fill(world: World, *days: float) -> Callable[[], int]:
    """An archive of XMLs so many days old; returns what counts those that are left."""
    folder = world.data / "ArchiveExport"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, age in enumerate(days):
        at = datetime.now().astimezone() - timedelta(days=age)
        paths.append(folder / f"a{number}_{at:%Y%m%d_%H%M%S}.xml")
        paths[-1].write_bytes(b"kept")
    return lambda: sum(path.exists() for path in paths)


@pytest.fixture
def ready(world: World) -> World:
    world.configure(extra='[archive]\nkeep_exports = "10d"\n')
    world.shop_writes(Sale("1", {"379": 1}))
    return world


def kinds(world: World) -> set[str]:
    return {one["kind"] for one in world.concerns().values()}


def ahead(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    """Our own clock is wrong from now on."""
    clock = clocks.clock
    monkeypatch.setattr(clocks, "clock", lambda: clock() + timedelta(days=days))
    monkeypatch.setattr(frame.Gateway, "now", lambda self: clocks.clock())


def test_most_of_an_archive_is_a_persons_to_remove(ready: World) -> None:
    left = fill(ready, *[20] * 8, *[1] * 4)
    text = ready.run_well("run", "orders")
    assert (
        "! nothing was removed from the archives: 8 of 13 files of ArchiveExport would go" in text
    )
    assert left() == 12
    assert "prune_held" in kinds(ready)
    ready.fails("archive", "prune", code=6, words="`passerelle archive prune --yes`")
    assert left() == 12
    ready.run_well("archive", "prune", "--yes")
    assert left() == 4
    assert "prune_held" not in kinds(ready)


@pytest.mark.parametrize("days", [[20] * 5, [20] * 6 + [1] * 7])
def test_few_files_or_few_of_many_go_by_themselves(ready: World, days: list[float]) -> None:
    left = fill(ready, *days)
    ready.run_well("run", "orders")
    assert left() == days.count(1)


@pytest.mark.parametrize("days", [5, -1])
def test_our_clock_that_left_that_of_the_last_run(
    ready: World, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    ready.run_well("run", "orders")
    left = fill(ready, *[12] * 2, *[1] * 9)
    with monkeypatch.context() as patch:
        ahead(patch, days)
        for _n in range(2):
            assert "nothing was removed" in ready.run("archive", "prune").stderr
        ready.run_well("run", "orders")
        if days > 0:
            # Once a run has begun with that clock, it still is in doubt.
            assert "5 days ahead" in ready.run("archive", "prune").stderr
        assert left() == 11
    ready.run_well("run", "orders")
    if days < 0:
        assert "nothing was removed" not in ready.run("archive", "prune").stderr
    else:
        assert left() == 11, "the last run is in the future"
        ready.run_well("run", "orders")
        ready.run_well("archive", "prune")
    assert left() == 9


def test_a_server_elsewhere_may_say_that_the_machine_was_only_off(
    new_ftp: NewFtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, server = new_ftp(Quirks())
    world.configure(extra='[archive]\nkeep_exports = "10d"\n')
    with monkeypatch.context() as patch:
        ahead(patch, -5)
        server.quirks = replace(server.quirks, clock_ahead=-5 * DAY)
        world.sends(Sale("1", {"379": 1}))
        server.quirks = replace(server.quirks, clock_ahead=0)
    left = fill(world, *[12] * 2, *[1] * 9)
    world.sends(Sale("2", {"379": 1}))
    assert left() == 9
