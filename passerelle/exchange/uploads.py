"""Bytes onto a server, whole or not at all, and free names for them."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from passerelle.base.durable import first_free
from passerelle.base.errors import NotFoundError, PermanentError, TransientError, VanishedError
from passerelle.base.language import _
from passerelle.model.location import Location
from passerelle.model.records import Dispatch
from passerelle.remotes.base import Entry, Remote, fetch_whole, is_gone

ATTEMPTS = 3


def tmp_name(path: str, token: str) -> str:
    """The name under which a file goes up: with the ledger's token, so nobody else's is like it."""
    return f"{path}.{token}.tmp"


def store_whole(remote: Remote, path: str, data: bytes) -> Entry:
    """Uploads ``data`` until all of it arrived, a few times; returns the file as it is there.

    Some lines are cut without a word, as :func:`fetch_whole` knows too. Raises
    :class:`TransientError` where it goes on so, and :class:`VanishedError` where another has taken
    the file meanwhile: then it is not sent again.
    """
    for attempt in range(ATTEMPTS):
        try:
            _store(remote, path, data)
        except PermanentError as error:
            error.is_undone = error.is_undone and attempt == 0
            raise
        entry = _look_at(remote, path)
        if is_whole(remote, path, entry, len(data), lambda: hashlib.sha256(data).hexdigest()):
            return entry
    text = _("the upload did not arrive whole ({arrived} of {size} bytes)")
    raise TransientError(text.format(arrived=entry.size, size=len(data)), path)


def store_to_the_letter(remote: Remote, path: str, data: bytes, place: Location) -> Entry:
    """The same, and reads it back: what arrived is what was sent, byte for byte."""
    for _attempt in range(ATTEMPTS):
        entry = store_whole(remote, path, data)
        if fetch_whole(remote, path, len(data)) == data:
            return entry
        remote.delete(path)
    raise TransientError(_("the upload reads back otherwise"), str(place), _("try again"))


def _store(remote: Remote, path: str, data: bytes) -> None:
    try:
        remote.store(path, data)
    except NotFoundError as error:
        folder = path.rpartition("/")[0] or _("the server's base folder")
        mend = _("create it on the server, or mend the path in config.toml")
        missing = NotFoundError(_("no such folder"), folder, mend)
        missing.is_undone = error.is_undone
        raise missing from error


def _look_at(remote: Remote, path: str) -> Entry:
    try:
        return remote.stat(path)
    except NotFoundError as error:
        if not is_gone(remote, path):
            return remote.stat(path)
        mend = _(
            "if whoever reads that folder takes files as soon as they are there, set "
            'publish = "direct" and takes_at_once = true for this server'
        )
        raise VanishedError(_("the upload was gone at once"), path, mend) from error


def is_whole(remote: Remote, path: str, entry: Entry, size: int, sha256: Callable[[], str]) -> bool:
    """Whether a file on the server is what was sent; read back where no size is told."""
    if entry.size is not None:
        return entry.size == size
    return hashlib.sha256(remote.fetch(path)).hexdigest() == sha256()


def is_unaltered(remote: Remote, dispatch: Dispatch, entry: Entry, path: str = "") -> bool:
    """Whether what lies there, or under ``path``, is what was promised, byte for byte."""
    if entry.size not in (None, dispatch.size):
        return False
    path = path or dispatch.place.path
    data = remote.fetch(path) if entry.size is None else fetch_whole(remote, path, entry.size)
    return hashlib.sha256(data).hexdigest() == dispatch.sha256


def free_place(template: Location, now: datetime, is_taken: Callable[[Location], bool]) -> Location:
    """The XML's name: ``{time}`` becomes ``YYYYMMDD_HHMMSS``, counted on until it is free."""
    return free_place_from(template, now, is_taken)[0]


def free_place_from(
    template: Location, moment: datetime, is_taken: Callable[[Location], bool]
) -> tuple[Location, datetime]:
    """The same, with the moment that stands in it."""
    if "{time}" not in template.name:
        return template, moment

    def named(at: datetime) -> Location:
        return template.with_name(template.name.replace("{time}", f"{at:%Y%m%d_%H%M%S}"))

    return first_free(moment, named, is_taken)
