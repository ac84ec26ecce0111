"""A look at the whole fleet: which shops are well, which need a person, what the queue is like."""

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from subprocess import list2cmdline
from typing import Any

from msgspec import Struct
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from passerelle.base.errors import UsageError
from passerelle.base.language import _, n_
from passerelle.base.wording import ago, fields_of
from passerelle.config.ledger import Database
from passerelle.fleet.board import LastRun, board
from passerelle.fleet.queue import SILENCE
from passerelle.fleet.shops import FleetShop
from passerelle.health.concerns import Level
from passerelle.ledger.book import record_of
from passerelle.ledger.databases import postgresql_engine, unreachable
from passerelle.schedule.timetable import last_start, timetable

# A run that is not done so long after its time is late.
_LATE = timedelta(minutes=10)
# Whatever its config says since then.
_LONG = timedelta(hours=2)
_QUEUE = text("""
    SELECT count(*) FILTER (WHERE status = 'todo') AS waiting,
           count(*) FILTER (WHERE status = 'doing') AS going_on,
           min((args->>'timestamp')::bigint) FILTER (WHERE status = 'todo') AS oldest
    FROM procrastinate_jobs
""")
_IS_THERE = text("SELECT to_regclass('board')")
_WORKERS = text("SELECT count(*) FROM procrastinate_workers "
                "WHERE last_heartbeat > now() - make_interval(secs => :seconds)")  # fmt: skip


class QueueHealth(Struct, frozen=True):
    """How many runs wait, how many go on, for when the oldest that waits was planned."""

    waiting: int
    going_on: int
    oldest: datetime | None
    workers: int


class ShopHealth(Struct, frozen=True):
    """``level`` is that of what is gravest there, as of the end of the ``newest`` run; ``late`` are
    the runs that were not done in time, ``entries`` the last of each."""

    shop: FleetShop
    level: Level | None
    newest: LastRun | None
    entries: tuple[LastRun, ...]
    late: tuple[str, ...]

    @property
    def reasons(self) -> Iterator[str]:
        """What is wrong there, the gravest first."""
        if self.shop.fault:
            yield self.shop.fault_in_words
        elif self.newest is None:
            yield _("it has not run yet")
        for run in self.late:
            yield _("run {run} is late").format(run=run)
        for concern in self.newest.concerns if self.newest else ():
            yield concern["text"]


class FleetHealth(Struct, frozen=True):
    at: datetime
    shops: tuple[ShopHealth, ...]
    queue: QueueHealth

    def of_level(self, level: Level | None) -> list[ShopHealth]:
        return [one for one in self.shops if one.level == level]

    @property
    def is_well(self) -> bool:
        idle = bool(self.shops) and not self.queue.workers
        return not idle and not self.of_level(Level.OUT_OF_ORDER)


def look_at_fleet(shops: Mapping[str, FleetShop], database: Database, now: datetime) -> FleetHealth:
    """A few questions to the database, however many shops there are.

    Raises :class:`LedgerAwayError`, and :class:`UsageError` where nobody ever worked.
    """
    engine = postgresql_engine(database, "fleet status")
    try:
        with engine.begin() as connection:
            if connection.scalar(_IS_THERE) is None:
                mend = _("`passerelle work --configs FOLDER` on at least one machine")
                raise UsageError(_("nobody has worked on these shops yet"), str(database), mend)
            rows = list(connection.execute(select(board)))
            jobs = connection.execute(_QUEUE).one()
            seconds = {"seconds": SILENCE.total_seconds()}
            workers = connection.execute(_WORKERS, seconds).scalar_one()
    except DatabaseError as error:
        raise unreachable(database, error) from error
    finally:
        engine.dispose()
    entries: dict[str, list[LastRun]] = {}
    for row in rows:
        entries.setdefault(row.shop, []).append(record_of(LastRun, row))
    oldest = datetime.fromtimestamp(jobs.oldest).astimezone() if jobs.oldest else None
    found = [_look_at(shop, entries.get(name, ()), now) for name, shop in shops.items()]
    queue = QueueHealth(jobs.waiting, jobs.going_on, oldest, workers)
    return FleetHealth(now, tuple(found), queue)


def _look_at(shop: FleetShop, entries: Sequence[LastRun], now: datetime) -> ShopHealth:
    late = tuple(_late(shop, entries, now)) if not shop.fault else ()
    newest = max(entries, key=lambda entry: entry.ended, default=None)
    level = Level(newest.level) if newest and newest.level else None
    if newest is None:
        level = Level.TO_DO
    if shop.fault or late:
        level = Level.OUT_OF_ORDER
    return ShopHealth(shop, level, newest, tuple(entries), late)


def _late(shop: FleetShop, entries: Sequence[LastRun], now: datetime) -> Iterator[str]:
    """The runs that should have ended since they were last planned, or begun.

    What its config asks for only since then is not late yet.
    """
    begun = {}
    for entry in entries:
        # A clock that was ahead planned what is still to come.
        planned = entry.planned if entry.planned <= now.timestamp() else 0
        begun[entry.run] = max(entry.started.timestamp(), planned)
    with suppress(OSError):
        changed = shop.config.stat().st_mtime
        for run, minutes in timetable(shop.settings).items() if shop.settings else ():
            due = last_start(minutes, now - _LATE).timestamp()
            last = begun.get(run, 0)
            if last < due and (changed < due or 0 < last < due - _LONG.total_seconds()):
                yield run


def describe_fleet(health: FleetHealth, *, everything: bool = False) -> Iterator[str]:
    """Line by line: ``!`` begins a shop that is out of order, ``-`` one with something to do."""
    grave, to_do = health.of_level(Level.OUT_OF_ORDER), health.of_level(Level.TO_DO)
    well = health.of_level(None)
    yield _("{all} shops: {well} well, {to_do} with something to do, {grave} out of order").format(
        all=len(health.shops), well=len(well), to_do=len(to_do), grave=len(grave)
    )
    yield from _queue_in_words(health)
    for sign, some in (("!", grave), ("-", to_do), (" ", well if everything else [])):
        for one in some:
            yield from _shop_in_words(sign, one, health.at)


def _queue_in_words(health: FleetHealth) -> Iterator[str]:
    queue = health.queue
    since = ""
    if queue.oldest:
        since = _(" (the oldest was planned {ago})").format(ago=ago(health.at - queue.oldest))
    yield _("queue: {waiting} waiting{since}, {going_on} going on, {workers} slots at work").format(
        waiting=queue.waiting, since=since, going_on=queue.going_on, workers=queue.workers
    )
    if not queue.workers:
        yield "! " + _("nobody works on it")
        yield "  -> " + _("`passerelle work --configs FOLDER` on at least one machine")


def _shop_in_words(sign: str, one: ShopHealth, now: datetime) -> Iterator[str]:
    reasons = list(one.reasons)
    first = reasons[0] if reasons else _("all is well: nothing needs a person")
    more = n_(" ({n} more)", " ({n} more)", len(reasons) - 1) if len(reasons) > 1 else ""
    yield f"{sign} {one.shop.name}: {first}{more}"
    for entry in one.entries if sign == " " else ():
        yield f"    run {entry.run}: {ago(now - entry.ended)}, {entry.summary}"
    if sign != " " and not one.shop.fault:
        config = str(one.shop.config)
        quoted = list2cmdline([config]) if os.name == "nt" else shlex.quote(config)
        yield f"  -> `passerelle --config {quoted} status`"


def fleet_as_dict(health: FleetHealth) -> dict[str, Any]:
    """For programs: names are a contract, words are for people."""
    return {
        "at": health.at,
        "healthy": health.is_well,
        "queue": fields_of(health.queue),
        "shops": [
            {
                "shop": one.shop.name,
                "config": one.shop.config,
                "level": one.level,
                "fault": one.shop.fault_in_words if one.shop.fault else None,
                "late": one.late,
                "runs": [fields_of(entry) for entry in one.entries],
            }
            for one in health.shops
        ],
    }
