"""``passerelle stock``: why a product's level is what it is."""

import click

from passerelle.cli.common import local, reading_ledger, settings_of


@click.group()
def stock() -> None:
    """What was published of the ERP's stock.

    \b
    passerelle stock why 3701234567890
    """


@stock.command()
@click.argument("ean13")
@click.pass_context
def why(context: click.Context, ean13: str) -> None:
    """Say why the last publication has an item at its level.

    \b
    passerelle stock why 3701234567890
    """
    from passerelle.stock_why import explain

    settings = settings_of(context)
    with reading_ledger(settings) as ledger:
        for line in explain(settings, ledger, ean13, local):
            click.echo(line)
