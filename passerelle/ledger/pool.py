"""The ledger's pool: the shared levels, what moved them, and what each shop should show."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, String, delete, func, select, type_coerce

from passerelle.ledger.book import Begin, Book, in_batches, record_of
from passerelle.ledger.pool_booking import (
    supersede,
    waiting_for,
    write_bookings,
    write_state,
)
from passerelle.ledger.schema import (
    dispatches,
    pool_files,
    pool_items,
    pool_lines,
    pool_moves,
    pool_shops,
    pool_suspects,
)
from passerelle.model.location import ORIGIN
from passerelle.model.pool import (
    Bookings,
    KnownShop,
    Move,
    PoolFile,
    PoolItem,
    ShopState,
    Suspect,
)
from passerelle.model.states import Kind, Stage

OF_ORDERS = ("order", "cancelled")


class PoolBook(Book):
    def __init__(self, begin: Begin) -> None:
        super().__init__(begin)
        self.files = PoolFiles(begin)

    def items(self) -> dict[str, PoolItem]:
        c = pool_items.c
        # Nearly all of them have the times of a few files.
        texts = (type_coerce(c.since, String), type_coerce(c.orders_until, String))
        with self._begin() as connection:
            rows = connection.execute(select(c.item, c.level, c.shop, *texts))
            return {
                item: PoolItem(level, shop, _moment(since), _moment(until))
                for item, level, shop, since, until in rows
            }

    def owed(self) -> dict[str, int]:
        """The items of which more was sold than there is, with how many are missing."""
        query = select(pool_items.c.item, pool_items.c.level).where(pool_items.c.level < 0)
        with self._begin() as connection:
            rows = connection.execute(query.order_by(pool_items.c.item))
            return {item: -level for item, level in rows}

    def count_items(self) -> int:
        return self._value(select(func.count()).select_from(pool_items)) or 0

    def shops(self, *, with_views: bool = True) -> dict[str, KnownShop]:
        """All shops that were ever of the pool, or asked to be; views are big."""
        columns = [c for c in pool_shops.c if with_views or c.name != "view"]
        with self._begin() as connection:
            rows = connection.execute(select(*columns).order_by(pool_shops.c.name))
            return {row.name: record_of(KnownShop, row) for row in rows}

    def known(self, shop: str, orders: Collection[str]) -> dict[tuple[str, str], int]:
        """What was counted of the lines of these orders, by order and item."""
        found: dict[tuple[str, str], int] = {}
        c = pool_lines.c
        with self._begin() as connection:
            for some in in_batches(orders):
                query = select(c.order, c.item, c.quantity)
                rows = connection.execute(query.where(c.shop == shop, c.order.in_(some)))
                found |= {(id, item): quantity for id, item, quantity in rows}
        return found

    def dated(self, shop: str, since: datetime, until: datetime) -> dict[str, datetime]:
        """The orders between two dates of which lines were counted, with their dates."""
        c = pool_lines.c
        query = select(c.order, c.date).where(c.shop == shop, c.date.between(since, until))
        with self._begin() as connection:
            return {row.order: row.date for row in connection.execute(query)}

    def open_orders(self, shop: str) -> set[str]:
        """The orders without a date of which anything is counted: drafts, when they were met."""
        c = pool_lines.c
        query = select(c.order).where(c.shop == shop, c.date.is_(None), c.quantity != 0)
        with self._begin() as connection:
            return {*connection.execute(query).scalars()}

    def sold_since(self, shop: str, moment: datetime) -> dict[tuple[str, str], int]:
        """What a shop sold of each item in each order of a later date, by order and item."""
        c = pool_lines.c
        query = select(c.order, c.item, c.quantity).where(c.shop == shop, c.date > moment)
        with self._begin() as connection:
            return {(id, item): quantity for id, item, quantity in connection.execute(query)}

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

    def ordered_since(self, upto: int, but: str) -> dict[str, int]:
        """What orders of all shops ``but`` one moved of each item after the move of that number."""
        c = pool_moves.c
        query = select(c.item, func.sum(c.quantity).label("moved")).where(
            c.number > upto, c.kind.in_(OF_ORDERS), c.shop != but
        )
        with self._begin() as connection:
            rows = connection.execute(query.group_by(c.item))
            return {row.item: row.moved for row in rows}

    def suspects(self, shop: str | None = None) -> list[Suspect]:
        """The differences that are looked at, of one shop or of all."""
        query = select(pool_suspects).order_by(pool_suspects.c.shop, pool_suspects.c.item)
        query = query if shop is None else query.where(pool_suspects.c.shop == shop)
        return self._records(Suspect, query)

    def log(self, item: str | None = None, shop: str | None = None, limit: int = 100) -> list[Move]:
        query = select(pool_moves).order_by(pool_moves.c.number.desc()).limit(limit)
        query = query if item is None else query.where(pool_moves.c.item == item)
        query = query if shop is None else query.where(pool_moves.c.shop == shop)
        return self._records(Move, query)

    def book(self, bookings: Bookings, at: datetime) -> int:
        """Writes down what a run has found, at once; the number of the last move."""
        with self._begin() as connection:
            return write_bookings(connection, bookings, at)

    def set_state(self, shop: str, state: ShopState, at: datetime, via: str = "") -> None:
        with self._begin() as connection:
            write_state(connection, shop, state, at, via)
            if state in (ShopState.ASKED, ShopState.LEFT):
                supersede(connection, waiting_for(shop))
                connection.execute(delete(pool_suspects).where(pool_suspects.c.shop == shop))
            c = pool_shops.c
            active = c.state.in_((ShopState.MEMBER, ShopState.JOINING))
            of_tills = c.via.startswith(f"{ORIGIN}:")
            if connection.execute(select(c.name).where(active, ~of_tills)).first() is None:
                # Whoever begins a new pool brings the levels.
                connection.execute(delete(pool_items))
                connection.execute(delete(pool_lines))
                connection.execute(delete(pool_shops).where(of_tills))


@lru_cache(maxsize=1_000)
def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


class PoolFiles(Book):
    """The files that were written for the pool's shops, as far as they got."""

    def last(self, shop: str, *stages: Stage) -> PoolFile | None:
        """The last file that was written for a shop, of these stages, or of any."""
        query = _of(shop).where(dispatches.c.stage.in_(stages) if stages else _WRITTEN)
        return self._first(PoolFile, query.order_by(dispatches.c.number.desc()))

    def untaken_since(self, shop: str, after: datetime) -> datetime | None:
        """When the first file was written that the shop has not taken since it took one.

        Those from before ``after``, when it came to take part as it does, do not count.
        """
        d = dispatches.c
        mine = (d.kind == Kind.POOL) & (d.target == shop)
        taken = select(func.max(d.number)).where(mine, d.stage == Stage.TAKEN)
        later = d.number > func.coalesce(taken.scalar_subquery(), 0)
        first = select(d.prepared).where(mine, later, d.prepared >= after, _WRITTEN)
        return self._value(first.order_by(d.number).limit(1))


_WRITTEN = dispatches.c.stage != Stage.ABANDONED


def _of(shop: str) -> Select[Any]:
    d, f = dispatches.c, pool_files.c
    columns = (d.number, d.target.label("shop"), d.prepared.label("at"), d.stage, d.sha256, d.taken)
    joined = dispatches.join(pool_files, d.number == f.number)
    found = select(*columns, f.changed, f.upto, f.view).select_from(joined)
    return found.where(d.kind == Kind.POOL, d.target == shop)
