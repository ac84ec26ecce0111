"""One run at a time in a folder, and one loop that starts them."""

import json
import os
from collections.abc import Callable, Iterator
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
    """Within it, no other run or command changes anything in ``folder``.

    Raises :class:`BusyError` naming who holds it and since when.
    """

    def busy() -> BusyError:
        what = _("another run is active ({owner})").format(owner=_owner(folder))
        return BusyError(what, str(folder), _("wait until it has ended"))

    with locked(folder, FILE_NAME, busy):
        try:
            since = now.isoformat(sep=" ", timespec="seconds")
            owner = {"run": run, "since": since, "pid": os.getpid()}
            with suppress(OSError):
                write_privately(folder / OWNER_NAME, json.dumps(owner).encode())
            yield
        finally:
            with suppress(OSError):
                (folder / OWNER_NAME).unlink()


@contextmanager
def locked(folder: Path, name: str, busy: Callable[[], BusyError]) -> Iterator[None]:
    """Holds a lock file. The system frees it when the process dies, however it dies.

    Raises what ``busy`` makes where another process holds it, :class:`UnreachableError` where
    nothing can be written.
    """
    lock = FileLock(folder / name, mode=0o600)
    try:
        make_private_folder(folder)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise busy() from error
    except OSError as error:
        raise UnreachableError(
            _("the folder cannot be written ({reason})").format(reason=error.strerror or error),
            str(folder),
            _("create it, or give this account the right to write there"),
        ) from error
    try:
        yield
    finally:
        lock.release()


def _owner(folder: Path) -> str:
    try:
        owner = json.loads((folder / OWNER_NAME).read_text(encoding="utf-8"))
        text = _("{run}, since {since}, process {pid}")
        return text.format(run=owner["run"], since=owner["since"], pid=owner["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return _("it has not said which")
