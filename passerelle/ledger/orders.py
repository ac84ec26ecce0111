"""The ledger's orders: their states, what was sold, and what happened to each when."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select, tuple_, update

from passerelle.base.language import _
from passerelle.ledger.book import Book, in_batches, insert_all, record_of, row_of
from passerelle.ledger.marks import (
    add_event,
    check_step,
    find_known,
    of_late,
    replace_sold,
    select_with_xml,
    update_of,
    write_marks,
)
from passerelle.ledger.others import (
    ITSELF_NOT_OPEN,
    Others,
    close_others,
    note_other,
    others_of,
    put_in_its_place,
    raise_matter,
)
from passerelle.ledger.schema import (
    HAS_MATTER,
    IS_DUE,
    adopted,
    dispatches,
    events,
    orders,
    sale_events,
    sales,
    settlements,
    sold,
    sold_by_others,
    sold_since,
)
from passerelle.ledger.settling import (
    forget_settlements,
    last_settled,
    lines_of,
    remember_order,
    restore_order,
)
from passerelle.model.location import Location
from passerelle.model.orders import Sold
from passerelle.model.records import (
    ChangedOrder,
    Event,
    HighWater,
    KnownOrder,
    KnownSale,
    Mark,
    Settlement,
)
from passerelle.model.states import DONE, UNSENT, Kind, OpenMatter, Stage, State

_OF_AN_ORDER = (
    *(orders, sold, sold_since, sold_by_others, events),
    *(sales, sale_events, settlements),
)


class OrderBook(Book):
    def known(self, channel: str, ids: Collection[str]) -> dict[str, KnownOrder]:
        with self._begin() as connection:
            return find_known(connection, channel, ids)

    def spelled_like(self, channel: str, bare: Collection[str]) -> list[KnownOrder]:
        """The orders whose ids are these but for what spreadsheets add or take."""
        found = list[KnownOrder]()
        with self._begin() as connection:
            for some in in_batches(bare):
                for column in (orders.c.id, orders.c.bare):
                    found += _find(connection, (orders.c.channel == channel) & column.in_(some))
        return found

    def ordered_at(self, channel: str, dates: Collection[datetime]) -> list[KnownOrder]:
        """The orders of these very moments."""
        found = list[KnownOrder]()
        with self._begin() as connection:
            for some in in_batches(dates):
                asked = orders.c.date.in_(some) & (orders.c.channel == channel)
                found += _find(connection, asked)
        return found

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

    def due(self) -> list[KnownOrder]:
        """The orders that should be in the ERP but could not be sent, or are to be sent again."""
        with self._begin() as connection:
            return _find_due(connection)

    def last_handled(self) -> tuple[str, datetime] | None:
        """The channel of the shop's orders that were promised to the ERP, or adopted, last; and
        when. Those of tills are no shop's.
        """
        d, o = dispatches.c, orders.c
        of_shop = (d.kind == Kind.ORDERS) & (d.target == "")
        promised = select(o.channel, d.prepared).where(o.dispatch == d.number, of_shop)
        taken_over = select(adopted.c.channel, adopted.c.at).order_by(adopted.c.at.desc())
        with self._begin() as connection:
            rows = [connection.execute(query.limit(1)).first()
                    for query in (promised.order_by(d.number.desc()), taken_over)]  # fmt: skip
        found = [(str(channel), at) for channel, at in filter(None, rows)]
        return max(found, key=lambda one: one[1], default=None)

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

    def note_change(self, channel: str, changed: ChangedOrder, at: datetime) -> None:
        """Notes what changed in the shop: a person has to see to it."""
        reading, matter, key = changed.reading, changed.matter, (channel, changed.reading.id)
        with self._begin() as connection:
            if changed.is_another:
                note_other(connection, channel, changed, at)
                return
            values = {"cancelled": changed.cancelled, "fingerprint": reading.fingerprint}
            connection.execute(update_of(*key).values(**values))
            since = {reading.id: () if matter == OpenMatter.CANCELLED else reading.sold}
            replace_sold(connection, channel, since, sold_since)
            raise_matter(connection, key, at, matter, changed.note)

    def others(self) -> Others:
        """What orders sold to which the shop gave another's id: by that key and their date."""
        with self._begin() as connection:
            return others_of(connection)

    def note_left(self, left: Collection[KnownOrder], at: datetime) -> None:
        """Orders that wait have left the shop's file: a person has to say what became of them."""
        told = _("it has left the shop's file")
        with self._begin() as connection:
            for order in left:
                connection.execute(update_of(order.channel, order.id).values(due=True))
                raise_matter(connection, (order.channel, order.id), at, OpenMatter.LEFT, told)

    def let_go(self, left: Collection[KnownOrder], at: datetime) -> None:
        """They have waited for so long that nobody wants them any more."""
        with self._begin() as connection:
            for order in left:
                values = ITSELF_NOT_OPEN | {"due": False}
                connection.execute(update_of(order.channel, order.id).values(**values))
                told = _("nobody paid it in time: it is let go of")
                add_event(connection, order.channel, order.id, at, order.state, told)

    def taken_as(self, places: Collection[Location]) -> list[tuple[KnownOrder, Location]]:
        """The orders whose XML had one of these names, was taken, and is not known as refused."""
        found, d = list[tuple[KnownOrder, Location]](), dispatches.c
        with self._begin() as connection:
            for place in places:
                named = (d.path == place.path) & (d.server == place.server)
                taken = named & (d.stage == Stage.TAKEN) & d.refused.is_(None)
                xmls = orders.c.dispatch.in_(select(d.number).where(taken))
                found += [(order, place) for order in _find(connection, xmls)]
        return [(order, place) for order, place in found if order.state == State.TAKEN]

    def note_refused(self, refused: Collection[KnownOrder], at: datetime) -> None:
        """The ERP would not have the XMLs of these orders, which it took."""
        with self._begin() as connection:
            for order in refused:
                told = _("the ERP refused {file}").format(file=order.sent_as)
                raise_matter(connection, (order.channel, order.id), at, OpenMatter.REFUSED, told)
            numbers = {order.dispatch for order in refused}
            mine = dispatches.c.number.in_(numbers)
            connection.execute(update(dispatches).where(mine).values(refused=at))

    def with_matter(self) -> list[KnownOrder]:
        """The orders about which something is open beside their state."""
        with self._begin() as connection:
            return _find(connection, HAS_MATTER)

    def since(self, known: Iterable[KnownOrder]) -> dict[KnownOrder, tuple[Sold, ...]]:
        """What the shop says that these orders sold, since it changed them."""
        with self._begin() as connection:
            return {order: tuple(lines_of(connection, sold_since, order)) for order in known}

    def unpaid(self) -> list[KnownOrder]:
        """The orders that wait for their status, in the shop's file or no longer."""
        with self._begin() as connection:
            found = _find(connection, and_(orders.c.state == State.WAITING, ~orders.c.cancelled))
        return [order for order in found if not order.is_due or order.matter == OpenMatter.LEFT]

    def settle(self, known: KnownOrder, at: datetime) -> None:
        """It was entered by hand; of one that is in the ERP, a person saw to what is open.

        Has another order its id, that one's turn comes last: what was said of the first before
        the other was met never lets go of the other.
        """
        is_of_other = known.matter == OpenMatter.ID_REUSED and not known.is_open_itself
        with self._begin() as connection:
            remember_order(connection, known, at, is_of_other=is_of_other)
            if is_of_other:
                close_others(connection, known, at)
            elif known.matter in (None, OpenMatter.ID_REUSED) or known.state not in DONE:
                _steer(connection, known, State.SETTLED, at, _("entered by hand"), resend=False)
            else:
                _close(connection, known, at)

    def settled(self, known: KnownOrder) -> list[Settlement]:
        """What the order, its sale or both were before they were settled, the last time."""
        with self._begin() as connection:
            return last_settled(connection, known)

    def unsettle(self, known: KnownOrder, settlement: Settlement, at: datetime) -> None:
        """A person takes back that it was settled: it is what it was before."""
        told = settlement.before["state"], _("not settled after all")
        with self._begin() as connection:
            restore_order(connection, known, settlement, at)
            add_event(connection, known.channel, known.id, at, *told)

    def adopt(self, channel: str, marks: Sequence[Mark], newest: HighWater, at: datetime) -> None:
        """These orders are the previous system's, and so is what is older than ``newest``."""
        with self._begin() as connection:
            write_marks(connection, channel, marks, at)
            connection.execute(delete(adopted).where(adopted.c.channel == channel))
            row = row_of(adopted, newest, channel=channel, at=at)
            insert_all(connection, adopted, [row])

    def last_adopted(self) -> datetime | None:
        """When a person last said which orders the ERP has."""
        return self._value(select(adopted.c.at).order_by(adopted.c.at.desc()).limit(1))

    def high_water(self, channel: str) -> HighWater | None:
        query = select(adopted.c.date, adopted.c.id).where(adopted.c.channel == channel)
        return self._first(HighWater, query)

    def resend(self, known: KnownOrder, at: datetime, *, may_lie: bool = False) -> None:
        """A person wants the order in the next XML, whatever was done with it before.

        Lies its XML there yet, or may, the ERP may get it twice, whoever takes that file away.
        """
        with self._begin() as connection:
            forget_settlements(connection, known)
            replace_sold(connection, known.channel, {known.id: ()}, sold_since)
            told = _("to be sent again, as asked")
            _steer(connection, known, State.WAITING, at, told, resend=True)
            if may_lie or known.matter == OpenMatter.TWICE:
                key, note = (known.channel, known.id), _("its first XML lay there")
                raise_matter(connection, key, at, OpenMatter.TWICE, note)
            elif known.matter == OpenMatter.CANCELLED:
                key = known.channel, known.id
                raise_matter(connection, key, at, known.matter, known.matter_note)

    def forget(self, known: KnownOrder) -> None:
        """Takes the order, its sale and their story out: the next run meets it as new.

        The newest of the others that have its id takes its place, and is due: it may have left the
        shop's file.
        """
        with self._begin() as connection:
            others = others_of(connection, (known.channel, known.id))
            for table in _OF_AN_ORDER:
                matches = and_(table.c.channel == known.channel, table.c.id == known.id)
                connection.execute(delete(table).where(matches))
            if others:
                put_in_its_place(connection, known, others)


def _steer(
    connection: Connection,
    known: KnownOrder,
    state: State,
    at: datetime,
    note: str,
    *,
    resend: bool,
) -> None:
    check_step(known, state)
    values = {"state": state, "reason": note, "resend": resend, "due": False, "changed": at}
    values |= ITSELF_NOT_OPEN
    connection.execute(update_of(known.channel, known.id).values(**values))
    add_event(connection, known.channel, known.id, at, state, note)


def _close(connection: Connection, known: KnownOrder, at: datetime) -> None:
    """A person saw to what was open: the ERP has of the order what the shop says now."""
    since = lines_of(connection, sold_since, known)
    is_told = bool(since) and all(line.quantity is not None for line in since)
    if known.matter == OpenMatter.CANCELLED or (known.matter == OpenMatter.CHANGED and is_told):
        replace_sold(connection, known.channel, {known.id: since})
    replace_sold(connection, known.channel, {known.id: ()}, sold_since)
    connection.execute(update_of(known.channel, known.id).values(**ITSELF_NOT_OPEN))
    add_event(connection, known.channel, known.id, at, State.SETTLED, _("seen to by hand"))


def _find(connection: Connection, condition: Any) -> list[KnownOrder]:
    query = select_with_xml(orders).where(condition).order_by(orders.c.id)
    return [record_of(KnownOrder, row) for row in connection.execute(query)]


def _find_due(connection: Connection) -> list[KnownOrder]:
    """Asks for nothing else, so that SQLite takes the small index of due orders."""
    return [order for order in _find(connection, IS_DUE) if order.state in UNSENT]
