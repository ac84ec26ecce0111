"""How a sale is read back from the ledger."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from passerelle.ledger.last_xml import select_with_xml, xml_of
from passerelle.ledger.schema import sales
from passerelle.ledger.states import SaleState, Stage

# People are told of a problem when it begins, and then once a day.
DAILY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class KnownSale:
    """An order's sale as the ledger knows it.

    ``problem`` is a word for what stands or stood against it since it was last done, ``reason``
    the same for people. ``imported`` is the number of the order's XML that it belongs to,
    ``dispatch`` that of its own last XML; what follows is of that one, as with an order.
    """

    channel: str
    id: str
    order_date: datetime
    state: SaleState
    problem: str = ""
    reason: str = ""
    document: str = ""
    imported: int | None = None
    dispatch: int | None = None
    refusals: int = 0
    cancelled: bool = False
    tried: datetime | None = None
    told: datetime | None = None
    changed: datetime | None = None
    stage: Stage | None = None
    server: str | None = None
    sent_as: str | None = None
    archived: str | None = None
    sent: datetime | None = None
    published: datetime | None = None
    taken: datetime | None = None

    def is_news(self, problem: str, now: datetime) -> bool:
        """Whether people are to be told of a problem now: it is new, or a day has passed."""
        return self.problem != problem or self.told is None or abs(now - self.told) >= DAILY


def select_sales() -> Any:
    """A SELECT of sales with their last XMLs; conditions are still to be given."""
    return select_with_xml(sales)


def known_sale(row: Row[Any]) -> KnownSale:
    """The sale in a row of :func:`select_sales`."""
    return KnownSale(
        channel=row.channel,
        id=row.id,
        order_date=row.order_date,
        state=SaleState(row.state),
        problem=row.problem,
        reason=row.reason,
        document=row.document,
        imported=row.imported,
        dispatch=row.dispatch,
        refusals=row.refusals,
        cancelled=row.cancelled,
        tried=row.tried,
        told=row.told,
        changed=row.changed,
        **xml_of(row),
    )
