"""SFTP: whose key the host shows, with which key we log in, and servers unlike OpenSSH."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import paramiko
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from passerelle.base.errors import (
    AccessDeniedError,
    AlreadyThereError,
    NotFoundError,
    PasserelleError,
    PermanentError,
    TransientError,
)
from passerelle.config.servers import Server
from passerelle.remotes import connect, open_remote
from passerelle.remotes.base import Remote, find
from tests.remotes import Hurried
from tests.servers import HOST, PASSWORD, USER
from tests.servers.sftp import SftpQuirks, SftpServer

BIG = bytes(range(256)) * 4096
AS_IT_SHOULD = SftpQuirks()


class Shop:
    """Starts an SFTP server over a folder, and connects to it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.known_hosts = folder / "shop", folder / "known_hosts"
        self._deadline, self._open = Hurried(), ExitStack()
        self.root.mkdir()

    def start(
        self,
        quirks: SftpQuirks = AS_IT_SHOULD,
        keys: tuple[paramiko.PKey, ...] = (),
    ) -> SftpServer:
        server = SftpServer(self.root, {USER: PASSWORD}, keys=keys, quirks=quirks)
        self.sftp = self._open.enter_context(server)
        self.sftp.write_known_hosts(self.known_hosts)
        return self.sftp

    def settings(self, **changes: object) -> Server:
        url = f"sftp://{USER}@{HOST}:{self.sftp.port}"
        given = {"url": url, "password": PASSWORD, "known_hosts": str(self.known_hosts)}
        return Server.model_validate({**given, **changes})

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
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


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


def known(host: str, port: int, key: paramiko.PKey) -> str:
    """A line of known_hosts."""
    name = host if host.startswith("|1|") else f"[{host}]:{port}"
    return f"{name} {key.get_name()} {key.get_base64()}\n"


@pytest.mark.parametrize("hashed", [False, True])
def test_connects_to_a_host_whose_key_is_known(shop: Shop, hashed: bool) -> None:
    server = shop.start()
    name = paramiko.HostKeys.hash_host(f"[{HOST}]:{server.port}") if hashed else HOST
    shop.known_hosts.write_text(known(name, server.port, server.host_key), encoding="ascii")
    shop.once().store("a.csv", b"data")
    assert shop.files() == {"a.csv": b"data"}


@pytest.mark.parametrize("lines", ["", "other.example ssh-ed25519 AAAA\n", None])
def test_refuses_a_host_whose_key_is_unknown_and_shows_its_fingerprint(
    shop: Shop, lines: str | None
) -> None:
    server = shop.start()
    if lines is None:
        shop.known_hosts.unlink()
    else:
        shop.known_hosts.write_text(lines, encoding="ascii")
    with pytest.raises(PermanentError, match="host key is not known") as caught:
        shop.patient().stat("a.csv")
    assert server.host_key.fingerprint in str(caught.value)
    assert "ssh-keyscan" in caught.value.mend
    assert str(shop.known_hosts) in caught.value.mend
    assert (server.connections, server.logins) == (1, 0)


@pytest.mark.parametrize("kind", ["the same kind", "another"])
def test_refuses_a_host_whose_key_has_changed(shop: Shop, tmp_path: Path, kind: str) -> None:
    server = shop.start()
    key = write_key(tmp_path / "other") if kind == "another" else paramiko.ECDSAKey.generate()
    shop.known_hosts.write_text(known(HOST, server.port, key), encoding="ascii")
    with pytest.raises(PermanentError, match="host key has changed") as caught:
        shop.patient().stat("a.csv")
    assert "known_hosts" in caught.value.mend
    assert (server.connections, server.logins) == (1, 0)


def test_looks_into_the_account_s_known_hosts_where_none_is_configured(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.start()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with pytest.raises(PermanentError, match="host key is not known"):
        shop.once(known_hosts="")
    (tmp_path / ".ssh").mkdir()
    shop.known_hosts.rename(tmp_path / ".ssh" / "known_hosts")
    assert shop.once(known_hosts="").list_files("") == []


# --- logging in --------------------------------------------------------------------------------


def test_logs_in_with_a_key(shop: Shop, tmp_path: Path) -> None:
    shop.start(keys=(write_key(tmp_path / "key"),))
    assert shop.once(key_file=str(tmp_path / "key"), password="").list_files("") == []


def test_logs_in_with_a_key_s_passphrase_and_never_tells_a_wrong_one(
    shop: Shop, tmp_path: Path
) -> None:
    server = shop.start(keys=(write_key(tmp_path / "key", "ouvre-toi"),))
    for passphrase in ("tr0p-secret", ""):
        with pytest.raises(AccessDeniedError, match="key_file") as caught:
            shop.patient(key_file=str(tmp_path / "key"), password=passphrase).stat("a.csv")
        assert "tr0p-secret" not in f"{caught.value} {caught.value.__cause__!r}"
    # Each is tried once: who insists is locked out.
    assert server.connections <= 2
    remote = shop.once(key_file=str(tmp_path / "key"), password="ouvre-toi")
    assert remote.list_files("") == []


def test_is_denied_with_a_key_that_the_server_does_not_know(shop: Shop, tmp_path: Path) -> None:
    server = shop.start()
    write_key(tmp_path / "key")
    with pytest.raises(AccessDeniedError):
        shop.patient(key_file=str(tmp_path / "key"), password="").stat("a.csv")
    assert server.connections == 1


@pytest.mark.parametrize("content", [None, "", "no key at all\n"])
def test_never_takes_an_unusable_key_file_for_an_absent_file(
    shop: Shop, tmp_path: Path, content: str | None
) -> None:
    server = shop.start()
    if content is not None:
        (tmp_path / "key").write_text(content, encoding="ascii")
    with pytest.raises(PasserelleError) as caught:
        find(shop.patient(key_file=str(tmp_path / "key")), "a.csv")
    assert not isinstance(caught.value, (NotFoundError, TransientError))
    assert str(tmp_path / "key") in str(caught.value)
    assert server.connections <= 1


def test_does_not_insist_on_a_password_that_was_refused(shop: Shop) -> None:
    server = shop.start()
    with pytest.raises(AccessDeniedError) as caught:
        shop.patient(password="tr0p-secret").stat("a.csv")
    assert "tr0p-secret" not in str(caught.value)
    assert server.connections == 1


# --- the base folder ---------------------------------------------------------------------------


def test_starts_from_the_login_folder_or_from_the_url_s(shop: Shop) -> None:
    server = shop.start()
    (shop.root / "dépôt").mkdir()
    (shop.root / "dépôt" / "a.csv").write_bytes(b"below")
    shop.put(a=b"data")
    for folder, data in (("", b"data"), ("/d%C3%A9p%C3%B4t", b"below")):
        for path in (folder, f"{folder}/", f"/~{folder}", f"/~{folder}/"):
            remote = shop.once(url=f"sftp://{USER}@{HOST}:{server.port}{path}")
            assert remote.fetch("a.csv") == data


# --- servers unlike OpenSSH --------------------------------------------------------------------


@pytest.mark.parametrize("posix_rename", [True, False])
def test_replaces_a_file_whatever_the_server_can(shop: Shop, posix_rename: bool) -> None:
    shop.start(SftpQuirks(posix_rename=posix_rename))
    shop.put(old=b"new stock", new=b"stock")
    remote = shop.once()
    remote.replace("old.csv", "new.csv")
    assert shop.files() == {"new.csv": b"new stock"}
    remote.replace("new.csv", "free.csv")
    assert shop.files() == {"free.csv": b"new stock"}


@pytest.mark.parametrize("posix_rename", [True, False])
def test_does_not_rename_to_a_name_that_is_taken(shop: Shop, posix_rename: bool) -> None:
    shop.start(SftpQuirks(posix_rename=posix_rename))
    shop.put(old=b"1", new=b"2")
    with pytest.raises(AlreadyThereError):
        shop.once().rename("old.csv", "new.csv")
    assert shop.files() == {"old.csv": b"1", "new.csv": b"2"}


@pytest.mark.parametrize("posix_rename", [True, False])
def test_moves_once_though_the_reply_was_lost(shop: Shop, posix_rename: bool) -> None:
    server = shop.start(SftpQuirks(posix_rename=posix_rename, lost_renames=1))
    shop.put(old=b"new stock", new=b"stock")
    shop.patient().replace("old.csv", "new.csv")
    assert shop.files() == {"new.csv": b"new stock"}
    assert server.connections == 2


def test_renames_once_though_the_reply_was_lost(shop: Shop) -> None:
    shop.start(SftpQuirks(lost_renames=1))
    shop.put(old=b"data")
    shop.patient().rename("old.csv", "new.csv")
    assert shop.files() == {"new.csv": b"data"}


def test_never_gives_a_part_of_a_file_for_the_whole(shop: Shop) -> None:
    shop.start(SftpQuirks(cut_reads=2))
    shop.put(a=BIG)
    with pytest.raises(TransientError):
        shop.once(timeout="5s").fetch("a.csv")
    assert shop.patient(timeout="5s").fetch("a.csv") == BIG


@pytest.mark.parametrize("room", [0, 100_000, len(BIG) - 1])
def test_says_that_a_file_was_not_wholly_stored(shop: Shop, room: int) -> None:
    shop.start(SftpQuirks(disk_room=room))
    with pytest.raises(PermanentError):
        shop.once().store("a.csv", BIG)


def test_goes_on_after_the_server_hung_up_between_calls(shop: Shop) -> None:
    server = shop.start()
    remote = shop.patient()
    remote.store("a.csv", b"data")
    server.hang_up()
    assert remote.fetch("a.csv") == b"data"
    server.hang_up()
    remote.rename("a.csv", "b.csv")
    assert [entry.name for entry in remote.list_files("")] == ["b.csv"]
    assert server.connections == 3
