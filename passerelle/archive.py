"""ArchiveExport (each XML as it was sent), and Trace1 and Trace2 moving to ArchiveTrace.

On Windows a file that another program holds open cannot be moved or removed: that is no failure,
the next run tries again.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from passerelle.durable import make_private_folder, move_durably, replace_whole, write_privately
from passerelle.errors import UnreachableError

EXPORTS = "ArchiveExport"
TRACES = "ArchiveTrace"
TRACE_NAMES = ("Trace1", "Trace2")
_TIME = "%Y%m%d_%H%M%S"
# An XML has this ending until the ledger has promised to send it.
_PENDING = ".part"


class Exports:
    """The folder ``ArchiveExport``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / EXPORTS

    def free_name(self, name: str, at: datetime) -> str:
        """``name``, or ``name`` with the time in it where the archive has one already."""
        stem, dot, ending = name.rpartition(".")
        if not dot:
            stem, ending = name, ""
        candidate, moment = name, at
        while self._taken(candidate):
            candidate = f"{stem}_{moment:{_TIME}}{dot}{ending}"
            moment += timedelta(seconds=1)
        return candidate

    def _taken(self, name: str) -> bool:
        return (self.folder / name).exists()

    def write_pending(self, name: str, data: bytes) -> None:
        """Writes an XML, durably, under a name that says it was not sent yet."""
        path = self.folder / (name + _PENDING)
        try:
            make_private_folder(self.folder)
            write_privately(path, data)
        except OSError as error:
            raise UnreachableError(
                f"the archive cannot be written ({error.strerror or error})",
                str(path),
                "nothing was sent; make room or give this account the right to write there",
            ) from error

    def confirm(self, name: str) -> None:
        """Gives a pending XML its name; does nothing where it has it already."""
        with suppress(FileNotFoundError):
            move_durably(self.folder / (name + _PENDING), self.folder / name)

    def drop_unpromised(self) -> list[str]:
        """Removes XMLs that were written but never promised in the ledger; names them."""
        dropped = []
        for path in self.folder.glob(f"*{_PENDING}"):
            with suppress(OSError):
                path.unlink()
                dropped.append(path.name.removesuffix(_PENDING))
        return dropped

    def read(self, name: str, sha256: str) -> bytes | None:
        """The XML's bytes, or ``None`` where it is missing or not what was written."""
        with suppress(OSError):
            data = (self.folder / name).read_bytes()
            if hashlib.sha256(data).hexdigest() == sha256:
                return data
        return None


def rotate_traces(folder: Path, max_size: int, now: datetime, *, force: bool = False) -> list[Path]:
    """Moves both traces to ArchiveTrace when one is bigger than ``max_size`` bytes.

    Returns the files' new places. A trace that cannot be moved now stays.
    """
    traces = [path for name in TRACE_NAMES if (path := folder / f"{name}.txt").exists()]
    if not force and all(path.stat().st_size <= max_size for path in traces):
        return []
    return [place for path in traces if (place := _move_trace(path, now))]


def _move_trace(path: Path, now: datetime) -> Path | None:
    target = path.parent / TRACES / f"{path.stem}_{now:{_TIME}}.txt"
    with suppress(OSError):
        make_private_folder(target.parent)
        if not target.exists():
            return path.rename(target)
    return None


def keep_copy(path: Path, data: bytes) -> None:
    """Keeps a copy for people to look at; that it cannot be written fails nothing."""
    with suppress(OSError):
        replace_whole(path, data)


def prune(folder: Path, keep_exports: timedelta, keep_traces: timedelta, now: datetime) -> int:
    """Removes what is older than it has to be kept; returns how many files went."""
    old = [
        *_older(folder / EXPORTS, now - keep_exports),
        *_older(folder / TRACES, now - keep_traces),
    ]
    removed = 0
    for path in old:
        with suppress(OSError):
            path.unlink()
            removed += 1
    return removed


def _older(folder: Path, limit: datetime) -> Iterator[Path]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file() and entry.stat().st_mtime < limit.timestamp():
                yield Path(entry.path)
