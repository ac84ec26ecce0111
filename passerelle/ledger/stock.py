"""The ledger's stock: what was published, why lines were changed, and the servers' clocks."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Select, delete, func, select

from passerelle.base.words import gtin
from passerelle.ledger.book import Book, in_batches
from passerelle.ledger.schema import (
    changes,
    clock_jumps,
    clocks,
    dispatches,
    orders,
    publications,
    sold,
)
from passerelle.model.records import ClockHistory, ClockJump, Publication, SoldSince
from passerelle.model.states import OF_ORDERS, Kind, Stage

# One every five minutes.
_A_DAYS = 300
# Above every dispatch: the largest number that both databases know as one.
_ANY = 2**31 - 1
# Servers tell times in whole seconds, and slow uploads take a while.
_DRIFT = 60
# Older ones divide nothing any more.
_JUMPS = 20
# A day: more than time zones make.
_FAR = 86_400


class StockBook(Book):
    def left_since(self) -> Publication | None:
        """The first of those that the shop left lying, up to the last one that was looked at.

        ``None`` where the shop took that one.
        """
        d = dispatches.c
        mine = (d.kind == Kind.STOCK) & (d.stage == Stage.TAKEN)
        taken = select(func.max(d.number)).where(mine).scalar_subquery()
        left = select_publications().where(d.left.is_not(None), d.number > func.coalesce(taken, 0))
        return self._first(Publication, left.order_by(d.number))

    def last(self, *stages: Stage) -> Publication | None:
        query = select_publications().where(dispatches.c.stage.in_(stages))
        return self._first(Publication, query.order_by(dispatches.c.number.desc()))

    def latest(self, *stages: Stage) -> list[Publication]:
        """The last ones of these stages, the newest first: a day's, and more."""
        query = select_publications().where(dispatches.c.stage.in_(stages))
        query = query.order_by(dispatches.c.number.desc())
        return self._records(Publication, query.limit(_A_DAYS))

    def sold_since(
        self, publication: Publication, channels: Collection[str]
    ) -> dict[str, SoldSince]:
        """What orders took out of stock since a publication, by :func:`gtin` form.

        Their lines were held back since then, or the ERP took their XML.
        """
        c, d, o = changes.c, dispatches.c, orders.c
        rows = select(c.key, c.before, c.orders).where(c.publication >= publication.number)
        taken = select(d.number).where(d.taken >= publication.at, d.kind.in_(OF_ORDERS))
        of_taken = select(o.id).where(o.dispatch.in_(taken), o.channel.in_(channels))
        lines, found = select(sold.c.key, sold.c.quantity), dict[str, SoldSince]()
        with self._begin() as connection:
            held = connection.execute(rows.order_by(c.publication)).all()
            ids = {id for row in held for id in row.orders.split(",")}
            ids |= {*connection.execute(of_taken).scalars()}
            for some in in_batches(ids):
                mine = sold.c.channel.in_(channels) & sold.c.id.in_(some)
                for key, quantity in connection.execute(lines.where(mine)):
                    found[gtin(key)] = found.get(gtin(key), SoldSince()).and_also(quantity)
        for row in reversed(held):
            if row.key in found:
                found[row.key] = replace(found[row.key], level=row.before)
        return found

    def first_met(self, source_sha256: str) -> datetime | None:
        """When the ERP's file with that content was first published from."""
        d, p = dispatches.c, publications.c
        first = func.min(d.prepared, type_=d.prepared.type)
        met = select(first).where(d.number == p.number, p.source_sha256 == source_sha256)
        return self._value(met)

    def clock_offset(self, server: str) -> timedelta | None:
        """How far the server's clock is ahead of ours, as last measured."""
        query = select(clocks.c.offset).where(clocks.c.server == server)
        seconds = self._value(query)
        return None if seconds is None else timedelta(seconds=seconds)

    def clock_offsets(self) -> dict[str, timedelta]:
        """The same of every server whose clock was measured."""
        query = select(clocks.c.server, clocks.c.offset)
        with self._begin() as connection:
            return {row.server: timedelta(seconds=row.offset) for row in connection.execute(query)}

    def clock_history(self, source_sha256: str, before: int | None = None) -> ClockHistory:
        """When clocks were set, and what is certain all the same of a file of the ERP's.

        ``before`` is the publication that was made from it, if any.
        """
        d, p, j = dispatches.c, publications.c, clock_jumps.c
        late = j.number > select(func.max(j.number)).scalar_subquery() - _JUMPS
        last = select(j.server, j.noticed, j.seconds, j.upto).where(late)
        jumps = tuple(self._records(ClockJump, last.order_by(j.number.desc())))
        if not jumps:
            return ClockHistory()
        other = select(d.number, d.prepared.label("at")).order_by(d.number.desc()).limit(1)
        # Where no other was published from, what was sent a day before is early enough.
        early = other.where(d.prepared < jumps[0].noticed - timedelta(days=1))
        other = other.join(publications, d.number == p.number)
        other = other.where(p.source_sha256 != source_sha256, d.number < (before or _ANY))
        with self._begin() as connection:
            found = connection.execute(other).first() or connection.execute(early).first()
        return ClockHistory(jumps, found.number, found.at) if found else ClockHistory(jumps)

    def clock_ahead(self, now: datetime, servers: Collection[str]) -> ClockJump | None:
        """That our clock went forward by days; not where one of ``servers`` went with it.

        Nor once it was set back.
        """
        j, c = clock_jumps.c, clocks.c
        columns = select(j.server, j.noticed, j.seconds, j.upto)
        ahead = columns.where(j.server == "", j.seconds < 0).order_by(j.number.desc())
        jump = self._first(ClockJump, ahead)
        if jump is None or now < jump.noticed:
            return None
        since, elsewhere = c.measured >= jump.noticed, c.server.in_(servers)
        differ = columns.where(j.noticed >= jump.noticed, j.seconds < -_FAR, j.server != "")
        asked = self._value(select(c.server).where(since, elsewhere))
        return None if asked and self._first(ClockJump, differ) is None else jump

    def set_clock_offset(self, server: str, offset: timedelta, at: datetime) -> None:
        with self._begin() as connection:
            write_clock(connection, server, offset, at)


def write_clock(
    connection: Connection, server: str, offset: timedelta, at: datetime, of: int | None = None
) -> None:
    """Notes how far a clock is ahead, and that it must have been set since it was last measured.

    ``of`` is the dispatch that it was measured with.
    """
    before = connection.scalar(select(clocks.c.offset).where(clocks.c.server == server))
    if before is not None and abs(offset.total_seconds() - before) > _DRIFT:
        note_jump(connection, server, offset.total_seconds() - before, at, of)
    values = {"server": server, "offset": offset.total_seconds(), "measured": at}
    connection.execute(delete(clocks).where(clocks.c.server == server))
    connection.execute(clocks.insert().values(**values))


def note_jump(
    connection: Connection, server: str, seconds: float, at: datetime, of: int | None = None
) -> None:
    number = dispatches.c.number
    upto = connection.scalar(select(func.max(number)).where(number != (of or 0))) or 0
    values = {"server": server, "noticed": at, "seconds": seconds, "upto": upto}
    connection.execute(clock_jumps.insert().values(**values))


def select_publications() -> Select[Any]:
    """A SELECT of publications with their dispatches; conditions are still to be given."""
    d, p = dispatches.c, publications.c
    columns = (d.number, d.prepared.label("at"), d.stage, d.sha256, d.size, d.left)
    more = (p.source_sha256, p.source_modified, p.lines, p.in_stock, p.accepted)
    return select(*columns, *more).select_from(dispatches.join(publications, d.number == p.number))
