"""Where a server's password comes from: the OS's credential store, a variable, or the config."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from passerelle.config import Server
from passerelle.errors import ConfigError, UsageError

SERVICE = "passerelle"


def password_of(name: str, server: Server) -> str:
    """The password as ``[servers.NAME] password`` says; empty where none is configured.

    Raises :class:`ConfigError` when ``keyring`` or ``env:NAME`` holds none.
    """
    configured = server.password.get_secret_value()
    if configured == "keyring":
        return _from_keyring(name)
    if configured.startswith("env:"):
        return _from_environment(name, configured.removeprefix("env:"))
    return configured


def store_password(name: str, password: str) -> None:
    """Keeps a server's password in the credential store of the account that calls."""
    import keyring

    with _telling(name):
        keyring.set_password(SERVICE, name, password)


def delete_password(name: str) -> None:
    """Removes it again. Raises :class:`UsageError` where there is none."""
    import keyring
    from keyring.errors import PasswordDeleteError

    with _telling(name):
        try:
            keyring.delete_password(SERVICE, name)
        except PasswordDeleteError as error:
            raise UsageError("the credential store has no password", name) from error


def _from_keyring(name: str) -> str:
    import keyring

    with _telling(name):
        password = keyring.get_password(SERVICE, name)
    if password is None:
        raise ConfigError(
            "the credential store has no password",
            f"servers.{name}.password",
            f"store it with `passerelle secret set {name}`, under the account that runs the task",
        )
    return password


@contextmanager
def _telling(name: str) -> Iterator[None]:
    from keyring.errors import KeyringError

    try:
        yield
    except KeyringError as error:
        raise ConfigError(
            f"the credential store failed ({type(error).__name__})",
            f"servers.{name}.password",
            'use password = "env:NAME" instead, or log on once with the account that runs this',
        ) from error


def _from_environment(name: str, variable: str) -> str:
    password = os.environ.get(variable)
    if password is None:
        raise ConfigError(
            "the password's variable is not set",
            f"servers.{name}.password",
            f"set {variable} for the account that runs this",
        )
    return password
