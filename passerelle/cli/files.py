"""``passerelle init``, ``demo``, ``convert`` and ``fix``: commands that need no server."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.cli.common import now, settings_of

if TYPE_CHECKING:
    from passerelle.runs.rehearsal import Rehearsal

_existing = click.Path(exists=True, dir_okay=False, path_type=Path)
_output = click.option(
    "-o",
    "output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here, not to stdout.",
)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".",
                metavar="[DIR]")  # fmt: skip
def init(folder: Path) -> None:
    """Write a commented config.toml into DIR (here, if none is given).

    Never over an existing one. The schema beside it, by which editors complete and check it, is
    brought up to date.

    \b
    passerelle init
    passerelle init D:\\Passerelle
    """
    from passerelle.config.template import write_template

    path = write_template(folder)
    text = _("{file} is written. Fill in the server, then try: passerelle run orders --dry-run")
    click.echo(text.format(file=path))


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path),
                default="passerelle-demo", metavar="[DIR]")  # fmt: skip
def demo(folder: Path) -> None:
    """Play one whole half hour on sample files in DIR (passerelle-demo, if none is given).

    Shop, ERP and both runs, told step by step; leaves the files to look at.

    \b
    passerelle demo
    """
    from passerelle.cli.demo import play

    play(folder, click.echo)


@click.command()
@click.argument("source", type=_existing, metavar="ORDERS.csv")
@click.option("--sale", "id", metavar="ID", help="The sale of this order instead, see [fulfil].")
@_output
@click.pass_context
def convert(context: click.Context, source: Path, id: str | None, output: Path | None) -> None:
    """Convert a local order CSV with the config's rules: no ledger, no server.

    \b
    passerelle convert commandes.csv -o ventes.xml
    passerelle convert commandes.csv --sale 1042
    """
    from passerelle.runs.rehearsal import convert_file, convert_sale

    settings = settings_of(context)
    with step(_("converting {file}").format(file=source.name)):
        if id is None:
            result = convert_file(settings, source, now())
        else:
            result = convert_sale(settings, source, id, now())
    _deliver(context, result, output)


@click.command()
@click.argument("source", type=_existing, metavar="STOCK.csv")
@click.option("--orders", type=_existing, help="Hold back what this order CSV sold.")
@_output
@click.pass_context
def fix(context: click.Context, source: Path, orders: Path | None, output: Path | None) -> None:
    """Fix a local stock CSV with the config's rules: no ledger, no server.

    Every order in ORDERS.csv that is not cancelled counts as missed.

    \b
    passerelle fix ExportCSV.csv --orders commandes.csv -o ExportCSVmod.csv
    """
    from passerelle.runs.rehearsal import fix_file

    settings = settings_of(context)
    with step(_("correcting {file}").format(file=source.name)):
        result = fix_file(settings, source, orders)
    _deliver(context, result, output)


def _deliver(context: click.Context, result: "Rehearsal", output: Path | None) -> None:
    from passerelle.runs.rehearsal import write_output

    if output:
        write_output(output, result.data)
    else:
        click.echo(result.data, nl=False)
    for line in result.report:
        click.echo(line, err=True)
    if result.rejected:
        click.echo(f"passerelle: {result.rejected}", err=True)
        context.exit(result.rejected.exit_code)
