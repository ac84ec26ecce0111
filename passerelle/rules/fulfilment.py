"""Which orders want a sale, by what the file says of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from passerelle.config.orders import Fulfil, Orders
from passerelle.config.statuses import PAID
from passerelle.model.orders import Order, Reading, Sold
from passerelle.model.records import Issue, KnownOrder, KnownSale, SaleMark
from passerelle.model.states import DONE, IN_ERP, SaleState
from passerelle.rules.fate import has_status, is_cancelled, is_id_used_again


class Books(Struct, frozen=True):
    """What is known when the decision is made.

    ``orders`` and ``sales`` are the ledger's, by id. ``fresh`` are orders that this very run sends
    though the ledger does not say so, since it is a dry one.
    """

    channel: str
    now: datetime
    orders: Mapping[str, KnownOrder]
    sales: Mapping[str, Sequence[KnownSale]]
    fresh: Collection[str] = ()


class Candidate(Struct, frozen=True):
    """An order whose sale is to be issued if nothing else stands against it."""

    order: Order
    order_date: datetime
    document: str
    imported: int | None
    sale: KnownSale | None
    sold: tuple[Sold, ...] = ()

    @property
    def id(self) -> str:
        return self.order.id

    def issue(self, channel: str) -> Issue:
        key = channel, self.id, self.order_date
        return Issue(*key, self.document, self.imported, self.sold)


class Findings(Struct):
    """The candidates, what is to be written of other sales, and orders without a date."""

    candidates: list[Candidate] = field(default_factory=list)
    marks: list[SaleMark] = field(default_factory=list)
    undated: list[str] = field(default_factory=list)


class Problem(StrEnum):
    """What stands against a sale; each value is a contract with programs that read ``--json``.

    ``stock``: not enough of it. ``status``: the order is not paid any more; ``unknown``: nobody has
    said whether its status is a paid one. ``unchecked``: the ERP's file tells nothing now.
    ``order``: the order itself is not in the ERP. ``illegible``: it cannot be read any more.
    ``unwritten``: the stylesheet fails on it. ``gone`` from the shop's file. ``reused``: the shop
    uses its id again. ``refused`` by the ERP. ``doubtful``: only the ERP knows whether it has it.
    """

    STOCK = "stock"
    STATUS = "status"
    UNKNOWN = "unknown"
    UNCHECKED = "unchecked"
    ORDER = "order"
    ILLEGIBLE = "illegible"
    UNWRITTEN = "unwritten"
    GONE = "gone"
    REUSED = "reused"
    REFUSED = "refused"
    DOUBTFUL = "doubtful"


# These ask for a person; the others end by themselves.
FAULTS = frozenset(Problem) - {Problem.STOCK, Problem.STATUS, Problem.UNCHECKED, Problem.ORDER}


def document_of(order: Order, fulfil: Fulfil) -> str:
    """``invoice`` or ``receipt``."""
    if fulfil.document != "auto":
        return fulfil.document
    customer = order.customer
    return "invoice" if customer.company or customer.vat_number else "receipt"


def problem_mark(
    sale: KnownSale | SaleMark,
    problem: Problem,
    reason: str,
    now: datetime,
    state: SaleState = SaleState.WANTED,
) -> SaleMark:
    """What is to be written of a sale that something stands against."""
    is_news = not isinstance(sale, KnownSale) or sale.is_news(problem, now)
    return SaleMark(sale.channel, sale.id, sale.order_date, state, problem, reason, is_told=is_news)


def held(candidate: Candidate, problem: Problem, reason: str, books: Books) -> SaleMark:
    fresh = SaleMark(books.channel, candidate.id, candidate.order_date, SaleState.WANTED)
    mark = problem_mark(candidate.sale or fresh, problem, reason, books.now)
    return replace(mark, imported=candidate.imported)


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
        start = fulfil.start_from
        # Without a date nobody can tell whether it was ordered before fulfilment began.
        is_old = reading.date is not None and (start is None or reading.date < start)
        return wants(reading, fulfil) and not is_old
    match sale.state:
        case SaleState.DONE:
            if is_cancelled(reading, orders) != sale.cancelled or known is None:
                return True
            # The ERP may have imported the order again since.
            return known.state not in IN_ERP or known.dispatch != sale.imported
        case SaleState.WITHDRAWN:
            return wants(reading, fulfil)
        case _:
            return True


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
    return has_status(reading, fulfil.when_statuses)


def is_still_wanted(reading: Reading, fulfil: Fulfil, orders: Orders) -> bool:
    """Whether a sale that was wanted may be issued now: the order is paid for all that is said.

    It may have gone on since, to be packed or shipped: that shops ship with such a status is known.
    """
    if is_cancelled(reading, orders):
        return False
    return has_status(reading, (*fulfil.when_statuses, *PAID))


def is_another(reading: Reading, known: KnownOrder) -> bool:
    """Whether the file has another order under the id of one that the ledger calls done."""
    return known.state in DONE and is_id_used_again(reading, known)
