"""The ledger forgets a person: what its free texts quote of them, and the file's unused pages.

What proves the sending stays: ids, references, dates, states, what was sold, names and SHA-256 of
what was sent, times.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, delete, select, update

from passerelle.ledger.book import Book
from passerelle.ledger.schema import (
    dispatches,
    events,
    kept_files,
    orders,
    runs,
    sale_events,
    sales,
    sold,
    sold_by_others,
    sold_since,
)
from passerelle.model.states import State

Redact = Callable[[str], str]
EVENT = "erased"
# Texts that may quote a cell of the order file, whichever it was.
_FREE = (
    (orders, orders.c.reason),
    (orders, orders.c.matter_note),
    (events, events.c.note),
    (sales, sales.c.reason),
    (sale_events, sale_events.c.note),
    (runs, runs.c.summary),
    (runs, runs.c.facts),
)
# Part of the proof; only an address that a shifted line put there has no business in it.
_PROOF = (
    *((orders, orders.c.reference), (sold, sold.c.key)),
    *((table, table.c.key) for table in (sold_since, sold_by_others)),
)


class ErasureBook(Book):
    """What the ledger keeps that may be personal, and how it goes."""

    def archived(self) -> dict[str, set[tuple[str, str]]]:
        """The orders, as (channel, id), that were ever sent in each XML of ArchiveExport."""
        found: dict[str, set[tuple[str, str]]] = defaultdict(set)
        d = dispatches.c
        with self._begin() as connection:
            names: dict[str, list[str]] = defaultdict(list)
            for row in connection.execute(select(d.archived, d.server, d.path)):
                # The name on the server may be used again and again; too many orders do no harm.
                names[f"{row.server}:{row.path}"].append(row.archived)
            last = select(orders.c.channel, orders.c.id, d.archived).where(
                orders.c.dispatch == d.number
            )
            for channel, id, name in connection.execute(last):
                found[name].add((channel, id))
            e = sale_events.c
            of_sales = select(e.channel, e.id, d.archived).where(e.dispatch == d.number)
            for channel, id, name in connection.execute(of_sales):
                found[name].add((channel, id))
            earlier = select(events.c.channel, events.c.id, events.c.note).where(
                events.c.event == State.SENT
            )
            for channel, id, note in connection.execute(earlier):
                for name in (name for end in _ends(note) for name in names.get(end, ())):
                    found[name].add((channel, id))
        return found

    def proof(self) -> frozenset[str]:
        """Ids, references and item keys: words that are nobody's."""
        columns = (orders.c.id, *(column for _table, column in _PROOF))
        with self._begin() as connection:
            return frozenset(
                text for column in columns for text in connection.execute(select(column)).scalars()
            ) - {""}

    def ids(self) -> list[str]:
        with self._begin() as connection:
            return list(connection.execute(select(orders.c.id)).scalars())

    def count(self, free: Redact, proof: Redact) -> int:
        """How many texts :meth:`rewrite` would change."""
        with self._begin() as connection:
            return sum(len(rows) for *_, rows in _changed(connection, free, proof))

    def rewrite(self, free: Redact, proof: Redact) -> None:
        """Changes the free texts, and the texts of the proof, by the given functions."""
        with self._begin() as connection:
            for table, column, rows in _changed(connection, free, proof):
                for key, text in rows:
                    keys = zip(table.primary_key, key, strict=True)
                    target = update(table).where(*(part == value for part, value in keys))
                    connection.execute(target.values({column: text}))

    def note(self, keys: Iterable[tuple[str, str]], at: datetime, note: str) -> list[int]:
        """Notes on each order (channel, id) that its archived copy was redacted, once.

        Returns the numbers of the new events, for :meth:`take_back`.
        """
        numbers: list[int] = []
        with self._begin() as connection:
            for channel, id in keys:
                values = {"channel": channel, "id": id, "event": EVENT, "note": note}
                same = (events.c[name] == value for name, value in values.items())
                if connection.execute(select(events.c.number).where(*same)).first() is None:
                    result = connection.execute(events.insert().values(**values, at=at))
                    numbers += result.inserted_primary_key or ()
        return numbers

    def take_back(self, numbers: Collection[int]) -> None:
        """The copy could not be redacted after all."""
        with self._begin() as connection:
            connection.execute(delete(events).where(events.c.number.in_(numbers)))

    def compact(self) -> bool:
        """Writes the tables anew, so that nothing deleted is left in them or in SQLite's log.

        A database keeps what was deleted until the place is used again. Returns whether the log
        could be emptied too: a program that reads the ledger meanwhile keeps it.
        """
        with self._begin() as connection:
            connection.exec_driver_sql("COMMIT")  # VACUUM runs in no transaction
            if connection.dialect.name != "sqlite":
                texts = (table for table, _column in _FREE + _PROOF)
                for table in dict.fromkeys((kept_files, *texts)):
                    connection.exec_driver_sql(f"VACUUM FULL {table.name}")
                return True
            connection.exec_driver_sql("VACUUM")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
            return not busy


def _ends(note: str) -> Iterable[str]:
    """What a note ends with, from each of its words on: one of these is the place it names.

    What stands before the place is in the language of the run that wrote it.
    """
    words = note.split(" ")
    return (" ".join(words[start:]) for start in range(1, len(words)))


def _changed(
    connection: Connection, free: Redact, proof: Redact
) -> Iterable[tuple[Table, Column[Any], list[tuple[tuple[object, ...], Any]]]]:
    """Each column that may hold something personal, with the rows to change and their new text."""
    for columns, redact in ((_FREE, free), (_PROOF, proof)):
        for table, column in columns:
            key = list(table.primary_key)
            rows = connection.execute(select(*key, column).where(column.is_not(None))).all()
            new = [(tuple(row[:-1]), row[-1], _redacted(row[-1], redact)) for row in rows]
            yield table, column, [(key, after) for key, before, after in new if after != before]


def _redacted(value: Any, redact: Redact) -> Any:
    """A text, or JSON with texts in it."""
    if isinstance(value, dict):
        return {key: _redacted(one, redact) for key, one in value.items()}
    if isinstance(value, list):
        return [_redacted(one, redact) for one in value]
    return redact(value) if isinstance(value, str) else value
