"""Starting the two servers, and ending them with the terminal: uvicorn, sockets, certificates."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from passerelle.base.errors import ConfigError, UnreachableError
from passerelle.base.language import _
from passerelle.config.tills import Tills, host_and_port, is_loopback
from passerelle.tills.trust import fingerprint_of, own_certificate

# uvicorn's own 5 s close idle connections under the hands of tills that post now and then.
_KEEP_ALIVE_SECONDS = 75


def certificate_of(
    settings: Tills, listen: str, folder: Path, base: Path, now: datetime
) -> tuple[Path, Path] | None:
    """The server's certificate and key; ``None`` without TLS, which goes on loopback only.

    Raises :class:`ConfigError`.
    """
    host, _port = host_and_port(listen)
    if settings.tls == "off":
        if not is_loopback(host):
            raise ConfigError(
                _('tls = "off" lets whoever is in the network read along on {host}').format(
                    host=host
                ),
                "config.toml: tills.tls",
                _('set tls = "own", or listen on 127.0.0.1'),
            )
        return None
    if settings.tls == "own":
        return own_certificate(folder, now)
    return base / settings.tls.cert, base / settings.tls.key


def fingerprint_at(certificate: Path) -> str:
    """Raises :class:`ConfigError` where that file holds no certificate."""
    try:
        return fingerprint_of(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(
            _("the certificate cannot be read ({reason})").format(reason=type(error).__name__),
            str(certificate),
            _('name a file in PEM in tills.tls, or set tls = "own"'),
        ) from error


def bind(listen: str) -> socket.socket:
    """A socket that listens there. Raises :class:`UnreachableError` where it cannot."""
    host, port = host_and_port(listen)
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
            listen,
            _("is it running already? Or name another address with --listen"),
        ) from error
    return bound


def serve(
    app: Starlette,
    bound: socket.socket,
    certificate: tuple[Path, Path] | None,
    started: Callable[[], object],
) -> None:
    """Serves until it is told to end; ``started`` is called once it can be asked.

    Raises :class:`ConfigError` where the certificate and its key cannot be used.
    """
    files = {"ssl_certfile": certificate[0], "ssl_keyfile": certificate[1]} if certificate else {}
    config = uvicorn.Config(
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
        **files,  # type: ignore[arg-type]
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            _("the certificate and its key cannot be used ({reason})").format(
                reason=type(error).__name__
            ),
            str(certificate[0] if certificate else ""),
            _('name two files in PEM in tills.tls, or set tls = "own"'),
        ) from error
    asyncio.run(_serve(uvicorn.Server(config), bound, started))


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
