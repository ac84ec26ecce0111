"""``passerelle secret``: passwords in the operating system's credential store."""

import click

from passerelle.cli.common import settings_of
from passerelle.cli.completion import server_names
from passerelle.config import Settings
from passerelle.errors import UsageError
from passerelle.language import _
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
    """Ask for SERVER's password and store it.

    \b
    passerelle secret set ftp
    """
    _check(settings_of(context), server)
    question = _("Password of {server}").format(server=server)
    store_password(server, click.prompt(question, hide_input=True, err=True))
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


def _check(settings: Settings, server: str) -> None:
    if server not in settings.servers:
        known = ", ".join(settings.servers) or _("none")
        raise UsageError(
            _('no server is named "{server}"').format(server=server),
            "config.toml",
            _("servers: {names}").format(names=known),
        )
