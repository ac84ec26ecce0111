"""An HTTP server in this process, for the demo and the tests: what :class:`FakeZort` and
:class:`FakeOdoo` have in common.

Speaks HTTP/1.1 and keeps connections alive on 127.0.0.1, each in a thread of its own. Every request
is noted before it is answered. ``faults`` stand between a request and its answer: each is given the
request and a function that carries it out, and may answer in its stead, change the answer, or give
``None``, upon which the connection is cut without a word. So a fault that carries the request out
and gives ``None`` loses an answer. The first fault in the list is met first, and stays there until
it is taken out.
"""

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct, field


class HttpRequest(Struct, frozen=True):
    """What came in. Header names are in lower case; of a parameter given twice the last counts."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Any:
        """Raises :class:`ValueError` where the body is none."""
        return json.loads(self.body)


class HttpAnswer(Struct, frozen=True):
    """What goes out. ``Content-Length`` is added."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: object, status: int = 200) -> Self:
        """A value as JSON."""
        body = json.dumps(value, ensure_ascii=False).encode("utf-8")
        return cls(status, body, {"Content-Type": "application/json; charset=utf-8"})

    @classmethod
    def html(cls, title: str, status: int = 200) -> Self:
        """A page, as a proxy or a web framework shows it to people."""
        body = f"<!doctype html>\n<html lang=en>\n<title>{title}</title>\n<h1>{title}</h1>\n"
        return cls(status, body.encode("utf-8"), {"Content-Type": "text/html; charset=utf-8"})


CarryOut = Callable[[], HttpAnswer | None]
ServerFault = Callable[[HttpRequest, CarryOut], HttpAnswer | None]


class FakeServer:
    """``with FakeServer() as server``: listens from the beginning to the end of the block.

    A subclass says in :meth:`answer` what it knows. ``requests`` grows from several threads:
    read it under ``lock``, or when no request is under way. Whoever changes what the server
    knows while it answers takes ``lock`` too.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.requests: list[HttpRequest] = []
        self.faults: list[ServerFault] = []
        self._open: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Is called with ``lock`` held, so that each request is one transaction."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """Where it answers. Raises :class:`RuntimeError` outside the block."""
        if self._server is None:
            raise RuntimeError(f"{type(self).__name__}: is not running: use it in a with block")
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        # The interval is how long the end of the block waits.
        Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        # Clients that keep a connection meet an end, as with a server that was stopped.
        for connection in list(self._open):
            _cut(connection)

    def _carry_out(
        self, request: HttpRequest, faults: Sequence[ServerFault] = ()
    ) -> HttpAnswer | None:
        if faults:
            return faults[0](request, lambda: self._carry_out(request, faults[1:]))
        with self.lock:
            return self.answer(request)

    def respond(self, request: HttpRequest) -> HttpAnswer | None:
        """Notes a request and answers it; ``None``: its connection is to be cut."""
        with self.lock:
            self.requests.append(request)
            faults = tuple(self.faults)
        return self._carry_out(request, faults)


def _handler(fake: FakeServer) -> type[BaseHTTPRequestHandler]:
    """Python's server makes one handler a connection, of a class that must know all it needs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave in one packet: the client would wait 40 ms for the second one.
        wbufsize = -1
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            fake._open.add(self.connection)

        def finish(self) -> None:
            # Whoever was cut off is not told.
            with suppress(OSError):
                super().finish()
            fake._open.discard(self.connection)

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            params = dict(parse_qsl(split.query, keep_blank_values=True))
            found = fake.respond(HttpRequest(self.command, split.path, params, headers, body))
            if found is None:
                self.close_connection = True
                _cut(self.connection)
                return
            self.send_response(found.status)
            for name, value in {**found.headers, "Content-Length": str(len(found.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.body)
            self.wfile.flush()

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the demo's console is for people."""

    return Handler


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
