"""What the till server writes down and looks up: orders, replies, sessions, tills."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from passerelle.base.exact_json import dump, parse
from passerelle.ledger.till_tables import (
    FILE_NAME,
    Witness,
    new_epoch,
    open_connection,
    telling,
    transaction,
)
from passerelle.model.till_forms import read_order, write_order
from passerelle.model.tills import (
    Command,
    Surplus,
    Till,
    TillOrder,
    TillSession,
    TillState,
    Verdict,
)

KEPT = timedelta(days=30)


class Kept(NamedTuple):
    """The answer that a till got for a key, and what it had asked."""

    digest: bytes
    status: int
    body: bytes


class Event(NamedTuple):
    """A state of an order, as the tills of its group are told: ``doc`` is its JSON."""

    seq: int
    group: str
    maker: str
    doc: str


class Pairing(NamedTuple):
    """A till that was promised its place: who knows the code's ``key`` takes it."""

    name: str
    group: str
    key: bytes
    made: datetime
    tries: int


class TillBook:
    """An open book. Who writes does so within :meth:`transaction`; times are aware.

    All may raise :class:`UnreachableError` where the file is locked, damaged or cannot grow.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._witness = Witness(folder)
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
        return str(self._meta("epoch"))

    @property
    def seq(self) -> int:
        return int(self._meta("seq"))

    @property
    def salt(self) -> bytes:
        return bytes.fromhex(self._meta("salt"))

    @property
    def ask(self) -> int:
        """The number of the last question whether the tills' outboxes are empty."""
        return int(self._meta("ask"))

    def data_version(self) -> int:
        """Another number once another connection wrote."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _meta(self, name: str) -> Any:
        return self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]

    def _set_meta(self, name: str, value: Any) -> None:
        self._db.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))

    def begin_anew(self, now: datetime, why: str) -> None:
        """Another epoch: tills that knew the one before hold, and a person looks."""
        epoch = new_epoch()
        self._set_meta("epoch", epoch)
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

    def put(self, group: str, order: TillOrder, now: datetime) -> Event:
        """Writes an order's new state, which is an event for all tills of its group."""
        seq, (doc, more) = self.seq + 1, write_order(order)
        is_paid, at = order.state == TillState.PAID, _text(now)
        values = (order.session, order.state.value, order.maker, order.claim, seq, order.rev)
        self._db.execute(
            "INSERT INTO orders (grp, id, session, state, maker, claim, seq, rev, created, paid,"
            " paid_seq, doc, more) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (grp, id) DO UPDATE SET state = excluded.state, claim = excluded.claim,"
            " seq = excluded.seq, rev = excluded.rev, paid = excluded.paid,"
            " paid_seq = excluded.paid_seq, doc = excluded.doc, more = excluded.more",
            (group, order.id, *values, at, *((at, seq) if is_paid else (None, None)), doc, more),
        )
        self._set_meta("seq", seq)
        return Event(seq, group, order.maker, doc)

    def events_after(self, seq: int, group: str | None = None, maker: str = "") -> list[Event]:
        """The last state of each order that was changed since; of a ``maker`` alone, if named."""
        rows = self._db.execute(
            "SELECT seq, grp, maker, doc FROM orders WHERE seq > ? AND (? IS NULL OR grp = ?)"
            " AND (? = '' OR maker = ?) ORDER BY seq",
            (seq, group, group, maker, maker),
        )
        return [Event(*row) for row in rows]

    def current(self, group: str, maker: str = "") -> list[TillOrder]:
        """The drafts, and the orders of the last session; of a ``maker`` alone, if named."""
        rows = self._db.execute(
            "SELECT doc, more FROM orders WHERE grp = ? AND (? = '' OR maker = ?)"
            " AND (state = 'draft'"
            " OR session = (SELECT max(number) FROM sessions WHERE grp = ?)) ORDER BY seq",
            (group, maker, maker, group),
        )
        return [read_order(*row) for row in rows]

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
            (group, _text(since), _text(since)),
        )
        return [(_time(at), read_order(doc, more)) for at, doc, more in rows]

    def paid_after(self, group: str, seq: int) -> list[tuple[int, datetime, TillOrder]]:
        """The orders that were paid after a number of the book's, with that number and the time."""
        rows = self._db.execute(
            "SELECT paid_seq, paid, doc, more FROM orders WHERE grp = ? AND paid_seq > ?"
            " ORDER BY paid_seq",
            (group, seq),
        )
        return [(number, _time(at), read_order(doc, more)) for number, at, doc, more in rows]

    def last_heard_of(self, name: str) -> datetime | None:
        row = self._db.execute("SELECT heard FROM tills WHERE name = ?", (name,)).fetchone()
        return _time(row[0]) if row and row[0] else None

    # --- replies, the journal, money that no order could take ----------------------------------

    def kept(self, till: str, key: str) -> Kept | None:
        found = self._db.execute(
            "SELECT digest, status, body FROM replies WHERE till = ? AND key = ?", (till, key)
        ).fetchone()
        return Kept(*found) if found else None

    def keep(self, till: str, key: str, reply: Kept, now: datetime) -> None:
        values = (till, key, reply.digest, reply.status, reply.body, _text(now))
        self._db.execute("INSERT INTO replies VALUES (?, ?, ?, ?, ?, ?)", values)

    def prune(self, now: datetime) -> None:
        """Forgets replies that no till asks for again."""
        self._db.execute("DELETE FROM replies WHERE at < ?", (_text(now - KEPT),))

    def write_journal(
        self, now: datetime, group: str, till: str, command: Command, verdict: Verdict
    ) -> None:
        what = dump([{"op": op.kind, **op.words} for op in command.ops])
        self.note(now, group, till, command.order, verdict.answer.value, verdict.why, what)

    def note(
        self, now: datetime, group: str, till: str, order: str, answer: str, why: str, what: str
    ) -> None:
        """A line of the journal, which only ever grows."""
        self._db.execute(
            "INSERT INTO journal (at, grp, till, order_id, answer, why, what)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (_text(now), group, till, order, answer, why, what),
        )

    def journal(self, most: int, order: str = "", till: str = "") -> list[Mapping[str, Any]]:
        """The last lines of the journal, oldest first."""
        names = ("number", "at", "group", "till", "order", "answer", "why", "what")
        rows = self._db.execute(
            "SELECT * FROM journal WHERE (? = '' OR order_id = ?) AND (? = '' OR till = ?)"
            " ORDER BY number DESC LIMIT ?",
            (order, order, till, till, most),
        ).fetchall()
        return [dict(zip(names, row, strict=True)) for row in reversed(rows)]

    def add_surplus(
        self,
        now: datetime,
        group: str,
        till: str,
        order: str,
        receipt: str,
        payments: Iterable[Any],
        why: str,
    ) -> None:
        values = (_text(now), group, till, order, receipt, dump([*payments]), why)
        self._db.execute(
            "INSERT INTO surplus (at, grp, till, order_id, receipt, payments, why)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            values,
        )

    def surplus(self) -> list[Surplus]:
        """What a person has not seen to yet, oldest first."""
        rows = self._db.execute(
            "SELECT number, at, grp, till, order_id, receipt, payments, why FROM surplus"
            " WHERE settled IS NULL ORDER BY number"
        )
        return [_surplus(row) for row in rows]

    def settle(self, now: datetime, receipt: str) -> int:
        """A person has seen to the surplus and the flags of a receipt; how many there were."""
        at = _text(now)
        money = self._db.execute(
            "UPDATE surplus SET settled = ? WHERE receipt = ? AND settled IS NULL", (at, receipt)
        )
        flags = self._db.execute(
            "UPDATE flags SET settled = ? WHERE about = ? AND settled IS NULL", (at, receipt)
        )
        return money.rowcount + flags.rowcount

    def flag(self, now: datetime, group: str, till: str, kind: str, about: str) -> None:
        """Something that a person should know: a gap in receipts, a book put back."""
        self._db.execute(
            "INSERT INTO flags (at, grp, till, kind, about) VALUES (?, ?, ?, ?, ?)",
            (_text(now), group, till, kind, about),
        )

    def flags(self) -> list[Mapping[str, Any]]:
        names = ("at", "group", "till", "kind", "about")
        rows = self._db.execute(
            "SELECT at, grp, till, kind, about FROM flags WHERE settled IS NULL ORDER BY number"
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    # --- sessions ------------------------------------------------------------------------------

    def session(self, group: str) -> TillSession | None:
        """The group's last session, open or not."""
        row = self._db.execute(
            "SELECT number, grp, opened, closed, orders FROM sessions WHERE grp = ?"
            " ORDER BY number DESC LIMIT 1",
            (group,),
        ).fetchone()
        if row is None:
            return None
        number, name, opened, closed, orders = row
        return TillSession(number, name, _time(opened), _time(closed) if closed else None, orders)

    def open_session(self, group: str, now: datetime) -> TillSession:
        """The group's open session; where none is, a new one."""
        last = self.session(group)
        if last is not None and last.closed is None:
            return last
        number = last.number + 1 if last else 1
        self._db.execute(
            "INSERT INTO sessions (grp, number, opened) VALUES (?, ?, ?)",
            (group, number, _text(now)),
        )
        return TillSession(number, group, now, None, 0)

    def count_order(self, session: TillSession) -> None:
        self._db.execute(
            "UPDATE sessions SET orders = orders + 1 WHERE grp = ? AND number = ?",
            (session.group, session.number),
        )

    def close_session(self, session: TillSession, now: datetime) -> None:
        self._db.execute(
            "UPDATE sessions SET closed = ? WHERE grp = ? AND number = ?",
            (_text(now), session.group, session.number),
        )

    def ask_tills(self) -> int:
        """Has every agent say whether its outbox is empty; the question's number."""
        number = self.ask + 1
        self._set_meta("ask", number)
        return number

    # --- tills ---------------------------------------------------------------------------------

    _TILL = (
        "SELECT name, grp, is_program, paired, revoked, agent, heard, last_n, receipt FROM tills"
    )

    def tills(self) -> list[Till]:
        return [_till(row) for row in self._db.execute(f"{self._TILL} ORDER BY name")]

    def places(self) -> set[tuple[str, datetime]]:
        """The tills that may speak, each with when it was paired."""
        rows = self._db.execute("SELECT name, paired FROM tills WHERE revoked IS NULL")
        return {(name, _time(paired)) for name, paired in rows}

    def till_of(self, token: str) -> Till | None:
        """The till that a token is for, unless it was revoked."""
        digest = sha256(token.encode()).digest()
        found = self._db.execute(f"{self._TILL} WHERE token = ? AND revoked IS NULL", (digest,))
        row = found.fetchone()
        return _till(row) if row else None

    def add_till(
        self, name: str, group: str, token: str, now: datetime, *, is_program: bool
    ) -> None:
        """A till that may speak from now on; who spoke under its name before does not any more."""
        digest = sha256(token.encode()).digest()
        self._db.execute(
            "INSERT INTO tills (name, grp, is_program, token, paired) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET grp = excluded.grp, token = excluded.token,"
            " is_program = excluded.is_program, paired = excluded.paired, revoked = NULL,"
            " agent = '', unsent = NULL",
            (name, group, is_program, digest, _text(now)),
        )

    def revoke(self, name: str, now: datetime) -> None:
        self._db.execute("UPDATE tills SET revoked = ? WHERE name = ?", (_text(now), name))
        self._db.execute("DELETE FROM pairings WHERE name = ?", (name,))

    def note_command(self, till: Till, n: int, receipt: int | None, now: datetime) -> None:
        self._db.execute(
            "UPDATE tills SET last_n = max(last_n, ?), receipt = max(receipt, ?), heard = ?"
            " WHERE name = ?",
            (n, receipt or 0, _text(now), till.name),
        )

    def next_receipt(self, till: str) -> int:
        """The number that the till's next receipt should have."""
        found = self._db.execute("SELECT receipt FROM tills WHERE name = ?", (till,)).fetchone()
        return int(found[0]) + 1 if found else 1

    def note_agent(
        self, name: str, agent: str, unsent: int, asked: int | None, now: datetime
    ) -> None:
        """What an agent says of itself; ``asked`` is the question that it answers, if any."""
        self._db.execute(
            "UPDATE tills SET agent = ?, heard = ?, unsent = ?, answered = max(answered, ?)"
            " WHERE name = ?",
            (agent, _text(now), unsent, asked or 0, name),
        )

    def silent(self, group: str, ask: int) -> list[Till]:
        """The agents of a group that have not said yet that their outbox is empty."""
        rows = self._db.execute(
            f"{self._TILL} WHERE grp = ? AND revoked IS NULL AND NOT is_program"
            " AND (answered < ? OR unsent IS NULL OR unsent > 0) ORDER BY name",
            (group, ask),
        )
        return [_till(row) for row in rows]

    def heard(self, group: str) -> Mapping[str, str | None]:
        """When each till of a group was heard last."""
        rows = self._db.execute(
            "SELECT name, heard FROM tills WHERE grp = ? AND revoked IS NULL", (group,)
        )
        return dict(rows.fetchall())

    def unsent(self) -> Mapping[str, int | None]:
        """How many commands each agent had in its outbox when it was heard last."""
        rows = self._db.execute("SELECT name, unsent FROM tills WHERE revoked IS NULL")
        return dict(rows.fetchall())

    # --- pairing -------------------------------------------------------------------------------

    def pairings(self) -> Iterator[Pairing]:
        rows = self._db.execute("SELECT name, grp, key, made, tries FROM pairings").fetchall()
        for name, group, key, made, tries in rows:
            yield Pairing(name, group, key, _time(made), tries)

    def add_pairing(self, name: str, group: str, key: bytes, now: datetime) -> None:
        values = (name, group, key, _text(now))
        self._db.execute("DELETE FROM pairings WHERE name = ?", (name,))
        self._db.execute("INSERT INTO pairings (name, grp, key, made) VALUES (?, ?, ?, ?)", values)

    def count_try(self) -> None:
        """Somebody knew no code: none of those that are pending can be meant."""
        self._db.execute("UPDATE pairings SET tries = tries + 1")

    def end_pairing(self, name: str) -> None:
        self._db.execute("DELETE FROM pairings WHERE name = ?", (name,))


def _till(row: tuple[Any, ...]) -> Till:
    name, group, is_program, paired, revoked, agent, heard, last_n, receipt = row
    times = (_time(paired), _time(revoked) if revoked else None)
    heard_at = _time(heard) if heard else None
    return Till(name, group, bool(is_program), *times, agent, heard_at, last_n, receipt)


def _surplus(row: tuple[Any, ...]) -> Surplus:
    number, at, group, till, order, receipt, payments, why = row
    paid = tuple(parse(payments))
    return Surplus(number, _time(at), group, till, order, receipt, paid, why)


def _text(moment: datetime) -> str:
    """In UTC: sorts as text, reads the same anywhere."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
