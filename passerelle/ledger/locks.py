"""One run at a time of a ledger: by a lock file beside it, or by its database's own lock."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from socket import gethostname

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DatabaseError

from passerelle.base.durable import make_private_folder
from passerelle.base.errors import BusyError
from passerelle.base.language import _
from passerelle.base.lock import hold_lock
from passerelle.config.ledger import Database, Place
from passerelle.ledger.databases import PATIENT, lock_key, postgresql_engine, unreachable


@contextmanager
def run_lock(
    place: Place, folder: Path, run: str, now: datetime, *, is_patient: bool = False
) -> Iterator[Engine | None]:
    """Within it, no other run or command changes anything at ``place``.

    Yields the engine to open a database's ledger with: its connection holds the lock, so that
    whoever loses the one loses the other; ``is_patient``: its transactions may stand still. Raises
    :class:`BusyError`, naming who holds it, and :class:`UnreachableError`.
    """
    if isinstance(place, Database):
        with suppress(OSError):  # traces and archives live there; who writes one tells it
            make_private_folder(folder)
        with _database_lock(place, run, now, is_patient=is_patient) as engine:
            yield engine
        return
    with hold_lock(folder, run, now):
        yield None


@contextmanager
def _database_lock(
    database: Database, run: str, now: datetime, *, is_patient: bool
) -> Iterator[Engine]:
    more = PATIENT if is_patient else {}
    engine = postgresql_engine(database, f"{run} {now:%H:%M} {gethostname()}", more)
    try:
        key = lock_key(database.schema, "run")
        try:
            with engine.begin() as connection:
                is_ours = connection.scalar(text(f"SELECT pg_try_advisory_lock({key})"))
                owner = "" if is_ours else _owner(connection, key)
        except DatabaseError as error:
            raise unreachable(database, error) from error
        if not is_ours:
            what = _("another run is active ({owner})").format(owner=owner)
            raise BusyError(what, str(database), _("wait until it has ended"))
        yield engine
        with suppress(DatabaseError), engine.begin() as connection:
            # Closing the connection does it too, but a moment later.
            connection.execute(text(f"SELECT pg_advisory_unlock({key})"))
    finally:
        engine.dispose()


# An advisory lock's key stands in two halves:
# https://www.postgresql.org/docs/current/view-pg-locks.html
_OWNER = text("""
    SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND classid::bigint = :high AND objid::bigint = :low
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")


def _owner(connection: Connection, key: int) -> str:
    halves = {"high": key >> 32 & 0xFFFFFFFF, "low": key & 0xFFFFFFFF}
    return connection.scalar(_OWNER, halves) or _("it has not said which")
