"""The ledger's orders: their states, what was sold, and what happened to each when."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, select, update

from passerelle.errors import UsageError
from passerelle.ledger.schema import dispatches, events, orders, sold
from passerelle.ledger.states import TRANSITIONS, Stage, State
from passerelle.sales import Reading, Sold

Begin = Callable[[], AbstractContextManager[Connection]]

# SQLite takes 999 parameters in its older builds.
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order as the ledger knows it.

    ``sent_as`` is the XML's name, ``published`` the time on the server's clock at which it
    appeared there, ``taken`` when it was first seen to be gone (our clock).
    """

    channel: str
    id: str
    reference: str
    date: datetime | None
    state: State
    reason: str
    fingerprint: str
    cancelled: bool
    resend: bool
    seen: datetime
    changed: datetime
    stage: Stage | None = None
    sent_as: str | None = None
    archived: str | None = None
    server: str | None = None
    sent: datetime | None = None
    published: datetime | None = None
    taken: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A state to write for an order, with its reason in words."""

    reading: Reading
    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an order."""

    at: datetime
    event: str
    note: str


class Orders:
    """The book of orders."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    def known(self, channel: str, ids: Collection[str]) -> dict[str, KnownOrder]:
        """Those of the orders that the ledger has met, by id."""
        found: dict[str, KnownOrder] = {}
        wanted = list(ids)
        with self._begin() as connection:
            for start in range(0, len(wanted), _CHUNK):
                chunk = wanted[start : start + _CHUNK]
                query = _select().where(orders.c.channel == channel, orders.c.id.in_(chunk))
                found |= {row.id: _known(row) for row in connection.execute(query)}
        return found

    def find(self, id: str) -> list[KnownOrder]:
        """The orders of that id, one per channel."""
        with self._begin() as connection:
            return [_known(row) for row in connection.execute(_select().where(orders.c.id == id))]

    def list_by_state(self, state: State | None = None) -> list[KnownOrder]:
        """All orders, or those of one state, the most recently changed first."""
        query = _select().order_by(orders.c.changed.desc(), orders.c.id)
        query = query.where(orders.c.state == state) if state else query
        with self._begin() as connection:
            return [_known(row) for row in connection.execute(query)]

    def to_resend(self, channel: str) -> list[str]:
        """The ids of the orders that a person wants sent again."""
        query = select(orders.c.id).where(
            orders.c.state == State.WAITING, orders.c.resend, orders.c.channel == channel
        )
        with self._begin() as connection:
            return list(connection.execute(query.order_by(orders.c.id)).scalars())

    def events(self, order: KnownOrder) -> list[Event]:
        """What happened to the order, oldest first."""
        query = (
            select(events.c.at, events.c.event, events.c.note)
            .where(events.c.channel == order.channel, events.c.id == order.id)
            .order_by(events.c.number)
        )
        with self._begin() as connection:
            return [Event(row.at, row.event, row.note) for row in connection.execute(query)]

    def unseen_by_erp(self, written: datetime | None, taken_after: datetime) -> list[KnownOrder]:
        """Orders that the ERP's file may lack: withheld, on their way, or taken of late.

        ``written`` is when the ERP wrote its file, give or take a day between servers' clocks;
        where it or the XML's own time is unknown, ``taken_after`` (our clock) decides.
        """
        d = dispatches.c
        late = d.taken >= taken_after
        if written is not None:
            late |= d.published >= written - timedelta(days=1)
        on_the_way = orders.c.state.in_((State.WITHHELD, State.PREPARED, State.SENT))
        query = _select().where(on_the_way | ((orders.c.state == State.TAKEN) & late))
        with self._begin() as connection:
            return [_known(row) for row in connection.execute(query)]

    def sold(self, known: Iterable[KnownOrder]) -> dict[tuple[str, str], tuple[Sold, ...]]:
        """What the given orders take out of stock, by (channel, id)."""
        found: dict[tuple[str, str], tuple[Sold, ...]] = {}
        with self._begin() as connection:
            for order in known:
                query = (
                    select(sold.c.key, sold.c.quantity)
                    .where(sold.c.channel == order.channel, sold.c.id == order.id)
                    .order_by(sold.c.position)
                )
                lines = connection.execute(query)
                found[order.channel, order.id] = tuple(Sold(r.key, r.quantity) for r in lines)
        return found

    def mark(self, channel: str, marks: Sequence[Mark], at: datetime) -> None:
        """Writes each order's state; what does not change is not written again."""
        with self._begin() as connection:
            for mark in marks:
                write_mark(connection, channel, mark, at)

    def note_change(
        self, channel: str, reading: Reading, at: datetime, note: str, *, cancelled: bool
    ) -> None:
        """Notes that an order changed in the shop after it was sent, so as to tell it once."""
        values: dict[str, Any] = {"cancelled": cancelled}
        if reading.order:
            values["fingerprint"] = reading.order.fingerprint()
        with self._begin() as connection:
            connection.execute(_update(channel, reading.id).values(**values))
            _add_event(connection, channel, reading.id, at, "changed", note)

    def settle(self, known: KnownOrder, at: datetime) -> None:
        """A person entered the order by hand."""
        self._steer(known, State.SETTLED, at, "entered by hand", resend=False)

    def resend(self, known: KnownOrder, at: datetime) -> None:
        """A person wants the order in the next XML, whatever was done with it before."""
        self._steer(known, State.WAITING, at, "to be sent again, as asked", resend=True)

    def forget(self, known: KnownOrder) -> None:
        """Takes the order and its story out: the next run meets it as new."""
        with self._begin() as connection:
            for table in (orders, sold, events):
                matches = and_(table.c.channel == known.channel, table.c.id == known.id)
                connection.execute(delete(table).where(matches))

    def _steer(
        self, known: KnownOrder, state: State, at: datetime, note: str, *, resend: bool
    ) -> None:
        with self._begin() as connection:
            _check_step(known, state)
            values = {"state": state, "reason": note, "resend": resend, "changed": at}
            connection.execute(_update(known.channel, known.id).values(**values))
            _add_event(connection, known.channel, known.id, at, state, note)


def write_mark(
    connection: Connection, channel: str, mark: Mark, at: datetime, dispatch: int | None = None
) -> None:
    """Writes one order's state in the caller's transaction."""
    reading = mark.reading
    query = _select().where(orders.c.channel == channel, orders.c.id == reading.id)
    row = connection.execute(query).one_or_none()
    before = _known(row) if row else None
    if before and before.state == mark.state and before.reason == mark.reason:
        return
    _check_step(before or reading.id, mark.state)
    values = {
        "reference": reading.reference,
        "date": reading.date,
        "state": mark.state,
        "reason": mark.reason,
        "fingerprint": reading.order.fingerprint() if reading.order else "",
        "resend": bool(before and before.resend and mark.state == State.WAITING),
        "dispatch": dispatch,
        "changed": at,
    }
    if before:
        connection.execute(_update(channel, reading.id).values(**values))
    else:
        values |= {"channel": channel, "id": reading.id, "seen": at}
        connection.execute(orders.insert().values(**values))
    _write_sold(connection, channel, reading)
    _add_event(connection, channel, reading.id, at, mark.state, mark.reason)


def move_all(connection: Connection, dispatch: int, state: State, at: datetime, note: str) -> None:
    """Moves the orders of a dispatch on, in the caller's transaction."""
    query = _select().where(orders.c.dispatch == dispatch, orders.c.state != state)
    for row in connection.execute(query).all():
        known = _known(row)
        if state not in TRANSITIONS[known.state]:
            continue
        values: Mapping[str, Any] = {"state": state, "reason": "", "changed": at}
        connection.execute(_update(known.channel, known.id).values(**values))
        _add_event(connection, known.channel, known.id, at, state, note)


def _write_sold(connection: Connection, channel: str, reading: Reading) -> None:
    matches = and_(sold.c.channel == channel, sold.c.id == reading.id)
    connection.execute(delete(sold).where(matches))
    rows = [
        {"channel": channel, "id": reading.id, "position": n, "key": s.key, "quantity": s.quantity}
        for n, s in enumerate(reading.sold)
    ]
    if rows:
        connection.execute(sold.insert(), rows)


def _check_step(before: KnownOrder | str, state: State) -> None:
    known = before if isinstance(before, KnownOrder) else None
    if state not in TRANSITIONS[known.state if known else None]:
        id = known.id if known else str(before)
        now = f'"{known.state}"' if known else "unknown"
        raise UsageError(
            f'order {id} is {now} and cannot become "{state}"',
            known.sent_as or "" if known else "",
            "see `passerelle orders show`",
        )


def _add_event(
    connection: Connection, channel: str, id: str, at: datetime, what: str, note: str
) -> None:
    values = {"channel": channel, "id": id, "at": at, "event": what, "note": note}
    connection.execute(events.insert().values(**values))


def _update(channel: str, id: str) -> Any:
    return update(orders).where(orders.c.channel == channel, orders.c.id == id)


def _select() -> Any:
    joined = orders.outerjoin(dispatches, orders.c.dispatch == dispatches.c.number)
    d = dispatches.c
    return select(
        *(orders, d.path, d.server, d.archived, d.sent, d.published, d.taken, d.stage)
    ).select_from(joined)


def _known(row: Row[Any]) -> KnownOrder:
    known = KnownOrder(
        channel=row.channel,
        id=row.id,
        reference=row.reference,
        date=row.date,
        state=State(row.state),
        reason=row.reason,
        fingerprint=row.fingerprint,
        cancelled=row.cancelled,
        resend=row.resend,
        seen=row.seen,
        changed=row.changed,
    )
    if row.stage in (None, Stage.ABANDONED):
        return known
    return replace(
        known,
        stage=Stage(row.stage),
        sent_as=row.path,
        archived=row.archived,
        server=row.server,
        sent=row.sent,
        published=row.published,
        taken=row.taken,
    )
