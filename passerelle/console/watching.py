"""Whether something happened that the page shows: by the files that runs and people write."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from passerelle.base.lock import OWNER_NAME
from passerelle.base.wording import to_json
from passerelle.ledger.ledger import FILE_NAME as LEDGER
from passerelle.ledger.till_tables import FILE_NAME as TILL_BOOK

_LOOK_SECONDS = 0.5
# The page tells ages, and what has not happened in time.
_ANEW_SECONDS = 60.0
State = tuple[tuple[int, int] | None, ...]


async def changes(config: Path, folder: Path) -> AsyncIterator[bytes]:
    """Server-sent events: ``changed`` when the page is to be fetched again."""
    yield event_of("hello", {})
    clock = asyncio.get_running_loop().time
    seen, told = state_of(config, folder), clock()
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        found = state_of(config, folder)
        if found != seen or clock() - told > _ANEW_SECONDS:
            seen, told = found, clock()
            yield event_of("changed", {})


def event_of(kind: str, value: object) -> bytes:
    """As https://html.spec.whatwg.org/multipage/server-sent-events.html asks for it."""
    return f"event: {kind}\ndata: {to_json(value)}\n\n".encode()


def state_of(config: Path, folder: Path) -> State:
    """Sizes and times: none is opened, so that no lock of SQLite's is let go."""
    return tuple(_look(path) for path in _files(config, folder))


def _files(config: Path, folder: Path) -> Iterator[Path]:
    yield config
    yield folder / OWNER_NAME
    for name in (LEDGER, TILL_BOOK):
        yield folder / name
        yield folder / f"{name}-wal"


def _look(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
