"""``passerelle orders``: the ledger's orders, and what a person may do with them."""

from typing import Any

import click

from passerelle.archive.goods import Goods, NoGoods, goods_of
from passerelle.base.errors import UsageError
from passerelle.base.language import N_, _
from passerelle.base.wording import fields_of, in_prose, local, printable
from passerelle.cli import steering
from passerelle.cli.common import (
    json_option,
    now,
    print_facts,
    print_json,
    print_table,
    state_cell,
    tell,
    with_settings,
)
from passerelle.cli.ledgers import reading_ledger
from passerelle.config.model import Settings
from passerelle.exchange.kept import shelf_of
from passerelle.explain.goods import COLUMNS as GOODS
from passerelle.explain.goods import goods_as_dict, rows_of, sums_of, why_unknown
from passerelle.explain.inquiry import Found, Inquiry, look_up
from passerelle.explain.order import Account, as_dict, give_account
from passerelle.explain.order_words import tell as in_words
from passerelle.explain.sales import sale_as_dict, sales_as_dict, tell_sales
from passerelle.explain.tills import in_till_book, tell_of_till_order, till_order_as_dict
from passerelle.model.records import KnownOrder, KnownSale
from passerelle.model.states import SaleState, State, state_in_words

# "prepared" and "sent" are states of both: there, the order's own counts.
_OF_SALES = [state.value for state in SaleState if state.value not in list(State)]
_STATES = [*(state.value for state in State), *_OF_SALES]
_COLUMNS = (N_("id"), N_("reference"), N_("state"), N_("ordered"), N_("since"), N_("about"))


@click.group()
def orders() -> None:
    """The orders that the ledger knows, and what a person may do with them.

    \b
    passerelle orders list --state withheld
    passerelle orders settle 1042
    """


for _deed in (*(steering.settle, steering.unsettle, steering.resend, steering.retry),
              *(steering.forget, steering.adopt)):  # fmt: skip
    orders.add_command(_deed)


@orders.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Only these.")
@json_option
@with_settings
def list_orders(settings: Settings, state: str | None, as_json: bool) -> None:
    """List the orders, the most recently changed first.

    The states wanted, done, refused and withdrawn are those of their sales, see [fulfil].

    \b
    passerelle orders list --state withheld
    passerelle orders list --state wanted
    """
    if state in _OF_SALES:
        _list_sales(settings, SaleState(state), as_json=as_json)
        return
    with reading_ledger(settings) as ledger:
        found = ledger.orders.list_by_state(State(state) if state else None)
    if as_json:
        print_json([_as_dict(order) for order in found])
    elif not found:
        none = _("no order is {state}").format(state=_(state)) if state else _("no order yet")
        click.echo(none)
    else:
        rows = [
            (o.id, o.reference, state_cell(o.state), local(o.date), local(o.changed), _about(o))
            for o in found
        ]
        print_table(_COLUMNS, rows)


@orders.command()
@click.argument("id")
@json_option
@with_settings
def show(settings: Settings, id: str, as_json: bool) -> None:
    """Tell one order's life: its state, what happened when, what is to do, what it holds back.

    Its goods follow, with names and prices: from the XML that was sent, or as they were kept.
    Where they are not known, it says why.

    A reference does as well as an id; where several orders share it, they are listed.

    \b
    passerelle orders show 1042
    passerelle orders show XKBKNABJK
    """
    with reading_ledger(settings) as ledger:
        inquiry = Inquiry(settings, ledger, now(), in_prose)
        try:
            found = look_up(ledger, settings.needed_orders.channel, id)
        except UsageError:
            if (of_till := in_till_book(settings, [id]).get(id)) is None:
                raise
            if as_json:
                print_json(till_order_as_dict(of_till))
            else:
                tell((*tell_of_till_order(inquiry, of_till),))
            return
        accounts = [give_account(inquiry, order) for order in found.orders]
        if as_json:
            print_json(_found_as_dict(found, accounts, inquiry))
        elif len(accounts) > 1:
            _list_found(id, found)
        else:
            _tell_of(id, found, accounts[0], inquiry)


def _found_as_dict(found: Found, accounts: list[Account], inquiry: Inquiry) -> dict[str, Any]:
    """One order; or, where several have the reference, all of them."""
    goods = goods_of(
        inquiry.settings,
        shelf_of(inquiry.settings, inquiry.ledger),
        [account.order for account in accounts],
    )
    orders = [
        _as_dict(account.order)
        | {"events": account.events}
        | as_dict(account, inquiry)
        | sales_as_dict(inquiry, account.order)
        | goods_as_dict(goods[account.order])
        for account in accounts
    ]
    by = {"found_by": "reference" if found.is_by_reference else "id"}
    return orders[0] | by if len(orders) == 1 else by | {"orders": orders}


def _list_found(reference: str, found: Found) -> None:
    told = _("{reference} is the reference of {n} orders; show one by its id:")
    click.echo(told.format(reference=printable(reference), n=len(found.orders)))
    rows = [
        (o.id, o.channel, state_cell(o.state), local(o.date), local(o.changed), _about(o))
        for o in found.orders
    ]
    columns = (N_("id"), N_("channel"), N_("state"), N_("ordered"), N_("since"), N_("about"))
    print_table(columns, rows)


def _tell_of(id: str, found: Found, account: Account, inquiry: Inquiry) -> None:
    order = account.order
    if found.is_by_reference:
        told = _("no order has the id {reference}: it is the reference of order {id}")
        click.echo(told.format(reference=printable(id), id=printable(order.id)))
    print_facts(
        {
            _("order"): order.id,
            _("reference"): order.reference,
            _("channel"): order.channel,
            _("ordered"): local(order.date),
            _("state"): state_in_words(order.state),
            _("why"): order.reason,
            _("sent as"): f"{order.server}:{order.sent_as}" if order.sent_as else "",
            _("kept as"): f"ArchiveExport/{order.archived}" if order.archived else "",
        }
    )
    for event in account.events:
        note = _(": ") + event.note if event.note else ""
        click.echo(f"  {local(event.at)}  {_(event.event)}{note}")
    click.echo()
    tell((*in_words(inquiry, account), *tell_sales(inquiry, order)))
    click.echo()
    shelf = shelf_of(inquiry.settings, inquiry.ledger)
    _show_goods(order, goods_of(inquiry.settings, shelf, [order])[order])


def _show_goods(order: KnownOrder, found: Goods | NoGoods) -> None:
    if isinstance(found, NoGoods):
        click.echo(why_unknown(order, found))
    else:
        print_table(GOODS, [*rows_of(found)])
        print_facts(sums_of(found))


def _about(one: KnownOrder | KnownSale) -> str:
    return one.reason or (f"{one.server}:{one.sent_as}" if one.sent_as else "")


_IN_JSON = ("channel", "id", "reference", "date", "state", "reason", "cancelled", "seen",
            "changed", "server", "sent_as", "archived", "sent", "taken")  # fmt: skip


def _as_dict(order: KnownOrder) -> dict[str, Any]:
    return fields_of(order, *_IN_JSON)


def _list_sales(settings: Settings, state: SaleState, *, as_json: bool) -> None:
    """Prints the sales in a state, the oldest order first."""
    with reading_ledger(settings) as ledger:
        sales = ledger.sales.in_states(state)
        orders = ledger.looking_back.of_ids([sale.id for sale in sales])
    references = {(o.channel, o.id): o.reference for found in orders.values() for o in found}
    named = [(sale, references.get((sale.channel, sale.id), "")) for sale in sales]
    if as_json:
        print_json([sale_as_dict(sale) | {"reference": reference} for sale, reference in named])
    elif not sales:
        click.echo(_("no sale is {state}").format(state=state_in_words(state)))
    else:
        rows = [
            (s.id, reference, state_cell(s.state), local(s.order_date), local(s.changed), _about(s))
            for s, reference in named
        ]
        print_table(_COLUMNS, rows)
