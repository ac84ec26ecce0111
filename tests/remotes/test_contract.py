"""What every kind of server does alike, however differently it goes about it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest

from passerelle.base.deadline import Deadline
from passerelle.base.errors import (
    AccessDeniedError,
    NotFoundError,
    PermanentError,
    TransientError,
    UnreachableError,
)
from passerelle.config.servers import KINDS, Server, ServerKind
from passerelle.remotes import connect
from passerelle.remotes.base import Remote, find
from tests.servers import RunningServer

EVERY_BYTE = bytes(range(256))
CONTENTS = (
    *(b"", EVERY_BYTE, b"\0" * 1000, b"the end of a DOS file\x1aafter\xff\xff"),
    *(b"\r\nlone LF\nlone CR\rtwo\n\n\r\r\n", EVERY_BYTE * 4500 + b"\r\n end"),
)
NAMES = (
    *("deux  espaces.csv", "été à Noël.csv", "œuvre à 5 €.csv", "[x].csv", "{y}.csv", "#1.csv"),
    *("100%20.csv", "%s.csv", "-tiret.csv", "~tilde.csv", "taille=1;type=dir; x.csv"),
    *("l'été, « vu ».csv", "sans extension"),
)
REFUSED = (
    *("a\r\nDELE b.csv", "a\nb.csv", "a\0b.csv", "../b.csv", "a/../../b.csv", "a\\b.csv"),
    *("./b.csv", "a//b.csv"),
)

Act = Callable[[Remote, str], object]
# Everything that can be done to a file.
ON_A_FILE: tuple[Act, ...] = (
    lambda remote, path: remote.stat(path),
    lambda remote, path: remote.fetch(path),
    lambda remote, path: remote.delete(path),
    lambda remote, path: remote.rename(path, "new.csv"),
    lambda remote, path: remote.replace(path, "new.csv"),
)
CHANGING = ON_A_FILE[2:]
TO_A_NAME: tuple[Act, ...] = (
    lambda remote, path: remote.store(path, b"data"),
    lambda remote, path: remote.rename("old.csv", path),
    lambda remote, path: remote.replace("old.csv", path),
)


@contextmanager
def allowed_only(path: Path, mode: int) -> Iterator[None]:
    """Cuts the owner's permissions on ``path``; skips where they would not be heeded."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)


def skip_without_permissions(place: RunningServer) -> None:
    if os.name == "nt":
        pytest.skip("Windows has other permissions than chmod can cut")
    if place.kind == "folder" and os.geteuid() == 0:
        pytest.skip("root may read every file of a folder")


class Contract:
    """The tests; the classes below say on which servers."""

    @pytest.fixture
    def remote(self, place: RunningServer, deadline: Deadline) -> Iterator[Remote]:
        remote = connect("shop", place.server(), deadline)
        yield remote
        remote.close()

    # --- reading and writing -----------------------------------------------------------------

    def test_gives_back_exactly_the_bytes_that_were_stored(
        self, place: RunningServer, remote: Remote
    ) -> None:
        # The longest first: no end of it may be left.
        for data in sorted(CONTENTS, key=len, reverse=True):
            remote.store("orders.csv", data)
            assert (place.root / "orders.csv").read_bytes() == data
            assert remote.fetch("orders.csv") == data
            assert remote.stat("orders.csv").size == len(data)

    def test_fetches_what_another_program_wrote_meanwhile(
        self, place: RunningServer, remote: Remote
    ) -> None:
        for data in (b"before", b"after it grew"):
            place.put("orders.csv", data)
            assert remote.stat("orders.csv").size == len(data)
            assert remote.fetch("orders.csv") == data

    def test_tells_the_time_of_a_file_with_its_zone(
        self, place: RunningServer, remote: Remote
    ) -> None:
        remote.store("orders.csv", b"data")
        modified = remote.stat("orders.csv").modified
        assert modified is not None
        assert abs(modified - datetime.now(UTC)) < timedelta(minutes=1)
        summer = datetime(2021, 7, 14, 12, 30, 15, tzinfo=UTC)
        os.utime(place.put("old.csv", b"data"), (summer.timestamp(), summer.timestamp()))
        assert remote.stat("old.csv").modified == summer

    def test_tells_a_folder_from_another_in_its_place(
        self, place: RunningServer, remote: Remote
    ) -> None:
        folder = place.put_folder("import")
        before = remote.folder_number("import")
        remote.store("import/orders.csv", b"data")
        assert remote.folder_number("import") == before != remote.folder_number("") or not before
        folder.rename(place.root / "away")
        place.put_folder("import")
        assert remote.folder_number("import") != before or not before
        if place.kind == "folder":
            assert before

    def test_deletes_a_file(self, place: RunningServer, remote: Remote) -> None:
        path = place.put("orders.csv")
        remote.delete("orders.csv")
        assert not path.exists()
        assert find(remote, "orders.csv") is None

    # --- listing -----------------------------------------------------------------------------

    def test_lists_every_file_but_no_folder(self, place: RunningServer, remote: Remote) -> None:
        place.put_folder("c.csv")
        place.put_folder("déjà fait")
        assert remote.list_files("déjà fait") == remote.list_files("") == []
        place.put("déjà fait/b.csv")
        names = {f"commande {number:04}.xml" for number in range(300)}
        for name in names:
            place.put(name, b"22")
        found = remote.list_files("")
        assert {entry.name for entry in found} == names
        assert {entry.size for entry in found} in ({2}, {None})
        assert [entry.name for entry in remote.list_files("déjà fait")] == ["b.csv"]

    # --- what is not there -------------------------------------------------------------------

    def test_does_not_find_a_missing_file_nor_one_in_a_missing_folder(self, remote: Remote) -> None:
        remote.store("other.csv", b"data")
        for act in ON_A_FILE:
            for path in ("missing.csv", "no such/folder/missing.csv"):
                with pytest.raises(NotFoundError):
                    act(remote, path)

    def test_writes_nothing_into_a_missing_folder(
        self, place: RunningServer, remote: Remote
    ) -> None:
        place.put("old.csv", b"old")
        for act in TO_A_NAME:
            with pytest.raises(NotFoundError):
                act(remote, "no such/folder/new.csv")
        assert (place.root / "old.csv").read_bytes() == b"old"

    def test_takes_a_folder_for_no_file(self, place: RunningServer, remote: Remote) -> None:
        place.put_folder("done")
        with pytest.raises(NotFoundError):
            remote.stat("done")
        assert find(remote, "done") is None
        with pytest.raises(NotFoundError):
            remote.list_files("no such folder")

    def test_never_takes_a_missing_base_folder_for_an_absent_file(
        self, place: RunningServer, deadline: Deadline
    ) -> None:
        place.root.rmdir()
        with pytest.raises(UnreachableError) as caught:
            find(connect("shop", place.server(), deadline), "orders.csv")
        assert not isinstance(caught.value, NotFoundError)

    # --- what is not allowed -----------------------------------------------------------------

    def test_is_denied_a_file_that_it_may_not_read(
        self, place: RunningServer, remote: Remote
    ) -> None:
        skip_without_permissions(place)
        with allowed_only(place.put("secret.csv", b"data"), 0o000):
            with pytest.raises(AccessDeniedError):
                remote.fetch("secret.csv")
            assert find(remote, "secret.csv") is not None

    def test_is_denied_a_folder_that_it_may_not_enter(
        self, place: RunningServer, remote: Remote
    ) -> None:
        skip_without_permissions(place)
        folder = place.put_folder("closed")
        place.put("closed/a.csv")
        with allowed_only(folder, 0o000):
            for act in ON_A_FILE:
                with pytest.raises(AccessDeniedError):
                    act(remote, "closed/a.csv")
            with pytest.raises(AccessDeniedError):
                remote.list_files("closed")

    def test_is_denied_to_change_a_folder_that_is_read_only(
        self, place: RunningServer, remote: Remote
    ) -> None:
        skip_without_permissions(place)
        place.put("old.csv", b"old")
        folder = place.put_folder("closed")
        kept = place.put("closed/a.csv", b"kept")
        with allowed_only(folder, 0o500):
            for act, path in (
                *((act, "closed/new.csv") for act in TO_A_NAME),
                *((act, "closed/a.csv") for act in CHANGING),
            ):
                with pytest.raises(AccessDeniedError):
                    act(remote, path)
        assert kept.read_bytes() == b"kept"
        assert (place.root / "old.csv").read_bytes() == b"old"

    # --- renaming ----------------------------------------------------------------------------

    def test_renames_to_a_free_name_in_any_folder(
        self, place: RunningServer, remote: Remote
    ) -> None:
        old = place.put("old.csv", b"data")
        place.put_folder("déjà fait")
        remote.rename("old.csv", "new.csv")
        assert not old.exists()
        assert remote.fetch("new.csv") == b"data"
        remote.rename("new.csv", "déjà fait/new.csv")
        assert (place.root / "déjà fait" / "new.csv").read_bytes() == b"data"
        assert find(remote, "new.csv") is None

    def test_replaces_the_file_that_has_the_name_if_any(
        self, place: RunningServer, remote: Remote
    ) -> None:
        for data in (b"into a free name, longer", b"new"):
            place.put("stock.tmp", data)
            remote.replace("stock.tmp", "stock.csv")
            assert (place.root / "stock.csv").read_bytes() == data
            assert not (place.root / "stock.tmp").exists()

    def test_keeps_the_file_that_a_missing_one_should_have_replaced(
        self, place: RunningServer, remote: Remote
    ) -> None:
        place.put("stock.csv", b"kept")
        with pytest.raises(NotFoundError):
            remote.replace("stock.tmp", "stock.csv")
        assert (place.root / "stock.csv").read_bytes() == b"kept"

    # --- names -------------------------------------------------------------------------------

    def test_keeps_every_name_as_it_is(self, place: RunningServer, remote: Remote) -> None:
        for name in NAMES:
            remote.store(f"{name}.tmp", name.encode())
            remote.rename(f"{name}.tmp", name)
        assert {path.name for path in place.root.iterdir()} == set(NAMES)
        assert sorted(entry.name for entry in remote.list_files("")) == sorted(NAMES)
        for name in NAMES:
            assert remote.stat(name).name == name
            assert remote.fetch(name) == name.encode()
            remote.delete(name)
            assert find(remote, name) is None
        assert list(place.root.iterdir()) == []

    @pytest.mark.skipif(os.name == "nt", reason="Windows forbids these names")
    def test_keeps_names_that_windows_would_not_allow(
        self, place: RunningServer, remote: Remote
    ) -> None:
        place.put("a.csv", b"kept")
        place.put("b.csv", b"kept")
        for name in ("*.csv", "?.csv", 'a "b".csv', "a:b.csv", "a|b>.csv"):
            remote.store(name, b"data")
            assert remote.fetch(name) == b"data"
            remote.delete(name)
        assert {path.name for path in place.root.iterdir()} == {"a.csv", "b.csv"}

    def test_handles_files_that_servers_hide(self, place: RunningServer, remote: Remote) -> None:
        remote.store(".stock.csv", b"data")
        assert remote.stat(".stock.csv").name == ".stock.csv"
        remote.rename(".stock.csv", "stock.csv")
        assert find(remote, ".stock.csv") is None
        assert (place.root / "stock.csv").read_bytes() == b"data"

    def test_reaches_files_deep_below_the_base_folder(
        self, place: RunningServer, remote: Remote
    ) -> None:
        for folder in ("à envoyer", "à envoyer/[2026]", "à envoyer/[2026]/#1"):
            place.put_folder(folder)
        remote.store("à envoyer/[2026]/#1/-a.csv", b"data")
        assert remote.fetch("/à envoyer/[2026]/#1/-a.csv") == b"data"
        assert remote.stat("à envoyer/[2026]/#1/-a.csv").name == "-a.csv"

    def test_refuses_names_that_leave_the_base_folder_or_inject(
        self, place: RunningServer, remote: Remote
    ) -> None:
        place.put("b.csv", b"kept")
        place.put("old.csv", b"kept")
        for act in (*ON_A_FILE, *TO_A_NAME):
            for name in REFUSED:
                with pytest.raises(PermanentError, match="name refused") as caught:
                    act(remote, name)
                assert "\n" not in str(caught.value)
        assert {path.name for path in place.root.iterdir()} == {"b.csv", "old.csv"}
        assert not (place.root.parent / "b.csv").exists()

    # --- connecting --------------------------------------------------------------------------

    def test_starts_from_the_base_folder_of_the_url(
        self, place: RunningServer, deadline: Deadline
    ) -> None:
        place.put_folder("là bas")
        place.put("là bas/a.csv", b"below")
        place.put("a.csv", b"above")
        url = place.url + "/l%C3%A0%20bas/"
        remote = connect("shop", place.server(url=url), deadline)
        assert remote.fetch("a.csv") == b"below"
        remote.close()

    def test_is_denied_with_a_wrong_password_and_never_tells_it(
        self, place: RunningServer, deadline: Deadline
    ) -> None:
        if place.kind == "folder":
            pytest.skip("a folder has no password")
        wrong = place.with_wrong_password("tr0p-secret")
        with pytest.raises(AccessDeniedError) as caught:
            connect("shop", wrong, deadline)
        assert "tr0p-secret" not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"

    def test_may_try_again_later_when_nothing_listens(
        self, place: RunningServer, deadline: Deadline, free_port: int
    ) -> None:
        if place.kind == "folder":
            pytest.skip("a folder has no port")
        scheme, _, rest = place.url.partition("://")
        account = rest.partition("@")[0]
        gone = place.server(url=f"{scheme}://{account}@127.0.0.1:{free_port}/folder")
        with pytest.raises(TransientError):
            connect("shop", gone, deadline)

    def test_closes_twice_without_complaint(self, remote: Remote) -> None:
        remote.close()
        remote.close()


class TestServersOfThisProcess(Contract):
    @pytest.fixture
    def place(self, server: RunningServer) -> RunningServer:
        return server


class TestRealServers(Contract):
    @pytest.fixture
    def place(self, real_server: RunningServer) -> RunningServer:
        return real_server


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_kind_has_its_adapter_and_names_keys_that_there_are(kind: ServerKind) -> None:
    module, _, adapter = kind.adapter.partition(":")
    assert hasattr(import_module(f"passerelle.remotes.{module}"), adapter)
    assert set(kind.keys) <= set(Server.model_fields)


def test_a_kind_s_libraries_are_loaded_for_that_kind_alone() -> None:
    code = (
        "import sys; from datetime import timedelta\n"
        "from passerelle.base.deadline import Deadline\n"
        "from passerelle.base.errors import TransientError\n"
        "from passerelle.config.model import Server\n"
        "from passerelle.remotes import connect\n"
        "for url in ('file:///nowhere', 'ftp://127.0.0.1:1/'):\n"
        "    try:\n        connect('shop', Server(url=url), Deadline(timedelta(seconds=9)))\n"
        "    except TransientError:\n        print('paramiko' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == [b"False", b"False"]
