"""One machine of a fleet: plans the runs, takes over from the dead, and keeps its slots alive.

Every machine plans every run: of a moment that several plan, the queue takes one. So no machine is
needed by the others, and what one of them had begun is done by another within a minute.
"""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import Error as DriverError
from psycopg.errors import InsufficientPrivilege

from passerelle.base.clocks import clock
from passerelle.base.errors import LedgerAwayError, PasserelleError, lines_of
from passerelle.base.language import _
from passerelle.config.ledger import Database
from passerelle.fleet.queue import AWAY, SLOW, USUAL, Errand, Queue, install, mend_of_away
from passerelle.fleet.shops import FleetShop, Shops, database_of
from passerelle.schedule.timetable import starts, timetable

# What was missed for longer, while no machine worked, is left to the next time it is planned.
_MADE_UP = timedelta(minutes=29)
_SET_BACK = timedelta(minutes=2)
_SWEEP, _AGAIN, _LOOK = 5.0, 2.0, 0.3
# A shop is slow whose last run took so many seconds, or reached no server.
_SLOW = "SELECT DISTINCT shop FROM board WHERE code = 4 OR seconds > 30"

# What a terminal tells this program, Ctrl+C and that it closes, is none of the slots' business.
_APART: dict[str, Any] = (
    {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    if sys.platform == "win32"
    else {"start_new_session": True}
)

Say = Callable[[str], None]


class Keeper:
    """``command`` starts a slot; whether it takes slow shops too is its last word."""

    def __init__(self, folder: Path, slots: int, command: list[str], say: Say, fail: Say) -> None:
        self._shops, self._slots, self._command = Shops(folder), slots, command
        self._say, self._fail = say, fail
        self._planned_until = clock() - _MADE_UP
        self._told: dict[str, list[str]] = {}
        self._queue: Queue

    def go_on(self) -> None:
        """Until :class:`KeyboardInterrupt`; the slots end the runs that they are in.

        Raises :class:`ConfigError` and :class:`LedgerAwayError` where it cannot begin.
        """
        database = database_of(self._look())
        _install(database)
        self._queue = Queue(database, "keeper")
        self._queue.run(self._keep())

    async def _keep(self) -> None:
        _end_between_steps()
        # A group waits for all of its tasks, whatever ends them.
        async with asyncio.TaskGroup() as group:
            group.create_task(self._often(self._plan, 1.0))
            group.create_task(self._often(self._sweep, _SWEEP))
            for number in range(self._slots):
                group.create_task(self._keep_slot(number))

    async def _often(self, deed: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Whatever the database does meanwhile: what one deed missed, a later one makes up for.

        Until it is cancelled, also where a deed has overheard that: `asyncio.wait_for`, by which
        psycopg waits, does so before Python 3.12 when the answer comes at the same moment.
        """
        is_away, task = False, asyncio.current_task()
        while task and not task.cancelling():
            try:
                await deed()
                if is_away:
                    self._say(_("the queue is back"))
                is_away = False
            except AWAY as error:
                if not is_away:
                    text = _("the queue is away ({kind}); it is tried again")
                    self._fail(text.format(kind=type(error).__name__))
                is_away = True
                # Of a database that was restored, its tables may be gone.
                with suppress(PasserelleError):
                    await asyncio.to_thread(_install, database_of(self._shops.now()))
            except PasserelleError as error:  # the folder with the configs is away
                if not is_away:
                    self._fail(str(error))
                is_away = True
            await asyncio.sleep(seconds)

    # --- planning

    async def _plan(self) -> None:
        """Once in each minute: whatever was to start since the last time."""
        until = clock().replace(second=0, microsecond=0)
        since = self._planned_until
        if until <= since:
            if since - until > _SET_BACK:
                self._say(_("the clock was set back: the runs go on by the time it tells now"))
                self._planned_until = until
            return
        shops = self._look()
        rows = await self._queue.app.connector.execute_query_all_async(_SLOW)
        slow = {row["shop"] for row in rows}
        planned = 0
        for errand in _due(shops, since, until):
            planned += await self._queue.plan(errand, SLOW if errand.shop in slow else USUAL)
        self._planned_until = until
        if planned:
            self._say(_("{n} runs planned, of {shops} shops").format(n=planned, shops=len(shops)))

    def _look(self) -> dict[str, FleetShop]:
        """The shops that can be worked on; what is wrong with another is told once."""
        shops = self._shops.now()
        faults = {name: shop.fault for name, shop in shops.items() if shop.fault}
        for name, fault in faults.items():
            if self._told.get(name) != (said := [*lines_of(fault)]):
                self._told[name] = said
                for line in said:
                    self._fail(_(": ").join((name, line)))
        self._told = {name: said for name, said in self._told.items() if name in faults}
        return dict(shops)

    async def _sweep(self) -> None:
        for errand in await self._queue.take_over():
            self._fail(_("{errand} is taken over: who had begun it is gone").format(
                errand=errand.name))  # fmt: skip

    # --- slots

    async def _keep_slot(self, number: int) -> None:
        """The first half serves usual shops alone, so that slow ones never have them all."""
        takes_slow = number >= self._slots // 2
        command = [*self._command, "all" if takes_slow else "usual"]
        while True:
            try:
                why: object = await _slot(command)
            except OSError as error:
                why = error.strerror
            text = _("slot {number} ended ({code}); another takes its place")
            self._fail(text.format(number=number, code=why))
            await asyncio.sleep(_AGAIN)


def _install(database: Database) -> None:
    try:
        install(database)
    except DriverError as error:
        what = _("the queue cannot be used ({reason})")
        mend = mend_of_away()
        if isinstance(error, InsufficientPrivilege):
            mend = _("let this user make a schema, or make it: {schema}")
        reason, schema = " ".join(str(error).split()), database.schema
        raise LedgerAwayError(
            what.format(reason=reason), str(database), mend.format(schema=schema)
        ) from error


def _end_between_steps() -> None:
    """Whatever asks this program to end does as Ctrl+C does in asyncio: it cancels its tasks.

    :func:`stoppable` has them raise :class:`KeyboardInterrupt`, which may be in the middle of the
    task that is to wait for a slot.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) == signal.default_int_handler:
            signal.signal(number, signal.getsignal(signal.SIGINT))


async def _slot(command: list[str]) -> int:
    """A slot's whole life; its exit code. Cancelled, it waits until the slot has ended its run.

    Raises :class:`OSError` where none can be started.
    """
    # Not asyncio's: on Windows the loop that psycopg needs starts no processes.
    child = subprocess.Popen(command, stdin=subprocess.PIPE, **_APART)  # noqa: S603 - this program
    try:
        return await _ended(child)
    except asyncio.CancelledError:
        if child.stdin:
            child.stdin.close()
        await _ended(child)
        raise


async def _ended(child: "subprocess.Popen[bytes]") -> int:
    while (code := child.poll()) is None:
        await asyncio.sleep(_LOOK)
    return code


def _due(shops: dict[str, FleetShop], since: datetime, until: datetime) -> list[Errand]:
    """The newest start of each run of each shop in that time, the earliest first."""
    found = []
    for name, shop in shops.items():
        if shop.settings is None or shop.fault:
            continue
        for run, minutes in timetable(shop.settings).items():
            if moments := [*starts(minutes, since, until)]:
                found.append(Errand(name, run, int(moments[-1].timestamp())))
    return sorted(found, key=lambda errand: errand.planned)
