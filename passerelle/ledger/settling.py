"""What a person settled, and how that is taken back, within a caller's transaction.

What an order or a sale was before is kept beside it. Its reason in words is not: the events have
it, and `customer erase` finds it there.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, select, update

from passerelle.ledger.book import insert_one, record_of
from passerelle.ledger.marks import replace_sold, update_of
from passerelle.ledger.others import TOLD_BY, others_of, write_other
from passerelle.ledger.schema import events, sale_events, sales, settlements, sold, sold_since
from passerelle.model.orders import Sold
from passerelle.model.records import KnownOrder, KnownSale, Settlement
from passerelle.model.states import OpenMatter, State

_OF_ORDER = ("state", "due", "resend", "matter")
_OF_SALE = ("state", "problem", "refusals", "dispatch", "cancelled")


def remember_order(
    connection: Connection, order: KnownOrder, at: datetime, *, is_of_other: bool = False
) -> None:
    """``is_of_other``: a person saw to other orders that have its id, and not to itself."""
    lines = {table.name: lines_of(connection, table, order) for table in (sold, sold_since)}
    before = {name: getattr(order, name) for name in _OF_ORDER} | {
        name: [[line.key, line.quantity] for line in found] for name, found in lines.items()
    }
    if is_of_other:
        before["others"] = [
            [date.isoformat(), [[line.key, line.quantity] for line in found]]
            for (_key, date), found in others_of(connection, (order.channel, order.id)).items()
        ]
    elif order.matter == OpenMatter.ID_REUSED:
        before["matter"] = None
    _remember(connection, order, None, before, at)


def remember_sale(connection: Connection, sale: KnownSale, at: datetime) -> None:
    before = {name: getattr(sale, name) for name in _OF_SALE}
    _remember(connection, sale, sale.order_date, before, at)


def _remember(
    connection: Connection,
    of: KnownOrder | KnownSale,
    order_date: datetime | None,
    before: dict[str, Any],
    at: datetime,
) -> None:
    key = {"channel": of.channel, "id": of.id, "order_date": order_date}
    insert_one(connection, settlements, **key, at=at, before=before)


def last_settled(connection: Connection, order: KnownOrder) -> list[Settlement]:
    """What was settled by the last word: the order, its sale, or both."""
    query = select(settlements).where(_of(settlements, order))
    rows = connection.execute(query.order_by(settlements.c.number.desc()))
    found = [record_of(Settlement, row) for row in rows]
    return [one for one in found if one.at == found[0].at]


def forget_settlements(connection: Connection, order: KnownOrder) -> None:
    connection.execute(delete(settlements).where(_of(settlements, order)))


def restore_order(
    connection: Connection, order: KnownOrder, settlement: Settlement, at: datetime
) -> None:
    before = settlement.before
    state, matter = State(before["state"]), before["matter"]
    values = {name: before[name] for name in _OF_ORDER} | {"changed": at}
    values["reason"] = _last_note(connection, events, order, state)
    for date, found in before.get("others", ()):
        lines = [Sold(key, quantity) for key, quantity in found]
        write_other(connection, (order.channel, order.id), datetime.fromisoformat(date), lines)
        values["reused"] = True
    if order.reused and not matter:
        del values["matter"]
    if matter:
        told = TOLD_BY.get(OpenMatter(matter), str(state))
        values["matter_note"] = _last_note(connection, events, order, told)
        values["matter_since"] = at
    connection.execute(update_of(order.channel, order.id).values(**values))
    for table in (sold, sold_since):
        lines = [Sold(key, quantity) for key, quantity in before[table.name]]
        replace_sold(connection, order.channel, {order.id: lines}, table)
    _drop(connection, settlement)


def restore_sale(
    connection: Connection, sale: KnownSale, settlement: Settlement, at: datetime
) -> None:
    values: dict[str, Any] = {name: settlement.before[name] for name in _OF_SALE}
    values["reason"] = _last_note(connection, sale_events, sale, values["state"])
    mine = _of(sales, sale) & (sales.c.order_date == sale.order_date)
    connection.execute(update(sales).where(mine).values(**values, told=None, changed=at))
    _drop(connection, settlement)


def lines_of(connection: Connection, table: Table, order: KnownOrder) -> list[Sold]:
    query = select(table).where(_of(table, order)).order_by(table.c.position)
    return [Sold(row.key, row.quantity) for row in connection.execute(query)]


def _last_note(connection: Connection, table: Table, of: KnownOrder | KnownSale, event: str) -> str:
    query = select(table.c.note).where(_of(table, of), table.c.event == event)
    return connection.scalar(query.order_by(table.c.number.desc()).limit(1)) or ""


def _drop(connection: Connection, settlement: Settlement) -> None:
    connection.execute(delete(settlements).where(settlements.c.number == settlement.number))


def _of(table: Table, of: KnownOrder | KnownSale) -> Any:
    return and_(table.c.channel == of.channel, table.c.id == of.id)
