"""Room for what may be too much for memory: a little is in memory, more lies on the disk.

There it is the user's alone, in files without a name or of a random one, and gone with the process
however that ends. Nothing outside is read or changed, so that the pure rooms use it as memory.

Everything here raises :class:`UnreachableError` where the disk is full.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

from passerelle.base.errors import UnreachableError
from passerelle.base.language import _

# What everyday files need.
_IN_MEMORY = 8 << 20
# An empty name: SQLite's own temporary file, which is made when the cache is full.
_SETTINGS = (
    "PRAGMA page_size = 8192",
    "PRAGMA cache_size = -8192",
    "PRAGMA journal_mode = OFF",
    "BEGIN",
)


class Tables:
    """A small database of one's own, made by the given statements."""

    def __init__(self, *statements: str) -> None:
        self._telling = _Telling()
        with self._telling:
            self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            for statement in (*_SETTINGS, *statements):
                self._database.execute(statement)

    def add(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Executes a statement for each row; others may be executed while rows are asked for."""
        with self._telling:
            self._database.executemany(statement, rows)

    def change(self, statement: str, *values: Any) -> int:
        """Executes a statement once; returns how many rows it changed."""
        with self._telling:
            return self._database.execute(statement, values).rowcount

    def ask(self, statement: str, *values: Any) -> Iterator[Any]:
        """The rows that answer a question, each fetched when it is asked for."""
        with self._telling:
            yield from self._database.execute(statement, values)

    def ask_one(self, statement: str, *values: Any) -> Any:
        """The first value of the first row that answers."""
        with self._telling:
            return self._database.execute(statement, values).fetchone()[0]

    def __del__(self) -> None:
        with suppress(AttributeError, sqlite3.Error):
            self._database.close()


class ScratchFile:
    """Takes a file's bytes one block after the other, and gives them by slices.

    What is too much for memory lies in ``folder``.
    """

    def __init__(self, folder: Path) -> None:
        self._telling, self._size = _Telling(str(folder)), 0
        # A rehearsal may come before the first run has made the folder.
        place = str(folder) if folder.is_dir() else None
        self._file = SpooledTemporaryFile(_IN_MEMORY, dir=place)  # noqa: SIM115 - kept open

    def write(self, block: bytes) -> None:
        """Adds a block behind the others."""
        with self._telling:
            self._file.seek(self._size)
            self._file.write(block)
            self._size += len(block)

    def clear(self) -> None:
        """Forgets all that was written."""
        with self._telling:
            self._file.seek(0)
            self._file.truncate()
            self._size = 0

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, end, _step = part.indices(self._size)
        with self._telling:
            self._file.seek(start)
            return self._file.read(max(end - start, 0))


class _Telling:
    """Turns the errors of a disk into one that people understand."""

    def __init__(self, where: str = "") -> None:
        self._where = where

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (OSError, sqlite3.OperationalError)):
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreachableError(
                _("a temporary file cannot be written ({reason})").format(reason=reason),
                self._where or _("the folder for temporary files"),
                _("make room on the disk, or give this account the right to write there"),
            ) from error
