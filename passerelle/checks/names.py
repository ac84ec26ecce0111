"""Whether every file that runs will write has a name that Windows takes.

By default Windows counts no more than 259 characters, the folders included:
https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation
"""

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from passerelle.archive import EXPORTS, PENDING, TIME, TRACES, UNSENT
from passerelle.checks.findings import Finding, warning
from passerelle.config import Location, Settings
from passerelle.dispatch import TMP
from passerelle.language import _
from passerelle.ledger.ledger import FILE_NAME as LEDGER
from passerelle.remotes.folder import base_folder
from passerelle.trace import TRACE_NAMES

_WINDOWS_LIMIT = 259
_STAMP = f"{datetime(2026, 1, 1):{TIME}}"  # noqa: DTZ001 - only its length counts
# The longest of what SQLite keeps beside a database while it writes.
_JOURNAL = "-journal"


def check_names(settings: Settings, limit: int | None) -> Iterator[Finding]:
    """A warning where a name will be longer than ``limit``; ``None``: nothing limits names."""
    longest = max(_written(settings), key=_length)
    if limit is None or _length(longest) <= limit:
        return
    found = _("runs will write a name of {length} characters, and Windows takes {limit}: {name}")
    mend = _("choose a shorter folder, or have Windows' long paths enabled (LongPathsEnabled)")
    told = found.format(length=_length(longest), limit=limit, name=longest)
    yield warning("names", told, mend)


def limit_of_names() -> int | None:
    """How long a name may be on this machine, as the system tells it."""
    if sys.platform != "win32":
        return None
    import ctypes

    # Tells whether the administrator and the program's manifest both allow more.
    allowed = getattr(ctypes.windll.ntdll, "RtlAreLongPathsEnabled", None)
    return None if allowed is not None and allowed() & 0xFF else _WINDOWS_LIMIT


def _length(path: Path) -> int:
    """As Windows counts: some signs are two."""
    return len(str(path).encode("utf-16-le", errors="surrogatepass")) // 2


def _written(settings: Settings) -> Iterator[Path]:
    """The longest names that runs write, in each place."""
    from passerelle.runs.stock_publication import LAST_COPY  # it imports numpy

    folder = settings.folder.absolute()
    yield folder / f"{LEDGER}{_JOURNAL}"
    for trace in TRACE_NAMES:
        yield folder / TRACES / f"{Path(trace).stem}_{_STAMP}.txt"
    if settings.stock:
        yield folder / f"{LAST_COPY.format(name=settings.stock.to.name)}{PENDING}"
        yield from _published(settings, settings.stock.to)
    for shop, section in settings.pool.shops.items() if settings.pool else ():
        copy = LAST_COPY.format(name=f"{shop}_{section.stock_to.name}")
        yield folder / f"{copy}{PENDING}"
        yield from _published(settings, section.stock_to)
    if settings.orders:
        name = Path(settings.orders.to.name.replace("{time}", _STAMP))
        # A name that the archive has already gets the time of now.
        yield folder / EXPORTS / UNSENT / f"{name.stem}_{_STAMP}{name.suffix}{PENDING}"
        yield from _published(settings, settings.orders.to)
    yield from _sales(settings)


def _sales(settings: Settings) -> Iterator[Path]:
    if settings.fulfil.enabled and settings.fulfil.to:
        name = settings.fulfil.to.name.replace("{time}", _STAMP).replace("{id}", "9" * 10)
        place = settings.fulfil.to.with_name(name)
        path = Path(name)
        yield settings.folder.absolute() / EXPORTS / f"{path.stem}_{_STAMP}{path.suffix}{PENDING}"
        yield from _published(settings, place)


def _published(settings: Settings, place: Location) -> Iterator[Path]:
    """A file on a server that is a folder."""
    url = settings.servers[place.server].url
    if urlsplit(url).scheme == "file":
        yield base_folder(url) / (place.path.replace("{time}", _STAMP) + TMP)
