"""A slot of a machine: one process that takes a run from the queue, carries it out, takes the next.

It serves any shop, one after the other, and stays warm between them. It ends once its standard
input ends, after the run that it is in: whoever started it is gone then, or wants it to end.
"""

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from procrastinate.jobs import DeleteJobCondition

from passerelle.base.circles import free_circles
from passerelle.base.errors import (
    BusyError,
    ConfigError,
    LedgerAwayError,
    PasserelleError,
    bug_in_words,
)
from passerelle.base.language import _, speak
from passerelle.config.model import Settings
from passerelle.fleet.board import note
from passerelle.fleet.queue import BEAT, SILENCE, SLOW, TASK, USUAL, Errand, Queue
from passerelle.fleet.shops import FleetShop, Shops, database_of
from passerelle.gateway.frame import Outcome
from passerelle.model.runs import RUNS
from passerelle.runs.starting import start

# Another run of the shop is active, or the database restarts: what follows is soon enough.
_SOON, _LATER = timedelta(seconds=10), timedelta(seconds=30)
# A run ends within its time limit, what follows it within seconds. The exit code is EX_SOFTWARE.
_GRACE, _HANGS = 120.0, 70


def work(folder: Path, say: Callable[[str], None], *, takes_slow: bool) -> None:
    """Works until standard input ends. Raises :class:`ConfigError` where there is no shop."""
    # What they tell of a database that is away is told by the keeper, in a person's words.
    for name in ("procrastinate", "psycopg"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    shops = Shops(folder)
    queue = Queue(database_of(shops.now()), "worker")
    queues = [USUAL, SLOW] if takes_slow else [USUAL]
    queue.run(_serve(queue, queues, _Slot(shops, queue, say)))


async def _serve(queue: Queue, queues: list[str], slot: "_Slot") -> None:
    @queue.app.task(name=TASK)
    async def run(shop: str, run: str, timestamp: int) -> None:
        await slot.carry_out(Errand(shop, run, timestamp))

    worker = asyncio.create_task(
        queue.app.run_worker_async(
            queues=queues,
            concurrency=1,
            delete_jobs=DeleteJobCondition.ALWAYS,
            update_heartbeat_interval=BEAT.total_seconds(),
            stalled_worker_timeout=SILENCE.total_seconds(),
            fetch_job_polling_interval=2.0,
        )
    )
    _when_input_ends(asyncio.get_running_loop(), worker)
    with suppress(asyncio.CancelledError):
        await worker


def _when_input_ends(loop: asyncio.AbstractEventLoop, worker: "asyncio.Task[None]") -> None:
    """Cancelled, procrastinate's worker ends the run that it is in, and takes no other."""

    own = _own_input()

    def listen() -> None:
        # Not sys.stdin's buffer: whoever waits in it keeps Python from ending.
        with suppress(OSError):
            while os.read(own, 100):
                pass
        loop.call_soon_threadsafe(worker.cancel)

    threading.Thread(target=listen, daemon=True).start()


def _own_input() -> int:
    """Standard input, for us alone; for all others there is nothing in it.

    While somebody reads from a pipe, Windows lets all wait who ask anything about it, and numpy's
    libraries look at standard input when they are loaded.
    """
    with suppress(OSError):
        own, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        return own
    return 0


class _Slot:
    def __init__(self, shops: Shops, queue: Queue, say: Callable[[str], None]) -> None:
        self._shops, self._queue, self._say = shops, queue, say

    async def carry_out(self, errand: Errand) -> None:
        try:
            shop = self._shops.shop(errand.shop)
        except ConfigError as error:
            shop = FleetShop(errand.shop, self._shops.folder, fault=error)
        if shop is None or shop.settings is None or shop.fault:
            why = shop.fault_in_words if shop else _("this machine knows no such shop")
            self._tell(errand, why)
            # Another machine may: its folder is newer, or this one's is away.
            await self._try_again(errand, _LATER)
            return
        try:
            async with _watched(shop.settings, errand):
                outcome = await asyncio.to_thread(_start, shop.settings, errand)
        except (BusyError, LedgerAwayError) as error:
            self._tell(errand, str(error))
            await self._try_again(errand)
        except PasserelleError as error:
            self._tell(errand, _("{error} (exit code {code})").format(
                error=error, code=error.exit_code))  # fmt: skip
        except Exception as error:
            self._tell(errand, bug_in_words(error))
        else:
            self._tell(errand, outcome.summary)
        free_circles()

    async def _try_again(self, errand: Errand, after: timedelta = _SOON) -> None:
        if not errand.is_over:
            await self._queue.put(errand, USUAL, after)

    def _tell(self, errand: Errand, text: str) -> None:
        self._say(_(": ").join((errand.name, text)))


@asynccontextmanager
async def _watched(settings: Settings, errand: Errand) -> AsyncIterator[None]:
    """A run that goes on long after its time hangs, and nothing else can end it but this process.

    Its lock goes with it, and others take it over.
    """
    limit = settings.time_limit.total_seconds() + _GRACE
    loop = asyncio.get_running_loop()
    watch = None if RUNS[errand.run].is_long else loop.call_later(limit, os._exit, _HANGS)
    try:
        yield
    finally:
        if watch:
            watch.cancel()


def _start(settings: Settings, errand: Errand) -> Outcome:
    speak(settings.language)
    deed = partial(note, errand=errand)
    return start(settings, errand.run, console=False, instead_of_the_page=deed)
