"""Tills for the benchmark: one asyncio process with a stream and a connection for each of them."""

import asyncio
import json
import random
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

_STATE = re.compile(rb'"id": "(o\d+)", "no": \d+, "rev": (\d+)')
ORDERS = 8
# An event that comes later than this after the last command is lost.
_PATIENCE_SECONDS = 5.0


@dataclass
class Figures:
    """Milliseconds until all others saw a command; what was acknowledged, what is in the end."""

    seen: list[float] = field(default_factory=list)
    acknowledged: int = 0
    refused: int = 0
    stored: int = 0
    seconds: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.seen)

    @property
    def p99(self) -> float:
        return sorted(self.seen)[int(len(self.seen) * 0.99)]


class Wire:
    """One connection that asks, and waits for the answer."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._head = port, f"Host: x\r\nAuthorization: Bearer {token}\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        length = f"Content-Length: {len(body)}\r\n\r\n"
        writer.write(f"{method} {path} HTTP/1.1\r\n{self._head}{length}".encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        found = re.search(rb"(?i)content-length: (\d+)", head)
        assert found, head
        return int(head[9:12]), await reader.readexactly(int(found[1]))

    async def listen(self, hears: Callable[[bytes], object]) -> None:
        """Each block of the stream, as it comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        writer.write(f"GET /v1/events HTTP/1.1\r\n{self._head}\r\n".encode())
        while True:
            hears(await reader.readuntil(b"\n\n"))


class Desk:
    """A till. With ``whole`` it sends orders as they are on its screen, else commands."""

    def __init__(self, name: str, token: str, port: int, *, whole: bool) -> None:
        self.name, self.whole, self.n = name, whole, 0
        self.posts, self.ear = Wire(port, token), Wire(port, token)
        self.heard: dict[tuple[bytes, bytes], float] = {}
        self.screen: dict[str, dict[str, Any]] = {}

    def hear(self, block: bytes) -> None:
        if found := _STATE.search(block):
            self.heard[found[1], found[2]] = time.perf_counter()
            if self.whole:
                order = json.loads(block[block.index(b"data: ") + 6 :])
                self.screen[order["id"]] = order

    def body(self, order: str) -> bytes:
        self.n += 1
        if self.whole:
            seen = self.screen[order]
            line = seen["lines"]["l1"]
            return json.dumps({**seen, "lines": {"l1": {**line, "qty": line["qty"] + 1}}}).encode()
        op = {"op": "line", "id": "l1", "add": {"qty": 1}}
        head = {"key": f"{self.name}-{self.n}", "n": self.n, "order": order, "base": 1}
        return json.dumps({**head, "ops": [op]}).encode()


async def load(
    port: int, tokens: Sequence[str], seconds: float, *, rate: float = 0, whole: bool = False
) -> Figures:
    """``rate`` commands a second by all tills together; 0: each till as fast as it can."""
    figures = Figures()
    desks = [Desk(f"T{n}", token, port, whole=whole) for n, token in enumerate(tokens)]
    await _open_orders(desks[0])
    ears = [asyncio.create_task(desk.ear.listen(desk.hear)) for desk in desks]
    await asyncio.sleep(0.5)
    sent: dict[tuple[bytes, bytes], tuple[float, Desk]] = {}
    began = time.perf_counter()
    await _drive(desks, began + seconds, rate, figures, sent)
    figures.seconds = time.perf_counter() - began
    await _until_heard(desks, sent)
    for ear in ears:
        ear.cancel()
    await asyncio.gather(*ears, return_exceptions=True)
    _measure(desks, sent, figures)
    figures.stored = await _stored(desks[0])
    return figures


async def _open_orders(desk: Desk) -> None:
    line = {"ean13": "4006381333931", "price": "9.90", "qty": 0}
    for number in range(ORDERS):
        desk.n += 1
        id = f"o{number}"
        ops = [{"op": "create", "fields": {}}, {"op": "line", "id": "l1", "set": line}]
        head = {"key": f"{desk.name}-{desk.n}", "n": desk.n, "order": id, "base": 0, "ops": ops}
        whole = {"id": id, "no": number, "rev": 0, "lines": {"l1": line}}
        await desk.posts.call("POST", "/v1/ops", json.dumps(whole if desk.whole else head).encode())


async def _drive(
    desks: Sequence[Desk],
    end: float,
    rate: float,
    figures: Figures,
    sent: dict[tuple[bytes, bytes], tuple[float, Desk]],
) -> None:
    chance = random.Random(0)

    async def ask(desk: Desk) -> None:
        order, began = f"o{chance.randrange(ORDERS)}", time.perf_counter()
        status, body = await desk.posts.call("POST", "/v1/ops", desk.body(order))
        figures.acknowledged += status == 200
        figures.refused += status != 200
        if status == 200 and (found := _STATE.search(body)):
            sent[found[1], found[2]] = began, desk

    async def work(desk: Desk, first: float) -> None:
        due = first
        while due < end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await ask(desk)
            due = due + len(desks) / rate if rate else time.perf_counter()

    step = 1 / rate if rate else 0.0
    start = time.perf_counter()
    await asyncio.gather(*(work(desk, start + n * step) for n, desk in enumerate(desks)))


async def _until_heard(
    desks: Sequence[Desk], sent: dict[tuple[bytes, bytes], tuple[float, Desk]]
) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while any(sent.keys() - desk.heard.keys() for desk in desks):
                await asyncio.sleep(0.05)


def _measure(
    desks: Sequence[Desk], sent: dict[tuple[bytes, bytes], tuple[float, Desk]], figures: Figures
) -> None:
    last: dict[tuple[bytes, bytes], float] = defaultdict(float)
    for desk in desks:
        for state, at in desk.heard.items():
            if state in sent and sent[state][1] is not desk:
                last[state] = max(last[state], at)
    figures.seen = [(last[state] - began) * 1000 for state, (began, _) in sent.items()
                    if state in last]  # fmt: skip


async def _stored(desk: Desk) -> int:
    total = 0
    for number in range(ORDERS):
        _status, body = await desk.posts.call("GET", f"/v1/orders/o{number}")
        total += int(json.loads(body)["lines"]["l1"]["qty"])
    return total
