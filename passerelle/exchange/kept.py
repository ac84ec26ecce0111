"""Where the archives are: in the folder, or in the ledger, as ``[archive] store`` says."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from passerelle.archive.folders import EXPORTS, Archives, Exports, FolderArchives
from passerelle.config.model import Settings
from passerelle.ledger.kept import KeptBook
from passerelle.ledger.ledger import Ledger


def shelf_of(settings: Settings, ledger: Ledger) -> Archives:
    return ledger.kept if settings.keeps_in_ledger else FolderArchives(settings.folder)


def exports_of(settings: Settings, ledger: Ledger, now: Callable[[], datetime]) -> Exports:
    if settings.keeps_in_ledger:
        return KeptExports(settings, ledger.kept, now)
    return Exports(settings.folder)


class KeptExports(Exports):
    """ArchiveExport in the ledger: what one machine promised, the next one finds and sends."""

    def __init__(self, settings: Settings, book: KeptBook, now: Callable[[], datetime]) -> None:
        super().__init__(settings.folder)
        self._book, self._now = book, now

    def is_taken(self, name: str) -> bool:
        return self._book.is_kept(EXPORTS, name)

    def write_pending(self, name: str, data: bytes) -> None:
        self._book.write(EXPORTS, name, data, self._now(), pending=True)

    def confirm(self, name: str) -> None:
        self._book.confirm(EXPORTS, name)

    def drop_unpromised(self) -> list[str]:
        names = [file.name for file in self._book.files(EXPORTS) if file.is_pending]
        if names:
            self._book.remove(EXPORTS, names)
        return names

    def read(self, name: str, sha256: str) -> bytes | None:
        data = self._book.read(EXPORTS, name)
        is_whole = data is not None and hashlib.sha256(data).hexdigest() == sha256
        return data if is_whole else None
