"""FTP servers as they are: old, odd, and lost in the middle of a command."""

import ftplib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from passerelle.base.deadline import Deadline
from passerelle.base.errors import (
    AccessDeniedError,
    NotFoundError,
    PermanentError,
    TimeLimitError,
    TransientError,
)
from passerelle.config.servers import Server
from passerelle.remotes import connect, open_remote
from passerelle.remotes.base import Remote, find
from tests.remotes import Hurried
from tests.servers import HOST, PASSWORD, USER
from tests.servers.certificates import Certificates
from tests.servers.ftp import FtpServer, Quirks

BIG = bytes(range(256)) * 4096
OLD = frozenset({"MLST", "MLSD"})
AS_IT_SHOULD = Quirks()
TLS = ("ftps", "ftps-implicit")
with_and_without_tls = pytest.mark.parametrize("kind", ["ftp", "ftps"])


class Shop:
    """Starts FTP servers over one folder, and connects to the latest."""

    def __init__(self, root: Path, certificates: Certificates) -> None:
        self.root, self._certificates, self._deadline = root, certificates, Hurried()
        self._open = ExitStack()
        self.scheme = "ftp"

    def start(self, quirks: Quirks = AS_IT_SHOULD, scheme: str = "ftp") -> FtpServer:
        tls = None if scheme == "ftp" else self._certificates
        users = {USER: PASSWORD, "old": "plain"}
        implicit = scheme == "ftps-implicit"
        server = FtpServer(self.root, users, quirks=quirks, certificates=tls, implicit=implicit)
        self.ftp, self.scheme = self._open.enter_context(server), scheme
        return self.ftp

    def settings(self, **changes: object) -> Server:
        url = f"{self.scheme}://{USER}@{HOST}:{self.ftp.port}"
        return Server.model_validate({"url": url, "password": PASSWORD, **changes})

    def once(self, **changes: object) -> Remote:
        """One connection, without a second try."""
        remote = connect("shop", self.settings(**changes), self._deadline)
        self._open.callback(remote.close)
        return remote

    def patient(self, **changes: object) -> Remote:
        """A remote that tries again, as in a real run."""
        remote = open_remote("shop", self.settings(**changes), self._deadline)
        self._open.callback(remote.close)
        return remote

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.root.iterdir()}

    def put(self, **files: bytes) -> None:
        for name, data in files.items():
            (self.root / f"{name}.csv").write_bytes(data)

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def shop(tmp_path: Path, certificates: Certificates) -> Iterator[Shop]:
    root = tmp_path / "shop"
    root.mkdir()
    shop = Shop(root, certificates)
    yield shop
    shop.close()


# --- replies that never come -------------------------------------------------------------------

# What is done, the command whose reply is lost, how often it is sent, and the files afterwards.
LOST: dict[str, tuple[Callable[[Remote], object], str, int, dict[str, bytes]]] = {
    "renames": (lambda r: r.rename("old.csv", "free.csv"), "RNTO", 1, {"free.csv": b"old"}),
    "replaces": (lambda r: r.replace("old.csv", "new.csv"), "RNTO", 1, {"new.csv": b"old"}),
    "deletes": (lambda r: r.delete("old.csv"), "DELE", 2, {}),
    "stores": (lambda r: r.store("old.csv", BIG), "STOR", 2, {"old.csv": BIG}),
}


@pytest.mark.usefixtures("trusted")
@with_and_without_tls
@pytest.mark.parametrize(("act", "command", "sent", "files"), LOST.values(), ids=LOST)
def test_does_a_thing_once_though_the_reply_was_lost(
    shop: Shop,
    kind: str,
    act: Callable[[Remote], object],
    command: str,
    sent: int,
    files: dict[str, bytes],
) -> None:
    ftp = shop.start(Quirks(lost_replies={command: 1}), kind)
    shop.put(old=b"old")
    act(shop.patient())
    assert shop.files() == files
    assert ftp.received(command) == sent


@pytest.mark.usefixtures("trusted")
@with_and_without_tls
@pytest.mark.parametrize("after", [1, 5000, 60_000])
def test_never_gives_a_part_of_a_file_for_the_whole(shop: Shop, kind: str, after: int) -> None:
    ftp = shop.start(Quirks(cut_downloads=3, cut_after=after), kind)
    shop.put(a=BIG)
    with pytest.raises(TransientError):
        shop.once().fetch("a.csv")
    assert shop.patient().fetch("a.csv") == BIG
    assert ftp.received("RETR") == 4


@pytest.mark.usefixtures("trusted")
@with_and_without_tls
@pytest.mark.parametrize("command", ["USER", "PASS", "PWD", "MLST", "RETR"])
def test_takes_half_a_refusal_for_a_lost_connection(shop: Shop, kind: str, command: str) -> None:
    ftp = shop.start(Quirks(cut_replies={command: 1}), kind)
    remote = shop.patient()
    assert find(remote, "a.csv") is None
    with pytest.raises(NotFoundError):
        remote.fetch("a.csv")
    assert ftp.received("PASS") == (1 if command == "USER" else 2)


@pytest.mark.parametrize("command", ["SIZE", "MDTM"])
def test_takes_half_an_answer_for_a_lost_connection(shop: Shop, command: str) -> None:
    shop.start(Quirks(missing=OLD, cut_replies={command: 1}))
    shop.put(a=b"data")
    assert shop.patient().stat("a.csv").size == 4


@pytest.mark.parametrize("command", ["MLST", "MLSD", "RETR", "STOR", "RNFR", "RNTO", "DELE"])
def test_goes_on_after_the_server_hung_up_between_commands(shop: Shop, command: str) -> None:
    ftp = shop.start(Quirks(dropped={command: 1}))
    remote = shop.patient()
    remote.store("old.csv", b"data")
    remote.rename("old.csv", "new.csv")
    assert [entry.name for entry in remote.list_files("")] == ["new.csv"]
    assert remote.stat("new.csv").size == 4
    assert remote.fetch("new.csv") == b"data"
    remote.delete("new.csv")
    assert shop.files() == {}
    assert ftp.received("USER") == 2


def test_gives_up_after_a_few_tries_and_loses_nothing(shop: Shop) -> None:
    ftp = shop.start(Quirks(dropped={"RNTO": 99}))
    shop.put(old=b"new stock", new=b"stock")
    with pytest.raises(TransientError):
        shop.patient().replace("old.csv", "new.csv")
    assert shop.files() == {"old.csv": b"new stock", "new.csv": b"stock"}
    assert ftp.received("RNTO") == 3


def test_gives_up_when_the_time_of_the_run_is_over(shop: Shop) -> None:
    shop.start(Quirks(dropped={"MLST": 99}))
    remote = open_remote("shop", shop.settings(), Deadline(timedelta(seconds=0.2)))
    with pytest.raises(TimeLimitError):
        remote.stat("a.csv")


def test_waits_for_a_slow_server_but_no_longer_than_the_timeout(shop: Shop) -> None:
    shop.start(Quirks(delays={"USER": 0.1, "MLST": 0.1, "RETR": 30}))
    shop.put(a=b"data")
    remote = shop.once(timeout="500ms")
    assert remote.stat("a.csv").size == 4
    with pytest.raises(TransientError, match="no answer in time"):
        remote.fetch("a.csv")


@pytest.mark.parametrize("command", ["CWD", "NLST"])
def test_may_try_again_when_lost_while_asking_what_a_refusal_meant(
    shop: Shop, command: str
) -> None:
    shop.start(Quirks(refused=frozenset({"RETR"}), dropped={command: 1}))
    shop.put(a=b"data")
    with pytest.raises(AccessDeniedError):
        shop.patient().fetch("a.csv")


# --- renaming where the server will not --------------------------------------------------------


@pytest.mark.parametrize("lost", ["no reply", "DELE", "RNTO"])
def test_replaces_on_a_server_that_never_renames_over_a_file(shop: Shop, lost: str) -> None:
    shop.start(Quirks(renames_over=False, lost_replies={lost: 1}))
    shop.put(old=b"new stock", new=b"stock")
    shop.patient().replace("old.csv", "new.csv")
    assert shop.files() == {"new.csv": b"new stock"}


@pytest.mark.parametrize(
    "quirks",
    [Quirks(refused=frozenset({"RNFR", "RNTO"})), Quirks(missing=frozenset({"RNFR", "RNTO"}))],
    ids=["refused", "unknown"],
)
def test_keeps_both_files_where_renaming_is_not_allowed(shop: Shop, quirks: Quirks) -> None:
    shop.start(quirks)
    shop.put(old=b"new stock", new=b"stock")
    remote = shop.once()
    with pytest.raises(PermanentError) as replacing:
        remote.replace("old.csv", "new.csv")
    with pytest.raises(PermanentError) as renaming:
        remote.rename("old.csv", "free.csv")
    assert shop.files() == {"old.csv": b"new stock", "new.csv": b"stock"}
    assert not isinstance(replacing.value, NotFoundError)
    assert not isinstance(renaming.value, NotFoundError)


def test_keeps_the_file_to_rename_where_the_new_name_is_refused(shop: Shop) -> None:
    shop.start(Quirks(refused=frozenset({"RNTO"})))
    shop.put(old=b"data")
    remote = shop.once()
    with pytest.raises(AccessDeniedError):
        remote.rename("old.csv", "new.csv")
    with pytest.raises(AccessDeniedError):
        remote.replace("old.csv", "new.csv")
    assert shop.files() == {"old.csv": b"data"}


# --- commands that old servers lack ------------------------------------------------------------

without_mlst = pytest.mark.parametrize(
    "missing",
    [OLD, OLD | {"MDTM"}, OLD | {"SIZE"}, OLD | {"SIZE", "MDTM"}, OLD | {"FEAT"}],
    ids=sorted,
)


def test_asks_otherwise_where_mlst_is_known_by_name_only(shop: Shop) -> None:
    shop.start(Quirks(replies={"MLST": "250 Begin and end"}))
    shop.put(a=b"data")
    remote = shop.once()
    assert remote.stat("a.csv").size == 4
    assert find(remote, "b.csv") is None


@without_mlst
def test_tells_size_and_time_as_far_as_the_server_does(shop: Shop, missing: frozenset[str]) -> None:
    shop.start(Quirks(missing=missing))
    shop.put(a=b"data")
    (shop.root / "folder").mkdir()
    remote = shop.once()
    entry = remote.stat("a.csv")
    assert (entry.name, entry.size) == ("a.csv", None if "SIZE" in missing else 4)
    assert (entry.modified is None) == ("MDTM" in missing)
    if entry.modified:
        assert abs(entry.modified.timestamp() - (shop.root / "a.csv").stat().st_mtime) < 1
    assert find(remote, "b.csv") is None
    assert find(remote, "folder") is None


@without_mlst
def test_lists_bare_names_and_tells_absent_from_denied_without_mlst(
    shop: Shop, missing: frozenset[str]
) -> None:
    shop.start(Quirks(missing=missing, refused=frozenset({"RETR"})))
    shop.put(a=b"1", b=b"2")
    for folder in ("c", "2 a.csv", "éé"):
        (shop.root / folder).mkdir()
    remote = shop.once()
    assert {(entry.name, entry.size) for entry in remote.list_files("")} == {
        *(("a.csv", None), ("b.csv", None)),
    }
    with pytest.raises(AccessDeniedError):
        remote.fetch("a.csv")
    with pytest.raises(NotFoundError):
        remote.fetch("d.csv")
    assert find(remote, "d.csv") is None


def test_an_error_for_an_empty_folder_is_an_empty_list(shop: Shop) -> None:
    shop.start(Quirks(missing=OLD, empty_listing_is_error=True))
    (shop.root / "empty").mkdir()
    remote = shop.once()
    assert remote.list_files("empty") == []
    assert find(remote, "empty/a.csv") is None
    with pytest.raises(NotFoundError):
        remote.list_files("missing")


# --- encodings ---------------------------------------------------------------------------------


def test_survives_a_greeting_that_is_no_utf_8(shop: Shop) -> None:
    shop.start(Quirks(banner="Bienvenue à la boutique, fermée l'été".encode("latin-1")))
    shop.once().store("été.csv", b"data")
    assert shop.files() == {"été.csv": b"data"}


def test_speaks_latin_1_with_a_server_whose_names_are_so(shop: Shop) -> None:
    shop.start(Quirks(missing=OLD, encoding="latin-1"))
    (shop.root / "été.csv").write_bytes(b"summer")
    remote = shop.once(url=f"ftp://old@{HOST}:{shop.ftp.port}", password="plain")
    assert remote.fetch("été.csv") == b"summer"
    remote.store("Noël.csv", b"winter")
    assert {entry.name for entry in remote.list_files("")} == {"été.csv", "Noël.csv"}
    assert find(remote, "été à la mer.csv") is None
    with pytest.raises(PermanentError, match="encoding lacks a character"):
        remote.store("5 €.csv", b"data")


def test_speaks_utf_8_with_a_server_that_does_not_announce_it(shop: Shop) -> None:
    shop.start(Quirks(missing=frozenset({"FEAT"})))
    (shop.root / "été à 5 €").mkdir()
    remote = shop.once(url=f"ftp://{USER}@{HOST}:{shop.ftp.port}/été à 5 €")
    remote.store("œuvre.csv", b"data")
    assert [entry.name for entry in remote.list_files("")] == ["œuvre.csv"]
    assert remote.fetch("œuvre.csv") == b"data"


def test_may_try_again_when_lost_while_finding_out_the_encoding(shop: Shop) -> None:
    shop.start(Quirks(missing=frozenset({"FEAT"}), dropped={"NLST": 1}))
    shop.put(old=b"data")
    shop.patient().rename("old.csv", "été.csv")
    assert shop.files() == {"été.csv": b"data"}


# --- disks that are full -----------------------------------------------------------------------


@pytest.mark.usefixtures("trusted")
@with_and_without_tls
@pytest.mark.parametrize("room", [0, 100_000])
def test_says_that_the_disk_is_full_and_does_not_insist(shop: Shop, kind: str, room: int) -> None:
    ftp = shop.start(Quirks(disk_room=room), kind)
    with pytest.raises(PermanentError, match="disk is full"):
        shop.patient().store("a.csv", BIG)
    assert ftp.received("STOR") == 1


# --- logging in --------------------------------------------------------------------------------


def test_does_not_insist_on_a_password_that_was_refused(shop: Shop) -> None:
    ftp = shop.start()
    with pytest.raises(AccessDeniedError):
        shop.patient(password="wrong").stat("a.csv")
    assert ftp.received("PASS") == 1


def test_logs_in_once_and_asks_for_size_and_time_in_one_round_trip(shop: Shop) -> None:
    ftp = shop.start()
    remote = shop.patient()
    remote.store("a.csv", b"data")
    assert remote.fetch("a.csv") == b"data"
    before = len(ftp.commands)
    assert remote.stat("a.csv").size == 4
    assert ftp.commands[before:] == ["MLST /a.csv"]
    assert ftp.received("USER") == 1


def test_sends_nothing_when_a_name_is_refused(shop: Shop) -> None:
    ftp = shop.start()
    shop.put(b=b"kept")
    remote = shop.once()
    acts: tuple[Callable[[str], object], ...] = (
        *(remote.stat, remote.list_files, remote.fetch, remote.delete),
        lambda name: remote.store(name, b"data"),
        *(lambda name: remote.rename(name, "new.csv"), lambda name: remote.rename("b.csv", name)),
        *(lambda name: remote.replace(name, "n.csv"), lambda name: remote.replace("b.csv", name)),
    )
    before = list(ftp.commands)
    for name in ("a\r\nDELE b.csv", "a\nb.csv", "a\0.csv", "../b.csv", "a\\b"):
        for act in acts:
            with pytest.raises(PermanentError, match="name refused"):
                act(name)
    assert ftp.commands == before


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("kind", ["ftp", *TLS])
def test_transfers_in_active_mode(shop: Shop, kind: str) -> None:
    ftp = shop.start(scheme=kind)
    remote = shop.once(passive=False)
    remote.store("a.csv", BIG)
    assert remote.fetch("a.csv") == BIG
    assert [entry.name for entry in remote.list_files("")] == ["a.csv"]
    assert ftp.received("PORT") + ftp.received("EPRT") == 3


# --- TLS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TLS)
def test_refuses_a_certificate_that_nobody_vouches_for(shop: Shop, kind: str) -> None:
    ftp = shop.start(scheme=kind)
    with pytest.raises(PermanentError, match="certificate was not accepted") as caught:
        shop.patient().stat("a.csv")
    assert "verify_tls = false" in str(caught.value)
    assert ftp.received("PASS") == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no other name for the loopback")
@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("kind", TLS)
def test_refuses_the_certificate_of_another_machine(shop: Shop, kind: str) -> None:
    ftp = shop.start(scheme=kind)
    # The certificate is for 127.0.0.1 and localhost, not for this spelling of the address.
    url = f"{kind}://{USER}@127.1:{ftp.port}"
    with pytest.raises(PermanentError, match="certificate was not accepted"):
        shop.once(url=url)
    assert ftp.received("PASS") == 0


@pytest.mark.parametrize("kind", TLS)
def test_accepts_any_certificate_where_told_so(shop: Shop, kind: str) -> None:
    shop.start(scheme=kind)
    remote = shop.once(verify_tls=False)
    remote.store("a.csv", b"data")
    assert remote.fetch("a.csv") == b"data"


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("kind", TLS)
def test_resumes_the_tls_session_on_every_data_connection(shop: Shop, kind: str) -> None:
    ftp = shop.start(Quirks(demands_resumption=True), kind)
    remote = shop.once()
    remote.store("a.csv", BIG)
    assert remote.fetch("a.csv") == BIG
    assert [entry.name for entry in remote.list_files("")] == ["a.csv"]
    assert ftp.resumptions == [True, True, True]


@pytest.mark.usefixtures("trusted")
def test_the_test_server_notices_a_session_that_is_not_resumed(shop: Shop) -> None:
    ftp = shop.start(Quirks(demands_resumption=True), "ftps")
    shop.put(a=b"data")
    with ftplib.FTP_TLS(encoding="utf-8") as client:
        client.connect(HOST, ftp.port, 20)
        client.login(USER, PASSWORD)
        client.prot_p()
        with pytest.raises(ftplib.error_perm, match="522"):
            client.retrbinary("RETR a.csv", lambda _: None)
    assert ftp.resumptions == [False]


@pytest.mark.usefixtures("trusted")
def test_sends_no_password_to_a_server_without_tls(shop: Shop) -> None:
    ftp = shop.start()
    with pytest.raises(PermanentError):
        shop.once(url=f"ftps://{USER}@{HOST}:{ftp.port}")
    assert ftp.received("USER") == ftp.received("PASS") == 0
