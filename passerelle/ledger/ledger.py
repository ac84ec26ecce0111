"""Opening the ledger, and its books: orders, dispatches, stock, runs."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool
from sqlalchemy.util import LRUCache

from passerelle.base.durable import private
from passerelle.base.errors import UnreachableError
from passerelle.base.language import _
from passerelle.ledger.erasure import ErasureBook
from passerelle.ledger.jobs import JobBook
from passerelle.ledger.looking_back import LookingBack, Overview
from passerelle.ledger.orders import OrderBook
from passerelle.ledger.outbox import DispatchBook
from passerelle.ledger.pool import PoolBook
from passerelle.ledger.runs import AlertBook, RunBook
from passerelle.ledger.sales import SaleBook
from passerelle.ledger.schema import make_tables
from passerelle.ledger.servers import ServerBook
from passerelle.ledger.stock import StockBook

FILE_NAME = "passerelle.db"
_BUSY_MS = 10_000
# A process that serves many ledgers, or one all day, compiles its SQL once.
_COMPILED: LRUCache[Any, Any] = LRUCache(500)


class Ledger:
    """An open ledger. Every method of its books is one transaction: done wholly or not at all.

    All may raise :class:`UnreachableError` when the file is locked, damaged or cannot grow.
    """

    def __init__(self, engine: Engine, where: str) -> None:
        self._engine, self._where = engine, where
        with self.begin() as connection:
            make_tables(connection)
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
        self.servers = ServerBook(self.begin, self.begin_lightly)

    def begin(self) -> AbstractContextManager[Connection]:
        """A transaction; committed, durably, when the block ends well."""
        return self._begin(self._engine)

    def begin_lightly(self) -> AbstractContextManager[Connection]:
        """A transaction that need not wait for the disk: the next durable one makes it durable.

        For what could be found out again, should the power fail in between.
        """
        return self._begin(self._engine.execution_options(lightly=True))

    @contextmanager
    def _begin(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except OperationalError as error:
            raise UnreachableError(
                _("the ledger cannot be used ({reason})").format(reason=error.orig),
                self._where,
                _("close programs that hold it open, make room on the disk; the next run goes on"),
            ) from error
        except DatabaseError as error:
            raise UnreachableError(
                _("the ledger is damaged ({kind})").format(kind=type(error.orig).__name__),
                self._where,
                _("put back the newest copy from your backups; an older one is told and held"),
            ) from error

    def close(self) -> None:
        self._engine.dispose()


def open_ledger(folder: Path) -> Ledger:
    """Opens the ledger in ``folder``, creating it where there is none.

    SQLite in WAL mode: readers never wait for a run. Raises :class:`UnreachableError`.
    """
    path = folder / FILE_NAME
    with suppress(OSError):
        # SQLite says better why it cannot; -wal and -shm take over this file's permissions. Where
        # it exists it is not touched: closing any handle of a file drops SQLite's locks on it.
        open(path, "xb", opener=private).close()
    return Ledger(_sqlite(str(path)), str(path))


def ledger_exists(folder: Path) -> bool:
    """Whether a run has ever written a ledger in ``folder``."""
    return (folder / FILE_NAME).exists()


@contextmanager
def open_copy(folder: Path) -> Iterator[Ledger]:
    """A copy of the ledger to look at or rehearse on; nothing in ``folder`` changes.

    Where there is no ledger yet, the copy is an empty one.
    """
    with tempfile.TemporaryDirectory(prefix="passerelle-", ignore_cleanup_errors=True) as scratch:
        for suffix in ("", "-wal"):
            source = folder / (FILE_NAME + suffix)
            if source.exists():
                _copy(source, Path(scratch))
        ledger = open_ledger(Path(scratch))
        try:
            yield ledger
        finally:
            ledger.close()


@contextmanager
def reading_ledger(folder: Path) -> Iterator[Ledger]:
    """The ledger, to look something up; a run may be active meanwhile.

    Looking creates nothing: where there is no ledger yet, it is an empty one.
    """
    if not ledger_exists(folder):
        with open_copy(folder) as empty:
            yield empty
        return
    with closing(open_ledger(folder)) as ledger:
        yield ledger


def _copy(source: Path, folder: Path) -> None:
    try:
        shutil.copy2(source, folder / source.name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreachableError(_("the ledger cannot be read"), str(source), reason) from error


@cache
def _dialect() -> Dialect:
    """One for all ledgers: compiled statements are kept by it, and so serve each of them."""
    model = create_engine("sqlite://")
    model.connect().close()  # it has asked SQLite's version then
    return model.dialect


@lru_cache(maxsize=4)
def _sqlite(path: str) -> Engine:
    # One connection from opening to close(): a transaction costs its commit and nothing more.
    pool = StaticPool(partial(sqlite3.connect, path, check_same_thread=False))
    shared = {"compiled_cache": _COMPILED}
    engine = Engine(pool, _dialect(), make_url(f"sqlite:///{path}"), execution_options=shared)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: object) -> None:
        # Passerelle begins its transactions itself, so that reads and writes are one.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        lightly = connection.get_execution_options().get("lightly", False)
        # In WAL mode, NORMAL leaves a commit to the operating system, and FULL waits for the disk.
        mode = "NORMAL" if lightly else "FULL"
        if connection.info.get("synchronous") != mode:
            connection.exec_driver_sql(f"PRAGMA synchronous = {mode}")
            connection.info["synchronous"] = mode
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
