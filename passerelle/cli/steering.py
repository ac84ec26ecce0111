"""``passerelle orders``: what a person may do with the ledger's orders.

What can make the ERP get an order twice, or never, says what will follow and asks.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial, wraps
from typing import Any

import click
from msgspec import Struct

from passerelle.base.errors import UsageError
from passerelle.base.language import _
from passerelle.cli.common import (
    ask_first,
    now,
    tell,
    with_settings,
    yes_option,
)
from passerelle.cli.ledgers import reading_ledger, steering_ledger
from passerelle.config.model import Settings
from passerelle.gateway.frame import perform
from passerelle.health.naming import NAMED, named_in, of_kind
from passerelle.ledger.ledger import Ledger
from passerelle.runs.adoption import adopt as adopt_story
from passerelle.runs.remains import Seeker
from passerelle.runs.steering import Steering

# What asks first: what will follow, and the deed.
_DEEDS = {
    "resend": (Steering.plan_resend, Steering.resend),
    "forget": (Steering.plan_forget, Steering.forget),
}
_ids = click.argument("ids", nargs=-1, required=True, metavar="ID...")


class _Moment(click.ParamType[datetime]):
    """A time as messages print it; without an offset, on this machine's clock."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return datetime.fromisoformat(str(value)).astimezone()
        except ValueError:
            self.fail(_('"{text}" is no time, as in 2026-11-22T10:00:00').format(text=value))


class _Named(Struct, frozen=True):
    """The orders that a command line names, in one of three ways."""

    ids: tuple[str, ...]
    kind: str | None
    until: datetime | None
    xml: str | None

    def find(self, settings: Settings, ledger: Ledger) -> tuple[str, ...]:
        if sum(map(bool, (self.ids, self.kind, self.xml))) != 1:
            raise click.UsageError(_("name the orders by their ids, or all of one kind"))
        if self.ids:
            return self.ids
        if self.xml:
            found = named_in(ledger, self.xml)
        else:
            found = of_kind(settings, ledger, self.kind or "", self.until)
        if not found:
            click.echo(_("no order is {state}").format(state=self.kind or self.xml))
        return found


def _orders_named(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command the orders that are named."""

    @wraps(command)
    def wrapper(
        *args: Any,
        ids: tuple[str, ...],
        kind: str | None,
        until: datetime | None,
        xml: str | None,
        **kwargs: Any,
    ) -> None:
        command(*args, named=_Named(ids, kind, until, xml), **kwargs)

    options = (
        click.option("--until", type=_Moment(), metavar="TIME",
                     help="With --all: only what was so by then."),
        click.option("--all", "kind", type=click.Choice(NAMED), metavar="KIND",
                     help="All of a kind, as `status` names it."),
        click.option("--in", "xml", metavar="FILE", help="Those of an XML that is in doubt."),
        click.argument("ids", nargs=-1, metavar="ID..."),
    )  # fmt: skip
    for option in options:
        wrapper = option(wrapper)
    return wrapper


@click.command()
@_orders_named
@with_settings
def settle(settings: Settings, named: _Named) -> None:
    """Note that these orders were entered by hand at the till.

    Of an order that is in the ERP: that a person saw to what was open about it: its sale was
    entered there by hand, or undone there after the shop cancelled the order; or what the shop
    changed after it was sent was changed there too. See also: orders unsettle.

    \b
    passerelle orders settle 1042 1043
    passerelle orders settle --all withheld --until 2026-11-22T18:00:00
    """
    with _steering(settings, "orders settle") as steering:
        tell(steering.settle(named.find(settings, steering.ledger)))


@click.command()
@_ids
@with_settings
def unsettle(settings: Settings, ids: tuple[str, ...]) -> None:
    """Take back that these orders were settled: they are again what they were.

    \b
    passerelle orders unsettle 1042
    """
    with _steering(settings, "orders unsettle") as steering:
        tell(steering.unsettle(ids))


@click.command()
@_orders_named
@yes_option
@with_settings
def resend(settings: Settings, named: _Named, yes: bool) -> None:
    """Send these orders again with the next run, whatever was done with them.

    The order must still be in the shop's file, which is where its content comes from.

    \b
    passerelle orders resend 1042
    passerelle orders resend --in commandes_20261122_102700.xml
    """
    with _looking(settings) as steering:
        found = named.find(settings, steering.ledger)
    if found:
        _ask_and_do(settings, "resend", found, yes=yes)


@click.command()
@_ids
@with_settings
def retry(settings: Settings, ids: tuple[str, ...]) -> None:
    """Have the next run try the sales of these orders anew, as if nothing stood against them.

    \b
    passerelle orders retry 1042
    """
    with _steering(settings, "orders retry") as steering:
        tell(steering.retry(ids))


@click.command()
@_ids
@yes_option
@with_settings
def forget(settings: Settings, ids: tuple[str, ...], yes: bool) -> None:
    """Take these orders out of the ledger, with their sales: the next run meets them as new.

    \b
    passerelle orders forget 1042
    """
    _ask_and_do(settings, "forget", ids, yes=yes)


@click.command()
@click.option("--withheld", is_flag=True,
              help="Also those that are withheld, or wait for their status.")  # fmt: skip
@click.option("--until-mark", is_flag=True, help="Those that the marks on the servers tell of.")
@yes_option
@with_settings
def adopt(settings: Settings, withheld: bool, until_mark: bool, yes: bool) -> None:
    """Mark the orders now in the file as handled by the previous system.

    Once, when Passerelle takes over: they are then never sent ("skipped"), nor is what is older
    than they. Nothing is uploaded.

    \b
    passerelle orders adopt
    passerelle orders adopt --withheld --yes
    """
    if until_mark:
        told = _("what the owner of the marks had sent is never sent; that other ledger is held")
        ask_first([told], yes=yes)
        from passerelle.runs.servers import take_over

        perform(settings, "adopt", take_over)
        return
    story = partial(adopt_story, withheld=withheld)
    if yes:
        perform(settings, "adopt", story)
        return
    if sys.stdin is not None and sys.stdin.isatty():
        seen = perform(settings, "adopt", story, dry_run=True)
        story = partial(story, seen=seen.facts)
    ask_first((), yes=False)
    perform(settings, "adopt", story, console=False)


def _ask_and_do(settings: Settings, verb: str, ids: tuple[str, ...], *, yes: bool) -> None:
    """What follows is what a person has said yes to."""
    plan, carry_out = _DEEDS[verb]
    with _looking(settings) as steering:
        told = plan(steering, ids)
    ask_first(told, yes=yes)
    with _steering(settings, f"orders {verb}") as steering:
        if plan(steering, ids) != told:
            what = _("nothing was done: a run has changed what will follow")
            raise UsageError(what, "", _("say it again"))
        carry_out(steering, ids)


@contextmanager
def _looking(settings: Settings) -> Iterator[Steering]:
    with reading_ledger(settings) as ledger, _steering_of(settings, ledger) as steering:
        yield steering


@contextmanager
def _steering(settings: Settings, command: str) -> Iterator[Steering]:
    with steering_ledger(settings, command) as ledger, _steering_of(settings, ledger) as steering:
        yield steering


@contextmanager
def _steering_of(settings: Settings, ledger: Ledger) -> Iterator[Steering]:
    channel = settings.needed_orders.channel
    with closing(Seeker(settings, ledger)) as seeker:
        enabled, name = settings.fulfil.enabled, settings.file_name
        yield Steering(ledger, channel, now, enabled, seeker, name)
