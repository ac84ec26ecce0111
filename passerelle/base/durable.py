"""Files that survive a power cut: whole under their name, or not there.

New files and folders are the user's alone (0600, 0700), whatever the umask: they hold sales and
customers. On Windows they inherit the ACL of their folder, which is the administrator's to set.
What others must read, on a server or as a command's output, has ordinary permissions.

Every function may raise :class:`OSError`.
"""

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, TypeVar

T = TypeVar("T")
Data = bytes | Sequence[bytes | memoryview]
"""What a file is to hold: in one piece, or in several behind one another."""


def private(path: str, flags: int) -> int:
    """An opener for :func:`open`: a file that it creates is the user's alone."""
    return os.open(path, flags, 0o600)


def make_private_folder(path: Path) -> None:
    """Makes a folder that is the user's alone; one that is there already stays as it is."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_durably(path: Path, data: Data) -> None:
    """Writes a new file, for others to read, and waits until the disk has it. Not atomic.

    What stood under its name is removed: of a link the link itself, never what it leads to.
    """
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        _keep(file, data)


def rewrite_durably(path: Path, data: bytes) -> None:
    """Writes over a file that is never absent meanwhile; what is no plain file gives way."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return write_durably(path, data)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        return write_durably(path, data)
    follow_no_link = getattr(os, "O_NOFOLLOW", 0)
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags | follow_no_link)) as file:
        return _keep(file, data)


def create_privately(path: Path, data: Data) -> None:
    """The same, for the user alone."""
    path.unlink(missing_ok=True)
    with open(path, "xb", opener=private) as file:
        _keep(file, data)


def write_privately(path: Path, data: bytes) -> None:
    """Writes ``data`` over what a file holds, or into a new one that is the user's alone."""
    with open(path, "wb", opener=private) as file:
        _keep(file, data)


def _keep(file: BinaryIO, data: Data) -> None:
    file.writelines((data,) if isinstance(data, bytes) else data)
    file.flush()
    os.fsync(file.fileno())


def move_durably(old: Path, new: Path) -> None:
    """Renames ``old`` to ``new``, over whatever stands there, and waits until that is kept."""
    old.replace(new)
    _sync_folder(new.parent)


def replace_whole(path: Path, data: Data, *, shared: bool = False) -> None:
    """Writes a file beside ``path`` and moves it there: readers see the old one or the new one.

    It is the user's alone, unless it is ``shared``: a file that a person has named, beside which
    others of theirs may lie.
    """
    ending = f".{token_hex(4)}.part" if shared else ".part"
    part = path.with_name(path.name + ending)
    try:
        (write_durably if shared else create_privately)(part, data)
        move_durably(part, path)
    except (Exception, KeyboardInterrupt):
        with suppress(OSError):
            part.unlink()
        raise


def write_output(path: Path, data: Data) -> None:
    """Writes what a person asked for: into a device or pipe, else a file, whole or not at all.

    A link stays, and what it leads to is replaced.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            file.writelines((data,) if isinstance(data, bytes) else data)
    else:
        replace_whole(Path(os.path.realpath(path)), data, shared=True)


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
