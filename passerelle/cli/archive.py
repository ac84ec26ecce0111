"""``passerelle archive``: by hand what runs do by themselves."""

import click

from passerelle.archive import folders as archives
from passerelle.archive import retention
from passerelle.base.errors import UnreachableError
from passerelle.base.language import _
from passerelle.base.lock import hold_lock
from passerelle.cli.common import now, settings_of, steering_ledger
from passerelle.exchange.witness import Witness


@click.group()
def archive() -> None:
    """By hand what runs do by themselves.

    \b
    passerelle archive rotate
    passerelle archive prune
    """


@archive.command()
@click.pass_context
def rotate(context: click.Context) -> None:
    """Move Trace1 and Trace2 to ArchiveTrace now, whatever their size.

    \b
    passerelle archive rotate
    """
    settings = settings_of(context)
    with hold_lock(settings.folder, "archive rotate", now()):
        moved = archives.rotate_traces(settings.folder, settings.trace.max_size, now(), force=True)
    for path in moved:
        click.echo(_("moved to {path}").format(path=path))
    if not moved:
        click.echo(_("no trace to move, or another program holds it open"))


@archive.command()
@click.pass_context
def prune(context: click.Context) -> None:
    """Remove what is older than keep_exports and keep_traces, and say how much.

    The time in a file's name tells its age, else the file's own. An XML that is still on its way to
    the ERP stays; the ledger keeps its proof of every sending.

    \b
    passerelle archive prune
    """
    settings = settings_of(context)
    with steering_ledger(settings, "archive prune") as ledger:
        Witness(settings.folder).question(ledger)
        needed = [dispatch.archived for dispatch in ledger.dispatches.unfinished()]
        pruned = retention.prune(settings.folder, settings.archive, needed, now())
    for one in pruned:
        click.echo(str(one))
    held = [name for one in pruned for name in one.held]
    if held:
        mend = _("close programs that hold it open, then say it again")
        raise UnreachableError(_("not removed"), ", ".join(held), mend)
