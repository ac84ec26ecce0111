"""The console's HTTP: the page, what changes on it, its buttons; for whoever has its address."""

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from passerelle.base.errors import PasserelleError
from passerelle.base.language import _
from passerelle.config.tills import is_loopback
from passerelle.console.children import Said, carry_out
from passerelle.console.deeds import needed_deed
from passerelle.console.page import forget_tasks, live_page, words
from passerelle.console.watching import changes

Answer = Callable[[Request], Awaitable[Response]]
_HEAD = {
    # No inline script or style, nothing from elsewhere, in nobody's frame.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # The address is the key: no other site is to read it.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_FILES = {
    "report.css": ("passerelle.health.report", "text/css"),
    "report.js": ("passerelle.health.report", "text/javascript"),
    "console.css": ("passerelle.console", "text/css"),
    "console.js": ("passerelle.console", "text/javascript"),
}


class Console:
    """What the page of one config file asks for."""

    def __init__(self, config: Path, folder: Path, token: str) -> None:
        self._config, self._folder, self._token = config, folder, token

    def app(self) -> Starlette:
        calls = {"": self.page, "words": self.words, "changes": self.changes}
        routes = [Route(f"/{{token}}/{name}", self._guarded(call)) for name, call in calls.items()]
        routes += [
            Route("/{token}/actions/do", self._guarded(self.do), methods=["POST"]),
            Route("/{token}/{name}", self._guarded(self.file)),
        ]
        # Who has not the whole address is told nothing, not even what there is.
        unknown = dict.fromkeys((404, 405), _refuse)
        app = Starlette(routes=routes, exception_handlers=unknown)
        app.router.redirect_slashes = False
        return app

    async def page(self, _request: Request) -> Response:
        html = await run_in_threadpool(live_page, self._config)
        return Response(html, media_type="text/html; charset=utf-8")

    async def words(self, _request: Request) -> Response:
        return JSONResponse(words())

    async def changes(self, _request: Request) -> Response:
        stream = changes(self._config, self._folder)
        return StreamingResponse(stream, media_type="text/event-stream")

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _FILES:
            return await _refuse(request)
        room, kind = _FILES[name]
        return Response(files(room).joinpath(name).read_bytes(), media_type=kind)

    async def do(self, request: Request) -> Response:
        """Does what a button says. What asks first is told and not done until a person is ``sure``
        of what they have ``seen``; where a run has changed that meanwhile, it is told anew.
        """
        try:
            said = await request.json()
            deed = needed_deed(str(said["command"]))
        except (ValueError, TypeError, KeyError):
            return PlainTextResponse(_("send a command, as JSON"), HTTPStatus.BAD_REQUEST)
        except PasserelleError as error:
            return PlainTextResponse(str(error), HTTPStatus.BAD_REQUEST)
        asks = deed.asks and said.get("sure") is not True
        if not asks and deed.is_foretold:
            now = await run_in_threadpool(carry_out, self._config, deed.rehearsal)
            if now.output.strip() != said.get("seen"):
                return JSONResponse(_told(now, asks=True, changed=True))
        todo = deed.rehearsal if asks else deed.command
        answer = await run_in_threadpool(carry_out, self._config, todo)
        forget_tasks()
        return JSONResponse(_told(answer, asks=asks, undo=deed.undo))

    def _guarded(self, call: Answer) -> Answer:
        """Only for those who have the address, and whose page is this one."""

        async def answer(request: Request) -> Response:
            token = request.path_params["token"]
            if not compare_digest(token.encode(), self._token.encode()) or _is_strange(request):
                return await _refuse(request)
            response = await call(request)
            response.headers.update(_HEAD)
            return response

        return answer


def _told(said: Said, *, asks: bool, undo: str = "", changed: bool = False) -> dict[str, object]:
    done = not asks and said.exit_code == 0
    # Without a terminal the command says that it did nothing: its question is what was asked for.
    errors = "" if asks and said.output else said.errors
    return {
        "asks": asks and bool(said.output),
        "changed": changed,
        "exit_code": said.exit_code,
        "text": "\n".join(filter(None, (said.output.strip(), errors.strip()))),
        "undo": undo if done else "",
    }


def _is_strange(request: Request) -> bool:
    """Whether a page of others sent it, or it came by a name that others made for this machine."""
    asked = request.headers.get("host", "")
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if not is_loopback(urlsplit(f"//{asked}").hostname or ""):
        return True
    if request.method == "GET":
        return False
    return urlsplit(origin or "").netloc != asked or site not in (None, "same-origin")


async def _refuse(_request: Request, _error: Exception | None = None) -> Response:
    text = _("open the whole address that `passerelle console` printed")
    return PlainTextResponse(text, HTTPStatus.FORBIDDEN, _HEAD)
