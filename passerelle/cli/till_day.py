"""``passerelle till session``, ``break``, ``settle``, ``log``: a day at the tills."""

import click

from passerelle.base.errors import UsageError
from passerelle.base.language import N_, _, n_
from passerelle.base.wording import few, local
from passerelle.cli.common import (
    ask_first,
    json_option,
    now,
    print_table,
    with_settings,
)
from passerelle.config.model import Settings

group_option = click.option(
    "--group", default="", metavar="GROUP", help="The group; needed if there are several."
)


@click.group()
def session() -> None:
    """A day at the tills: its orders are numbered from 1.

    \b
    passerelle till session close
    """


@session.command("open")
@group_option
@with_settings
def open_one(settings: Settings, group: str) -> None:
    """Open a session; the first order opens one by itself.

    \b
    passerelle till session open
    """
    from passerelle.tills.steering import group_named, open_session, till_book

    group = group_named(settings.needed_tills, group)
    with till_book(settings) as book:
        opened = open_session(book, group, now())
    text = _("session {number} of {group} is open")
    click.echo(text.format(number=opened.number, group=group))


@session.command("close")
@group_option
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
    with till_book(settings) as book:
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


@click.command("break")
@click.argument("order")
@group_option
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
    with till_book(settings) as book:
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


@click.command()
@click.argument("receipt")
@with_settings
def settle(settings: Settings, receipt: str) -> None:
    """Say that a person has seen to the surplus of a receipt, or to a gap before it.

    \b
    passerelle till settle B-000123
    """
    from passerelle.tills.steering import till_book

    with till_book(settings) as book, book.transaction:
        number = book.settle(now(), receipt)
        if number:
            book.note(now(), "", "", "", "settled", "", receipt)
    if not number:
        mend = _("`passerelle till status` shows what there is to settle")
        raise UsageError(_("nothing is open about this receipt"), receipt, mend)
    click.echo(_("settled: {receipt}").format(receipt=receipt))


@click.command()
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

    with till_book(settings) as book:
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
