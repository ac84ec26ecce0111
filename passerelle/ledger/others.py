"""Orders to which the shop gave the id of another: what they sold, beside the first.

The first keeps all that the ledger knows of it. Each of the others is held back until a person
has seen to them, wherever they are by then.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, delete, select

from passerelle.base.language import _
from passerelle.ledger.book import insert_all
from passerelle.ledger.marks import add_event, find_known, replace_sold, update_of
from passerelle.ledger.schema import orders, sold_by_others
from passerelle.model.orders import Sold
from passerelle.model.records import ChangedOrder, KnownOrder
from passerelle.model.states import OpenMatter, State

Key = tuple[str, str]
Others = dict[tuple[Key, datetime], list[Sold]]
# Of an order that sells nothing it is known all the same that there was one.
_NOTHING = (Sold("", 0),)
# Which event told of a matter; of an older order it was that of its state.
TOLD_BY = {
    **dict.fromkeys((OpenMatter.CHANGED, OpenMatter.CANCELLED, OpenMatter.ID_REUSED), "changed"),
    OpenMatter.REFUSED: "refused",
    OpenMatter.LEFT: "left",
    OpenMatter.TWICE: "twice",
}
# What another order is that has its id stays open.
ITSELF_NOT_OPEN: dict[str, Any] = {
    "matter": case((orders.c.reused, OpenMatter.ID_REUSED)),
    "matter_note": "",
    "matter_since": case((orders.c.reused, orders.c.matter_since)),
}
_NOTHING_OPEN: dict[str, Any] = {"matter": None, "matter_note": "", "matter_since": None}


def others_of(connection: Connection, key: Key | None = None) -> Others:
    """What they sold, by the key and their own date; those of one ``key``, or all."""
    query, t = select(sold_by_others), sold_by_others.c
    if key is not None:
        query = query.where(t.channel == key[0], t.id == key[1])
    found: Others = {}
    for row in connection.execute(query.order_by(t.date, t.position)):
        line = Sold(row.key, row.quantity)
        found.setdefault(((row.channel, row.id), row.date), []).append(line)
    return found


def write_other(
    connection: Connection, key: Key, date: datetime, lines: Sequence[Sold] | None
) -> None:
    """What one of them sold, instead of what was written of it; ``None``: it is none any more."""
    t = sold_by_others.c
    mine = (t.channel == key[0]) & (t.id == key[1]) & (t.date == date)
    connection.execute(delete(sold_by_others).where(mine))
    if lines is None:
        return
    rows = [
        {"channel": key[0], "id": key[1], "date": date, "position": n}
        | {"key": line.key, "quantity": line.quantity}
        for n, line in enumerate(lines or _NOTHING)
    ]
    insert_all(connection, sold_by_others, rows)


def note_other(connection: Connection, channel: str, met: ChangedOrder, at: datetime) -> None:
    """The shop gave an order's id to the one that was ``met``, or cancelled that one.

    What is open about the first itself is told first.
    """
    other, key = met.reading, (channel, met.reading.id)
    first = find_known(connection, channel, [other.id]).get(other.id)
    if first is None or other.date is None:
        return
    write_other(connection, key, other.date, None if met.cancelled else other.sold)
    reused = bool(others_of(connection, key))
    values: dict[str, Any] = {"fingerprint": other.fingerprint, "reused": reused}
    if first.matter in (None, OpenMatter.ID_REUSED):
        told = {"matter": OpenMatter.ID_REUSED, "matter_note": met.note, "matter_since": at}
        values |= told if reused else _NOTHING_OPEN
    connection.execute(update_of(*key).values(**values))
    add_event(connection, *key, at, TOLD_BY[OpenMatter.ID_REUSED], met.note)


def close_others(connection: Connection, first: KnownOrder, at: datetime) -> None:
    """The ERP has the others as well, or nobody wants them."""
    key = (first.channel, first.id)
    for _key, date in others_of(connection, key):
        write_other(connection, key, date, None)
    connection.execute(update_of(*key).values(**_NOTHING_OPEN, reused=False))
    add_event(connection, *key, at, State.SETTLED, _("seen to by hand"))


def put_in_its_place(connection: Connection, first: KnownOrder, others: Others) -> None:
    """The newest of the ``others`` is the order of that id; the rest go on beside it."""
    (key, date), *rest = sorted(others, reverse=True)
    at, reused = first.matter_since or first.changed, bool(rest)
    told = _("the order that had its id before was forgotten")
    row = {"channel": key[0], "id": key[1], "date": date, "reference": "", "seen": at}
    row |= {"state": State.WAITING, "due": True, "reason": told, "changed": at, "reused": reused}
    row |= {"matter": OpenMatter.ID_REUSED, "matter_since": at} if reused else {}
    insert_all(connection, orders, [row])
    add_event(connection, *key, at, State.WAITING, told)
    replace_sold(connection, key[0], {key[1]: others[key, date]})
    for key, date in rest:
        write_other(connection, key, date, others[key, date])


def raise_matter(
    connection: Connection, key: Key, at: datetime, matter: OpenMatter, note: str
) -> None:
    values = {"matter": matter, "matter_note": note, "matter_since": at}
    connection.execute(update_of(*key).values(**values))
    add_event(connection, *key, at, TOLD_BY[matter], note)
