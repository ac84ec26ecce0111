"""The ledger: what was seen, sent and taken. The only room that speaks SQL."""

from passerelle.ledger.dispatches import Dispatch
from passerelle.ledger.known_sales import DAILY, KnownSale
from passerelle.ledger.ledger import Ledger, ledger_exists, open_copy, open_ledger
from passerelle.ledger.marks import KnownOrder, Mark
from passerelle.ledger.sale_marks import Issue, SaleMark
from passerelle.ledger.states import DONE, SALE_TRANSITIONS, TRANSITIONS, SaleState, Stage, State

__all__ = [
    "DAILY",
    "DONE",
    "SALE_TRANSITIONS",
    "TRANSITIONS",
    "Dispatch",
    "Issue",
    "KnownOrder",
    "KnownSale",
    "Ledger",
    "Mark",
    "SaleMark",
    "SaleState",
    "Stage",
    "State",
    "ledger_exists",
    "open_copy",
    "open_ledger",
]
