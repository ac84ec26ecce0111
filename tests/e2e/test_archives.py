"""`archive prune`: what is older than it has to be kept goes, wherever it lies; the rest stays."""

import os
import shutil
import stat
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.shell import Result
from tests.world import Sale, World

SHOE = Sale("1", {"370": 1})
DAY = 86_400
RENAME = ("before", "passerelle.remotes:RetryingRemote", "rename")
UPLOAD = ("before", "passerelle.remotes:RetryingRemote", "store")


@pytest.fixture(autouse=True)
def ten_days(world: World) -> None:
    """Both archives are kept for ten days."""
    world.configure(extra='[archive]\nkeep_exports = "10d"\nkeep_traces = "10d"\n')
    for folder in (exports(world), traces(world)):
        folder.mkdir(parents=True)


def exports(world: World) -> Path:
    return world.data / "ArchiveExport"


def traces(world: World) -> Path:
    return world.data / "ArchiveTrace"


def named(days: float) -> str:
    """The time in a name, so many days ago."""
    return f"{datetime.now().astimezone() - timedelta(days=days):%Y%m%d_%H%M%S}"


def put(path: Path, *, days: float) -> Path:
    """A file of four bytes whose own time is so many days ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"kept")
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment))
    return path


def prune(world: World) -> Result:
    result = world.run("archive", "prune")
    assert result.exit_code in (0, 4), result
    return result


def test_old_files_leave_the_archives_and_it_is_said_how_much(world: World) -> None:
    first = put(exports(world) / f"a_{named(30)}.xml", days=30)
    last = put(exports(world) / f"b_{named(20)}.xml", days=20)
    young = put(exports(world) / f"c_{named(5)}.xml", days=5)
    trace = put(traces(world) / f"Trace1_{named(11)}.txt", days=11)
    assert prune(world).stdout == (
        f"ArchiveExport: 2 files removed, 8 bytes ({first.name} to {last.name})\n"
        "ArchiveWithheld: nothing to remove\n"
        f"ArchiveTrace: 1 file removed, 4 bytes ({trace.name})\n"
    )
    assert [p for p in (first, last, young, trace) if p.exists()] == [young]
    archives = ("ArchiveExport", "ArchiveWithheld", "ArchiveTrace")
    assert prune(world).stdout == "".join(f"{name}: nothing to remove\n" for name in archives)


def test_subfolders_are_pruned_and_go_when_nothing_is_left_in_them(world: World) -> None:
    put(exports(world) / "2024" / "11" / "read-only.xml", days=30).chmod(stat.S_IREAD)
    put(exports(world) / "2025" / "old.xml", days=30)
    young = put(exports(world) / "2025" / "young.xml", days=1)
    assert "2 files removed" in prune(world).stdout
    assert [p for p in exports(world).rglob("*") if p.is_file()] == [young]
    assert not (exports(world) / "2024").exists()
    assert exports(world).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_an_archive_that_was_moved_to_another_disk_is_pruned_there(world: World) -> None:
    """Whoever put a link in the archive's own place wants it used."""
    disk = world.folder / "disk"
    shutil.move(exports(world), disk)
    exports(world).symlink_to(disk)
    old = put(disk / "old.xml", days=30)
    prune(world)
    assert not old.exists()


@pytest.mark.parametrize(
    "step", [("before", "passerelle.archive.folders:Exports", "confirm"), UPLOAD, RENAME]
)
def test_an_xml_that_is_still_to_be_sent_stays_however_old(
    world: World, step: tuple[str, str, str]
) -> None:
    world.shop_writes(SHOE)
    world.dies(step, "run", "orders")
    (kept,) = (path for path in exports(world).rglob("*") if path.is_file())
    left = put(exports(world) / f"ventes_{named(30)}.xml.part", days=30)
    world.configure(extra='[archive]\nkeep_exports = "1ms"\n')
    put(kept.with_name("copy"), days=30).write_bytes(kept.read_bytes())
    moment = time.time() - 900 * DAY
    os.utime(kept, (moment, moment))
    prune(world)
    assert [path for path in exports(world).rglob("*") if path.is_file()] == [kept]
    assert not left.exists()
    world.run_well("run", "orders")
    assert world.erp_takes() == ["1"]
    assert list(exports(world).iterdir()) == [], "the run pruned it once it was sent"


def test_a_file_that_is_held_open_is_told_by_name_and_the_others_go(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = put(exports(world) / "shelf" / "held.xml", days=30)
    other = put(exports(world) / "other.xml", days=30)
    real = Path.unlink

    def as_on_windows(path: Path, missing_ok: bool = False) -> None:
        if path == held:
            raise PermissionError(13, "used by another process")
        real(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", as_on_windows)
        result = prune(world)
    assert result.exit_code == 4
    assert f"{held} (used by another process)" in result.stderr
    assert not other.exists()
    assert prune(world).exit_code == 0
    assert not held.parent.exists()


def test_a_run_says_once_a_day_what_left_the_archives(world: World) -> None:
    put(traces(world) / "Trace1_20200101_000000.txt", days=0)
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    assert "ArchiveTrace: 1 file removed, 4 bytes (Trace1_20200101_000000.txt)" in world.trace(1)
    again = put(traces(world) / "Trace1_20200101_000000.txt", days=0)
    world.run_well("run", "orders")
    assert again.exists()


def test_a_ledger_that_is_not_the_one_holds_it(world: World) -> None:
    """The lost ledger may have promised to send what lies in the archive."""
    world.shop_writes(SHOE)
    world.run_well("run", "orders")
    (world.data / "passerelle.db").unlink()
    old = put(exports(world) / "old.xml", days=30)
    assert world.run("archive", "prune").exit_code == 6
    assert old.exists()
