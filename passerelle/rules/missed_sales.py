"""Pure: which sales the ERP's stock file does not include yet.

The one formula of the house: published level = the owner's level - the sales that the owner does
not include yet. A sale is included only if its XML is gone from the server *and* had been
published before the ERP wrote its file, or if the order is the previous system's or settled. Where
an order has a sale of its own (``[fulfil]``), that sale's XML is the one that counts.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from passerelle.base.reading import gtin
from passerelle.config.orders import Orders
from passerelle.model.orders import MissedSale, Reading, Sold
from passerelle.model.records import KnownOrder, KnownSale
from passerelle.model.states import ON_THE_WAY, SaleState, State
from passerelle.rules.fate import Fate, is_cancelled, judge

# Channel, id and date: the shop may use an id again.
SaleKey = tuple[str, str, datetime | None]
_NO_SALES: Mapping[SaleKey, KnownSale] = {}


@dataclass(frozen=True, slots=True)
class ErpFile:
    """When the ERP wrote its file, on its server's clock; ``None`` where nobody can tell.

    ``offsets`` tells how far each server's clock is ahead of ours. ``certainty`` is how long
    after the ERP took an XML its sales count as included where times are not told.
    """

    server: str
    modified: datetime | None
    now: datetime
    certainty: timedelta
    offsets: Mapping[str, timedelta] = field(default_factory=dict)

    def includes(self, order: KnownOrder) -> bool:
        """Whether the file includes what the order sold."""
        if order.state in (State.SKIPPED, State.SETTLED):
            return True
        return order.state == State.TAKEN and self._includes_xml(order)

    def includes_sale(self, sale: KnownSale) -> bool:
        """Whether the file includes a sale that was issued by itself.

        One that the ERP has taken may yet be refused; one that a person entered counts at once.
        """
        return sale.state == SaleState.DONE and self.includes_last_xml(sale)

    def includes_last_xml(self, sale: KnownSale) -> bool:
        """Whether the file was written after the ERP took the last XML; also if none is ours."""
        if sale.state in ON_THE_WAY:
            return False
        return sale.dispatch is None or self._includes_xml(sale)

    def _includes_xml(self, sent: KnownOrder | KnownSale) -> bool:
        if self.modified is None or sent.published is None or sent.server is None:
            return bool(sent.taken and sent.taken + self.certainty < self.now)
        return self._on_this_clock(sent.server, sent.published) < self.modified

    def _on_this_clock(self, server: str, moment: datetime) -> datetime:
        """Two files on one server compare by its own clock, whatever it shows."""
        if server == self.server:
            return moment
        nothing = timedelta(0)
        return moment - self.offsets.get(server, nothing) + self.offsets.get(self.server, nothing)


def find_missed(
    readings: Iterable[Reading],
    known: Mapping[str, KnownOrder],
    elsewhere: Mapping[KnownOrder, tuple[Sold, ...]],
    erp: ErpFile,
    settings: Orders,
    *,
    withheld_is_missed: bool,
    sales: Mapping[SaleKey, KnownSale] = _NO_SALES,
) -> dict[str, MissedSale]:
    """The missed sales by :func:`gtin` form.

    ``readings`` are the orders of the order file and ``known`` what the ledger knows of them.
    ``elsewhere`` are orders that have left the file but that the ERP may not include yet. Where an
    order is among the ``sales``, the file includes it once it includes the sale.
    """

    def counts(order: KnownOrder) -> bool:
        if sale := sales.get((order.channel, order.id, order.date)):
            return not erp.includes_sale(sale)
        withheld = order.state == State.WITHHELD
        return not erp.includes(order) and (withheld_is_missed or not withheld)

    missed: list[tuple[str, tuple[Sold, ...]]] = []
    for reading in readings:
        if is_cancelled(reading, settings):
            continue
        if sale := sales.get((settings.channel, reading.id, reading.date)):
            if not erp.includes_sale(sale):
                missed.append((reading.id, reading.sold))
            continue
        if _is_missed(reading, known.get(reading.id), settings, counts, withheld_is_missed):
            missed.append((reading.id, reading.sold))
    missed += [(order.id, sold) for order, sold in elsewhere.items() if counts(order)]
    return _by_item(missed)


def _is_missed(
    reading: Reading,
    order: KnownOrder | None,
    settings: Orders,
    counts: Callable[[KnownOrder], bool],
    withheld_is_missed: bool,
) -> bool:
    """Orders that the ledger does not know are judged as the next run of orders will."""
    if order is not None and order.state not in (State.WAITING, State.REJECTED):
        return counts(order)
    fate = judge(reading, settings, resend=bool(order and order.resend)).fate
    return fate != Fate.SKIPPED and (withheld_is_missed or fate != Fate.WITHHELD)


def every_sale(readings: Iterable[Reading], settings: Orders) -> dict[str, MissedSale]:
    """All sales of a file that are not cancelled, as ``passerelle fix`` counts them."""
    return _by_item((r.id, r.sold) for r in readings if not is_cancelled(r, settings))


def _by_item(sales: Iterable[tuple[str, Collection[Sold]]]) -> dict[str, MissedSale]:
    missed: dict[str, MissedSale] = {}
    for id, lines in sales:
        for sold in lines:
            key = gtin(sold.key)
            if key:
                missed[key] = _add(missed.get(key), sold, id)
    return missed


def _add(before: MissedSale | None, sold: Sold, id: str) -> MissedSale:
    if before is None:
        return MissedSale(sold.quantity, (id,))
    orders = before.orders if id in before.orders else (*before.orders, id)
    illegible = before.quantity is None or sold.quantity is None
    return MissedSale(None if illegible else before.quantity + sold.quantity, orders)  # type: ignore[operator]
