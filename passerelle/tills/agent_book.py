"""A till's own book: what the server told it, what it has not heard of yet, and its receipts.

``till-NAME.db`` on the till's machine: a crash, a power cut or a browser that is closed loses
nothing that the till confirmed. One process has it open at a time.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from socket import gethostname
from typing import NamedTuple

from passerelle.base.durable import private
from passerelle.base.exact_json import dump
from passerelle.ledger.till_tables import telling, transaction
from passerelle.model.till_forms import read_order, shown
from passerelle.model.tills import TillCommand, TillOrder
from passerelle.rules.tills.commands import read_command, write_command
from passerelle.rules.tills.merge import payment_of

# A program that comes back with an older state than these has to fetch the order anew.
_HANDED = 20
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, rev INTEGER NOT NULL, state TEXT NOT NULL, claim TEXT, doc TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS kept (order_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS outbox (
    n INTEGER PRIMARY KEY, order_id TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_by_order ON outbox (order_id, n);
CREATE TABLE IF NOT EXISTS handed (
    number INTEGER PRIMARY KEY, order_id TEXT NOT NULL, version TEXT NOT NULL, doc TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS handed_by_order ON handed (order_id, version);
CREATE TABLE IF NOT EXISTS refused (
    key TEXT PRIMARY KEY, order_id TEXT NOT NULL, why TEXT NOT NULL, who TEXT, at TEXT NOT NULL,
    receipt TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0
);
"""
# What is about orders that are gone.
_TIDY = (
    "DELETE FROM handed"
    " WHERE order_id NOT IN (SELECT id FROM orders UNION SELECT order_id FROM outbox)",
    "DELETE FROM kept"
    " WHERE order_id NOT IN (SELECT id FROM orders UNION SELECT order_id FROM outbox)",
)


class Refused(NamedTuple):
    """A command of this till that the server did not carry out, until somebody has seen it.

    ``receipt`` is that of money which no order could take.
    """

    key: str
    order: str
    why: str
    who: str | None
    at: str
    receipt: str = ""


def books_in(folder: Path) -> list[Path]:
    """The tills' own books in a folder: a machine may be several tills."""
    return sorted(folder.glob("till-*.db"))


def path_for(folder: Path, till: str) -> Path:
    """A file name for any till's name."""
    plain = "".join(char if char.isalnum() or char in "-_" else "_" for char in till)[:40].lower()
    # Two tills have two files, also where the case of letters does not count.
    tail = "" if plain == till else f"-{sha256(till.encode()).hexdigest()[:8]}"
    return folder / f"till-{plain}{tail}.db"


class AgentBook:
    """An open book; without a path one in memory. Who writes does so within :meth:`transaction`."""

    def __init__(self, path: Path | None) -> None:
        self.path = path or Path(":memory:")
        if path is not None:
            with suppress(OSError):
                open(path, "xb", opener=private).close()
        with telling(self.path):
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_TABLES)
            with self.transaction:
                self._db.execute("INSERT OR IGNORE INTO meta VALUES ('book', ?)", (token_hex(16),))

    def close(self) -> None:
        self._db.close()

    @property
    def transaction(self) -> AbstractContextManager[None]:
        """Durable when it ends, or undone. Raises :class:`UnreachableError`: a disk is full."""
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with telling(self.path), transaction(self._db):
            yield

    # --- who it is, and how far ----------------------------------------------------------------

    def get(self, name: str, default: str = "") -> str:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else default

    def set(self, **values: str | int) -> None:
        rows = [(name, str(value)) for name, value in values.items()]
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    @property
    def till(self) -> str:
        return self.get("till")

    @property
    def installation(self) -> str:
        """This book, at this place: a copy of it elsewhere is another installation."""
        place = "\n".join((self.get("book"), gethostname(), str(self.path.resolve())))
        return sha256(place.encode()).hexdigest()[:32]

    @property
    def n(self) -> int:
        """The number of the last command."""
        return int(self.get("n", "0"))

    @property
    def receipt(self) -> int:
        """The number of the last receipt."""
        return int(self.get("receipt", "0"))

    def catch_up(self, n: int, receipt: int) -> None:
        """Never a number again that the server knows already."""
        self.set(n=max(self.n, n), receipt=max(self.receipt, receipt))

    # --- orders --------------------------------------------------------------------------------

    def order(self, id: str) -> TillOrder | None:
        """The order as the server told it last."""
        row = self._db.execute("SELECT doc FROM orders WHERE id = ?", (id,)).fetchone()
        return read_order(row[0]) if row else None

    def ids(self) -> list[str]:
        """All orders that the till knows, its own that the server does not know yet among them."""
        rows = self._db.execute(
            "SELECT id FROM orders UNION SELECT order_id FROM outbox ORDER BY 1"
        )
        return [row[0] for row in rows]

    def put(self, order: TillOrder) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?)",
            (order.id, order.rev, order.state.value, order.claim, dump(shown(order))),
        )

    def forget_finished(self, most: int) -> None:
        """Paid and cancelled orders are kept to look at, the last ones."""
        self._db.execute(
            "DELETE FROM orders WHERE state != 'draft' AND rowid NOT IN (SELECT rowid FROM orders"
            " WHERE state != 'draft' ORDER BY rowid DESC LIMIT ?)",
            (most,),
        )
        for statement in _TIDY:
            self._db.execute(statement)

    def forget_orders(self) -> None:
        """The server tells the whole: what it does not name is of another day, or another book."""
        self._db.execute("DELETE FROM orders")

    def held_by(self, till: str) -> list[str]:
        """The drafts that the server says this till holds."""
        rows = self._db.execute(
            "SELECT id FROM orders WHERE claim = ? AND state = 'draft' ORDER BY id", (till,)
        )
        return [row[0] for row in rows]

    def keep_hold(self, id: str, *, kept: bool) -> None:
        """Whether a person holds the order, so that it is not released by itself."""
        word = "INSERT OR IGNORE INTO kept VALUES (?)"
        self._db.execute(word if kept else "DELETE FROM kept WHERE order_id = ?", (id,))

    def holds_kept(self) -> frozenset[str]:
        return frozenset(row[0] for row in self._db.execute("SELECT order_id FROM kept"))

    # --- the outbox ----------------------------------------------------------------------------

    def queue(self, command: TillCommand) -> None:
        """What the till confirms from now on, and the server will hear."""
        values = (command.n, command.order, write_command(command))
        self._db.execute("INSERT INTO outbox VALUES (?, ?, ?)", values)
        self.set(n=command.n)

    def pending(self, id: str) -> list[TillCommand]:
        """The order's commands that the server has not answered, oldest first."""
        rows = self._db.execute("SELECT body FROM outbox WHERE order_id = ? ORDER BY n", (id,))
        return [read_command(row[0]) for row in rows]

    def next_unsent(self) -> tuple[TillCommand, bytes] | None:
        row = self._db.execute("SELECT body FROM outbox ORDER BY n LIMIT 1").fetchone()
        return (read_command(row[0]), row[0]) if row else None

    def unsent(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM outbox").fetchone()[0])

    def answered(self, n: int) -> None:
        self._db.execute("DELETE FROM outbox WHERE n = ?", (n,))

    def refuse(self, command: TillCommand, why: str, who: str | None, at: datetime) -> None:
        paid = payment_of(command)
        receipt = paid.words["receipt"] if paid else ""
        values = (command.key, command.order, why, who, at.isoformat(), receipt)
        self._db.execute("INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?, ?, 0)", values)

    def refused(self) -> list[Refused]:
        return [Refused(*row[:-1]) for row in self._db.execute("SELECT * FROM refused ORDER BY at")]

    def tell_refused(self, id: str) -> Refused | None:
        """The order's first refusal that no ``sync`` has told, from now on told."""
        row = self._db.execute(
            "SELECT * FROM refused WHERE order_id = ? AND NOT told ORDER BY at", (id,)
        ).fetchone()
        self._db.execute("UPDATE refused SET told = 1 WHERE order_id = ?", (id,))
        return Refused(*row[:-1]) if row else None

    def see_refused(self, key: str) -> None:
        self._db.execute("DELETE FROM refused WHERE key = ?", (key,))

    # --- what programs were handed -------------------------------------------------------------

    def hand_out(self, id: str, version: str, doc: str) -> None:
        self._db.execute("DELETE FROM handed WHERE order_id = ? AND version = ?", (id, version))
        self._db.execute(
            "INSERT INTO handed (order_id, version, doc) VALUES (?, ?, ?)", (id, version, doc)
        )
        self._db.execute(
            "DELETE FROM handed WHERE order_id = ? AND number <= (SELECT number FROM handed"
            " WHERE order_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (id, id, _HANDED),
        )

    def handed(self, id: str, version: str) -> str | None:
        row = self._db.execute(
            "SELECT doc FROM handed WHERE order_id = ? AND version = ?", (id, version)
        ).fetchone()
        return row[0] if row else None
