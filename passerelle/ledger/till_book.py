"""The till server's book: which one it is, how far, and its orders."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from passerelle.ledger.till_journal import TillJournal
from passerelle.ledger.till_people import TillPeople
from passerelle.ledger.till_tables import (
    FILE_NAME,
    BookWitness,
    new_epoch,
    open_connection,
    telling,
    text_of,
    time_of,
    transaction,
)
from passerelle.model.till_forms import read_order, write_order
from passerelle.model.tills import (
    TillOrder,
    TillState,
)


class TillEvent(NamedTuple):
    """A state of an order, as the tills of its group are told: ``doc`` is its JSON."""

    seq: int
    group: str
    maker: str
    doc: str


class TillBook(TillJournal, TillPeople):
    """An open book. Who writes does so within :meth:`transaction`; times are aware.

    All may raise :class:`UnreachableError` where the file is locked, damaged or cannot grow.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._witness = BookWitness(folder)
        self._db = open_connection(folder)

    def close(self) -> None:
        self._db.close()

    @property
    def transaction(self) -> AbstractContextManager[None]:
        return transaction(self._db)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A part of a transaction, which fails by itself."""
        self._db.execute("SAVEPOINT apart")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO apart")
            raise
        finally:
            self._db.execute("RELEASE apart")

    def telling(self) -> AbstractContextManager[None]:
        """Errors of SQLite as what a person can mend."""
        return telling(self._path)

    # --- which book it is, and how far ---------------------------------------------------------

    @property
    def epoch(self) -> str:
        return str(self.meta("epoch"))

    @property
    def seq(self) -> int:
        return int(self.meta("seq"))

    @property
    def salt(self) -> bytes:
        return bytes.fromhex(self.meta("salt"))

    def data_version(self) -> int:
        """Another number once another connection wrote."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def begin_anew(self, now: datetime, why: str) -> None:
        """Another epoch: tills that knew the one before hold, and a person looks."""
        epoch = new_epoch()
        self.set_meta("epoch", epoch)
        self.flag(now, "", "", "restored", epoch)
        self.note(now, "", "", "", "begun anew", why, epoch)

    def is_older_than_it_was(self) -> bool:
        """Whether this is a copy of before: the file beside it has seen a later one."""
        return self._witness.is_newer(self.epoch, self.seq)

    def remember(self) -> None:
        """Notes beside the book how far it is."""
        self._witness.remember(self.epoch, self.seq)

    # --- orders --------------------------------------------------------------------------------

    def order(self, group: str, id: str) -> TillOrder | None:
        found = self._db.execute(
            "SELECT doc, more FROM orders WHERE grp = ? AND id = ?", (group, id)
        )
        row = found.fetchone()
        return read_order(*row) if row else None

    def put(self, group: str, order: TillOrder, now: datetime) -> TillEvent:
        """Writes an order's new state, which is an event for all tills of its group."""
        seq, (doc, more) = self.seq + 1, write_order(order)
        is_paid, at = order.state == TillState.PAID, text_of(now)
        values = (order.session, order.state.value, order.maker, order.claim, seq, order.rev)
        self._db.execute(
            "INSERT INTO orders (grp, id, session, state, maker, claim, seq, rev, created, paid,"
            " paid_seq, doc, more) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (grp, id) DO UPDATE SET state = excluded.state, claim = excluded.claim,"
            " seq = excluded.seq, rev = excluded.rev, paid = excluded.paid,"
            " paid_seq = excluded.paid_seq, doc = excluded.doc, more = excluded.more",
            (group, order.id, *values, at, *((at, seq) if is_paid else (None, None)), doc, more),
        )
        self.set_meta("seq", seq)
        return TillEvent(seq, group, order.maker, doc)

    def events_after(self, seq: int, group: str | None = None, maker: str = "") -> list[TillEvent]:
        """The last state of each order that was changed since; of a ``maker`` alone, if named."""
        rows = self._db.execute(
            "SELECT seq, grp, maker, doc FROM orders WHERE seq > ? AND (? IS NULL OR grp = ?)"
            " AND (? = '' OR maker = ?) ORDER BY seq",
            (seq, group, group, maker, maker),
        )
        return [TillEvent(*row) for row in rows]

    def current(self, group: str, maker: str = "") -> list[TillOrder]:
        """The drafts, and the orders of the last session; of a ``maker`` alone, if named."""
        rows = self._db.execute(
            "SELECT doc, more FROM orders WHERE grp = ? AND (? = '' OR maker = ?)"
            " AND (state = 'draft'"
            " OR session = (SELECT max(number) FROM sessions WHERE grp = ?)) ORDER BY seq",
            (group, maker, maker, group),
        )
        return [read_order(*row) for row in rows]

    def groups(self) -> set[str]:
        """Those that have a till that may speak, or a draft."""
        rows = self._db.execute(
            "SELECT grp FROM tills WHERE revoked IS NULL"
            " UNION SELECT grp FROM orders WHERE state = 'draft'"
        )
        return {group for (group,) in rows}

    def drafts(self, group: str) -> list[TillOrder]:
        rows = self._db.execute(
            "SELECT doc, more FROM orders WHERE grp = ? AND state = 'draft' ORDER BY seq", (group,)
        )
        return [read_order(*row) for row in rows]

    def made_since(self, group: str, since: datetime) -> list[tuple[datetime, TillOrder]]:
        """The group's drafts, and its orders made or paid since, with when they were made."""
        rows = self._db.execute(
            "SELECT created, doc, more FROM orders WHERE grp = ?"
            " AND (state = 'draft' OR created >= ? OR paid >= ?) ORDER BY created, id",
            (group, text_of(since), text_of(since)),
        )
        return [(time_of(at), read_order(doc, more)) for at, doc, more in rows]

    def paid_after(self, group: str, seq: int) -> list[tuple[int, datetime, TillOrder]]:
        """The orders that were paid after a number of the book's, with that number and the time."""
        rows = self._db.execute(
            "SELECT paid_seq, paid, doc, more FROM orders WHERE grp = ? AND paid_seq > ?"
            " ORDER BY paid_seq",
            (group, seq),
        )
        return [(number, time_of(at), read_order(doc, more)) for number, at, doc, more in rows]

    def last_heard_of(self, name: str) -> datetime | None:
        row = self._db.execute("SELECT heard FROM tills WHERE name = ?", (name,)).fetchone()
        return time_of(row[0]) if row and row[0] else None
