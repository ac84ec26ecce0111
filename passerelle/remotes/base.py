"""What every kind of server can do, and how each failure is told apart.

Paths are relative to the server's base folder, separated by ``/``. Every method may raise

- :class:`NotFoundError`: no such file or folder,
- :class:`AccessDeniedError`: this account may not,
- :class:`TransientError`: connection lost, refused or too slow,
- :class:`PermanentError`: any other refusal,

and never takes one for another: an unreachable file is not an absent file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from passerelle.base.errors import NotFoundError, PermanentError, TransientError
from passerelle.base.language import _
from passerelle.base.slices import Sliced
from passerelle.model.location import clean_path

_FETCHES = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A file on a server.

    ``size`` in bytes and ``modified`` (aware, on the server's clock) are ``None`` where the
    server does not tell.
    """

    name: str
    size: int | None
    modified: datetime | None


class Sink(Protocol):
    """Where a fetched file goes, block by block; what it holds can be looked at by slices."""

    def write(self, block: bytes, /) -> object: ...
    def clear(self) -> None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> bytes: ...


class Memory:
    """A sink in memory, whose bytes are joined once they are asked for."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def write(self, block: bytes) -> None:
        """Adds a block behind the others."""
        self._blocks.append(block)

    def clear(self) -> None:
        """Forgets all that was written."""
        self._blocks.clear()

    def __len__(self) -> int:
        return sum(map(len, self._blocks))

    def __getitem__(self, part: slice) -> bytes:
        self._blocks = [b"".join(self._blocks)]
        return self._blocks[0][part]


class Remote(Protocol):
    """An open connection to one server's base folder."""

    def stat(self, path: str) -> Entry:
        """Size and time of one file."""
        ...

    def list_files(self, folder: str) -> list[Entry]:
        """The files of a folder (``""`` is the base folder), without its subfolders' content."""
        ...

    def fetch(self, path: str) -> bytes:
        """The file's bytes, exactly as they are on the server."""
        ...

    def fetch_into(self, path: str, sink: Sink) -> None:
        """The same into a sink, block by block, after what the sink held was forgotten."""
        ...

    def store(self, path: str, data: Sliced) -> None:
        """Writes ``data`` under ``path``, over whatever stands there. Not atomic.

        A file's slices are asked for anew by each attempt.
        """
        ...

    def rename(self, old: str, new: str) -> None:
        """Moves ``old`` to ``new``, which the caller has seen to be free."""
        ...

    def replace(self, old: str, new: str) -> None:
        """Moves ``old`` to ``new``, over whatever stands there."""
        ...

    def delete(self, path: str) -> None:
        """Removes one file."""
        ...

    def close(self) -> None:
        """Ends the connection. Never raises."""
        ...


def checked(path: str) -> str:
    """``path``, if it stays below the base folder and injects nothing; ``""`` is the base."""
    try:
        return clean_path(path) if path else ""
    except ValueError as error:
        raise PermanentError(_("file name refused"), repr(path), str(error)) from error


def find(remote: Remote, path: str) -> Entry | None:
    """Size and time of a file, or ``None`` where the server says that there is none."""
    try:
        return remote.stat(path)
    except NotFoundError:
        return None


def in_memory(remote: Remote, path: str) -> bytes:
    """The file's bytes, for remotes that know how to fetch into a sink."""
    memory = Memory()
    remote.fetch_into(path, memory)
    return memory[:]


def fetch_whole(
    remote: Remote, path: str, size: int, sink: Sink, check: Callable[[], None] = lambda: None
) -> None:
    """Fetches a file, anew where a cut transfer brought less than its ``size``.

    Some lines are cut without a word: both the bytes so far and a good reply arrive. ``check``
    is called after each fetch, and may raise. Raises :class:`TransientError` where it goes on so.
    """
    for _attempt in range(_FETCHES):
        remote.fetch_into(path, sink)
        check()
        if len(sink) == size:
            return
    what = _("{arrived} of {size} bytes arrived").format(arrived=len(sink), size=size)
    raise TransientError(what, path, _("the next run tries again"))


def is_gone(remote: Remote, path: str) -> bool:
    """Whether there is certainly no such file.

    A folder that is missing too proves nothing: a share may not be mounted, a home folder may
    have moved. Raises :class:`NotFoundError` for that.
    """
    try:
        remote.stat(path)
        return False
    except NotFoundError as error:
        if error.folder_seen:
            return True
    folder = path.rpartition("/")[0]
    try:
        remote.list_files(folder)
    except NotFoundError as error:
        raise NotFoundError(
            _("no such folder"),
            folder or _("the server's base folder"),
            _("nothing can be said of the files in it; create it, or mend the server's url"),
        ) from error
    return True


def replace_by_deleting(remote: Remote, old: str, new: str) -> None:
    """Replaces a file on servers that refuse to rename over one (IIS, FileZilla: 550, 553).

    For a moment no file has the name ``new``. Readers must take a missing file as no news, which
    the shop's import does. Where renaming was refused for another reason, ``new`` stays as it is.
    """
    try:
        remote.rename(old, new)
    except PermanentError:
        remote.stat(old)
        if find(remote, new) is None:
            raise
        remote.delete(new)
        remote.rename(old, new)
