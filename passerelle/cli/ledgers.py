"""The ledger, as commands open it: to look something up, or to change it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager

from passerelle.base.lock import hold_lock
from passerelle.cli.common import now
from passerelle.config.model import Settings
from passerelle.ledger import ledger as ledgers
from passerelle.ledger.ledger import Ledger, open_ledger


def reading_ledger(settings: Settings) -> AbstractContextManager[Ledger]:
    """The ledger, to look something up; a run may be active meanwhile."""
    return ledgers.reading_ledger(settings.folder)


@contextmanager
def steering_ledger(settings: Settings, command: str) -> Iterator[Ledger]:
    """The ledger, to change it; no run is active meanwhile."""
    with hold_lock(settings.folder, command, now()), reading_ledger(settings) as ledger:
        yield ledger


@contextmanager
def writing_ledger(settings: Settings, command: str) -> Iterator[Ledger]:
    """The same, for what may be written before any run was: the ledger is created."""
    with (
        hold_lock(settings.folder, command, now()),
        closing(open_ledger(settings.folder)) as ledger,
    ):
        yield ledger
