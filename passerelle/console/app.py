"""The console's HTTP: the page, what changes on it, its buttons; for whoever has its address."""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from hmac import compare_digest
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from passerelle.base.errors import PasserelleError
from passerelle.base.language import _
from passerelle.config.tills import is_loopback
from passerelle.console.children import Said, carry_out
from passerelle.console.deeds import Deed, needed_deed, outcome_of, steady
from passerelle.console.page import forget_tasks, live_page, what_is_settled, words
from passerelle.console.watching import changes

# Of what a button says: a command, and what was seen of what follows.
_MOST_BYTES = 500_000
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
        # What takes back what was done last: also once its dialog was closed.
        self._undo = ""

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
        html = await run_in_threadpool(live_page, self._config, self._undo)
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
        """Does what a button says, or says what would follow and asks: see :meth:`_answer`."""
        try:
            said = json.loads(await _body(request))
            deed = needed_deed(str(said["command"]))
            # Who ends the console ends what is asked for, and no command that goes on.
            answer = await to_thread.run_sync(
                partial(self._answer, deed, said), abandon_on_cancel=True
            )
        except PasserelleError as error:
            return PlainTextResponse(str(error), HTTPStatus.BAD_REQUEST)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return PlainTextResponse(_("send a command, as JSON"), HTTPStatus.BAD_REQUEST)
        forget_tasks()
        return JSONResponse(answer)

    def _answer(self, deed: Deed, said: Mapping[str, object]) -> Mapping[str, object]:
        """What asks first is done once a person is ``sure`` of what they have ``seen``, and orders
        are settled as the page's ``mark`` of them says that they were. Where that has changed
        meanwhile, it is told anew and asked."""
        sure = said.get("sure") is True
        if deed.settles:
            now = what_is_settled(self._config, deed)
            if now.mark != said.get("mark") or (deed.asks and not sure):
                return {"asks": bool(now.left), "changed": now.mark != said.get("mark"),
                        "outcome": "failed", "exit_code": 0, "text": now.text,
                        "command": now.left, "mark": now.mark_left}  # fmt: skip
        elif deed.asks:
            now_said = carry_out(self._config, deed.rehearsal)
            is_as_seen = steady(now_said.output) == steady(str(said.get("seen", "")))
            if not (sure and is_as_seen):
                return _told(deed, now_said, asks=True, changed=sure)
        answer = carry_out(self._config, deed.command)
        if answer.exit_code == 0:
            self._undo = deed.undo or ("" if deed.takes_back else self._undo)
        return _told(deed, answer)

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


def _told(
    deed: Deed, said: Said, *, asks: bool = False, changed: bool = False
) -> Mapping[str, object]:
    # Without a terminal the command says that it did nothing: its question is what was asked for.
    errors = "" if asks and said.output else said.errors
    return {
        "asks": asks and bool(said.output),
        "changed": changed,
        "outcome": outcome_of(deed, said.exit_code),
        "exit_code": said.exit_code,
        "text": "\n".join(filter(None, (said.output.strip(), errors.strip()))),
        "undo": deed.undo if not asks and said.exit_code == 0 else "",
    }


async def _body(request: Request) -> bytes:
    """Raises :class:`ValueError` for more than any button says."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise ValueError(len(body))
    return body


def _is_strange(request: Request) -> bool:
    """Whether a page of others sent it, or it came by a name that others made for this machine."""
    asked = request.headers.get("host", "")
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    try:
        if not is_loopback(urlsplit(f"//{asked}").hostname or ""):
            return True
        if request.method == "GET":
            return False
        return urlsplit(origin or "").netloc != asked or site not in (None, "same-origin")
    except ValueError:  # an address that is none
        return True


async def _refuse(_request: Request, _error: Exception | None = None) -> Response:
    text = _("open the whole address that `passerelle console` printed")
    return PlainTextResponse(text, HTTPStatus.FORBIDDEN, _HEAD)
