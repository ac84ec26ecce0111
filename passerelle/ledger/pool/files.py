"""The files that were written for the pool's shops, from their promise to being taken."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from passerelle.ledger.pool.booking import last_move, note
from passerelle.ledger.pool.packing import packed, unpacked
from passerelle.ledger.pool.records import FileStage, Json, PoolFile
from passerelle.ledger.pool.schema import pool_files

Begin = Callable[[], AbstractContextManager[Connection]]
# Of older files it is only known that they were.
_KEPT = 3


class PoolFiles:
    """The book of these files."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    def last(self, shop: str, *stages: FileStage) -> PoolFile | None:
        """The last file written for a shop, of these stages, or of any."""
        query = select(pool_files).where(pool_files.c.shop == shop)
        query = query.where(pool_files.c.stage.in_(stages)) if stages else query
        with self._begin() as connection:
            newest = query.order_by(pool_files.c.number.desc()).limit(1)
            row = connection.execute(newest).one_or_none()
            return _file(row) if row else None

    def untaken_since(self, shop: str, after: datetime) -> datetime | None:
        """When the first file was written that the shop has not taken since it took one.

        Those from before ``after``, when it came to take part as it does, do not count.
        """
        mine = pool_files.c.shop == shop
        taken = select(func.max(pool_files.c.number)).where(
            mine, pool_files.c.stage == FileStage.TAKEN.value
        )
        later = pool_files.c.number > func.coalesce(taken.scalar_subquery(), 0)
        first = select(pool_files.c.at).where(mine, later, pool_files.c.at >= after)
        with self._begin() as connection:
            return connection.execute(first.order_by(pool_files.c.number).limit(1)).scalar()

    def prepare(self, shop: str, at: datetime, sha256: str, changed: int, view: Json) -> int:
        """Promises a file; returns its number.

        Its content is on the server already, under another name, where the server lets rename.
        """
        with self._begin() as connection:
            upto = last_move(connection)
            values = {"shop": shop, "at": at, "stage": FileStage.PREPARED.value, "sha256": sha256}
            values |= {"changed": changed, "upto": upto, "view": packed(view)}
            result = connection.execute(pool_files.insert().values(**values))
            number = int(result.inserted_primary_key[0]) if result.inserted_primary_key else 0
            old = (pool_files.c.shop == shop) & (pool_files.c.number <= number - _KEPT)
            old &= pool_files.c.stage.in_((FileStage.TAKEN.value, FileStage.SUPERSEDED.value))
            connection.execute(update(pool_files).where(old).values(view=None))
            return number

    def publish(self, shop: str, number: int, at: datetime) -> None:
        """Notes that a file is in place; one that waited there is superseded."""
        with self._begin() as connection:
            waits = (pool_files.c.shop == shop) & (pool_files.c.number < number)
            waits &= pool_files.c.stage.in_((FileStage.PREPARED.value, FileStage.PUBLISHED.value))
            _set_stage(connection, waits, FileStage.SUPERSEDED)
            _set_stage(connection, pool_files.c.number == number, FileStage.PUBLISHED)
            of_it = select(pool_files.c.changed).where(pool_files.c.number == number)
            note(connection, shop, "written", at, connection.execute(of_it).scalar_one())

    def drop(self, number: int) -> None:
        """Notes that a promised file never reached its name."""
        with self._begin() as connection:
            _set_stage(connection, pool_files.c.number == number, FileStage.SUPERSEDED)


def forget_files(connection: Connection, shop: str) -> None:
    """Whether a shop takes what waits for it is nobody's business any more."""
    waits = (pool_files.c.shop == shop) & pool_files.c.stage.in_(
        (FileStage.PREPARED.value, FileStage.PUBLISHED.value)
    )
    _set_stage(connection, waits, FileStage.SUPERSEDED)


def _set_stage(connection: Connection, which: Any, stage: FileStage) -> None:
    connection.execute(update(pool_files).where(which).values(stage=stage.value))


def _file(row: Row[Any]) -> PoolFile:
    return PoolFile(
        row.number,
        row.shop,
        row.at,
        FileStage(row.stage),
        row.sha256,
        row.changed,
        row.upto,
        row.taken,
        unpacked(row.view),
    )
