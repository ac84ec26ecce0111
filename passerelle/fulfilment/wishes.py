"""Which orders want a sale, by what the file says of them."""

from collections.abc import Collection

from passerelle.config import Fulfil, Orders
from passerelle.ledger import DONE, KnownOrder, State
from passerelle.reading import fold
from passerelle.sales import Reading
from passerelle.verdict import is_cancelled

IN_ERP = (State.SENT, State.TAKEN)


def is_of_interest(
    reading: Reading,
    known: KnownOrder | None,
    fulfil: Fulfil,
    orders: Orders,
    open_ids: Collection[str],
) -> bool:
    """Whether an order of the file may matter here; ``open_ids`` have a sale that is not done."""
    if reading.id in open_ids or wants(reading, fulfil) or is_cancelled(reading, orders):
        return True
    return known is not None and is_another(reading, known)


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
    return fold(reading.status) in {fold(status) for status in fulfil.when_statuses}


def is_another(reading: Reading, known: KnownOrder) -> bool:
    """Whether the file has another order under the id of one that the ledger calls done."""
    dated = known.date is not None and reading.date is not None
    return known.state in DONE and dated and known.date != reading.date
