"""The ledger's runs: when each began and ended, and how; and what is done once a day."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from passerelle.ledger.schema import chores, runs

Begin = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Run:
    """A run so far; without ``ended`` it is active, or was killed."""

    number: int
    run: str
    started: datetime
    ended: datetime | None
    exit_code: int | None
    summary: str


class Runs:
    """The book of runs."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    def start(self, run: str, at: datetime) -> int:
        """Notes that a run begins; returns its number."""
        with self._begin() as connection:
            result = connection.execute(runs.insert().values(run=run, started=at))
            return int(result.inserted_primary_key[0]) if result.inserted_primary_key else 0

    def end(self, number: int, at: datetime, exit_code: int, summary: str) -> None:
        """Notes how a run ended."""
        values = {"ended": at, "exit_code": exit_code, "summary": summary}
        with self._begin() as connection:
            connection.execute(update(runs).where(runs.c.number == number).values(**values))

    def latest(self, count: int) -> list[Run]:
        """The last ``count`` runs, newest first."""
        query = select(runs).order_by(runs.c.number.desc()).limit(count)
        with self._begin() as connection:
            return [Run(*row) for row in connection.execute(query)]

    def chore_done(self, name: str) -> datetime | None:
        """When a daily chore was last done."""
        with self._begin() as connection:
            return connection.execute(select(chores.c.done).where(chores.c.name == name)).scalar()

    def do_chore(self, name: str, at: datetime) -> None:
        """Notes that a daily chore is done."""
        with self._begin() as connection:
            connection.execute(delete(chores).where(chores.c.name == name))
            connection.execute(chores.insert().values(name=name, done=at))
