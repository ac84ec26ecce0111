"""What all remotes share: failure is not absence, half a file is none."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest

from passerelle.base.deadline import Deadline
from passerelle.base.errors import (
    AccessDeniedError,
    AlreadyThereError,
    NotFoundError,
    PasserelleError,
    PermanentError,
    TransientError,
)
from passerelle.config.servers import Server
from passerelle.remotes import RetryingRemote
from passerelle.remotes.base import (
    Entry,
    checked,
    fetch_whole,
    find,
    is_gone,
    replace_by_deleting,
)
from passerelle.remotes.folder import FolderRemote


class Shelf:
    """A server of this test: its files, what was asked of it, and what goes wrong there.

    ``after`` and ``before`` fail a command once it was done, or instead of doing it.
    """

    def __init__(self, files: dict[str, bytes] | None = None, folders: tuple[str, ...] = ("",)):
        self.files, self.folders, self.asked = dict(files or {}), folders, list[str]()
        self.before: dict[str, list[PasserelleError]] = {}
        self.after: dict[str, list[PasserelleError]] = {}

    def _do(self, command: str, act: Callable[[], None] = lambda: None) -> None:
        self.asked.append(command)
        if errors := self.before.get(command):
            raise errors.pop(0)
        act()
        if errors := self.after.get(command):
            raise errors.pop(0)

    def _file(self, path: str) -> bytes:
        if path not in self.files:
            raise NotFoundError("no such file", path)
        return self.files[path]

    def stat(self, path: str) -> Entry:
        self._do("stat")
        return Entry(path, len(self._file(path)), None)

    def list_files(self, folder: str) -> list[Entry]:
        if folder not in self.folders:
            raise NotFoundError("no such folder", folder)
        return []

    def folder_number(self, folder: str) -> str:
        return ""

    def has_folder(self, path: str) -> bool:
        return path in self.folders

    def fetch(self, path: str) -> bytes:
        self._do("fetch")
        return self._file(path)

    def store(self, path: str, data: bytes) -> None:
        self._do("store", lambda: self.files.update({path: data}))

    def rewrite(self, path: str, data: bytes) -> None:
        self.store(path, data)

    def rename(self, old: str, new: str) -> None:
        def move() -> None:
            if old in self.folders:
                self.folders = (*(name for name in self.folders if name != old), new)
                return
            self.files[new] = self._file(old)
            del self.files[old]

        self._do("rename", move)

    def replace(self, old: str, new: str) -> None:
        self.rename(old, new)

    def delete(self, path: str) -> None:
        def remove() -> None:
            self._file(path)
            del self.files[path]

        self._do("delete", remove)

    def close(self) -> None:
        self.asked.append("close")


class Patient(Deadline):
    """Has no need to wait."""

    def sleep(self, wait: timedelta) -> None:
        self.remaining()


def retrying(shelf: Shelf) -> RetryingRemote:
    return RetryingRemote(lambda: shelf, Patient(timedelta(minutes=1)), "ftp")


LOST = TransientError("connection lost")
REFUSED = PermanentError("refused")


class TestAFileIsGone:
    @pytest.mark.parametrize(
        ("path", "is_so"), [("import/a.xml", False), ("import/b.xml", True), ("b.xml", True)]
    )
    def test_where_its_folder_lacks_it(self, path: str, is_so: bool) -> None:
        shelf = Shelf({"import/a.xml": b"1"}, ("", "import"))
        assert is_gone(shelf, path) == is_so

    @pytest.mark.parametrize("path", ["import/a.xml", "a.xml"])
    def test_not_where_its_folder_is_missing_too(self, path: str) -> None:
        with pytest.raises(NotFoundError, match="no such folder"):
            is_gone(Shelf(folders=()), path)

    def test_where_the_server_saw_the_folder(self) -> None:
        shelf = Shelf(folders=())
        shelf.before["stat"] = [NotFoundError("no such file", folder_seen=True)]
        assert is_gone(shelf, "import/a.xml")

    @pytest.mark.parametrize("error", [AccessDeniedError("denied"), LOST, REFUSED])
    @pytest.mark.parametrize("look", [is_gone, find])
    def test_not_where_nobody_could_look(
        self, look: Callable[[Shelf, str], object], error: PasserelleError
    ) -> None:
        shelf = Shelf()
        shelf.before["stat"] = [error]
        with pytest.raises(type(error)):
            look(shelf, "a.xml")


@pytest.mark.parametrize("size", [4, 5, 6])
def test_a_file_is_fetched_whole_again_where_it_arrived_cut_and_never_half(size: int) -> None:
    shelf = Shelf({"a": b"12345"})
    whole = size == 5
    with nullcontext() if whole else pytest.raises(TransientError, match=r"5 of . bytes arrived"):
        assert fetch_whole(shelf, "a", size) == b"12345"
    assert (len(shelf.asked) == 1) == whole


@pytest.mark.parametrize(
    ("lies", "error", "left"),
    [
        ({"old": b"1", "new": b"2"}, None, {"new": b"1"}),
        ({"new": b"2"}, NotFoundError, {"new": b"2"}),  # nothing to put in its place
        ({"old": b"1"}, PermanentError, {"old": b"1"}),  # refused for another reason
    ],
)
def test_a_file_is_replaced_by_deleting_where_the_server_renames_over_none(
    lies: dict[str, bytes], error: type[PasserelleError] | None, left: dict[str, bytes]
) -> None:
    shelf = Shelf(lies)
    shelf.before["rename"] = [REFUSED]
    with pytest.raises(error) if error else nullcontext():
        replace_by_deleting(shelf, "old", "new")
    assert shelf.files == left


class TestACommandIsTriedAgain:
    @pytest.mark.parametrize("command", ["rename", "replace", "delete"])
    def test_and_not_done_again_where_only_its_answer_was_lost(self, command: str) -> None:
        shelf = Shelf({"old": b"1"})
        shelf.after["delete" if command == "delete" else "rename"] = [LOST]
        arguments = ("old",) if command == "delete" else ("old", "new")
        getattr(retrying(shelf), command)(*arguments)
        assert shelf.files == ({} if command == "delete" else {"new": b"1"})

    @pytest.mark.parametrize("made_anew", [True, False])
    def test_and_no_folder_moves_twice_though_its_old_name_is_made_anew(
        self, made_anew: bool
    ) -> None:
        shelf = Shelf(folders=("", "prod"))
        rename = shelf.rename

        def rename_and_use(old: str, new: str) -> None:
            try:
                rename(old, new)
            finally:
                shelf.folders += (old,) if made_anew else ()

        shelf.rename, shelf.after["rename"] = rename_and_use, [LOST]  # type: ignore[method-assign]
        retrying(shelf).rename("prod", "prodold")
        assert sorted(shelf.folders) == ["", *(["prod"] if made_anew else []), "prodold"]
        assert shelf.asked.count("rename") == 1

    def test_and_a_folder_is_not_taken_for_moved_where_nothing_was_done(self) -> None:
        shelf = Shelf(folders=("", "prod"))
        shelf.before["rename"] = [LOST]
        retrying(shelf).rename("prod", "prodold")
        assert shelf.folders == ("", "prodold")

    @pytest.mark.parametrize("command", ["rename", "delete"])
    def test_but_what_was_never_there_is_missing(self, command: str) -> None:
        arguments = ("old",) if command == "delete" else ("old", "new")
        with pytest.raises(NotFoundError):
            getattr(retrying(Shelf()), command)(*arguments)

    @pytest.mark.parametrize("error", [AccessDeniedError("denied"), REFUSED])
    def test_not_where_it_was_refused_for_good(self, error: PasserelleError) -> None:
        shelf = Shelf({"a": b"1"})
        shelf.before["stat"] = [error, LOST]
        with pytest.raises(type(error)):
            retrying(shelf).stat("a")
        assert shelf.asked == ["stat"]

    def test_a_few_times_with_a_connection_of_its_own(self) -> None:
        shelf = Shelf({"a": b"1"})
        shelf.before["stat"] = [LOST, LOST]
        assert retrying(shelf).stat("a").size == 1
        assert shelf.asked == ["stat", "close", "stat", "close", "stat"]


class TestAFolder:
    @pytest.fixture
    def remote(self, tmp_path: Path) -> FolderRemote:
        return FolderRemote(
            "here", Server(url=tmp_path.as_uri()), "", Patient(timedelta(minutes=1))
        )

    def test_renames_over_nothing(self, remote: FolderRemote, tmp_path: Path) -> None:
        for name in ("old", "new"):
            (tmp_path / name).write_text(name, "utf-8")
        with pytest.raises(AlreadyThereError):
            remote.rename("old", "new")
        assert [(tmp_path / name).read_text("utf-8") for name in ("old", "new")] == ["old", "new"]

    def test_tells_denied_from_absent(
        self, remote: FolderRemote, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(NotFoundError):
            remote.delete("a")

        def deny(path: Path, *args: object, **more: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "unlink", deny)
        with pytest.raises(AccessDeniedError):
            remote.delete("a")

    def test_that_is_not_mounted_lacks_no_file(self, remote: FolderRemote, tmp_path: Path) -> None:
        tmp_path.rmdir()
        with pytest.raises(TransientError, match="cannot be reached"):
            find(remote, "a")


@pytest.mark.parametrize(
    "path", ["../a", "a/../b", "a\\b", "a\r\nDELE b", "a//b", ".. /a", "a\u2028b", "a\0"]
)
def test_a_name_that_leaves_the_base_folder_is_refused(path: str) -> None:
    with pytest.raises(PermanentError, match="file name refused"):
        checked(path)
