"""How an order is written into the ledger, and read back, within a caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, select, update

from passerelle.errors import UsageError
from passerelle.ledger.schema import dispatches, events, orders, sold
from passerelle.ledger.states import DONE, TRANSITIONS, Stage, State
from passerelle.sales import Reading


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
    """A state to write for an order, with its reason in words.

    ``due``: it should be in the ERP but cannot be sent now, so it must not be lost from sight.
    """

    reading: Reading
    state: State
    reason: str = ""
    due: bool = False


def write_mark(
    connection: Connection, channel: str, mark: Mark, at: datetime, dispatch: int | None = None
) -> None:
    """Writes one order's state in the caller's transaction."""
    reading = mark.reading
    query = select_known().where(orders.c.channel == channel, orders.c.id == reading.id)
    row = connection.execute(query).one_or_none()
    before = known_order(row) if row else None
    fingerprint = reading.order.fingerprint() if reading.order else ""
    if before and _says(before) == (mark.state, mark.reason, fingerprint):
        return
    check_step(before or reading.id, mark.state)
    values = {
        "reference": reading.reference,
        "date": reading.date,
        "state": mark.state,
        "reason": mark.reason,
        "fingerprint": fingerprint,
        "resend": bool(before and before.resend and mark.state not in DONE),
        "due": mark.due,
        "dispatch": dispatch,
        "changed": at,
    }
    if before:
        connection.execute(update_of(channel, reading.id).values(**values))
    else:
        values |= {"channel": channel, "id": reading.id, "seen": at}
        connection.execute(orders.insert().values(**values))
    _write_sold(connection, channel, reading)
    add_event(connection, channel, reading.id, at, mark.state, mark.reason)


def _says(known: KnownOrder) -> tuple[State, str, str]:
    return known.state, known.reason, known.fingerprint


def move_all(connection: Connection, dispatch: int, state: State, at: datetime, note: str) -> None:
    """Moves the orders of a dispatch on, in the caller's transaction."""
    query = select_known().where(orders.c.dispatch == dispatch, orders.c.state != state)
    for row in connection.execute(query).all():
        known = known_order(row)
        if state not in TRANSITIONS[known.state]:
            continue
        values: Mapping[str, Any] = {
            "state": state,
            "reason": note if state == State.WAITING else "",
            "due": state == State.WAITING,
            "changed": at,
        }
        connection.execute(update_of(known.channel, known.id).values(**values))
        add_event(connection, known.channel, known.id, at, state, note)


def _write_sold(connection: Connection, channel: str, reading: Reading) -> None:
    matches = and_(sold.c.channel == channel, sold.c.id == reading.id)
    connection.execute(delete(sold).where(matches))
    rows = [
        {"channel": channel, "id": reading.id, "position": n, "key": s.key, "quantity": s.quantity}
        for n, s in enumerate(reading.sold)
    ]
    if rows:
        connection.execute(sold.insert(), rows)


def check_step(before: KnownOrder | str, state: State) -> None:
    """Raises :class:`UsageError` for a step that the table does not allow."""
    known = before if isinstance(before, KnownOrder) else None
    if state not in TRANSITIONS[known.state if known else None]:
        id = known.id if known else str(before)
        now = f'"{known.state}"' if known else "unknown"
        raise UsageError(
            f'order {id} is {now} and cannot become "{state}"',
            known.sent_as or "" if known else "",
            "see `passerelle orders show`",
        )


def add_event(
    connection: Connection, channel: str, id: str, at: datetime, what: str, note: str
) -> None:
    """Notes something that happened to an order."""
    values = {"channel": channel, "id": id, "at": at, "event": what, "note": note}
    connection.execute(events.insert().values(**values))


def update_of(channel: str, id: str) -> Any:
    """An UPDATE of one order; values are still to be given."""
    return update(orders).where(orders.c.channel == channel, orders.c.id == id)


def select_known() -> Any:
    joined = orders.outerjoin(dispatches, orders.c.dispatch == dispatches.c.number)
    d = dispatches.c
    return select(
        *(orders, d.path, d.server, d.archived, d.sent, d.published, d.taken, d.stage)
    ).select_from(joined)


def known_order(row: Row[Any]) -> KnownOrder:
    """The order in a row of :func:`select_known`."""
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
