"""Full disks, here and there, and a ledger that somebody else holds: nothing lost, and told."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from passerelle.ledger import databases
from tests import scale
from tests.fire.conftest import Note
from tests.fire.life import Life
from tests.fire.strace import fail_from, needs_strace, record
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.fixtures import NewServer
from tests.servers.ftp import FtpServer, Quirks
from tests.servers.real import REAL_KINDS

UNREACHABLE = 4


@pytest.fixture
def ftp_life(tmp_path: Path) -> Iterator[tuple[FtpServer, Life]]:
    """A life on an FTP server of this process, which has gone well so far."""
    root = tmp_path / "server"
    root.mkdir()
    with FtpServer(root, {USER: PASSWORD}) as server:
        url = f"ftp://{USER}@{HOST}:{server.port}"
        life = Life(tmp_path / "life", RunningServer("ftp", url, PASSWORD, root))
        life.assert_nothing_lost_nothing_doubled()
        yield server, life


# Python's own, where what a run that went well has printed cannot be written either.
_OUTPUT_LOST = 120


@needs_strace
@pytest.mark.skipif(sys.platform == "win32", reason="strace is not for Windows")
@pytest.mark.parametrize("error", ["ENOSPC", pytest.param("EIO", marks=scale.only("ci"))])
@pytest.mark.parametrize("run", ["orders", "stock"])
def test_our_disk_may_be_full_or_broken_from_any_call_on(
    tmp_path: Path, new_server: NewServer, run: str, error: str, note: Note
) -> None:
    count = iter(range(1_000_000))

    def new_life() -> Life:
        return Life(tmp_path / str(next(count)), new_server("ftp"))

    calls = [c for c in record(("run", run), new_life().world.folder) if c.changes_files]
    wanted = calls[:: len(calls) // scale.pick(2, 9, len(calls) + 1) + 1]
    ends = dict.fromkeys((0, UNREACHABLE), 0)
    for call in wanted:
        life = new_life()
        result = fail_from(call, error, ("run", run), life.world.folder)
        code = 0 if result.exit_code == _OUTPUT_LOST else result.exit_code
        assert code in ends, (call, result)
        assert code == 0 or result.stderr.startswith("passerelle: "), (call, result)
        ends[code] += 1
        life.assert_all_is_made_good()
    assert ends[UNREACHABLE], "the harness must strike"
    note(f"{run}: {error} from {len(wanted)} of {len(calls)} calls on; exit codes {ends}")


class Disk:
    """A small disk of its own."""

    def __init__(self, place: Path, size: int) -> None:
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        options = f"size={size},mode=755"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)

    def fill(self, leave: int) -> None:
        """Leaves so many bytes free, or a page more."""
        status = os.statvfs(self.place)
        free = status.f_bavail * status.f_frsize
        (self.place / "ballast").write_bytes(bytes(max(0, free - leave)))

    def empty(self) -> None:
        (self.place / "ballast").unlink()

    def unmount(self) -> None:
        subprocess.run(["umount", "-l", str(self.place)], check=True)


@pytest.fixture
def disks() -> Iterator[Callable[[Path, int], Disk]]:
    """Mounts small disks, as root; skips for others."""
    mounted: list[Disk] = []

    def mount(place: Path, size: int) -> Disk:
        try:
            mounted.append(Disk(place, size))
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no disk can be mounted here: {error}")
        return mounted[-1]

    yield mount
    for disk in mounted:
        disk.unmount()


@scale.only("ci")
@pytest.mark.parametrize("run", ["orders", "stock"])
def test_a_real_disk_of_ours_may_run_full(
    tmp_path: Path,
    new_server: NewServer,
    disks: Callable[[Path, int], Disk],
    run: str,
    note: Note,
) -> None:
    (tmp_path / "disk").mkdir()
    disk = disks(tmp_path / "disk", 1 << 20)
    life = Life(tmp_path / "disk" / "life", new_server("ftp"))
    life.assert_nothing_lost_nothing_doubled()
    failed = 0
    rooms = range(0, 160 * 1024, scale.pick(0, 20 * 1024, 4096))
    for room in rooms:
        life.new_orders()
        disk.fill(room)
        result = life.run(run)
        assert result.exit_code in (0, UNREACHABLE), result
        failed += result.exit_code != 0
        disk.empty()
        life.assert_all_is_made_good()
    assert failed
    note(f"{run}: a disk with room for 0 to 156 kB, {len(rooms)} sizes: {failed} runs ended with 4")


@pytest.mark.parametrize("run", ["orders", "stock"])
def test_the_servers_disk_may_have_any_room(
    ftp_life: tuple[FtpServer, Life], run: str, note: Note
) -> None:
    server, life = ftp_life
    failed, rooms = 0, range(0, 2_200, scale.pick(1_000, 400, 20))
    for room in rooms:
        life.new_orders()
        server.quirks = replace(Quirks(), disk_room=room)
        result = life.run(run)
        assert result.exit_code in (0, UNREACHABLE), result
        if result.exit_code:
            assert "full" in result.stderr
            failed += 1
            is_left = (server.root / "ExportCSVmod.csv").exists()
            assert run == "orders" or not is_left, "an older file is withdrawn"
        server.quirks = Quirks()
        life.assert_all_is_made_good()
    assert failed
    note(f"{run}: {len(rooms)} different rooms on the server's disk: {failed} runs ended with 4")


@pytest.mark.realserver
@pytest.mark.parametrize("kind", REAL_KINDS)
def test_a_real_servers_disk_may_run_full(
    kind: str, new_server: NewServer, disks: Callable[[Path, int], Disk], tmp_path: Path
) -> None:
    server = new_server(kind)
    disk = disks(server.root, 256 * 1024)
    if server.owner:
        os.chown(server.root, *server.owner)
    life = Life(tmp_path / "life", server)
    life.assert_nothing_lost_nothing_doubled()
    life.new_orders(30)
    disk.fill(4096)
    result = life.run("orders")
    assert result.exit_code == UNREACHABLE, result
    assert list(life.world.xmls()) == [] or all(p.suffix == ".tmp" for p in life.world.xmls())
    disk.empty()
    life.assert_nothing_lost_nothing_doubled()


@pytest.mark.parametrize("run", ["orders", pytest.param("stock", marks=scale.only("ci"))])
def test_a_ledger_held_by_another_program_from_any_command_on(
    ftp_life: tuple[FtpServer, Life], monkeypatch: pytest.MonkeyPatch, run: str, note: Note
) -> None:
    """As by a database browser: before the run, or once the server hears its Nth command."""
    server, life = ftp_life
    monkeypatch.setattr(databases, "_BUSY_MS", 50)
    failed = number = 0
    holders: list[sqlite3.Connection] = []
    while number == failed * scale.pick(7, 1, 1) or not number:
        life.new_orders()
        until = len(server.commands) + number

        def hold(line: str, until: int = until) -> None:
            if len(server.commands) > until and not holders:
                path = life.world.data / "passerelle.db"
                holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
                holder.execute("BEGIN IMMEDIATE")
                holders.append(holder)

        server.on_command = hold
        if not number:
            hold("")
        result = life.run(run)
        server.on_command = lambda line: None
        while holders:
            holders.pop().close()
        failed += result.exit_code == UNREACHABLE
        if result.exit_code:
            assert "the ledger cannot be used (database is locked)" in result.stderr, result
        life.assert_all_is_made_good()
        number += scale.pick(7, 1, 1)
    assert failed > 1
    note(f"{run}: the ledger locked at each of {failed} commands to the server")
