"""A look at the servers: which of the chain's files are there, how big, how old.

Changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from passerelle.config import Location, Settings
from passerelle.errors import PasserelleError
from passerelle.ledger import Dispatch, Ledger
from passerelle.remotes import Remote, find, is_gone


@dataclass(frozen=True, slots=True)
class Sight:
    """A file as seen on its server; ``written`` is on our clock, ``None`` where it is not told."""

    present: bool
    size: int | None = None
    written: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sights:
    """What was seen ``at`` that time, and the servers that could not be looked at."""

    at: datetime
    files: Mapping[Location, Sight] = field(default_factory=dict)
    unreachable: Mapping[str, PasserelleError] = field(default_factory=dict)


def look_around(
    settings: Settings, ledger: Ledger, remote: Callable[[str], Remote], now: datetime
) -> Sights:
    """Looks for the files that the chain lives by; ``remote`` opens a server by name.

    A server that cannot be reached is noted, and the others are looked at.
    """
    files: dict[Location, Sight] = {}
    unreachable: dict[str, PasserelleError] = {}
    for place in _places(settings, ledger.dispatches.untaken()):
        if place.server in unreachable or place.server not in settings.servers:
            continue
        try:
            files[place] = _look(ledger, remote(place.server), place)
        except PasserelleError as error:
            unreachable[place.server] = error
    return Sights(now, files, unreachable)


def _places(settings: Settings, untaken: list[Dispatch]) -> list[Location]:
    places = [dispatch.place for dispatch in untaken]
    places += [settings.orders.source] if settings.orders else []
    places += [settings.stock.source, settings.stock.to] if settings.stock else []
    return places


def _look(ledger: Ledger, remote: Remote, place: Location) -> Sight:
    entry = find(remote, place.path)
    if entry is None:
        is_gone(remote, place.path)  # raises where the folder itself cannot be seen
        return Sight(present=False)
    offset = ledger.stock.clock_offset(place.server)
    written = entry.modified - offset if entry.modified and offset is not None else entry.modified
    return Sight(True, entry.size, written)
