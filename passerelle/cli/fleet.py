"""``passerelle work`` and ``passerelle fleet``: many shops, any number of machines."""

import os
from importlib.util import find_spec
from pathlib import Path

import click

from passerelle.base.errors import ConfigError, HeldError
from passerelle.base.language import _, speak
from passerelle.base.program import this_program
from passerelle.cli.common import fail, json_option, now, print_json, say, tell

_configs = click.option(
    "--configs", "folder", required=True, metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="The shops: NAME.toml, or NAME/config.toml, for each.",
)  # fmt: skip


def _needs_fleet() -> None:
    """Raises :class:`ConfigError` where the extra is not installed."""
    from passerelle.ledger.databases import mend_without_driver

    if find_spec("procrastinate") is None or find_spec("psycopg") is None:
        mend = mend_without_driver()
        raise ConfigError(_("a fleet needs psycopg and procrastinate"), "", mend)


@click.command()
@_configs
@click.option(
    "--slots",
    type=click.IntRange(1, 64),
    help="How many runs at the same time; two for each processor, if none is given.",
)
@click.option(
    "--slot",
    type=click.Choice(["usual", "all"]),
    help="Be one of them, as this command starts them: for shops that answer, or for all.",
)
def work(folder: Path, slots: int | None, slot: str | None) -> None:
    """Carry out the runs of many shops at their minutes, until Ctrl+C; on any number of machines.

    The shops' ledgers lie in one PostgreSQL database, and the queue beside them (docs/fleet.md).
    What a machine that dies had begun is done by another within a minute. A shop whose config
    changes, comes or goes counts within a minute, too.

    \b
    passerelle work --configs shops
    """
    _needs_fleet()
    folder = folder.absolute()
    if slot:
        from passerelle.fleet.worker import work as serve

        serve(folder, say, takes_slow=slot == "all")
        return
    from passerelle.fleet.keeper import Keeper
    from passerelle.schedule.loop import stoppable

    number = slots or 2 * (os.cpu_count() or 1)
    command = this_program(None, "work", "--configs", str(folder), "--slot")
    try:
        with stoppable():
            Keeper(folder, number, command, say, fail).go_on()
    except KeyboardInterrupt:
        say(_("stopped"))


@click.group()
def fleet() -> None:
    """Many shops, looked at as a whole.

    \b
    passerelle fleet status --configs shops
    """


@fleet.command("status")
@_configs
@json_option
@click.option("--all", "everything", is_flag=True, help="The shops that are well, too.")
@click.pass_context
def fleet_status(context: click.Context, folder: Path, as_json: bool, everything: bool) -> None:
    """Tell which shops are well, which need a person, and what the queue looks like.

    Exit code 6 when a shop is out of order, or nobody works on the queue.

    \b
    passerelle fleet status --configs shops
    passerelle fleet status --configs shops --json
    """
    _needs_fleet()
    from passerelle.fleet.shops import Shops, database_of
    from passerelle.fleet.status import describe_fleet, fleet_as_dict, look_at_fleet

    if as_json:
        speak("en")  # programs read it
    shops = Shops(folder.absolute()).now()
    health = look_at_fleet(shops, database_of(shops), now())
    if as_json:
        print_json(fleet_as_dict(health))
    else:
        tell(describe_fleet(health, everything=everything))
    if not health.is_well:
        context.exit(HeldError.exit_code)
