"""Starting the two servers with their certificates."""

import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette

from passerelle.base.errors import ConfigError
from passerelle.base.language import _
from passerelle.base.serving import config_of, serve_until_ended
from passerelle.config.tills import Tills, host_and_port, is_loopback
from passerelle.tills.trust import fingerprint_of, own_certificate


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
                "tills.tls",
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
    config = config_of(app, **files)
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
    serve_until_ended(config, bound, started)
