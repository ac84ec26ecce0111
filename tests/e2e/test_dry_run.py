"""A dry run changes nothing anywhere and prints what the real run then does."""

import re
from pathlib import Path

import pytest

from tests import scale
from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.world import Sale, World, tree

LEVELS = {str(370 + n): 5 for n in range(10)}
SALES = (
    Sale("1", {"370": 1}),
    Sale("2", {"371": 1}, payment="Bon cadeau"),
    Sale("3", {"372": "deux"}),
)


def without_times(text: str) -> list[str]:
    """The lines without what differs from one moment to the next."""
    plain = re.sub(r"\d{8}_\d{6}|of unknown age|written .* ago", "TIME", text)
    return [line for line in plain.splitlines() if "clock of" not in line]


@pytest.mark.parametrize(
    ("kind", "run"),
    [
        *(("folder", "orders"), ("folder", "stock"), ("ftp", "all")),
        *(pytest.param(kind, "all", marks=scale.only("ci")) for kind in ("folder", "sftp")),
    ],
)
def test_a_dry_run_prints_the_plan_and_changes_nothing(
    tmp_path: Path, new_server: NewServer, kind: str, run: str
) -> None:
    server = new_server(kind)
    world = make_world(tmp_path, server)
    world.shop_writes(*SALES)
    world.erp_writes_stock(LEVELS)
    before = tree(world.folder, server.root)

    dry = world.run("run", run, "--dry-run")
    assert tree(world.folder, server.root) == before

    real = world.run("run", run)
    assert dry.exit_code == real.exit_code
    title, *planned = without_times(dry.stdout)
    assert title == "dry run: nothing is changed anywhere"
    said = without_times(real.stdout)
    planned = [line for line in planned if " in status " not in line]  # for a dry run alone
    assert [line for line in said if line in planned] == planned
    assert tree(world.folder, server.root) != before


def test_a_dry_run_after_a_killed_run_leaves_all_as_it_is(world: World) -> None:
    world.shop_writes(*SALES)
    world.dies(("before", "passerelle.remotes:RetryingRemote", "store"), "run", "orders")
    before = tree(world.folder, world.server.root)
    text = world.run("run", "orders", "--dry-run").stdout
    assert "would finish sending commandes_" in text
    assert "no order to send" in text
    assert tree(world.folder, world.server.root) == before


def test_a_dry_run_that_would_be_held_says_what_it_would_withdraw(world: World) -> None:
    world.shop_writes(SALES[0])
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    world.erp_writes_stock(LEVELS, age=3600)
    before = tree(world.folder, world.server.root)
    words = "would withdraw ftp:ExportCSVmod.csv"
    world.fails("run", "stock", "--dry-run", code=6, words=words)
    assert tree(world.folder, world.server.root) == before
