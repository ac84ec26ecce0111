"""``passerelle secret``: passwords in the operating system's credential store."""

import sys

import click

from passerelle.base.errors import UsageError
from passerelle.base.language import _
from passerelle.cli.common import settings_of
from passerelle.cli.completion import server_names
from passerelle.config.model import Settings
from passerelle.remotes.passwords import delete_password, store_password


@click.group()
def secret() -> None:
    """Keep a server's password in the operating system's credential store (keyring).

    Store it under the account that runs the scheduled task: each account has a store of its own.

    \b
    passerelle secret set ftp
    """


@secret.command("set")
@click.argument("server", shell_complete=server_names)
@click.pass_context
def set_secret(context: click.Context, server: str) -> None:
    """Ask for SERVER's password, or read it from a pipe, and store it.

    A pipe's first line is the password, in UTF-8.

    \b
    passerelle secret set ftp
    """
    _check(settings_of(context), server)
    store_password(server, _asked(server) if _is_console() else _piped(server))
    text = _('stored; in config.toml write password = "keyring" under [servers.{server}]')
    click.echo(text.format(server=server))


@secret.command("delete")
@click.argument("server", shell_complete=server_names)
@click.pass_context
def delete_secret(context: click.Context, server: str) -> None:
    """Remove SERVER's password from the store.

    \b
    passerelle secret delete ftp
    """
    _check(settings_of(context), server)
    delete_password(server)
    click.echo(_("removed"))


def _is_console() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _asked(server: str) -> str:
    words = _("Password of {server}").format(server=server)
    return str(click.prompt(words, hide_input=True, err=True))


def _piped(server: str) -> str:
    """What a script hands over. Windows' consoles pipe text in code pages that nobody tells."""
    try:
        # Windows' PowerShell puts a mark in front.
        line = _first_line().decode("utf-8-sig")
    except UnicodeDecodeError:
        mend = _("type it at the console, without a pipe")
        raise UsageError(_("the password is not in UTF-8"), server, mend) from None
    if password := line.rstrip("\r\n"):
        return password
    mend = _("type it at the console, or pipe one line to the command")
    raise UsageError(_("no password came in"), server, mend)


def _first_line() -> bytes:
    return sys.stdin.buffer.readline() if sys.stdin is not None else b""


def _check(settings: Settings, server: str) -> None:
    if server not in settings.servers:
        known = ", ".join(settings.servers) or _("none")
        raise UsageError(
            _('no server is named "{server}"').format(server=server),
            "config.toml",
            _("servers: {names}").format(names=known),
        )
