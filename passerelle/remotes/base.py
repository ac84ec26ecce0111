"""What every kind of server can do, and how each failure is told apart.

Paths are relative to the server's base folder, separated by ``/``. Every method may raise

- :class:`NotFoundError`: no such file or folder,
- :class:`AccessDeniedError`: this account may not,
- :class:`TransientError`: connection lost, refused or too slow,
- :class:`PermanentError`: any other refusal,

and never takes one for another: an unreachable file is not an absent file.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from passerelle.base.errors import NotFoundError, PermanentError, TransientError
from passerelle.base.language import _
from passerelle.base.progress import moved
from passerelle.model.location import clean_path

_FETCHES = 3
# What a refusal refuses: each takes another right.
Deed = Literal["read", "write", "rename", "delete"]


class Entry(Struct, frozen=True):
    """A file on a server.

    ``size`` in bytes and ``modified`` (aware, on the server's clock) are ``None`` where the
    server does not tell.
    """

    name: str
    size: int | None
    modified: datetime | None


class Remote(Protocol):
    """An open connection to one server's base folder."""

    def stat(self, path: str) -> Entry:
        """Size and time of one file."""
        ...

    def list_files(self, folder: str) -> list[Entry]:
        """The files of a folder (``""`` is the base folder), without its subfolders' content."""
        ...

    def folder_number(self, folder: str) -> str:
        """What tells a folder from any other that stands in its place; ``""`` where nothing does.

        That of a folder that was deleted may be given to a new one.
        """
        ...

    def has_folder(self, path: str) -> bool:
        """Whether a folder stands there; not so of a file, nor where the folder above is missing.

        Raises :class:`AccessDeniedError` where this account may not look.
        """
        ...

    def fetch(self, path: str) -> bytes:
        """The file's bytes, exactly as they are on the server."""
        ...

    def store(self, path: str, data: bytes) -> None:
        """Writes ``data`` into a new file under ``path``. Not atomic.

        What stands there gives way first; of a link, the link itself. (FTP knows no new files.)
        """
        ...

    def rewrite(self, path: str, data: bytes) -> None:
        """Writes ``data`` over a file of ours, which is never absent meanwhile. Not atomic."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Moves ``old``, a file or a folder, to ``new``, which the caller has seen to be free."""
        ...

    def replace(self, old: str, new: str) -> None:
        """Moves ``old`` to ``new``, over whatever stands there."""
        ...

    def delete(self, path: str) -> None: ...

    def close(self) -> None:
        """Ends the connection. Never raises."""
        ...


def checked(path: str) -> str:
    """``path``, if it stays below the base folder and injects nothing; ``""`` is the base."""
    try:
        return clean_path(path) if path else ""
    except ValueError as error:
        raise PermanentError(_("file name refused"), repr(path), str(error)) from error


def right_to(deed: Deed) -> str:
    """What to do where this account may not."""
    match deed:
        case "read":
            return _("give this account the right to read it")
        case "write":
            return _("give this account the right to write there")
        case "delete":
            return _("give this account the right to delete there")
    right = _("give this account the right to rename there")
    return f"{right}; {_direct()}"


def no_renaming(words: str, where: str) -> PermanentError:
    """The server does not know how to rename; ``words`` are its own."""
    what = _("the server does not rename (it said {words})").format(words=words)
    return PermanentError(what, where, _direct())


def disk_full(where: str) -> PermanentError:
    return PermanentError(
        _("the server's disk is full, or this account's quota"),
        where,
        _("make room there, or have its keeper raise the quota; the next run tries again"),
    )


def _direct() -> str:
    return _('where renaming is forbidden, set publish = "direct" for this server (weaker)')


def find(remote: Remote, path: str) -> Entry | None:
    """Size and time of a file, or ``None`` where the server says that there is none."""
    try:
        return remote.stat(path)
    except NotFoundError:
        return None


def fetch_whole(
    remote: Remote, path: str, size: int, check: Callable[[], None] = lambda: None
) -> bytes:
    """Fetches a file, anew where a cut transfer brought less than its ``size``.

    Some lines are cut without a word: both the bytes so far and a good reply arrive. ``check``
    is called after each fetch, and may raise. Raises :class:`TransientError` where it goes on so.
    """
    for _attempt in range(_FETCHES):
        data = remote.fetch(path)
        check()
        if len(data) == size:
            return data
    what = _("{arrived} of {size} bytes arrived").format(arrived=len(data), size=size)
    raise TransientError(what, path, _("the next run tries again"))


def gather(receive: Callable[[], bytes]) -> bytes:
    """All blocks that are received, until an empty one."""
    blocks = []
    while block := receive():
        blocks.append(block)
        moved(len(block))
    return b"".join(blocks)


def is_gone(remote: Remote, path: str) -> bool:
    """Whether there is certainly no such file; raises as :func:`lying_at` does."""
    return lying_at(remote, path) is None


def lying_at(remote: Remote, path: str) -> Entry | None:
    """A file's size and time; ``None`` where there is certainly no such file.

    A folder that is missing too proves nothing: a share may not be mounted, a home folder may
    have moved. Raises :class:`NotFoundError` for that, and :class:`TransientError` where the
    folder's listing shows the file all the same.
    """
    try:
        return remote.stat(path)
    except NotFoundError as error:
        if error.folder_seen:
            return None
    folder, _slash, name = path.rpartition("/")
    try:
        listed = [entry.name for entry in remote.list_files(folder)]
    except NotFoundError as error:
        raise NotFoundError(
            _("no such folder"),
            folder or _("the server's base folder"),
            _("nothing can be said of the files in it; create it, or mend the server's url"),
        ) from error
    if name in listed:
        what = _("the server lists the file, and says that there is none")
        raise TransientError(what, path, _("the next run tries again"))
    return None


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
