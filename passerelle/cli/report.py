"""``passerelle report``: the HTML page."""

import sys
import webbrowser
from pathlib import Path

import click

from passerelle.base.language import _
from passerelle.cli.common import now, reading_ledger, settings_of


@click.command()
@click.option("--open", "opens", is_flag=True, help="Show it in the browser.")
@click.pass_context
def report(context: click.Context, opens: bool) -> None:
    """Write the page that shows how it goes: report.html, in the folder of config.toml.

    What needs a person, the runs of the last 30 days, orders, revenue and stock held back. The
    page needs no network, and holds no customer data. Each run writes it anew, unless
    `[report] after_runs = false`.

    \b
    passerelle report --open
    """
    from passerelle.health.report.page import write_report

    settings = settings_of(context)
    with reading_ledger(settings) as ledger:
        path = write_report(settings, ledger, now())
    click.echo(str(path))
    if opens and not _show(path):
        click.echo(_("no browser could be opened: open the file above by hand"), err=True)


def _show(path: Path) -> bool:
    """Whether the page is shown."""
    if sys.platform == "win32":
        import os

        try:
            os.startfile(path)  # noqa: S606 - the page just written
        except OSError:
            return False
        return True
    return webbrowser.open(path.as_uri())
