"""The two databases that a ledger may lie in, as SQLAlchemy's engines.

A transaction of a ledger shuts out every other of the same ledger: on SQLite it begins IMMEDIATE,
on PostgreSQL it takes an advisory lock of its schema. So a book reads and writes as if it were
alone, whichever database keeps it.
"""

import os
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache, lru_cache, partial
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool, StaticPool
from sqlalchemy.util import LRUCache

from passerelle.base.errors import ConfigError, LedgerAwayError
from passerelle.base.language import _
from passerelle.config.ledger import Database
from passerelle.ledger.schema import metadata

_BUSY_MS = 10_000
# So long a run waits for whoever writes a long table out; longer than a machine that vanished keeps
# its turn.
_TURN_MS = 30_000
# A process that serves many ledgers, or one all day, compiles its SQL once.
_COMPILED: LRUCache[Any, Any] = LRUCache(500)


def unreachable(database: Database, error: DatabaseError) -> LedgerAwayError:
    return LedgerAwayError(
        _("the ledger cannot be used ({reason})").format(reason=reason_of(error)),
        str(database),
        _("see that PostgreSQL runs, and takes this user and password; the next run goes on"),
    )


def reason_of(error: DatabaseError) -> str:
    """What the database says, in one line."""
    return " ".join(str(error.orig).split())


def _is_light(connection: Connection) -> bool:
    """Whether its transaction need not wait for the disk."""
    return bool(connection.get_execution_options().get("lightly", False))


# --- SQLite


@cache
def _sqlite_dialect() -> Dialect:
    """One for all ledgers: compiled statements are kept by it, and so serve each of them."""
    model = create_engine("sqlite://")
    model.connect().close()  # it has asked SQLite's version then
    return model.dialect


@lru_cache(maxsize=4)
def sqlite_engine(path: str) -> Engine:
    # One connection from opening to close(): a transaction costs its commit and nothing more.
    pool = StaticPool(partial(sqlite3.connect, path, check_same_thread=False))
    shared = {"compiled_cache": _COMPILED}
    url = make_url(f"sqlite:///{path}")
    engine = Engine(pool, _sqlite_dialect(), url, execution_options=shared)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: object) -> None:
        # Passerelle begins its transactions itself, so that reads and writes are one.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # In WAL mode, NORMAL leaves a commit to the operating system, and FULL waits for the disk.
        mode = "NORMAL" if _is_light(connection) else "FULL"
        if connection.info.get("synchronous") != mode:
            connection.exec_driver_sql(f"PRAGMA synchronous = {mode}")
            connection.info["synchronous"] = mode
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


# --- PostgreSQL

# A machine that vanished is noticed within half a minute, by both sides; a program that stands
# still in the middle of a transaction keeps the others waiting no longer than that either.
_OPTIONS = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
_SETTINGS = {
    "lock_timeout": f"{_TURN_MS}",
    "idle_in_transaction_session_timeout": "30000",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    # Times and numbers are read as Passerelle wrote them, whatever the server's habits are.
    "timezone": "UTC",
    # What is promised is on the disk before it is sent, whatever the role's habits are.
    "synchronous_commit": "on",
    "client_min_messages": "warning",
}
_NO_MORE: Mapping[str, str] = {}
# Who is long in the middle of a transaction: a dry run asks servers, a copy writes elsewhere.
PATIENT = {"idle_in_transaction_session_timeout": "0"}


def lock_key(schema: str, purpose: str) -> int:
    """The number of an advisory lock, which a whole database shares: 64 bits, signed."""
    name = f"passerelle/{schema}/{purpose}".encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), signed=True)


def postgresql_engine(
    database: Database, deed: str = "", more: Mapping[str, str] = _NO_MORE
) -> Engine:
    """One connection, from its first use to ``dispose()``.

    It is made once: with it goes whatever lock it held, so whoever lost it must not go on as if
    nothing had been. ``deed`` is what PostgreSQL shows of who holds it.
    """
    engine = _engine(database, partial(_connect, database, deed, more))
    turn = lock_key(database.schema, "turn")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        lazy = " SET LOCAL synchronous_commit = off;" if _is_light(connection) else ""
        begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
        # One message: a transaction costs as few round trips as can be.
        connection.exec_driver_sql(f"{begin}{lazy} SELECT pg_advisory_xact_lock({turn})")

    return engine


def rehearsing_engine(database: Database) -> Engine:
    """The same for one transaction that sees one moment, and writes to tables of its own.

    What it writes nobody else sees or waits for: the first write to a table makes a temporary one
    in its place, which goes with the transaction.
    """
    # A prepared statement would go on reading the table that a temporary one stands in for.
    connect = partial(_connect, database, "dry run", PATIENT, prepare_threshold=None)
    engine = _engine(database, connect)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ")

    @event.listens_for(engine, "before_execute")
    def _before(connection: Connection, statement: Any, *_rest: object) -> None:
        if getattr(statement, "is_dml", False):
            _shadow(connection, database.schema, statement.table.name)

    return engine


def _engine(database: Database, connect: Callable[[], Any]) -> Engine:
    options = {"compiled_cache": _COMPILED}
    url = make_url(f"postgresql+psycopg:///{database.schema}")
    return Engine(StaticPool(_once(connect)), _dialect(database), url, execution_options=options)


def _shadow(connection: Connection, schema: str, table: str) -> None:
    found = connection.exec_driver_sql(f"SELECT to_regclass('pg_temp.{table}')").scalar()
    if found is None:
        shape = f'(LIKE "{schema}".{table} INCLUDING ALL) ON COMMIT DROP'
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {table} {shape}")
        connection.exec_driver_sql(f'INSERT INTO pg_temp.{table} TABLE "{schema}".{table}')


def _once(connect: Callable[[], Any]) -> Callable[[], Any]:
    connected: list[bool] = []

    def connect_once() -> Any:
        if connected:
            raise _psycopg().OperationalError(_("the connection was lost"))
        connected.append(True)
        return connect()

    return connect_once


def connection_arguments(
    database: Database, deed: str, more: Mapping[str, str] = _NO_MORE
) -> dict[str, Any]:
    """What psycopg connects with. Raises :class:`ConfigError` without driver or password."""
    settings = {**_SETTINGS, **more, "search_path": database.schema}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    given = _psycopg().conninfo.conninfo_to_dict(database.url)
    named = {
        "options": " ".join(filter(None, (given.pop("options", ""), options))),
        "application_name": _name(deed),
        "client_encoding": "UTF8",
    }
    if password := database.password():
        named["password"] = password
    # Passerelle begins its transactions itself.
    return {**_OPTIONS, **given, **named, "autocommit": True}


def _connect(
    database: Database, deed: str, more: Mapping[str, str] = _NO_MORE, **options: Any
) -> Any:
    return _psycopg().connect(**connection_arguments(database, deed, more), **options)


def _name(deed: str) -> str:
    """What PostgreSQL shows of a connection: 63 bytes of ASCII."""
    text = f"passerelle {deed}, process {os.getpid()}" if deed else "passerelle"
    return text.encode("ascii", "replace")[:63].decode()


def _dialect(database: Database) -> Dialect:
    try:
        return _postgresql_dialect(replace(database, schema=""))
    except DatabaseError as error:
        raise unreachable(database, error) from error


@cache
def _postgresql_dialect(database: Database) -> Dialect:
    """One for all ledgers of a database, once it has asked PostgreSQL what it can do."""
    for index in (index for table in metadata.tables.values() for index in table.indexes):
        # Here, since naming PostgreSQL in the schema loads its dialect at every start.
        if (where := index.dialect_options["sqlite"]["where"]) is not None:
            index.dialect_options["postgresql"]["where"] = where
    connect = partial(_connect, database, "")
    model = create_engine(
        "postgresql+psycopg://", creator=connect, poolclass=NullPool, use_native_hstore=False
    )
    with closing(model.connect()) as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        what = _("the database keeps texts in {encoding}").format(encoding=encoding)
        mend = _("make it anew with ENCODING 'UTF8' TEMPLATE template0")
        raise ConfigError(what, str(database), mend)
    return model.dialect


def _psycopg() -> Any:
    try:
        import psycopg.conninfo
    except ImportError as error:
        raise ConfigError(
            _("PostgreSQL's driver is not installed"),
            "ledger",
            mend_without_driver(),
        ) from error
    return psycopg


def mend_without_driver() -> str:
    if getattr(sys, "frozen", False):
        return _("this program has none: use a Python with passerelle[fleet], see docs/fleet.md")
    return _('install it with `pip install "passerelle[fleet]"`')
