"""What the ledger keeps instead of a folder: XMLs as they were sent, goods of orders without one.

Whoever opens the ledger has it, on whichever machine. Names are as in the folder, by archive.
"""

from collections.abc import Collection
from datetime import datetime
from io import BytesIO

from msgspec import Struct
from sqlalchemy import ColumnElement, delete, func, select, update

from passerelle.ledger.book import Book, in_batches
from passerelle.ledger.schema import kept_files as k


class KeptFile(Struct, frozen=True):
    """``is_pending``: it was not promised to anybody yet. ``size`` is in bytes."""

    archive: str
    name: str
    kept: datetime
    is_pending: bool
    size: int


class KeptBook(Book):
    """The book of kept files: archives, as :mod:`passerelle.archive.folders` asks for them."""

    def open(self, archive: str, name: str) -> BytesIO | None:
        data = self.read(archive, name)
        return None if data is None else BytesIO(data)

    def read(self, archive: str, name: str) -> bytes | None:
        return self._value(select(k.c.data).where(_is(archive, name)))

    def names(self, archive: str) -> list[str]:
        return [file.name for file in self.files(archive)]

    def files(self, archive: str = "") -> list[KeptFile]:
        """Those of one archive, or all, by their names."""
        columns = (k.c.archive, k.c.name, k.c.kept, k.c.pending, func.length(k.c.data))
        query = select(*columns).order_by(k.c.archive, k.c.name)
        query = query.where(k.c.archive == archive) if archive else query
        with self._begin() as connection:
            return [KeptFile(*row) for row in connection.execute(query)]

    def is_kept(self, archive: str, name: str) -> bool:
        return self._value(select(k.c.pending).where(_is(archive, name))) is False

    def write(
        self, archive: str, name: str, data: bytes, at: datetime, *, pending: bool = False
    ) -> None:
        """Puts it in the place of what has that name."""
        values = {"archive": archive, "name": name, "kept": at, "pending": pending, "data": data}
        with self._begin() as connection:
            connection.execute(delete(k).where(_is(archive, name)))
            connection.execute(k.insert().values(values))

    def add(self, archive: str, name: str, data: bytes, at: datetime) -> None:
        """Adds to the end of it."""
        with self._begin() as connection:
            before = connection.scalar(select(k.c.data).where(_is(archive, name)))
            connection.execute(delete(k).where(_is(archive, name)))
            values = {"archive": archive, "name": name, "kept": at, "pending": False}
            connection.execute(k.insert().values(**values, data=(before or b"") + data))

    def rewrite(self, archive: str, name: str, data: bytes) -> None:
        """It stays as old as it was."""
        with self._begin() as connection:
            connection.execute(update(k).where(_is(archive, name)).values(data=data))

    def confirm(self, archive: str, name: str) -> None:
        """It was promised: from now on it is kept."""
        with self._begin() as connection:
            connection.execute(update(k).where(_is(archive, name)).values(pending=False))

    def remove(self, archive: str, names: Collection[str]) -> None:
        with self._begin() as connection:
            for some in in_batches(names):
                mine = (k.c.archive == archive) & k.c.name.in_(some)
                connection.execute(delete(k).where(mine))


def _is(archive: str, name: str) -> ColumnElement[bool]:
    return (k.c.archive == archive) & (k.c.name == name)
