"""Checks of this machine: the data folder, the ledger, stylesheet and schema."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

from passerelle.archive.folders import EXPORTS, PENDING, TIME, TRACES, UNSENT
from passerelle.base.durable import create_privately
from passerelle.base.errors import ConfigError, PasserelleError, UnreachableError
from passerelle.base.language import _, n_
from passerelle.checks.findings import Finding, fault, ok, warning
from passerelle.config.model import Settings
from passerelle.config.servers import base_folder
from passerelle.exchange.forms import load_forms, load_sale_forms
from passerelle.exchange.uploads import tmp_name
from passerelle.exchange.witness import Witness
from passerelle.ledger.ledger import FILE_NAME as LEDGER
from passerelle.ledger.ledger import ledger_exists, open_ledger
from passerelle.model.runs import TRACE_NAMES

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
        create_privately(probe, b"Passerelle looks whether it may write here.\n")
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


def check_ledger(settings: Settings) -> Iterator[Finding]:
    """Whether the ledger opens, and whether it is the one that sent the last XML."""
    what = _("ledger")
    try:
        if not ledger_exists(settings.ledger_at):
            yield ok(what, _("there is none yet; the first run creates it"))
            return
        with closing(open_ledger(settings.ledger_at)) as ledger:
            last = ledger.runs.latest(1)
            Witness(settings.folder).question(ledger)
    except PasserelleError as error:
        yield fault(what, error)
        return
    found = _("it opens; no run yet")
    if last:
        found = _("it opens; the last run was `run {run}`").format(run=last[0].run)
    yield ok(what, found)


def check_forms(settings: Settings) -> Iterator[Finding]:
    """Whether stylesheets and schema compile, where there are any."""
    if orders := settings.orders:
        files = {"stylesheet": orders.xml.stylesheet, "schema": orders.xml.schema_file}
        yield from _check_forms("orders.xml", files, partial(load_forms, orders))
    if settings.fulfil.enabled:
        files = {"stylesheet": settings.fulfil.xml.stylesheet}
        yield from _check_forms("fulfil.xml", files, partial(load_sale_forms, settings))


def _check_forms(
    what: str, files: Mapping[str, Path | None], load: Callable[[], object]
) -> Iterator[Finding]:
    present = [f"{kind} {path.name}" for kind, path in files.items() if path]
    if not present:
        return
    try:
        load()
    except PasserelleError as error:
        yield fault(what, error)
        return
    # Translators: between the names of files
    names = _(" and ").join(present)
    yield ok(what, n_("{files} can be used", "{files} can be used", len(present), files=names))


_WINDOWS_LIMIT = 259
# Of NTFS and most others.
_LONGEST_PART = 255
_STAMP = f"{datetime(2026, 1, 1):{TIME}}"  # noqa: DTZ001 - only its length counts
# The longest of what SQLite keeps beside a database while it writes.
_JOURNAL = "-journal"
# As long as the one of a ledger may be.
TOKEN = "0" * 9


def check_names(settings: Settings, limit: int | None) -> Iterator[Finding]:
    """Names that are too long: a warning beyond ``limit`` (``None``: none), a fault for a part."""
    yield from _check_own_names(settings)
    longest = max((*_written(settings), *_published(settings)), key=_length)
    if limit is None or _length(longest) <= limit:
        return
    found = _("runs will write a name of {length} characters, and Windows takes {limit}: {name}")
    mend = _("choose a shorter folder, or have Windows' long paths enabled (LongPathsEnabled)")
    told = found.format(length=_length(longest), limit=limit, name=longest)
    yield warning("names", told, mend)


def _check_own_names(settings: Settings) -> Iterator[Finding]:
    """Names in the data folder, whose file system limits each part of a path."""
    longest = max(_written(settings), key=lambda path: _size_of(path.name))
    limit = _longest_part(settings.folder)
    if _size_of(longest.name) > limit:
        what = _("runs will keep a file whose name is too long, {length} where {limit} fit")
        told = what.format(length=_size_of(longest.name), limit=limit)
        mend = _('choose a shorter file name in "to"')
        yield fault("names", ConfigError(told, longest.name, mend))


def _size_of(name: str) -> int:
    """As the file system counts: bytes, and pairs of them on Windows."""
    return _length(Path(name)) if os.name == "nt" else len(os.fsencode(name))


def _longest_part(folder: Path) -> int:
    place = next((path for path in (folder, *folder.parents) if path.is_dir()), folder)
    with suppress(AttributeError, OSError, ValueError):
        return os.pathconf(place, "PC_NAME_MAX")
    return _LONGEST_PART


def limit_of_names() -> int | None:
    """How long a name may be on this machine, as the system tells it."""
    if sys.platform != "win32":
        return None
    import ctypes

    # Tells whether the administrator and the program's manifest both allow more.
    allowed = getattr(ctypes.windll.ntdll, "RtlAreLongPathsEnabled", None)
    return None if allowed is not None and allowed() & 0xFF else _WINDOWS_LIMIT


def _length(path: Path) -> int:
    """As Windows counts: some signs are two."""
    return len(str(path).encode("utf-16-le", errors="surrogatepass")) // 2


def filled(name: str) -> str:
    """A file name of ``to`` as long as it gets once its placeholders are filled in."""
    return name.replace("{time}", _STAMP).replace("{id}", "9" * 10)


def _written(settings: Settings) -> Iterator[Path]:
    """The longest names that runs write in the data folder, in each place."""
    from passerelle.archive.folders import LAST_COPY  # it imports numpy

    folder = settings.folder.absolute()
    yield folder / f"{LEDGER}{_JOURNAL}"
    for trace in TRACE_NAMES:
        yield folder / TRACES / f"{Path(trace).stem}_{_STAMP}.txt"
    if settings.stock:
        yield folder / f"{LAST_COPY.format(name=settings.stock.to.name)}{PENDING}"
    for shop, section in settings.pool.with_files.items() if settings.pool else ():
        copy = LAST_COPY.format(name=f"{shop}_{section.stock_to.name}")
        yield folder / f"{copy}{PENDING}"
    if settings.orders:
        yield _archived(folder / EXPORTS / UNSENT, filled(settings.orders.to.name))
    if settings.fulfil.enabled and settings.fulfil.to:
        yield _archived(folder / EXPORTS, filled(settings.fulfil.to.name))


def _archived(folder: Path, name: str) -> Path:
    """A name that the archive has already gets the time of now."""
    return folder / f"{Path(name).stem}_{_STAMP}{Path(name).suffix}{PENDING}"


def _published(settings: Settings) -> Iterator[Path]:
    """Those on servers that are folders, under the longest name that they have for a while."""
    for place in settings.written_places():
        url = settings.servers[place.server].url
        if urlsplit(url).scheme == "file":
            yield base_folder(url) / filled(tmp_name(place.path, TOKEN))
