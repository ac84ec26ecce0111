"""``passerelle archive`` and ``passerelle customer``: what is kept, and what goes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from passerelle.archive import folders as archives
from passerelle.archive.retention import mend_of_prune
from passerelle.base.durable import replace_whole
from passerelle.base.errors import HeldError, UnreachableError
from passerelle.base.language import N_, _, n_
from passerelle.base.progress import step
from passerelle.cli.common import (
    now,
    tell,
    with_settings,
)
from passerelle.cli.ledgers import reading_ledger, steering_ledger
from passerelle.config.model import Settings
from passerelle.exchange.witness import Witness
from passerelle.gateway.pruning import prune_archives
from passerelle.ledger.ledger import open_copy
from passerelle.ledger.locks import run_lock
from passerelle.runs.erasure import Eraser, Erasure


@click.group()
def archive() -> None:
    """By hand what runs do by themselves.

    \b
    passerelle archive rotate
    passerelle archive prune
    """


@archive.command()
@with_settings
def rotate(settings: Settings) -> None:
    """Move Trace1 and Trace2 to ArchiveTrace now, whatever their size.

    \b
    passerelle archive rotate
    """
    with run_lock(settings.ledger_at, settings.folder, "archive rotate", now()):
        moved = archives.rotate_traces(settings.folder, settings.trace.max_size, now(), force=True)
    told = [_("moved to {path}").format(path=path) for path in moved]
    tell(told or [_("no trace to move, or another program holds it open")])


@archive.command()
@click.option("--yes", is_flag=True, help="Also most of an archive, or after a clock was set.")
@with_settings
def prune(settings: Settings, *, yes: bool) -> None:
    """Remove what is older than keep_exports and keep_traces, and say how much.

    The time in a file's name tells its age, else the file's own. An XML that is still on its way to
    the ERP stays; the ledger keeps its proof of every sending. Exit code 6, and nothing removed,
    where most of an archive would go, or this machine's clock has left that of the last run.

    \b
    passerelle archive prune
    """
    with steering_ledger(settings, "archive prune") as ledger:
        Witness(settings.folder).question(ledger)
        pruned, why = prune_archives(settings, ledger, now(), is_sure=yes)
    if why:
        what = _("nothing was removed from the archives")
        raise HeldError(what, why, mend_of_prune())
    tell(map(str, pruned))
    held = [name for one in pruned for name in one.held]
    if held:
        mend = _("close programs that hold it open, then say it again")
        raise UnreachableError(_("not removed"), ", ".join(held), mend)


@archive.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@with_settings
def export_archive(settings: Settings, folder: Path) -> None:
    """Write what the ledger keeps into FOLDER: ArchiveExport and ArchiveWithheld, a file each.

    For shops whose archives are in the ledger, [archive] store = "ledger". A file that is there
    already is left alone where it is the same, else it is a fault: nothing is written over. The
    ledger keeps all of it.

    \b
    passerelle archive export D:\\Archives
    """
    with reading_ledger(settings) as ledger:
        files = [file for file in ledger.kept.files() if not file.is_pending]
        for file in files:
            data = ledger.kept.read(file.archive, file.name)
            _write_out(folder / file.archive / file.name, data or b"")
    told = n_("{n} file is in {folder}", "{n} files are in {folder}", len(files), folder=folder)
    click.echo(told)


def _write_out(path: Path, data: bytes) -> None:
    """Raises :class:`UnreachableError` where it cannot be written, or another is there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.read_bytes() == data:
            return
        if path.exists():
            what, mend = _("another file is there already"), _("name an empty folder")
            raise UnreachableError(what, str(path), mend)
        replace_whole(path, data)
    except OSError as error:
        what = _("the file cannot be written")
        raise UnreachableError(what, str(path), error.strerror or str(error)) from error


BEYOND = N_(
    "not reached from here: the shop and the ERP; files on the servers (the order CSV until the "
    "shop writes it anew, XMLs that the ERP has not taken); backups and other copies"
)


@click.group()
def customer() -> None:
    """What a customer may ask of the shop about their personal data.

    \b
    passerelle customer erase ann@example.org --dry-run
    """


@customer.command()
@click.argument("email")
@click.option("--dry-run", is_flag=True, help="Tell what would be erased; change nothing.")
@with_settings
def erase(settings: Settings, email: str, dry_run: bool) -> None:
    """Erase the customer with this e-mail address from archives, traces and ledger texts.

    Their orders are found by the address, so the XMLs must carry it; with them go their names,
    phones and addresses, wherever a trace quotes them.

    The ledger keeps its proof of sending, which is not personal: order ids, references, dates,
    states, what was sold, the names and SHA-256 of what was sent.

    \b
    passerelle customer erase ann@example.org --dry-run
    """
    reading = step(_("reading archives and traces"), unit="files")
    if dry_run:
        with open_copy(settings.ledger_at) as ledger, reading:
            eraser = Eraser(settings, ledger, email)
            plan = eraser.plan()
    else:
        with steering_ledger(settings, "customer erase") as ledger:
            eraser = Eraser(settings, ledger, email)
            with reading:
                plan = eraser.plan()
            with step(_("erasing")):
                eraser.carry_out(plan, now())
    _tell_erased(eraser, plan, dry_run=dry_run)


def _tell_erased(eraser: Eraser, plan: Erasure, *, dry_run: bool) -> None:
    tell(_erased(eraser, plan, dry_run=dry_run))
    if not (plan.exports or plan.traces or plan.texts or plan.failures):
        click.echo(_("nothing is kept here with this e-mail address"))
    click.echo(_(BEYOND))
    if plan.failures:
        raise UnreachableError(
            _("not everything can be erased"),
            ", ".join(f"{name} ({why})" for name, why in plan.failures.items()),
            _(
                "close programs that hold these files, look into those that are no XML or text, "
                "then say this again"
            ),
        )


def _erased(eraser: Eraser, plan: Erasure, *, dry_run: bool) -> Iterator[str]:
    text = _("would be erased from {place}") if dry_run else _("erased from {place}")
    for export in plan.exports:
        if (name := export.file.shown) not in plan.failures:
            yield text.format(place=_with_orders(name, export.survey.orders))
    for path in plan.traces:
        if (name := eraser.name(path)) not in plan.failures:
            yield text.format(place=name)
    if plan.texts and dry_run:
        yield n_(
            "would be erased from the ledger: {n} text",
            "would be erased from the ledger: {n} texts",
            plan.texts,
        )
    elif plan.texts:
        yield n_(
            "erased from the ledger: {n} text", "erased from the ledger: {n} texts", plan.texts
        )


def _with_orders(name: str, ids: Sequence[str]) -> str:
    if not ids:
        return name
    orders = n_("order {ids}", "order {ids}", len(ids), ids=", ".join(ids))
    return _(": ").join((name, orders))
