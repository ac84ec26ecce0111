"""The ledger's stock: what was published, why lines were changed, and the servers' clocks."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from passerelle.ledger.book import Book, insert_all, insert_one, record_of, row_of
from passerelle.ledger.schema import changes, clocks, publications
from passerelle.model.orders import Change
from passerelle.model.records import Publication

# The changes of older publications are dropped: `stock why` speaks of the last one.
KEPT_PUBLICATIONS = 50


class StockBook(Book):
    def prepare(self, changed: Iterable[Change], **values: Any) -> int:
        """Notes what is about to be published, and each changed line with its reason."""
        with self._begin() as connection:
            number = insert_one(connection, publications, stage="prepared", **values)
            rows = (
                row_of(changes, change) | {"publication": number, "orders": ",".join(change.orders)}
                for change in changed
            )
            insert_all(connection, changes, rows)
            oldest = number - KEPT_PUBLICATIONS
            connection.execute(delete(changes).where(changes.c.publication < oldest))
            return number

    def set_stage(self, number: int, stage: str) -> None:
        """``published`` once the shop can see it, ``withdrawn`` when it was taken back."""
        with self._begin() as connection:
            target = update(publications).where(publications.c.number == number)
            connection.execute(target.values(stage=stage))

    def set_fate(self, number: int, fate: str) -> None:
        """``taken`` when the shop took it, ``left`` when it should have and did not."""
        with self._begin() as connection:
            target = update(publications).where(publications.c.number == number)
            connection.execute(target.values(fate=fate))

    def left_since(self) -> Publication | None:
        """The first of those that the shop left lying, up to the last one that was looked at.

        ``None`` where the shop took that one.
        """
        p = publications.c
        taken = select(func.max(p.number)).where(p.fate == "taken").scalar_subquery()
        left = select(publications).where(p.fate == "left", p.number > func.coalesce(taken, 0))
        with self._begin() as connection:
            row = connection.execute(left.order_by(p.number).limit(1)).one_or_none()
            return record_of(Publication, row) if row else None

    def last(self, *stages: str) -> Publication | None:
        """The last publication, of the given stages only where any are given."""
        query = select(publications).order_by(publications.c.number.desc()).limit(1)
        query = query.where(publications.c.stage.in_(stages)) if stages else query
        with self._begin() as connection:
            row = connection.execute(query).one_or_none()
            return record_of(Publication, row) if row else None

    def first_met(self, source_sha256: str) -> datetime | None:
        """When the ERP's file with that content was first published from."""
        query = select(func.min(publications.c.at, type_=publications.c.at.type))
        with self._begin() as connection:
            matching = query.where(publications.c.source_sha256 == source_sha256)
            return connection.execute(matching).scalar()

    def clock_offset(self, server: str) -> timedelta | None:
        """How far the server's clock is ahead of ours, as last measured."""
        query = select(clocks.c.offset).where(clocks.c.server == server)
        with self._begin() as connection:
            seconds = connection.execute(query).scalar()
        return None if seconds is None else timedelta(seconds=seconds)

    def set_clock_offset(self, server: str, offset: timedelta, at: datetime) -> None:
        with self._begin() as connection:
            write_clock(connection, server, offset, at)


def write_clock(connection: Connection, server: str, offset: timedelta, at: datetime) -> None:
    values = {"server": server, "offset": offset.total_seconds(), "measured": at}
    connection.execute(delete(clocks).where(clocks.c.server == server))
    connection.execute(clocks.insert().values(**values))
