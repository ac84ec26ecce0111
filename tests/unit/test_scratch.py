"""What is too much for memory lies in private files that leave nothing behind."""

from pathlib import Path

import pytest

from passerelle.base import scratch
from passerelle.base.errors import UnreachableError
from passerelle.base.scratch import ScratchFile, Tables

MUCH = scratch._IN_MEMORY + 10


class TestAFile:
    @pytest.mark.parametrize("size", [0, 10, MUCH])
    def test_gives_back_what_it_took(self, tmp_path: Path, size: int) -> None:
        file, data = ScratchFile(tmp_path), bytes(range(250)) * (size // 250 + 1)
        file.write(data[: size // 2])
        assert file[: size // 4] == data[: size // 4]
        file.write(data[size // 2 : size])
        assert (len(file), file[:]) == (size, data[:size])
        assert file[size // 3 : size // 2] == data[size // 3 : size // 2]
        assert file[size:] == file[3:1] == b""

    def test_forgets_what_it_is_told_to(self, tmp_path: Path) -> None:
        file = ScratchFile(tmp_path)
        file.write(b"a" * MUCH)
        file.clear()
        file.write(b"b")
        assert file[:] == b"b"

    def test_touches_no_disk_for_little_and_leaves_nothing_of_much(self, tmp_path: Path) -> None:
        little = ScratchFile(tmp_path / "no folder")
        little.write(b"a few orders")
        assert little[:] == b"a few orders"
        much = ScratchFile(tmp_path)
        much.write(b"a" * MUCH)
        del much
        assert list(tmp_path.iterdir()) == []

    def test_says_where_it_cannot_be_written(self, tmp_path: Path) -> None:
        folder = tmp_path / "gone"
        folder.mkdir()
        file = ScratchFile(folder)
        folder.rmdir()
        with pytest.raises(UnreachableError, match="temporary file cannot be written") as caught:
            file.write(b"a" * MUCH)
        assert caught.value.where == str(folder)


class TestTables:
    def test_take_more_than_their_cache_and_keep_all(self) -> None:
        tables = Tables("CREATE TABLE t (n INTEGER PRIMARY KEY, text)")
        tables.add("INSERT INTO t VALUES (?, ?)", ((n, "x" * 1000) for n in range(20_000)))
        assert tables.ask_one("SELECT count(*) FROM t") == 20_000
        assert [n for (n,) in tables.ask("SELECT n FROM t ORDER BY n LIMIT 3")] == [0, 1, 2]
        assert tables.change("DELETE FROM t WHERE n < ?", 7) == 7

    def test_say_so_where_the_disk_is_full(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = (*scratch._SETTINGS[:-1], "PRAGMA max_page_count = 5", "BEGIN")
        monkeypatch.setattr(scratch, "_SETTINGS", settings)
        tables = Tables("CREATE TABLE t (n INTEGER PRIMARY KEY, text)")
        with pytest.raises(UnreachableError, match="disk is full"):
            tables.add("INSERT INTO t VALUES (?, ?)", ((n, "x" * 1000) for n in range(200)))
