"""A probe file goes through a publication: written, read back, renamed, replaced, deleted.

Its name is like no other and ends in ``.tmp``, which no ERP or shop imports. Whatever fails, what
was written is deleted again, as far as the server lets.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from secrets import token_hex

from passerelle.base.errors import NotFoundError, PasserelleError, PermanentError
from passerelle.base.language import _
from passerelle.remotes.base import Entry, Remote

_FIRST = b"Passerelle tries whether it may write here.\r\n"
_SECOND = b"Passerelle tries whether it may replace a file here.\r\n"


class Probe:
    """A trial in one folder of a server. ``direct``: the server forbids renaming, so do not try.

    Afterwards ``played`` says whether all went well, ``tells_size`` whether sizes are told,
    ``offset`` how far the server's clock is ahead of ours (``None`` where no times are told),
    ``left`` what could not be deleted again.
    """

    def __init__(self, remote: Remote, folder: str, *, direct: bool) -> None:
        self._remote, self.folder, self.direct = remote, folder, direct
        stem = f"passerelle-check-{token_hex(4)}"
        prefix = f"{folder}/" if folder else ""
        self._new, self._old = (f"{prefix}{stem}-{n}.tmp" for n in (1, 2))
        self.played = self.tells_size = False
        self.offset: timedelta | None = None
        self.left: list[str] = []

    def play(self) -> None:
        """Does everything that a publication does.

        Raises :class:`PasserelleError` for the first thing that fails.
        """
        try:
            self._write(_FIRST)
            if not self.direct:
                self._remote.rename(self._new, self._old)
            self._write(_SECOND)
            if not self.direct:
                self._remote.replace(self._new, self._old)
                self._read_back(self._old, _SECOND)
            self._remote.delete(self._new if self.direct else self._old)
            self.played = True
        finally:
            self._clean_up()

    def _write(self, data: bytes) -> None:
        self._remote.store(self._new, data)
        now = datetime.now(UTC)
        entry = self._remote.stat(self._new)
        self._note(entry, now)
        self._read_back(self._new, data)

    def _note(self, entry: Entry, now: datetime) -> None:
        self.tells_size = entry.size is not None
        self.offset = entry.modified - now if entry.modified else None

    def _read_back(self, path: str, data: bytes) -> None:
        if self._remote.fetch(path) != data:
            what = _("a file reads back otherwise than it was written")
            raise PermanentError(what, path, _("ask the server's keeper"))

    def _clean_up(self) -> None:
        """Deletes what may be there; only a name that is certainly gone counts as deleted."""
        for path in (self._new, self._old):
            try:
                with suppress(NotFoundError):
                    self._remote.delete(path)
            except PasserelleError:
                self.left.append(path)
