"""Files that survive a power cut: whole under their name, or not there.

Every function may raise :class:`OSError`.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path


def write_durably(path: Path, data: bytes) -> None:
    """Writes ``data`` and waits until the disk has it. Not atomic."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def move_durably(old: Path, new: Path) -> None:
    """Renames ``old`` to ``new``, over whatever stands there, and waits until that is kept."""
    old.replace(new)
    _sync_folder(new.parent)


def replace_whole(path: Path, data: bytes) -> None:
    """Writes a file beside ``path`` and moves it there: readers see the old one or the new one."""
    part = path.with_name(path.name + ".part")
    try:
        write_durably(part, data)
        move_durably(part, path)
    except OSError:
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
