"""What people ask the ledger afterwards: by reference, since when, and who last looked.

Only reading. A person waits for the answer, no run does: some questions walk through a table.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import Connection, func, literal, select

from passerelle.ledger.book import Book, in_batches, record_of
from passerelle.ledger.column_types import Text
from passerelle.ledger.marks import select_with_xml
from passerelle.ledger.outbox import oldest
from passerelle.ledger.runs import as_run
from passerelle.ledger.schema import changes, dispatches, events, orders, runs
from passerelle.ledger.stock import select_publications
from passerelle.model.records import (
    Delivery,
    HeldBack,
    KnownOrder,
    OrderTotal,
    Publication,
    Run,
    Since,
)
from passerelle.model.states import SEEN, Kind, Stage, State

# Each of these begins with a look at what the ERP has taken.
_LOOKING = ("orders", "stock", "tills", "adopt")
_WENT_THROUGH = (0, 5)


class LookingBack(Book):
    def of_ids(self, ids: Collection[str]) -> dict[str, list[KnownOrder]]:
        """The orders of those ids, of whatever channel, by id."""
        found: dict[str, list[KnownOrder]] = {}
        with self._begin() as connection:
            for some in in_batches(sorted(set(ids))):
                query = select_with_xml(orders).where(orders.c.id.in_(some))
                for row in connection.execute(query.order_by(orders.c.channel)):
                    found.setdefault(row.id, []).append(record_of(KnownOrder, row))
        return found

    def by_reference(self, reference: str) -> list[KnownOrder]:
        """The orders with that reference, whatever its case; split orders share one."""
        same = func.lower(orders.c.reference) == func.lower(literal(reference, Text))
        query = select_with_xml(orders).where(same)
        query = query.order_by(orders.c.channel, func.length(orders.c.id), orders.c.id)
        return self._records(KnownOrder, query)

    def last_look(self) -> datetime | None:
        """When a run last saw what the ERP has taken."""
        ended = func.max(runs.c.ended, type_=runs.c.ended.type)
        query = select(ended).where(runs.c.run.in_(_LOOKING), runs.c.exit_code.in_(_WENT_THROUGH))
        return self._value(query)

    def held_back(self, publication: Publication, keys: Collection[str]) -> list[HeldBack]:
        """The lines of these items that a publication has changed."""
        c, found = changes.c, list[HeldBack]()
        query = select(c.line, c.key, c.before, c.after, c.orders).order_by(c.line)
        with self._begin() as connection:
            for some in in_batches(sorted(set(keys))):
                them = (c.publication == publication.number) & c.key.in_(some)
                rows = connection.execute(query.where(them))
                found += [record_of(HeldBack, row) for row in rows]
        return found

    def removed_lines(self, publication: Publication) -> list[int]:
        """The ERP's lines that a publication left out, in their order."""
        c = changes.c
        query = select(c.line).where(c.publication == publication.number, c.after.is_(None))
        with self._begin() as connection:
            return list(connection.execute(query.order_by(c.line)).scalars())

    def before(self, publication: Publication) -> Publication | None:
        """The one before, of those that the shop has imported for all that is known."""
        d = dispatches.c
        imported = (d.stage == Stage.TAKEN) | ((d.stage == Stage.SENT) & d.left.is_(None))
        query = select_publications().where(d.number < publication.number, imported)
        return self._first(Publication, query.order_by(d.number.desc()))

    def level_since(self, publication: Publication, key: str) -> Since:
        """Since when publications have the item at the level that this one has it at.

        For an item that was not changed: since when none of its sales was held back.
        """
        with self._begin() as connection:
            levels = _levels(connection, publication, key)
            since = Since(publication.at, is_exact=True)
            for at, level in levels:
                if level != levels[0][1]:
                    return since
                since = Since(at, is_exact=True)
            return Since(since.at, is_exact=not _has_forgotten(connection, publication))


def _levels(
    connection: Connection, publication: Publication, key: str
) -> list[tuple[datetime, list[str | None]]]:
    """Each publication's time and what it changed the item to, newest first, as far as known."""
    d = dispatches.c
    kept = d.number.between(oldest(connection), publication.number) & (d.kind == Kind.STOCK)
    query = select(d.number, d.prepared).where(kept, d.stage.in_(SEEN)).order_by(d.number.desc())
    levels: dict[int, tuple[datetime, list[str | None]]] = {
        row.number: (row.prepared, []) for row in connection.execute(query)
    }
    c = changes.c
    changed = select(c.publication, c.after).where(c.publication.in_(levels), c.key == key)
    for row in connection.execute(changed.order_by(c.publication, c.line)):
        levels[row.publication][1].append(row.after)
    return list(levels.values())


def _has_forgotten(connection: Connection, publication: Publication) -> bool:
    """Whether there were publications before those whose changes are kept."""
    d = dispatches.c
    before = d.number < min(oldest(connection), publication.number)
    older = select(func.count()).where(before, d.kind == Kind.STOCK, d.stage.in_(SEEN))
    return bool(connection.execute(older).scalar())


# How many rows are in memory where answers come one at a time.
_AT_ONCE = 1_000


class Overview(Book):
    def totals(self, since: datetime) -> Iterator[OrderTotal]:
        """The orders dated ``since`` then that are neither cancelled nor skipped, one at a time.

        Nothing else can be asked of the ledger until all were asked for.
        """
        query = select(orders.c.date, orders.c.total).where(
            orders.c.date >= since, ~orders.c.cancelled, orders.c.state != State.SKIPPED
        )
        with self._begin() as connection:
            found = connection.execute(query.execution_options(yield_per=_AT_ONCE))
            yield from (record_of(OrderTotal, row) for row in found)

    def orders(self, since: datetime | None = None) -> Iterator[KnownOrder]:
        """Every order, or those dated ``since`` then (first seen, where they have no date), the
        oldest first, one at a time as :meth:`totals`.
        """
        query = select_with_xml(orders).order_by(
            orders.c.date.nulls_first(), orders.c.channel, orders.c.id
        )
        if since is not None:
            undated = orders.c.date.is_(None) & (orders.c.seen >= since)
            query = query.where((orders.c.date >= since) | undated)
        with self._begin() as connection:
            found = connection.execute(query.execution_options(yield_per=_AT_ONCE))
            yield from (record_of(KnownOrder, row) for row in found)

    def held_back(self, since: datetime | None = None) -> Iterator[tuple[datetime, HeldBack]]:
        """The lines that publications have changed, with the time of each, one at a time.

        Of those since then, as far as they are kept; without ``since``, of the last one.
        """
        d, c = dispatches.c, changes.c
        published = (d.kind == Kind.STOCK) & d.stage.in_(SEEN)
        last = select(func.max(d.number)).where(published).scalar_subquery()
        query = select(d.prepared, c.line, c.key, c.before, c.after, c.orders)
        query = query.join(dispatches, c.publication == d.number).where(published)
        query = query.where(d.number == last if since is None else d.prepared >= since)
        with self._begin() as connection:
            streamed = query.order_by(d.number, c.line).execution_options(yield_per=_AT_ONCE)
            for at, *line in connection.execute(streamed):
                yield at, HeldBack(*line)

    def history(self, since: datetime | None = None) -> Iterator[Run]:
        """The runs, without their facts, the oldest first, one at a time."""
        names = ("number", "run", "started", "ended", "exit_code", "summary")
        query = select(*(runs.c[name] for name in names)).order_by(runs.c.number)
        query = query if since is None else query.where(runs.c.started >= since)
        with self._begin() as connection:
            found = connection.execute(query.execution_options(yield_per=_AT_ONCE))
            yield from (record_of(Run, row) for row in found)

    def deliveries(self, since: datetime) -> list[Delivery]:
        """The orders dated ``since`` then that the ERP took; not those that were sent again."""
        d = dispatches.c
        sent = (
            select(func.count())
            .where(events.c.channel == orders.c.channel, events.c.id == orders.c.id)
            .where(events.c.event == State.SENT)
            .scalar_subquery()
        )
        query = (
            select(orders.c.id, orders.c.date, d.taken)
            .join(dispatches, orders.c.dispatch == d.number)
            # No order is taken before it is made: SQLite may begin with either time.
            .where(orders.c.date >= since, d.taken >= since, d.taken >= orders.c.date)
            # An index on the state would not help: most orders of all years are taken.
            .where(orders.c.state.concat("") == State.TAKEN, sent <= 1)
        )
        return self._records(Delivery, query)

    def newest(self, since: datetime, limit: int) -> list[KnownOrder]:
        query = select_with_xml(orders).where(orders.c.date >= since)
        return self._records(KnownOrder, query.order_by(orders.c.date.desc()).limit(limit))

    def count(self, since: datetime) -> int:
        query = select(func.count()).select_from(orders).where(orders.c.date >= since)
        return self._value(query) or 0

    def sent(self, begin: datetime, end: datetime) -> int:
        """How many orders were sent from ``begin`` on and before ``end``."""
        e = events.c
        query = select(e.channel, e.id).distinct()
        query = query.where(e.event == State.SENT, e.at >= begin, e.at < end)
        return self._value(select(func.count()).select_from(query.subquery())) or 0

    def published(self, begin: datetime, end: datetime) -> int:
        """How often a stock was published from ``begin`` on and before ``end``."""
        d = dispatches.c
        query = select(func.count()).where(d.kind == Kind.STOCK, d.stage.in_(SEEN))
        return self._value(query.where(d.prepared >= begin, d.prepared < end)) or 0

    def has_undated(self) -> bool:
        """Whether any order has no date, so that no other answer here counts it."""
        return self._value(select(orders.c.id).where(orders.c.date.is_(None)).limit(1)) is not None

    def runs(self, since: datetime) -> list[Run]:
        """The runs that started at ``since`` or later, oldest first."""
        query = select(runs).where(runs.c.started >= since).order_by(runs.c.started, runs.c.number)
        with self._begin() as connection:
            return [as_run(row) for row in connection.execute(query)]
