"""What each HTTP of a till's page needs: the page's files, who may ask, JSON in and out."""

from importlib.resources import files
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from passerelle.base.exact_json import dump, parse
from passerelle.base.language import _
from passerelle.config.tills import is_loopback

# Windows' own list is what some program made of it: a script of another kind would not run.
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript",
          ".json": "application/json", ".svg": "image/svg+xml"}  # fmt: skip
# The page is files of ours: nothing else may run, load or be sent anywhere.
HEAD = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def page_routes() -> list[BaseRoute]:
    return [Route("/", page), Route("/page/{name}", page)]


async def page(request: Request) -> Response:
    name = request.path_params.get("name", "index.html")
    # Looked for among its neighbours: as a path "C:\\x" or "..\\x" would lead anywhere on Windows.
    for file in files("passerelle.tills").joinpath("page").iterdir():
        kind = _KINDS.get(PurePath(file.name).suffix)
        if kind and file.name == name:
            return Response(file.read_bytes(), media_type=kind, headers=HEAD)
    return as_json(404, {"error": _("there is no such page")})


def stranger_in(request: Request) -> str:
    """Why the request is not this machine's own; ``""`` where it is.

    Pages of others can send requests here, too: the Host must be this machine, an Origin its own,
    and what is sent must say that it is JSON.
    """
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


async def table_of(request: Request) -> dict[str, Any]:
    value = parse(await request.body() or b"{}")
    if not isinstance(value, dict):
        raise ValueError(_("{where}: write an object").format(where=_("the body")))
    return value


def event_of(kind: str, value: Any) -> bytes:
    return f"event: {kind}\ndata: {dump(value)}\n\n".encode()


def as_json(status: int, value: Any) -> Response:
    head = {"Cache-Control": "no-store"}
    return Response(dump(value), status, media_type="application/json", headers=head)
