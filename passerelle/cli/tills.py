"""``passerelle till``: tills that share their open orders: the server, agents, their book."""

import os
from pathlib import Path

import click

from passerelle.base.errors import ConfigError, HeldError, UsageError
from passerelle.base.language import _
from passerelle.cli.common import (
    config_path,
    end_with,
    json_option,
    needs_web,
    now,
    print_json,
    tell,
    with_settings,
)
from passerelle.cli.till_day import break_one, group_option, log, session, settle
from passerelle.config.model import Settings


@click.group()
def till() -> None:
    """Tills that share their open orders: their server, their agents (docs/tills.md).

    \b
    passerelle till serve
    passerelle till pair caisse-1
    passerelle till status
    """


@till.command()
@click.option("--listen", metavar="HOST:PORT", help="Listen there, whatever config.toml says.")
@click.pass_context
def serve(context: click.Context, listen: str | None) -> None:
    """Serve the tills of the shop, until it is ended with Ctrl+C.

    \b
    passerelle till serve
    passerelle till serve --listen 192.168.1.10:8469
    """
    from passerelle.cli.common import settings_of

    needs_web("tills")
    from passerelle.tills.main import serve_tills

    settings = settings_of(context)
    serve_tills(settings, config_path(context), _checked(listen or settings.needed_tills.listen))


@till.command()
@click.option("--server", metavar="URL", help="The server: https://HOST:8469. Needed to pair.")
@click.option("--code", metavar="CODE", help="The code that `passerelle till pair NAME` printed.")
@click.option("--listen", metavar="HOST:PORT", default="127.0.0.1:8470", show_default=True,
              help="Where the till's page is, on this machine alone.")  # fmt: skip
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path),
              help="Where the till's own book lies.")  # fmt: skip
@click.pass_context
def agent(
    context: click.Context,
    server: str | None,
    code: str | None,
    listen: str,
    folder: Path | None,
) -> None:
    """Be a till on this machine: its page, its own book, its connection to the server.

    It goes on where it was after a crash; --code is for the first time, --server also for when the
    server has another address.

    \b
    passerelle till agent --server https://192.168.1.10:8469 --code K7QM2XW4PA
    passerelle till agent
    """
    needs_web("tills")
    from passerelle.tills.agent_main import run_agent

    run_agent(folder or _agents_folder(context), _checked(listen), server or "", code or "")


def _agents_folder(context: click.Context) -> Path:
    """That of config.toml where there is one; else the user's own."""
    from passerelle.base.language import speak
    from passerelle.cli.common import settings_of

    try:
        config_path(context)
    except ConfigError:
        if context.find_root().obj is not None:
            raise
        speak("auto")
        home = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_DATA_HOME")
        return (Path(home) if home else Path.home() / ".local" / "share") / "Passerelle"
    return settings_of(context).folder


def _checked(listen: str) -> str:
    from passerelle.config.tills import host_and_port

    try:
        host_and_port(listen)
    except ValueError as error:
        raise UsageError(str(error), listen) from None
    return listen


@till.command()
@click.argument("name")
@group_option
@click.option(
    "--token", is_flag=True, help="Print a token for a program that speaks the protocol itself."
)
@with_settings
def pair(settings: Settings, name: str, group: str, token: bool) -> None:
    """Give a till its place: a code for its agent, or a token for a program.

    The code counts once, for ten minutes. A till that is paired anew keeps its unsent orders.

    \b
    passerelle till pair caisse-1
    passerelle till pair borne --token
    """
    from passerelle.tills.steering import group_named, pair_agent, pair_program, till_book

    group = group_named(settings.needed_tills, group)
    with till_book(settings) as book:
        if token:
            click.echo(_("{name} may speak, with this token: {token}").format(
                name=name, token=pair_program(book, name, group, now())))  # fmt: skip
            return
        code = pair_agent(book, name, group, now())
    click.echo(_("on that machine, within ten minutes:"))
    port = settings.needed_tills.listen.rpartition(":")[2]
    scheme = "http" if settings.needed_tills.tls == "off" else "https"
    command = f"passerelle till agent --server {scheme}://HOST:{port} --code {code}"
    click.echo(command)


@till.command()
@click.argument("name")
@with_settings
def revoke(settings: Settings, name: str) -> None:
    """Take a till's place away: whoever has its token is refused from now on.

    \b
    passerelle till revoke caisse-1
    """
    from passerelle.tills import steering

    with steering.till_book(settings) as book:
        steering.revoke(book, name, now())
    click.echo(_("{name} is refused from now on").format(name=name))


@till.command()
@json_option
@with_settings
def status(settings: Settings, as_json: bool) -> None:
    """Tell how the tills are: sessions, drafts, who holds what, money that no order could take.

    Exit code 6 where a person is needed.

    \b
    passerelle till status
    """
    from passerelle.health.tills import as_dict, look_at_tills, till_concerns, tills_in_words

    health = look_at_tills(settings, now())
    concerns = [*till_concerns(health)]
    if as_json:
        print_json(as_dict(health))
    else:
        tell(tills_in_words(health, now()))
        tell("! " + _(": ").join((one.text, one.mend)) for one in concerns)
    if concerns:
        what = _("a person has to look at what the tills did")
        end_with(HeldError(what))


for command in (session, break_one, settle, log):
    till.add_command(command)
