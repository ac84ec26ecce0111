"""What the ledger's books have in common: a way to begin a transaction; records and their rows."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table

T = TypeVar("T")
V = TypeVar("V")
Begin = Callable[[], AbstractContextManager[Connection]]


class Book:
    """A part of the ledger. Every method of it is one transaction."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    def _records(self, cls: type[T], query: Select[Any]) -> list[T]:
        with self._begin() as connection:
            return [record_of(cls, row) for row in connection.execute(query)]

    def _first(self, cls: type[T], query: Select[Any]) -> T | None:
        return next(iter(self._records(cls, query.limit(1))), None)

    def _value(self, query: Select[V]) -> V | None:
        """The one value that is asked for; ``None`` where no row has it."""
        with self._begin() as connection:
            return connection.execute(query).scalar()


def record_of(cls: type[T], row: Any, **instead: Any) -> T:
    """The record whose fields are the row's columns, by name; some with another value."""
    return cls(**{**row._mapping, **instead})


def row_of(table: Table, record: object, **more: Any) -> dict[str, Any]:
    """The fields of a record that are columns of the table, by name; and more of its columns."""
    names = [column.name for column in table.c if hasattr(record, column.name)]
    return {name: getattr(record, name) for name in names} | more


def insert_all(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    if found := [*rows]:
        connection.execute(table.insert(), found)


def insert_one(connection: Connection, table: Table, **values: Any) -> int:
    result = connection.execute(table.insert().values(**values))
    return int(result.inserted_primary_key[0]) if result.inserted_primary_key else 0


# SQLite takes 999 parameters in its older builds; an order's key has two.
_CHUNK = 400


def in_batches(items: Iterable[T]) -> Iterator[list[T]]:
    """All of them in their order, a few hundred at once: as many as SQL takes parameters."""
    rest = iter(items)
    while batch := [*islice(rest, _CHUNK)]:
        yield batch
