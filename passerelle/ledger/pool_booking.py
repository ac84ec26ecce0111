"""Writing down what a run of the pool has found, in the caller's transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from passerelle.ledger.book import insert_all, row_of
from passerelle.ledger.schema import (
    dispatches,
    pool_items,
    pool_lines,
    pool_moves,
    pool_shops,
    pool_suspects,
)
from passerelle.model.pool import Bookings, ShopRead, ShopState
from passerelle.model.states import UNTAKEN, Kind, Stage


def write_bookings(connection: Connection, bookings: Bookings, at: datetime) -> int:
    """Writes it all; returns the number of the last move."""
    _write_items(connection, bookings, at)
    _write_moves(connection, bookings, at)
    _write_lines(connection, bookings)
    upto = last_move(connection)
    for shop in bookings.shops:
        _write_shop(connection, shop, upto, at)
    return upto


def last_move(connection: Connection) -> int:
    return connection.execute(select(func.max(pool_moves.c.number))).scalar() or 0


def write_state(
    connection: Connection, shop: str, state: ShopState, at: datetime, via: str = ""
) -> None:
    c = pool_shops.c
    values: dict[str, Any] = {"state": state, "via": via, "changed": at}
    if state in (ShopState.ASKED, ShopState.LEFT):
        values |= {"view": None, "read": "", "read_at": None, "items": 0}
    if connection.execute(select(c.name).where(c.name == shop)).one_or_none() is None:
        connection.execute(pool_shops.insert().values(name=shop, **values))
    else:
        connection.execute(update(pool_shops).where(c.name == shop).values(**values))
    note(connection, shop, state.value, at, via=via)


def note(
    connection: Connection, shop: str, kind: str, at: datetime, quantity: int = 0, via: str = ""
) -> None:
    happened = {"at": at, "shop": shop, "item": "", "kind": kind, "quantity": quantity}
    connection.execute(pool_moves.insert().values(**happened, order=via))


def _write_items(connection: Connection, bookings: Bookings, at: datetime) -> None:
    rows = (
        row_of(pool_items, new, item=item, initial=new.level, met=at)
        | {"level": bookings.levels.get(item, new.level)}
        for item, new in bookings.new.items()
    )
    insert_all(connection, pool_items, rows)
    changed = [
        {"one": item, "now": level}
        for item, level in bookings.levels.items()
        if item not in bookings.new
    ]
    if changed:
        target = update(pool_items).where(pool_items.c.item == bindparam("one"))
        connection.execute(target.values(level=bindparam("now")), changed)


def _write_moves(connection: Connection, bookings: Bookings, at: datetime) -> None:
    moves = (
        {"at": at, "shop": m.shop, "item": m.item, "kind": m.kind}
        | {"quantity": m.quantity, "order": m.order}
        for m in bookings.moves
    )
    insert_all(connection, pool_moves, moves)


def _write_lines(connection: Connection, bookings: Bookings) -> None:
    new = (row_of(pool_lines, line) for line in bookings.lines if line.is_new)
    insert_all(connection, pool_lines, new)
    c = pool_lines.c
    for line in bookings.lines:
        if not line.is_new:
            same = (c.shop == line.shop) & (c.order == line.order) & (c.item == line.item)
            values = {"quantity": line.quantity, "moved": c.moved + line.moved}
            connection.execute(update(pool_lines).where(same).values(**values))


def _write_shop(connection: Connection, shop: ShopRead, upto: int, at: datetime) -> None:
    c = pool_shops.c
    before = connection.execute(select(c.state, c.via).where(c.name == shop.name)).one_or_none()
    if before is None or before.state != shop.state:
        write_state(connection, shop.name, shop.state, at, before.via if before else shop.via)
        upto = last_move(connection)
    values = {"read": shop.read, "read_at": at, "upto": upto, "items": shop.items}
    target = update(pool_shops).where(c.name == shop.name)
    connection.execute(target.values(view=shop.view, **values))
    if shop.taken:
        waits = update(dispatches).where(waiting_for(shop.name))
        connection.execute(waits.values(stage=Stage.TAKEN, taken=at))
        note(connection, shop.name, "taken", at)
    _write_suspects(connection, shop, at)


def supersede(connection: Connection, waits: Any) -> None:
    """Whether anybody takes what waits there is nobody's business any more."""
    connection.execute(update(dispatches).where(waits).values(stage=Stage.SUPERSEDED))


def waiting_for(shop: str, kind: Kind = Kind.POOL) -> Any:
    """The condition for the levels that a shop has not taken, for all that is known."""
    waits = dispatches.c.stage.in_(UNTAKEN)
    return (dispatches.c.kind == kind) & (dispatches.c.target == shop) & waits


def _write_suspects(connection: Connection, shop: ShopRead, at: datetime) -> None:
    c = pool_suspects.c
    known = connection.execute(select(c.item, c.since).where(c.shop == shop.name))
    since = {row.item: row.since for row in known}
    connection.execute(delete(pool_suspects).where(c.shop == shop.name))
    rows = [
        row_of(pool_suspects, one, shop=shop.name, item=item, since=since.get(item, at))
        for item, one in shop.suspects.items()
    ]
    insert_all(connection, pool_suspects, rows)
