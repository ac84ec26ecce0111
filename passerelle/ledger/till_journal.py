"""What became of each command: kept replies, the journal, money that no order could take."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from passerelle.base.exact_json import dump, parse
from passerelle.ledger.till_tables import Pages, text_of, time_of
from passerelle.model.tills import (
    Surplus,
    TillCommand,
    TillVerdict,
)

KEPT = timedelta(days=30)


class Kept(NamedTuple):
    """The answer that a till got for a key, and what it had asked."""

    digest: bytes
    status: int
    body: bytes


class TillJournal(Pages):
    """The pages on which nothing is ever changed, but for what a person has settled."""

    def kept(self, till: str, key: str) -> Kept | None:
        found = self._db.execute(
            "SELECT digest, status, body FROM replies WHERE till = ? AND key = ?", (till, key)
        ).fetchone()
        return Kept(*found) if found else None

    def keep(self, till: str, key: str, reply: Kept, now: datetime) -> None:
        values = (till, key, reply.digest, reply.status, reply.body, text_of(now))
        self._db.execute("INSERT INTO replies VALUES (?, ?, ?, ?, ?, ?)", values)

    def prune(self, now: datetime) -> None:
        """Forgets replies that no till asks for again."""
        self._db.execute("DELETE FROM replies WHERE at < ?", (text_of(now - KEPT),))

    def write_journal(
        self, now: datetime, group: str, till: str, command: TillCommand, verdict: TillVerdict
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
            (text_of(now), group, till, order, answer, why, what),
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
        values = (text_of(now), group, till, order, receipt, dump([*payments]), why)
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
        at = text_of(now)
        money = self._db.execute(
            "UPDATE surplus SET settled = ? WHERE receipt = ? AND settled IS NULL", (at, receipt)
        )
        flags = self._db.execute(
            "UPDATE flags SET settled = ? WHERE about = ? AND settled IS NULL", (at, receipt)
        )
        return money.rowcount + flags.rowcount

    def flag(self, now: datetime, group: str, till: str, kind: str, about: str) -> None:
        """Something that a person should know: a gap in receipts, a book put back. Told once."""
        self._db.execute(
            "INSERT INTO flags (at, grp, till, kind, about) SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS"
            " (SELECT 1 FROM flags WHERE till = ? AND kind = ? AND about = ? AND settled IS NULL)",
            (text_of(now), group, till, kind, about, till, kind, about),
        )

    def flags(self) -> list[Mapping[str, Any]]:
        names = ("at", "group", "till", "kind", "about")
        rows = self._db.execute(
            "SELECT at, grp, till, kind, about FROM flags WHERE settled IS NULL ORDER BY number"
        )
        return [dict(zip(names, row, strict=True)) for row in rows]


def _surplus(row: tuple[Any, ...]) -> Surplus:
    number, at, group, till, order, receipt, payments, why = row
    paid = tuple(parse(payments))
    return Surplus(number, time_of(at), group, till, order, receipt, paid, why)
