"""Where a server's password comes from: the OS's credential store, a variable, or the config."""

import os

from passerelle.config import Server
from passerelle.errors import ConfigError

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


def _from_keyring(name: str) -> str:
    import keyring
    from keyring.errors import KeyringError

    where = f"servers.{name}.password"
    mend = f"store it with `passerelle secret set {name}`, under the account that runs the task"
    try:
        password = keyring.get_password(SERVICE, name)
    except KeyringError as error:
        reason = type(error).__name__
        raise ConfigError(f"the credential store failed ({reason})", where, mend) from error
    if password is None:
        raise ConfigError("the credential store has no password", where, mend)
    return password


def _from_environment(name: str, variable: str) -> str:
    password = os.environ.get(variable)
    if password is None:
        raise ConfigError(
            "the password's variable is not set",
            f"servers.{name}.password",
            f"set {variable} for the account that runs this",
        )
    return password
