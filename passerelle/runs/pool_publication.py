"""Putting a shop's file where its import reads it; finding out whether an earlier one got there."""

import hashlib
from dataclasses import dataclass

from passerelle.archive.folders import LAST_COPY, keep_copy
from passerelle.base.language import _
from passerelle.config.pool import PoolShop
from passerelle.exchange.dispatch import TMP
from passerelle.gateway.frame import Gateway
from passerelle.model.pool import FileStage, Json
from passerelle.remotes.base import find
from passerelle.runs.stock_publication import upload_beside


@dataclass(frozen=True, slots=True)
class ShopFile:
    """A file to be written for a shop, and what the shop shows once it was taken."""

    name: str
    shop: PoolShop
    data: bytes
    changed: int
    view: Json


def recover_file(gateway: Gateway, name: str, shop: PoolShop) -> None:
    """Finds out whether a file that was promised had reached its name.

    Where the server forbids renaming nobody can tell: it stays promised, and is written again.
    """
    files, place = gateway.ledger.pool.files, shop.stock_to
    last = files.last(name)
    if last is None or last.stage != FileStage.PREPARED or _is_direct(gateway, shop):
        return
    if find(gateway.remote(place.server), place.path + TMP) is None:
        files.publish(name, last.number, gateway.now())
        return
    files.drop(last.number)
    if not gateway.dry_run:
        gateway.remote(place.server).delete(place.path + TMP)


def publish_file(gateway: Gateway, file: ShopFile) -> None:
    """Puts the file in place, complete and read back before the shop can see it.

    The ledger knows of it before the shop does.
    """
    place = file.shop.stock_to
    if _is_direct(gateway, file.shop):
        number = _prepare(gateway, file)
        upload_beside(gateway, place, file.data)
    else:
        upload = upload_beside(gateway, place, file.data)
        number = _prepare(gateway, file)
        gateway.remote(place.server).replace(upload, place.path)
    gateway.ledger.pool.files.publish(file.name, number, gateway.now())
    copy = LAST_COPY.format(name=f"{file.name}_{place.name}")
    keep_copy(gateway.settings.folder / copy, file.data)
    text = _("{file} is in place on {server}")
    gateway.say(text.format(file=place.path, server=place.server))


def _prepare(gateway: Gateway, file: ShopFile) -> int:
    digest = hashlib.sha256(file.data).hexdigest()
    files = gateway.ledger.pool.files
    return files.prepare(file.name, gateway.now(), digest, file.changed, file.view)


def _is_direct(gateway: Gateway, shop: PoolShop) -> bool:
    return gateway.settings.servers[shop.stock_to.server].publish == "direct"
