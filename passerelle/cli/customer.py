"""``passerelle customer``: what a customer may ask of the shop about their personal data."""

from collections.abc import Iterator

import click

from passerelle.cli.common import now, settings_of, steering_ledger
from passerelle.erasure import Eraser, Erasure
from passerelle.errors import UnreachableError
from passerelle.language import _
from passerelle.ledger import open_copy
from passerelle.progress import step

BEYOND = (
    "not reached from here: the shop and the ERP; files on the servers (the order CSV until the "
    "shop writes it anew, XMLs that the ERP has not taken); backups and other copies"
)


@click.group()
def customer() -> None:
    """What a customer may ask of the shop about their personal data.

    \b
    passerelle customer erase ann@example.org --dry-run
    """


@customer.command()
@click.argument("email")
@click.option("--dry-run", is_flag=True, help="Tell what would be erased; change nothing.")
@click.pass_context
def erase(context: click.Context, email: str, dry_run: bool) -> None:
    """Erase the customer with this e-mail address from archives, traces and ledger texts.

    Their orders are found by the address, so the XMLs must carry it; with them go their names,
    phones and addresses, wherever a trace quotes them.

    The ledger keeps its proof of sending, which is not personal: order ids, references, dates,
    states, what was sold, the names and SHA-256 of what was sent.

    \b
    passerelle customer erase ann@example.org --dry-run
    """
    settings = settings_of(context)
    reading = step(_("reading archives and traces"), unit="files")
    if dry_run:
        with open_copy(settings.folder) as ledger, reading:
            eraser = Eraser(settings, ledger, email)
            plan = eraser.plan()
    else:
        with steering_ledger(settings, "customer erase") as ledger:
            eraser = Eraser(settings, ledger, email)
            with reading:
                plan = eraser.plan()
            with step(_("erasing")):
                eraser.carry_out(plan, now())
    _tell(eraser, plan, "would be erased from" if dry_run else "erased from")


def _tell(eraser: Eraser, plan: Erasure, verb: str) -> None:
    for place in _places(eraser, plan):
        click.echo(f"{verb} {place}")
    if not (plan.exports or plan.traces or plan.texts or plan.failures):
        click.echo("nothing is kept here with this e-mail address")
    click.echo(BEYOND)
    if plan.failures:
        raise UnreachableError(
            "not everything can be erased",
            ", ".join(f"{name} ({why})" for name, why in plan.failures.items()),
            "close programs that hold these files, look into those that are no XML or text, then "
            "say this again",
        )


def _places(eraser: Eraser, plan: Erasure) -> Iterator[str]:
    for export in plan.exports:
        if (name := eraser.name(export.path)) not in plan.failures:
            orders = ", ".join(export.survey.orders)
            yield f"{name}: order {orders}" if orders else name
    for path in plan.traces:
        if (name := eraser.name(path)) not in plan.failures:
            yield name
    if plan.texts:
        yield f"the ledger: {plan.texts} texts" if plan.texts > 1 else "the ledger: 1 text"
