"""One run at a time in a folder."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from passerelle.base.durable import make_private_folder, write_privately
from passerelle.base.errors import BusyError, UnreachableError
from passerelle.base.language import _

FILE_NAME = "passerelle.lock"
# Beside the lock: on Windows a locked file cannot be read.
OWNER_NAME = "passerelle.lock.owner"


@contextmanager
def hold_lock(folder: Path, run: str, now: datetime) -> Iterator[None]:
    """Holds the folder's lock. The system frees it when the process dies, however it dies.

    Raises :class:`BusyError` naming who holds it and since when.
    """
    lock = FileLock(folder / FILE_NAME, mode=0o600)
    try:
        make_private_folder(folder)
        lock.acquire(timeout=0)
    except Timeout as error:
        what = _("another run is active ({owner})").format(owner=_owner(folder))
        raise BusyError(what, str(folder), _("wait until it has ended")) from error
    except OSError as error:
        what = _("the folder cannot be written ({reason})")
        raise UnreachableError(
            what.format(reason=error.strerror or error),
            str(folder),
            _("create it, or give this account the right to write there"),
        ) from error
    try:
        _sign(folder, run, now)
        yield
    finally:
        with suppress(OSError):
            (folder / OWNER_NAME).unlink()
        lock.release()


def _sign(folder: Path, run: str, now: datetime) -> None:
    owner = {"run": run, "since": now.isoformat(sep=" ", timespec="seconds"), "pid": os.getpid()}
    with suppress(OSError):
        write_privately(folder / OWNER_NAME, json.dumps(owner).encode())


def _owner(folder: Path) -> str:
    try:
        owner = json.loads((folder / OWNER_NAME).read_text(encoding="utf-8"))
        text = _("{run}, since {since}, process {pid}")
        return text.format(run=owner["run"], since=owner["since"], pid=owner["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return _("it has not said which")
