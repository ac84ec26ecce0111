"""What people ask the ledger afterwards: by reference, since when, and who last looked.

Only reading. A person waits for the answer, no run does: some questions walk through a table.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from passerelle.ledger.marks import CHUNK, KnownOrder, known_order, select_known
from passerelle.ledger.schema import changes, orders, publications, runs
from passerelle.ledger.stock import KEPT_PUBLICATIONS, Publication

Begin = Callable[[], AbstractContextManager[Connection]]

# Each of these begins with a look at what the ERP has taken.
_LOOKING = ("orders", "stock", "adopt")
_WENT_THROUGH = (0, 5)
SEEN = ("published", "withdrawn")


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A line that a publication has lower than the ERP, or (``after`` is ``None``) not at all."""

    line: int
    key: str
    before: str
    after: str | None
    orders: str

    def names(self, id: str) -> bool:
        """Whether the order of that id is one of the reasons; an id may hold commas itself."""
        return f",{id}," in f",{self.orders},"


@dataclass(frozen=True, slots=True)
class Since:
    """Since when something is as it is; not ``is_exact`` where it was so before, too."""

    at: datetime
    is_exact: bool


class LookingBack:
    """The questions."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin

    def of_ids(self, ids: Collection[str]) -> dict[str, list[KnownOrder]]:
        """The orders of those ids, of whatever channel, by id."""
        wanted, found = sorted(set(ids)), dict[str, list[KnownOrder]]()
        with self._begin() as connection:
            for start in range(0, len(wanted), CHUNK):
                some = select_known().where(orders.c.id.in_(wanted[start : start + CHUNK]))
                for row in connection.execute(some.order_by(orders.c.channel)):
                    found.setdefault(row.id, []).append(known_order(row))
        return found

    def by_reference(self, reference: str) -> list[KnownOrder]:
        """The orders with that reference, whatever its case; split orders share one."""
        same = func.lower(orders.c.reference) == func.lower(reference)
        query = select_known().where(same)
        query = query.order_by(orders.c.channel, func.length(orders.c.id), orders.c.id)
        with self._begin() as connection:
            return [known_order(row) for row in connection.execute(query)]

    def last_look(self) -> datetime | None:
        """When a run last saw what the ERP has taken."""
        ended = func.max(runs.c.ended, type_=runs.c.ended.type)
        query = select(ended).where(runs.c.run.in_(_LOOKING), runs.c.exit_code.in_(_WENT_THROUGH))
        with self._begin() as connection:
            return connection.execute(query).scalar()

    def held_back(self, publication: Publication, keys: Collection[str]) -> list[HeldBack]:
        """The lines of these items that a publication has changed."""
        c, wanted, found = changes.c, sorted(set(keys)), list[HeldBack]()
        query = select(c.line, c.key, c.before, c.after, c.orders).order_by(c.line)
        with self._begin() as connection:
            for start in range(0, len(wanted), CHUNK):
                some = c.key.in_(wanted[start : start + CHUNK])
                rows = connection.execute(query.where(c.publication == publication.number, some))
                found += [HeldBack(*row) for row in rows]
        return found

    def removed_lines(self, publication: Publication) -> list[int]:
        """The ERP's lines that a publication left out, in their order."""
        c = changes.c
        query = select(c.line).where(c.publication == publication.number, c.after.is_(None))
        with self._begin() as connection:
            return list(connection.execute(query.order_by(c.line)).scalars())

    def before(self, publication: Publication) -> Publication | None:
        """The one before, of those that the shop has imported for all that is known."""
        p = publications.c
        imported = (p.stage == "published") & (func.coalesce(p.fate, "taken") == "taken")
        query = select(publications).where(p.number < publication.number, imported)
        with self._begin() as connection:
            last = query.order_by(publications.c.number.desc()).limit(1)
            row = connection.execute(last).one_or_none()
            return Publication(*row) if row else None

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
    p = publications.c
    kept = p.number.between(_oldest(connection), publication.number)
    query = select(p.number, p.at).where(kept, p.stage.in_(SEEN)).order_by(p.number.desc())
    levels: dict[int, tuple[datetime, list[str | None]]] = {
        row.number: (row.at, []) for row in connection.execute(query)
    }
    c = changes.c
    changed = select(c.publication, c.after).where(c.publication.in_(levels), c.key == key)
    for row in connection.execute(changed.order_by(c.publication, c.line)):
        levels[row.publication][1].append(row.after)
    return list(levels.values())


def _oldest(connection: Connection) -> int:
    """The oldest publication whose changes are kept."""
    newest = connection.execute(select(func.max(publications.c.number))).scalar() or 0
    return newest - KEPT_PUBLICATIONS


def _has_forgotten(connection: Connection, publication: Publication) -> bool:
    """Whether there were publications before those whose changes are kept."""
    older = select(func.count()).where(
        publications.c.number < min(_oldest(connection), publication.number),
        publications.c.stage.in_(SEEN),
    )
    return bool(connection.execute(older).scalar())
