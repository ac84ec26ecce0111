"""Asks again, right before sales are issued, whether they are still wanted.

A run takes its time, and one that was cut short is finished by the next: the shop may have
cancelled an order meanwhile, or given it another status.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from passerelle.base.errors import PasserelleError
from passerelle.base.language import _
from passerelle.gateway.frame import Gateway
from passerelle.model.orders import Reading
from passerelle.rules.fulfilment import is_still_wanted
from passerelle.runs.fulfil_plan import SaleParcel
from passerelle.runs.order_file import read_order_file

# Times of files are told in whole seconds.
_SAME = timedelta(seconds=2)


def still_wanted(
    gateway: Gateway, parcels: Sequence[SaleParcel], met: Mapping[str, Any]
) -> tuple[list[SaleParcel], list[PasserelleError]]:
    """Those that are; ``met`` is what was kept of the order file that they were decided on.

    Where the file cannot be read now nobody knows, and none is issued yet.
    """
    if not parcels:
        return [], []
    try:
        if _is_as_it_was(gateway, met):
            return [*parcels], []
        readings = _read_again(gateway)
    except PasserelleError as error:
        return [], [error]
    kept = [one for one in parcels if _is_as_decided(gateway, one, readings.get(one.issue.id))]
    for parcel in (one for one in parcels if one not in kept):
        told = _("sale of order {id}: not issued: the shop's file has changed meanwhile")
        gateway.say(told.format(id=parcel.issue.id))
    return kept, []


def _is_as_it_was(gateway: Gateway, met: Mapping[str, Any]) -> bool:
    place = gateway.settings.needed_orders.source
    entry = gateway.remote(place.server).stat(place.path)
    if entry.modified is None or not met.get("written") or entry.size != met.get("size"):
        return False
    offset = gateway.ledger.stock.clock_offset(place.server)
    written = entry.modified - offset if offset is not None else entry.modified
    return abs(written - datetime.fromisoformat(met["written"])) <= _SAME


def _read_again(gateway: Gateway) -> dict[str, Reading]:
    settings = gateway.settings.needed_orders
    source = gateway.sources.fetch(settings.source)
    file, _known = read_order_file(gateway, source)
    return {reading.id: reading for reading in file.readings}


def _is_as_decided(gateway: Gateway, parcel: SaleParcel, reading: Reading | None) -> bool:
    if reading is None or reading.date != parcel.issue.order_date:
        return False
    fulfil, orders = gateway.settings.fulfil, gateway.settings.needed_orders
    is_same = reading.fingerprint == parcel.fingerprint
    return is_same and is_still_wanted(reading, fulfil, orders)
