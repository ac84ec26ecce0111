"""The server's own page, for a tablet that has no agent: online only, and it says so.

A tablet is a till that was paired with ``--token``. Its desk lives here, in memory, and whatever is
done at it is written down by the server before it is confirmed. The token is typed once; the
browser keeps it in a cookie that no script and no other page can use.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from passerelle.base.exact_json import dump, parse
from passerelle.base.language import _
from passerelle.model.till_forms import read_order
from passerelle.model.tills import Till
from passerelle.tills.agent import Agent, routes_of
from passerelle.tills.agent_book import AgentBook
from passerelle.tills.desk import Desk
from passerelle.tills.page_http import page_routes
from passerelle.tills.server import TillServer
from passerelle.tills.shelf import ItemShelf

_COOKIE = "passerelle-till"


class DirectLink:
    """Between a desk and the server of the same process: nothing waits in between."""

    def __init__(self, desk: Desk, server: TillServer, till: Till) -> None:
        self._desk, self._server, self._till = desk, server, till
        self._turn = asyncio.Lock()
        self.items = ItemShelf(desk.book)

    def wake(self) -> None:
        """What waits is sent by :meth:`settle`, before anything is confirmed."""

    async def settle(self) -> None:
        """Has all that was done at the desk written down."""
        async with self._turn:
            while (waiting := self._desk.book.next_unsent()) is not None:
                command, body = waiting
                reply = await self._server.carry_out(self._till, body)
                answer = parse(reply.body)
                if answer.get("order"):
                    self._desk.hear([read_order(dump(answer["order"]))])
                self._desk.hear_answer(command, reply.status, answer)

    async def run(self) -> None:
        """Hears what the other tills do; one that fell behind begins anew."""
        while True:
            await self._hear()
            self._desk.is_connected = False
            await asyncio.sleep(1)

    async def _hear(self) -> None:
        server, till, maker = self._server, self._till, self._server.maker_for(self._till)
        cursor = server.hub.cursor()
        orders = server.book.current(till.group, maker)
        self._desk.is_connected = True
        self._desk.hear_all(orders, str(cursor))
        listed = await asyncio.to_thread(server.items.listed)
        self.items.fill(listed.data, listed.tag)
        async for chunk in server.hub.stream(till, maker, cursor):
            self._desk.others = server.book.heard(till.group)
            self._desk.heard = self._desk.now()
            for block in chunk.decode().split("\n\n"):
                lines = dict(line.partition(": ")[::2] for line in block.split("\n"))
                if "data" in lines and "event" not in lines:
                    self._desk.hear([read_order(lines["data"])])
            await self.settle()


class Tablets:
    """The desks of the tablets that were here since the server started."""

    def __init__(self, server: TillServer, now: Callable[[], datetime]) -> None:
        self._server, self._now = server, now
        self._agents: dict[str, tuple[Agent, asyncio.Task[None]]] = {}

    def routes(self) -> list[BaseRoute]:
        login = Route("/local/login", self._login, methods=["POST"])
        return [login, *page_routes(), Mount("/", app=self._local)]

    async def _login(self, request: Request) -> Response:
        token = ""
        with suppress(ValueError, AttributeError):
            token = str(parse(await request.body()).get("token", "")).strip()
        if self._stranger(request) or self._till_of(token) is None:
            return Response(dump({"error": _refused()}), 401, media_type="application/json")
        answer = Response(dump({"result": "ok"}), media_type="application/json")
        is_safe = request.url.scheme == "https"
        answer.set_cookie(_COOKIE, token, httponly=True, samesite="strict", secure=is_safe,
                          path="/local", max_age=400 * 24 * 3600)  # fmt: skip
        return answer

    def _till_of(self, token: str) -> Till | None:
        """A tablet's; the token of an agent is for that agent alone."""
        till = self._server.book.till_of(token)
        return till if till is not None and till.is_program else None

    async def _local(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        token = request.cookies.get(_COOKIE, "")
        till = None if self._stranger(request) else self._till_of(token)
        if till is None:
            answer = Response(dump({"error": _refused()}), 401, media_type="application/json")
            await answer(scope, receive, send)
            return
        await self._app_for(till)(scope, receive, send)

    def _app_for(self, till: Till) -> Any:
        from starlette.routing import Router

        if till.name not in self._agents:
            book = AgentBook(None)
            with book.transaction:
                book.set(till=till.name, group=till.group)
                book.catch_up(till.last_n, till.receipt)
            desk = Desk(book, self._now)
            agent = Agent(desk, DirectLink(desk, self._server, till), is_tablet=True)
            self._agents[till.name] = agent, asyncio.create_task(agent.link.run())
        return Router(routes_of(self._agents[till.name][0]))

    def _stranger(self, request: Request) -> bool:
        origin = request.headers.get("origin")
        return bool(origin) and urlsplit(str(origin)).netloc != request.headers.get("host")


def _refused() -> str:
    return _("this tablet is not paired, or was revoked")
