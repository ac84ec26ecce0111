"""XMLs as they were sent, one face for those in the folder and those in the ledger."""

from pathlib import Path
from typing import Protocol

from msgspec import Struct

from passerelle.archive.folders import PENDING, is_link
from passerelle.base.durable import remove, rewrite_whole
from passerelle.base.language import _
from passerelle.ledger.kept import KeptBook, KeptFile


class KeptXml(Protocol):
    """An XML, wherever it is kept. ``name`` is as it was sent, ``shown`` with its archive."""

    @property
    def name(self) -> str: ...
    @property
    def shown(self) -> str: ...
    @property
    def is_pending(self) -> bool: ...
    def read(self) -> bytes: ...
    def rewrite(self, data: bytes) -> None: ...
    def remove(self) -> None: ...


class InFolder(Struct, frozen=True):
    path: Path
    shown: str

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(PENDING)

    @property
    def is_pending(self) -> bool:
        return self.path.name.endswith(PENDING)

    def read(self) -> bytes:
        return read_file(self.path)

    def rewrite(self, data: bytes) -> None:
        rewrite_whole(self.path, data)

    def remove(self) -> None:
        remove(self.path)


class InLedger(Struct, frozen=True):
    book: KeptBook
    file: KeptFile

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def shown(self) -> str:
        return f"{self.file.archive}/{self.file.name}"

    @property
    def is_pending(self) -> bool:
        return self.file.is_pending

    def read(self) -> bytes:
        return self.book.read(self.file.archive, self.file.name) or b""

    def rewrite(self, data: bytes) -> None:
        self.book.rewrite(self.file.archive, self.file.name, data)

    def remove(self) -> None:
        self.book.remove(self.file.archive, [self.file.name])


def read_file(path: Path) -> bytes:
    if is_link(path):
        raise ValueError(_("it is a link, and links are not followed: look where it leads"))
    return path.read_bytes()
