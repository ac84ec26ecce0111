"""Files written as they come, and read by slices."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from passerelle.archive.folders import Exports
from passerelle.base.durable import (
    make_private_folder,
    move_durably,
    replace_whole,
    touch_privately,
    write_durably,
    write_privately,
)
from passerelle.base.slices import hash_of, in_blocks

DATA = bytes(range(256)) * 5_000
SHA256 = hashlib.sha256(DATA).hexdigest()


def blocks(error: type[BaseException] | None = None) -> Iterator[bytes]:
    yield DATA[:1_000_000]
    if error:
        raise error
    yield DATA[1_000_000:]


class TestAFileReplacedByBlocks:
    def test_has_them_all(self, tmp_path: Path) -> None:
        replace_whole(tmp_path / "a.xml", blocks())
        assert (tmp_path / "a.xml").read_bytes() == DATA
        assert len(list(tmp_path.iterdir())) == 1

    @pytest.mark.parametrize("error", [OSError, LookupError, KeyboardInterrupt])
    def test_stays_what_it_was_where_one_fails(
        self, tmp_path: Path, error: type[BaseException]
    ) -> None:
        path = tmp_path / "a.xml"
        path.write_bytes(b"old")
        with pytest.raises(error):
            replace_whole(path, blocks(error))
        assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.xml", b"old")]

    def test_is_on_the_disk_before_it_has_its_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done = []
        monkeypatch.setattr(os, "fsync", lambda place: done.append(os.fstat(place).st_size))
        replace, path = Path.replace, tmp_path / "a.xml"

        def rename(old: Path, new: Path) -> Path:
            assert done == [len(DATA)]
            return replace(old, new)

        monkeypatch.setattr(Path, "replace", rename)
        replace_whole(path, blocks())
        assert path.read_bytes() == DATA


@pytest.mark.skipif(os.name == "nt", reason="there a folder's ACL is inherited")
def test_what_is_ours_is_the_user_s_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private_folder(tmp_path / "archive")
        touch_privately(tmp_path / "ledger")
        write_privately(tmp_path / "xml", b"1")
        write_durably(tmp_path / "shared", b"1")
        write_durably(tmp_path / "new", b"1")
        move_durably(tmp_path / "new", tmp_path / "moved")
        replace_whole(tmp_path / "trace", b"1")
        replace_whole(tmp_path / "report", b"1", shared=True)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    shared = dict.fromkeys(("shared", "moved", "report"), 0o666)
    assert modes == {"archive": 0o700, "ledger": 0o600, "xml": 0o600, "trace": 0o600} | shared


class TestAnArchivedFile:
    def test_is_hashed_as_it_is_written_and_read_by_slices(self, tmp_path: Path) -> None:
        exports = Exports(tmp_path)
        written = exports.write_pending("a.xml", blocks())
        assert (written.digest.hexdigest(), written.size) == (SHA256, len(DATA))
        exports.confirm("a.xml")
        file = exports.read("a.xml", SHA256)
        assert file is not None
        assert len(file) == len(DATA)
        assert file[10:300] == DATA[10:300]
        assert b"".join(in_blocks(file)) == DATA
        assert hash_of(file) == hash_of(DATA) == SHA256

    def test_is_not_read_once_it_is_altered_or_gone(self, tmp_path: Path) -> None:
        exports = Exports(tmp_path)
        assert exports.read("a.xml", SHA256) is None
        exports.write_pending("a.xml", b"other")
        exports.confirm("a.xml")
        assert exports.read("a.xml", SHA256) is None
