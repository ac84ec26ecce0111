"""``passerelle till serve``: HTTP for the tills of a shop (docs/tills.md has the protocol).

One event loop answers; one thread writes. What is looked up meanwhile is read from the book as it
was committed last.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from passerelle import __version__
from passerelle.base.errors import PasserelleError
from passerelle.base.exact_json import dump, parse
from passerelle.base.language import _
from passerelle.config.tills import Tills
from passerelle.ledger.till_book import Event, TillBook
from passerelle.model.till_forms import shown
from passerelle.model.tills import Till
from passerelle.rules.tills.commands import MAX_BYTES
from passerelle.tills.items import Items
from passerelle.tills.ringing import Ringer
from passerelle.tills.sequencer import Reply, Sequencer, refusal
from passerelle.tills.streams import AheadError, Cursor, Hub, read_cursor
from passerelle.tills.trust import pair
from passerelle.tills.writer import Writer

# While a till's agent was heard within so many seconds, no other installation is that till.
ALIVE_SECONDS = 30.0
_MOST_WAIT = 60.0
_REMEMBER_SECONDS = 1.0
_PRUNE_SECONDS = 3600.0


@dataclass
class TillServer:
    """What the calls of one server share. ``fingerprint`` is its certificate's, "" without TLS."""

    folder: Path
    settings: Tills
    now: Callable[[], datetime]
    items: Items
    fingerprint: str = ""
    ringer: Ringer | None = None
    _agents: dict[str, tuple[str, float]] = field(default_factory=dict)

    def open(self) -> None:
        """Opens the book, for writing and for looking. Raises :class:`UnreachableError`."""
        self.book, self._writing = TillBook(self.folder), TillBook(self.folder)
        if self._writing.is_older_than_it_was():
            why = _("the book is older than it was: it was put back from a backup")
            with self._writing.transaction:
                self._writing.begin_anew(self.now(), why)
            self._writing.remember()
        for till in self.book.tills():
            if till.agent:  # who spoke last may go on; another waits a while
                self._agents[till.name] = till.agent, monotonic()
        self.sequencer = Sequencer(self._writing, self.settings)
        self.hub = Hub(self.book)

    @asynccontextmanager
    async def running(self, _app: Starlette) -> Any:
        loop = asyncio.get_running_loop()

        def publish(events: list[Event]) -> None:
            if events:
                loop.call_soon_threadsafe(self.hub.publish, events)

        self.writer = Writer(self._writing, publish)
        chores = [asyncio.create_task(chore) for chore in self._chores()]
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.to_thread(self.writer.close)
            self._writing.remember()
            self._writing.close()
            self.book.close()

    def _chores(self) -> Iterator[Coroutine[Any, Any, None]]:
        yield self.hub.watch()
        yield self._look_after()
        if self.ringer:
            self.hub.told = self.ringer.ring
            yield self.ringer.watch()

    async def _look_after(self) -> None:
        """Notes beside the book how far it is, and forgets replies that are too old."""
        remembered, pruned = -1, monotonic()
        await self.note(lambda: self._writing.prune(self.now()))
        while True:
            await asyncio.sleep(_REMEMBER_SECONDS)
            if (seq := self.book.seq) != remembered:
                remembered = seq
                await asyncio.to_thread(self.book.remember)
            if monotonic() - pruned > _PRUNE_SECONDS:
                pruned = monotonic()
                await self.note(lambda: self._writing.prune(self.now()))

    async def write(self, deed: Callable[[], tuple[Any, list[Event]]]) -> Any:
        """Has something written; back once it is durable."""
        return await asyncio.wrap_future(self.writer.submit(deed))

    async def carry_out(self, till: Till, body: bytes) -> Reply:
        """Does what a till asks for; the answer is durable."""

        def deed() -> tuple[Reply, list[Event]]:
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
        known, heard = self._agents.get(till.name, (agent, 0.0))
        if known != agent and monotonic() - heard < ALIVE_SECONDS:
            return True
        self._agents[till.name] = agent, monotonic()
        return False

    # --- the calls -----------------------------------------------------------------------------

    async def ops(self, request: Request, till: Till) -> Response:
        body = await _body(request)
        if body is None:
            return _answer(
                refusal(413, _("a command has {most} bytes at most").format(most=MAX_BYTES))
            )

        return _answer(await self.carry_out(till, body))

    async def events(self, request: Request, till: Till) -> Response:
        asked = request.query_params
        try:
            cursor = read_cursor(request.headers.get("last-event-id") or asked.get("after", ""))
            seconds = min(float(asked["wait"]), _MOST_WAIT) if "wait" in asked else None
        except ValueError as error:
            return _answer(refusal(422, str(error)))
        try:
            self.hub.check(cursor)
        except AheadError:
            return await self._till_is_ahead(till, cursor)
        maker = self.maker_for(till)
        if seconds is not None or "after" in asked:
            told = await self.hub.wait(till, maker, cursor, seconds or 0.0)
            return Response(told, media_type="application/json")
        heard = self._hear(self.hub.stream(till, maker, cursor), till, request)
        head = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(heard, media_type="text/event-stream", headers=head)

    async def _hear(self, chunks: Any, till: Till, request: Request) -> Any:
        """An agent that listens is alive."""
        async for chunk in chunks:
            self.is_fenced(till, _agent(request))
            yield chunk

    async def _till_is_ahead(self, till: Till, cursor: Cursor | None) -> Response:
        """The book lost what was acknowledged: from now on it is another one, for all tills."""
        why = _("this till has heard of changes that the server does not know: its book was lost "
                "or put back; pair the till anew, after a look")  # fmt: skip
        if cursor is not None and cursor.epoch == self.book.epoch:
            told = _("till {till} has heard of more than the book has").format(till=till.name)
            await self.note(lambda: self._writing.begin_anew(self.now(), told))
        return _json(409, {"result": "ahead", "why": why})

    async def snapshot(self, _request: Request, till: Till) -> Response:
        cursor = self.hub.cursor()
        orders = self.book.current(till.group, self.maker_for(till))
        return _json(
            200,
            {
                "cursor": str(cursor),
                "till": {
                    "name": till.name,
                    "group": till.group,
                    "n": till.last_n,
                    "receipt": till.receipt,
                    "program": till.is_program,
                },
                "session": self._session_of(till),
                "orders": [shown(order) for order in orders],
            },
        )

    async def order(self, request: Request, till: Till) -> Response:
        order = self.book.order(till.group, request.path_params["id"])
        if order is None or self.maker_for(till) not in ("", order.maker):
            return _answer(refusal(404, _("there is no such order")))
        return _json(200, shown(order))

    async def agent(self, request: Request, till: Till) -> Response:
        """An agent says who it is, how far its book is, and how much waits in its outbox."""
        try:
            said = parse(await _body(request) or b"")
            unsent, n = int(str(said["unsent"])), int(str(said["n"]))
            asked = int(str(said["asked"])) if said.get("asked") is not None else None
        except (ValueError, KeyError, TypeError):
            return _answer(refusal(422, _("an agent says unsent and n")))
        if n < till.last_n:
            why = _("this till's own book is older than what it has sent: it was copied or put "
                    "back; pair it anew, after a look")  # fmt: skip
            return _json(409, {"result": "ahead", "why": why})
        name, agent = till.name, _agent(request)
        await self.note(lambda: self._writing.note_agent(name, agent, unsent, asked, self.now()))
        told = {"n": till.last_n, "receipt": till.receipt, "tills": self.book.heard(till.group)}
        return _json(200, told | {"session": self._session_of(till)})

    def _session_of(self, till: Till) -> int | None:
        session = self.book.session(till.group)
        return session.number if session and session.closed is None else None

    async def list_items(self, request: Request, till: Till) -> Response:
        listed = await asyncio.to_thread(self.items.listed)
        head = {"ETag": listed.tag}
        if request.headers.get("if-none-match") == listed.tag:
            return Response(status_code=304, headers=head)
        return Response(listed.data, media_type="application/json", headers=head)

    async def health(self, _request: Request) -> Response:
        cursor = self.hub.cursor()
        told = {"status": "ok", "version": __version__, "epoch": cursor.epoch, "seq": cursor.seq}
        return JSONResponse(told)

    async def pair(self, request: Request) -> Response:
        """Two steps: nonces and salt, then the proof. A code is never sent."""
        try:
            said = parse(await _body(request) or b"")
            hello, nonce, given = (str(said.get(name, "")) for name in ("hello", "nonce", "proof"))
        except (ValueError, AttributeError):
            return _answer(refusal(422, _("a till pairs with hello, nonce and proof")))
        if not given:
            from secrets import token_hex

            return _json(200, {"salt": self.book.salt.hex(), "nonce": token_hex(16)})
        nonces = hello, nonce
        paired = await self.write(
            lambda: (pair(self._writing, nonces, given, self.fingerprint, self.now()), [])
        )
        if paired is None:
            why = _(
                "this code is wrong, used, or too old: `passerelle till pair NAME` gives a new one"
            )
            return _answer(refusal(403, why))
        self._agents.pop(paired.name, None)
        return _json(200, paired._asdict())


def make_app(server: TillServer, more: Sequence[BaseRoute] = ()) -> Starlette:
    """The server's app, with ``more`` than tills ask for; the book is closed when it ends."""
    routes = [
        Route("/v1/ops", _of_till(server, server.ops), methods=["POST"]),
        Route("/v1/events", _of_till(server, server.events)),
        Route("/v1/snapshot", _of_till(server, server.snapshot)),
        Route("/v1/orders/{id:path}", _of_till(server, server.order)),
        Route("/v1/agent", _of_till(server, server.agent), methods=["POST"]),
        Route("/v1/items", _of_till(server, server.list_items)),
        Route("/v1/health", server.health),
        Route("/v1/pair", server.pair, methods=["POST"]),
    ]
    return Starlette(routes=[*routes, *more], lifespan=server.running)


def _of_till(
    server: TillServer, call: Callable[[Request, Till], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """A call that is a till's alone: who has no token, or an old one, gets 401."""

    async def answer(request: Request) -> Response:
        till = server.book.till_of(_token(request))
        if till is None:
            return _answer(refusal(401, _("this till is not paired, or was revoked")))
        if server.is_fenced(till, _agent(request)):
            why = _("another installation speaks for till {till}: this one is fenced off")
            return _json(403, {"result": "fenced", "why": why.format(till=till.name)})
        try:
            return await call(request, till)
        except ClientDisconnect:
            return Response(status_code=400)
        except PasserelleError as error:
            return _answer(refusal(503, str(error)))

    return answer


async def _body(request: Request) -> bytes | None:
    """The request's body; ``None`` where it is too long to be meant."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _token(request: Request) -> str:
    kind, _space, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _agent(request: Request) -> str:
    return request.headers.get("passerelle-agent", "")[:64]


def _answer(reply: Reply) -> Response:
    return Response(reply.body, reply.status, media_type="application/json")


def _json(status: int, value: Any) -> Response:
    return Response(dump(value), status, media_type="application/json")
