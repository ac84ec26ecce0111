"""A clock that was set empties no archive: what is doubtful is held, told, and for a person."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from passerelle.gateway import frame
from tests.e2e.conftest import make_world
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.ftp import FtpServer
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


def concerns(world: World) -> list[str]:
    result = world.run("status", "--json")
    return [one["kind"] for one in json.loads(result.stdout)["concerns"]]


def ahead(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    """Our own clock is wrong from now on."""
    clock = frame.clock
    monkeypatch.setattr(frame, "clock", lambda: clock() + timedelta(days=days))
    monkeypatch.setattr(frame.Gateway, "now", lambda self: frame.clock())


def test_most_of_an_archive_is_a_persons_to_remove(ready: World) -> None:
    left = fill(ready, *[20] * 8, *[1] * 4)
    text = ready.run_well("run", "orders")
    assert (
        "! nothing was removed from the archives: 8 of 13 files of ArchiveExport would go" in text
    )
    assert left() == 12
    assert "prune_held" in concerns(ready)
    result = ready.run("archive", "prune")
    assert result.exit_code == 6
    assert "`passerelle archive prune --yes`" in result.stderr
    assert left() == 12
    ready.run_well("archive", "prune", "--yes")
    assert left() == 4
    assert "prune_held" not in concerns(ready)


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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FtpServer(tmp_path, {USER: PASSWORD}) as server:
        url = f"ftp://{USER}@{HOST}:{server.port}"
        world = make_world(tmp_path, RunningServer("ftp", url, PASSWORD, tmp_path))
        world.configure(extra='[archive]\nkeep_exports = "10d"\n')
        world.shop_writes(Sale("1", {"379": 1}))
        with monkeypatch.context() as patch:
            ahead(patch, -5)
            server.quirks = replace(server.quirks, clock_ahead=-5 * DAY)
            world.run_well("run", "orders")
            server.quirks = replace(server.quirks, clock_ahead=0)
        left = fill(world, *[12] * 2, *[1] * 9)
        world.shop_writes(Sale("2", {"379": 1}))
        world.run_well("run", "orders")
        assert left() == 9
