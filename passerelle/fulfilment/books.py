"""What the decision is made from, and the candidates that come of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from passerelle.ledger import Issue, KnownOrder, KnownSale, SaleMark
from passerelle.sales import Order, Sold


@dataclass(frozen=True, slots=True)
class Books:
    """What is known when the decision is made.

    ``orders`` and ``sales`` are the ledger's, by id. ``fresh`` are orders that this very run sends
    though the ledger does not say so, since it is a dry one.
    """

    channel: str
    now: datetime
    orders: Mapping[str, KnownOrder]
    sales: Mapping[str, Sequence[KnownSale]]
    fresh: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order whose sale is to be issued if nothing else stands against it."""

    order: Order
    order_date: datetime
    document: str
    imported: int | None
    sale: KnownSale | None
    sold: tuple[Sold, ...] = ()

    @property
    def id(self) -> str:
        """The order's."""
        return self.order.id

    def issue(self, channel: str) -> Issue:
        """The same for the ledger."""
        key = channel, self.order.id, self.order_date
        return Issue(*key, self.document, self.imported, self.sold)


@dataclass(slots=True)
class Findings:
    """The candidates, what is to be written of other sales, and orders without a date."""

    candidates: list[Candidate] = field(default_factory=list)
    marks: list[SaleMark] = field(default_factory=list)
    undated: list[str] = field(default_factory=list)
