"""What is kept, under which name, and for how long."""

import os
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from passerelle.archive.folders import Exports, rotate_traces
from passerelle.archive.retention import overdue, prune
from passerelle.config.model import Archive

NOW = datetime(2026, 11, 22, 10, 27, tzinfo=UTC).astimezone()
DAY = timedelta(days=1)
KEEP = Archive()


def put(path: Path, *, age: timedelta = timedelta(0), size: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    moment = (NOW - age).timestamp()
    os.utime(path, (moment, moment))
    return path


def left(folder: Path, needed: Collection[str] = ()) -> set[str]:
    """What is left of the archive of exports once it was pruned."""
    prune(overdue(folder, KEEP, needed, NOW))
    return {path.name for path in (folder / "ArchiveExport").rglob("*")}


class TestTheArchive:
    def test_gives_no_name_twice(self, tmp_path: Path) -> None:
        exports = Exports(tmp_path)
        names = []
        for _number in range(3):
            names.append(exports.free_name("commandes.xml", NOW))
            put(exports.folder / names[-1])
        first, *others = names
        assert first == "commandes.xml"
        assert len(set(names)) == 3
        assert all(f"{NOW:%Y%m%d_%H%M}" in name for name in others)

    @pytest.mark.parametrize(
        ("name", "age", "stays"),
        [
            ("a.xml", 729, True),
            ("a.xml", 731, False),
            # The time in a name tells more than that of a file that was put back from a backup.
            ("a_20241101_102700.xml", 0, False),
            ("a_20261101_102700.xml", 2000, True),
            # No time, or none yet.
            ("a_20249901_102700.xml", 0, True),
            ("a_20991101_102700.xml", 731, False),
            # A leftover of a crash, which is kept for a day.
            ("a.xml.part", 2, False),
            ("a.xml.part", 0, True),
        ],
    )
    def test_keeps_what_is_young(self, tmp_path: Path, name: str, age: int, stays: bool) -> None:
        put(tmp_path / "ArchiveExport" / name, age=age * DAY)
        assert left(tmp_path) == ({name} if stays else set())

    @pytest.mark.parametrize("name", ["a.xml", "unsent/a.xml.part", "a_20200101_000000.xml"])
    def test_keeps_what_is_still_to_be_sent(self, tmp_path: Path, name: str) -> None:
        path = put(tmp_path / "ArchiveExport" / name, age=2000 * DAY)
        assert path.name in left(tmp_path, [path.name.removesuffix(".part")])

    def test_follows_no_link(self, tmp_path: Path) -> None:
        elsewhere = put(tmp_path / "mine" / "a.xml", age=2000 * DAY)
        archive = tmp_path / "ArchiveExport"
        archive.mkdir()
        for name, target in (("link.xml", elsewhere), ("folder", elsewhere.parent)):
            try:
                (archive / name).symlink_to(target, target.is_dir())
            except OSError:
                pytest.skip("this account may make no links")
            moment = (NOW - 2000 * DAY).timestamp()
            os.utime(archive / name, (moment, moment), follow_symlinks=False)
        prune(overdue(tmp_path, KEEP, (), NOW))
        assert elsewhere.exists()
        assert {path.name for path in archive.iterdir()} == {"link.xml", "folder"}


@pytest.mark.parametrize(
    ("sizes", "moves"), [((10, 10), False), ((11, 0), True), ((0, 11), True), ((11, 11), True)]
)
def test_both_traces_move_once_one_is_too_big(
    tmp_path: Path, sizes: tuple[int, int], moves: bool
) -> None:
    traces = [put(tmp_path / f"Trace{n}.txt", size=size) for n, size in enumerate(sizes, 1)]
    moved = rotate_traces(tmp_path, 10, NOW)
    assert len(moved) == (2 if moves else 0)
    assert all(trace.exists() != moves for trace in traces)
