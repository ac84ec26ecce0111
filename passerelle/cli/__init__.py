"""The command line: click only. Parse, call, print, exit; no rule lives here."""

from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.exceptions import NoSuchCommand

from passerelle import __version__
from passerelle.base import window
from passerelle.base.language import _
from passerelle.base.progress import shown
from passerelle.cli.click_words import teach_click
from passerelle.cli.spoken_help import in_words
from passerelle.config.file import speak_as_configured


class Command(NamedTuple):
    """A command: its module below ``passerelle.cli``, and its docstring's first words."""

    module: str
    help: str


# In the order to show. A test holds the words equal to those of the commands.
_TABLE = """
init        preparing  Write a commented config.toml into DIR (here, if none is given).
setup       setup      Ask for server, password, files and columns; write config.toml; check; show a dry run.
demo        running    Play one whole half hour on sample files in DIR (passerelle-demo, if none is given).
check       preparing  Look at all that a run needs, and say what is wrong and how to mend it.
config      settings   What the settings are, and which ones a file of the shop or the ERP asks for.
run         running    Send the shop's orders to the ERP, or the ERP's stock to the shop, or share one stock.
convert     converting   Convert a local order CSV with the config's rules: no ledger, no server.
fix         converting   Fix a local stock CSV with the config's rules: no ledger, no server.
export      tables     Write orders, missed orders, stock or runs as a table: CSV, Excel or HTML.
compare     tables     Say what differs between OLD and NEW: two stock CSVs, two sales XMLs, or two folders.
orders      orders     The orders that the ledger knows, and what a person may do with them.
stock       looking    What was published of the ERP's stock.
pool        pool       One stock that several shops share: who takes part, what was moved and why.
till        tills     Tills that share their open orders: their server, their agents (docs/tills.md).
sync        sync       Levels of one system into another: ZORT's stock into Odoo (docs/connectors.md).
jobs        sync       The jobs of the syncs: what ran, since when, with which result, and what to do.
status      looking    Tell on one screen how it goes, and what to do about what does not.
report      looking    Write the page that shows how it goes: report.html, in the folder of config.toml.
console     console    Show how it goes on a live page with buttons, until it is ended with Ctrl+C.
history     looking    The runs so far, newest first.
alerts      keeping    Tell people when something needs them, and when it is over.
archive     archives    By hand what runs do by themselves.
customer    archives    What a customer may ask of the shop about their personal data.
servers     servers    The servers, what Passerelle knows of each, and what a person says of them.
shop        shop       First aid for the shop itself.
schedule    schedule   When the runs start, and what starts them: the minutes are in config.toml, [schedule].
ledger      moving     Where the ledger is: in the folder, or in a database (docs/fleet.md).
work        fleet      Carry out the runs of many shops at their minutes, until Ctrl+C; on any number of machines.
fleet       fleet      Many shops, looked at as a whole.
desktop     desktop    What you use of Passerelle without typing, on Windows: the Start menu, the PATH.
secret      keeping    Keep a server's password in the operating system's credential store (keyring).
completion  preparing  Print the script that lets SHELL complete commands, options, states, servers and files.
"""  # noqa: E501
_LINES = (line.split(maxsplit=2) for line in _TABLE.strip().splitlines())
COMMANDS = {name: Command(module, words) for name, module, words in _LINES}
teach_click()


class _Commands(click.Group):
    """Loads a command when it is asked for: ``--help`` costs only click."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"passerelle.cli.{COMMANDS[cmd_name].module}")
        command: click.Command = getattr(module, cmd_name)
        return in_words(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:  # by itself click looks among those that are loaded
            raise NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Group.format_help(in_words(self), ctx, formatter)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Group.format_usage(in_words(self), ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(command.help)) for name, command in COMMANDS.items()])


def _speak_as_in(_context: click.Context, _option: click.Parameter, path: Path | None) -> Any:
    if path:
        speak_as_configured(path)
    return path


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    is_eager=True,
    callback=_speak_as_in,
    help="The config.toml to use. Else $PASSERELLE_CONFIG, else the one beside the program "
    "(.exe) or in the current folder.",
)
@click.option(
    "--pause",
    type=click.Choice(("failed", "always")),
    is_eager=True,
    expose_value=False,
    callback=lambda _context, _option, when: window.keep(when) if when else None,
    help="In the end wait for a key before the window closes: always, or if the command failed.",
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
