"""Who is on the other side: the mark that a ledger leaves on a server, and what it knows of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

# Followed by the ledger's token.
MARK_NAME = "passerelle.mark."
# So many of the orders that were sent last are named in it: days of a busy shop, in a small file.
NAMED_IN_MARK = 200


class ServerMark(Struct, frozen=True):
    """What a ledger wrote beside the files of others, in its own words.

    ``seq`` counts its deeds on that server, ``dispatch`` and ``archived`` are the last one.
    ``newest`` has id and date (ISO 8601) of the newest order that it sent, and those of the
    ``last`` ones that it sent, whatever their dates. ``names`` are the files that it writes there,
    as in config.toml. A mark that was cut short has ``seq`` 0.
    """

    ledger: str
    address: str
    seq: int
    dispatch: int = 0
    archived: str = ""
    newest: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()


class KnownServer(Struct, frozen=True):
    """A server as the ledger last knew it.

    ``marked``: whether our mark was written there; ``None`` before that was tried. ``written`` is
    the number that it is known to have had. ``folders`` are those that we wrote to, and the base
    folder (``""``), each with the number that tells it from another in its place. ``stranger`` is
    the path of a file by which another program was noticed that sends there under names like ours.
    ``marks`` are the paths where our own mark is, the last one as config.toml has it.
    """

    name: str
    address: str
    seq: int
    marked: bool | None = None
    written: int = 0
    folders: Mapping[str, str] = field(default_factory=dict)
    stranger: str = ""
    marks: Sequence[str] = ()
