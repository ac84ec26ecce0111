"""Pure: which orders are to have their sale now, in which order, and against which stock.

A sale is one document for the ERP, an invoice or a receipt, issued once an order's status allows
it. Two steps: :func:`find_candidates` judges every order by what the file and the ledger say of it;
:func:`allot` gives the ERP's stock to the candidates, one after the other.
"""

from passerelle.fulfilment.allotting import Allotment, Shelf, allot, in_turn, needs
from passerelle.fulfilment.books import Books, Candidate, Findings
from passerelle.fulfilment.judging import find_candidates
from passerelle.fulfilment.problems import FAULTS, Problem, document_of, unwritten
from passerelle.fulfilment.wishes import is_of_interest, will_be_wanted

__all__ = [
    "FAULTS",
    "Allotment",
    "Books",
    "Candidate",
    "Findings",
    "Problem",
    "Shelf",
    "allot",
    "document_of",
    "find_candidates",
    "in_turn",
    "is_of_interest",
    "needs",
    "unwritten",
    "will_be_wanted",
]
