"""``ledger copy``: a shop's ledger, and the XMLs that are kept with it, go to another database."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from passerelle.archive.folders import EXPORTS, PENDING, UNSENT, WITHHELD, kept_in
from passerelle.base.durable import make_private_folder, write_privately
from passerelle.base.errors import UnreachableError, UsageError
from passerelle.base.language import _
from passerelle.config.ledger import Database, Place
from passerelle.config.model import Settings
from passerelle.exchange.witness import Witness
from passerelle.ledger.copying import copy_rows, hand_over
from passerelle.ledger.kept import KeptBook
from passerelle.ledger.ledger import UNFINISHED, Ledger, ledger_exists, open_ledger
from passerelle.ledger.locks import run_lock

TO_FOLDER = "sqlite"


class LedgerMove(Struct, frozen=True):
    """What a copy did. ``files`` are the XMLs, and the goods, that went with it."""

    source: Place
    target: Place
    rows: int
    files: int


def places_of(settings: Settings, to: str) -> tuple[Place, Place]:
    """From where, and to where. Where config.toml names the target already, the folder's ledger is
    the source.

    Raises :class:`UsageError`.
    """
    target: Place = settings.folder
    if to != TO_FOLDER:
        target = Database(to, settings.ledger_schema, settings.ledger_password)
    source = settings.ledger_at
    if source == target:
        source = _unfinished(settings) if target == settings.folder else settings.folder
    if source == target or not ledger_exists(source):
        raise UsageError(_("there is no ledger to copy"), str(source))
    return source, target


def _unfinished(settings: Settings) -> Place:
    """The database that an unfinished copy in the folder is of; else the folder."""
    folder = settings.folder
    if not ledger_exists(folder):
        return folder
    with closing(open_ledger(folder, even_moved=True)) as ledger:
        url = ledger.moved.removeprefix(UNFINISHED) if ledger.moved.startswith(UNFINISHED) else ""
    return Database(url, settings.ledger_schema, settings.ledger_password) if url else folder


def move_ledger(settings: Settings, to: str, now: datetime) -> LedgerMove:
    """Copies, and hands over. Raises as ledgers do; the original counts until all is copied."""
    source, target = places_of(settings, to)
    deed, folder = "ledger copy", settings.folder
    with (
        run_lock(source, folder, deed, now, is_patient=True) as mine,
        run_lock(target, folder, deed, now, is_patient=True) as theirs,
        closing(open_ledger(source, mine, even_moved=True)) as old,
        closing(open_ledger(target, theirs, even_moved=True)) as new,
    ):
        _refuse_moved(old, target)
        if not old.moved:
            Witness(folder).question(old)
        rows = copy_rows(old, new, source.url if isinstance(source, Database) else "")
        files = _move_files(settings, new, target)
        hand_over(old, new, str(target))
    return LedgerMove(source, target, rows, files)


def _refuse_moved(ledger: Ledger, target: Place) -> None:
    went = ledger.moved
    if went and went != str(target):
        what = _("this ledger went to {place}").format(place=went)
        raise UsageError(what, "", _("copy it from there"))


def _move_files(settings: Settings, ledger: Ledger, target: Place) -> int:
    """The archives follow the ledger, unless config.toml says where they are."""
    if settings.archive.store:
        return 0
    if isinstance(target, Database):
        return sum(_keep(ledger.kept, path, settings.folder) for path in _files(settings.folder))
    return _write_out(ledger.kept, target)


def _files(folder: Path) -> Iterator[Path]:
    for archive in (EXPORTS, WITHHELD):
        yield from (path for path in kept_in(folder / archive) if path.is_file())


def _keep(book: KeptBook, path: Path, folder: Path) -> int:
    """The file in the folder stays, as a copy."""
    archive, *parts = path.relative_to(folder).parts
    is_pending = parts[0] == UNSENT and path.name.endswith(PENDING)
    name = path.name.removesuffix(PENDING) if is_pending else "/".join(parts)
    kept = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    book.write(archive, name, path.read_bytes(), kept, pending=is_pending)
    return 1


def _write_out(book: KeptBook, folder: Path) -> int:
    files = book.files()
    for file in files:
        path = folder / file.archive / file.name
        if file.is_pending:
            path = folder / file.archive / UNSENT / (file.name + PENDING)
        try:
            make_private_folder(path.parent)
            write_privately(path, book.read(file.archive, file.name) or b"")
        except OSError as error:
            what = _("the archive cannot be written ({reason})")
            reason = error.strerror or str(error)
            raise UnreachableError(what.format(reason=reason), str(path)) from error
    for archive in {file.archive for file in files}:
        book.remove(archive, [file.name for file in files if file.archive == archive])
    return len(files)
