"""Fetching the files that others write, whole or not at all, and reading the servers' clocks.

The shop and the ERP upload straight to the final name, so a half-written file can be seen: a
young file is measured twice, what arrives must have the size that was told, and the file must
not have changed meanwhile. Where a server tells less, less is promised, and that is said.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from passerelle.base.deadline import Deadline
from passerelle.base.errors import (
    NotFoundError,
    NotReadyError,
    PasserelleError,
    PermanentError,
)
from passerelle.base.language import _, n_
from passerelle.base.lookalikes import named_alike
from passerelle.base.progress import step
from passerelle.base.wording import in_words
from passerelle.config.model import Settings
from passerelle.exchange.live_levels import fetch_levels
from passerelle.exchange.uploads import tmp_name
from passerelle.ledger.ledger import Ledger
from passerelle.model.location import Location
from passerelle.model.records import CLOCK_SLACK
from passerelle.remotes.base import Entry, Remote, fetch_whole

_YOUNG = timedelta(minutes=1)
_PROBE = b"Passerelle reads the server's clock from this file's time.\n"


class Source(Struct, frozen=True):
    """A fetched file: its content, its time on the server's clock, its age by that same clock.

    ``notes`` say what could not be made sure of, because the server does not tell. ``is_live``: no
    file, but levels that were just asked for; ``modified`` is when they count from.
    """

    place: Location
    data: bytes
    modified: datetime | None
    age: timedelta | None
    notes: tuple[str, ...] = ()
    is_live: bool = False

    def describe(self) -> str:
        """Name, size and age in words."""
        size = n_("{n} byte", "{n} bytes", len(self.data))
        return _(": ").join((self.place.name, f"{size}, {self._written()}"))

    def fact(self, now: datetime) -> dict[str, Any]:
        """What the ledger keeps of it; ``written`` is on our clock, in ISO 8601."""
        written = now if self.is_live else None if self.age is None else now - self.age
        told = written.isoformat(timespec="seconds") if written else None
        return {"place": str(self.place), "size": len(self.data), "written": told}

    def _written(self) -> str:
        if self.is_live:
            return _("as it is now")
        if self.age is None:
            return _("of unknown age")
        if self.age < -CLOCK_SLACK:
            return _("dated {span} in the future").format(span=in_words(-self.age))
        return _("written {span} ago").format(span=in_words(max(self.age, timedelta(0))))


class Sources:
    """Reads files and clocks through ``remote``, which opens a server by name."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        remote: Callable[[str], Remote],
        now: Callable[[], datetime],
        deadline: Deadline,
    ) -> None:
        self._settings, self._ledger, self._remote = settings, ledger, remote
        self._now, self._deadline = now, deadline

    def fetch(self, place: Location) -> Source:
        """The file at ``place``.

        Raises :class:`NotReadyError` while it is being written, :class:`NotFoundError` where
        there is none, and what servers raise.
        """
        if place.server in self._settings.connectors:
            return self._levels(place)
        remote = self._remote(place.server)
        try:
            entry = remote.stat(place.path)
        except NotFoundError as error:
            still = _("look whether the shop or the ERP still writes it")
            mend = named_alike_there(remote, place.path) or still
            raise NotFoundError(_("no such file"), str(place), mend) from error
        age = self.age(place.server, entry)
        if age is None or age < _YOUNG:
            self._wait_until_settled(remote, place, entry)
        data = self._read(remote, place, entry)
        return Source(place, data, entry.modified, age, tuple(_weaker_promises(entry)))

    def _levels(self, place: Location) -> Source:
        now = self._now()
        data, modified = fetch_levels(self._settings, place, now)
        return Source(place, data, modified, now - modified, is_live=True)

    def age(self, server: str, entry: Entry) -> timedelta | None:
        """How old a file is, by its server's clock; ``None`` where that cannot be told.

        Negative for a file from the future, which proves that some clock is wrong.
        """
        offset = self._ledger.stock.clock_offset(server)
        if entry.modified is None or offset is None:
            return None
        return self._now() + offset - entry.modified

    def measure_clock(self, beside: Location) -> timedelta | None:
        """Measures how far the server's clock is ahead, with a probe file beside another.

        ``None`` where this account may not write there or the server tells no times.
        """
        if beside.server in self._settings.connectors:  # its levels are dated by our own
            self._ledger.stock.set_clock_offset(beside.server, timedelta(0), self._now())
            return timedelta(0)
        server, path = beside.server, tmp_name(beside.path, self._ledger.servers.token)
        remote = self._remote(server)
        try:
            remote.store(path, _PROBE)
            now = self._now()
            modified = remote.stat(path).modified
            remote.delete(path)
        except PermanentError:
            return None
        if modified is None:
            return None
        self._ledger.stock.set_clock_offset(server, modified - now, now)
        return modified - now

    def _wait_until_settled(self, remote: Remote, place: Location, entry: Entry) -> None:
        settle = self._settings.servers[place.server].settle
        if not settle:
            return
        with step(_("waiting whether {file} still grows").format(file=place.name)):
            self._deadline.sleep(settle)
        self._check_unchanged(remote, place, entry)

    def _check_unchanged(self, remote: Remote, place: Location, entry: Entry) -> None:
        again = remote.stat(place.path)
        if again.size != entry.size:
            why = _("it went from {before} to {after} bytes meanwhile")
            raise _not_ready(place, why.format(before=entry.size, after=again.size))
        if again.modified != entry.modified:
            raise _not_ready(place, _("it was written to meanwhile"))

    def _read(self, remote: Remote, place: Location, entry: Entry) -> bytes:
        """Without sizes from the server, two equal readings must do."""

        def check() -> None:
            self._check_unchanged(remote, place, entry)

        if entry.size is not None:
            return fetch_whole(remote, place.path, entry.size, check)
        data = remote.fetch(place.path)
        check()
        if remote.fetch(place.path) != data:
            raise _not_ready(place, _("two readings of it differed"))
        return data


def named_alike_there(remote: Remote, path: str) -> str:
    """What to do where a file is missing, and one whose name is like it lies in its folder.

    Nor does it raise, nor say more, where the folder cannot be listed.
    """
    folder, _slash, name = path.rpartition("/")
    with suppress(PasserelleError):
        return named_alike(name, [entry.name for entry in remote.list_files(folder)])
    return ""


def _weaker_promises(entry: Entry) -> Iterator[str]:
    """What a server without SIZE or MDTM leaves open."""
    if entry.size is None:
        yield _(
            "the server does not tell the size of {file}: two equal readings had to do, "
            "and only its last line's end shows that it is whole"
        ).format(file=entry.name)
    if entry.modified is None:
        text = _("the server does not tell when {file} was written: its age is not known")
        yield text.format(file=entry.name)


def _not_ready(place: Location, why: str) -> NotReadyError:
    what = _("the file is still being written ({why})").format(why=why)
    return NotReadyError(what, str(place), _("the next run tries again"))
