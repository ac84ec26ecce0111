"""Reading what FTP servers answer: whole lines, their words, codes, facts and times."""

import ftplib
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

from passerelle.remotes.base import Entry


class WholeReplies(ftplib.FTP):
    """FTP that takes no part of a line for a reply.

    ftplib does: of "550 No such file" on a line that is cut, it makes a refusal "5".
    """

    file: TextIO

    def getline(self) -> str:
        """One line of a reply. Raises :class:`EOFError` where the connection ends before it."""
        line = self.file.readline(self.maxline + 1)
        if len(line) > self.maxline:
            raise ftplib.Error(f"got more than {self.maxline} bytes")
        if not line.endswith("\n"):
            raise EOFError
        return line.rstrip("\r\n")


def text_of(data: bytes) -> str:
    """A name as the server sent it; not every server keeps to UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def parse_facts(line: str) -> tuple[Entry, str]:
    """An MLST/MLSD line ``size=12;modify=20261122092700;type=file; name`` (RFC 3659, 7.2)."""
    facts_text, _, name = line.partition(" ")
    pairs = (fact.partition("=") for fact in facts_text.split(";"))
    facts = {key.lower(): value for key, _, value in pairs}
    size = int(facts["size"]) if facts.get("size", "").isdigit() else None
    modified = parse_time(facts["modify"]) if facts.get("modify") else None
    return Entry(name.rpartition("/")[2], size, modified), facts.get("type", "").lower()


def parse_time(text: str) -> datetime | None:
    """``YYYYMMDDHHMMSS[.sss]`` in UTC (RFC 3659, 2.3), or ``None`` where it is something else."""
    digits, _, fraction = text.partition(".")
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return moment.replace(microsecond=int(f"{fraction:0<6}"[:6]))
    except ValueError:
        return None


def code_of(error: ftplib.Error) -> str:
    """The reply's three digits."""
    return str(error)[:3]


def in_utf8(reply: str) -> str:
    """A reply that was read as latin-1, where it turns out to be UTF-8."""
    with suppress(UnicodeError):
        return reply.encode("latin-1").decode("utf-8")
    return reply


def short(text: str) -> str:
    """The text on one line, cut for a message."""
    return " ".join(text.split())[:120]
