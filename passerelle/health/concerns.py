"""What needs a person: what it is, since when, and what to do about it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct

from passerelle.base.commands import covering
from passerelle.base.language import _
from passerelle.base.wording import few, time_of_day
from passerelle.model.records import KnownOrder, KnownSale


class Level(StrEnum):
    """How grave a concern is; a contract with programs, too.

    ``to_do``: a person does it when there is time, and all else goes on meanwhile.
    ``out_of_order``: something does not work, or goes wrong unless somebody acts soon.
    """

    TO_DO = "to_do"
    OUT_OF_ORDER = "out_of_order"


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

    ============ ================================================ ==================================
    kind         out of order                                     to do
    ============ ================================================ ==================================
    runs         missed, failed, held, killed                     never
    files        not_taken, late, quiet, unreachable              prune_held
    orders       doubtful, refused, twice                         withheld, rejected, not_sent,
                                                                  changed, cancelled, id_reused,
                                                                  older, left, unknown_status
    sales        sale_refused, sale_stuck                         sale_undated, sale_cancelled
    pool, tills  oversold                                         asked, surplus, flagged
    jobs         job_held, job_failed, job_unsettled
    ============ ================================================ ==================================

    ``twice`` is out of order: the next run may be the one that the ERP gets it twice by.
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

    @property
    def level(self) -> Level:
        return Level.TO_DO if self in _CAN_WAIT else Level.OUT_OF_ORDER


# A kind that is new is grave until somebody decides that it can wait.
_CAN_WAIT = frozenset(
    {
        ConcernKind.NEVER,
        ConcernKind.WITHHELD,
        ConcernKind.REJECTED,
        ConcernKind.NOT_SENT,
        ConcernKind.CHANGED,
        ConcernKind.CANCELLED,
        ConcernKind.ID_REUSED,
        ConcernKind.OLDER,
        ConcernKind.LEFT,
        ConcernKind.UNKNOWN_STATUS,
        ConcernKind.SALE_UNDATED,
        ConcernKind.SALE_CANCELLED,
        ConcernKind.ASKED,
        ConcernKind.PRUNE_HELD,
        ConcernKind.SURPLUS,
        ConcernKind.FLAGGED,
    }
)


class Cause(Struct, frozen=True):
    """Why something is out of order, as far as concerns may share it: those of one ``name`` do.

    ``consequences`` are what a shopkeeper notices, ``details`` what is behind that.
    """

    name: str
    consequences: tuple[str, ...]
    details: tuple[str, ...]

    def in_words(self) -> str:
        """The consequences first: what is cut is cut behind them."""
        return _(": ").join(_("; ").join(part) for part in (self.consequences, self.details))


class Concern(Struct, frozen=True):
    """Something that needs a person.

    ``subject`` is the run, file or server that it is about. ``text`` and ``mend`` are words for
    people, without customer data; ``orders`` are the ids of the orders concerned. ``stands_for``
    are the keys of others that are told by it, since their ``cause`` is the same; ``alone`` is what
    it says of itself then.
    """

    kind: ConcernKind
    subject: str
    text: str
    mend: str
    since: datetime | None = None
    orders: tuple[str, ...] = ()
    cause: Cause | None = None
    stands_for: tuple[str, ...] = ()
    alone: str = ""

    @property
    def key(self) -> str:
        """Stays the same while the concern lasts."""
        return f"{self.kind}:{self.subject}"

    @property
    def level(self) -> Level:
        return self.kind.level

    def since_in_words(self, now: datetime) -> str:
        """As in `` (since 10:27)``; empty where that is not known."""
        if self.since is None:
            return ""
        return " (" + _("since {time}").format(time=time_of_day(self.since, now)) + ")"


# The ERP neither writes its stock nor takes its orders.
SILENT_ERP = "the ERP is silent"


def concern_of(
    kind: ConcernKind, subject: str, cause: Cause, mend: str, since: datetime | None = None
) -> Concern:
    """One whose words are its cause's."""
    return Concern(kind, subject, cause.in_words(), mend, since, cause=cause)


def name_of_cause(what: str, where: str) -> str:
    """What errors of one cause share: what is wrong, and the server, whatever the file."""
    return f"{what} @ {where.partition(':')[0].partition(' ')[0]}"


def of_silent_erp(consequence: str, detail: str) -> Cause:
    return Cause(SILENT_ERP, (consequence,), (detail,))


def mend_of_silence() -> str:
    return _("look whether the ERP is running, exports its stock and imports its folder")


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
