"""An agent's connection: it hears the server's events, and sends what waits in the outbox.

Whatever fails is tried again, with the same key: the server carries a command out once. Silence for
25 seconds is a lost connection, since the server says something every ten.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import httpx

from passerelle.base.errors import PasserelleError
from passerelle.base.exact_json import dump, parse
from passerelle.model.till_forms import read_order
from passerelle.tills.desk import Desk
from passerelle.tills.joining import LOST, TIMEOUT, context_for
from passerelle.tills.shelf import ItemShelf

SILENCE_SECONDS = 25.0
_PATIENT = httpx.Timeout(SILENCE_SECONDS, connect=3.0)
_PING_SECONDS = 10.0
_AGAIN_SECONDS = (0.2, 0.5, 1.0, 2.0)
# What only a person can mend is asked again now and then: somebody may have.
_HELD_SECONDS = 5.0


class HeldByServerError(Exception):
    """The server does not let this till speak: why, and whether that stays until it is paired."""

    def __init__(self, why: str, *, stays: bool) -> None:
        super().__init__(why)
        self.why, self.stays = why, stays


class Link:
    """Keeps a desk in step with its server, as long as the agent runs."""

    def __init__(self, desk: Desk, token: str) -> None:
        self._desk = desk
        self._url = desk.book.get("url")
        self._work, self._asked = asyncio.Event(), 0
        self.items = ItemShelf(desk.book)
        head = {
            "Authorization": f"Bearer {token}",
            "Passerelle-Agent": desk.book.installation,
        }
        verify = context_for(desk.book.get("certificate"))
        self._client = httpx.AsyncClient(
            verify=verify, headers=head, timeout=TIMEOUT, trust_env=False
        )

    def wake(self) -> None:
        """Something waits in the outbox."""
        self._work.set()

    async def settle(self) -> None:
        """What is in the till's own book is confirmed: it goes when it can."""

    async def run(self) -> None:
        """Connects, again and again."""
        tries = 0
        async with self._client:
            while True:
                pause = _AGAIN_SECONDS[min(tries, len(_AGAIN_SECONDS) - 1)]
                try:
                    if await self._is_held():
                        pause = _HELD_SECONDS
                except (*LOST, PasserelleError):
                    pass  # PasserelleError: this machine's disk is full
                tries = 0 if self._desk.is_connected else tries + 1
                self._connected(False)
                await asyncio.sleep(pause)

    async def _is_held(self) -> bool:
        """Is connected until that fails; whether the server does not let this till speak."""
        try:
            await self._connect()
        except HeldByServerError as held:
            if held.stays:
                self._desk.hold_all(held.why)
            else:
                self._desk.paused = held.why
            self._desk.state_changed()
            return True
        return False

    def _connected(self, is_connected: bool) -> None:
        changed = self._desk.is_connected != is_connected
        self._desk.is_connected = is_connected
        if is_connected:
            self._desk.paused = ""
        if changed:
            self._desk.state_changed()

    async def _connect(self) -> None:
        if held := self._desk.book.get("holds"):
            raise HeldByServerError(held, stays=True)
        # A new book may be an old till's: it goes on after that one's numbers.
        if not self._desk.book.get("cursor"):
            await self._fetch_all()
        await self._report()
        head = {"Last-Event-ID": self._desk.book.get("cursor")}
        url = f"{self._url}/v1/events"
        async with self._client.stream("GET", url, headers=head, timeout=_PATIENT) as response:
            if response.status_code != 200:
                await response.aread()
                self._raise_for(response)
            self._connected(True)
            await self._both(response)

    async def _both(self, response: httpx.Response) -> None:
        """Hears and sends, until either fails."""
        self._desk.release_born()
        self._work.set()
        deeds = self._hear(response), self._send(), self._ping()
        tasks = [asyncio.create_task(deed) for deed in deeds]
        try:
            done, _rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # --- hearing -------------------------------------------------------------------------------

    async def _hear(self, response: httpx.Response) -> None:
        async with aclosing(_events(response)) as batches:
            async for batch in batches:
                self._desk.heard = self._desk.now()
                orders = [read_order(data) for _id, kind, data in batch if kind == "message"]
                cursors = [id for id, _kind, _data in batch if id]
                if orders:
                    self._desk.hear(orders, cursors[-1])
                for _id, kind, data in batch:
                    if kind == "ask":
                        self._asked = int(str(parse(data)["ask"]))
                        self._work.set()
        raise httpx.ReadError("the stream ended")

    async def _fetch_all(self) -> None:
        told = await self._call("GET", "/v1/snapshot")
        orders = [read_order(dump(order)) for order in told["orders"]]
        with self._desk.book.transaction:
            self._desk.book.catch_up(int(str(told["till"]["n"])), int(str(told["till"]["receipt"])))
        self._desk.hear_all(orders, told["cursor"])

    # --- sending -------------------------------------------------------------------------------

    async def _send(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while (waiting := self._desk.book.next_unsent()) is not None:
                command, body = waiting
                response = await self._ask("POST", "/v1/ops", content=body)
                if response.status_code not in (200, 409, 413, 422):
                    self._raise_for(response)
                self._desk.heard = self._desk.now()
                answer = parse(response.content)
                if answer.get("order"):
                    self._desk.hear([read_order(dump(answer["order"]))])
                self._desk.hear_answer(command, response.status_code, answer)
            if self._asked:
                await self._report()

    async def _ping(self) -> None:
        while True:
            await self._fetch_items()
            await asyncio.sleep(_PING_SECONDS)
            await self._report()

    async def _report(self) -> None:
        """Says who speaks and how much waits; hears who else was heard, and when."""
        book, asked = self._desk.book, self._asked
        unsent = book.unsent()
        said = {"unsent": unsent, "n": book.n, "asked": asked if asked and not unsent else None}
        try:
            told = await self._call("POST", "/v1/agent", said)
        except HeldByServerError as held:
            if book.n == said["n"]:
                raise
            # What was sent meanwhile overtook this: the book is not older than it.
            raise httpx.ReadError(held.why) from held
        if asked and not unsent and self._asked == asked:
            self._asked = 0
        with book.transaction:
            book.catch_up(int(str(told["n"])), int(str(told["receipt"])))
            book.set(alone="" if told.get("shared", True) else "yes")
        self._desk.others = told.get("tills", {})
        self._desk.session = told.get("session")

    async def _fetch_items(self) -> None:
        head = {"If-None-Match": self.items.tag}
        response = await self._ask("GET", "/v1/items", headers=head)
        if response.status_code == 200:
            self.items.fill(response.content, response.headers.get("etag", ""))

    async def _call(self, method: str, path: str, said: Any = None) -> Any:
        content = dump(said) if said is not None else None
        response = await self._ask(method, path, content=content)
        if response.status_code != 200:
            self._raise_for(response)
        return parse(response.content)

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Twice, if need be: one reply that is lost is no lost connection."""
        url = f"{self._url}{path}"
        with suppress(httpx.NetworkError, httpx.RemoteProtocolError):
            return await self._client.request(method, url, **more)
        return await self._client.request(method, url, **more)

    def _raise_for(self, response: httpx.Response) -> None:
        """What the server says no to, in its words; anything else is tried again."""
        why = ""
        with suppress(ValueError, AttributeError):
            said = parse(response.content)
            why = str(said.get("why") or said.get("error") or "")
        if response.status_code in (401, 403, 409):
            raise HeldByServerError(why, stays=response.status_code != 403)
        raise httpx.HTTPStatusError(why, request=response.request, response=response)


async def _events(response: httpx.Response) -> AsyncGenerator[list[tuple[str, str, str]], None]:
    """The stream's events: id, kind and data, as many together as came together."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *blocks, rest = (rest + chunk).split(b"\n\n")
        yield [event for block in blocks if (event := _event(block)) is not None]


def _event(block: bytes) -> tuple[str, str, str] | None:
    found: dict[str, str] = {}
    for line in block.decode("utf-8").split("\n"):
        name, _colon, value = line.partition(": ")
        if name:
            found[name] = value
    if "data" not in found:
        return None
    return found.get("id", ""), found.get("event", "message"), found["data"]
