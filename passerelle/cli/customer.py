"""``passerelle customer``: what a customer may ask of the shop about their personal data."""

from collections.abc import Iterator, Sequence

import click

from passerelle.base.errors import UnreachableError
from passerelle.base.language import N_, _, n_
from passerelle.base.progress import step
from passerelle.cli.common import now, settings_of, steering_ledger
from passerelle.ledger.ledger import open_copy
from passerelle.runs.erasure import Eraser, Erasure

BEYOND = N_(
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
    _tell(eraser, plan, dry_run=dry_run)


def _tell(eraser: Eraser, plan: Erasure, *, dry_run: bool) -> None:
    for line in _erased(eraser, plan, dry_run=dry_run):
        click.echo(line)
    if not (plan.exports or plan.traces or plan.texts or plan.failures):
        click.echo(_("nothing is kept here with this e-mail address"))
    click.echo(_(BEYOND))
    if plan.failures:
        raise UnreachableError(
            _("not everything can be erased"),
            ", ".join(f"{name} ({why})" for name, why in plan.failures.items()),
            _(
                "close programs that hold these files, look into those that are no XML or text, "
                "then say this again"
            ),
        )


def _erased(eraser: Eraser, plan: Erasure, *, dry_run: bool) -> Iterator[str]:
    text = _("would be erased from {place}") if dry_run else _("erased from {place}")
    for export in plan.exports:
        if (name := eraser.name(export.path)) not in plan.failures:
            yield text.format(place=_with_orders(name, export.survey.orders))
    for path in plan.traces:
        if (name := eraser.name(path)) not in plan.failures:
            yield text.format(place=name)
    if plan.texts and dry_run:
        yield n_(
            "would be erased from the ledger: {n} text",
            "would be erased from the ledger: {n} texts",
            plan.texts,
        )
    elif plan.texts:
        yield n_(
            "erased from the ledger: {n} text", "erased from the ledger: {n} texts", plan.texts
        )


def _with_orders(name: str, ids: Sequence[str]) -> str:
    if not ids:
        return name
    orders = n_("order {ids}", "order {ids}", len(ids), ids=", ".join(ids))
    return _(": ").join((name, orders))
