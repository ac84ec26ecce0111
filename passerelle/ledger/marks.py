"""How an order is written into the ledger, and read back, within a caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace
from sqlalchemy import (
    CompoundSelect,
    Connection,
    Select,
    Table,
    bindparam,
    delete,
    literal,
    select,
    union,
    update,
)

from passerelle.base.commands import command
from passerelle.base.errors import UsageError
from passerelle.base.language import _
from passerelle.ledger.book import in_batches, insert_all, record_of, row_of
from passerelle.ledger.column_types import UtcTime
from passerelle.ledger.schema import dispatches, events, orders, sold, sold_since
from passerelle.model.orders import Sold
from passerelle.model.records import KnownOrder, Mark
from passerelle.model.states import DONE, TRANSITIONS, OpenMatter, Stage, State

# A backfill has a hundred thousand orders: their rows need not all be in memory.
_AT_ONCE = 1_000


def write_marks(
    connection: Connection,
    channel: str,
    marks: Sequence[Mark],
    at: datetime,
    dispatch: int | None = None,
) -> None:
    """Writes orders' states in the caller's transaction, a few statements for many of them.

    What does not change is not written again. Raises :class:`UsageError` for a step that the
    table of transitions does not allow.
    """
    for start in range(0, len(marks), _AT_ONCE):
        _write_some(connection, channel, marks[start : start + _AT_ONCE], at, dispatch)


def _write_some(
    connection: Connection, channel: str, marks: Sequence[Mark], at: datetime, dispatch: int | None
) -> None:
    known = find_known(connection, channel, [mark.reading.id for mark in marks])
    marks = [_beside_another(mark, known.get(mark.reading.id)) for mark in marks]
    fresh = [mark for mark in marks if not _is_written(mark, known.get(mark.reading.id))]
    for mark in fresh:
        check_step(known.get(mark.reading.id) or mark.reading.id, mark.state)
    key = {"channel": channel, "changed": at, "dispatch": dispatch, "matter_since": at}
    rows = [key | _row(mark, known.get(mark.reading.id)) for mark in fresh]
    insert_all(connection, orders, [row | {"seen": at} for row in rows if row["id"] not in known])
    _update_all(connection, [row for row in rows if row["id"] in known])
    replace_sold(connection, channel, {mark.reading.id: mark.reading.sold for mark in fresh})
    replace_sold(
        connection, channel, {id: () for id, was in known.items() if was.matter}, sold_since
    )
    told = [{"id": mark.reading.id, "event": mark.state, "note": mark.reason} for mark in fresh]
    insert_all(connection, events, [{"channel": channel, "at": at} | row for row in told])


def _beside_another(mark: Mark, before: KnownOrder | None) -> Mark:
    """What becomes of an order says nothing of another that has its id."""
    is_told = before is not None and before.reused and mark.matter is None
    return replace(mark, matter=OpenMatter.ID_REUSED) if is_told else mark


def find_known(connection: Connection, channel: str, ids: Collection[str]) -> dict[str, KnownOrder]:
    """Those of the orders that the ledger has met, by id."""
    found: dict[str, KnownOrder] = {}
    for some in in_batches(ids):
        query = select_with_xml(orders).where(orders.c.channel == channel, orders.c.id.in_(some))
        found |= {row.id: record_of(KnownOrder, row) for row in connection.execute(query)}
    return found


def move_all(
    connection: Connection, dispatch: int, step: tuple[State, State], at: datetime, note: str
) -> None:
    """Moves the orders of a dispatch on, in the caller's transaction.

    ``step`` is the state that they leave and the one they get; others are left alone. Back to
    waiting, they are due.
    """
    before, after = step
    waits = after == State.WAITING
    moved = (orders.c.dispatch == dispatch) & (orders.c.state == before)
    told = select(
        orders.c.channel, orders.c.id, literal(at, UtcTime), literal(after.value), literal(note)
    ).where(moved)
    connection.execute(events.insert().from_select(["channel", "id", "at", "event", "note"], told))
    values = {"state": after, "reason": note if waits else "", "due": waits, "changed": at}
    if after == State.SENT:
        values["resend"] = False
    connection.execute(update(orders).where(moved).values(**values))


def _is_written(mark: Mark, before: KnownOrder | None) -> bool:
    if before is None:
        return False
    said = (before.state, before.reason, before.fingerprint, before.cancelled, before.matter)
    # What has left the file and is in it again is due no longer, but for what is anyway.
    is_as_due = mark.due or not before.due
    says = (mark.state, mark.reason, mark.reading.fingerprint, mark.cancelled, mark.matter)
    return said == says and is_as_due


def _row(mark: Mark, before: KnownOrder | None) -> dict[str, Any]:
    return {
        "id": mark.reading.id,
        "reference": mark.reading.reference,
        "date": mark.reading.date,
        "state": mark.state,
        "reason": mark.reason,
        "fingerprint": mark.reading.fingerprint,
        # Until it is sent, what a person asked for holds, also of an XML that is written anew.
        "resend": bool(before and before.resend and mark.state not in DONE - {State.PREPARED}),
        "due": mark.due,
        "cancelled": mark.cancelled,
        "total": mark.reading.total,
        "matter": mark.matter,
        "matter_note": _note(mark, before),
    }


def _note(mark: Mark, before: KnownOrder | None) -> str:
    if before and mark.matter == OpenMatter.ID_REUSED:
        return before.matter_note
    return mark.reason if mark.matter else ""


def _update_all(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    of_key = (orders.c.channel == bindparam("of_channel")) & (orders.c.id == bindparam("of_id"))
    renamed = [{("of_" + k if k in ("channel", "id") else k): v for k, v in row.items()}
               for row in rows]  # fmt: skip
    connection.execute(update(orders).where(of_key), renamed)


def replace_sold(
    connection: Connection,
    channel: str,
    by_id: Mapping[str, Sequence[Sold]],
    table: Table = sold,
) -> None:
    """Writes what orders take out of stock, instead of what was written of them before."""
    if not by_id:
        return
    of_key = (table.c.channel == channel) & (table.c.id == bindparam("of_id"))
    connection.execute(delete(table).where(of_key), [{"of_id": id} for id in by_id])
    rows = [
        row_of(table, line, channel=channel, id=id, position=n)
        for id, lines in by_id.items()
        for n, line in enumerate(lines)
    ]
    insert_all(connection, table, rows)


def check_step(before: KnownOrder | str, state: State) -> None:
    """Raises :class:`UsageError` for a step that the table does not allow."""
    known = before if isinstance(before, KnownOrder) else None
    if state not in TRANSITIONS[known.state if known else None]:
        id = known.id if known else str(before)
        now = f'"{known.state}"' if known else _("unknown")
        raise UsageError(
            _('order {id} is {now} and cannot become "{state}"').format(
                id=id, now=now, state=state
            ),
            known.sent_as or "" if known else "",
            _("see `{show}`").format(show=command("show", id)),
        )


def add_event(
    connection: Connection, channel: str, id: str, at: datetime, what: str, note: str
) -> None:
    values = {"channel": channel, "id": id, "at": at, "event": what, "note": note}
    connection.execute(events.insert().values(**values))


def update_of(channel: str, id: str) -> Any:
    return update(orders).where(orders.c.channel == channel, orders.c.id == id)


def of_late(
    written: datetime | None, taken_after: datetime, unproved: int | None = None
) -> CompoundSelect[int]:
    """A SELECT of the dispatches that the ERP's file may lack although they were taken.

    ``written`` is when the ERP wrote its file, give or take a day between servers' clocks;
    where it or the XML's own time is unknown, ``taken_after`` (our clock) decides. Where a clock
    was set, those from the number ``unproved`` on may lack, too.
    """
    d = dispatches.c
    late = [d.taken >= taken_after]
    if written is not None:
        since = written - timedelta(days=1)
        late += [d.published >= since, d.lying >= since]
    if unproved is not None:
        late.append(d.number >= unproved)
    # Each finds its rows by an index; of more than two at once SQLite would make one walk.
    return union(*(select(d.number).where(one) for one in late))


def select_with_xml(table: Table) -> Select[Any]:
    """A SELECT of ``table``'s rows, each with its dispatch unless that was given up.

    Conditions are still to be given. A row is a :class:`KnownOrder` or a :class:`KnownSale`.
    """
    d = dispatches.c
    its_own = (table.c.dispatch == d.number) & (d.stage != Stage.ABANDONED)
    told = [column for column in table.c if column.name != "bare"]
    return select(
        *(*told, d.path.label("sent_as"), d.server, d.archived, d.sent, d.published, d.lying),
        *(d.taken, d.stage),
    ).select_from(table.outerjoin(dispatches, its_own))
