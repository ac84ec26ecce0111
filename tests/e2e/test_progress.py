"""What is shown to a person who waits at a terminal; a pipe gets not one byte of it."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import make_world
from tests.pty import CTRL_BACKSLASH, Session, run_at_terminal
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.ftp import FtpServer, Quirks
from tests.shell import run_child
from tests.world import Sale, World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pseudo terminals are Linux's")

SHOE = Sale("1", {"370": 1})
# Long against the patience of a hurried program: a slow machine has the time to show something.
A_WHILE = 0.4

SlowWorld = Callable[[Quirks], World]


def at_terminal(*args: str, patience: float = 0.05, **options: Any) -> Session:
    return run_at_terminal(str(patience), *args, module="tests.hurried", **options)


@pytest.fixture
def slow_world(tmp_path: Path) -> Iterator[SlowWorld]:
    """Makes a world whose server misbehaves in the given way."""
    with ExitStack() as stack:

        def make(quirks: Quirks) -> World:
            root = tmp_path / "served"
            root.mkdir()
            ftp = stack.enter_context(FtpServer(root, {USER: PASSWORD}, quirks=quirks))
            url = f"ftp://{USER}@{HOST}:{ftp.port}"
            return make_world(tmp_path, RunningServer("slow", url, PASSWORD, root))

        yield make


class TestATransfer:
    def test_tells_how_far_it_is_and_leaves_no_trace(self, slow_world: SlowWorld) -> None:
        world = slow_world(Quirks(bytes_per_second=60_000, delays={"STOR": A_WHILE}))
        world.shop_writes(*(Sale(str(number), {"370": 1}) for number in range(100)))
        path = world.server.root / "commandes.csv"
        # A long cell that nobody reads: the file is big, what is sent of it is not.
        rows = path.read_bytes().splitlines()
        path.write_bytes(b"".join(row + b";" + 1_300 * b"x" + b"\r\n" for row in rows))
        size = path.stat().st_size
        done = at_terminal("run", "orders", cwd=world.folder)
        assert done.exit_code == 0, done
        assert "fetching ftp:commandes.csv" in done.text
        assert f"of {-(-size // 1000)} kB" in done.text
        assert "sending ftp:import/commandes_" in done.text
        assert done.is_cursor_visible
        told = [line for line in done.lines() if line]
        assert [line for line in told if "fetching" in line or "sending" in line] == []
        plain = [line.partition("  ")[2] for line in world.trace(1).splitlines()]
        assert set(told) <= set(plain), "each line stands alone, as it is in the trace"

    def test_tells_a_pipe_nothing(self, slow_world: SlowWorld) -> None:
        world = slow_world(Quirks(delays={"RETR": A_WHILE}))
        world.shop_writes(SHOE)
        done = run_child("0.05", "run", "orders", cwd=world.folder, module="tests.hurried")
        assert done.exit_code == 0
        assert done.stderr == ""
        plain = {line.partition("  ")[2] for line in world.trace(1).splitlines()}
        assert set(done.stdout.splitlines()) <= plain

    def test_tells_nothing_where_only_one_of_the_outputs_is_a_terminal(
        self, slow_world: SlowWorld
    ) -> None:
        world = slow_world(Quirks(delays={"RETR": A_WHILE}))
        world.shop_writes(SHOE)
        with (world.folder / "out.txt").open("wb") as out:
            done = at_terminal("run", "orders", cwd=world.folder, stdout=out.fileno())
        assert (done.exit_code, done.screen) == (0, "")

    def test_says_that_it_waits_for_a_server_that_does_not_answer(
        self, slow_world: SlowWorld
    ) -> None:
        world = slow_world(Quirks(delays={"USER": A_WHILE}))
        world.shop_writes(SHOE)
        done = at_terminal("run", "orders", cwd=world.folder)
        assert done.exit_code == 0
        assert "waiting for ftp" in done.text

    def test_interrupted_leaves_the_terminal_as_it_was(self, slow_world: SlowWorld) -> None:
        world = slow_world(Quirks(delays={"RETR": 300}))
        world.shop_writes(SHOE)
        done = at_terminal("run", "orders", cwd=world.folder, interrupt_at="fetching")
        assert done.exit_code == 130
        assert done.is_cursor_visible
        assert done.lines()[-2:] == [
            "passerelle: interrupted: what was done is kept; the next run goes on from there",
            "",
        ]

    def test_that_is_killed_leaves_the_cursor_too(self, slow_world: SlowWorld) -> None:
        world = slow_world(Quirks(delays={"RETR": 300}))
        world.shop_writes(SHOE)
        done = at_terminal(
            "run", "orders", cwd=world.folder, interrupt_at="fetching", key=CTRL_BACKSLASH
        )
        assert done.exit_code == -signal.SIGQUIT
        assert done.is_cursor_visible

    def test_tells_nothing_to_a_terminal_that_cannot_erase(self, slow_world: SlowWorld) -> None:
        world = slow_world(Quirks(delays={"RETR": A_WHILE}))
        world.shop_writes(SHOE)
        for terminal in ("dumb", "unknown"):
            done = at_terminal("run", "orders", cwd=world.folder, env={"TERM": terminal})
            assert "\x1b" not in done.screen and "fetching" not in done.screen


def test_a_check_of_a_slow_server_shows_that_it_goes_on(slow_world: SlowWorld) -> None:
    world = slow_world(Quirks(delays={"PASS": A_WHILE}))
    world.shop_writes(SHOE)
    done = at_terminal("check", cwd=world.folder)
    assert "waiting for ftp" in done.text
    assert all(line.startswith(("ok", "warning", "fault", "   ")) for line in done.lines()[:-2])


def test_a_large_conversion_shows_that_it_goes_on(world: World) -> None:
    world.shop_writes(*(Sale(str(n), {"370": 1, "371": 2}) for n in range(2_000)))
    source = str(world.server.root / "commandes.csv")
    done = at_terminal("convert", source, "-o", "out.xml", cwd=world.folder, patience=0)
    assert done.exit_code == 0
    assert "converting commandes.csv" in done.text
    assert [line for line in done.lines() if line] == ["2000 orders converted"]


def test_what_is_quick_shows_nothing(world: World) -> None:
    world.shop_writes(SHOE)
    done = at_terminal("run", "orders", cwd=world.folder, patience=3600)
    assert done.exit_code == 0
    assert "\x1b" not in done.screen


def test_a_program_without_outputs_shows_nothing(slow_world: SlowWorld) -> None:
    """As the windowed .exe: sys.stdout is None there."""
    world = slow_world(Quirks(delays={"RETR": A_WHILE}))
    world.shop_writes(SHOE)
    done = run_at_terminal("run", "orders", cwd=world.folder, module="tests.windowless")
    assert (done.exit_code, done.screen) == (0, "")
    assert world.states() == {"1": "sent"}


def test_a_line_of_the_trace_within_a_step_stands_alone(tmp_path: Path) -> None:
    done = run_at_terminal(cwd=tmp_path, module="tests.telling")
    assert done.exit_code == 0
    before, _, after = done.text.partition("told meanwhile")
    assert "sleeping [bold]long[/]" in before, "its text is no markup"
    assert "sleeping [bold]long[/]" in after, "after a silent moment, it comes back"
    assert [line for line in done.lines() if line] == ["told meanwhile"]
