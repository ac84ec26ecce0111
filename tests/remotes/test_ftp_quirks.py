"""FTP servers as they are: old, odd, and lost in the middle of a command."""

import ftplib
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple

import pytest

from passerelle.base.deadline import Deadline
from passerelle.base.errors import (
    AccessDeniedError,
    LoginRefusedError,
    NotFoundError,
    PasserelleError,
    PermanentError,
    TimeLimitError,
    TransientError,
)
from passerelle.remotes import open_remote
from passerelle.remotes.base import Remote, find
from tests.remotes.conftest import BIG, Shop
from tests.servers import HOST, PASSWORD, USER
from tests.servers.ftp import FtpServer, Quirks

OLD = frozenset({"MLST", "MLSD"})
MOVES = frozenset({"RNFR", "RNTO"})
TLS = ("ftps", "ftps-implicit")
trusted = pytest.mark.usefixtures("trusted")
with_and_without_tls = pytest.mark.parametrize("kind", ["ftp", "ftps"])

Act = Callable[[Remote], object]
RENAME: Act = lambda remote: remote.rename("old.csv", "free.csv")  # noqa: E731
REPLACE: Act = lambda remote: remote.replace("old.csv", "new.csv")  # noqa: E731
PUT_THERE: Act = lambda remote: remote.replace("old.csv", "free.csv")  # noqa: E731
DELETE: Act = lambda remote: remote.delete("old.csv")  # noqa: E731
FETCH: Act = lambda remote: remote.fetch("old.csv")  # noqa: E731
STORE: Act = lambda remote: remote.store("old.csv", BIG)  # noqa: E731

BEFORE = {"old.csv": b"new stock", "new.csv": b"stock"}
REPLACED = {"new.csv": b"new stock"}
RENAMED = {"free.csv": b"new stock", "new.csv": b"stock"}


class Case(NamedTuple):
    """What is asked of a server with a habit, and what comes of it: the files, or an error.

    ``sent`` is how often a command was.
    """

    quirks: Quirks
    act: Act
    comes: Mapping[str, bytes] | type[PasserelleError]
    sent: Mapping[str, int] = {}


def lost(*commands: str, **more: bool) -> Quirks:
    return Quirks(lost_replies=dict.fromkeys(commands, 1), **more)  # type: ignore[arg-type]


def denied(*commands: str, **dropped: int) -> Quirks:
    return Quirks(refused=frozenset(commands), dropped=dropped)


CASES = {
    "rename, lost": Case(lost("RNTO"), RENAME, RENAMED, {"RNTO": 1}),
    "replace, lost": Case(lost("RNTO"), REPLACE, REPLACED, {"RNTO": 1}),
    "delete, lost": Case(lost("DELE"), DELETE, {"new.csv": b"stock"}, {"DELE": 2}),
    "store, lost": Case(lost("STOR"), STORE, BEFORE | {"old.csv": BIG}, {"STOR": 2}),
    "never over a file": Case(lost(renames_over=False), REPLACE, REPLACED),
    "nor this one, lost": Case(lost("RNTO", renames_over=False), REPLACE, REPLACED),
    "nor that one, lost": Case(lost("DELE", renames_over=False), REPLACE, REPLACED),
    "may not rename": Case(denied("RNFR", "RNTO"), RENAME, AccessDeniedError),
    "may not replace": Case(denied("RNFR", "RNTO"), REPLACE, AccessDeniedError),
    "cannot rename": Case(Quirks(missing=MOVES), RENAME, PermanentError),
    "cannot replace": Case(Quirks(missing=MOVES), REPLACE, PermanentError),
    "not to that name": Case(denied("RNTO"), RENAME, AccessDeniedError),
    "nor by replacing": Case(denied("RNTO"), PUT_THERE, AccessDeniedError),
    "hangs up each time": Case(denied(RNTO=99), REPLACE, TransientError, {"RNTO": 3}),
    "asked why, hangs up": Case(denied("RETR", NLST=1), FETCH, AccessDeniedError),
    "asked where, hangs up": Case(denied("RETR", CWD=1), FETCH, AccessDeniedError),
}


@trusted
@with_and_without_tls
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_habit_neither_loses_nor_doubles(shop: Shop, kind: str, case: Case) -> None:
    ftp = shop.start(case.quirks, kind)
    shop.put(old=b"new stock", new=b"stock")
    if isinstance(case.comes, type):
        with pytest.raises(case.comes) as caught:
            case.act(shop.patient())
        assert not isinstance(caught.value, NotFoundError)
        assert shop.files() == BEFORE
    else:
        case.act(shop.patient())
        assert shop.files() == case.comes
    assert {command: ftp.received(command) for command in case.sent} == case.sent


@trusted
@with_and_without_tls
@pytest.mark.parametrize("room", [0, 100_000])
def test_says_that_the_disk_is_full_and_does_not_insist(shop: Shop, kind: str, room: int) -> None:
    ftp = shop.start(Quirks(disk_room=room), kind)
    with pytest.raises(PermanentError, match="disk is full"):
        shop.patient().store("a.csv", BIG)
    assert ftp.received("STOR") == 1


@trusted
@with_and_without_tls
@pytest.mark.parametrize("after", [1, 5000, 60_000])
def test_never_gives_a_part_of_a_file_for_the_whole(shop: Shop, kind: str, after: int) -> None:
    ftp = shop.start(Quirks(cut_downloads=3, cut_after=after), kind)
    shop.put(a=BIG)
    with pytest.raises(TransientError):
        shop.once().fetch("a.csv")
    assert shop.patient().fetch("a.csv") == BIG
    assert ftp.received("RETR") == 4


@trusted
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


def test_waits_no_longer_than_the_run_or_the_timeout_lasts(shop: Shop) -> None:
    shop.start(Quirks(dropped={"MLST": 99}))
    remote = open_remote("shop", shop.settings(), Deadline(timedelta(seconds=0.2)))
    with pytest.raises(TimeLimitError):
        remote.stat("a.csv")
    shop.start(Quirks(delays={"USER": 0.1, "MLST": 0.1, "RETR": 30}))
    shop.put(a=b"data")
    remote = shop.once(timeout="500ms")
    assert remote.stat("a.csv").size == 4
    with pytest.raises(TransientError, match="no answer in time"):
        remote.fetch("a.csv")


# --- commands that old servers lack ------------------------------------------------------------


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(replies={"MLST": "250 Begin and end"}),
        *(Quirks(missing=OLD | more) for more in (set(), {"MDTM"}, {"SIZE"}, {"SIZE", "MDTM"})),
        Quirks(missing=OLD | {"FEAT"}),
    ],
    ids=["MLST by name only", "no MLST", "no MDTM", "no SIZE", "neither", "no FEAT"],
)
def test_tells_as_much_as_the_server_does_and_absent_from_denied(
    shop: Shop, quirks: Quirks
) -> None:
    ftp = shop.start(quirks)
    shop.put(a=b"1234", b=b"2")
    for folder in ("c", "2 a.csv", "éé"):
        (shop.root / folder).mkdir()
    remote = shop.once()
    entry = remote.stat("a.csv")
    assert (entry.name, entry.size) == ("a.csv", None if "SIZE" in quirks.missing else 4)
    assert (entry.modified is None) == ("MDTM" in quirks.missing)
    if entry.modified:
        assert abs(entry.modified.timestamp() - (shop.root / "a.csv").stat().st_mtime) < 1
    assert find(remote, "d.csv") is find(remote, "c") is None
    assert {entry.name for entry in remote.list_files("")} == {"a.csv", "b.csv"}
    ftp.quirks = Quirks(missing=quirks.missing, refused=frozenset({"RETR"}))
    for name, error in (("a.csv", AccessDeniedError), ("d.csv", NotFoundError)):
        with pytest.raises(error):
            remote.fetch(name)


def test_an_error_for_an_empty_folder_is_an_empty_list(shop: Shop) -> None:
    shop.start(Quirks(missing=OLD, empty_listing_is_error=True))
    (shop.root / "empty").mkdir()
    remote = shop.once()
    assert remote.list_files("empty") == []
    assert find(remote, "empty/a.csv") is None
    with pytest.raises(NotFoundError):
        remote.list_files("missing")


# --- encodings ---------------------------------------------------------------------------------


def test_speaks_latin_1_with_a_server_whose_names_are_so(shop: Shop) -> None:
    ftp = shop.start(Quirks(missing=OLD, encoding="latin-1"))
    (shop.root / "été.csv").write_bytes(b"summer")
    remote = shop.once(url=f"ftp://old@{HOST}:{ftp.port}", password="plain")
    assert remote.fetch("été.csv") == b"summer"
    remote.store("Noël.csv", b"winter")
    assert {entry.name for entry in remote.list_files("")} == {"été.csv", "Noël.csv"}
    assert find(remote, "été à la mer.csv") is None
    with pytest.raises(PermanentError, match="encoding lacks a character"):
        remote.store("5 €.csv", b"data")


def test_speaks_utf_8_with_a_server_that_does_not_announce_it(shop: Shop) -> None:
    banner = "Bienvenue à la boutique, fermée l'été".encode("latin-1")
    shop.start(Quirks(missing=frozenset({"FEAT"}), banner=banner))
    (shop.root / "été à 5 €").mkdir()
    remote = shop.once(url=f"{shop.url}/été à 5 €")
    remote.store("œuvre.csv", b"data")
    assert [entry.name for entry in remote.list_files("")] == ["œuvre.csv"]
    assert remote.fetch("œuvre.csv") == b"data"


def test_may_try_again_when_lost_while_finding_out_the_encoding(shop: Shop) -> None:
    shop.start(Quirks(missing=frozenset({"FEAT"}), dropped={"NLST": 1}))
    shop.put(old=b"data")
    shop.patient().rename("old.csv", "été.csv")
    assert shop.files() == {"été.csv": b"data"}


# --- logging in, and TLS -----------------------------------------------------------------------


def test_does_not_insist_on_a_password_that_was_refused(shop: Shop) -> None:
    ftp = shop.start()
    with pytest.raises(LoginRefusedError):
        shop.patient(password="wrong").stat("a.csv")
    assert ftp.received("PASS") == 1


def test_logs_in_once_and_asks_for_size_and_time_in_one_round_trip(shop: Shop) -> None:
    ftp = shop.start()
    remote = shop.patient()
    remote.store("a.csv", b"data")
    before = len(ftp.commands)
    assert remote.stat("a.csv").size == 4
    assert ftp.commands[before:] == ["MLST /a.csv"]
    assert ftp.received("USER") == 1


def transfers(remote: Remote) -> None:
    remote.store("a.csv", BIG)
    assert remote.fetch("a.csv") == BIG
    assert [entry.name for entry in remote.list_files("")] == ["a.csv"]


@trusted
@pytest.mark.parametrize("kind", ["ftp", *TLS])
def test_transfers_in_active_mode(shop: Shop, kind: str) -> None:
    ftp = shop.start(scheme=kind)
    transfers(shop.once(passive=False))
    assert ftp.received("PORT") + ftp.received("EPRT") == 3


@trusted
@pytest.mark.parametrize("kind", TLS)
def test_resumes_the_tls_session_on_every_data_connection(shop: Shop, kind: str) -> None:
    ftp = shop.start(Quirks(demands_resumption=True), kind)
    transfers(shop.once())
    assert ftp.resumptions == [True, True, True]


@trusted
def test_the_test_server_notices_a_session_that_is_not_resumed(shop: Shop) -> None:
    ftp = shop.start(Quirks(demands_resumption=True), "ftps")
    shop.put(a=b"data")
    with ftplib.FTP_TLS(encoding="utf-8") as client:
        client.connect(HOST, ftp.port, 20)
        client.login(USER, PASSWORD)
        client.prot_p()
        with pytest.raises(ftplib.error_perm, match="522"):
            client.retrbinary("RETR a.csv", lambda _: None)


@pytest.mark.parametrize("kind", TLS)
def test_accepts_any_certificate_only_where_told_so(shop: Shop, kind: str) -> None:
    ftp = shop.start(scheme=kind)
    refuses(shop, ftp, "certificate was not accepted.*verify_tls = false")
    transfers(shop.once(verify_tls=False))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no other name for the loopback")
@trusted
@pytest.mark.parametrize("kind", TLS)
def test_refuses_the_certificate_of_another_machine(shop: Shop, kind: str) -> None:
    # The certificate is for 127.0.0.1 and localhost, not for this spelling of the address.
    ftp = shop.start(scheme=kind)
    refuses(shop, ftp, "certificate was not accepted", url=shop.url.replace(HOST, "127.1"))


@trusted
def test_sends_no_password_to_a_server_without_tls(shop: Shop) -> None:
    ftp = shop.start()
    refuses(shop, ftp, None, url=shop.url.replace("ftp:", "ftps:"))
    assert ftp.received("USER") == 0


def refuses(shop: Shop, ftp: FtpServer, words: str | None, **changes: object) -> None:
    with pytest.raises(PermanentError, match=words):
        shop.patient(**changes).stat("a.csv")
    assert ftp.received("PASS") == 0
