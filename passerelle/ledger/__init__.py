"""The ledger: what was seen, sent and taken. The only room that speaks SQL."""

from passerelle.ledger.dispatches import Dispatch
from passerelle.ledger.ledger import Ledger, ledger_exists, open_copy, open_ledger
from passerelle.ledger.marks import KnownOrder, Mark
from passerelle.ledger.states import DONE, TRANSITIONS, Stage, State

__all__ = [
    "DONE",
    "TRANSITIONS",
    "Dispatch",
    "KnownOrder",
    "Ledger",
    "Mark",
    "Stage",
    "State",
    "ledger_exists",
    "open_copy",
    "open_ledger",
]
