"""``passerelle secret`` and ``passerelle alerts``: passwords, and who is told."""

import sys

import click

from passerelle.base.errors import ConfigError, UnreachableError, UsageError
from passerelle.base.language import _
from passerelle.cli.common import (
    now,
    secret_names,
    tell,
    with_settings,
)
from passerelle.cli.ledgers import reading_ledger
from passerelle.config.model import Settings
from passerelle.config.passwords import delete_password, store_password
from passerelle.health.alerts.digest import compose_digest
from passerelle.health.alerts.sending import addresses, services_of
from passerelle.health.alerts.telling import send_trials


@click.group()
def secret() -> None:
    """Keep a server's password in the operating system's credential store (keyring).

    Store it under the account that runs the scheduled task: each account has a store of its own.

    \b
    passerelle secret set ftp
    """


@secret.command("set")
@click.argument("server", shell_complete=secret_names)
@with_settings
def set_secret(settings: Settings, server: str) -> None:
    """Ask for SERVER's password, or read it from a pipe, and store it.

    A pipe's first line is the password, in UTF-8.

    \b
    passerelle secret set ftp
    """
    _check_server(settings, server)
    store_password(server, _asked(server) if _is_console() else _piped(server))
    text = _('stored; in config.toml write password = "keyring" under [servers.{server}]')
    if server not in settings.servers:
        text = _('stored; in config.toml write {server} = "keyring"')
    click.echo(text.format(server=server))


@secret.command("delete")
@click.argument("server", shell_complete=secret_names)
@with_settings
def delete_secret(settings: Settings, server: str) -> None:
    """Remove SERVER's password from the store.

    \b
    passerelle secret delete ftp
    """
    _check_server(settings, server)
    delete_password(server)
    click.echo(_("removed"))


def _asked(server: str) -> str:
    words = _("Password of {server}").format(server=server)
    return str(click.prompt(words, hide_input=True, err=True))


def _is_console() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _first_line() -> bytes:
    return sys.stdin.buffer.readline() if sys.stdin is not None else b""


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


def _check_server(settings: Settings, server: str) -> None:
    secrets = [*settings.servers, *settings.other_secrets()]
    if server not in secrets:
        known = ", ".join(secrets) or _("none")
        raise UsageError(
            _('no server is named "{server}"').format(server=server),
            settings.file_name,
            _("servers: {names}").format(names=known),
        )


@click.group()
def alerts() -> None:
    """Tell people when something needs them, and when it is over.

    Runs do that by themselves; config.toml says whom: [alerts] urls.

    \b
    passerelle alerts test
    passerelle alerts digest
    """


@alerts.command("test")
@with_settings
def try_alerts(settings: Settings) -> None:
    """Send a test message to every address, and say whether it was delivered.

    Exit code 3 when there is no address, or one is not understood; 4 when one was not reached.

    \b
    passerelle alerts test
    """
    _check_addresses(settings)
    deliveries = send_trials(settings)
    for delivery in deliveries:
        click.echo(_(": ").join((delivery.where, delivery.problem or _("delivered"))))
    failed = [delivery.where for delivery in deliveries if delivery.problem]
    if failed:
        raise UnreachableError(
            _("not every test message was delivered"),
            ", ".join(failed),
            _("look at the address, its password, and whether the server can be reached"),
        )


@alerts.command()
@with_settings
def digest(settings: Settings) -> None:
    """Show the digest as it would be sent now: to enter, yesterday, out of order. Sends nothing.

    \b
    passerelle alerts digest
    """
    with reading_ledger(settings) as ledger:
        message = compose_digest(settings, ledger, now())
    tell([message.subject, "", message.body.rstrip()])


def _check_addresses(settings: Settings) -> None:
    """Raises :class:`ConfigError` unless there are addresses and all of them are understood."""
    if not settings.alerts.urls:
        raise ConfigError(
            _("there is no address to tell"),
            "alerts.urls",
            _("add one to config.toml, like {example}").format(
                example='"mailtos://user:word@example.com"'
            ),
        )
    faults = []
    for address in addresses(settings):
        try:
            services_of(address)
        except ConfigError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError(_("not every address is understood"), "alerts.urls", faults=faults)
