"""What the report shows of the last days: sales, how long they took, the newest orders, runs.

Every question is about what came after a moment and is answered by the index on that time: it
costs the same however old the ledger is.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select

from passerelle.ledger.marks import KnownOrder, known_order, select_known
from passerelle.ledger.runs import Run, as_run
from passerelle.ledger.schema import dispatches, events, orders, runs
from passerelle.ledger.states import State

# How many rows are in memory where answers come one at a time.
_AT_ONCE = 1_000
Begin = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Sale:
    """An order that counts as sold: when it was ordered, and its total where that is known."""

    date: datetime
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An order that the ERP took: when it was ordered, and when the ERP was seen to have it."""

    id: str
    date: datetime
    taken: datetime


class Overview:
    """The book of what is looked at, never written."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    def sales(self, since: datetime) -> Iterator[Sale]:
        """The orders dated ``since`` then that are neither cancelled nor skipped, one at a time.

        Nothing else can be asked of the ledger until all were asked for.
        """
        query = select(orders.c.date, orders.c.total).where(
            orders.c.date >= since, ~orders.c.cancelled, orders.c.state != State.SKIPPED
        )
        with self._begin() as connection:
            found = connection.execute(query.execution_options(yield_per=_AT_ONCE))
            yield from (Sale(date, total) for date, total in found)

    def deliveries(self, since: datetime) -> list[Delivery]:
        """The orders dated ``since`` then that the ERP took; not those that were sent again."""
        d = dispatches.c
        sent = (
            select(func.count())
            .where(events.c.channel == orders.c.channel, events.c.id == orders.c.id)
            .where(events.c.event == State.SENT)
            .scalar_subquery()
        )
        query = (
            select(orders.c.id, orders.c.date, d.taken)
            .join(dispatches, orders.c.dispatch == d.number)
            # No order is taken before it is made: SQLite may begin with either time.
            .where(orders.c.date >= since, d.taken >= since, d.taken >= orders.c.date)
            .where(_beside_index(orders.c.state) == State.TAKEN, sent <= 1)
        )
        with self._begin() as connection:
            return [Delivery(*row) for row in connection.execute(query).all()]

    def newest(self, since: datetime, limit: int) -> list[KnownOrder]:
        """The orders dated ``since`` then, the newest first, ``limit`` of them."""
        query = select_known().where(orders.c.date >= since)
        with self._begin() as connection:
            found = connection.execute(query.order_by(orders.c.date.desc()).limit(limit))
            return [known_order(row) for row in found]

    def count(self, since: datetime) -> int:
        """How many orders are dated ``since`` then."""
        query = select(func.count()).select_from(orders).where(orders.c.date >= since)
        with self._begin() as connection:
            return int(connection.execute(query).scalar_one())

    def has_undated(self) -> bool:
        """Whether any order has no date, so that no other answer here counts it."""
        with self._begin() as connection:
            query = select(orders.c.id).where(orders.c.date.is_(None)).limit(1)
            return connection.execute(query).first() is not None

    def runs(self, since: datetime) -> list[Run]:
        """The runs that started at ``since`` or later, oldest first."""
        query = select(runs).where(runs.c.started >= since).order_by(runs.c.started, runs.c.number)
        with self._begin() as connection:
            return [as_run(row) for row in connection.execute(query)]


def _beside_index(column: Any) -> Any:
    """The column, such that SQLite does not take its index: most orders of all years are taken."""
    return column.concat("")
