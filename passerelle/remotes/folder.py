"""A folder of this machine, or of a network share, standing in for a server.

A share that died answers nothing, and lets go of nobody: whatever touches it is done in a thread
that the run's deadline leaves behind.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISDIR
from typing import TypeVar

from passerelle.base.deadline import Deadline
from passerelle.base.durable import move_durably, rewrite_durably, write_durably
from passerelle.base.errors import (
    AccessDeniedError,
    AlreadyThereError,
    NotFoundError,
    PermanentError,
    TransientError,
)
from passerelle.base.language import _
from passerelle.base.progress import moved
from passerelle.config.servers import Server, base_folder
from passerelle.remotes.base import Entry, checked, disk_full, gather

T = TypeVar("T")
_CHUNK = 1 << 20


class FolderRemote:
    """Files below a folder. Sizes and times are the file system's."""

    def __init__(self, name: str, server: Server, _password: str, deadline: Deadline) -> None:
        self._name, self._deadline = name, deadline
        self._base = base_folder(server.url)
        deadline.outlast(self._check_base)

    def stat(self, path: str) -> Entry:
        return self._do(path, lambda: _entry(self._path(path)))

    def list_files(self, folder: str) -> list[Entry]:
        return self._do(folder, lambda: list(_entries(self._path(folder))))

    def folder_number(self, folder: str) -> str:
        """Its file system's number and its own there; some file systems number nothing: 0."""
        status = self._do(folder, lambda: self._path(folder).stat())
        return f"{status.st_dev:x}:{status.st_ino:x}" if status.st_ino else ""

    def has_folder(self, path: str) -> bool:
        with suppress(NotFoundError):
            return S_ISDIR(self._do(path, lambda: self._path(path).stat().st_mode))
        return False

    def fetch(self, path: str) -> bytes:
        def fetch() -> bytes:
            with self._path(path).open("rb") as file:
                return gather(lambda: file.read(_CHUNK))

        return self._do(path, fetch)

    def store(self, path: str, data: bytes) -> None:
        """Of a link that stands under ``path``, the link itself gives way, never its target."""
        try:
            self._do(path, lambda: write_durably(self._path(path), data))
        except (NotFoundError, AccessDeniedError) as error:
            error.is_undone = True  # it could not even be opened
            raise
        moved(len(data))

    def rewrite(self, path: str, data: bytes) -> None:
        self._do(path, lambda: rewrite_durably(self._path(path), data))

    def rename(self, old: str, new: str) -> None:
        def move() -> None:
            if os.path.lexists(self._path(new)):
                raise AlreadyThereError(_("the name is taken"), f"{self._name}:{new}")
            move_durably(self._path(old), self._path(new))

        self._do(old, move)

    def replace(self, old: str, new: str) -> None:
        self._do(old, lambda: move_durably(self._path(old), self._path(new)))

    def delete(self, path: str) -> None:
        self._do(path, lambda: self._path(path).unlink())

    def close(self) -> None:
        """Nothing to end."""

    def _do(self, path: str, act: Callable[[], T]) -> T:
        def deed() -> T:
            with self._telling(path):
                return act()

        return self._deadline.outlast(deed)

    def _path(self, path: str) -> Path:
        relative = checked(path)
        if os.name == "nt" and ":" in relative:
            mend = _('Windows forbids ":" in names')
            raise PermanentError(_("file name refused"), repr(path), mend)
        return self._base / relative

    def _check_base(self) -> None:
        """Without its base folder, all files would seem absent: say a share's that is not there."""
        if not self._base.is_dir():
            raise TransientError(
                _("the folder cannot be reached"),
                f"{self._name} ({self._base})",
                _("create it, connect its share, or mend the server's url"),
            )

    @contextmanager
    def _telling(self, path: str) -> Iterator[None]:
        where = f"{self._name}:{path}"
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            self._check_base()
            raise NotFoundError(_("no such file"), where) from error
        except PermissionError as error:
            if os.name == "nt" and getattr(error, "winerror", None) == 32:
                raise TransientError(
                    _("another program holds the file open"), where, _("close it there")
                ) from error
            raise AccessDeniedError(
                _("access denied"), where, _("give this account the right to it")
            ) from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise disk_full(where) from error
            if error.errno == errno.ENAMETOOLONG:
                mend = _("choose a shorter one in config.toml")
                raise PermanentError(_("the name is too long"), where, mend) from error
            reason = error.strerror or type(error).__name__
            what = _("the folder failed ({reason})").format(reason=reason)
            raise TransientError(what, where, _("try again")) from error


def _entry(path: Path) -> Entry:
    status = path.stat()
    if not path.is_file():
        raise FileNotFoundError(path)
    return Entry(path.name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _entries(folder: Path) -> Iterator[Entry]:
    for path in folder.iterdir():
        # What is no file, or was taken meanwhile.
        with suppress(FileNotFoundError):
            if path.is_file():
                yield _entry(path)
