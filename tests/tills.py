"""Tills around a server: ``till serve`` as a child, raw clients, an ear for events, a bad line."""

import http.client
import json
import random
import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, Self

from passerelle.base.exact_json import dump, parse
from tests import scale
from tests.shell import Result, run_program, running

HOST = "127.0.0.1"
# Far more than anything here takes: only who waits in vain reaches it.
PATIENCE = scale.pick(30.0, 180.0, 180.0)
CONFIG = """\
folder = "data"

[tills]
listen = "127.0.0.1:0"
tls = "{tls}"
{lines}"""


class Answered(NamedTuple):
    """An answer: its status, its JSON with exact numbers, its bytes."""

    status: int
    value: Any
    raw: bytes

    @property
    def seen(self) -> tuple[int, Any, Any]:
        """What a till looks at first: the status, the result, and who stands against it."""
        return self.status, self.value.get("result"), self.value.get("who")

    @property
    def order(self) -> Any:
        return self.value["order"]


class TillShop:
    """A folder with ``[tills]``, and its server on a free port of this machine."""

    def __init__(self, folder: Path, *, tls: str = "off", lines: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.tls, self.port = folder, tls, 0
        (folder / "config.toml").write_text(CONFIG.format(tls=tls, lines=lines), encoding="utf-8")
        self._child = ExitStack()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Starts the server, at its port of before; back once it can be asked."""
        listen = f"{HOST}:{self.port}"
        self.child = self._child.enter_context(
            running("till", "serve", "--listen", listen, cwd=self.folder)
        )
        line = self.child.output.readline()
        found = re.search(r"https?://127\.0\.0\.1:(\d+)", line)
        if not found:
            told = self.child.rest()
            self.kill()
            raise AssertionError(told)
        self.port = int(found[1])

    def kill(self) -> None:
        """As a power cut does it."""
        self._child.close()

    def run(self, *args: str, code: int = 0) -> Result:
        """``passerelle till ARGS``, which must end so."""
        result = run_program("till", *args, cwd=self.folder)
        assert result.exit_code == code, result
        return result

    def status(self, code: int = 0) -> str:
        return self.run("status", code=code).text

    def token(self, name: str, *more: str) -> str:
        return self.run("pair", name, "--token", *more).stdout.split()[-1]

    def till(self, name: str, *more: str, port: int = 0) -> "RawTill":
        """A till that was paired as a program; through another ``port``, if a proxy is there."""
        return RawTill(name, self.token(name, *more), port or self.port)


class RawTill:
    """A program that speaks the protocol over one connection; for one thread."""

    def __init__(self, name: str, token: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.name, self.token, self.port, self._tls = name, token, port, tls
        self._numbers, self._connection = count(1), self._connect()

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls:
            return http.client.HTTPSConnection(HOST, self.port, timeout=PATIENCE, context=self._tls)
        return http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)

    def twin(self) -> "RawTill":
        """The same till on a connection of its own, for another thread."""
        twin = RawTill(self.name, self.token, self.port, self._tls)
        twin._numbers = self._numbers
        return twin

    def call(self, method: str, path: str, body: bytes | None = None, /, **head: str) -> Answered:
        """One call. Raises :class:`OSError` or :class:`http.client.HTTPException` at a cut."""
        heads = {name.replace("_", "-"): value for name, value in head.items()}
        heads = {"Authorization": f"Bearer {self.token}"} | heads
        try:
            self._connection.request(method, path, body, heads)
            response = self._connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = self._connect()
            raise
        if response.will_close:
            self._connection.close()
        return Answered(response.status, parse(raw) if raw else None, raw)

    def get(self, path: str, **head: str) -> Answered:
        return self.call("GET", path, None, **head)

    def command(self, order: str, *ops: Any, base: int = 0, key: str = "", n: int = 0) -> bytes:
        n = n or next(self._numbers)
        head = {"key": key or f"{self.name}-{n}", "n": n, "order": order, "base": base}
        return dump({**head, "ops": ops}).encode()

    def ops(self, order: str, *ops: Any, base: int = 0, key: str = "", n: int = 0) -> Answered:
        return self.send(self.command(order, *ops, base=base, key=key, n=n))

    def send(self, body: bytes) -> Answered:
        return self.call("POST", "/v1/ops", body)

    def insist(self, body: bytes) -> Answered:
        """Asks again until there is an answer, as every till does."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.send(body)
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < end, "the server does not come back"
                time.sleep(0.01)

    def order(self, id: str) -> Any:
        answer = self.get(f"/v1/orders/{id}")
        assert answer.status == 200, answer
        return answer.value

    def hears_all(self, after: str = "") -> Answered:
        """What a long-poll tells at once."""
        return self.get(f"/v1/events?after={after}&wait=0")


# --- ops -------------------------------------------------------------------------------------


def create(**fields: Any) -> Any:
    return {"op": "create", "fields": fields}


def line(id: str, add: Any = None, **given: Any) -> Any:
    return {"op": "line", "id": id, "set": given, "add": add or {}}


def plus(id: str, quantity: str = "1") -> Any:
    return {"op": "line", "id": id, "add": {"qty": quantity}}


def drop(id: str) -> Any:
    return {"op": "drop", "id": id}


def put(**fields: Any) -> Any:
    return {"op": "set", "fields": fields}


def pay(receipt: str, amount: str = "9.90", **seen: Any) -> Any:
    payments = [{"method": "cash", "amount": amount}]
    return {"op": "pay", "receipt": receipt, "payments": payments, "seen": seen}


CLAIM, RELEASE, CANCEL = {"op": "claim"}, {"op": "release"}, {"op": "cancel"}
BREAK = {"op": "break", "who": "Zoé"}
SHOE = {"ean13": "4006381333931", "price": "9.90", "qty": "1"}
AS_SEEN = {"qty": "1", "price": "9.90"}


def at_once(deeds: list[Callable[[], Any]], most: int = 20) -> list[Any]:
    """Has all done, ``most`` at a time; their results, in their order."""
    with ThreadPoolExecutor(most) as pool:
        return [future.result() for future in [pool.submit(deed) for deed in deeds]]


# --- an ear for events -----------------------------------------------------------------------


class Ear:
    """Listens to a till's events in a thread of its own; goes on by its cursor after a cut."""

    def __init__(self, till: RawTill, cursor: str = "") -> None:
        self._till, self.cursor = till.twin(), cursor
        self.orders: dict[str, Any] = {}
        self.heard: list[tuple[str, int]] = []
        self.asks: list[Any] = []
        self.refused: list[Answered] = []
        self.connects = 0
        self._news, self._ends = threading.Condition(), False
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait(lambda: self.connects or self.refused)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends = True
        self.cut()
        self._thread.join(PATIENCE)

    def cut(self) -> None:
        """Breaks the connection; the ear comes back by itself, and counts that."""
        with suppress(OSError, AttributeError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def wait(self, happened: Callable[[], Any]) -> None:
        with self._news:
            assert self._news.wait_for(happened, PATIENCE), (self.heard[-5:], self.refused)

    def wait_for(self, id: str, **expected: Any) -> Any:
        """The order, once these of its fields are so."""
        self.wait(lambda: id in self.orders and self._is(id, expected))
        return self.orders[id]

    def _is(self, id: str, expected: dict[str, Any]) -> bool:
        return all(self.orders[id][name] == value for name, value in expected.items())

    def _listen(self) -> None:
        while not self._ends and not self.refused:
            with suppress(OSError, http.client.HTTPException, ValueError):
                self._hear()
            time.sleep(0.01)

    def _hear(self) -> None:
        connection = self._till._connect()
        connection.connect()
        self._socket = connection.sock
        head = {"Authorization": f"Bearer {self._till.token}"}
        head |= {"Last-Event-ID": self.cursor} if self.cursor else {}
        connection.request("GET", "/v1/events", headers=head)
        response = connection.getresponse()
        if response.status != 200:
            raw = response.read()
            with self._news:
                self.refused.append(Answered(response.status, parse(raw), raw))
                self._news.notify_all()
            return
        event: dict[str, str] = {}
        while row := response.readline().decode():
            name, colon, text = row.rstrip("\n").partition(": ")
            if colon:
                event[name] = text
            elif event:
                self._take(event)
                event = {}

    def _take(self, event: dict[str, str]) -> None:
        with self._news:
            if event.get("event") == "ask":
                self.asks.append(json.loads(event["data"])["ask"])
            elif "data" in event:
                order = parse(event["data"])
                self.cursor = event["id"]
                self.heard.append((order["id"], int(str(order["rev"]))))
                known = self.orders.get(order["id"])
                if known is None or int(str(order["rev"])) > int(str(known["rev"])):
                    self.orders[order["id"]] = order
            else:
                self.connects += 1
            self._news.notify_all()


# --- a bad line ------------------------------------------------------------------------------


class Line:
    """The network between a till and the server: up, or away."""

    def __init__(self, target: Callable[[], int]) -> None:
        self.target, self._ends = target, set[socket.socket]()
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.mend()
        threading.Thread(target=self._welcome, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut(self) -> None:
        self.is_up = False
        for end in [*self._ends]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.is_up = True

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _welcome(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if not self.is_up:
                return
            with socket.create_connection((HOST, self.target())) as server:
                self._ends |= {client, server}
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._carry(client, server)
                self._ends -= {client, server}

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        up = threading.Thread(target=self._pump, args=(client, server, False), daemon=True)
        up.start()
        self._pump(server, client, True)
        up.join(PATIENCE)

    def _pump(self, source: socket.socket, target: socket.socket, is_down: bool) -> None:
        with suppress(OSError):
            while (data := source.recv(1 << 16)) and self._passes(data, is_down):
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _passes(self, _data: bytes, _is_down: bool) -> bool:
        """Whether the line is not cut here."""
        return self.is_up


class BadLine(Line):
    """Cuts each ``cut_each``-th reply, and holds others up by chance.

    Held up by different times, commands of several connections overtake each other. With ``tls`` it
    is a server of its own to the till, with another certificate.
    """

    def __init__(
        self,
        target: int,
        cut_each: int = 0,
        delay: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.cut_each, self.delay, self.tls, self.cuts = cut_each, delay, tls, 0
        self._replies, self._chance = count(1), random.Random(0)
        super().__init__(lambda: target)

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        if self.tls is None:
            super()._carry(client, server)
            return
        inner = self.tls.wrap_socket(client, server_side=True)
        self._relay(inner, blind_tls().wrap_socket(server))

    def _passes(self, data: bytes, is_down: bool) -> bool:
        if self.delay:
            time.sleep(self._chance.random() * self.delay)
        is_reply = is_down and data.startswith(b"HTTP/1.1")
        if is_reply and self.cut_each and next(self._replies) % self.cut_each == 0:
            self.cuts += 1
            return False
        return True

    def _relay(self, client: ssl.SSLSocket, server: ssl.SSLSocket) -> None:
        """In a single thread: two must not read and write one TLS connection at once."""
        both = (client, server)
        for each in both:
            each.setblocking(False)
        with client, server:
            while True:
                waiting = [each for each in both if each.pending()]
                for source in waiting or select.select(both, [], [], PATIENCE)[0]:
                    target = client if source is server else server
                    with suppress(ssl.SSLWantReadError):  # the protocol's own, no data
                        data = source.recv(1 << 16)
                        if not data or not self._passes(data, source is server):
                            return
                        target.setblocking(True)
                        target.sendall(data)
                        target.setblocking(False)


def blind_tls() -> ssl.SSLContext:
    """Trusts whatever certificate it is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@contextmanager
def in_threads(*works: Callable[[], object]) -> Iterator[None]:
    """Has these done beside what follows; waits for them, and raises what they raised."""
    with ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(work) for work in works]
        yield
        for future in futures:
            future.result()


class Web:
    """A browser as far as the server knows it: it keeps a cookie."""

    def __init__(self, port: int) -> None:
        self._port, self.cookie = port, ""

    def ask(self, method: str, path: str, value: Any = None, **headers: str) -> Answered:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=PATIENCE)
        head = {"Cookie": self.cookie.partition(";")[0], **headers}
        connection.request(method, path, None if value is None else dump(value), head)
        answer = connection.getresponse()
        self.cookie = answer.getheader("set-cookie") or self.cookie
        raw = answer.read()
        connection.close()
        return Answered(answer.status, parse(raw), raw)
