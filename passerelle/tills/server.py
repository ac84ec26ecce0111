"""``passerelle till serve``: HTTP for the tills of a shop (docs/tills.md has the protocol).

One event loop answers; one thread writes. What is looked up meanwhile is read from the book as it
was committed last.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from starlette.applications import Starlette

from passerelle.base.errors import PasserelleError
from passerelle.base.language import _
from passerelle.config.tills import Tills
from passerelle.ledger.till_book import TillBook, TillEvent
from passerelle.model.tills import Till
from passerelle.tills.items import ItemList
from passerelle.tills.ringing import Ringer
from passerelle.tills.sequencer import Reply, Sequencer
from passerelle.tills.streams import Hub
from passerelle.tills.writer import Writer

# While a till's agent was heard within so many seconds, no other installation is that till.
ALIVE_SECONDS = 30.0
_REMEMBER_SECONDS = 1.0
_PRUNE_SECONDS = 3600.0
Chore = Callable[[], Coroutine[Any, Any, None]]


@dataclass
class TillServer:
    """What the calls of one server share. ``fingerprint`` is its certificate's, "" without TLS."""

    folder: Path
    settings: Tills
    now: Callable[[], datetime]
    items: ItemList
    fingerprint: str = ""
    ringer: Ringer | None = None
    agents: dict[str, tuple[str, float]] = field(default_factory=dict)

    def open(self) -> None:
        """Opens the book, for writing and for looking. Raises :class:`UnreachableError`."""
        self.book, self.writing = TillBook(self.folder), TillBook(self.folder)
        if self.writing.is_older_than_it_was():
            why = _("the book is older than it was: it was put back from a backup")
            with self.writing.transaction:
                self.writing.begin_anew(self.now(), why)
            self.writing.remember()
        for till in self.book.tills():
            if till.agent:  # who spoke last may go on; another waits a while
                self.agents[till.name] = till.agent, monotonic()
        self.sequencer = Sequencer(self.writing, self.settings)
        self.hub = Hub(self.book)

    @asynccontextmanager
    async def running(self, _app: Starlette) -> Any:
        loop = asyncio.get_running_loop()

        def publish(events: list[TillEvent]) -> None:
            if events:
                loop.call_soon_threadsafe(self.hub.publish, events)

        self.writer = Writer(self.writing, publish)
        chores = [asyncio.create_task(_again(chore)) for chore in self._chores()]
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.to_thread(self.writer.close)
            self.writing.remember()
            self.writing.close()
            self.book.close()

    def _chores(self) -> Iterator[Chore]:
        yield self.hub.watch
        yield self._look_after
        if self.ringer:
            self.hub.told = self.ringer.ring
            yield self.ringer.watch

    async def _look_after(self) -> None:
        """Notes beside the book how far it is, and forgets replies that are too old."""
        remembered, pruned = -1, monotonic()
        await self.note(lambda: self.writing.prune(self.now()))
        while True:
            await asyncio.sleep(_REMEMBER_SECONDS)
            if (seq := self.book.seq) != remembered:
                remembered = seq
                await asyncio.to_thread(self.book.remember)
            if monotonic() - pruned > _PRUNE_SECONDS:
                pruned = monotonic()
                await self.note(lambda: self.writing.prune(self.now()))

    async def write(self, deed: Callable[[], tuple[Any, list[TillEvent]]]) -> Any:
        """Has something written; back once it is durable."""
        return await asyncio.wrap_future(self.writer.submit(deed))

    async def carry_out(self, till: Till, body: bytes) -> Reply:
        """Does what a till asks for; the answer is durable."""

        def deed() -> tuple[Reply, list[TillEvent]]:
            done = self.sequencer.carry_out(till, body, self.now())
            return done.reply, [done.event] if done.event else []

        reply: Reply = await self.write(deed)
        return reply

    async def note(self, deed: Callable[[], object]) -> None:
        """The same, where no till is to hear of it."""
        await self.write(lambda: (deed(), []))

    def maker_for(self, till: Till) -> str:
        """Whose orders the till sees alone: its own, where its group's tills share none."""
        group = self.settings.groups.get(till.group)
        return till.name if group is not None and not group.sync else ""

    def is_fenced(self, till: Till, agent: str) -> bool:
        """Whether another installation speaks for this till just now; if not, this one does."""
        if not agent:
            return False
        known, heard = self.agents.get(till.name, (agent, 0.0))
        if known != agent and monotonic() - heard < ALIVE_SECONDS:
            return True
        self.agents[till.name] = agent, monotonic()
        return False


async def _again(chore: Chore) -> None:
    """A chore goes on however long the disk was full, or the book in other hands."""
    while True:
        with suppress(PasserelleError, sqlite3.Error, OSError):
            await chore()
        await asyncio.sleep(_REMEMBER_SECONDS)
