"""Tills as a shop has them: ``till agent`` as children, each behind a line that can be cut."""

import http.client
import re
import resource
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from passerelle.base.exact_json import dump, parse
from tests.shell import Result, run_program, running
from tests.tills import HOST, PATIENCE, Answered, Line, TillShop

FULL = 4096
CASH = [{"method": "cash", "amount": "9.90"}]


class TillAgent:
    """One till: its folder, its line, and the child that is its agent."""

    def __init__(self, shop: TillShop, name: str, folder: Path | None = None) -> None:
        self.shop, self.name = shop, name
        self.folder = folder or shop.folder / f"at-{len([*shop.folder.glob('at-*')])}"
        self.folder.mkdir(exist_ok=True)
        self.line, self.port, self._child = Line(lambda: shop.port), 0, ExitStack()
        self.command: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.line.close()

    @property
    def book(self) -> Path:
        return next(self.folder.glob("till-*.db"))

    def pair(self, *more: str) -> Self:
        """With a new code, as a person types it; starts the agent."""
        code = self.shop.run("pair", self.name, *more).stdout.split()[-1]
        scheme = "http" if self.shop.tls == "off" else "https"
        url = f"{scheme}://{HOST}:{self.line.port}"
        self.command = ["--server", url, "--code", code]
        self.start()
        return self.wait(lambda state: state["connected"])

    def start(self, *more: str) -> None:
        args = more or self.command
        self.child = self._child.enter_context(running(*self._words(*args), cwd=self.folder))
        told = ""
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", told)):
            line = self.child.output.readline()
            assert line, (told, *self.child.rest())
            told += line
        self.port = int(found[1])

    def fails(self, *args: str) -> Result:
        """The agent does not even begin."""
        return run_program(*self._words(*args), cwd=self.folder)

    def _words(self, *args: str) -> list[str]:
        place = [] if "--listen" in args else ["--listen", f"{HOST}:{self.port}"]
        return ["till", "agent", "--folder", str(self.folder), *place, *args]

    @property
    def is_running(self) -> bool:
        with suppress(OSError):
            return bool(self.state)
        return False

    def kill(self) -> None:
        """As a power cut does it."""
        self._child.close()

    # --- its local API -------------------------------------------------------------------------

    def call(self, method: str, path: str, said: Any = None, /, **head: str) -> Answered:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        path = path if path.startswith("/") else f"/local/{path}"
        heads = {name.replace("_", "-"): value for name, value in head.items()}
        body = said if isinstance(said, bytes | None) else dump(said).encode()
        try:
            connection.request(method, path, body, heads)
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        is_json = response.headers["content-type"].startswith("application/json")
        return Answered(response.status, parse(raw) if is_json else None, raw)

    @property
    def state(self) -> Any:
        return self.call("GET", "state").value

    def wait(self, happened: Callable[[Any], Any]) -> Self:
        """Until its state is so."""
        end = time.monotonic() + PATIENCE
        while not happened(state := self.state):
            assert time.monotonic() < end, state
            time.sleep(0.02)
        return self

    def in_step(self) -> Self:
        return self.wait(lambda state: state["connected"] and not int(str(state["unsent"])))

    def cut(self) -> None:
        self.line.cut()
        self.wait(lambda state: not state["connected"])

    def view(self, id: str) -> Any:
        return self.call("GET", f"orders/{id}").value

    def sees(self, id: str, happened: Callable[[Any], Any] = bool) -> Any:
        """The order, once it looks so here."""
        end = time.monotonic() + PATIENCE
        while True:
            answer = self.call("GET", f"orders/{id}")
            if answer.status == 200 and happened(answer.value):
                return answer.value
            assert time.monotonic() < end, answer
            time.sleep(0.02)

    def put(self, id: str, view: Any) -> Answered:
        return self.call("PUT", f"orders/{id}", view)

    def ops(self, id: str, *ops: Any) -> Answered:
        return self.call("POST", f"orders/{id}/ops", {"ops": ops})

    def does(self, id: str, *ops: Any) -> Any:
        return self._done(self.ops(id, *ops))

    @contextmanager
    def hearing(self) -> Iterator[Iterator[str]]:
        """The lines of its events."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        connection.request("GET", "/local/events")
        with closing(connection), connection.getresponse() as response:
            yield (line.decode().strip() for line in response)

    def post(self, id: str, what: str, said: Any = None) -> Answered:
        return self.call("POST", f"orders/{id}/{what}", said)

    def pays(self, id: str) -> str:
        answer = self.post(id, "pay", {"payments": CASH})
        assert answer.status == 200, answer
        return str(answer.value["receipt"])

    def synced(self, id: str) -> Any:
        return self._done(self.post(id, "sync"))["order"]

    def _done(self, answer: Answered) -> Any:
        assert answer.status == 200, answer
        return answer.value

    def sells(self, id: str, line: Any) -> str:
        """Makes an order of one line, and takes its money; the receipt."""
        self.does(id, {"op": "create", "fields": {}}, line)
        assert self.post(id, "claim").status == 200
        return self.pays(id)


# --- what else can happen to a till ----------------------------------------------------------


def until(happened: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def its_certificate(shop: TillShop) -> ssl.SSLContext:
    """For who stands in the server's place, as no stranger can."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shop.data / "tills-cert.pem", shop.data / "tills-key.pem")
    return context


class Liar:
    """Answers in the server's place, with its certificate: ``say`` tells what, for a path."""

    def __init__(self, shop: TillShop, say: Callable[[str], tuple[int, bytes]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, body = say(self.path)
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                if self.path == "/v1/events":
                    # It goes on listening, and hears nothing.
                    self.end_headers()
                    self.wfile.write(body)
                    self.rfile.read(1)
                    return
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads, self._server.block_on_close = True, False
        context = its_certificate(shop)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def led_to(till: TillAgent, port: int) -> Iterator[None]:
    """The till's line leads elsewhere meanwhile."""
    target, till.line.target = till.line.target, lambda: port
    try:
        yield
    finally:
        till.line.target = target
        till.line.cut()
        till.line.mend()


@contextmanager
def no_room(till: TillAgent) -> Iterator[None]:
    """None of the till's files can grow. Linux only."""
    prlimit = getattr(resource, "prlimit", None)
    if prlimit is None:
        pytest.skip("only Linux can limit a running process")
    before = prlimit(till.child.pid, resource.RLIMIT_FSIZE, (FULL, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        prlimit(till.child.pid, resource.RLIMIT_FSIZE, before)
