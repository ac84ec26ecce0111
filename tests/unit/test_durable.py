"""Files that are there whole or not at all."""

import hashlib
import os
from pathlib import Path

import pytest

from passerelle.archive.folders import Exports
from passerelle.base.durable import (
    make_private_folder,
    move_durably,
    replace_whole,
    write_durably,
    write_privately,
)
from passerelle.base.errors import NotReadyError, UnreachableError
from passerelle.runs import local_files

DATA = bytes(range(256)) * 5_000
SHA256 = hashlib.sha256(DATA).hexdigest()


class TestAFileReplaced:
    @pytest.mark.parametrize("error", [OSError, LookupError, KeyboardInterrupt])
    def test_stays_what_it_was_where_that_fails(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
    ) -> None:
        def fail(_descriptor: int) -> None:
            raise error

        path = tmp_path / "a.xml"
        path.write_bytes(b"old")
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(error):
            replace_whole(path, DATA)
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
        replace_whole(path, DATA)
        assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.xml", DATA)]


@pytest.mark.skipif(os.name == "nt", reason="there a folder's ACL is inherited")
def test_what_is_ours_is_the_user_s_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private_folder(tmp_path / "archive")
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
    assert modes == {"archive": 0o700, "xml": 0o600, "trace": 0o600} | shared


def test_an_archived_file_is_not_read_once_it_is_altered_or_gone(tmp_path: Path) -> None:
    exports = Exports(tmp_path)
    assert exports.read("a.xml", SHA256) is None
    for data, read in ((DATA, DATA), (b"other", None)):
        exports.write_pending("a.xml", data)
        exports.confirm("a.xml")
        assert exports.read("a.xml", SHA256) == read


def test_a_local_file_says_where_it_changes_meanwhile_or_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "commandes.csv"
    with pytest.raises(UnreachableError, match="cannot be read"):
        local_files.read_local(path)
    path.write_bytes(DATA)
    assert local_files.read_local(path) == DATA
    fstat = os.fstat

    def written_to(descriptor: int) -> os.stat_result:
        found = fstat(descriptor)
        os.utime(path, ns=(1, found.st_mtime_ns + 1))
        return found

    monkeypatch.setattr(os, "fstat", written_to)
    with pytest.raises(NotReadyError, match="written to while it was read"):
        local_files.read_local(path)
