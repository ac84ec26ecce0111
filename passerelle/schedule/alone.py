"""One loop at a time in a folder: two would start each run twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from passerelle.durable import make_private_folder
from passerelle.errors import BusyError, UnreachableError
from passerelle.language import _

# Not the runs' own lock: between two runs a person may start one by hand.
FILE_NAME = "passerelle.lock.schedule"


@contextmanager
def the_only_loop(folder: Path) -> Iterator[None]:
    """Within it, no other loop starts in ``folder``. The system ends it with the process.

    Raises :class:`BusyError` beside another loop, :class:`UnreachableError` where nothing can be
    written.
    """
    lock = FileLock(folder / FILE_NAME, mode=0o600)
    try:
        make_private_folder(folder)
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError(
            _("another `passerelle schedule run` starts the runs already"),
            str(folder),
            _("leave it to that one, or end it with Ctrl+C in its window"),
        ) from None
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
