"""The ledger, as commands open it: to look something up, or to change it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager

from passerelle.cli.common import now
from passerelle.config.model import Settings
from passerelle.ledger import ledger as ledgers
from passerelle.ledger.ledger import Ledger, ledger_exists, open_ledger
from passerelle.ledger.locks import run_lock


def reading_ledger(settings: Settings) -> AbstractContextManager[Ledger]:
    """The ledger, to look something up; a run may be active meanwhile."""
    return ledgers.reading_ledger(settings.ledger_at)


@contextmanager
def steering_ledger(settings: Settings, command: str) -> Iterator[Ledger]:
    """The ledger, to change it; no run is active meanwhile."""
    with run_lock(settings.ledger_at, settings.folder, command, now()) as engine:
        if ledger_exists(settings.ledger_at):
            with closing(open_ledger(settings.ledger_at, engine)) as ledger:
                yield ledger
        else:
            with reading_ledger(settings) as empty:
                yield empty


@contextmanager
def writing_ledger(settings: Settings, command: str) -> Iterator[Ledger]:
    """The same, for what may be written before any run was: the ledger is created."""
    with (
        run_lock(settings.ledger_at, settings.folder, command, now()) as engine,
        closing(open_ledger(settings.ledger_at, engine)) as ledger,
    ):
        yield ledger
