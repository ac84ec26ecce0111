"""Files written as they come, and read by slices."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from passerelle.archive.folders import Exports
from passerelle.base.durable import replace_whole
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
