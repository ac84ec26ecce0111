"""Files that survive a power cut: whole under their name, or not there.

New files and folders are the user's alone (0600, 0700), whatever the umask: they hold sales and
customers. On Windows they inherit the ACL of their folder, which is the administrator's to set.
What others must read, on a server or as a command's output, has ordinary permissions.

Every function may raise :class:`OSError`.
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TypeVar

T = TypeVar("T")


def private(path: str, flags: int) -> int:
    """An opener for :func:`open`: a file that it creates is the user's alone."""
    return os.open(path, flags, 0o600)


def make_private_folder(path: Path) -> None:
    """Makes a folder that is the user's alone; one that is there already stays as it is."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_durably(path: Path, data: bytes) -> None:
    """Writes ``data``, for others to read, and waits until the disk has it. Not atomic."""
    with path.open("wb") as file:
        _keep(file, data)


def write_privately(path: Path, data: bytes) -> None:
    """The same, for the user alone."""
    with open(path, "wb", opener=private) as file:
        _keep(file, data)


def _keep(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def move_durably(old: Path, new: Path) -> None:
    """Renames ``old`` to ``new``, over whatever stands there, and waits until that is kept."""
    old.replace(new)
    _sync_folder(new.parent)


def replace_whole(path: Path, data: bytes, *, shared: bool = False) -> None:
    """Writes a file beside ``path`` and moves it there: readers see the old one or the new one.

    It is the user's alone, unless it is ``shared``.
    """
    part = path.with_name(path.name + ".part")
    try:
        (write_durably if shared else write_privately)(part, data)
        move_durably(part, path)
    except (Exception, KeyboardInterrupt):
        with suppress(OSError):
            part.unlink()
        raise


def rewrite_whole(path: Path, data: bytes) -> None:
    """Replaces a file that is there, wholly; its times and its protection stay what they were.

    A file marked read-only is replaced too: Windows refuses that as long as the mark is there.
    """
    before = path.stat()
    path.chmod(before.st_mode | stat.S_IWRITE)
    try:
        replace_whole(path, data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    finally:
        path.chmod(before.st_mode)


def remove(path: Path) -> None:
    """Removes a file, also one marked read-only, which Windows refuses."""
    try:
        path.unlink()
    except PermissionError:
        path.chmod(path.stat().st_mode | stat.S_IWRITE)
        path.unlink()


def _sync_folder(folder: Path) -> None:
    """A rename is kept once its folder is; Windows does that by itself."""
    if os.name == "nt":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def first_free(
    at: datetime, named: Callable[[datetime], T], is_taken: Callable[[T], bool]
) -> tuple[T, datetime]:
    """The name with the time ``at`` or, second by second, the next that is free; and its time."""
    while is_taken(name := named(at)):
        at += timedelta(seconds=1)
    return name, at
