"""``passerelle servers``: what is known of each, and what a person says of them."""

from functools import partial

import click

from passerelle.base.language import N_, _
from passerelle.cli.common import (
    ask_first,
    json_option,
    print_json,
    print_table,
    server_names,
    with_settings,
    yes_option,
)
from passerelle.cli.ledgers import reading_ledger
from passerelle.config.model import Settings
from passerelle.config.servers import address_of
from passerelle.gateway.frame import perform
from passerelle.runs.servers import accept_server, check_server_name

_COLUMNS = (N_("server"), N_("address"), N_("last known at"), N_("our mark"))


@click.group()
def servers() -> None:
    """The servers, what Passerelle knows of each, and what a person says of them.

    On each one Passerelle leaves a small file, passerelle.mark.…, by which it tells that it is
    still the same one; see docs/reliability.md.

    \b
    passerelle servers list
    passerelle servers accept ftp
    """


@servers.command("list")
@json_option
@with_settings
def list_servers(settings: Settings, as_json: bool) -> None:
    """List the servers of config.toml, and where each was when Passerelle last wrote there.

    \b
    passerelle servers list
    """
    with reading_ledger(settings) as ledger:
        known = {server.name: server for server in ledger.servers.all()}
        token = ledger.servers.token
    found = [
        {
            "server": name,
            "address": address_of(server.url),
            "known_address": known[name].address if name in known else None,
            "mark": token if name in known and known[name].marked else None,
        }
        for name, server in settings.servers.items()
    ]
    if as_json:
        print_json(found)
    else:
        print_table(_COLUMNS, [[value or "" for value in one.values()] for one in found])


@servers.command()
@click.argument("name", metavar="NAME", shell_complete=server_names)
@click.option(
    "--restored",
    is_flag=True,
    help="This folder is an older copy, too: hold back what it does not know as sent.",
)
@yes_option
@with_settings
def accept(settings: Settings, name: str, restored: bool, yes: bool) -> None:
    """Say, after a look, that this server is the one to work with from now on.

    Where it was replaced, moved, or restored without our mark. What was on its way to the one
    before becomes doubtful: it is never taken for sent, and never sent again by itself.

    \b
    passerelle servers accept ftp
    passerelle servers accept ftp --restored
    """
    check_server_name(settings, name)
    what = _("{server}: what is on its way there, or waits for the ERP, becomes doubtful")
    more = _(
        "orders of before now that this ledger does not know as sent are held back until you say "
        "`orders settle` or `orders resend`"
    )
    if not restored:
        more = _(
            "was this folder restored from a backup, too, say it with --restored: what was sent "
            "since would be sent again"
        )
    ask_first([what.format(server=name), more], yes=yes)
    story = partial(accept_server, name=name, restored=restored)
    perform(settings, "servers accept", story)
