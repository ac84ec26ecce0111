"""Serving HTTP to this house's own pages, and ending with the terminal: sockets and uvicorn.

Imported only where a server is started.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from passerelle.base.errors import UnreachableError
from passerelle.base.language import _

# uvicorn's own 5 s close idle connections under the hands of those that post now and then.
_KEEP_ALIVE_SECONDS = 75


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises :class:`UnreachableError` where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # By its protocol asyncio knows it for TCP and lets answers leave at once (TCP_NODELAY): without
    # that the body of each waits 40 ms for the other side to acknowledge its head.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if not hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(256)
    except OSError as error:
        bound.close()
        raise UnreachableError(
            _("nothing can listen there ({reason})").format(reason=error.strerror or error),
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            _("is it running already? Or name another address with --listen"),
        ) from error
    return bound


def config_of(app: Any, **more: Any) -> uvicorn.Config:
    """How such an app is served; ``more`` are uvicorn's own options."""
    return uvicorn.Config(
        app,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        log_level=logging.CRITICAL,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=2,
        **more,
    )


def serve_until_ended(
    config: uvicorn.Config, bound: socket.socket, started: Callable[[], object]
) -> None:
    """Serves until it is told to end; ``started`` is called once it can be asked."""
    asyncio.run(_serve(_Server(config), bound, started))


class _Server(uvicorn.Server):
    """Ends well however it is asked to, and with its terminal: it was started to be ended so."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        names = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP")
        found = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {number: signal.signal(number, self.handle_exit) for number in found}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


async def _serve(
    server: uvicorn.Server, bound: socket.socket, started: Callable[[], object]
) -> None:
    async def tell() -> None:
        while not server.started:
            await asyncio.sleep(0.01)
        started()

    telling = asyncio.create_task(tell())
    try:
        await server.serve(sockets=[bound])
    finally:
        telling.cancel()
