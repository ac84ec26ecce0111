"""The tills: their sessions and drafts, who holds what, and what in their book needs a person."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from passerelle.base.commands import typed
from passerelle.base.errors import HeldError, PasserelleError
from passerelle.base.language import N_, _, n_
from passerelle.base.wording import fields_of, time_of_day
from passerelle.config.model import Settings
from passerelle.health.concerns import Concern, ConcernKind
from passerelle.ledger.till_book import TillBook
from passerelle.ledger.till_reading import reading_till_book
from passerelle.ledger.till_tables import FILE_NAME, book_was_there
from passerelle.model.tills import Surplus, Till, TillSession

SUBJECT = "tills"
# An agent says something each few seconds: one that is silent for longer is away.
_SILENT = timedelta(minutes=1)
_FLAGS = {
    "receipt_gap": N_("receipts of {till} are missing before {about}"),
    "ahead": N_("{till} has heard of more than the tills' book has: was the book put back?"),
    "receipt_again": N_("{till} gave the receipt {about} twice"),
    "restored": N_("the tills' book was lost or put back: tills hold until they are paired anew"),
}


class TillHold(Struct, frozen=True):
    """A draft that a till holds; ``silent``: when that till was last heard, if too long ago."""

    order: str
    no: int
    till: str
    silent: datetime | None


class TillGroupHealth(Struct, frozen=True):
    """A group of tills; its last session may be closed."""

    name: str
    session: TillSession | None
    drafts: int
    holds: tuple[TillHold, ...]
    tills: tuple[Till, ...]
    unsent: Mapping[str, int | None]


class TillFlag(Struct, frozen=True):
    """Something that a person should know; ``about`` is how `till settle` names it."""

    at: datetime
    group: str
    till: str
    kind: str
    about: str

    def __str__(self) -> str:
        told = _FLAGS.get(self.kind, N_("{till}: {about}"))
        return _(told).format(till=self.till, about=self.about)


class TillsHealth(Struct, frozen=True):
    """``error``: why their book cannot be read."""

    groups: tuple[TillGroupHealth, ...] = ()
    surplus: tuple[Surplus, ...] = ()
    flags: tuple[TillFlag, ...] = ()
    error: PasserelleError | None = None

    @property
    def needs_a_person(self) -> bool:
        return bool(self.surplus or self.flags or self.error)


def look_at_tills(settings: Settings, now: datetime) -> TillsHealth:
    """How the tills of config.toml are, by their book. Changes nothing."""
    try:
        groups = settings.needed_tills.groups if settings.tills else None
        with reading_till_book(settings.folder, groups) as book:
            if book is None:
                return TillsHealth(error=_gone(settings))
            flags = (TillFlag(**{**one, "at": _moment(one["at"])}) for one in book.flags())
            found = tuple(_look_at(book, name, now) for name in settings.needed_tills.groups)
            return TillsHealth(found, tuple(book.surplus()), tuple(flags))
    except PasserelleError as error:
        return TillsHealth(error=error)


def _gone(settings: Settings) -> PasserelleError | None:
    """A book that was there once is missed; one that no server has written yet is not."""
    if not book_was_there(settings.folder):
        return None
    mend = _("put back the newest copy of the tills' book: the tills will notice, and hold")
    return HeldError(_("the tills' book is gone"), FILE_NAME, mend)


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))


def _look_at(book: TillBook, group: str, now: datetime) -> TillGroupHealth:
    drafts = book.drafts(group)
    holds = (
        TillHold(order.id, order.no, order.claim, _silent(book.last_heard_of(order.claim), now))
        for order in drafts
        if order.claim
    )
    tills = tuple(till for till in book.tills() if till.group == group and not till.revoked)
    return TillGroupHealth(
        group, book.session(group), len(drafts), tuple(holds), tills, book.unsent()
    )


def _silent(heard: datetime | None, now: datetime) -> datetime | None:
    return heard if heard is not None and now - heard > _SILENT else None


def till_concerns(health: TillsHealth) -> Iterator[Concern]:
    if health.error:
        error = health.error
        yield Concern(ConcernKind.UNREACHABLE, SUBJECT, error.what, error.mend)
    for money in health.surplus:
        text = _("{till} took money ({receipt}) that no order could take: {why}")
        told = text.format(till=money.till, receipt=money.receipt, why=money.why)
        mend = _("see what was sold and paid (`passerelle till log`), then `{settle}`")
        settle = f"passerelle till settle {typed(money.receipt)}"
        subject = f"{SUBJECT} {money.number}"
        yield Concern(ConcernKind.SURPLUS, subject, told, mend.format(settle=settle), money.at)
    for flag in health.flags:
        settle = f"passerelle till settle {typed(flag.about)}"
        mend = _("look what is missing (`passerelle till log`), then `{settle}`")
        subject = f"{SUBJECT} {flag.kind} {flag.about}"
        yield Concern(ConcernKind.FLAGGED, subject, str(flag), mend.format(settle=settle), flag.at)


def tills_in_words(health: TillsHealth, now: datetime) -> Iterator[str]:
    """A line for each group, and one below it for each hold."""
    if health.error:
        yield str(health.error)
    elif not health.groups:
        yield _("no till server has written a book yet")
    for group in health.groups:
        yield _group_in_words(group, now)
        for hold in group.holds:
            text = _("draft {no} ({group}): held by {till}")
            if hold.silent:
                text = _("draft {no} ({group}): held by {till}, not heard since {time}")
            time = time_of_day(hold.silent, now) if hold.silent else ""
            told = text.format(no=hold.no, group=group.name, till=hold.till, time=time)
            yield f"  {told}"


def _group_in_words(group: TillGroupHealth, now: datetime) -> str:
    session = _("no session yet")
    if group.session:
        text = _("session {number} open since {time}")
        if group.session.closed:
            text = _("session {number} closed since {time}")
        since = group.session.closed or group.session.opened
        session = text.format(number=group.session.number, time=time_of_day(since, now))
    unsent = sum(group.unsent.get(till.name) or 0 for till in group.tills)
    parts = [
        session,
        n_("{n} till", "{n} tills", len(group.tills)),
        n_("{n} draft", "{n} drafts", group.drafts),
    ]
    parts += [n_("{n} command not sent", "{n} commands not sent", unsent)] if unsent else []
    return _(": ").join((group.name, ", ".join(parts)))


_OF_A_TILL = ("name", "heard", "last_n", "receipt")
_OF_A_SESSION = ("number", "opened", "closed", "orders")
_OF_SURPLUS = ("number", "at", "group", "till", "order", "receipt", "why")


def as_dict(health: TillsHealth) -> dict[str, Any]:
    return {
        "error": str(health.error) if health.error else None,
        "groups": [
            {
                "group": group.name,
                "session": fields_of(group.session, *_OF_A_SESSION) if group.session else None,
                "drafts": group.drafts,
                "holds": [fields_of(one) for one in group.holds],
                "tills": [
                    fields_of(till, *_OF_A_TILL) | {"unsent": group.unsent.get(till.name)}
                    for till in group.tills
                ],
            }
            for group in health.groups
        ],
        "surplus": [fields_of(one, *_OF_SURPLUS) for one in health.surplus],
        "flags": [fields_of(one) for one in health.flags],
    }
