"""The ledger's sales: which orders are to have one, which have one, and what stood against it."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from passerelle.config import Location
from passerelle.language import _
from passerelle.ledger.known_sales import KnownSale, known_sale, select_sales
from passerelle.ledger.marks import CHUNK, KnownOrder
from passerelle.ledger.orders import Event
from passerelle.ledger.sale_marks import (
    SaleMark,
    add_sale_event,
    check_sale_step,
    of_key,
    write_sale_marks,
)
from passerelle.ledger.schema import IS_CANCELLED, dispatches, sale_events, sales
from passerelle.ledger.states import SaleState, Stage

Begin = Callable[[], AbstractContextManager[Connection]]

OPEN = (SaleState.WANTED, SaleState.REFUSED)
ON_THE_WAY = (SaleState.PREPARED, SaleState.SENT)


class Sales:
    """The book of sales."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    def of_orders(self, channel: str, ids: Collection[str]) -> dict[str, list[KnownSale]]:
        """The sales of these orders, by id; several where the shop used an id again."""
        found: dict[str, list[KnownSale]] = {}
        wanted = list(ids)
        with self._begin() as connection:
            for start in range(0, len(wanted), CHUNK):
                some = sales.c.id.in_(wanted[start : start + CHUNK])
                query = select_sales().where(sales.c.channel == channel, some)
                for row in connection.execute(query.order_by(sales.c.order_date)):
                    found.setdefault(row.id, []).append(known_sale(row))
        return found

    def of_order(self, order: KnownOrder) -> KnownSale | None:
        """The order's own sale."""
        found = self.of_orders(order.channel, [order.id]).get(order.id, ())
        return next((sale for sale in found if sale.order_date == order.date), None)

    def in_states(self, *states: SaleState) -> list[KnownSale]:
        """All sales in one of these states, the oldest order first."""
        return self._list(sales.c.state.in_(states))

    def cancelled(self) -> list[KnownSale]:
        """Those whose order the shop cancelled although they were sent or done."""
        found = self._list(IS_CANCELLED)
        return [sale for sale in found if sale.state in (SaleState.SENT, SaleState.DONE)]

    def sent_as(self, places: Collection[Location]) -> list[KnownSale]:
        """The sales whose last XML had one of these names, and was taken by the ERP."""
        found: list[KnownSale] = []
        names = sorted({(place.server, place.path) for place in places})
        for server in {server for server, _path in names}:
            paths = [path for of, path in names if of == server]
            for start in range(0, len(paths), CHUNK):
                d = dispatches.c
                named = d.path.in_(paths[start : start + CHUNK]) & (d.server == server)
                taken = named & (d.stage == Stage.TAKEN)
                found += self._list(sales.c.dispatch.in_(select(d.number).where(taken)))
        return found

    def unseen_by_erp(self, written: datetime | None, taken_after: datetime) -> list[KnownSale]:
        """Sales that the ERP's file may lack: open, on their way, or taken of late.

        The times are those of :meth:`passerelle.ledger.orders.Orders.unseen_by_erp`.
        """
        d = dispatches.c
        late = d.taken >= taken_after
        if written is not None:
            late |= d.published >= written - timedelta(days=1)
        open_ones = sales.c.state.in_((*OPEN, *ON_THE_WAY))
        of_late = sales.c.dispatch.in_(select(d.number).where(late))
        return self._list(open_ones | of_late)

    def events(self, sale: KnownSale) -> list[Event]:
        """What happened to the sale, oldest first."""
        e = sale_events.c
        mine = (e.channel == sale.channel) & (e.id == sale.id) & (e.order_date == sale.order_date)
        query = select(e.at, e.event, e.note).where(mine).order_by(e.number)
        with self._begin() as connection:
            return [Event(row.at, row.event, row.note) for row in connection.execute(query)]

    def mark(self, marks: Sequence[SaleMark], at: datetime) -> None:
        """Writes what a run decided."""
        if marks:
            with self._begin() as connection:
                write_sale_marks(connection, marks, at)

    def retry(self, sale: KnownSale, at: datetime) -> None:
        """A person wants it tried anew."""
        self._steer(sale, SaleState.WANTED, at, _("to be tried again, as asked"))

    def settle(self, sale: KnownSale, at: datetime) -> None:
        """A person entered the sale by hand."""
        self._steer(sale, SaleState.DONE, at, _("entered by hand"))

    def undo(self, sale: KnownSale, at: datetime) -> None:
        """A person undid the sale of a cancelled order in the ERP."""
        self._steer(sale, SaleState.WITHDRAWN, at, _("undone by hand"))

    def _steer(self, sale: KnownSale, state: SaleState, at: datetime, note: str) -> None:
        values: dict[str, Any] = {"state": state, "problem": "", "reason": note, "refusals": 0,
                                  "told": None, "changed": at}  # fmt: skip
        if state == SaleState.DONE:
            values["dispatch"] = None  # none of ours: the file of stock that follows includes it
        with self._begin() as connection:
            check_sale_step(sale, sale, state)
            connection.execute(update(sales).where(of_key(sale)).values(**values))
            add_sale_event(connection, sale, at, state, note)

    def _list(self, condition: Any) -> list[KnownSale]:
        query = select_sales().where(condition).order_by(sales.c.order_date, sales.c.id)
        with self._begin() as connection:
            return [known_sale(row) for row in connection.execute(query)]
