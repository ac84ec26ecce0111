"""The mends that messages print: what can be typed as it stands, whatever signs an id has."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from passerelle.base.regex import regex

_PLAIN = regex(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# More make a line that nobody types, and that a console may cut.
MOST = 10


def command(verb: str, *ids: str) -> str:
    """``passerelle orders VERB ID...``"""
    shield = "-- " if any(id.startswith("-") for id in ids) else ""
    return f"passerelle orders {verb} {shield}{' '.join(map(typed, ids))}"


def covering(verb: str, kind: str, since: Sequence[tuple[str, datetime]]) -> str:
    """A command for all of these orders, however many they are.

    ``since`` has their ids, and since when each is of the ``kind``. Those that join them later are
    not meant.
    """
    ids = list(dict.fromkeys(id for id, _at in since))
    if len(ids) <= MOST:
        return command(verb, *ids)
    until = max(at for _id, at in since).astimezone() + timedelta(seconds=1)
    return f"passerelle orders {verb} --all {kind} --until {until.isoformat(timespec='seconds')}"


def of_xml(verb: str, file: str, ids: Sequence[str]) -> str:
    """A command for the orders of an XML of ArchiveExport, of which nobody knows where it is."""
    return command(verb, *ids) if len(ids) <= MOST else f"passerelle orders {verb} --in {file}"


def typed(id: str) -> str:
    """As it stands on a command line."""
    if _PLAIN.fullmatch(id):
        return id
    escaped = id.replace("\\", "\\\\").replace('"', '\\"') if '"' in id else id
    return f'"{escaped}"'
