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
from passerelle.ledger import ledger_exists, open_ledger
from passerelle.runs.orders import load_forms
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
    later = "" if folder.exists() else ", which the first run creates"
    if free < _ROOM:
        yield warning(what, f"{folder} has {free // _MB} MB left", "make room on the disk")
    else:
        yield ok(what, f"{folder}{later} can be written; {free // _MB} MB are free")
    yield from _check_traces(folder)


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
    mend = "give this account the right to write and delete there, or make room"
    return UnreachableError(f"the folder cannot be written ({reason})", where, mend)


def _check_traces(folder: Path) -> Iterator[Finding]:
    """A trace that cannot be written fails no run, but then nobody can read what happened."""
    for path in (folder / name for name in TRACE_NAMES):
        try:
            if path.exists():
                path.open("ab").close()
        except OSError as error:
            reason = error.strerror or str(error)
            mend = "close the program that holds it open, or give this account the right to it"
            yield warning(path.name, f"it cannot be written ({reason})", mend)


def check_ledger(folder: Path) -> Iterator[Finding]:
    """Whether the ledger opens, and whether it is the one that sent the last XML."""
    what = "ledger"
    if not ledger_exists(folder):
        yield ok(what, "there is none yet; the first run creates it")
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
    ended = f"the last run was `run {last[0].run}`" if last else "no run yet"
    yield ok(what, f"it opens; {ended}")


def check_forms(settings: Settings) -> Iterator[Finding]:
    """Whether stylesheet and schema compile, where there are any."""
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
    yield ok("orders.xml", f"{' and '.join(present)} can be used")
