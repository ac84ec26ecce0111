"""The ledger's runs: when each began and ended, and how; and what is done once a day."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select, update

from passerelle.ledger.book import Book, insert_one, record_of, row_of
from passerelle.ledger.schema import alerts, chores, runs
from passerelle.ledger.stock import note_jump
from passerelle.model.records import AlertMemory, Run, Told

# Runs follow each other, and no machine is off for longer without somebody to tell.
_SLACK, _LONG = timedelta(minutes=1), timedelta(days=3)
# What is done once a day; since when it is held; when a person last said that it is right.
PRUNE, PRUNE_HELD, PRUNE_ALLOWED = "prune", "prune_held", "prune_allowed"
# Followed by the place of a file for a shop that was left where it lies, though it is old.
LEFT = "left "
# When an order of the tills was forgotten, so that their book is to be read from its start.
READ_ANEW = "the tills' book is to be read anew"
# Followed by the number of the address that a digest was sent to.
DIGEST = "digest "
# When a run last saw what the ERP refused.
REFUSALS_SEEN = "refusals_seen"


class RunBook(Book):
    def start(self, run: str, at: datetime) -> int:
        """Begins a run; notes where our clock must have been set since the last one."""
        last = select(runs.c.started).order_by(runs.c.number.desc()).limit(1)
        with self._begin() as connection:
            before = connection.scalar(last)
            if before is not None and not -_SLACK <= at - before <= _LONG:
                note_jump(connection, "", (before - at).total_seconds(), at)
            return insert_one(connection, runs, run=run, started=at)

    def end(
        self,
        number: int,
        at: datetime,
        exit_code: int,
        summary: str,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Notes how a run ended; ``facts`` hold what JSON can."""
        values = {"ended": at, "exit_code": exit_code, "summary": summary, "facts": facts or None}
        with self._begin() as connection:
            connection.execute(update(runs).where(runs.c.number == number).values(**values))

    def began(self) -> datetime | None:
        """When the first run that the ledger knows started."""
        return self._value(select(runs.c.started).order_by(runs.c.number).limit(1))

    def latest(self, count: int) -> list[Run]:
        return self._list(select(runs).order_by(runs.c.number.desc()).limit(count))

    def since(self, moment: datetime) -> list[Run]:
        """The runs that started at ``moment`` or later, oldest first."""
        return self._list(select(runs).where(runs.c.started >= moment).order_by(runs.c.number))

    def first(self, run: str, after: int = 0) -> Run | None:
        query = select(runs).where(runs.c.run == run, runs.c.number > after)
        return self._one(query.order_by(runs.c.number))

    def last(
        self, run: str, exit_codes: Collection[int] = (), before: int = 0, after: int = 0
    ) -> Run | None:
        """The last run of that name.

        Of those that ended with one of ``exit_codes``, and of those before the run numbered
        ``before`` and after the one numbered ``after``, where these are given.
        """
        query = select(runs).where(runs.c.run == run, runs.c.number > after)
        query = query.order_by(runs.c.number.desc())
        query = query.where(runs.c.exit_code.in_(exit_codes)) if exit_codes else query
        return self._one(query.where(runs.c.number < before) if before else query)

    def _one(self, query: Any) -> Run | None:
        return next(iter(self._list(query.limit(1))), None)

    def _list(self, query: Any) -> list[Run]:
        with self._begin() as connection:
            return [as_run(row) for row in connection.execute(query)]

    def chore_done(self, name: str) -> datetime | None:
        return self._value(select(chores.c.done).where(chores.c.name == name))

    def refusals_seen(self) -> datetime | None:
        return self.chore_done(REFUSALS_SEEN)

    def left(self) -> dict[str, datetime]:
        """The old files that lie there for a shop, by their places, and since when."""
        query = select(chores).where(chores.c.name.startswith(LEFT))
        with self._begin() as connection:
            rows = list(connection.execute(query))
        return {row.name.removeprefix(LEFT): row.done for row in rows}

    def do_chore(self, name: str, at: datetime) -> None:
        with self._begin() as connection:
            connection.execute(delete(chores).where(chores.c.name == name))
            connection.execute(chores.insert().values(name=name, done=at))

    def take_chore(
        self, name: str, at: datetime, is_due: Callable[[datetime | None], bool]
    ) -> bool:
        """Whether it is due, by when it was last done; if so it counts as done before another
        program asks."""
        with self._begin() as connection:
            if not is_due(connection.scalar(select(chores.c.done).where(chores.c.name == name))):
                return False
            connection.execute(delete(chores).where(chores.c.name == name))
            connection.execute(chores.insert().values(name=name, done=at))
            return True

    def drop_chore(self, name: str) -> None:
        with self._begin() as connection:
            connection.execute(delete(chores).where(chores.c.name == name))


def as_run(row: Row[Any]) -> Run:
    return record_of(Run, row, facts=row.facts or {})


# Beside what was told, a row of that name keeps the number of the last run that was looked at.
_RUN = "run"


class AlertBook(Book):
    """The book of alerts. An address is its place in the config, from 1 on."""

    def recall(self, address: int) -> AlertMemory:
        with self._begin() as connection:
            rows = list(connection.execute(select(alerts).where(_of(address))))
        bare = [record_of(Told, row, key=row.key.partition(":")[2]) for row in rows]
        told = {one.key: one for one in bare}
        run = told.pop(_RUN, None)
        return AlertMemory(told, int(run.text) if run else 0)

    def remember(self, address: int, memory: AlertMemory, at: datetime) -> None:
        """Puts ``memory`` in the place of what was remembered for an address."""
        rows = [*memory.told.values(), Told(_RUN, str(memory.run), at, at)]
        with self._begin() as connection:
            connection.execute(delete(alerts).where(_of(address)))
            keyed = [row_of(alerts, told) | {"key": f"{address}:{told.key}"} for told in rows]
            connection.execute(alerts.insert(), keyed)


def _of(address: int) -> ColumnElement[bool]:
    return alerts.c.key.startswith(f"{address}:", autoescape=True)
