"""The tills' book: ``tills.db`` beside the ledger, in which one server puts commands in order.

SQLite by the standard library: a command is a handful of statements, and fifty tills wait for them.
Writes are durable (``synchronous = FULL``) before they are answered; looking waits for nobody.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from passerelle.base.durable import make_private_folder, private, replace_whole
from passerelle.base.errors import UnreachableError
from passerelle.base.language import _

FILE_NAME, WITNESS_NAME = "tills.db", "tills.last"
_BUSY_SECONDS = 10
_VERSION = 1
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE tills (
    name TEXT PRIMARY KEY, grp TEXT NOT NULL, is_program INTEGER NOT NULL, token BLOB,
    paired TEXT NOT NULL, revoked TEXT, agent TEXT NOT NULL DEFAULT '', heard TEXT,
    last_n INTEGER NOT NULL DEFAULT 0, receipt INTEGER NOT NULL DEFAULT 0,
    unsent INTEGER, answered INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX tills_by_token ON tills (token);
CREATE TABLE pairings (
    name TEXT PRIMARY KEY, grp TEXT NOT NULL, key BLOB NOT NULL, made TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE sessions (
    grp TEXT NOT NULL, number INTEGER NOT NULL, opened TEXT NOT NULL, closed TEXT,
    orders INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (grp, number)
) WITHOUT ROWID;
CREATE TABLE orders (
    grp TEXT NOT NULL, id TEXT NOT NULL, session INTEGER NOT NULL, state TEXT NOT NULL,
    maker TEXT NOT NULL, claim TEXT, seq INTEGER NOT NULL, rev INTEGER NOT NULL,
    created TEXT NOT NULL, paid TEXT, paid_seq INTEGER, doc TEXT NOT NULL,
    more TEXT NOT NULL, PRIMARY KEY (grp, id)
);
CREATE INDEX orders_by_seq ON orders (seq);
CREATE INDEX orders_by_state ON orders (grp, state);
CREATE INDEX orders_by_payment ON orders (grp, paid_seq);
CREATE TABLE replies (
    till TEXT NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL, status INTEGER NOT NULL,
    body BLOB NOT NULL, at TEXT NOT NULL, PRIMARY KEY (till, key)
) WITHOUT ROWID;
CREATE INDEX replies_by_time ON replies (at);
CREATE TABLE journal (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, grp TEXT NOT NULL, till TEXT NOT NULL,
    order_id TEXT NOT NULL, answer TEXT NOT NULL, why TEXT NOT NULL, what TEXT NOT NULL
);
CREATE TABLE surplus (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, grp TEXT NOT NULL, till TEXT NOT NULL,
    order_id TEXT NOT NULL, receipt TEXT NOT NULL, payments TEXT NOT NULL, why TEXT NOT NULL,
    settled TEXT
);
CREATE TABLE flags (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, grp TEXT NOT NULL, till TEXT NOT NULL,
    kind TEXT NOT NULL, about TEXT NOT NULL, settled TEXT
);
"""


def book_exists(folder: Path) -> bool:
    """Whether a till server has ever written a book in ``folder``."""
    return (folder / FILE_NAME).exists()


def book_was_there(folder: Path) -> bool:
    """Whether there ever was one: the file beside it outlives it."""
    return (folder / WITNESS_NAME).exists()


def open_connection(folder: Path) -> sqlite3.Connection:
    """A connection to the book, which is made where there is none.

    Raises :class:`UnreachableError` where the file cannot be used, or is a later version's.
    """
    path = folder / FILE_NAME
    with suppress(OSError):
        make_private_folder(folder)
        # SQLite says better why it cannot; -wal and -shm take over this file's permissions. Where
        # it exists it is not touched: closing any handle of a file drops SQLite's locks on it.
        open(path, "xb", opener=private).close()
    with telling(path):
        connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _make_tables(connection, path)
    return connection


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """SQLite's errors, as what a person can mend."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise UnreachableError(
            _("the tills' book cannot be used ({reason})").format(reason=error),
            str(path),
            _("close programs that hold it open, make room on the disk, and try again"),
        ) from error
    except sqlite3.DatabaseError as error:
        raise UnreachableError(
            _("the tills' book is damaged ({kind})").format(kind=type(error).__name__),
            str(path),
            _("put back the newest copy from your backups: the tills will notice, and hold"),
        ) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is done in the block is durable when it ends, or none of it happened."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _make_tables(connection: sqlite3.Connection, path: Path) -> None:
    with transaction(connection):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise UnreachableError(
                _("the tills' book was written by a newer Passerelle"), str(path), _("update it")
            )
        if version == 0:
            for statement in filter(str.strip, _TABLES.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            first = {"epoch": new_epoch(), "seq": 0, "ask": 0, "salt": secrets.token_hex(16)}
            connection.executemany("INSERT INTO meta VALUES (?, ?)", first.items())


def new_epoch() -> str:
    """Tells this book, from now on, from any that was or will be."""
    return secrets.token_hex(4)


class BookWitness:
    """Names the book's last number beside it: a book put back from a backup is older than that."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / WITNESS_NAME

    def remember(self, epoch: str, seq: int) -> None:
        with suppress(OSError):
            replace_whole(self._path, json.dumps({"epoch": epoch, "seq": seq}).encode())

    def is_newer(self, epoch: str, seq: int) -> bool:
        """Whether the book was further once than it is: in another epoch, or a later number."""
        try:
            last = json.loads(self._path.read_bytes())
            return bool(last["epoch"] != epoch or int(last["seq"]) > seq)
        except (OSError, ValueError, KeyError, TypeError):
            return False


class Pages:
    """A part of the book: what it writes and looks up, all on one connection."""

    _db: sqlite3.Connection

    def meta(self, name: str) -> Any:
        return self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]

    def set_meta(self, name: str, value: Any) -> None:
        self._db.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))


def text_of(moment: datetime) -> str:
    """In UTC: sorts as text, reads the same anywhere."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)
