"""Checks of this machine: the data folder, the ledger, stylesheet and schema."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from passerelle.archive import EXPORTS, TRACES
from passerelle.checks.findings import Finding, fault, ok, warning
from passerelle.config import Settings
from passerelle.durable import write_privately
from passerelle.errors import PasserelleError, UnreachableError
from passerelle.language import _, n_
from passerelle.ledger import ledger_exists, open_ledger
from passerelle.runs.orders import load_forms, load_sale_forms
from passerelle.trace import TRACE_NAMES
from passerelle.witness import Witness

# Years of archives of a small shop; below this a bigger export may not fit.
_ROOM = 200_000_000
_MB = 1_000_000


def check_folder(settings: Settings) -> Iterator[Finding]:
    """Whether ledger, traces and archives can be written, and whether there is room for them."""
    folder, what = settings.folder, "folder"
    try:
        place = next(path for path in (folder, *folder.parents) if path.exists())
        for part in (place, folder / EXPORTS, folder / TRACES):
            if part.exists():
                _probe(part)
        free = shutil.disk_usage(place).free
    except OSError as error:
        yield fault(what, _unwritable(folder, error))
        return
    yield _room(folder, free)
    yield from _check_traces(folder)


def _room(folder: Path, free: int) -> Finding:
    if free < _ROOM:
        found, mend = _("{folder} has {free} MB left"), _("make room on the disk")
        return warning("folder", found.format(folder=folder, free=free // _MB), mend)
    found = _("{folder} can be written; {free} MB are free")
    if not folder.exists():
        found = _("{folder}, which the first run creates, can be written; {free} MB are free")
    return ok("folder", found.format(folder=folder, free=free // _MB))


def _probe(folder: Path) -> None:
    """Writes a file and removes it, whatever happens in between."""
    probe = folder / f"passerelle-check-{token_hex(4)}.tmp"
    try:
        write_privately(probe, b"Passerelle looks whether it may write here.\n")
    finally:
        with suppress(FileNotFoundError):
            probe.unlink()


def _unwritable(folder: Path, error: OSError) -> UnreachableError:
    reason = error.strerror or str(error)
    where = str(error.filename or folder)
    mend = _("give this account the right to write and delete there, or make room")
    what = _("the folder cannot be written ({reason})").format(reason=reason)
    return UnreachableError(what, where, mend)


def _check_traces(folder: Path) -> Iterator[Finding]:
    """A trace that cannot be written fails no run, but then nobody can read what happened."""
    for path in (folder / name for name in TRACE_NAMES):
        try:
            if path.exists():
                path.open("ab").close()
        except OSError as error:
            reason = error.strerror or str(error)
            mend = _("close the program that holds it open, or give this account the right to it")
            found = _("it cannot be written ({reason})")
            yield warning(path.name, found.format(reason=reason), mend)


def check_ledger(folder: Path) -> Iterator[Finding]:
    """Whether the ledger opens, and whether it is the one that sent the last XML."""
    what = _("ledger")
    if not ledger_exists(folder):
        yield ok(what, _("there is none yet; the first run creates it"))
        return
    try:
        ledger = open_ledger(folder)
        try:
            last = ledger.runs.latest(1)
            Witness(folder).question(ledger)
        finally:
            ledger.close()
    except PasserelleError as error:
        yield fault(what, error)
        return
    found = _("it opens; no run yet")
    if last:
        found = _("it opens; the last run was `run {run}`").format(run=last[0].run)
    yield ok(what, found)


def check_forms(settings: Settings) -> Iterator[Finding]:
    """Whether stylesheets and schema compile, where there are any."""
    yield from _check_order_forms(settings)
    if settings.fulfil.enabled and settings.fulfil.xml.stylesheet:
        yield _check_sale_forms(settings, settings.fulfil.xml.stylesheet)


def _check_sale_forms(settings: Settings, path: Path) -> Finding:
    try:
        load_sale_forms(settings)
    except PasserelleError as error:
        return fault("fulfil.xml", error)
    files = f"stylesheet {path.name}"
    return ok("fulfil.xml", n_("{files} can be used", "{files} can be used", 1, files=files))


def _check_order_forms(settings: Settings) -> Iterator[Finding]:
    orders = settings.orders
    if orders is None:
        return
    named = {"stylesheet": orders.xml.stylesheet, "schema": orders.xml.schema_file}
    present = [f"{key} {path.name}" for key, path in named.items() if path]
    if not present:
        return
    try:
        load_forms(orders)
    except PasserelleError as error:
        yield fault("orders.xml", error)
        return
    # Translators: between the names of files
    files = _(" and ").join(present)
    found = n_("{files} can be used", "{files} can be used", len(present), files=files)
    yield ok("orders.xml", found)
