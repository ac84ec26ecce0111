"""Who works at the tills, and when: sessions, tills, those that are to be paired."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from passerelle.ledger.till_tables import (
    Pages,
    text_of,
    time_of,
)
from passerelle.model.tills import (
    Till,
    TillSession,
)


class Pairing(NamedTuple):
    """A till that was promised its place: who knows the code's ``key`` takes it."""

    name: str
    group: str
    key: bytes
    made: datetime
    tries: int


class TillPeople(Pages):
    """The pages of sessions, tills and pairings."""

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
        return TillSession(
            number, name, time_of(opened), time_of(closed) if closed else None, orders
        )

    def open_session(self, group: str, now: datetime) -> TillSession:
        """The group's open session; where none is, a new one."""
        last = self.session(group)
        if last is not None and last.closed is None:
            return last
        number = last.number + 1 if last else 1
        self._db.execute(
            "INSERT INTO sessions (grp, number, opened) VALUES (?, ?, ?)",
            (group, number, text_of(now)),
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
            (text_of(now), session.group, session.number),
        )

    @property
    def ask(self) -> int:
        """The number of the last question whether the tills' outboxes are empty."""
        return int(self.meta("ask"))

    def ask_tills(self) -> int:
        """Has every agent say whether its outbox is empty; the question's number."""
        number = self.ask + 1
        self.set_meta("ask", number)
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
        return {(name, time_of(paired)) for name, paired in rows}

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
            (name, group, is_program, digest, text_of(now)),
        )

    def revoke(self, name: str, now: datetime) -> None:
        self._db.execute("UPDATE tills SET revoked = ? WHERE name = ?", (text_of(now), name))
        self._db.execute("DELETE FROM pairings WHERE name = ?", (name,))

    def note_command(self, till: Till, n: int, receipt: int | None, now: datetime) -> None:
        self._db.execute(
            "UPDATE tills SET last_n = max(last_n, ?), receipt = max(receipt, ?), heard = ?"
            " WHERE name = ?",
            (n, receipt or 0, text_of(now), till.name),
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
            (agent, text_of(now), unsent, asked or 0, name),
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
            yield Pairing(name, group, key, time_of(made), tries)

    def add_pairing(self, name: str, group: str, key: bytes, now: datetime) -> None:
        values = (name, group, key, text_of(now))
        self._db.execute("DELETE FROM pairings WHERE name = ?", (name,))
        self._db.execute("INSERT INTO pairings (name, grp, key, made) VALUES (?, ?, ?, ?)", values)

    def count_try(self) -> None:
        """Somebody knew no code: none of those that are pending can be meant."""
        self._db.execute("UPDATE pairings SET tries = tries + 1")

    def end_pairing(self, name: str) -> None:
        self._db.execute("DELETE FROM pairings WHERE name = ?", (name,))


def _till(row: tuple[Any, ...]) -> Till:
    name, group, is_program, paired, revoked, agent, heard, last_n, receipt = row
    times = (time_of(paired), time_of(revoked) if revoked else None)
    heard_at = time_of(heard) if heard else None
    return Till(name, group, bool(is_program), *times, agent, heard_at, last_n, receipt)
