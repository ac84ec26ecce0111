"""Opening the ledger, and its books: orders, dispatches, stock, runs."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DatabaseError, OperationalError

from passerelle.base.durable import private
from passerelle.base.errors import (
    LedgerAwayError,
    LedgerMovedError,
    PasserelleError,
    UnreachableError,
)
from passerelle.base.language import _
from passerelle.config.ledger import Database, Place
from passerelle.ledger.databases import (
    postgresql_engine,
    reason_of,
    rehearsing_engine,
    sqlite_engine,
    unreachable,
)
from passerelle.ledger.erasure import ErasureBook
from passerelle.ledger.jobs import JobBook
from passerelle.ledger.kept import KeptBook
from passerelle.ledger.looking_back import LookingBack, Overview
from passerelle.ledger.orders import OrderBook
from passerelle.ledger.outbox import DispatchBook
from passerelle.ledger.pool import PoolBook
from passerelle.ledger.runs import AlertBook, RunBook
from passerelle.ledger.sales import SaleBook
from passerelle.ledger.schema import identity
from passerelle.ledger.servers import ServerBook
from passerelle.ledger.stock import StockBook
from passerelle.ledger.versions import is_made, make_tables

FILE_NAME = "passerelle.db"
# Where a ledger says that it went, while it is a copy that is still being made; behind it stands
# the URL of the original, if that is a database.
UNFINISHED = "?"


class Ledger:
    """An open ledger. Every method of its books is one transaction: done wholly or not at all.

    All may raise :class:`UnreachableError`: the file is locked, damaged or cannot grow, or the
    database is away.
    """

    def __init__(
        self,
        engine: Engine,
        where: str,
        within: Connection | None = None,
        *,
        even_moved: bool = False,
    ) -> None:
        """``within`` is a transaction of which all others are parts, and that never ends well.

        Raises :class:`ConfigError` for a ledger that went elsewhere, unless ``even_moved``.
        """
        self._engine, self._where, self._within = engine, where, within
        with self.begin() as connection:
            make_tables(connection, may_upgrade=within is None)
            self.moved = connection.scalar(select(identity.c.moved)) or ""
        if self.moved and not even_moved:
            if not within:
                self.close()
            raise _moved(self.moved, where)
        self.orders = OrderBook(self.begin)
        self.dispatches = DispatchBook(self.begin, self.begin_lightly)
        self.stock = StockBook(self.begin)
        self.runs = RunBook(self.begin)
        self.erasure = ErasureBook(self.begin)
        self.overview = Overview(self.begin)
        self.looking_back = LookingBack(self.begin)
        self.alerts = AlertBook(self.begin)
        self.pool = PoolBook(self.begin)
        self.sales = SaleBook(self.begin)
        self.jobs = JobBook(self.begin)
        self.kept = KeptBook(self.begin)
        self.servers = ServerBook(self.begin, self.begin_lightly)

    def begin(self) -> AbstractContextManager[Connection]:
        """A transaction; committed, durably, when the block ends well."""
        return self._begin(self._engine)

    def begin_lightly(self) -> AbstractContextManager[Connection]:
        """A transaction that need not wait for the disk: the next durable one makes it durable.

        For what could be found out again, should the power fail in between.
        """
        return self._begin(self._engine.execution_options(lightly=True))

    def hold(self) -> None:
        """What follows touches others' files: is the run's lock still held?

        A database's lock goes with its connection, and another run may have begun since. Raises
        :class:`LedgerAwayError`.
        """
        if not self._is_file:
            with self.begin_lightly():
                pass

    @contextmanager
    def _begin(self, engine: Engine) -> Iterator[Connection]:
        try:
            if self._within:
                with self._within.begin_nested():
                    yield self._within
            else:
                with engine.begin() as connection:
                    yield connection
        except DatabaseError as error:
            raise self.told(error) from error

    def told(self, error: DatabaseError) -> PasserelleError:
        """What this ledger's database says, in words for people."""
        is_away = isinstance(error, OperationalError)
        return self._away(error) if is_away else self._damaged(error)

    def _away(self, error: DatabaseError) -> PasserelleError:
        what = _("the ledger cannot be used ({reason})").format(reason=reason_of(error))
        mend = _("close programs that hold it open, make room on the disk; the next run goes on")
        if self._is_file:
            return UnreachableError(what, self._where, mend)
        mend = _("see that PostgreSQL runs, and takes this user and password; the next run goes on")
        return LedgerAwayError(what, self._where, mend)

    def _damaged(self, error: DatabaseError) -> PasserelleError:
        if self._is_file:
            what = _("the ledger is damaged ({kind})").format(kind=type(error.orig).__name__)
            mend = _("put back the newest copy from your backups; an older one is told and held")
            return UnreachableError(what, self._where, mend)
        what = _("PostgreSQL refuses the ledger ({reason})").format(reason=reason_of(error))
        mend = _("give this account its schema, or look into PostgreSQL's log")
        return UnreachableError(what, self._where, mend)

    @property
    def _is_file(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    def close(self) -> None:
        self._engine.dispose()


def _moved(went: str, where: str) -> LedgerMovedError:
    if went.startswith(UNFINISHED):
        what = _("this is a copy of a ledger that was not finished")
        mend = _("say the same `passerelle ledger copy --to URL` again")
        return LedgerMovedError(what, where, mend)
    what = _("this ledger went to {place}").format(place=went)
    mend = _("have `ledger` in config.toml say so, or copy it back: docs/fleet.md")
    return LedgerMovedError(what, where, mend)


def open_ledger(place: Place, engine: Engine | None = None, *, even_moved: bool = False) -> Ledger:
    """Opens the ledger at ``place``, creating it where there is none.

    SQLite in WAL mode: readers never wait for a run. ``engine`` is the one that holds the lock of
    a database's ledger. Raises :class:`UnreachableError`, and :class:`ConfigError` for one that
    went elsewhere, unless ``even_moved``.
    """
    if isinstance(place, Database):
        return Ledger(engine or postgresql_engine(place), str(place), even_moved=even_moved)
    path = place / FILE_NAME
    with suppress(OSError):
        # SQLite says better why it cannot; -wal and -shm take over this file's permissions. Where
        # it exists it is not touched: closing any handle of a file drops SQLite's locks on it.
        open(path, "xb", opener=private).close()
    return Ledger(sqlite_engine(str(path)), str(path), even_moved=even_moved)


def ledger_exists(place: Place) -> bool:
    """Whether a run has ever written a ledger there. Raises :class:`UnreachableError`."""
    if isinstance(place, Database):
        with _looking(postgresql_engine(place), place) as connection:
            return is_made(connection, place.schema)
    return (place / FILE_NAME).exists()


@contextmanager
def open_copy(place: Place) -> Iterator[Ledger]:
    """The ledger as it is now, to look at or rehearse on; nothing at ``place`` changes, and no run
    waits for it.

    Where there is no ledger yet, it is an empty one.
    """
    if isinstance(place, Database) and ledger_exists(place):
        with _rehearsal(place) as ledger:
            yield ledger
        return
    with tempfile.TemporaryDirectory(prefix="passerelle-", ignore_cleanup_errors=True) as scratch:
        if isinstance(place, Path):
            for suffix in ("", "-wal"):
                _copy(place / (FILE_NAME + suffix), Path(scratch))
        with closing(open_ledger(Path(scratch))) as ledger:
            yield ledger


@contextmanager
def reading_ledger(place: Place) -> Iterator[Ledger]:
    """The ledger, to look something up; a run may be active meanwhile.

    Looking creates nothing: where there is no ledger yet, it is an empty one.
    """
    if not ledger_exists(place):
        with open_copy(place) as empty:
            yield empty
        return
    with closing(open_ledger(place)) as ledger:
        yield ledger


@contextmanager
def _rehearsal(database: Database) -> Iterator[Ledger]:
    """One transaction of PostgreSQL's, which sees one moment, and is taken back."""
    with _looking(rehearsing_engine(database), database) as connection:
        yield Ledger(connection.engine, str(database), connection)


@contextmanager
def _looking(engine: Engine, database: Database) -> Iterator[Connection]:
    try:
        with closing(engine.connect()) as connection:
            yield connection
    except DatabaseError as error:
        raise unreachable(database, error) from error
    finally:
        engine.dispose()


def _copy(source: Path, folder: Path) -> None:
    try:
        shutil.copy2(source, folder / source.name)
    except FileNotFoundError:
        return
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreachableError(_("the ledger cannot be read"), str(source), reason) from error
