"""A folder of this machine, or of a network share, standing in for a server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from passerelle.base.deadline import Deadline
from passerelle.base.durable import move_durably, write_durably
from passerelle.base.errors import (
    AccessDeniedError,
    AlreadyThereError,
    NotFoundError,
    PermanentError,
    TransientError,
)
from passerelle.base.language import _
from passerelle.base.progress import moved
from passerelle.config.servers import Server
from passerelle.remotes.base import Entry, checked, gather

_CHUNK = 1 << 20


class FolderRemote:
    """Files below a folder. Sizes and times are the file system's."""

    def __init__(self, name: str, server: Server, _password: str, _deadline: Deadline) -> None:
        self._name = name
        self._base = base_folder(server.url)
        self._check_base()

    def stat(self, path: str) -> Entry:
        with self._telling(path):
            return _entry(self._path(path))

    def list_files(self, folder: str) -> list[Entry]:
        with self._telling(folder):
            return [_entry(path) for path in self._path(folder).iterdir() if path.is_file()]

    def fetch(self, path: str) -> bytes:
        with self._telling(path), self._path(path).open("rb") as file:
            return gather(lambda: file.read(_CHUNK))

    def store(self, path: str, data: bytes) -> None:
        with self._telling(path):
            write_durably(self._path(path), data)
            moved(len(data))

    def rename(self, old: str, new: str) -> None:
        with self._telling(old):
            if self._path(new).exists():
                raise AlreadyThereError(_("the name is taken"), f"{self._name}:{new}")
            move_durably(self._path(old), self._path(new))

    def replace(self, old: str, new: str) -> None:
        with self._telling(old):
            move_durably(self._path(old), self._path(new))

    def delete(self, path: str) -> None:
        with self._telling(path):
            self._path(path).unlink()

    def close(self) -> None:
        """Nothing to end."""

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
            reason = error.strerror or type(error).__name__
            what = _("the folder failed ({reason})").format(reason=reason)
            raise TransientError(what, where, _("try again")) from error


def base_folder(url: str) -> Path:
    """The folder that a ``file://`` url names."""
    parts = urlsplit(url)
    # file://host/share is the UNC path \\host\share.
    host = f"//{parts.netloc}" if parts.netloc else ""
    return Path(url2pathname(host + parts.path))


def _entry(path: Path) -> Entry:
    status = path.stat()
    if not path.is_file():
        raise FileNotFoundError(path)
    return Entry(path.name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
