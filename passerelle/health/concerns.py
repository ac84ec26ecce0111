"""What needs a person: what it is, since when, and what to do about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from passerelle.base.language import _
from passerelle.base.wording import time_of_day


class ConcernKind(StrEnum):
    """What sort of concern it is; each value is a contract with programs that read ``--json``.

    Runs: ``never`` ran, ``missed`` its times, ``failed``, ``held``, ``killed``. Orders:
    ``withheld``, ``rejected``, ``not_sent`` and gone from the file, ``doubtful``. Files:
    ``not_taken`` by shop or ERP, ``late``, ``quiet``. Servers: ``unreachable``. Sales:
    ``sale_refused`` by the ERP, ``sale_stuck``, ``sale_undated``, ``sale_cancelled`` in the shop,
    ``id_reused``. The pool: ``oversold`` items, a shop that has ``asked`` to join or was not
    asked to. Archives: ``prune_held``.
    """

    NEVER = "never"
    MISSED = "missed"
    FAILED = "failed"
    HELD = "held"
    KILLED = "killed"
    WITHHELD = "withheld"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    DOUBTFUL = "doubtful"
    NOT_TAKEN = "not_taken"
    LATE = "late"
    QUIET = "quiet"
    UNREACHABLE = "unreachable"
    SALE_REFUSED = "sale_refused"
    SALE_STUCK = "sale_stuck"
    SALE_UNDATED = "sale_undated"
    SALE_CANCELLED = "sale_cancelled"
    ID_REUSED = "id_reused"
    OVERSOLD = "oversold"
    ASKED = "asked"
    PRUNE_HELD = "prune_held"


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that needs a person.

    ``subject`` is the run, file or server that it is about. ``text`` and ``mend`` are words for
    people, without customer data; ``orders`` are the ids of the orders concerned.
    """

    kind: ConcernKind
    subject: str
    text: str
    mend: str
    since: datetime | None = None
    orders: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Stays the same while the concern lasts."""
        return f"{self.kind}:{self.subject}"

    def since_in_words(self, now: datetime) -> str:
        """As in `` (since 10:27)``; empty where that is not known."""
        if self.since is None:
            return ""
        return " (" + _("since {time}").format(time=time_of_day(self.since, now)) + ")"
