"""The command line: click only. Parse, call, print, exit; no rule lives here."""

from pathlib import Path

import click

from passerelle import __version__
from passerelle.cli.alerts import alerts
from passerelle.cli.archive import archive
from passerelle.cli.check import check
from passerelle.cli.completion import completion
from passerelle.cli.config import config as config_group
from passerelle.cli.customer import customer
from passerelle.cli.files import convert, demo, fix, init
from passerelle.cli.orders import orders
from passerelle.cli.report import report
from passerelle.cli.runs import history, run
from passerelle.cli.schedule import schedule
from passerelle.cli.secret import secret
from passerelle.cli.status import status
from passerelle.cli.stock import stock
from passerelle.progress import shown


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The config.toml to use. Else $PASSERELLE_CONFIG, else the one beside the program "
    "(.exe) or in the current folder.",
)
@click.version_option(__version__, prog_name="passerelle", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Passerelle keeps a web shop and a store's ERP in step through files.

    Exit codes: 0 done (also: nothing to do), 1 a bug, 2 wrong usage, 3 configuration,
    4 a server or file could not be reached, try again, 5 some data was rejected, the rest went
    through, 6 held for safety, nothing published, 7 another run is active.

    \b
    passerelle init D:\\Passerelle
    passerelle --config D:\\Passerelle\\config.toml run orders
    """
    context.obj = config
    context.with_resource(shown())


for command in (
    init,
    demo,
    check,
    config_group,
    run,
    convert,
    fix,
    orders,
    stock,
    status,
    history,
    report,
    alerts,
    archive,
    customer,
    schedule,
    secret,
    completion,
):
    cli.add_command(command)
