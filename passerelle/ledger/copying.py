"""A ledger goes to another database: every row, and who it is.

At each moment at most one of the two may be used: the copy says that it is not finished until the
original says where it went. Who dies in between says the same command again.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, text, update
from sqlalchemy.exc import DatabaseError

from passerelle.base.errors import UsageError
from passerelle.base.language import _
from passerelle.ledger.ledger import UNFINISHED, Ledger
from passerelle.ledger.schema import alembic_version, identity, kept_files, metadata, runs
from passerelle.ledger.versions import schema_of

_ROWS = 1_000


def copy_rows(source: Ledger, target: Ledger, url: str = "") -> int:
    """Copies all rows; returns how many. The copy cannot be used until :func:`hand_over`.

    ``url`` is that of the source's database, if it is one: who finds the copy unfinished needs it.

    Raises :class:`UsageError` where the target has a ledger of its own, or has gone on since.
    """
    copied = 0
    with source.begin() as old, target.begin() as new:
        _refuse_another(old, new)
        for table in _tables():
            new.execute(delete(table))
            for rows in _batches(source, old, table):
                new.execute(table.insert(), rows)
                copied += len(rows)
            _count_on(new, table)
        new.execute(update(identity).values(moved=UNFINISHED + url))
    return copied


def hand_over(source: Ledger, target: Ledger, place: str) -> None:
    """From now on the copy is the ledger, and the original says that it went to ``place``.

    The original keeps no XMLs: these have customers in them, whom nobody could erase there.
    """
    with source.begin() as old:
        old.execute(update(identity).values(moved=place))
    with target.begin() as new:
        new.execute(update(identity).values(moved=""))
    # Last: until then the same command begins anew, from the original.
    with source.begin() as old:
        old.execute(delete(kept_files))


def _batches(
    source: Ledger, connection: Connection, table: Table
) -> Iterator[list[dict[str, Any]]]:
    """A few rows at a time, of kept files one: they may be large. What the source's database says
    is told as the source's."""
    size = 1 if table is kept_files else _ROWS
    query = select(table).execution_options(yield_per=size)
    try:
        for rows in connection.execute(query).mappings().partitions():
            yield [dict(row) for row in rows]
    except DatabaseError as error:
        raise source.told(error) from error


def _tables() -> Iterator[Table]:
    return (table for table in metadata.sorted_tables if table is not alembic_version)


def _refuse_another(old: Connection, new: Connection) -> None:
    mine, theirs = (one.execute(select(identity)).one() for one in (old, new))
    newest = [one.scalar(select(func.max(runs.c.number))) or 0 for one in (old, new)]
    if not newest[1] and not _has_rows(new):
        return
    if mine.token != theirs.token:
        what, mend = _("another ledger is there"), _("name an empty place")
        raise UsageError(what, schema_of(new), mend)
    if not theirs.moved and newest[1] >= newest[0]:
        what = _("the ledger there went on, or is the same already")
        raise UsageError(what, schema_of(new), _("use that one: see `ledger` in config.toml"))


def _has_rows(connection: Connection) -> bool:
    tables = [table for table in _tables() if table is not identity]
    return any(connection.execute(select(table).limit(1)).first() for table in tables)


def _count_on(connection: Connection, table: Table) -> None:
    """PostgreSQL counts numbers apart from the rows that have them; SQLite looks at these."""
    counted = table.autoincrement_column
    if connection.dialect.name == "sqlite" or counted is None:
        return
    name = f"{schema_of(connection)}.{table.name}"
    highest = connection.scalar(select(func.max(counted)))
    if highest:
        sequence = {"table": name, "column": counted.name, "highest": highest}
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)"), sequence
        )
