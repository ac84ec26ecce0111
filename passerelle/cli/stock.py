"""``passerelle stock``: why a product's level is what it is."""

import click

from passerelle.base.errors import PasserelleError
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.cli.common import (
    in_prose,
    json_option,
    now,
    print_json,
    reading_ledger,
    settings_of,
)
from passerelle.explain.inquiry import Inquiry


@click.group()
def stock() -> None:
    """What was published of the ERP's stock.

    \b
    passerelle stock why 3701234567890
    """


@stock.command()
@click.argument("item", metavar="EAN13")
@click.option("--look", is_flag=True, help="Ask the server whether the shop has taken the file.")
@json_option
@click.pass_context
def why(context: click.Context, item: str, look: bool, as_json: bool) -> None:
    """Say why the last publication has an item at its level.

    Any form of its item number does: with or without leading zeros, spaces or hyphens; a gift
    card's product id; or a reference, where the ERP's file has a column with it.

    \b
    passerelle stock why 3701234567890
    passerelle stock why 3701234567890 --look
    """
    from passerelle.explain.publication import is_taken_by_shop
    from passerelle.explain.stock import answer, as_dict
    from passerelle.explain.stock_words import tell

    settings = settings_of(context)
    taken, failure = None, None
    with reading_ledger(settings) as ledger:
        inquiry = Inquiry(settings, ledger, now(), in_prose)
        with step(_("looking for {item}").format(item=item)):
            answers = answer(inquiry, item)
        if answers and look:
            try:
                taken = is_taken_by_shop(settings, settings.needed_stock)
            except PasserelleError as error:
                failure = error
        if as_json:
            print_json(as_dict(inquiry, item, answers, taken=taken))
        else:
            for line in tell(inquiry, answers, taken=taken):
                click.echo(line)
    if failure:
        raise failure
