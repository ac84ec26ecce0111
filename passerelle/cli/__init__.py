"""The command line: click only. Parse, call, print, exit; no rule lives here."""

from pathlib import Path

import click

from passerelle import __version__
from passerelle.base.progress import shown
from passerelle.cli.lazy import Command, LazyGroup

# The first words are the docstrings' own: a test holds them equal.
COMMANDS = {
    "init": Command(
        "files",
        "init",
        "Write a commented config.toml into DIR (here, if none is given).",
    ),
    "demo": Command(
        "files",
        "demo",
        "Play one whole half hour on sample files in DIR (passerelle-demo, if none is given).",
    ),
    "check": Command(
        "check",
        "check",
        "Look at all that a run needs, and say what is wrong and how to mend it.",
    ),
    "config": Command(
        "config",
        "config",
        "What the settings are, and which ones a file of the shop or the ERP asks for.",
    ),
    "run": Command(
        "runs",
        "run",
        "Send the shop's orders to the ERP, or the ERP's stock to the shop, or share one stock.",
    ),
    "convert": Command(
        "files",
        "convert",
        "Convert a local order CSV with the config's rules: no ledger, no server.",
    ),
    "fix": Command(
        "files",
        "fix",
        "Fix a local stock CSV with the config's rules: no ledger, no server.",
    ),
    "orders": Command(
        "orders",
        "orders",
        "The orders that the ledger knows, and what a person may do with them.",
    ),
    "stock": Command("stock", "stock", "What was published of the ERP's stock."),
    "pool": Command(
        "pool",
        "pool",
        "One stock that several shops share: who takes part, what was moved and why.",
    ),
    "status": Command(
        "status",
        "status",
        "Tell on one screen how it goes, and what to do about what does not.",
    ),
    "report": Command(
        "report",
        "report",
        "Write the page that shows how it goes: report.html, in the folder of config.toml.",
    ),
    "history": Command("runs", "history", "The runs so far, newest first."),
    "alerts": Command(
        "alerts",
        "alerts",
        "Tell people when something needs them, and when it is over.",
    ),
    "archive": Command("archive", "archive", "By hand what runs do by themselves."),
    "customer": Command(
        "customer",
        "customer",
        "What a customer may ask of the shop about their personal data.",
    ),
    "schedule": Command(
        "schedule",
        "schedule",
        "When the runs start, and what starts them: the minutes are in config.toml, [schedule].",
    ),
    "secret": Command(
        "secret",
        "secret",
        "Keep a server's password in the operating system's credential store (keyring).",
    ),
    "completion": Command(
        "completion",
        "completion",
        "Print the script that lets SHELL complete commands, options, states, servers and files.",
    ),
}


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
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
