"""``passerelle orders list --state wanted``: orders by the state of their sales."""

import click

from passerelle.base.language import N_, _
from passerelle.base.wording import local
from passerelle.cli.common import print_json, print_table, reading_ledger
from passerelle.config.model import Settings
from passerelle.explain.sales import sale_as_dict
from passerelle.model.records import KnownSale
from passerelle.model.states import SaleState


def list_sales(settings: Settings, state: SaleState, *, as_json: bool) -> None:
    """Prints the sales in a state, the oldest order first."""
    with reading_ledger(settings) as ledger:
        sales = ledger.sales.in_states(state)
        orders = ledger.looking_back.of_ids([sale.id for sale in sales])
    references = {(o.channel, o.id): o.reference for found in orders.values() for o in found}
    named = [(sale, references.get((sale.channel, sale.id), "")) for sale in sales]
    if as_json:
        print_json([sale_as_dict(sale) | {"reference": reference} for sale, reference in named])
    elif not sales:
        click.echo(_("no sale is {state}").format(state=state.value))
    else:
        rows = [
            (s.id, reference, s.state.value, local(s.order_date), local(s.changed), _about(s))
            for s, reference in named
        ]
        columns = (N_("id"), N_("reference"), N_("state"), N_("ordered"), N_("since"), N_("about"))
        print_table(columns, rows)


def _about(sale: KnownSale) -> str:
    return sale.reason or (f"{sale.server}:{sale.sent_as}" if sale.sent_as else "")
