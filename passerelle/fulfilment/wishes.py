"""Which orders want a sale, by what the file says of them."""

from collections.abc import Iterable
from functools import lru_cache

from passerelle.config import Fulfil, Orders
from passerelle.identity import is_id_used_again
from passerelle.ledger import DONE, KnownOrder, KnownSale, SaleState, State
from passerelle.reading import fold
from passerelle.sales import Reading
from passerelle.verdict import is_cancelled

IN_ERP = (State.SENT, State.TAKEN)


def is_of_interest(
    reading: Reading,
    known: KnownOrder | None,
    sales: Iterable[KnownSale],
    fulfil: Fulfil,
    orders: Orders,
) -> bool:
    """Whether an order of the file is to be judged: all but those whose sale is done, or not asked.

    ``sales`` are those of its id. What an earlier run began, sent or left open is to be judged.
    """
    if known is not None and is_another(reading, known):
        return True
    sale = next((sale for sale in sales if sale.order_date == reading.date), None)
    if sale is None:
        return wants(reading, fulfil) and not _is_old(reading, fulfil)
    match sale.state:
        case SaleState.DONE:
            changed = is_cancelled(reading, orders) != sale.cancelled
            return changed or not _belongs_to(sale, known)
        case SaleState.WITHDRAWN:
            return wants(reading, fulfil)
        case _:
            return True


def _is_old(reading: Reading, fulfil: Fulfil) -> bool:
    """Whether it was ordered before fulfilment began; without a date, nobody can tell."""
    start = fulfil.start_from
    return reading.date is not None and (start is None or reading.date < start)


def _belongs_to(sale: KnownSale, known: KnownOrder | None) -> bool:
    """Whether it is the sale of what the ERP has of the order, not of an import before."""
    return known is not None and known.state in IN_ERP and known.dispatch == sale.imported


def will_be_wanted(
    reading: Reading, known: KnownOrder | None, fulfil: Fulfil, orders: Orders
) -> bool:
    """Whether the next run of orders will want a sale for an order that has none yet."""
    if known is None or known.state not in IN_ERP or known.date != reading.date:
        return False
    start, date = fulfil.start_from, reading.date
    is_new = start is not None and date is not None and date >= start
    return is_new and wants(reading, fulfil) and not is_cancelled(reading, orders)


def wants(reading: Reading, fulfil: Fulfil) -> bool:
    """Whether an order's status asks for its sale."""
    return fold(reading.status) in _folded(fulfil.when_statuses)


@lru_cache(maxsize=8)
def _folded(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold, names))


def is_another(reading: Reading, known: KnownOrder) -> bool:
    """Whether the file has another order under the id of one that the ledger calls done."""
    return known.state in DONE and is_id_used_again(reading, known)
