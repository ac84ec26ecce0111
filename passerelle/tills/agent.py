"""The agent's own HTTP: a till's page, and programs on the same machine (docs/tills.md).

It listens on this machine alone, and answers nobody who came by a page of somebody else's: the Host
must be this machine, an Origin its own, and what is sent must say that it is JSON.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import PurePath
from typing import Any, Protocol
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from passerelle.base.errors import PasserelleError
from passerelle.base.exact_json import dump, parse
from passerelle.base.language import _, spoken
from passerelle.config.tills import is_loopback
from passerelle.model.tills import Op
from passerelle.rules.tills.commands import read_op
from passerelle.tills.desk import Desk, NotDoneError
from passerelle.tills.shelf import ItemShelf

_HEARTBEAT_SECONDS = 10.0
_PATIENCE_SECONDS = 10.0
_MOST_ITEMS = 30
# Windows' own list is what some program made of it: a script of another kind would not run.
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript",
          ".json": "application/json", ".svg": "image/svg+xml"}  # fmt: skip
# The page is files of ours: nothing else may run, load or be sent anywhere.
_HEAD = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


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
        return StreamingResponse(self._hear(), media_type="text/event-stream", headers=_HEAD)

    async def _hear(self) -> AsyncIterator[bytes]:
        page: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._pages.add(page)
        try:
            yield _event("state", self._state())
            for id in self.desk.ids():
                yield _event("order", self.desk.view(id))
            while True:
                try:
                    kind, id = await asyncio.wait_for(page.get(), _HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield _event("state", self._state())
                    continue
                if kind == "order" and (view := self.desk.view(id)):
                    yield _event("order", view)
                yield _event("state", self._state())
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
        return _json(200, self._state())

    async def orders(self, _request: Request) -> Response:
        views = [self.desk.view(id) for id in self.desk.ids()]
        return _json(200, {"orders": [view for view in views if view is not None]})

    async def order(self, request: Request) -> Response:
        return self._view(request.path_params["id"])

    def _view(self, id: str) -> Response:
        view = self.desk.handed(id)
        if view is None:
            return _json(404, {"error": _("there is no such order")})
        return _json(200, view)

    async def put(self, request: Request) -> Response:
        id = request.path_params["id"]
        self.desk.put(id, await _table(request))
        return self._view(id)

    async def ops(self, request: Request) -> Response:
        id, said = request.path_params["id"], await _table(request)
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
            return _json(503, {"error": desk.holds or _("there is no connection to the server")})
        mine = {command.key for command in desk.book.pending(id)}
        self.link.wake()
        if not await self._until(lambda: not mine & _keys(desk, id)):
            return _json(503, {"error": _("there is no connection to the server")})
        refused = next((one for one in desk.book.refused() if one.key in mine), None)
        if refused is not None:
            return self._refusal(id, refused.why, refused.who)
        view = desk.handed(id)
        if view is None:
            return _json(404, {"error": _("there is no such order")})
        return _json(200, {"result": "ok", "order": view})

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
        said = await _table(request)
        return self._do(request, Op("break", {"who": str(said.get("who", ""))}))

    def _do(self, request: Request, op: Op) -> Response:
        id = request.path_params["id"]
        self.desk.do(id, [op])
        return self._view(id)

    async def pay(self, request: Request) -> Response:
        id, said = request.path_params["id"], await _table(request)
        payments = said.get("payments")
        if not isinstance(payments, list):
            raise ValueError(_("payments: write a list"))
        receipt = self.desk.pay(id, payments)
        return _json(200, {"receipt": receipt, "order": self.desk.handed(id)})

    async def seen(self, request: Request) -> Response:
        self.desk.see_refused(request.path_params["key"])
        self._state_changed()
        return _json(200, self._state())

    async def items(self, request: Request) -> Response:
        text = request.query_params.get("q", "")
        return _json(200, self.link.items.found(text, _MOST_ITEMS))

    def _refusal(self, id: str, why: str, who: str | None) -> Response:
        told = {"result": "refused", "why": why, "who": who, "order": self.desk.handed(id)}
        return _json(409, told)

    def guarded(
        self, call: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """A call of this machine's own; what cannot be done is answered in words."""

        async def guarded(request: Request) -> Response:
            try:
                if not self._is_tablet and (stranger := _stranger(request)):
                    return _json(403, {"error": stranger})
                answer = await call(request)
                await self.link.settle()
                return answer
            except NotDoneError as error:
                return self._refusal(request.path_params.get("id", ""), error.why, error.who)
            except ValueError as error:
                return _json(422, {"error": str(error)})
            except PasserelleError as error:
                return _json(503, {"error": str(error)})

        return guarded


def make_app(agent: Agent) -> Starlette:
    return Starlette(routes=[*page_routes(), *routes_of(agent)], lifespan=agent.running)


def page_routes() -> list[BaseRoute]:
    return [Route("/", page), Route("/page/{name}", page)]


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


async def page(request: Request) -> Response:
    name = request.path_params.get("name", "index.html")
    # Looked for among its neighbours: as a path "C:\\x" or "..\\x" would lead anywhere on Windows.
    for file in files("passerelle.tills").joinpath("page").iterdir():
        kind = _KINDS.get(PurePath(file.name).suffix)
        if kind and file.name == name:
            return Response(file.read_bytes(), media_type=kind, headers=_HEAD)
    return _json(404, {"error": _("there is no such page")})


def _stranger(request: Request) -> str:
    """Why the request is not this machine's own; pages of others can send requests here, too."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    origin = request.headers.get("origin")
    if not is_loopback(host):
        return _("this till is asked under a name that is not its own")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        return _("another page cannot work this till")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if origin and request.method != "GET" and kind != "application/json":
        return _("send JSON, and say so: Content-Type: application/json")
    return ""


async def _table(request: Request) -> dict[str, Any]:
    value = parse(await request.body() or b"{}")
    if not isinstance(value, dict):
        raise ValueError(_("{where}: write an object").format(where=_("the body")))
    return value


def _keys(desk: Desk, id: str) -> set[str]:
    return {command.key for command in desk.book.pending(id)}


def _event(kind: str, value: Any) -> bytes:
    return f"event: {kind}\ndata: {dump(value)}\n\n".encode()


def _json(status: int, value: Any) -> Response:
    head = {"Cache-Control": "no-store"}
    return Response(dump(value), status, media_type="application/json", headers=head)
