"""Putting ExportCSVmod where the shop reads it, finding out what became of it, taking it back."""

import hashlib

from passerelle.archive.folders import LAST_COPY, keep_copy
from passerelle.base.errors import NotFoundError, PasserelleError, TransientError
from passerelle.base.language import _
from passerelle.config.model import Stock
from passerelle.exchange.dispatch import TMP, UPLOADS, store_whole
from passerelle.gateway.frame import Gateway
from passerelle.health.chain import should_be_taken
from passerelle.model.location import Location
from passerelle.remotes.base import fetch_whole, find
from passerelle.runs.stock_plan import StockPlan


def publish(gateway: Gateway, settings: Stock, plan: StockPlan) -> int:
    """Puts the file in place, complete and read back before the shop can see it.

    The ledger knows of it before the shop does; returns its number there.
    """
    upload, fixed = upload_beside(gateway, settings.to, plan.fixed.data), plan.fixed
    number = gateway.ledger.stock.prepare(
        fixed.changes,
        at=gateway.now(),
        source_sha256=hashlib.sha256(plan.source.data).hexdigest(),
        source_modified=plan.source.modified,
        sha256=hashlib.sha256(fixed.data).hexdigest(),
        size=len(fixed.data),
        lines=fixed.lines,
        in_stock=fixed.in_stock,
    )
    if upload != settings.to.path:
        gateway.remote(settings.to.server).replace(upload, settings.to.path)
    return number


def upload_beside(gateway: Gateway, place: Location, data: bytes) -> str:
    """Uploads beside the file's place; where renaming is forbidden, to the place itself."""
    remote = gateway.remote(place.server)
    direct = gateway.settings.servers[place.server].publish == "direct"
    path = place.path if direct else place.path + TMP
    for _attempt in range(UPLOADS):
        store_whole(remote, path, data)
        if fetch_whole(remote, path, len(data)) == data:
            return path
        remote.delete(path)
    what = _("the upload reads back otherwise")
    raise TransientError(what, str(place), _("try again"))


def note_published(gateway: Gateway, settings: Stock, plan: StockPlan, number: int) -> None:
    gateway.ledger.stock.set_stage(number, "published")
    keep_copy(gateway.settings.folder / LAST_COPY.format(name=settings.to.name), plan.fixed.data)
    text = _("{file} is in place on {server}")
    gateway.say(text.format(file=settings.to.name, server=settings.to.server))


def recover_publication(gateway: Gateway, settings: Stock) -> None:
    """Finds out whether a publication that was cut short had reached its name."""
    last = gateway.ledger.stock.last()
    if last is None or last.stage != "prepared":
        return
    left = find(gateway.remote(settings.to.server), settings.to.path + TMP)
    gateway.ledger.stock.set_stage(last.number, "superseded" if left else "published")


def note_fate(gateway: Gateway, settings: Stock) -> None:
    """Notes whether the shop has taken the last publication, or left it when its time came."""
    last = gateway.ledger.stock.last()
    if last is None or last.stage != "published" or last.fate is not None:
        return
    if find(gateway.remote(settings.to.server), settings.to.path) is None:
        gateway.ledger.stock.set_fate(last.number, "taken")
    elif should_be_taken(gateway.settings, last, gateway.now()):
        gateway.ledger.stock.set_fate(last.number, "left")
        gateway.warn(_("the shop has not taken {file}").format(file=settings.to.name))


def withdraw(gateway: Gateway, settings: Stock) -> None:
    """Takes back an older file that the shop has not taken yet."""
    try:
        remote = gateway.remote(settings.to.server)
        if find(remote, settings.to.path) is None:
            return
        if gateway.dry_run:
            text = _("would withdraw {file}, which the shop has not taken yet")
            gateway.say(text.format(file=settings.to))
            return
        remote.delete(settings.to.path)
    except NotFoundError:
        return
    except PasserelleError as error:
        text = _("an older {file} could not be withdrawn: {error}")
        gateway.warn(text.format(file=settings.to.name, error=error))
        return
    last = gateway.ledger.stock.last("published")
    if last:
        gateway.ledger.stock.set_stage(last.number, "withdrawn")
    text = _("{file} was withdrawn: the shop had not taken it yet")
    gateway.warn(text.format(file=settings.to.name))
