"""What tills may ask of the server: the protocol of docs/tills.md, call by call."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from passerelle import __version__
from passerelle.base.errors import PasserelleError
from passerelle.base.exact_json import dump, parse
from passerelle.base.language import _
from passerelle.model.till_forms import shown
from passerelle.model.tills import Till
from passerelle.rules.tills.commands import MAX_BYTES
from passerelle.tills.sequencer import Reply, refusal
from passerelle.tills.server import TillServer
from passerelle.tills.streams import AheadError, Cursor, read_cursor
from passerelle.tills.trust import pair

_MOST_WAIT = 60.0


class TillCalls:
    """The calls of one server."""

    def __init__(self, server: TillServer) -> None:
        self.server = server

    async def ops(self, request: Request, till: Till) -> Response:
        body = await _body(request)
        if body is None:
            return _answer(
                refusal(413, _("a command has {most} bytes at most").format(most=MAX_BYTES))
            )

        return _answer(await self.server.carry_out(till, body))

    async def events(self, request: Request, till: Till) -> Response:
        asked = request.query_params
        try:
            cursor = read_cursor(request.headers.get("last-event-id") or asked.get("after", ""))
            seconds = min(float(asked["wait"]), _MOST_WAIT) if "wait" in asked else None
        except ValueError as error:
            return _answer(refusal(422, str(error)))
        try:
            self.server.hub.check(cursor)
        except AheadError:
            return await self._till_is_ahead(till, cursor)
        maker = self.server.maker_for(till)
        if seconds is not None or "after" in asked:
            told = await self.server.hub.wait(till, maker, cursor, seconds or 0.0)
            return Response(told, media_type="application/json")
        heard = self._hear(self.server.hub.stream(till, maker, cursor), till, request)
        head = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(heard, media_type="text/event-stream", headers=head)

    async def _hear(self, chunks: Any, till: Till, request: Request) -> Any:
        """An agent that listens is alive."""
        async for chunk in chunks:
            self.server.is_fenced(till, _agent(request))
            yield chunk

    async def _till_is_ahead(self, till: Till, cursor: Cursor | None) -> Response:
        """The book lost what was acknowledged: from now on it is another one, for all tills.

        An agent's cursor is one that it was given; a program may have made one up.
        """
        why = _("this till has heard of changes that the server does not know: its book was lost "
                "or put back; pair the till anew, after a look")  # fmt: skip
        if cursor is not None and cursor.epoch == self.server.book.epoch:
            await self.server.note(lambda: self._note_ahead(till))
        return _json(409, {"result": "ahead", "why": why})

    def _note_ahead(self, till: Till) -> None:
        book, now = self.server.writing, self.server.now()
        if till.is_program:
            book.flag(now, till.group, till.name, "ahead", till.name)
        else:
            told = _("till {till} has heard of more than the book has").format(till=till.name)
            book.begin_anew(now, told)

    async def snapshot(self, _request: Request, till: Till) -> Response:
        cursor = self.server.hub.cursor()
        orders = self.server.book.current(till.group, self.server.maker_for(till))
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
        order = self.server.book.order(till.group, request.path_params["id"])
        if order is None or self.server.maker_for(till) not in ("", order.maker):
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
        await self.server.note(
            lambda: self.server.writing.note_agent(name, agent, unsent, asked, self.server.now())
        )
        told = {
            "n": till.last_n,
            "receipt": till.receipt,
            "tills": self.server.book.heard(till.group),
        }
        is_shared = not self.server.maker_for(till)
        return _json(200, told | {"session": self._session_of(till), "shared": is_shared})

    def _session_of(self, till: Till) -> int | None:
        session = self.server.book.session(till.group)
        return session.number if session and session.closed is None else None

    async def list_items(self, request: Request, till: Till) -> Response:
        listed = await asyncio.to_thread(self.server.items.listed)
        head = {"ETag": listed.tag}
        if request.headers.get("if-none-match") == listed.tag:
            return Response(status_code=304, headers=head)
        return Response(listed.data, media_type="application/json", headers=head)

    async def health(self, _request: Request) -> Response:
        cursor = self.server.hub.cursor()
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

            return _json(200, {"salt": self.server.book.salt.hex(), "nonce": token_hex(16)})
        nonces = hello, nonce
        paired = await self.server.write(
            lambda: (
                pair(
                    self.server.writing, nonces, given, self.server.fingerprint, self.server.now()
                ),
                [],
            )
        )
        if paired is None:
            why = _(
                "this code is wrong, used, or too old: `passerelle till pair NAME` gives a new one"
            )
            return _answer(refusal(403, why))
        self.server.agents.pop(paired.name, None)
        return _json(200, paired._asdict())


def make_app(server: TillServer, more: Sequence[BaseRoute] = ()) -> Starlette:
    """The server's app, with ``more`` than tills ask for; the book is closed when it ends."""
    calls = TillCalls(server)
    routes = [
        Route("/v1/ops", _of_till(server, calls.ops), methods=["POST"]),
        Route("/v1/events", _of_till(server, calls.events)),
        Route("/v1/snapshot", _of_till(server, calls.snapshot)),
        Route("/v1/orders/{id:path}", _of_till(server, calls.order)),
        Route("/v1/agent", _of_till(server, calls.agent), methods=["POST"]),
        Route("/v1/items", _of_till(server, calls.list_items)),
        Route("/v1/health", calls.health),
        Route("/v1/pair", calls.pair, methods=["POST"]),
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
