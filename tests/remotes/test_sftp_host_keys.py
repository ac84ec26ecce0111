"""SFTP: whose key the host shows, with which key we log in, and servers unlike OpenSSH."""

import time
from pathlib import Path

import paramiko
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from passerelle.base.errors import (
    AlreadyThereError,
    LoginRefusedError,
    NotFoundError,
    PasserelleError,
    PermanentError,
    TransientError,
)
from passerelle.remotes.base import find
from tests.remotes.conftest import BIG, Shop
from tests.servers import HOST
from tests.servers.sftp import SftpQuirks, SftpServer

# Of which several pieces are asked for at once.
LARGE = BIG * 3


def write_key(path: Path, passphrase: str = "") -> paramiko.PKey:
    """Writes a private key as ssh-keygen does."""
    hidden: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        hidden = serialization.BestAvailableEncryption(passphrase.encode())
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, hidden
    )
    path.write_bytes(pem)
    return paramiko.Ed25519Key.from_private_key_file(str(path), passphrase or None)


# --- whose key the host shows ------------------------------------------------------------------


def know(shop: Shop, name: str, key: paramiko.PKey) -> None:
    line = f"{name} {key.get_name()} {key.get_base64()}\n"
    shop.known_hosts.write_text(line, encoding="ascii")


def test_connects_to_a_host_whose_name_is_hashed(shop: Shop) -> None:
    server = shop.start_sftp()
    know(shop, paramiko.HostKeys.hash_host(f"[{HOST}]:{server.port}"), server.host_key)
    assert shop.once().list_files("") == []


@pytest.mark.parametrize("lines", ["", "other.example ssh-ed25519 AAAA\n", None])
def test_refuses_a_host_whose_key_is_unknown_and_shows_its_fingerprint(
    shop: Shop, lines: str | None
) -> None:
    server = shop.start_sftp()
    shop.known_hosts.unlink()
    if lines is not None:
        shop.known_hosts.write_text(lines, encoding="ascii")
    error = refused(shop, server, "host key is not known")
    assert server.host_key.fingerprint in str(error)
    assert "ssh-keyscan" in error.mend and str(shop.known_hosts) in error.mend


@pytest.mark.parametrize("kind", ["the same kind", "another"])
def test_refuses_a_host_whose_key_has_changed(shop: Shop, tmp_path: Path, kind: str) -> None:
    server = shop.start_sftp()
    key = write_key(tmp_path / "other") if kind == "another" else paramiko.ECDSAKey.generate()
    know(shop, f"[{HOST}]:{server.port}", key)
    assert "known_hosts" in refused(shop, server, "host key has changed").mend


def refused(shop: Shop, server: SftpServer, words: str) -> PermanentError:
    with pytest.raises(PermanentError, match=words) as caught:
        shop.patient().stat("a.csv")
    assert (server.connections, server.logins) == (1, 0)
    return caught.value


def test_looks_into_the_account_s_known_hosts_where_none_is_configured(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.start_sftp()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with pytest.raises(PermanentError, match="host key is not known"):
        shop.once(known_hosts="")
    (tmp_path / ".ssh").mkdir()
    shop.known_hosts.rename(tmp_path / ".ssh" / "known_hosts")
    assert shop.once(known_hosts="").list_files("") == []


# --- logging in --------------------------------------------------------------------------------


@pytest.mark.parametrize("passphrase", ["", "ouvre-toi"])
def test_logs_in_with_a_key(shop: Shop, tmp_path: Path, passphrase: str) -> None:
    shop.start_sftp(keys=(write_key(tmp_path / "key", passphrase),))
    remote = shop.once(key_file=str(tmp_path / "key"), password=passphrase)
    assert remote.list_files("") == []


@pytest.mark.parametrize(
    ("kind", "password", "words"),
    [
        ("locked", "tr0p-secret", "key_file"),
        ("locked", "", "key_file"),
        ("unknown", "", None),
        ("no key", "tr0p-secret", None),
    ],
)
def test_does_not_insist_on_what_was_refused_and_never_tells_it(
    shop: Shop, tmp_path: Path, kind: str, password: str, words: str | None
) -> None:
    key = write_key(tmp_path / "key", "ouvre-toi" if kind == "locked" else "")
    server = shop.start_sftp(keys=(key,) if kind == "locked" else ())
    key_file = "" if kind == "no key" else str(tmp_path / "key")
    with pytest.raises(LoginRefusedError, match=words) as caught:
        shop.patient(key_file=key_file, password=password).stat("a.csv")
    assert "tr0p-secret" not in f"{caught.value} {caught.value.__cause__!r}"
    # Who insists is locked out.
    assert server.connections <= 1


@pytest.mark.parametrize("content", [None, "", "no key at all\n"])
def test_never_takes_an_unusable_key_file_for_an_absent_file(
    shop: Shop, tmp_path: Path, content: str | None
) -> None:
    server = shop.start_sftp()
    if content is not None:
        (tmp_path / "key").write_text(content, encoding="ascii")
    with pytest.raises(PasserelleError) as caught:
        find(shop.patient(key_file=str(tmp_path / "key")), "a.csv")
    assert not isinstance(caught.value, (NotFoundError, TransientError))
    assert str(tmp_path / "key") in str(caught.value)
    assert server.connections <= 1


def test_starts_from_the_login_folder_or_from_the_url_s(shop: Shop) -> None:
    shop.start_sftp()
    (shop.root / "dépôt").mkdir()
    (shop.root / "dépôt" / "a.csv").write_bytes(b"below")
    shop.put(a=b"data")
    for folder, data in (("", b"data"), ("/d%C3%A9p%C3%B4t", b"below")):
        for path in (folder, f"{folder}/", f"/~{folder}", f"/~{folder}/"):
            assert shop.once(url=shop.url + path).fetch("a.csv") == data


# --- servers unlike OpenSSH --------------------------------------------------------------------


@pytest.mark.parametrize("posix_rename", [True, False])
def test_moves_once_whatever_the_server_can_though_a_reply_is_lost(
    shop: Shop, posix_rename: bool
) -> None:
    server = shop.start_sftp(SftpQuirks(posix_rename=posix_rename, lost_renames=1))
    shop.put(old=b"new stock", new=b"stock")
    with pytest.raises(AlreadyThereError):
        shop.once().rename("old.csv", "new.csv")
    assert shop.files() == {"old.csv": b"new stock", "new.csv": b"stock"}
    before = server.connections
    remote = shop.patient()
    remote.replace("old.csv", "new.csv")
    assert shop.files() == {"new.csv": b"new stock"}
    assert server.connections >= before + 2  # more where the machine is busy
    remote.replace("new.csv", "free.csv")
    assert shop.files() == {"free.csv": b"new stock"}
    server.mishaps = 0
    remote.rename("free.csv", "taken.csv")
    assert shop.files() == {"taken.csv": b"new stock"}
    assert server.mishaps == 1


@pytest.mark.parametrize("place", [0, len(LARGE) // 2, len(LARGE)])
def test_never_gives_a_part_of_a_file_for_the_whole(shop: Shop, place: int) -> None:
    """Of a big one several pieces are on their way when the connection is lost."""
    shop.start_sftp(SftpQuirks(cut_reads=2, cut_reads_from=place))
    shop.put(a=LARGE)
    with pytest.raises(TransientError):
        shop.once(timeout="5s").fetch("a.csv")
    assert shop.patient(timeout="5s").fetch("a.csv") == LARGE


@pytest.mark.parametrize("place", [40_000, len(LARGE) // 2, len(LARGE) - 1])
def test_says_that_a_file_could_not_be_wholly_read(shop: Shop, place: int) -> None:
    shop.start_sftp(SftpQuirks(unreadable_from=place))
    shop.put(a=LARGE, b=b"data")
    remote = shop.once()
    with pytest.raises(PermanentError):
        remote.fetch("a.csv")
    assert remote.fetch("b.csv") == b"data", "answers to the first are not taken for its"


def test_what_is_given_up_amid_a_file_is_not_waited_for_again(shop: Shop) -> None:
    """As the file is closed: what was asked for beforehand may take its time, too."""
    server = shop.start_sftp(SftpQuirks(stalls_from=len(LARGE) // 2))
    shop.put(a=LARGE, b=b"data")
    remote, began = shop.once(timeout="4s"), time.monotonic()
    with pytest.raises(TransientError):
        remote.fetch("a.csv")
    assert time.monotonic() - began < 7.5
    server.may_go_on.set()
    assert remote.fetch("b.csv") == b"data"


@pytest.mark.parametrize("room", [0, 100_000, len(BIG) - 1])
def test_says_that_a_file_was_not_wholly_stored(shop: Shop, room: int) -> None:
    shop.start_sftp(SftpQuirks(disk_room=room))
    with pytest.raises(PermanentError):
        shop.once().store("a.csv", BIG)


def test_goes_on_after_the_server_hung_up_between_calls(shop: Shop) -> None:
    server = shop.start_sftp()
    remote = shop.patient()
    remote.store("a.csv", b"data")
    server.hang_up()
    assert remote.fetch("a.csv") == b"data"
    server.hang_up()
    remote.rename("a.csv", "b.csv")
    assert [entry.name for entry in remote.list_files("")] == ["b.csv"]
    assert server.connections == 3


@pytest.mark.parametrize("write", [False, True])
def test_a_channel_that_is_closed_is_no_refusal(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, write: bool
) -> None:
    """The line may be cut between paramiko's look at it and its next word."""
    server = shop.start_sftp()
    remote = shop.patient()
    remote.store("a.csv", b"data")
    send, cuts = paramiko.Channel.send, iter([True])

    def cut(channel: paramiko.Channel, data: bytes) -> int:
        if next(cuts, False):
            channel.close()
        return send(channel, data)

    monkeypatch.setattr(paramiko.Channel, "send", cut)
    if write:
        remote.store("b.csv", b"data")
    assert remote.fetch("a.csv") == b"data"
    assert server.connections == 2
