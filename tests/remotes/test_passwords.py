"""Passwords come from the credential store or the environment; none is ever told."""

import traceback
from collections.abc import Iterator
from unittest import mock

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError, PasswordDeleteError

from passerelle.base.deadline import Deadline
from passerelle.base.errors import ConfigError
from passerelle.config.passwords import SERVICE, account, password_of, store_password
from passerelle.config.servers import Server
from passerelle.remotes import open_remote
from tests.servers.fixtures import NewServer


class MemoryKeyring(KeyringBackend):
    """A credential store that forgets everything at the end of the test."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.secrets: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.secrets:
            raise PasswordDeleteError
        del self.secrets[service, username]


def broken(error: Exception) -> MemoryKeyring:
    store = MemoryKeyring()
    store.get_password = mock.Mock(side_effect=error)  # type: ignore[method-assign]
    return store


@pytest.fixture
def store() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def server(password: str | None) -> Server:
    given = {} if password is None else {"password": password}
    return Server.model_validate({"url": "ftp://boutique@ftp.example/", **given})


@pytest.mark.parametrize(
    ("given", "password"),
    [
        ("sésame: ouvre-toi", "sésame: ouvre-toi"),
        (None, ""),
        ("keyring", "s3cret"),
        ("env:SHOP_PASSWORD", "keyring"),
    ],
)
def test_takes_the_password_from_where_the_config_says(
    store: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, given: str | None, password: str
) -> None:
    store.set_password(SERVICE, "shop", "s3cret")
    store.set_password(SERVICE, "erp", "other")
    monkeypatch.setenv("SHOP_PASSWORD", "keyring")
    assert password_of("shop", server(given)) == password


# Locked, as in a task whose user is not logged in; Windows' "no such logon session"; none.
BROKEN = (
    KeyringLocked("s3cret"),
    RuntimeError(1312, "CredRead", "s3cret"),
    NoKeyringError("s3cret"),
)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("error", BROKEN, ids=repr)
def test_names_the_server_when_the_credential_store_fails(error: Exception) -> None:
    keyring.set_keyring(broken(error))
    with pytest.raises(ConfigError, match="credential store failed") as caught:
        password_of("shop", server("keyring"))
    assert "servers.shop.password" in str(caught.value)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert account() in caught.value.mend


@pytest.mark.parametrize("password", ["s3cret\n", "s3\r\ncret", "s3\0cret", "s3\udce9"])
def test_stores_no_password_that_cannot_be_sent(store: MemoryKeyring, password: str) -> None:
    with pytest.raises(ConfigError, match="cannot be sent"):
        store_password("shop", password)
    assert store.secrets == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("env:s3cret!", "no name of a variable"),
        ("env:SHOP_PASSWORD", "SHOP_PASSWORD"),
        ("keyring", "passerelle secret set shop"),
    ],
)
def test_says_what_is_missing_and_no_secret(
    store: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, given: str, words: str
) -> None:
    store.set_password(SERVICE, "erp", "s3cret")
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    with pytest.raises(ConfigError, match=words) as caught:
        password_of("shop", server(given))
    assert caught.value.where == "servers.shop.password"
    assert "s3cret" not in str(caught.value)


def test_does_not_show_a_password_with_the_settings() -> None:
    assert "s3cret" not in repr(server("s3cret"))


@pytest.mark.parametrize("kind", ["ftp", "sftp"])
def test_logs_in_with_a_password_from_the_environment_and_never_without(
    new_server: NewServer, deadline: Deadline, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    place = new_server(kind)
    remote = open_remote("shop", place.server(password="env:SHOP_PASSWORD"), deadline)
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    with pytest.raises(ConfigError):
        remote.stat("a.csv")
    monkeypatch.setenv("SHOP_PASSWORD", place.password)
    assert remote.list_files("") == []
    remote.close()
