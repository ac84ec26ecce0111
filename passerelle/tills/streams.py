"""What tills hear: a stream of events (SSE), or the same as a long poll.

An event is a whole order, as it is after a command; ``EPOCH.SEQ`` says how far a till has heard,
and where it goes on after a cut. The epoch is another one for each book, and for one that was put
back from a backup: whoever heard a later one must not take it for the same.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import NamedTuple

from passerelle.base.exact_json import dump
from passerelle.base.language import _
from passerelle.ledger.till_book import TillBook, TillEvent
from passerelle.model.tills import Till

HEARTBEAT_SECONDS = 10.0
# Further behind, a till is cut off: it comes back and reads the last state of each order.
_MOST_WAITING = 10_000
# Another process may write, too: somebody closes a session, or breaks a hold.
_LOOK_SECONDS = 0.2


class Cursor(NamedTuple):
    """How far a till has heard: ``EPOCH.SEQ``."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.seq}"


class AheadError(Exception):
    """The till has heard of what this book does not know: it was lost, or is an older copy."""


def read_cursor(text: str) -> Cursor | None:
    """``None`` for a till that has heard nothing yet. Raises :class:`ValueError`."""
    if not text:
        return None
    epoch, _dot, seq = text.rpartition(".")
    if not epoch or not seq.isdecimal() or len(seq) > 18:
        raise ValueError(_("a cursor is written EPOCH.SEQ"))
    return Cursor(epoch, int(seq))


class Stream:
    """One till's ear: what it is to be told, in order."""

    def __init__(self, till: Till, maker: str) -> None:
        self._group, self._maker = till.group, maker
        self.place = till.name, till.paired
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)
        self.is_over = False

    def hears(self, event: TillEvent) -> bool:
        return event.group == self._group and self._maker in ("", event.maker)

    def tell(self, chunk: bytes) -> None:
        try:
            self.queue.put_nowait(chunk)
        except asyncio.QueueFull:
            self.is_over = True

    def end(self) -> None:
        """Tells nothing more."""
        self.is_over = True
        self.tell(b"")


class Hub:
    """All ears, and the book that they are told of. Lives in the server's event loop."""

    def __init__(self, book: TillBook) -> None:
        self._book, self._streams = book, set[Stream]()
        self._told, self._ask = book.seq, book.ask
        self._version = book.data_version()
        self.told: Callable[[], object] = lambda: None

    async def watch(self) -> None:
        """Tells, as long as the server runs, what other processes wrote; and that it is here."""
        said = monotonic()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if monotonic() - said > HEARTBEAT_SECONDS:
                said = monotonic()
                for stream in self._listening():
                    stream.tell(b": still here\n\n")
            if (version := self._book.data_version()) != self._version:
                self._version = version
                self.publish(self._book.events_after(self._told))
                self._publish_ask()

    def publish(self, events: list[TillEvent]) -> None:
        """Tells what was written; what was told already is left out."""
        news = [event for event in events if event.seq > self._told]
        if news and news[0].seq > self._told + 1:
            news = self._book.events_after(self._told)
        streams, epoch = self._listening() if news else [], self._book.epoch
        for event in news:
            chunk = sse(event, epoch)
            for stream in streams:
                if stream.hears(event):
                    stream.tell(chunk)
        if news:
            self._told = news[-1].seq
            self.told()

    def _listening(self) -> list[Stream]:
        """The streams of tills that may still speak; those of others end."""
        places = self._book.places()
        for stream in self._streams:
            if stream.place not in places:
                stream.end()
        return [stream for stream in self._streams if not stream.is_over]

    def _publish_ask(self) -> None:
        if (ask := self._book.ask) != self._ask:
            self._ask = ask
            for stream in self._streams:
                stream.tell(_ask_event(ask))

    def check(self, cursor: Cursor | None) -> None:
        """Raises :class:`AheadError` for a till that knows more than the book."""
        if cursor and (cursor.epoch != self._book.epoch or cursor.seq > self._book.seq):
            raise AheadError(cursor)

    def cursor(self) -> Cursor:
        return Cursor(self._book.epoch, self._book.seq)

    @contextmanager
    def listening(self, till: Till, maker: str) -> Iterator[Stream]:
        stream = Stream(till, maker)
        self._streams.add(stream)
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    async def stream(self, till: Till, maker: str, cursor: Cursor | None) -> AsyncIterator[bytes]:
        """What a till hears from its cursor on, until it goes or falls behind."""
        with self.listening(till, maker) as stream:
            # Some may come twice: what was written meanwhile. The order's rev tells.
            after = cursor.seq if cursor else 0
            missed = self._book.events_after(after, till.group, maker)
            yield b": welcome\n\n" + b"".join(sse(one, self._book.epoch) for one in missed)
            if self._ask:
                yield _ask_event(self._ask)
            while not stream.is_over:
                chunks = [await stream.queue.get()]
                while not stream.queue.empty():
                    chunks.append(stream.queue.get_nowait())
                yield b"".join(chunks)

    async def wait(self, till: Till, maker: str, cursor: Cursor | None, seconds: float) -> bytes:
        """The same for one that asks again and again: at once if there is news, else later."""
        after = cursor.seq if cursor else 0
        with self.listening(till, maker) as stream:
            events = self._book.events_after(after, till.group, maker)
            if not events:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stream.queue.get(), seconds)
                events = self._book.events_after(after, till.group, maker)
        orders = ", ".join(event.doc for event in events)
        heard = Cursor(self._book.epoch, events[-1].seq if events else after)
        head = f'{{"cursor": {dump(str(heard))}, "ask": {self._ask or "null"}, '
        return f'{head}"orders": [{orders}]}}'.encode()


def sse(event: TillEvent, epoch: str) -> bytes:
    return f"id: {epoch}.{event.seq}\ndata: {event.doc}\n\n".encode()


def _ask_event(number: int) -> bytes:
    return f'event: ask\ndata: {{"ask": {number}}}\n\n'.encode()
