"""``passerelle run`` and ``passerelle demo``."""

from pathlib import Path
from typing import Any

import click

from passerelle.base.errors import GRAVITY, PasserelleError, UsageError
from passerelle.base.language import _
from passerelle.cli.common import (
    complain,
    settings_of,
)
from passerelle.config.model import Settings
from passerelle.model.runs import RUNS, USUAL
from passerelle.runs.starting import start


@click.command()
@click.argument("what", type=click.Choice([*RUNS, "all"]))
@click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing anywhere.")
@click.option(
    "--accept-drop", is_flag=True, help="Publish the stock although max_drop would hold it, once."
)
@click.option(
    "--accept",
    is_flag=True,
    help="Write the pool's levels although max_drop or max_change would hold them, once; of the "
    "tills: their book is right as it is.",
)
@click.option(
    "--all", "everything", is_flag=True, help="The first run sends all orders that it meets."
)
@click.pass_context
def run(
    context: click.Context,
    what: str,
    dry_run: bool,
    accept_drop: bool,
    accept: bool,
    everything: bool,
) -> None:
    """Send the shop's orders to the ERP, or the ERP's stock to the shop, or share one stock.

    \b
    passerelle run orders             order CSV -> one sales XML in the ERP's import folder
    passerelle run stock              ExportCSV + order CSV -> ExportCSVmod
    passerelle run pool               several shops -> one stock, which each of them shows
    passerelle run tills              what the tills were paid for -> one sales XML each
    passerelle run sync               the jobs that are due: ZORT's stock -> Odoo
    passerelle run all                orders and stock, one after the other
    passerelle run orders --dry-run   only print the plan
    """
    names = USUAL if what == "all" else (what,)
    taken = {option for name in names for option in RUNS[name].options}
    if accept and "accept" not in taken:
        what, mend = _("--accept is for the pool and the tills"), _("use it with `run pool`")
        raise UsageError(what, "", mend)
    if accept_drop and "accept_drop" not in taken:
        raise UsageError(_("--accept-drop is for the stock"), "", _("use it with `run stock`"))
    if everything and what != "orders":
        raise UsageError(_("--all is for the orders"), "", _("use it with `run orders`"))
    settings = settings_of(context)
    if dry_run:
        click.echo(_("dry run: nothing is changed anywhere"))
    options = {"accept_drop": accept_drop, "accept": accept, "all": everything}
    context.exit(carry_out(settings, *names, dry_run=dry_run, **options))


def carry_out(settings: Settings, *names: str, dry_run: bool = False, **options: Any) -> int:
    """The runs, one after the other, and the gravest exit code. One alone raises its error."""
    codes = [0]
    for name in names:
        try:
            outcome = start(settings, name, dry_run=dry_run, **options)
        except PasserelleError as error:
            if len(names) == 1:
                raise
            complain(error)
            codes.append(error.exit_code)
            continue
        if outcome.rejected:
            complain(outcome.rejected)
        codes.append(outcome.exit_code)
    return max(codes, key=GRAVITY.index)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path),
                default="passerelle-demo", metavar="[DIR]")  # fmt: skip
@click.option("--sync", is_flag=True, help="A ZORT and an Odoo instead, and their jobs.")
@click.option("--tills", is_flag=True, help="A day with three tills instead.")
def demo(folder: Path, sync: bool, tills: bool) -> None:
    """Play one whole half hour on sample files in DIR (passerelle-demo, if none is given).

    Shop, ERP and both runs, told step by step; leaves the files to look at. With --sync, stock
    goes from a ZORT into an Odoo, both played by this program: no account is needed. With --tills,
    three tills share their orders, also while one of them has no network.

    \b
    passerelle demo
    passerelle demo --sync
    passerelle demo --tills
    """
    from passerelle.cli.demo import play
    from passerelle.cli.demo.sync_play import play_sync
    from passerelle.cli.demo.tills_play import play_tills

    if sync and tills:
        raise UsageError(_("--sync and --tills are two demos"), "", _("choose one"))
    (play_tills if tills else play_sync if sync else play)(folder, click.echo)
