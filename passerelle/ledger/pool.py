"""The ledger's pool: the shared levels, what moved them, and what each shop should show."""

import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, select, update

from passerelle.ledger.schema import (
    IS_OPEN,
    pool_files,
    pool_items,
    pool_lines,
    pool_moves,
    pool_shops,
    pool_suspects,
)

Begin = Callable[[], AbstractContextManager[Connection]]
Json = Mapping[str, Any]

_CHUNK = 500
# Of older files it is only known that they were.
_KEPT = 3
OF_ORDERS = ("order", "cancelled")


@dataclass(frozen=True, slots=True)
class PoolItem:
    """An item: its level now and when it was first seen, where, and the times of those files."""

    level: int
    initial: int
    shop: str
    met: datetime
    since: datetime | None = None
    orders_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PoolShop:
    """A shop; ``state`` is asked, joining, member or left. ``view`` is what it should show."""

    name: str
    state: str
    via: str
    changed: datetime
    read: str = ""
    upto: int = 0
    view: Json | None = None


@dataclass(frozen=True, slots=True)
class PoolFile:
    """A file written for a shop; ``stage`` is prepared, published, taken or superseded."""

    number: int
    shop: str
    at: datetime
    stage: str
    sha256: str
    changed: int
    upto: int
    taken: datetime | None
    view: Json | None = None


@dataclass(frozen=True, slots=True)
class PoolMove:
    """Something that moved an item's level, or that happened to a shop (without an item)."""

    number: int
    at: datetime
    shop: str
    item: str
    kind: str
    quantity: int
    order: str = ""


@dataclass(frozen=True, slots=True)
class PoolSuspect:
    """A difference that is looked at: nothing else explains what the shop shows."""

    shop: str
    item: str
    difference: int
    reads: int
    since: datetime


@dataclass(frozen=True, slots=True)
class ShopRead:
    """What a run keeps of a shop that it has read."""

    name: str
    state: str
    read: str
    view: Json
    suspects: Mapping[str, tuple[int, int]]
    taken: bool


@dataclass(frozen=True, slots=True)
class Bookings:
    """What a run writes down at once. Moves are (shop, item, kind, quantity, order).

    Marks are (shop, order, item, quantity, moved, is_new); ``levels`` those that changed.
    """

    moves: Sequence[tuple[str, str, str, int, str]] = ()
    marks: Sequence[tuple[str, str, str, int, int, bool]] = ()
    new: Mapping[str, PoolItem] | None = None
    levels: Mapping[str, int] | None = None
    shops: Sequence[ShopRead] = ()


class Pool:
    """The book of the pool."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    # --- reading ---------------------------------------------------------------------------------

    def items(self) -> dict[str, PoolItem]:
        """All items."""
        with self._begin() as connection:
            return {row[0]: _item(row) for row in connection.execute(select(pool_items))}

    def item(self, item: str) -> PoolItem | None:
        """One of them."""
        with self._begin() as connection:
            row = connection.execute(
                select(pool_items).where(pool_items.c.item == item)
            ).one_or_none()
            return _item(row) if row else None

    def owed(self) -> dict[str, int]:
        """The items of which more was sold than there is, with how many are missing."""
        query = select(pool_items.c.item, pool_items.c.level).where(pool_items.c.level < 0)
        with self._begin() as connection:
            rows = connection.execute(query.order_by(pool_items.c.item))
            return {item: -level for item, level in rows}

    def count_items(self) -> int:
        """How many items there are."""
        with self._begin() as connection:
            return connection.execute(select(func.count()).select_from(pool_items)).scalar() or 0

    def shops(self) -> dict[str, PoolShop]:
        """All shops that were ever of the pool, or asked to be."""
        with self._begin() as connection:
            rows = connection.execute(select(pool_shops).order_by(pool_shops.c.name))
            return {row.name: _shop(row) for row in rows}

    def known(self, shop: str, orders: Collection[str]) -> dict[tuple[str, str], int]:
        """What was counted of the lines of these orders, by order and item."""
        found: dict[tuple[str, str], int] = {}
        ids, c = list(orders), pool_lines.c
        with self._begin() as connection:
            for start in range(0, len(ids), _CHUNK):
                some = ids[start : start + _CHUNK]
                query = select(c.order_id, c.item, c.quantity)
                rows = connection.execute(query.where(c.shop == shop, c.order_id.in_(some)))
                found |= {(id, item): quantity for id, item, quantity in rows}
        return found

    def moved_since(self, shop: str, upto: int) -> dict[str, list[int]]:
        """What the orders of a shop moved after the move of that number, by item."""
        c = pool_moves.c
        query = select(c.item, c.quantity).where(
            c.shop == shop, c.number > upto, c.kind.in_(OF_ORDERS)
        )
        found: dict[str, list[int]] = defaultdict(list)
        with self._begin() as connection:
            for item, quantity in connection.execute(query.order_by(c.number)):
                found[item].append(quantity)
        return found

    def suspects(self, shop: str | None = None) -> list[PoolSuspect]:
        """The differences that are looked at, of one shop or of all."""
        query = select(pool_suspects).order_by(pool_suspects.c.shop, pool_suspects.c.item)
        query = query if shop is None else query.where(pool_suspects.c.shop == shop)
        with self._begin() as connection:
            return [PoolSuspect(*row) for row in connection.execute(query)]

    def last_file(self, shop: str, *stages: str) -> PoolFile | None:
        """The last file written for a shop, of these stages."""
        query = select(pool_files).where(pool_files.c.shop == shop, pool_files.c.stage.in_(stages))
        with self._begin() as connection:
            row = connection.execute(
                query.order_by(pool_files.c.number.desc()).limit(1)
            ).one_or_none()
            return _file(row) if row else None

    def log(
        self, item: str | None = None, shop: str | None = None, limit: int = 100
    ) -> list[PoolMove]:
        """What happened, newest first."""
        query = select(pool_moves).order_by(pool_moves.c.number.desc()).limit(limit)
        query = query if item is None else query.where(pool_moves.c.item == item)
        query = query if shop is None else query.where(pool_moves.c.shop == shop)
        with self._begin() as connection:
            return [PoolMove(*row) for row in connection.execute(query)]

    def open_lines(self) -> list[tuple[str, str, str, int]]:
        """What orders took that the ERP's level may lack: shop, order, item, how many."""
        c = pool_lines.c
        with self._begin() as connection:
            rows = connection.execute(select(c.shop, c.order_id, c.item, c.moved).where(IS_OPEN))
            return [(shop, order, item, moved) for shop, order, item, moved in rows]

    # --- writing ---------------------------------------------------------------------------------

    def book(self, bookings: Bookings, at: datetime) -> int:
        """Writes down what a run has found, at once; the number of the last move."""
        with self._begin() as connection:
            _book_items(connection, bookings, at)
            _book_moves(connection, bookings, at)
            upto = _last_move(connection)
            for shop in bookings.shops:
                _book_shop(connection, shop, upto, at)
            return upto

    def set_state(self, shop: str, state: str, at: datetime, via: str = "") -> None:
        """Moves a shop into a state, and notes that it happened."""
        with self._begin() as connection:
            _set_state(connection, shop, state, at, via)
            values = {"at": at, "shop": shop, "item": "", "kind": state, "quantity": 0}
            connection.execute(pool_moves.insert().values(**values, order_id=via))

    def include(self, lines: Iterable[tuple[str, str]]) -> None:
        """Notes that the ERP's level has what these orders took: (shop, order)."""
        rows = [{"one": shop, "other": order} for shop, order in lines]
        if not rows:
            return
        target = update(pool_lines).where(
            and_(pool_lines.c.shop == bindparam("one"), pool_lines.c.order_id == bindparam("other"))
        )
        with self._begin() as connection:
            connection.execute(target.values(included=True), rows)

    def prepare(self, shop: str, at: datetime, sha256: str, changed: int, view: Json) -> int:
        """Promises a file whose content is on the server already, under another name."""
        with self._begin() as connection:
            upto = _last_move(connection)
            values = {"shop": shop, "at": at, "stage": "prepared", "sha256": sha256}
            values |= {"changed": changed, "upto": upto, "view": _packed(view)}
            result = connection.execute(pool_files.insert().values(**values))
            number = int(result.inserted_primary_key[0]) if result.inserted_primary_key else 0
            old = (pool_files.c.shop == shop) & (pool_files.c.number <= number - _KEPT)
            old &= pool_files.c.stage.in_(("taken", "superseded"))
            connection.execute(update(pool_files).where(old).values(view=None))
            return number

    def publish(self, shop: str, number: int) -> None:
        """Notes that a file is in place; one that waited there is superseded."""
        same, files = pool_files.c.shop == shop, update(pool_files)
        with self._begin() as connection:
            older = same & (pool_files.c.number < number)
            waits = older & pool_files.c.stage.in_(("prepared", "published"))
            connection.execute(files.where(waits).values(stage="superseded"))
            connection.execute(files.where(pool_files.c.number == number).values(stage="published"))

    def drop(self, number: int) -> None:
        """Notes that a promised file never reached its name."""
        with self._begin() as connection:
            target = update(pool_files).where(pool_files.c.number == number)
            connection.execute(target.values(stage="superseded"))


def _book_items(connection: Connection, bookings: Bookings, at: datetime) -> None:
    rows = [
        {
            "item": item,
            "level": (bookings.levels or {}).get(item, new.level),
            "initial": new.initial,
            "shop": new.shop,
            "met": at,
            "since": new.since,
            "orders_until": new.orders_until,
        }
        for item, new in (bookings.new or {}).items()
    ]
    if rows:
        connection.execute(pool_items.insert(), rows)
    changed = [
        {"one": item, "now": level}
        for item, level in (bookings.levels or {}).items()
        if item not in (bookings.new or {})
    ]
    if changed:
        target = update(pool_items).where(pool_items.c.item == bindparam("one"))
        connection.execute(target.values(level=bindparam("now")), changed)


def _book_moves(connection: Connection, bookings: Bookings, at: datetime) -> None:
    moves = [
        {"at": at, "shop": s, "item": i, "kind": kind, "quantity": quantity, "order_id": order}
        for s, i, kind, quantity, order in bookings.moves
    ]
    if moves:
        connection.execute(pool_moves.insert(), moves)
    new = [
        {"shop": s, "order_id": o, "item": i, "quantity": q, "moved": moved, "included": False}
        for s, o, i, q, moved, is_new in bookings.marks
        if is_new
    ]
    if new:
        connection.execute(pool_lines.insert(), new)
    c = pool_lines.c
    for shop, order, item, quantity, moved, is_new in bookings.marks:
        if not is_new:
            same = (c.shop == shop) & (c.order_id == order) & (c.item == item)
            target = update(pool_lines).where(same)
            connection.execute(target.values(quantity=quantity, moved=c.moved + moved))


def _book_shop(connection: Connection, shop: ShopRead, upto: int, at: datetime) -> None:
    _set_state(connection, shop.name, shop.state, at, None)
    target = update(pool_shops).where(pool_shops.c.name == shop.name)
    connection.execute(target.values(read=shop.read, upto=upto, view=_packed(shop.view)))
    if shop.taken:
        waits = (pool_files.c.shop == shop.name) & (pool_files.c.stage == "published")
        taken = update(pool_files).where(waits).values(stage="taken", taken=at)
        connection.execute(taken)
    c = pool_suspects.c
    before = {
        row.item: row
        for row in connection.execute(select(pool_suspects).where(c.shop == shop.name))
    }
    connection.execute(delete(pool_suspects).where(c.shop == shop.name))
    rows = [
        {
            "shop": shop.name,
            "item": item,
            "difference": difference,
            "reads": reads,
            "since": before[item].since if item in before else at,
        }
        for item, (difference, reads) in shop.suspects.items()
    ]
    if rows:
        connection.execute(pool_suspects.insert(), rows)


def _set_state(
    connection: Connection, shop: str, state: str, at: datetime, via: str | None
) -> None:
    row = connection.execute(select(pool_shops).where(pool_shops.c.name == shop)).one_or_none()
    if row is None:
        values = {"name": shop, "state": state, "via": via or "", "changed": at}
        connection.execute(pool_shops.insert().values(**values))
    elif row.state != state or via is not None:
        values = {"state": state, "changed": at} | ({} if via is None else {"via": via})
        if state in ("asked", "left"):
            values |= {"view": None, "read": ""}
        connection.execute(update(pool_shops).where(pool_shops.c.name == shop).values(**values))


def _last_move(connection: Connection) -> int:
    return connection.execute(select(func.max(pool_moves.c.number))).scalar() or 0


def _item(row: Row[Any]) -> PoolItem:
    return PoolItem(row.level, row.initial, row.shop, row.met, row.since, row.orders_until)


def _shop(row: Row[Any]) -> PoolShop:
    view = _unpacked(row.view)
    return PoolShop(row.name, row.state, row.via, row.changed, row.read, row.upto, view)


def _file(row: Row[Any]) -> PoolFile:
    return PoolFile(
        row.number, row.shop, row.at, row.stage, row.sha256, row.changed, row.upto, row.taken,
        _unpacked(row.view),
    )  # fmt: skip


def _packed(view: Json) -> bytes:
    return zlib.compress(json.dumps(view, separators=(",", ":")).encode(), 1)


def _unpacked(data: bytes | None) -> Json | None:
    return None if data is None else json.loads(zlib.decompress(data))
