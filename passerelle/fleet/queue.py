"""The fleet's queue: procrastinate's, in a schema of its own beside the shops'.

A job is one run of one shop. Its lock keeps it from running beside another of the same shop, its
queueing lock keeps a second one from waiting: a fleet that is late makes up for one run, not for
all that it missed. A job that cannot be done yet makes way for a new one that is due later.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from msgspec import Struct
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.schema import SchemaManager
from psycopg_pool import PoolTimeout

from passerelle.base.errors import LedgerAwayError
from passerelle.base.language import _
from passerelle.config.ledger import Database
from passerelle.ledger.databases import connection_arguments, lock_key
from passerelle.model.runs import RUNS

TASK = "run"
# Shops whose last run took its time, or reached no server, wait for slots of their own.
USUAL, SLOW = "usual", "slow"
# A run that was planned longer ago is left to the next time that it is planned.
_PASSED = timedelta(minutes=30)
# A worker that was not heard of for so long is taken for dead; it is heard of each few seconds.
BEAT, SILENCE = timedelta(seconds=5), timedelta(seconds=20)
# How a database that is away shows.
AWAY = (ConnectorException, psycopg.Error, PoolTimeout)


class Errand(Struct, frozen=True):
    """A run of a shop, and the moment for which it was planned, in seconds since 1970."""

    shop: str
    run: str
    planned: int

    @property
    def is_over(self) -> bool:
        """Whether it is left to the next time that the run is planned."""
        return datetime.now(UTC) - datetime.fromtimestamp(self.planned, UTC) > _PASSED

    @property
    def name(self) -> str:
        return f"{self.shop}/{self.run}"

    def as_arguments(self) -> dict[str, Any]:
        return {"shop": self.shop, "run": self.run, "timestamp": self.planned}


class Queue:
    """A queue, within :meth:`run`. When it is away its methods raise one of :data:`AWAY`."""

    def __init__(self, database: Database, deed: str) -> None:
        self._database = database
        arguments = connection_arguments(database, deed)
        del arguments["autocommit"]  # procrastinate says so itself
        connector = PsycopgConnector(kwargs=arguments, min_size=1, max_size=2, timeout=10.0)
        self.app = App(connector=connector)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs ``work`` with the queue open. Raises :class:`LedgerAwayError`."""

        async def within() -> None:
            async with self.app.open_async():
                await work

        # Psycopg cannot wait on the loop that Windows has by default.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            try:
                runner.run(within())
            except AWAY as error:
                what = _("the queue is away ({kind})").format(kind=type(error).__name__)
                raise LedgerAwayError(what, str(self._database), mend_of_away()) from error

    async def plan(self, errand: Errand, queue: str) -> bool:
        """Whether it waits now. Of several machines that plan the same moment, one does it."""
        job = self._job(errand, queue)
        try:
            found = await self.app.job_manager.defer_periodic_job(job, errand.name, errand.planned)
        except AlreadyEnqueued:
            return False
        return found is not None

    async def put(self, errand: Errand, queue: str, after: timedelta = timedelta(0)) -> None:
        """It waits, from ``after`` now on, unless one like it does already."""
        task = self.app.configure_task(
            TASK,
            queue=queue,
            lock=_lock_of(errand),
            queueing_lock=errand.name,
            schedule_in={"seconds": int(after.total_seconds())} if after else None,
        )
        try:
            await task.defer_async(**errand.as_arguments())
        except AlreadyEnqueued:
            return

    async def take_over(self) -> list[Errand]:
        """What dead workers had begun waits anew, for whoever is free."""
        manager = self.app.job_manager
        stalled = await manager.get_stalled_jobs(seconds_since_heartbeat=SILENCE.total_seconds())
        taken = []
        for job in stalled:
            arguments: dict[str, Any] = job.task_kwargs
            errand = Errand(arguments["shop"], arguments["run"], arguments["timestamp"])
            # In this order: who dies in between leaves one too many, never one too few.
            if not errand.is_over:
                await self.put(errand, job.queue)
            with suppress(ConnectorException):  # another machine did it meanwhile
                await manager.finish_job_by_id_async(job.id or 0, Status.FAILED, delete_job=True)
                taken.append(errand)
        return taken

    def _job(self, errand: Errand, queue: str) -> Job:
        return Job(
            id=None,
            queue=queue,
            lock=_lock_of(errand),
            queueing_lock=errand.name,
            task_name=TASK,
            task_kwargs=errand.as_arguments(),
        )


def _lock_of(errand: Errand) -> str:
    """A shop's runs go one after the other, as its ledger wants it; but for those of hours."""
    return errand.name if RUNS[errand.run].is_long else errand.shop


def mend_of_away() -> str:
    return _("see that PostgreSQL runs, and takes this user and password")


# --- its tables

_BOARD = """
CREATE TABLE IF NOT EXISTS board (
    shop text, run text, planned bigint, started text, ended text, code int, seconds float,
    summary text, worker text, level text, concerns json, PRIMARY KEY (shop, run)
)"""


def install(database: Database) -> None:
    """Makes the queue's tables, or brings them to the form of the procrastinate at hand.

    Raises :class:`psycopg.Error`.
    """
    schema = database.schema
    with (
        closing(psycopg.connect(**connection_arguments(database, "work"))) as connection,
        connection.transaction(),
    ):
        connection.execute(f"SELECT pg_advisory_xact_lock({lock_key(schema, 'install')})")
        # Who has the schema need not have the right to make one.
        there = connection.execute("SELECT to_regnamespace(%s)", (schema,)).fetchone()
        if there == (None,):
            connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute("CREATE TABLE IF NOT EXISTS steps (name text PRIMARY KEY)")
        steps = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
        last = connection.execute("SELECT max(name) FROM steps").fetchone()
        for text in _missing(steps, last[0] if last else None):
            connection.execute(text.encode())
        name = steps[-1].name
        connection.execute("INSERT INTO steps VALUES (%s) ON CONFLICT DO NOTHING", (name,))
        connection.execute(_BOARD)


def _missing(steps: list[Path], last: str | None) -> Iterator[str]:
    if last is None:
        yield SchemaManager.get_schema()
        return
    yield from (step.read_text("utf-8") for step in steps if step.name > last)
