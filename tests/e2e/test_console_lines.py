"""What a run shows on a screen: no more of a kind than can be read, broken between words."""

from pathlib import Path

import pytest

from tests.e2e.conftest import make_world
from tests.pty import run_at_terminal
from tests.servers.fixtures import NewServer
from tests.world import Sale, World


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    world = make_world(tmp_path, new_server("folder"))
    gifts = [Sale(str(n), {"370": 1}, payment="Bon cadeau") for n in range(100, 125)]
    world.shop_writes(*gifts, Sale("200", {"380": 1}))
    return world


def test_of_many_lines_of_a_kind_the_first_are_shown_and_the_trace_has_all(world: World) -> None:
    shown = world.run_well("run", "orders").splitlines()
    assert sum("order 1" in line for line in shown) == 20
    assert "  and 5 more, see Trace1" in shown
    assert any("is in place on ftp" in line for line in shown), "what is of another kind is shown"
    assert sum("order 1" in line for line in world.trace(1).splitlines()) == 25
    assert "5 more" not in world.trace(1)


def test_a_dry_run_which_has_no_trace_shows_all(world: World) -> None:
    shown = world.run_well("run", "orders", "--dry-run").splitlines()
    assert sum("order 1" in line for line in shown) == 25


def test_a_terminal_breaks_between_words(world: World) -> None:
    env = {"COLUMNS": "60"}
    session = run_at_terminal("run", "orders", cwd=world.folder, env=env)
    text = session.text.replace("\r", "\n")
    assert max(map(len, text.splitlines())) < 60
    assert "withheld, to be entered at the till: order 100" in " ".join(text.split())
