"""``passerelle orders``: the ledger's orders, and what a person may do with them."""

from dataclasses import asdict
from typing import Any

import click

from passerelle.cli.common import (
    json_option,
    local,
    now,
    print_facts,
    print_json,
    print_table,
    reading_ledger,
    settings_of,
    steering_ledger,
)
from passerelle.config import Settings
from passerelle.gateway import perform
from passerelle.ledger import KnownOrder, Ledger, State
from passerelle.runs.orders import orders_settings
from passerelle.steering import Steering
from passerelle.steering import adopt as adopt_story

_ids = click.argument("ids", nargs=-1, required=True, metavar="ID...")


@click.group()
def orders() -> None:
    """The orders that the ledger knows, and what a person may do with them.

    \b
    passerelle orders list --state withheld
    passerelle orders settle 1042
    """


@orders.command("list")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only these.")
@json_option
@click.pass_context
def list_orders(context: click.Context, state: str | None, as_json: bool) -> None:
    """List the orders, the most recently changed first.

    \b
    passerelle orders list --state withheld
    """
    with reading_ledger(settings_of(context)) as ledger:
        found = ledger.orders.list_by_state(State(state) if state else None)
    if as_json:
        print_json([_as_dict(order) for order in found])
    elif not found:
        click.echo(f"no order is {state}" if state else "no order yet")
    else:
        rows = [
            (o.id, o.reference, o.state.value, local(o.date), local(o.changed), _about(o))
            for o in found
        ]
        print_table(("id", "reference", "state", "ordered", "since", "about"), rows)


@orders.command()
@click.argument("id")
@json_option
@click.pass_context
def show(context: click.Context, id: str, as_json: bool) -> None:
    """Show one order: its state, and what happened to it when.

    \b
    passerelle orders show 1042
    """
    settings = settings_of(context)
    with reading_ledger(settings) as ledger:
        order = _steering(settings, ledger).find(id)
        events = ledger.orders.events(order)
    if as_json:
        print_json(_as_dict(order) | {"events": [asdict(event) for event in events]})
        return
    print_facts(
        {
            "order": order.id,
            "reference": order.reference,
            "channel": order.channel,
            "ordered": local(order.date),
            "state": order.state.value,
            "why": order.reason,
            "sent as": f"{order.server}:{order.sent_as}" if order.sent_as else "",
            "kept as": f"ArchiveExport/{order.archived}" if order.archived else "",
        }
    )
    for event in events:
        note = f": {event.note}" if event.note else ""
        click.echo(f"  {local(event.at)}  {event.event}{note}")


@orders.command()
@_ids
@click.pass_context
def settle(context: click.Context, ids: tuple[str, ...]) -> None:
    """Note that these orders were entered by hand at the till.

    \b
    passerelle orders settle 1042 1043
    """
    settings = settings_of(context)
    with steering_ledger(settings, "orders settle") as ledger:
        _tell(_steering(settings, ledger).settle(ids))


@orders.command()
@_ids
@click.pass_context
def resend(context: click.Context, ids: tuple[str, ...]) -> None:
    """Send these orders again with the next run, whatever was done with them.

    The order must still be in the shop's file, which is where its content comes from.

    \b
    passerelle orders resend 1042
    """
    settings = settings_of(context)
    with steering_ledger(settings, "orders resend") as ledger:
        _tell(_steering(settings, ledger).resend(ids))


@orders.command()
@_ids
@click.pass_context
def forget(context: click.Context, ids: tuple[str, ...]) -> None:
    """Take these orders out of the ledger: the next run meets them as new.

    \b
    passerelle orders forget 1042
    """
    settings = settings_of(context)
    with steering_ledger(settings, "orders forget") as ledger:
        _tell(_steering(settings, ledger).forget(ids))


@orders.command()
@click.pass_context
def adopt(context: click.Context) -> None:
    """Mark all orders now in the file as handled by the previous system.

    Once, when Passerelle takes over: they are then never sent ("skipped").

    \b
    passerelle orders adopt
    """
    perform(settings_of(context), "adopt", adopt_story)


def _steering(settings: Settings, ledger: Ledger) -> Steering:
    return Steering(ledger, orders_settings(settings).channel, now)


def _tell(lines: list[str]) -> None:
    for line in lines:
        click.echo(line)


def _about(order: KnownOrder) -> str:
    return order.reason or (f"{order.server}:{order.sent_as}" if order.sent_as else "")


def _as_dict(order: KnownOrder) -> dict[str, Any]:
    names = ("channel", "id", "reference", "date", "state", "reason", "cancelled", "seen",
             "changed", "server", "sent_as", "archived", "sent", "taken")  # fmt: skip
    return {name: getattr(order, name) for name in names}
