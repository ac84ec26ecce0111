"""The ledger's orders: their states, what was sold, and what happened to each when."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select, tuple_

from passerelle.base.language import _
from passerelle.ledger.book import Book, in_batches, record_of
from passerelle.ledger.marks import (
    add_event,
    check_step,
    find_known,
    of_late,
    select_with_xml,
    update_of,
    write_marks,
)
from passerelle.ledger.schema import IS_DUE, events, orders, sale_events, sales, sold
from passerelle.model.orders import Gist, Sold
from passerelle.model.records import Event, KnownOrder, KnownSale, Mark
from passerelle.model.states import DONE, UNSENT, State


class OrderBook(Book):
    def known(self, channel: str, ids: Collection[str]) -> dict[str, KnownOrder]:
        with self._begin() as connection:
            return find_known(connection, channel, ids)

    def find(self, id: str) -> list[KnownOrder]:
        """The orders of that id, one per channel."""
        return self._records(KnownOrder, select_with_xml(orders).where(orders.c.id == id))

    def list_by_state(self, state: State | None = None) -> list[KnownOrder]:
        """All orders, or those of one state, the most recently changed first."""
        query = select_with_xml(orders).order_by(orders.c.changed.desc(), orders.c.id)
        query = query.where(orders.c.state == state) if state else query
        return self._records(KnownOrder, query)

    def count_waiting(self) -> int:
        """How many wait, but for those cancelled in the shop that nobody wants again.

        There are more of both each year: they are counted in an index, and not read.
        """
        live = select(func.count()).where(orders.c.state == State.WAITING, ~orders.c.cancelled)
        with self._begin() as connection:
            asked_for = [o for o in _find_due(connection) if o.cancelled]
            waiting = [order for order in asked_for if order.state == State.WAITING]
            return connection.execute(live).scalar_one() + len(waiting)

    def due(self, channel: str) -> list[KnownOrder]:
        """The orders that should be in the ERP but could not be sent, or are to be sent again."""
        with self._begin() as connection:
            return [order for order in _find_due(connection) if order.channel == channel]

    def another_channel(self, channel: str) -> str | None:
        """A channel of which the ledger has orders, beside that one."""
        mine = orders.c.channel
        others = (select(mine).where(o).limit(1) for o in (mine < channel, mine > channel))
        return next((str(found) for other in others if (found := self._value(other))), None)

    def is_begun(self, channel: str) -> bool:
        """Whether of any order it was ever decided who sees to it: we, a person, or others."""
        decided = orders.c.state.in_(DONE) | orders.c.dispatch.is_not(None)
        query = select(orders.c.id).where(orders.c.channel == channel, decided).limit(1)
        return self._value(query) is not None

    def events(self, order: KnownOrder) -> list[Event]:
        query = (
            select(events.c.at, events.c.event, events.c.note)
            .where(events.c.channel == order.channel, events.c.id == order.id)
            .order_by(events.c.number)
        )
        return self._records(Event, query)

    def unseen_by_erp(
        self, written: datetime | None, taken_after: datetime, unproved: int | None = None
    ) -> list[KnownOrder]:
        """Orders that the ERP's file may lack: withheld, due, on their way, or taken of late.

        The arguments are those of :func:`of_late`.
        """
        on_the_way = orders.c.state.in_((State.WITHHELD, State.PREPARED, State.SENT))
        with self._begin() as connection:
            # Three questions, each answered by an index: as one it would be a walk through all.
            late = _find(connection, orders.c.dispatch.in_(of_late(written, taken_after, unproved)))
            taken = [order for order in late if order.state == State.TAKEN]
            return _find(connection, on_the_way) + taken + _find_due(connection)

    def sold(
        self, known: Iterable[KnownOrder | KnownSale]
    ) -> dict[tuple[str, str], tuple[Sold, ...]]:
        """What the given orders take out of stock, by (channel, id)."""
        keys = [(order.channel, order.id) for order in known]
        found: dict[tuple[str, str], tuple[Sold, ...]] = dict.fromkeys(keys, ())
        with self._begin() as connection:
            for some in in_batches(keys):
                chunk = tuple_(sold.c.channel, sold.c.id).in_(some)
                for row in connection.execute(select(sold).where(chunk).order_by(sold.c.position)):
                    found[row.channel, row.id] += (Sold(row.key, row.quantity),)
        return found

    def mark(self, channel: str, marks: Sequence[Mark], at: datetime) -> None:
        """Writes each order's state; what does not change is not written again."""
        with self._begin() as connection:
            write_marks(connection, channel, marks, at)

    def note_change(
        self, channel: str, reading: Gist, at: datetime, note: str, *, cancelled: bool
    ) -> None:
        """Notes that an order changed in the shop after it was sent, so as to tell it once."""
        values: dict[str, Any] = {"cancelled": cancelled}
        if reading.fingerprint:
            values["fingerprint"] = reading.fingerprint
        with self._begin() as connection:
            connection.execute(update_of(channel, reading.id).values(**values))
            add_event(connection, channel, reading.id, at, "changed", note)

    def settle(self, known: KnownOrder, at: datetime) -> None:
        self._steer(known, State.SETTLED, at, _("entered by hand"), resend=False)

    def resend(self, known: KnownOrder, at: datetime) -> None:
        """A person wants the order in the next XML, whatever was done with it before."""
        self._steer(known, State.WAITING, at, _("to be sent again, as asked"), resend=True)

    def forget(self, known: KnownOrder) -> None:
        """Takes the order, its sale and their story out: the next run meets it as new."""
        with self._begin() as connection:
            for table in (orders, sold, events, sales, sale_events):
                matches = and_(table.c.channel == known.channel, table.c.id == known.id)
                connection.execute(delete(table).where(matches))

    def _steer(
        self, known: KnownOrder, state: State, at: datetime, note: str, *, resend: bool
    ) -> None:
        with self._begin() as connection:
            check_step(known, state)
            values = {"state": state, "reason": note, "resend": resend, "due": False, "changed": at}
            connection.execute(update_of(known.channel, known.id).values(**values))
            add_event(connection, known.channel, known.id, at, state, note)


def _find(connection: Connection, condition: Any) -> list[KnownOrder]:
    query = select_with_xml(orders).where(condition).order_by(orders.c.id)
    return [record_of(KnownOrder, row) for row in connection.execute(query)]


def _find_due(connection: Connection) -> list[KnownOrder]:
    """Asks for nothing else, so that SQLite takes the small index of due orders."""
    return [order for order in _find(connection, IS_DUE) if order.state in UNSENT]
