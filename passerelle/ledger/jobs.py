"""The ledger's jobs: made, run one at a time for each target, and what they wrote."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, select, update

from passerelle.ledger.book import Book, insert_one, record_of
from passerelle.ledger.schema import dispatches, jobs, sync_batches, sync_lines, sync_readings
from passerelle.model.states import Kind, Stage
from passerelle.model.sync import (
    JOB_STEPS,
    OPEN_JOBS,
    SYNC_STOCK,
    Batch,
    Job,
    JobState,
    TargetPlace,
    Write,
    Written,
)

_FROM = {after: [s for s, nexts in JOB_STEPS.items() if after in nexts] for after in JobState}


class JobBook(Book):
    """The book of jobs. At most one of each target is open: pending, waiting or unsettled."""

    def make(
        self,
        target: str,
        due: datetime,
        at: datetime,
        *,
        forced: bool = False,
        facts: Mapping[str, Any] | None = None,
    ) -> Job | None:
        """A new job; ``None`` where one of that target is open already."""
        with self._begin() as connection:
            if connection.execute(_open(target).limit(1)).first():
                return None
            values = {"kind": SYNC_STOCK, "target": target, "state": JobState.PENDING}
            number = insert_one(
                connection, jobs, **values, created=at, due=due, forced=forced, facts=facts
            )
            return _one(connection, number)

    def hurry(
        self, number: int, at: datetime, *, forced: bool, facts: Mapping[str, Any] | None
    ) -> Job:
        """An open job is run then, as a person asks for it; ``forced`` passes the guards."""
        return self._set(jobs.c.number == number, forced=forced, due=at, facts=facts)

    def start(self, job: Job, at: datetime, owner: str, lease: datetime) -> Job:
        values = {
            "started": at,
            "ended": None,
            "owner": owner,
            "lease": lease,
            "error": "",
            "mend": "",
        }
        return self.move(job, JobState.RUNNING, **values, attempt=job.attempt + 1)

    def renew(self, job: Job, lease: datetime) -> None:
        """Its owner is alive until then."""
        with self._begin() as connection:
            mine = update(jobs).where(jobs.c.number == job.number)
            connection.execute(mine.values(lease=lease))

    def move(self, job: Job, state: JobState, **values: Any) -> Job:
        """The one place where a job changes its state, from one that the table allows."""
        mine = (jobs.c.number == job.number) & jobs.c.state.in_(_FROM[state])
        return self._set(mine, state=state, **values)

    def _set(self, mine: ColumnElement[bool], **values: Any) -> Job:
        with self._begin() as connection:
            moved = connection.execute(update(jobs).where(mine).values(**values).returning(jobs))
            return _job(moved.one())

    # --- questions ---------------------------------------------------------------------------

    def get(self, number: int) -> Job | None:
        return self._job(select(jobs).where(jobs.c.number == number))

    def open(self, target: str) -> Job | None:
        return self._job(_open(target))

    def running(self, target: str) -> Job | None:
        return self.last(target, (JobState.RUNNING,))

    def last(self, target: str, states: Collection[JobState] = ()) -> Job | None:
        query = select(jobs).where(jobs.c.target == target)
        query = query.where(jobs.c.state.in_(states)) if states else query
        return self._job(query.order_by(jobs.c.number.desc()))

    def first(self, target: str) -> Job | None:
        return self._job(select(jobs).where(jobs.c.target == target).order_by(jobs.c.number))

    def latest(self, count: int, states: Collection[JobState] = (), target: str = "") -> list[Job]:
        """The jobs, newest first."""
        query = select(jobs).order_by(jobs.c.number.desc()).limit(count)
        query = query.where(jobs.c.state.in_(states)) if states else query
        query = query.where(jobs.c.target == target) if target else query
        with self._begin() as connection:
            return [_job(row) for row in connection.execute(query)]

    def _job(self, query: Select[Any]) -> Job | None:
        with self._begin() as connection:
            row = connection.execute(query.limit(1)).first()
        return None if row is None else _job(row)

    # --- what was written --------------------------------------------------------------------

    def open_batches(self, target: str) -> list[Batch]:
        """Levels of which nobody knows yet whether the target has them."""
        d, batch = dispatches.c, sync_batches.c
        mine = (d.kind == Kind.SYNC) & (d.target == target)
        query = (
            select(d.number, d.stage, d.prepared, d.address, batch.mark, batch.location,
                   batch.company, batch.name, batch.moves_before)
            .join(sync_batches, batch.number == d.number)
            .where(mine, d.stage.in_((Stage.PREPARED, Stage.DOUBTFUL)))
            .order_by(d.number)
        )  # fmt: skip
        with self._begin() as connection:
            rows = list(connection.execute(query))
            return [
                Batch(r.number, r.mark, r.stage, r.prepared,
                      TargetPlace(r.location, r.company, r.name), r.moves_before, r.address,
                      _writes(connection, r.number))
                for r in rows
            ]  # fmt: skip

    def count_batches(self, job: int) -> int:
        query = select(sync_batches.c.number).where(sync_batches.c.job == job)
        with self._begin() as connection:
            return len(connection.execute(query).all())

    def lines(self, job: int) -> list[Written]:
        """What a job wrote, or promised to write."""
        mine = (sync_batches.c.job == job) & (dispatches.c.stage != Stage.ABANDONED)
        return self._records(Written, _written().where(mine))

    def written(self, sku: str, target: str) -> list[Written]:
        """Each write of an item, newest first."""
        mine = (sync_lines.c.sku == sku) & (dispatches.c.target == target)
        return self._records(Written, _written().where(mine))

    # --- readings ----------------------------------------------------------------------------

    def keep_reading(
        self,
        job: Job,
        at: datetime,
        total: int,
        levels: Mapping[str, str],
        skipped: Mapping[str, str],
    ) -> None:
        """Keeps the last whole reading of a target, in the place of the one before."""
        values = {"job": job.number, "at": at, "total": total, "levels": levels, "skipped": skipped}
        with self._begin() as connection:
            connection.execute(delete(sync_readings).where(sync_readings.c.target == job.target))
            connection.execute(sync_readings.insert().values(target=job.target, **values))

    def last_total(self, target: str) -> int | None:
        """How many products the last whole reading had."""
        return self._value(select(sync_readings.c.total).where(sync_readings.c.target == target))

    def reading(self, target: str) -> Row[Any] | None:
        query = select(sync_readings).where(sync_readings.c.target == target)
        with self._begin() as connection:
            return connection.execute(query).first()


def _open(target: str) -> Select[Any]:
    mine = (jobs.c.target == target) & jobs.c.state.in_(OPEN_JOBS)
    return select(jobs).where(mine).order_by(jobs.c.number)


def _written() -> Select[Any]:
    d, line, batch = dispatches.c, sync_lines.c, sync_batches.c
    return (
        select(line.sku, batch.job, batch.mark, d.stage, d.prepared.label("at"),
               line.before, line.level, line.after)
        .join(sync_batches, batch.number == line.batch)
        .join(dispatches, d.number == line.batch)
        .order_by(line.batch.desc(), line.sku)
    )  # fmt: skip


def _one(connection: Connection, number: int) -> Job:
    return _job(connection.execute(select(jobs).where(jobs.c.number == number)).one())


def _job(row: Row[Any]) -> Job:
    return record_of(Job, row, facts=row.facts or {})


def _writes(connection: Connection, batch: int) -> tuple[Write, ...]:
    c = sync_lines.c
    query = select(c.sku, c.product, c.before, c.level).where(c.batch == batch).order_by(c.sku)
    return tuple(record_of(Write, row) for row in connection.execute(query))
