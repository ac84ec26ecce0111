"""``passerelle till``: tills that share their open orders: the server, agents, their book."""

import os
from pathlib import Path

import click

from passerelle.base.errors import ConfigError, HeldError, UsageError
from passerelle.base.language import N_, _, n_
from passerelle.base.wording import few, local
from passerelle.cli.common import (
    ask_first,
    config_path,
    end_with,
    json_option,
    now,
    print_json,
    print_table,
    tell,
    with_settings,
)
from passerelle.config.model import Settings

_group = click.option(
    "--group", default="", metavar="GROUP", help="The group; needed if there are several."
)


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

    _check_extra()
    from passerelle.tills.main import serve_tills

    settings = settings_of(context)
    serve_tills(settings, config_path(context), _checked(listen or settings.needed_tills.listen))


@till.command()
@click.option("--server", metavar="URL", help="The server: https://HOST:8469. Needed to pair.")
@click.option("--code", metavar="CODE", help="The code that `passerelle till pair` printed.")
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
    _check_extra()
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


def _check_extra() -> None:
    """The two servers need what no other command does."""
    from importlib.util import find_spec

    if missing := [name for name in ("starlette", "uvicorn") if find_spec(name) is None]:
        mend = _('pip install "passerelle[tills]"; the Windows programs have it')
        raise ConfigError(_("{name} is not installed").format(name=missing[0]), "", mend)


def _checked(listen: str) -> str:
    from passerelle.config.tills import host_and_port

    try:
        host_and_port(listen)
    except ValueError as error:
        raise UsageError(str(error), listen) from None
    return listen


@till.command()
@click.argument("name")
@_group
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
    with till_book(settings.folder) as book:
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

    with steering.till_book(settings.folder) as book:
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
        tell(f"! {one.text}: {one.mend}" for one in concerns)
    if concerns:
        what = _("a person has to look at what the tills did")
        end_with(HeldError(what))


@till.group()
def session() -> None:
    """A day at the tills: its orders are numbered from 1.

    \b
    passerelle till session close
    """


@session.command("open")
@_group
@with_settings
def open_one(settings: Settings, group: str) -> None:
    """Open a session; the first order opens one by itself.

    \b
    passerelle till session open
    """
    from passerelle.tills.steering import group_named, open_session, till_book

    group = group_named(settings.needed_tills, group)
    with till_book(settings.folder) as book:
        opened = open_session(book, group, now())
    text = _("session {number} of {group} is open")
    click.echo(text.format(number=opened.number, group=group))


@session.command("close")
@_group
@click.option("--carry", is_flag=True, help="Move the drafts on to the next session.")
@click.option("--without", multiple=True, metavar="TILL", help="Do not wait for this till.")
@with_settings
def close_one(settings: Settings, group: str, carry: bool, without: tuple[str, ...]) -> None:
    """Close the session, once all orders are here, and each is paid or cancelled.

    Exit code 6, and the session stays open, while drafts stand, or a till has not said that its
    outbox is empty.

    \b
    passerelle till session close
    passerelle till session close --carry --without caisse-3
    """
    from passerelle.tills.steering import close_session, group_named, till_book

    group = group_named(settings.needed_tills, group)
    with till_book(settings.folder) as book:
        closed, drafts = close_session(book, group, now(), carry=carry, without=without)
    text = n_(
        "session {session} of {group} is closed: {n} order",
        "session {session} of {group} is closed: {n} orders",
        closed.orders, session=closed.number, group=group,
    )  # fmt: skip
    click.echo(text)
    if drafts:
        carried = few([str(order.no) for order in drafts])
        click.echo(_("carried on as drafts: {orders}").format(orders=carried))


@till.command("break")
@click.argument("order")
@_group
@click.option("--who", default="", metavar="NAME", help="Who says so, for the journal.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@with_settings
def break_one(settings: Settings, order: str, group: str, who: str, yes: bool) -> None:
    """Take a hold away from a till that does not come back, by the order's id or number.

    The till may have taken money for it: look there first. What it pays afterwards is kept as
    surplus.

    \b
    passerelle till break 17
    """
    from passerelle.tills.steering import break_hold, group_named, order_named, till_book

    group = group_named(settings.needed_tills, group)
    with till_book(settings.folder) as book:
        found = order_named(book, group, order)
        ask_first(_warning(found.no, found.claim, book.last_heard_of(found.claim or "")), yes=yes)
        _order, holder = break_hold(book, group, found.id, who or _account(), now())
    text = _("order {no} is free; what {till} still pays for it is kept as surplus")
    click.echo(text.format(no=found.no, till=holder))


def _warning(no: int, claim: str | None, heard: object) -> list[str]:
    if claim is None:
        return []
    from datetime import datetime

    since = local(heard) if isinstance(heard, datetime) else _("never")
    text = _("order {no} is held by {till}, last heard: {since}; it may have taken money for it")
    return [text.format(no=no, till=claim, since=since)]


def _account() -> str:
    from passerelle.config.passwords import account

    return account().strip('"')


@till.command()
@click.argument("receipt")
@with_settings
def settle(settings: Settings, receipt: str) -> None:
    """Say that a person has seen to the surplus of a receipt, or to a gap before it.

    \b
    passerelle till settle B-000123
    """
    from passerelle.tills.steering import till_book

    with till_book(settings.folder) as book, book.transaction:
        number = book.settle(now(), receipt)
        if number:
            book.note(now(), "", "", "", "settled", "", receipt)
    if not number:
        mend = _("`passerelle till status` shows what there is to settle")
        raise UsageError(_("nothing is open about this receipt"), receipt, mend)
    click.echo(_("settled: {receipt}").format(receipt=receipt))


@till.command()
@click.option(
    "-n",
    "most",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    help="So many of the last lines.",
)
@click.option("--order", default="", metavar="ID", help="Only those about this order.")
@click.option("--till", "name", default="", metavar="NAME", help="Only those of this till.")
@json_option
@with_settings
def log(settings: Settings, most: int, order: str, name: str, as_json: bool) -> None:
    """The journal: what each till asked for, when, and what became of it.

    \b
    passerelle till log -n 100
    passerelle till log --order o1 --json
    """
    from datetime import datetime

    from passerelle.base.exact_json import dump
    from passerelle.tills.steering import till_book

    with till_book(settings.folder) as book:
        lines = book.journal(most, order, name)
    if as_json:
        click.echo(dump([{**line, "what": _plain(str(line["what"]))} for line in lines]))
        return
    columns = (N_("Time"), N_("Till"), N_("Order"), N_("What"), N_("Answer"))
    rows = [
        (
            local(datetime.fromisoformat(line["at"])),
            line["till"],
            line["order"],
            _deeds(str(line["what"])),
            ": ".join(filter(None, (line["answer"], line["why"]))),
        )
        for line in lines
    ]
    print_table(columns, rows)


def _plain(text: str) -> object:
    from passerelle.base.exact_json import parse

    try:
        return parse(text)
    except ValueError:
        return text


def _deeds(text: str) -> str:
    found = _plain(text)
    return ", ".join(op["op"] for op in found) if isinstance(found, list) else text
