"""What needs a person: what it is, since when, and what to do about it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from passerelle.base.commands import covering
from passerelle.base.language import _
from passerelle.base.wording import few, time_of_day
from passerelle.model.records import KnownOrder, KnownSale


class ConcernKind(StrEnum):
    """What sort of concern it is; each value is a contract with programs that read ``--json``.

    Runs: ``never`` ran, ``missed`` its times, ``failed``, ``held``, ``killed``. Orders:
    ``withheld``, ``rejected``, ``not_sent`` and gone from the file, ``doubtful``, ``changed`` or
    ``cancelled`` after they were sent, ``id_reused``, ``refused`` by the ERP, ``older`` than those
    adopted, to be sent ``twice``, ``left`` the file before they were to be sent, in an
    ``unknown_status``. Files:
    ``not_taken`` by shop or ERP, ``late``, ``quiet``. Servers: ``unreachable``. Sales:
    ``sale_refused`` by the ERP, ``sale_stuck``, ``sale_undated``, ``sale_cancelled`` in the shop.
    The pool: ``oversold`` items, a shop that has ``asked`` to join or was not asked to. Archives:
    ``prune_held``. Jobs: ``job_held``, ``job_failed``, ``job_unsettled``. Tills: ``surplus`` money
    that no order could take, what was ``flagged`` in their book.
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
    CHANGED = "changed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    OLDER = "older"
    LEFT = "left"
    TWICE = "twice"
    UNKNOWN_STATUS = "unknown_status"
    SALE_REFUSED = "sale_refused"
    SALE_STUCK = "sale_stuck"
    SALE_UNDATED = "sale_undated"
    SALE_CANCELLED = "sale_cancelled"
    ID_REUSED = "id_reused"
    OVERSOLD = "oversold"
    ASKED = "asked"
    PRUNE_HELD = "prune_held"
    JOB_HELD = "job_held"
    JOB_FAILED = "job_failed"
    JOB_UNSETTLED = "job_unsettled"
    SURPLUS = "surplus"
    FLAGGED = "flagged"


class Level(StrEnum):
    """How grave a concern is: a person has something to do, or something does not work."""

    TO_DO = "to_do"
    OUT_OF_ORDER = "out_of_order"


_OUT_OF_ORDER = frozenset(
    {
        *(ConcernKind.MISSED, ConcernKind.FAILED, ConcernKind.HELD),
        *(ConcernKind.KILLED, ConcernKind.NOT_TAKEN, ConcernKind.LATE, ConcernKind.QUIET),
        *(ConcernKind.DOUBTFUL, ConcernKind.REFUSED, ConcernKind.SALE_REFUSED),
        *(ConcernKind.SALE_STUCK, ConcernKind.UNREACHABLE, ConcernKind.OVERSOLD),
        *(ConcernKind.JOB_HELD, ConcernKind.JOB_FAILED),
    }
)


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
    def level(self) -> Level:
        return Level.OUT_OF_ORDER if self.kind in _OUT_OF_ORDER else Level.TO_DO

    @property
    def key(self) -> str:
        """Stays the same while the concern lasts."""
        return f"{self.kind}:{self.subject}"

    def since_in_words(self, now: datetime) -> str:
        """As in `` (since 10:27)``; empty where that is not known."""
        if self.since is None:
            return ""
        return " (" + _("since {time}").format(time=time_of_day(self.since, now)) + ")"


Found = Sequence[KnownOrder] | Sequence[KnownSale]
# A concern's words for so many orders with these ids; and its mend, still to be translated.
Words = tuple[Callable[[int, str], str], str]
# These verbs name all its orders in one command, the others the first.
_OF_MANY = ("settle", "resend")
_OF_ONE = ("show", "forget", "retry")


def times_of(found: Found) -> list[tuple[str, datetime]]:
    """Since when each order is what its concern says of it."""
    return [(one.id, _since(one)) for one in found]


def _since(one: KnownOrder | KnownSale) -> datetime:
    at = one.matter_since if isinstance(one, KnownOrder) and one.matter else one.changed
    return at or datetime.min.replace(tzinfo=UTC)


def concern_about(
    kind: ConcernKind, subject: str, found: Found, tell: Callable[[int, str], str], mend: str
) -> Iterator[Concern]:
    """One concern for all that was ``found``, with commands that name each of them."""
    if not found:
        return
    ids, times = tuple(order.id for order in found), times_of(found)
    commands = {verb: covering(verb, kind, times) for verb in _OF_MANY}
    commands |= {verb: covering(verb, kind, times[:1]) for verb in _OF_ONE}
    began = min(at for _id, at in times)
    text = tell(len(ids), few(ids))
    yield Concern(kind, subject, text, _(mend).format(**commands), began, ids)
