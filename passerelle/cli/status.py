"""``passerelle status``: one screen on how it goes."""

import time

import click

from passerelle.base.errors import HeldError, UsageError
from passerelle.base.language import _, speak
from passerelle.cli.common import json_option, now, print_json, reading_ledger, settings_of
from passerelle.config.model import Settings
from passerelle.health.examine import Health
from passerelle.health.status import as_dict, describe, look

_EVERY = 30.0


@click.command()
@json_option
@click.option(
    "--watch", is_flag=True, help="Keep it on screen, renewed every 30 seconds; Ctrl+C ends."
)
@click.pass_context
def status(context: click.Context, as_json: bool, watch: bool) -> None:
    """Tell on one screen how it goes, and what to do about what does not.

    The runs, the files of shop and ERP as they are on the servers right now, and the orders that
    are not in the ERP. Exit code 0 when all is well, 6 when something needs a person.

    \b
    passerelle status
    passerelle status --watch
    """
    if watch and as_json:
        raise UsageError(_("--watch is for people"), "", _("leave --json out"))
    settings = settings_of(context)
    if watch:
        _watch(settings)
        return
    if as_json:
        speak("en")  # programs read it
    health = _look(settings)
    if as_json:
        print_json(as_dict(health))
    else:
        _show(health)
    if health.concerns:
        context.exit(HeldError.exit_code)


def _watch(settings: Settings) -> None:
    """Goes on until Ctrl+C, which is the way to end it and no interruption."""
    try:
        while True:
            health = _look(settings)
            click.clear()
            click.echo(f"Passerelle, {health.at:%Y-%m-%d %H:%M:%S}\n")
            _show(health)
            time.sleep(_EVERY)
    except KeyboardInterrupt:
        return


def _look(settings: Settings) -> Health:
    with reading_ledger(settings) as ledger:
        return look(settings, ledger, now())


def _show(health: Health) -> None:
    for line in describe(health):
        # Colour is for terminals: click leaves it out elsewhere.
        click.echo(click.style(line, fg="red") if line.startswith("!") else line)
