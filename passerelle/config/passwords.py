"""Where a server's password comes from: the OS's credential store, a variable, or the config.

And how it stays unheard: servers may quote it in their replies, so what they say passes ``hidden``.
"""

import base64
import getpass
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

from passerelle.base.errors import ConfigError, UsageError
from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.config.servers import Server

SERVICE = "passerelle"
_VARIABLE = regex(r"[A-Za-z_]\w*", re.ASCII)
# Neither FTP nor any login form can carry these; half a surrogate is a byte that was no text.
_UNSENDABLE = regex("[\r\n\0\ud800-\udfff]")


def password_of(name: str, server: Server) -> str:
    """The password as ``[servers.NAME] password`` says; empty where none is configured.

    Raises :class:`ConfigError` when ``keyring`` or ``env:NAME`` holds none, or when it holds a
    line end or another character that cannot be sent.
    """
    return secret_of(name, server.password.get_secret_value())


def secret_of(name: str, configured: str) -> str:
    """The same of any secret: ``name`` is a server's, or a connector's key in config.toml."""
    if configured == "keyring":
        return _usable(name, _from_keyring(name))
    if configured.startswith("env:"):
        return _usable(name, _from_environment(name, configured.removeprefix("env:")))
    return _usable(name, configured)


def store_password(name: str, password: str) -> None:
    """Keeps a server's password in the credential store of the account that calls.

    Raises :class:`ConfigError` where the store fails, or the password cannot be sent.
    """
    import keyring

    usable = _usable(name, password)
    with _telling(name):
        keyring.set_password(SERVICE, name, usable)


def delete_password(name: str) -> None:
    """Removes it again. Raises :class:`UsageError` where there is none."""
    import keyring
    from keyring.errors import PasswordDeleteError

    with _telling(name):
        try:
            keyring.delete_password(SERVICE, name)
        except PasswordDeleteError:
            raise UsageError(_("the credential store has no password"), name) from None


def account() -> str:
    """The account that runs this, in quotes; each account has a credential store of its own."""
    try:
        return f'"{getpass.getuser()}"'
    except (OSError, KeyError, ImportError):
        return _("this account")


def hidden(text: str, password: str) -> str:
    """``text`` without the password, however a server may have written it."""
    return _forms_of(password).sub("***", text) if password else text


def _forms_of(password: str) -> re.Pattern[str]:
    data = password.encode("utf-8", errors="replace")
    forms = {
        *(password, repr(password)[1:-1], password.strip()),
        # UTF-8 that was read as if it were latin-1, as replies are.
        data.decode("latin-1"),
        *(quote(password, errors="replace"), quote(password, safe="", errors="replace")),
        *(quote_plus(password, errors="replace"), base64.b64encode(data).decode()),
    }
    longest_first = sorted(filter(None, forms), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)


def _key_of(name: str) -> str:
    is_key = name.startswith("connectors.") or name == "ledger_password"
    return name if is_key else f"servers.{name}.password"


def _usable(name: str, password: str) -> str:
    if _UNSENDABLE.search(password):
        raise ConfigError(
            _("the password holds a line end or another character that cannot be sent"),
            _key_of(name),
            _("write it again, without a line end"),
        )
    return password


def _from_keyring(name: str) -> str:
    import keyring

    with _telling(name):
        password = keyring.get_password(SERVICE, name)
    if password is None:
        mend = _(
            "store it with `passerelle secret set {name}`, under the account that runs the task "
            "(this is {account})"
        )
        raise ConfigError(
            _("the credential store has no password"),
            _key_of(name),
            mend.format(name=name, account=account()),
        )
    return password


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """Any error of a credential store: backends raise their system's own (pywintypes, dbus).

    Its words, and what caused it, are not told: they may quote the password.
    """
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        mend = _('use {key} = "env:NAME" instead, or log on once as {account}, which runs this')
        raise ConfigError(
            _("the credential store failed ({kind})").format(kind=type(error).__name__),
            _key_of(name),
            mend.format(key=_key_of(name).rpartition(".")[2], account=account()),
        ) from None


def _from_environment(name: str, variable: str) -> str:
    if not _VARIABLE.fullmatch(variable):
        # Not told: it may be the password itself.
        raise ConfigError(
            _("what follows env: is no name of a variable"),
            _key_of(name),
            _('write it like password = "env:FTP_PASSWORD"'),
        )
    password = os.environ.get(variable)
    if password is None:
        mend = _("set {variable} for {account}, which runs this")
        if os.name == "nt":
            mend = _("set {variable} for {account}, which runs this: setx {variable} PASSWORD")
        raise ConfigError(
            _("the password's variable is not set"),
            _key_of(name),
            mend.format(variable=variable, account=account()),
        )
    return password
