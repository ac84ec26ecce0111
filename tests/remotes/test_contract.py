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
    AlreadyThereError,
    LoginRefusedError,
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
    *("l'été, « vu ».csv", "sans extension", ".hidden.csv"),
    # Windows would not allow these.
    *(() if os.name == "nt" else ("*.csv", "?.csv", 'a "b".csv', "a:b.csv", "a|b>.csv")),
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
    lambda remote, path: remote.rename(path, "free.csv"),
    lambda remote, path: remote.replace(path, "new.csv"),
)
CHANGING = ON_A_FILE[2:]
LIST: Act = lambda remote, path: remote.list_files(path)  # noqa: E731
TO_A_NAME: tuple[Act, ...] = (
    lambda remote, path: remote.store(path, b"data"),
    lambda remote, path: remote.rename("old.csv", path),
    lambda remote, path: remote.replace("old.csv", path),
)


@contextmanager
def allowed_only(path: Path, mode: int) -> Iterator[None]:
    """Cuts the owner's permissions on ``path``."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)


@pytest.fixture
def place(any_server: RunningServer) -> RunningServer:
    return any_server


@pytest.fixture
def remote(place: RunningServer, deadline: Deadline) -> Iterator[Remote]:
    remote = connect("shop", place.server(), deadline)
    yield remote
    remote.close()
    remote.close()  # without complaint


# --- reading, writing, listing -----------------------------------------------------------------


def test_gives_back_exactly_the_bytes_that_were_stored(
    place: RunningServer, remote: Remote
) -> None:
    # The longest first: no end of it may be left.
    for data in sorted(CONTENTS, key=len, reverse=True):
        remote.store("orders.csv", data)
        assert (place.root / "orders.csv").read_bytes() == data
        assert remote.fetch("orders.csv") == data
        assert remote.stat("orders.csv").size == len(data)
    for data in (b"of another program", b"which writes meanwhile"):
        place.put("orders.csv", data)
        assert remote.stat("orders.csv").size == len(data)
        assert remote.fetch("orders.csv") == data


def test_tells_the_time_of_a_file_with_its_zone(place: RunningServer, remote: Remote) -> None:
    remote.store("orders.csv", b"data")
    modified = remote.stat("orders.csv").modified
    assert modified is not None
    assert abs(modified - datetime.now(UTC)) < timedelta(minutes=1)
    summer = datetime(2021, 7, 14, 12, 30, 15, tzinfo=UTC)
    os.utime(place.put("old.csv", b"data"), (summer.timestamp(), summer.timestamp()))
    assert remote.stat("old.csv").modified == summer


def test_tells_a_folder_from_another_in_its_place(place: RunningServer, remote: Remote) -> None:
    folder = place.put_folder("import")
    before = remote.folder_number("import")
    remote.store("import/orders.csv", b"data")
    assert remote.folder_number("import") == before != remote.folder_number("") or not before
    folder.rename(place.root / "away")
    place.put_folder("import")
    assert remote.folder_number("import") != before or not before
    if place.kind == "folder":
        assert before


def test_lists_every_file_but_no_folder(place: RunningServer, remote: Remote) -> None:
    place.put_folder("c.csv")
    place.put_folder("déjà fait")
    assert find(remote, "c.csv") is None
    for look in (remote.stat, remote.list_files):
        with pytest.raises(NotFoundError):
            look("c.csv" if look == remote.stat else "no such folder")
    assert remote.list_files("déjà fait") == remote.list_files("") == []
    place.put("déjà fait/b.csv")
    names = {f"commande {number:04}.xml" for number in range(300)}
    for name in names:
        place.put(name, b"22")
    found = remote.list_files("")
    assert {entry.name for entry in found} == names
    assert {entry.size for entry in found} in ({2}, {None})
    assert [entry.name for entry in remote.list_files("déjà fait")] == ["b.csv"]


# --- what is not there, and what is not allowed ------------------------------------------------


def test_does_not_find_what_is_missing_and_writes_into_no_missing_folder(
    place: RunningServer, remote: Remote
) -> None:
    old, new = place.put("old.csv", b"old"), place.put("new.csv", b"kept")
    missing = [*((act, "missing.csv") for act in ON_A_FILE)]
    missing += [(act, "no such/folder/a.csv") for act in (*ON_A_FILE, *TO_A_NAME)]
    for act, path in missing:
        with pytest.raises(NotFoundError):
            act(remote, path)
    assert (old.read_bytes(), new.read_bytes()) == (b"old", b"kept")


def test_never_takes_a_missing_base_folder_for_an_absent_file(
    place: RunningServer, deadline: Deadline
) -> None:
    place.root.rmdir()
    with pytest.raises(UnreachableError) as caught:
        find(connect("shop", place.server(), deadline), "orders.csv")
    assert not isinstance(caught.value, NotFoundError)


def test_is_denied_what_it_may_not_read_enter_or_change(
    place: RunningServer, remote: Remote
) -> None:
    if os.name == "nt":
        pytest.skip("Windows has other permissions than chmod can cut")
    if place.kind == "folder" and os.geteuid() == 0:
        pytest.skip("root may read every file of a folder")
    old, folder = place.put("old.csv", b"old"), place.put_folder("closed")
    kept = place.put("closed/a.csv", b"kept")
    with allowed_only(place.put("secret.csv", b"data"), 0o000):
        assert_denied(remote, (ON_A_FILE[1], "secret.csv"))
        assert find(remote, "secret.csv") is not None
    with allowed_only(folder, 0o000):
        assert_denied(remote, *((act, "closed/a.csv") for act in ON_A_FILE))
        assert_denied(remote, (lambda remote, path: remote.has_folder(path), "closed/a"))
        with pytest.raises(AccessDeniedError):
            remote.list_files("closed")
    with allowed_only(folder, 0o500):
        assert_denied(remote, *((act, "closed/new.csv") for act in TO_A_NAME))
        assert_denied(remote, *((act, "closed/a.csv") for act in CHANGING))
    assert (kept.read_bytes(), old.read_bytes()) == (b"kept", b"old")


def assert_denied(remote: Remote, *acts: tuple[Act, str]) -> None:
    for act, path in acts:
        with pytest.raises(AccessDeniedError):
            act(remote, path)


# --- renaming ----------------------------------------------------------------------------------


def test_renames_to_a_free_name_in_any_folder(place: RunningServer, remote: Remote) -> None:
    old = place.put("old.csv", b"data")
    place.put_folder("déjà fait")
    remote.rename("old.csv", "new.csv")
    assert not old.exists()
    assert remote.fetch("new.csv") == b"data"
    remote.rename("new.csv", "déjà fait/new.csv")
    assert (place.root / "déjà fait" / "new.csv").read_bytes() == b"data"
    assert find(remote, "new.csv") is None


def test_moves_a_folder_with_what_it_holds_and_onto_no_other(
    place: RunningServer, remote: Remote
) -> None:
    for folder in ("cache", "cache/prod", "cache/été"):
        place.put_folder(folder)
        place.put(f"{folder}/a.php", folder.encode())
    looked = {"": True, "cache/prod": True, "cache/été": True, "cache/prodold": False}
    looked |= {"cache/a.php": False, "no such/prod": False}
    assert {path: remote.has_folder(path) for path in looked} == looked
    with pytest.raises(AlreadyThereError):
        remote.rename("cache/prod", "cache/été")
    remote.rename("cache/prod", "cache/prodold")
    assert [remote.has_folder(f"cache/{name}") for name in ("prod", "prodold")] == [False, True]
    assert remote.fetch("cache/prodold/a.php") == b"cache/prod"
    assert remote.fetch("cache/été/a.php") == "cache/été".encode()
    with pytest.raises(NotFoundError):
        remote.rename("cache/prod", "cache/prodold2")


def test_replaces_the_file_that_has_the_name_if_any(place: RunningServer, remote: Remote) -> None:
    for data in (b"into a free name, longer", b"new"):
        place.put("stock.tmp", data)
        remote.replace("stock.tmp", "stock.csv")
        assert (place.root / "stock.csv").read_bytes() == data
        assert not (place.root / "stock.tmp").exists()


# --- names -------------------------------------------------------------------------------------


def test_keeps_every_name_as_it_is(place: RunningServer, remote: Remote) -> None:
    for name in NAMES:
        remote.store(f"{name}.tmp", name.encode())
        remote.rename(f"{name}.tmp", name)
    assert {path.name for path in place.root.iterdir()} == set(NAMES)
    shown = {name for name in NAMES if not name.startswith(".")}
    assert shown <= {entry.name for entry in remote.list_files("")} <= set(NAMES)
    for name in NAMES:
        assert remote.stat(name).name == name
        assert remote.fetch(name) == name.encode()
        remote.delete(name)
        assert find(remote, name) is None
    assert list(place.root.iterdir()) == []


def test_refuses_names_that_leave_the_base_folder_or_inject(
    place: RunningServer, remote: Remote
) -> None:
    place.put("b.csv", b"kept")
    place.put("old.csv", b"kept")
    for act in (*ON_A_FILE, *TO_A_NAME, LIST):
        for name in REFUSED:
            with pytest.raises(PermanentError, match="name refused") as caught:
                act(remote, name)
            assert "\n" not in str(caught.value)
    assert {path.name for path in place.root.iterdir()} == {"b.csv", "old.csv"}
    assert not (place.root.parent / "b.csv").exists()


# --- connecting --------------------------------------------------------------------------------


def test_starts_from_the_folder_of_the_url_and_reaches_deep_below(
    place: RunningServer, deadline: Deadline
) -> None:
    for folder in ("là bas", "là bas/[2026]", "là bas/[2026]/#1"):
        place.put_folder(folder)
    remote = connect("shop", place.server(url=f"{place.url}/l%C3%A0%20bas/"), deadline)
    remote.store("[2026]/#1/-a.csv", b"data")
    assert remote.fetch("/[2026]/#1/-a.csv") == b"data"
    assert remote.stat("[2026]/#1/-a.csv").name == "-a.csv"
    assert (place.root / "là bas/[2026]/#1/-a.csv").read_bytes() == b"data"
    remote.close()


def test_is_denied_with_a_wrong_password_and_may_try_again_where_nothing_listens(
    place: RunningServer, deadline: Deadline, free_port: int
) -> None:
    if place.kind == "folder":
        pytest.skip("a folder has neither password nor port")
    with pytest.raises(LoginRefusedError) as caught:
        connect("shop", place.with_wrong_password("tr0p-secret"), deadline)
    told = f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
    assert "tr0p-secret" not in told
    account = place.url.partition("@")[0]
    with pytest.raises(TransientError):
        gone = place.server(url=f"{account}@127.0.0.1:{free_port}/folder")
        connect("shop", gone, deadline)


def test_great_files_come_and_go_whole(place: RunningServer, deadline: Deadline) -> None:
    """More than is asked for at once, and more than before a server is asked for its limits."""
    data = bytes(range(256)) * (3 << 12) + b"end"
    remote = connect("shop", place.server(), deadline)
    remote.store("great.bin", data)
    assert (place.root / "great.bin").read_bytes() == data
    assert remote.fetch("great.bin") == data
    remote.rewrite("great.bin", data[1:])
    assert remote.fetch("great.bin") == data[1:]
    remote.close()


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
