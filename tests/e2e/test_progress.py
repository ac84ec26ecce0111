"""What is shown to a person who waits at a terminal; a pipe gets not one byte of it."""

import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import scale
from tests.e2e.conftest import NewFtp
from tests.pty import CTRL_BACKSLASH, Session, run_at_terminal
from tests.servers.ftp import Quirks
from tests.shell import run_child
from tests.world import Sale, World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pseudo terminals are Linux's")

SHOE = Sale("1", {"370": 1})
# Long against the patience of a hurried program: a slow machine has the time to show something.
A_WHILE = 0.4


def at_terminal(*args: str, patience: float = 0.05, **options: Any) -> Session:
    return run_at_terminal(str(patience), *args, module="tests.hurried", **options)


def slow_world(new_ftp: NewFtp, quirks: Quirks) -> World:
    world, _ = new_ftp(quirks)
    world.shop_writes(SHOE)
    return world


class TestATransfer:
    def test_tells_how_far_it_is_and_leaves_no_trace(self, new_ftp: NewFtp) -> None:
        world, _ = new_ftp(Quirks(bytes_per_second=60_000, delays={"STOR": A_WHILE}))
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
        words = " ".join(told).split()
        assert words == [w for line in plain[1:] for w in line.split()][: len(words)]

    @pytest.mark.parametrize("command", ["run orders", "check"])
    def test_says_that_it_waits_for_a_server_that_does_not_answer(
        self, new_ftp: NewFtp, command: str
    ) -> None:
        world = slow_world(new_ftp, Quirks(delays={"PASS": A_WHILE}))
        done = at_terminal(*command.split(), cwd=world.folder)
        assert (done.exit_code, "waiting for ftp" in done.text) == (0, True)
        assert "waiting for" not in "".join(done.lines())

    @pytest.mark.parametrize(("key", "code"), [(None, 130), (CTRL_BACKSLASH, -signal.SIGQUIT)])
    def test_that_is_interrupted_or_killed_leaves_the_terminal_as_it_was(
        self, new_ftp: NewFtp, key: bytes | None, code: int
    ) -> None:
        world = slow_world(new_ftp, Quirks(delays={"RETR": 300}))
        more: dict[str, Any] = {"key": key} if key else {}
        done = at_terminal("run", "orders", cwd=world.folder, interrupt_at="fetching", **more)
        assert (done.exit_code, done.is_cursor_visible) == (code, True)
        words = "passerelle: interrupted: what was done is kept; the next run goes on from there"
        assert key or done.lines()[-2:] == [words, ""]

    @pytest.mark.parametrize(
        "how",
        [
            "pipe",
            "none",
            "quick",
            *(pytest.param(n, marks=scale.only("ci")) for n in ("dumb", "file")),
        ],
    )
    def test_tells_nothing_where_nobody_could_read_it(self, new_ftp: NewFtp, how: str) -> None:
        world = slow_world(new_ftp, Quirks(delays={"RETR": 0 if how == "quick" else A_WHILE}))
        call: dict[str, Any] = {"cwd": world.folder}
        if how == "pipe":
            piped = run_child("0.05", "run", "orders", module="tests.hurried", **call)
            assert (piped.exit_code, piped.stderr, "\x1b" in piped.stdout) == (0, "", False)
            return
        with (world.folder / "out.txt").open("wb") as out:
            if how == "none":  # as the windowed .exe: sys.stdout is None there
                done = run_at_terminal("run", "orders", module="tests.windowless", **call)
            else:
                ways: dict[str, dict[str, Any]] = {
                    "dumb": {"env": {"TERM": "dumb"}},
                    "file": {"stdout": out.fileno()},
                    "quick": {"patience": 3600},
                }
                done = at_terminal("run", "orders", **call, **ways[how])
        assert done.exit_code == 0
        assert "\x1b" not in done.screen and "fetching" not in done.screen
        assert world.states() == {"1": "sent"}


def test_a_line_of_the_trace_within_a_step_stands_alone(tmp_path: Path) -> None:
    done = run_at_terminal(cwd=tmp_path, module="tests.telling")
    assert done.exit_code == 0
    before, _, after = done.text.partition("told meanwhile")
    assert "sleeping [bold]long[/]" in before, "its text is no markup"
    assert "sleeping [bold]long[/]" in after, "after a silent moment, it comes back"
    assert [line for line in done.lines() if line] == ["told meanwhile"]
