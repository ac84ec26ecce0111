"""Pure: what the marks on a server say about who is on the other side."""

import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from passerelle.base.words import fold
from passerelle.model.servers import KnownServer, ServerMark

# What stands for a part of a name that changes, and one example of it.
_CHANGING = {"{time}": (r"\d{8}_\d{6}", "20260101_000000"), "{id}": (".*", "0")}
_ID_AS_NUMBER = (_CHANGING["{id}"][0], r"\d+")
# What an upload's name ends with, if it is one: see tmp_name in exchange.
_UPLOAD = r"(?:\.(?P<token>[0-9a-f]{8})\.tmp)?"


class Side(StrEnum):
    """Who is on the other side.

    ``known``: the server that the ledger knows, or one that it has not met. ``moved``: the same one
    at another address. ``ahead``: more was done there in this ledger's name than it knows of.
    ``named_twice``: the ledger did it itself, under another server's name in config.toml.
    ``elsewhere``: it is not, or not certainly, the place that the ledger wrote to.
    """

    KNOWN = "known"
    MOVED = "moved"
    AHEAD = "ahead"
    NAMED_TWICE = "named_twice"
    ELSEWHERE = "elsewhere"


def look_at_mark(
    known: KnownServer | None,
    own: ServerMark | None,
    address: str,
    *,
    is_open: bool,
    others: Collection[KnownServer] = (),
) -> Side:
    """Judges by our own mark, ``None`` where there is none.

    ``others`` are the servers of other names, as the ledger knows them.
    ``is_open``: something is promised there of which only the server can tell what became of it.
    A mark with a lower number than the ledger's is no doubt, since a run died between the two; one
    with a lower number than it is known to have had is of a server that was put back.
    """
    if own is None:
        moved = known is not None and known.address != address
        gone = known is not None and known.marked is True
        return Side.ELSEWHERE if gone or (moved and is_open) else Side.KNOWN
    if own.seq > (known.seq if known else 0):
        return Side.NAMED_TWICE if namesake(own, others) else Side.AHEAD
    if own.seq and known and own.seq < known.written:
        return Side.ELSEWHERE
    # What is open was sent to the address of before: a mark that was made elsewhere says nothing.
    if is_open and known and known.address not in (address, own.address):
        return Side.ELSEWHERE
    if own.seq and own.address != address:
        return Side.NAMED_TWICE if namesake(own, others) else Side.MOVED
    return Side.KNOWN


def namesake(own: ServerMark, others: Iterable[KnownServer]) -> KnownServer | None:
    """The server under whose name the ledger wrote this mark, where it knows of having done so."""
    return next((o for o in others if o.address == own.address and own.seq <= o.seq), None)


def new_names(known: Collection[KnownServer], servers: Mapping[str, str]) -> dict[str, str]:
    """The servers that are called otherwise in config.toml, with their new names.

    ``servers`` are those of config.toml, each with its address. A name that another one keeps is
    taken, unless that one is at the same address.
    """
    found: dict[str, str] = {}
    for one in known:
        names = [name for name, address in servers.items() if address == one.address]
        if names and one.name not in names and names[0] not in found.values():
            found[one.name] = names[0]
    kept = {one.name for one in known if servers.get(one.name) != one.address}
    while taken := [old for old, new in found.items() if new in kept - found.keys()]:
        del found[taken[0]]
    return found


def rivals(own: Iterable[str], others: Iterable[ServerMark]) -> list[ServerMark]:
    """The marks of those whose files could have the name of one of ours."""
    mine = tuple(own)
    return [m for m in others if any(can_meet(a, b) for a in mine for b in m.names)]


def can_meet(one: str, other: str) -> bool:
    """Whether two names of config.toml, where ``{channel}`` is filled in, can be one file's.

    Case does not count: many servers mind none.
    """
    one, other = fold(one), fold(other)
    return any(re.fullmatch(_pattern(a), _example(b)) for a, b in ((one, other), (other, one)))


def like_ours(names: Iterable[str], templates: Iterable[str], token: str) -> list[str]:
    """Of the names in a folder those that a Passerelle gives; of uploads, another one's only.

    ``templates`` are the names that we write there, as in config.toml. Any word may stand for an
    ``{id}``; here it is a number, so that the files of others are not taken for such.
    """
    texts = [_pattern(fold(name)).replace(*_ID_AS_NUMBER) for name in templates]
    patterns = [re.compile(text + _UPLOAD) for text in texts]
    found = [(name, p.fullmatch(fold(name))) for name in names for p in patterns]
    return [name for name, match in found if match and match["token"] != token]


def name_within(template: str, name: str) -> str | None:
    """The name that we gave, in one to which others added something, by the ``{time}`` in it."""
    stem = re.escape(fold(template.rpartition(".")[0] or template))
    pattern = stem.replace(re.escape("{time}"), r"(\d{8}_\d{6})", 1)
    match = re.search(pattern, fold(name)) if "{time}" in template else None
    return template.replace("{time}", match[1]) if match else None


def _pattern(name: str) -> str:
    text = re.escape(name)
    for part, (pattern, _example) in _CHANGING.items():
        text = text.replace(re.escape(part), pattern)
    return text


def _example(name: str) -> str:
    for part, (_pattern, example) in _CHANGING.items():
        name = name.replace(part, example)
    return name
