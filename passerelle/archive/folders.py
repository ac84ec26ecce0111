"""ArchiveExport (each XML as it was sent), ArchiveWithheld (the goods of orders without one), and
Trace1 and Trace2 moving to ArchiveTrace.

On Windows a file that another program holds open cannot be moved or removed: that is no failure,
the next run tries again.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from passerelle.base.durable import (
    first_free,
    make_private_folder,
    move_durably,
    private,
    replace_whole,
    write_privately,
)
from passerelle.base.errors import UnreachableError
from passerelle.base.language import _
from passerelle.model.runs import TRACE_NAMES

EXPORTS = "ArchiveExport"
WITHHELD = "ArchiveWithheld"
TRACES = "ArchiveTrace"
TIME = "%Y%m%d_%H%M%S"
# An XML is in this folder of ArchiveExport, and has this ending, until the ledger has promised to
# send it: the archive itself, which may be large, is never listed by a run.
UNSENT, PENDING = "unsent", ".part"
# IO_REPARSE_TAG_MOUNT_POINT, which `stat` names on Windows only.
_JUNCTION = 0xA0000003


class Archives(Protocol):
    """Where archives are, by their names: this folder, or the ledger."""

    def open(self, archive: str, name: str) -> BinaryIO | None:
        """A file, from its start; ``None`` where none is kept. Raises :class:`OSError`."""

    def names(self, archive: str) -> Sequence[str]:
        """Of the files right in an archive, in their order."""

    def add(self, archive: str, name: str, data: bytes, at: datetime) -> None:
        """Adds to the end of a file. Raises :class:`OSError`."""


class FolderArchives:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, archive: str, name: str) -> BinaryIO | None:
        # One that is promised and not confirmed yet has another place.
        for path in (Path(name), Path(UNSENT, name + PENDING)):
            with suppress(FileNotFoundError):
                return (self._folder / archive / path).open("rb")
        return None

    def names(self, archive: str) -> Sequence[str]:
        return sorted(path.name for path in (self._folder / archive).glob("*"))

    def add(self, archive: str, name: str, data: bytes, at: datetime) -> None:
        path = self._folder / archive / name
        make_private_folder(path.parent)
        with open(path, "ab", opener=private) as file:
            file.write(data)


class Exports:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / EXPORTS
        self._unsent = self.folder / UNSENT

    def free_name(self, name: str, at: datetime) -> str:
        """``name``, or ``name`` with the time in it where the archive has one already."""
        stem, dot, ending = name.rpartition(".")
        if not dot:
            stem, ending = name, ""
        if not self.is_taken(name):
            return name
        return first_free(at, lambda moment: f"{stem}_{moment:{TIME}}{dot}{ending}", self.is_taken)[
            0
        ]

    def is_taken(self, name: str) -> bool:
        """Whether the archive has a file of that name."""
        return (self.folder / name).exists()

    def write_pending(self, name: str, data: bytes) -> None:
        """Writes an XML, durably, under a name that says it was not sent yet."""
        path = self._pending(name)
        try:
            make_private_folder(self.folder)
            make_private_folder(self._unsent)
            write_privately(path, data)
        except OSError as error:
            what = _("the archive cannot be written ({reason})")
            raise UnreachableError(
                what.format(reason=error.strerror or error),
                str(path),
                _("nothing was sent; make room or give this account the right to write there"),
            ) from error

    def confirm(self, name: str) -> None:
        """Gives a pending XML its name; does nothing where it has it already."""
        with suppress(FileNotFoundError):
            move_durably(self._pending(name), self.folder / name)
            self._tidy()

    def drop_unpromised(self) -> list[str]:
        """Removes XMLs that were written but never promised in the ledger; names them."""
        dropped = []
        for path in self._unsent.glob(f"*{PENDING}"):
            with suppress(OSError):
                path.unlink()
                dropped.append(path.name.removesuffix(PENDING))
        self._tidy()
        return dropped

    def _pending(self, name: str) -> Path:
        return self._unsent / (name + PENDING)

    def _tidy(self) -> None:
        with suppress(OSError):
            self._unsent.rmdir()

    def read(self, name: str, sha256: str) -> bytes | None:
        """The XML, or ``None`` where it is missing or not what was written."""
        with suppress(OSError):
            data = (self.folder / name).read_bytes()
            if hashlib.sha256(data).hexdigest() == sha256:
                return data
        return None


def rotate_traces(folder: Path, max_size: int, now: datetime, *, force: bool = False) -> list[Path]:
    """Moves both traces to ArchiveTrace when one is bigger than ``max_size`` bytes.

    Returns the files' new places. A trace that cannot be moved now stays.
    """
    traces = [path for name in TRACE_NAMES if (path := folder / name).exists()]
    if not force and all(path.stat().st_size <= max_size for path in traces):
        return []
    return [place for path in traces if (place := _move_trace(path, now))]


def _move_trace(path: Path, now: datetime) -> Path | None:
    target = path.parent / TRACES / f"{path.stem}_{now:{TIME}}.txt"
    with suppress(OSError):
        make_private_folder(target.parent)
        if not target.exists():
            return path.rename(target)
    return None


def keep_copy(path: Path, data: bytes) -> None:
    """Keeps a copy for people to look at; that it cannot be written fails nothing."""
    with suppress(OSError):
        replace_whole(path, data)


def kept_in(folder: Path) -> Iterator[Path]:
    """Every file below ``folder``, and every link, which is not followed: it leads elsewhere.

    The folder itself may be a link. A folder that cannot be listed comes itself: whoever opens it
    is told why.
    """
    try:
        paths = sorted(folder.iterdir())
    except FileNotFoundError:
        return
    except OSError:
        yield folder
        return
    for path in paths:
        if path.is_dir() and not is_link(path):
            yield from kept_in(path)
        else:
            yield path


def is_link(path: Path) -> bool:
    """Whether it is a symbolic link, or a junction, as Windows calls a linked folder."""
    return path.is_symlink() or getattr(path.lstat(), "st_reparse_tag", 0) == _JUNCTION


LAST_COPY = "Last_{name}"
