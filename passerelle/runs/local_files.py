"""Local files that a command reads beside any run, and what came out of them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from passerelle.base.durable import Data
from passerelle.base.errors import NotReadyError, RejectedError, UnreachableError
from passerelle.base.language import _


class Rehearsal(Struct, frozen=True):
    """What came out: the bytes, a report for people, and what was rejected, if anything."""

    data: Data
    report: Sequence[str]
    rejected: RejectedError | None


def read_local(path: Path) -> bytes:
    """A local file's bytes.

    Raises :class:`UnreachableError` where it cannot be read, and :class:`NotReadyError` where it
    is written to meanwhile.
    """
    try:
        with path.open("rb") as file:
            before = _size_and_time(file)
            data = file.read()
            after = _size_and_time(file)
    except OSError as error:
        what = _("the file cannot be read")
        raise UnreachableError(what, str(path), error.strerror or "") from error
    if before != after:
        raise NotReadyError(
            _("the file was written to while it was read"),
            str(path),
            _("wait until it is whole, then try again"),
        )
    return data


def _size_and_time(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns
