"""Which sales the ERP's stock file does not include yet, and of each order why.

The one formula of the house: published level = the owner's level - the sales that the owner does
not include yet. A sale is included only if its XML is gone from the server *and* had been
published before the ERP wrote its file, and no run saw it lie there since; or if the order is the
previous system's or settled. Where an order has a sale of its own (``[fulfil]``), that sale's XML
is the one that counts.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import Enum, auto

from passerelle.base.words import gtin
from passerelle.config.orders import Fulfil, Orders
from passerelle.model.orders import Missed, Reading, Sold
from passerelle.model.records import KnownOrder, KnownSale
from passerelle.model.states import IN_ERP, OPEN, UNSENT, OpenMatter, SaleState, Stage, State
from passerelle.rules.erp_file import ErpFile
from passerelle.rules.fate import Fate, is_cancelled, judge

# Channel, id and date: the shop may use an id again.
SaleKey = tuple[str, str, datetime | None]
_NO_SALES: Mapping[SaleKey, KnownSale] = {}
_NOTHING: Mapping[str, Collection[Sold]] = {}


def counts_for_stock(sale: KnownSale, fulfil: Fulfil) -> bool:
    """Whether the ERP's file must include a sale: it was issued, or is to be while any are."""
    return sale.state != SaleState.WITHDRAWN and (fulfil.enabled or sale.state not in OPEN)


class Standing(Enum):
    """Why an order's products are held back, or are not."""

    CANCELLED = auto()  # the shop cancelled it
    SKIPPED = auto()  # the previous system's
    SETTLED = auto()  # entered by hand
    INCLUDED = auto()  # the ERP took its XML, or its sale's, before it wrote the file
    LEFT_TO_TILL = auto()  # withheld, and ``withheld_is_missed`` is off
    # Not to be sent yet: held back as long as it stands in the shop's file, not cancelled.
    IN_SHOPS_FILE = auto()
    # It should be in the ERP but could not be sent yet, or the next run decides on it.
    UNSENT = auto()
    WITHHELD = auto()  # paid with a gift card, and not entered at the till yet
    DOUBTFUL = auto()  # nobody but the ERP knows whether it has its XML
    ON_ITS_WAY = auto()  # its XML lies there, or is about to
    TAKEN_SINCE = auto()  # the ERP took its XML after it wrote the file
    LACKS_SALE = auto()  # the ERP does not have the sale that was, or is to be, issued for it
    SALE_TAKEN_SINCE = auto()  # the ERP took that sale after it wrote the file
    REFUSED = auto()  # the ERP took its XML, and would not have it
    MAY_BE_REFUSED = auto()  # the ERP took its XML, and nobody could see whether it has it
    CHANGED = auto()  # the shop sold more in it, or another order under its id, since it was sent

    @property
    def is_missed(self) -> bool | None:
        """``None`` where only the shop's file tells."""
        return None if self is Standing.IN_SHOPS_FILE else self not in _LET_GO


_LET_GO = (
    *(Standing.CANCELLED, Standing.SKIPPED, Standing.SETTLED),
    *(Standing.INCLUDED, Standing.LEFT_TO_TILL),
)
_MISSED = {
    State.PREPARED: Standing.ON_ITS_WAY,
    State.SENT: Standing.ON_ITS_WAY,
    State.TAKEN: Standing.TAKEN_SINCE,
}


def standing(
    order: KnownOrder, sale: KnownSale | None, erp: ErpFile, *, withheld_is_missed: bool
) -> Standing:
    """How a known order stands to the ERP's file, as far as the ledger alone tells.

    ``sale`` is the order's own, where one is to be or was issued.
    """
    if order.cancelled:
        return Standing.CANCELLED
    return _uncancelled(order, sale, erp, withheld_is_missed=withheld_is_missed)


def _uncancelled(
    order: KnownOrder, sale: KnownSale | None, erp: ErpFile, *, withheld_is_missed: bool
) -> Standing:
    of_order = _without_sale(order, erp, withheld_is_missed=withheld_is_missed)
    if sale is None:
        return of_order
    by_sale = _by_sale(sale, erp)
    is_first_of_all_unsent = of_order.is_missed and order.state not in IN_ERP
    return of_order if by_sale.is_missed and is_first_of_all_unsent else by_sale


def _by_sale(sale: KnownSale, erp: ErpFile) -> Standing:
    if erp.includes_sale(sale):
        return Standing.INCLUDED
    return Standing.SALE_TAKEN_SINCE if sale.state == SaleState.DONE else Standing.LACKS_SALE


def _without_sale(order: KnownOrder, erp: ErpFile, *, withheld_is_missed: bool) -> Standing:
    if order.matter == OpenMatter.REFUSED and order.state == State.TAKEN:
        return Standing.REFUSED
    if erp.may_be_refused(order):
        return Standing.MAY_BE_REFUSED
    if erp.includes(order):
        by_hand = {State.SKIPPED: Standing.SKIPPED, State.SETTLED: Standing.SETTLED}
        return by_hand.get(order.state, Standing.INCLUDED)
    if order.state == State.WITHHELD:
        return Standing.WITHHELD if withheld_is_missed else Standing.LEFT_TO_TILL
    if order.state in UNSENT:
        return Standing.UNSENT if order.is_due else Standing.IN_SHOPS_FILE
    return Standing.DOUBTFUL if order.stage == Stage.DOUBTFUL else _MISSED[order.state]


def standing_in_file(
    reading: Reading,
    order: KnownOrder | None,
    sale: KnownSale | None,
    erp: ErpFile,
    settings: Orders,
    *,
    withheld_is_missed: bool,
) -> Standing:
    """The same for an order in the shop's file, of which the ledger may not know.

    What is not sent yet is judged as the next run of orders will.
    """
    if is_cancelled(reading, settings):
        return Standing.CANCELLED
    if order is not None and (sale or order.state not in UNSENT):
        return _uncancelled(order, sale, erp, withheld_is_missed=withheld_is_missed)
    if sale is not None:
        return _by_sale(sale, erp)
    resend, is_known = bool(order and order.resend), order is not None
    match judge(reading, settings, resend=resend, is_known=is_known).fate:
        case Fate.SKIPPED:
            return Standing.SKIPPED
        case Fate.WITHHELD:
            return Standing.WITHHELD if withheld_is_missed else Standing.LEFT_TO_TILL
    return Standing.UNSENT


def find_missed(
    readings: Iterable[Reading],
    known: Mapping[str, KnownOrder],
    elsewhere: Mapping[KnownOrder, tuple[Sold, ...]],
    erp: ErpFile,
    settings: Orders,
    *,
    withheld_is_missed: bool,
    sales: Mapping[SaleKey, KnownSale] = _NO_SALES,
    beyond: Mapping[str, Collection[Sold]] = _NOTHING,
    others: Iterable[tuple[str, Collection[Sold]]] = (),
) -> dict[str, Missed]:
    """The missed sales by :func:`gtin` form.

    ``readings`` are the orders of the order file and ``known`` what the ledger knows of them.
    ``elsewhere`` are orders that have left the file but that the ERP may not include yet. Where an
    order is among the ``sales``, the file includes it once it includes the sale. ``beyond`` is what
    was sold in orders of the file since they were sent, by their ids; ``others``, with such ids, is
    held back in any case.
    """

    def stand(reading: Reading) -> Standing:
        order, sale = known.get(reading.id), sales.get((settings.channel, reading.id, reading.date))
        if sale is None and order is not None and order.state not in UNSENT:
            sale = sale_of(order)
        return standing_in_file(
            reading, order, sale, erp, settings, withheld_is_missed=withheld_is_missed
        )

    def sale_of(order: KnownOrder) -> KnownSale | None:
        return sales.get((order.channel, order.id, order.date))

    missed = [(r.id, r.sold if stand(r).is_missed else beyond.get(r.id, ())) for r in readings]
    missed += others
    for order, sold in elsewhere.items():
        how = standing(order, sale_of(order), erp, withheld_is_missed=withheld_is_missed)
        if how.is_missed is not False:
            missed.append((order.id, sold))
    return _by_item(missed)


def all_sold(readings: Iterable[Reading], settings: Orders) -> dict[str, Missed]:
    """All sales of a file that are not cancelled, as ``passerelle fix`` counts them."""
    return _by_item((r.id, r.sold) for r in readings if not is_cancelled(r, settings))


def _by_item(sales: Iterable[tuple[str, Collection[Sold]]]) -> dict[str, Missed]:
    missed: dict[str, Missed] = {}
    for id, lines in sales:
        for sold in lines:
            key = gtin(sold.key)
            if key:
                missed[key] = _add(missed.get(key), sold, id)
    return missed


def _add(before: Missed | None, sold: Sold, id: str) -> Missed:
    if before is None:
        return Missed(sold.quantity, (id,))
    orders = before.orders if id in before.orders else (*before.orders, id)
    illegible = before.quantity is None or sold.quantity is None
    return Missed(None if illegible else before.quantity + sold.quantity, orders)  # type: ignore[operator]
