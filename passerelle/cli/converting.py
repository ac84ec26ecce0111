"""What needs neither a ledger nor a server, and loads nothing of them: ``convert`` and ``fix``.

Each loads its own rules alone.
"""

from collections.abc import Iterator
from pathlib import Path

import click

from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.cli.common import (
    deliver,
    end_with,
    existing_file,
    now,
    output_option,
    with_settings,
)
from passerelle.config.model import Settings
from passerelle.runs.local_files import Rehearsal


@click.command()
@click.argument("source", type=existing_file, metavar="ORDERS.csv")
@click.option("--sale", "id", metavar="ID", help="The sale of this order instead, see [fulfil].")
@output_option
@with_settings
def convert(settings: Settings, source: Path, id: str | None, output: Path | None) -> None:
    """Convert a local order CSV with the config's rules: no ledger, no server.

    \b
    passerelle convert commandes.csv -o ventes.xml
    passerelle convert commandes.csv --sale 1042
    """
    from passerelle.runs.rehearsal import convert_file, convert_sale

    with step(_("converting {file}").format(file=source.name)):
        if id is None:
            result = convert_file(settings, source, now())
        else:
            result = convert_sale(settings, source, id, now())
    _deliver(result, output, source, *_forms(settings))


@click.command()
@click.argument("source", type=existing_file, metavar="STOCK.csv")
@click.option("--orders", type=existing_file, help="Hold back what this order CSV sold.")
@output_option
@with_settings
def fix(settings: Settings, source: Path, orders: Path | None, output: Path | None) -> None:
    """Fix a local stock CSV with the config's rules: no ledger, no server.

    Every order in ORDERS.csv that is not cancelled counts as missed.

    \b
    passerelle fix ExportCSV.csv --orders commandes.csv -o ExportCSVmod.csv
    """
    from passerelle.runs.fixing import fix_file

    with step(_("correcting {file}").format(file=source.name)):
        result = fix_file(settings, source, orders)
    _deliver(result, output, source, orders)


def _forms(settings: Settings) -> Iterator[Path | None]:
    if settings.orders:
        yield from (settings.orders.xml.stylesheet, settings.orders.xml.schema_file)
    yield settings.fulfil.xml.stylesheet


def _deliver(result: Rehearsal, output: Path | None, *inputs: Path | None) -> None:
    deliver(result.data, output, *inputs)
    for line in result.report:
        click.echo(line, err=True)
    end_with(result.rejected)
