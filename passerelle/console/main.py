"""``passerelle console``, from the settings to the last answer."""

import os
import secrets
import sys
import webbrowser
from pathlib import Path

import click

from passerelle.base.errors import UsageError
from passerelle.base.language import _
from passerelle.base.serving import bind, config_of, serve_until_ended
from passerelle.config.model import Settings
from passerelle.config.tills import host_and_port, is_loopback
from passerelle.console.app import Console


def serve_console(settings: Settings, config: Path, listen: str, *, opens: bool) -> None:
    """Serves until it is ended. Raises where it cannot begin, or others could reach it."""
    host, port = _local(listen)
    token = secrets.token_urlsafe(24)
    app = Console(config, settings.folder, token).app()
    bound = bind(host, port)
    shown, at = bound.getsockname()[:2]
    url = f"http://{f'[{shown}]' if ':' in shown else shown}:{at}/{token}/"

    def started() -> None:
        # The last word is the address: programs read it.
        click.echo(_("console, until Ctrl+C: {url}").format(url=url))
        if opens and not _open(url):
            click.echo(_("no browser could be opened: open the address above"), err=True)

    serve_until_ended(config_of(app), bound, started)


def _local(listen: str) -> tuple[str, int]:
    try:
        host, port = host_and_port(listen)
    except ValueError as error:
        raise UsageError(str(error), listen) from error
    if not is_loopback(host):
        mend = _("leave --listen out, or name 127.0.0.1 and a port")
        raise UsageError(_("others could reach it: it is for this machine alone"), listen, mend)
    return host, port


def _open(url: str) -> bool:
    """Whether it is shown."""
    if sys.platform != "win32":
        return webbrowser.open(url)
    try:
        os.startfile(url)  # noqa: S606 - the address just made
    except OSError:
        return False
    return True
