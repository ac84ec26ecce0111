"""What tills use today, in short: whole orders travel, and the last one to write wins.

``python -m benchmarks.contenders.tills_whole_orders PORT FOLDER``, with the same HTTP, the same
SQLite and the same durability as ``passerelle till serve``.
"""

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


class LastWins:
    """The orders, and who listens."""

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "orders.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, doc TEXT)")
        self._streams: set[asyncio.Queue[str]] = set()
        self._rev = 0

    async def ops(self, request: Request) -> Response:
        order, self._rev = json.loads(await request.body()), self._rev + 1
        doc = json.dumps({**order, "rev": self._rev})
        self._db.execute("INSERT OR REPLACE INTO orders VALUES (?, ?)", (order["id"], doc))
        for stream in self._streams:
            stream.put_nowait(doc)
        return Response(doc, media_type="application/json")

    async def events(self, _request: Request) -> Response:
        return StreamingResponse(self._hear(), media_type="text/event-stream")

    async def _hear(self) -> AsyncIterator[bytes]:
        stream: asyncio.Queue[str] = asyncio.Queue()
        self._streams.add(stream)
        for (doc,) in self._db.execute("SELECT doc FROM orders").fetchall():
            yield f"data: {doc}\n\n".encode()
        while True:
            yield f"data: {await stream.get()}\n\n".encode()

    async def order(self, request: Request) -> Response:
        found = self._db.execute(
            "SELECT doc FROM orders WHERE id = ?", (request.path_params["id"],)
        ).fetchone()
        return Response(found[0], media_type="application/json")


def main(port: int, folder: Path) -> None:
    shop = LastWins(folder)
    routes = [
        Route("/v1/ops", shop.ops, methods=["POST"]),
        Route("/v1/events", shop.events),
        Route("/v1/orders/{id}", shop.order),
    ]
    uvicorn.run(Starlette(routes=routes), port=port, http="h11", loop="asyncio",
                log_level="critical", timeout_graceful_shutdown=1)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
