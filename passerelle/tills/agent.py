"""The agent's own HTTP: a till's page, and programs on the same machine (docs/tills.md).

It listens on this machine alone, and answers nobody who came by a page of somebody else's.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from passerelle.base.errors import PasserelleError
from passerelle.base.language import _, spoken
from passerelle.model.tills import Op
from passerelle.rules.tills.commands import read_op
from passerelle.tills.desk import Desk, NotDoneError
from passerelle.tills.page_http import HEAD, as_json, event_of, page_routes, stranger_in, table_of
from passerelle.tills.shelf import ItemShelf

_HEARTBEAT_SECONDS = 10.0
_PATIENCE_SECONDS = 10.0
_MOST_ITEMS = 30


class Carrier(Protocol):
    """What brings a desk's commands to the server, and back what others did."""

    items: ItemShelf

    def wake(self) -> None:
        """Something waits in the outbox."""

    async def run(self) -> None:
        """Goes on until it is cancelled."""

    async def settle(self) -> None:
        """Comes back once what was done may be confirmed."""


class Agent:
    """A desk, its link, and the pages that look at it."""

    def __init__(self, desk: Desk, link: Carrier, *, is_tablet: bool = False) -> None:
        self.desk, self.link, self._is_tablet = desk, link, is_tablet
        self._pages: set[asyncio.Queue[tuple[str, str]]] = set()
        self._waiters: set[asyncio.Event] = set()
        desk.told, desk.wakened = self._order_changed, self.link.wake
        desk.state_changed = self._state_changed

    @asynccontextmanager
    async def running(self, _app: Starlette) -> AsyncIterator[None]:
        link = asyncio.create_task(self.link.run())
        try:
            yield
        finally:
            link.cancel()
            await asyncio.gather(link, return_exceptions=True)
            self.desk.book.close()

    # --- what pages hear -----------------------------------------------------------------------

    def _order_changed(self, id: str) -> None:
        self._tell("order", id)

    def _state_changed(self) -> None:
        self._tell("state", "")

    def _tell(self, kind: str, id: str) -> None:
        for page in self._pages:
            page.put_nowait((kind, id))
        for waiter in self._waiters:
            waiter.set()

    async def _until(self, done: Callable[[], bool]) -> bool:
        """Waits until it is so, a while at most."""
        moved = asyncio.Event()
        self._waiters.add(moved)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not done():
                    await moved.wait()
                    moved.clear()
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(moved)
        return True

    async def events(self, _request: Request) -> Response:
        return StreamingResponse(self._hear(), media_type="text/event-stream", headers=HEAD)

    async def _hear(self) -> AsyncIterator[bytes]:
        page: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._pages.add(page)
        try:
            yield event_of("state", self._state())
            for id in self.desk.ids():
                yield event_of("order", self.desk.view(id))
            while True:
                try:
                    kind, id = await asyncio.wait_for(page.get(), _HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield event_of("state", self._state())
                    continue
                if kind == "order" and (view := self.desk.view(id)):
                    yield event_of("order", view)
                yield event_of("state", self._state())
        finally:
            self._pages.discard(page)

    def _state(self) -> dict[str, Any]:
        desk, heard = self.desk, self.desk.heard
        is_silent = heard is not None and not desk.is_connected
        return {
            "till": desk.book.till,
            "group": desk.book.get("group"),
            "language": spoken(),
            "tablet": self._is_tablet,
            "connected": desk.is_connected,
            "since": heard.isoformat() if heard and is_silent else None,
            "holds": desk.holds,
            "unsent": desk.book.unsent(),
            "session": desk.session,
            "refused": [refused._asdict() for refused in desk.book.refused()],
        }

    # --- the calls -----------------------------------------------------------------------------

    async def state(self, _request: Request) -> Response:
        return as_json(200, self._state())

    async def orders(self, _request: Request) -> Response:
        views = [self.desk.view(id) for id in self.desk.ids()]
        return as_json(200, {"orders": [view for view in views if view is not None]})

    async def order(self, request: Request) -> Response:
        return self._view(request.path_params["id"])

    def _view(self, id: str) -> Response:
        view = self.desk.handed(id)
        if view is None:
            return as_json(404, {"error": _("there is no such order")})
        return as_json(200, view)

    async def put(self, request: Request) -> Response:
        id = request.path_params["id"]
        self.desk.put(id, await table_of(request))
        return self._view(id)

    async def ops(self, request: Request) -> Response:
        id, said = request.path_params["id"], await table_of(request)
        given = said.get("ops")
        ops = [read_op(op) for op in given] if isinstance(given, list) else []
        if not ops or any(op.kind == "pay" for op in ops):
            raise ValueError(_("ops: write a list of ops; a payment goes by /pay"))
        self.desk.do(id, ops)
        return self._view(id)

    async def sync(self, request: Request) -> Response:
        """Back once all that this till did to the order is answered."""
        id, desk = request.path_params["id"], self.desk
        if desk.holds or not desk.is_connected:
            return as_json(503, {"error": desk.holds or _("there is no connection to the server")})
        mine = {command.key for command in desk.book.pending(id)}
        self.link.wake()
        if not await self._until(lambda: not mine & _keys(desk, id)):
            return as_json(503, {"error": _("there is no connection to the server")})
        # Or it came before this was asked.
        refused = desk.tell_refused(id)
        if refused is not None:
            return self._refusal(id, refused.why, refused.who)
        view = desk.handed(id)
        if view is None:
            return as_json(404, {"error": _("there is no such order")})
        return as_json(200, {"result": "ok", "order": view})

    async def claim(self, request: Request) -> Response:
        """Asks for the hold, and waits until the server has granted it or not."""
        id, desk = request.path_params["id"], self.desk
        desk.claim(id)
        await self.link.settle()
        if not await self._until(lambda: desk.is_granted(id) is not None):
            raise NotDoneError(_("the server has not granted the hold yet"))
        if not desk.is_granted(id):
            order = desk.order(id)
            who = order.claim if order else None
            why = _("{till} holds the order").format(till=who) if who else _("the hold was refused")
            raise NotDoneError(why, who)
        return self._view(id)

    async def release(self, request: Request) -> Response:
        self.desk.release(request.path_params["id"])
        return self._view(request.path_params["id"])

    async def cancel(self, request: Request) -> Response:
        return self._do(request, Op("cancel", {}))

    async def break_hold(self, request: Request) -> Response:
        said = await table_of(request)
        return self._do(request, Op("break", {"who": str(said.get("who", ""))}))

    def _do(self, request: Request, op: Op) -> Response:
        id = request.path_params["id"]
        self.desk.do(id, [op])
        return self._view(id)

    async def pay(self, request: Request) -> Response:
        id, said = request.path_params["id"], await table_of(request)
        payments = said.get("payments")
        if not isinstance(payments, list):
            raise ValueError(_("payments: write a list"))
        receipt = self.desk.pay(id, payments)
        return as_json(200, {"receipt": receipt, "order": self.desk.handed(id)})

    async def seen(self, request: Request) -> Response:
        self.desk.see_refused(request.path_params["key"])
        self._state_changed()
        return as_json(200, self._state())

    async def items(self, request: Request) -> Response:
        text = request.query_params.get("q", "")
        return as_json(200, self.link.items.found(text, _MOST_ITEMS))

    def _refusal(self, id: str, why: str, who: str | None) -> Response:
        told = {"result": "refused", "why": why, "who": who, "order": self.desk.handed(id)}
        return as_json(409, told)

    def guarded(
        self, call: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """A call of this machine's own; what cannot be done is answered in words."""

        async def guarded(request: Request) -> Response:
            try:
                if not self._is_tablet and (stranger := stranger_in(request)):
                    return as_json(403, {"error": stranger})
                answer = await call(request)
                await self.link.settle()
                return answer
            except NotDoneError as error:
                return self._refusal(request.path_params.get("id", ""), error.why, error.who)
            except ValueError as error:
                return as_json(422, {"error": str(error)})
            except PasserelleError as error:
                return as_json(503, {"error": str(error)})

        return guarded


def make_app(agent: Agent) -> Starlette:
    return Starlette(routes=[*page_routes(), *routes_of(agent)], lifespan=agent.running)


def routes_of(agent: Agent) -> list[BaseRoute]:
    table = [
        ("/local/state", "GET", agent.state),
        ("/local/events", "GET", agent.events),
        ("/local/items", "GET", agent.items),
        ("/local/orders", "GET", agent.orders),
        ("/local/refused/{key}/seen", "POST", agent.seen),
        ("/local/orders/{id:path}/sync", "POST", agent.sync),
        ("/local/orders/{id:path}/ops", "POST", agent.ops),
        ("/local/orders/{id:path}/claim", "POST", agent.claim),
        ("/local/orders/{id:path}/release", "POST", agent.release),
        ("/local/orders/{id:path}/cancel", "POST", agent.cancel),
        ("/local/orders/{id:path}/break", "POST", agent.break_hold),
        ("/local/orders/{id:path}/pay", "POST", agent.pay),
        ("/local/orders/{id:path}", "GET", agent.order),
        ("/local/orders/{id:path}", "PUT", agent.put),
    ]
    return [Route(path, agent.guarded(call), methods=[way]) for path, way, call in table]


def _keys(desk: Desk, id: str) -> set[str]:
    return {command.key for command in desk.book.pending(id)}
