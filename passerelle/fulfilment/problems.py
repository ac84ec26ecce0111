"""What stands against a sale, and what is written of it; as which document it goes."""

from datetime import datetime
from enum import StrEnum

from passerelle.config import Fulfil
from passerelle.fulfilment.books import Books, Candidate
from passerelle.ledger import KnownSale, SaleMark, SaleState
from passerelle.sales import Order


class Problem(StrEnum):
    """What stands against a sale; each value is a contract with programs that read ``--json``.

    ``stock``: not enough of it. ``unchecked``: the ERP's file tells nothing now. ``order``: the
    order itself is not in the ERP. ``illegible``: it cannot be read any more. ``unwritten``: the
    stylesheet fails on it. ``gone`` from the shop's file. ``reused``: the shop uses its id again.
    ``refused`` by the ERP. ``doubtful``: only the ERP knows whether it has it.
    """

    STOCK = "stock"
    UNCHECKED = "unchecked"
    ORDER = "order"
    ILLEGIBLE = "illegible"
    UNWRITTEN = "unwritten"
    GONE = "gone"
    REUSED = "reused"
    REFUSED = "refused"
    DOUBTFUL = "doubtful"


# These ask for a person; the others end by themselves.
FAULTS = frozenset(Problem) - {Problem.STOCK, Problem.UNCHECKED, Problem.ORDER}


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
    """What is to be written of a candidate that something stands against."""
    id, date = candidate.order.id, candidate.order_date
    fresh = SaleMark(books.channel, id, date, SaleState.WANTED)
    mark = problem_mark(candidate.sale or fresh, problem, reason, books.now)
    return SaleMark(
        *(mark.channel, id, date, mark.state, problem, reason),
        imported=candidate.imported,
        is_told=mark.is_told,
    )


def unwritten(candidate: Candidate, reason: str, books: Books) -> SaleMark:
    """What is to be written of a sale that the stylesheet cannot make."""
    return held(candidate, Problem.UNWRITTEN, reason, books)
