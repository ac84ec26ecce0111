"""``passerelle run`` and ``passerelle history``."""

from typing import Literal

import click

from passerelle.base.errors import GRAVITY, PasserelleError, UsageError
from passerelle.base.language import N_, _
from passerelle.base.wording import local
from passerelle.cli.common import json_option, print_json, print_table, reading_ledger, settings_of
from passerelle.config.model import Settings
from passerelle.runs import start

What = Literal["orders", "stock", "pool", "all"]


@click.command()
@click.argument("what", type=click.Choice(["orders", "stock", "pool", "all"]))
@click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing anywhere.")
@click.option(
    "--accept-drop", is_flag=True, help="Publish the stock although max_drop would hold it, once."
)
@click.option(
    "--accept",
    is_flag=True,
    help="Write the pool's levels although max_drop or max_change would hold them, once.",
)
@click.pass_context
def run(context: click.Context, what: What, dry_run: bool, accept_drop: bool, accept: bool) -> None:
    """Send the shop's orders to the ERP, or the ERP's stock to the shop, or share one stock.

    \b
    passerelle run orders             order CSV -> one sales XML in the ERP's import folder
    passerelle run stock              ExportCSV + order CSV -> ExportCSVmod
    passerelle run pool               several shops -> one stock, which each of them shows
    passerelle run all                orders and stock, one after the other
    passerelle run orders --dry-run   only print the plan
    """
    if accept and what != "pool":
        raise UsageError(_("--accept is for the pool"), "", _("use it with `run pool`"))
    if accept_drop and what in ("orders", "pool"):
        raise UsageError(_("--accept-drop is for the stock"), "", _("use it with `run stock`"))
    settings = settings_of(context)
    if dry_run:
        click.echo(_("dry run: nothing is changed anywhere"))
    names = ("orders", "stock") if what == "all" else (what,)
    context.exit(carry_out(settings, *names, dry_run=dry_run, accept_drop=accept_drop,
                           accept=accept))  # fmt: skip


def carry_out(
    settings: Settings,
    *names: str,
    dry_run: bool = False,
    accept_drop: bool = False,
    accept: bool = False,
) -> int:
    """The runs, one after the other, and the gravest exit code. One alone raises its error."""
    options: dict[str, dict[str, bool]] = {
        "orders": {},
        "stock": {"accept_drop": accept_drop},
        "pool": {"accept": accept},
    }
    codes = [0]
    for name in names:
        try:
            outcome = start(settings, name, dry_run=dry_run, **options[name])
        except PasserelleError as error:
            if len(names) == 1:
                raise
            _complain(error)
            codes.append(error.exit_code)
            continue
        if outcome.rejected:
            _complain(outcome.rejected)
        codes.append(outcome.exit_code)
    return max(codes, key=GRAVITY.index)


def _complain(error: PasserelleError) -> None:
    click.echo(f"passerelle: {error}", err=True)


@click.command()
@click.option("-n", "count", type=click.IntRange(min=1), default=20, help="How many.  [20]")
@json_option
@click.pass_context
def history(context: click.Context, count: int, as_json: bool) -> None:
    """The runs so far, newest first.

    \b
    passerelle history -n 5
    """
    with reading_ledger(settings_of(context)) as ledger:
        runs = ledger.runs.latest(count)
    if as_json:
        fields = ("number", "run", "started", "ended", "exit_code", "summary")
        print_json([{name: getattr(run, name) for name in fields} for run in runs])
    elif not runs:
        click.echo(_("no run yet"))
    else:
        rows = [
            (
                local(run.started),
                run.run,
                _("killed or active") if run.exit_code is None else str(run.exit_code),
                f"{(run.ended - run.started).total_seconds():.1f} s" if run.ended else "-",
                run.summary,
            )
            for run in runs
        ]
        columns = N_("started"), N_("run"), N_("exit code"), N_("took"), N_("summary")
        print_table(columns, rows)
