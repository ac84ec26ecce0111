"""``passerelle status``, ``report``, ``history`` and ``stock why``: how it goes, and why."""

import sys
import time
import webbrowser
from contextlib import suppress
from pathlib import Path

import click

from passerelle.base.errors import HeldError, PasserelleError, UsageError
from passerelle.base.language import N_, _, speak
from passerelle.base.progress import step
from passerelle.base.wording import fields_of, fitted, in_prose, local
from passerelle.cli.common import (
    json_option,
    now,
    print_json,
    print_table,
    settings_of,
    tell,
    with_settings,
)
from passerelle.cli.ledgers import reading_ledger
from passerelle.config.model import Settings
from passerelle.explain.inquiry import Inquiry
from passerelle.health.concerns import Level
from passerelle.health.status import Health, as_dict, describe, look
from passerelle.schedule.schtasks import find_schtasks
from passerelle.schedule.tasks import look_up
from passerelle.schedule.timetable import timetable

_EVERY = 30.0
# What is out of order, and what is to do.
_COLOURS = {"! ": "red", "- ": "yellow"}


@click.command()
@json_option
@click.option(
    "--watch", is_flag=True, help="Keep it on screen, renewed every 30 seconds; Ctrl+C ends."
)
@click.option("--strict", is_flag=True, help="Exit code 6 for what can wait, too.")
@click.pass_context
def status(context: click.Context, as_json: bool, watch: bool, strict: bool) -> None:
    """Tell on one screen how it goes, and what to do about what does not.

    The runs, the files of shop and ERP as they are on the servers right now, and the orders that
    are not in the ERP. Exit code 6 when something is out of order, else 0: also when something is
    to do, such as orders to be entered at the till; with --strict that is 6 as well.

    \b
    passerelle status
    passerelle status --watch
    """
    if watch and (as_json or strict):
        raise UsageError(_("--watch is for people"), "", _("leave --json and --strict out"))
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
        _show_health(health, _paused(settings))
    if health.level == Level.OUT_OF_ORDER or (strict and health.concerns):
        context.exit(HeldError.exit_code)


def _watch(settings: Settings) -> None:
    """Goes on until Ctrl+C, which is the way to end it and no interruption."""
    try:
        while True:
            health = _look(settings)
            click.clear()
            click.echo(f"Passerelle, {health.at:%Y-%m-%d %H:%M:%S}\n")
            _show_health(health, _paused(settings))
            time.sleep(_EVERY)
    except KeyboardInterrupt:
        return


def _look(settings: Settings) -> Health:
    with reading_ledger(settings) as ledger:
        return look(settings, ledger, now())


def _paused(settings: Settings) -> list[str]:
    """The runs that Windows' Task Scheduler is told not to start, as far as it can be asked."""
    if find_schtasks() is None:
        return []
    with suppress(PasserelleError):
        return [run for run in timetable(settings) if look_up(run).enabled is False]
    return []


def _show_health(health: Health, paused: list[str]) -> None:
    for line in describe(health, paused):
        # Colour is for terminals: click leaves it out elsewhere.
        colour, told = _COLOURS.get(line[:2]), fitted(line)
        click.echo(click.style(told, fg=colour) if colour else told)


@click.command()
@click.option("--open", "opens", is_flag=True, help="Show it in the browser.")
@with_settings
def report(settings: Settings, opens: bool) -> None:
    """Write the page that shows how it goes: report.html, in the folder of config.toml.

    First of all whether all is well, there is something to do or something is out of order; then
    today, what needs a person (with the products of orders to be entered by hand), and the last 30
    days: orders, revenue, stock held back, runs. It prints on A4. The page needs no network, and
    holds no customer data. Each run writes it anew, unless
    `[report] after_runs = false`.

    \b
    passerelle report --open
    """
    from passerelle.health.report.page import write_report

    with reading_ledger(settings) as ledger:
        path = write_report(settings, ledger, now())
    click.echo(str(path))
    if opens and not _show_page(path):
        click.echo(_("no browser could be opened: open the file above by hand"), err=True)


def _show_page(path: Path) -> bool:
    """Whether the page is shown."""
    if sys.platform == "win32":
        import os

        try:
            os.startfile(path)  # noqa: S606 - the page just written
        except OSError:
            return False
        return True
    return webbrowser.open(path.as_uri())


@click.group()
def stock() -> None:
    """What was published of the ERP's stock.

    \b
    passerelle stock why 3701234567890
    """


@stock.command()
@click.argument("item", metavar="EAN13")
@click.option("--look", is_flag=True, help="Ask the server whether the shop has taken the file.")
@json_option
@with_settings
def why(settings: Settings, item: str, look: bool, as_json: bool) -> None:
    """Say why the last publication has an item at its level.

    Any form of its item number does: with or without leading zeros, spaces or hyphens; a gift
    card's product id; or a reference, where the ERP's file has a column with it. Of a sync, its
    SKU: what the source said, what Odoo had, what was written, and by which job.

    \b
    passerelle stock why 3701234567890
    passerelle stock why 3701234567890 --look
    """
    if settings.sync and _why_by_sync(settings, item, as_json=as_json):
        return
    from passerelle.explain.publication import is_taken_by_shop
    from passerelle.explain.stock import answer, as_dict
    from passerelle.explain.stock_words import tell as in_words

    taken, failure = None, None
    with reading_ledger(settings) as ledger:
        inquiry = Inquiry(settings, ledger, now(), in_prose)
        with step(_("looking for {item}").format(item=item)):
            answers = answer(inquiry, item)
        if answers and look:
            try:
                taken = is_taken_by_shop(settings, settings.needed_stock)
            except PasserelleError as error:
                failure = error
        if as_json:
            print_json(as_dict(inquiry, item, answers, taken=taken))
        else:
            tell(in_words(inquiry, answers, taken=taken))
    if failure:
        raise failure


def _why_by_sync(settings: Settings, sku: str, *, as_json: bool) -> bool:
    """Whether a sync has an answer, which is told then."""
    from passerelle.explain.sync import answer_sync, sync_as_dict, tell_sync

    with reading_ledger(settings) as ledger:
        answers = answer_sync(settings, ledger, sku)
    if not answers and settings.stock is None:
        mend = _("`passerelle sync map` names the items; SKUs mind their case")
        raise UsageError(_("no sync has met {sku}").format(sku=sku), "", mend)
    if answers and as_json:
        print_json([sync_as_dict(one) for one in answers])
    for one in [] if as_json else answers:
        tell(tell_sync(one))
    return bool(answers)


@click.command()
@click.option("-n", "count", type=click.IntRange(min=1), default=20, help="How many.  [20]")
@json_option
@with_settings
def history(settings: Settings, count: int, as_json: bool) -> None:
    """The runs so far, newest first.

    \b
    passerelle history -n 5
    """
    with reading_ledger(settings) as ledger:
        runs = ledger.runs.latest(count)
    if as_json:
        fields = ("number", "run", "started", "ended", "exit_code", "summary")
        print_json([fields_of(run, *fields) for run in runs])
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
