"""``passerelle till serve``, from the settings to the last answer."""

from pathlib import Path

import click

from passerelle.base.clocks import clock
from passerelle.base.errors import BusyError
from passerelle.base.language import _
from passerelle.base.lock import locked
from passerelle.base.serving import bind
from passerelle.config.model import Settings
from passerelle.config.tills import host_and_port
from passerelle.ledger.till_reading import reading_till_book
from passerelle.tills.calls import make_app
from passerelle.tills.items import ItemList, stocks_of
from passerelle.tills.ringing import Ringer
from passerelle.tills.server import TillServer
from passerelle.tills.serving import certificate_of, fingerprint_at, serve
from passerelle.tills.tablets import Tablets

LOCK = "tills.lock"


def serve_tills(settings: Settings, config: Path, listen: str) -> None:
    """Serves until it is ended. Raises where it cannot begin."""
    tills = settings.needed_tills
    certificate = certificate_of(tills, listen, settings.folder, config.parent, clock())
    fingerprint = fingerprint_at(certificate[0]) if certificate else ""
    with reading_till_book(settings.folder, tills.groups):
        pass
    with locked(settings.folder, LOCK, _busy):
        bound = bind(*host_and_port(listen))
        items = ItemList(settings.folder, stocks_of(settings))
        runs = settings.runs_after_tills
        ringer = Ringer(runs, config, click.echo) if runs else None
        server = TillServer(settings.folder, tills, clock, items, fingerprint, ringer)
        server.open()
        host, port = bound.getsockname()[:2]
        scheme = "https" if certificate else "http"
        text = _("tills: listening on {url} (Ctrl+C ends it)")
        serve(
            make_app(server, Tablets(server, clock).routes()),
            bound,
            certificate,
            lambda: click.echo(text.format(url=f"{scheme}://{host}:{port}")),
        )


def _busy() -> BusyError:
    what = _("another till server runs with this config")
    return BusyError(what, "", _("end that one first; one server puts the tills' orders in line"))
