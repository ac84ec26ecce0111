"""What becomes of each order that the file holds.

One table for the run, the dry run, ``convert`` and ``fix``. In this order, the first that
applies: older than ``start_from`` → skipped; cancelled → waiting; illegible → rejected; paid
with a gift card → withheld; status not to be sent yet → waiting; else send.
"""

import fnmatch
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from passerelle.base.commands import command
from passerelle.base.dates import same_moment
from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.base.wording import minute, shorten
from passerelle.base.words import decoded, fold, plain_word
from passerelle.config.orders import Orders
from passerelle.config.shown import toml_value
from passerelle.model.orders import Fault, Order, Reading
from passerelle.model.records import ChangedOrder, HighWater, KnownOrder, Mark
from passerelle.model.states import DONE, OpenMatter, State

# The finest first, so that a reason names the code alone; a pattern may fit a code with blanks.
_BETWEEN_CODES = tuple(re.compile(f"[{one}]+") for one in (r"^\w.*-", r",;|/+&\s", r",;|/\r\n"))
_AROUND_CODES = " \t()[]{}<>\"'#"
_DASHES = regex("[\u00ad\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]")
_TAGS = regex(r"(?i)</?(?:br|p|li|ul|ol|div|span|b|i|em|strong|t[dr])(?:\s[^>]*)?/?>")


class Fate(StrEnum):
    """What a verdict says; every value but ``send`` is also the order's state in the ledger."""

    SEND = "send"
    WAITING = "waiting"
    WITHHELD = "withheld"
    REJECTED = "rejected"
    SKIPPED = "skipped"


class Verdict(Struct, frozen=True):
    fate: Fate
    reason: str = ""


def judge(
    reading: Reading, settings: Orders, *, resend: bool = False, is_known: bool = False
) -> Verdict:
    """What becomes of an order that is not in the ERP yet.

    ``resend``: a person asked for it, whatever its date, status or payment. ``is_known``: it was
    met when start_from did not leave it to the previous system.
    """
    start = settings.start_from
    if is_before_start(reading, settings) and not resend and not is_known:
        reason = _("ordered before start_from ({start:%Y-%m-%d %H:%M})")
        return Verdict(Fate.SKIPPED, reason.format(start=start))
    if is_cancelled(reading, settings) and not resend:
        reason = _('cancelled in the shop ("{status}")')
        return Verdict(Fate.WAITING, reason.format(status=reading.status))
    if may_be_before_start(reading, settings) and not resend:
        return Verdict(Fate.WAITING, _two_dates(reading))
    if reading.order is None:
        return Verdict(Fate.REJECTED, "; ".join(str(fault) for fault in reading.faults))
    if reading.doubt:
        return Verdict(Fate.REJECTED, reading.doubt)
    if start and reading.date is None and not resend:
        reason = _("order {id}: date: empty, and start_from needs it")
        return Verdict(Fate.REJECTED, reason.format(id=reading.id))
    return Verdict(Fate.SEND) if resend else _by_payment_and_status(reading.order, settings)


def is_before_start(reading: Reading, settings: Orders) -> bool:
    """Whichever of two dates it may have: what is left to the previous system is left for good."""
    start = settings.start_from
    dates = [date for date in (reading.date, reading.other_date) if date]
    return bool(start and dates) and all(date < start for date in dates if start)


def may_be_before_start(reading: Reading, settings: Orders) -> bool:
    """Whether ``start_from`` lies between the two dates that an order may have."""
    start, one, other = settings.start_from, reading.date, reading.other_date
    return bool(start and one and other and (one < start) != (other < start))


def _two_dates(reading: Reading) -> str:
    text = _(
        "its date may be {one} or {other}, and start_from lies between: set orders.date_order, or "
        "`{settle}` or `{resend}`"
    )
    one, other = (minute(date) for date in (reading.date, reading.other_date) if date)
    settle, resend = (command(verb, reading.id) for verb in ("settle", "resend"))
    return text.format(one=one, other=other, settle=settle, resend=resend)


def is_abandoned(order: KnownOrder, settings: Orders, now: datetime) -> bool:
    """Whether an order that waits, and has left the file, has waited for long enough."""
    limit = settings.waiting_for
    return limit is not None and now - (order.date or order.seen) > limit


def is_cancelled(reading: Reading, settings: Orders) -> bool:
    return has_status(reading, settings.cancelled_statuses)


def has_status(reading: Reading | Order, names: tuple[str, ...]) -> bool:
    """Whether its status is one of these, in whatever case and with or without accents."""
    return _is_among(reading.status, names)


@lru_cache(maxsize=1_000)
def _is_among(status: str, names: tuple[str, ...]) -> bool:
    return _status_word(status) in map(_status_word, names)


def _status_word(text: str) -> str:
    """WooCommerce's database has its own prefix before each, as in ``wc-completed``."""
    return plain_word(text).removeprefix("wc ")


def is_unknown_status(reading: Reading, settings: Orders) -> bool:
    """Whether nobody has said yet what orders in that status are."""
    known = settings.send_statuses + settings.waiting_statuses + settings.cancelled_statuses
    return bool(settings.send_statuses) and not has_status(reading, known)


def about_status(status: str) -> str:
    """In words: nobody has said what orders in that status are."""
    if not status:
        return _("orders without a status wait")
    return _('status "{status}" is not known, so its orders wait').format(
        status=shorten(status, 60)
    )


def what_to_add(status: str) -> str:
    """What a person does about a status that is not known."""
    if not status:
        return _("give them one in the shop")
    mend = _(
        'add "{status}" to send_statuses, waiting_statuses or cancelled_statuses in [orders]; '
        'where that line is missing, write it as ["default", "{status}"]'
    )
    # Whole, and as TOML has it: the line is copied.
    return mend.format(status=toml_value(" ".join(status.split()))[1:-1])


def without_statuses(settings: Orders) -> Orders:
    """The settings for a file that has no column for the status: none keeps an order back."""
    return settings.model_copy(update={"send_statuses": ()})


def _by_payment_and_status(order: Order, settings: Orders) -> Verdict:
    gift = _gift_card(order, settings)
    if gift:
        return Verdict(Fate.WITHHELD, _("paid with a gift card ({what})").format(what=gift))
    if settings.send_statuses and not has_status(order, settings.send_statuses):
        reason = _('status "{status}" is not to be sent yet')
        return Verdict(Fate.WAITING, reason.format(status=order.status))
    return Verdict(Fate.SEND)


def _gift_card(order: Order, settings: Orders) -> str:
    """The payment or voucher that makes it a gift card order, or ``""``."""
    payments, vouchers = settings.withhold.payments, settings.withhold.vouchers
    match _gift_in(order.payment, order.voucher, payments, vouchers):
        case "payment", text:
            return _("payment {text}").format(text=text)
        case "voucher", code:
            return _("voucher {code}").format(code=code)
    return ""


@lru_cache(maxsize=4_000)
def _gift_in(
    payment: str, voucher: str, payments: tuple[str, ...], vouchers: tuple[str, ...]
) -> tuple[str, str] | None:
    """Whether the payment or the voucher is a gift card, and its text; orders say few of both."""
    words, typed = _gift_words(payments), _as_typed(voucher)
    if words and words.search(plain_word(_as_typed(payment))):
        return "payment", payment
    patterns = [fold(_as_typed(pattern)) for pattern in vouchers]
    for code in _codes(typed) if patterns else ():
        if any(fnmatch.fnmatchcase(fold(code), pattern) for pattern in patterns):
            return "voucher", code
    if words and words.search(plain_word(typed)):
        return "voucher", voucher
    return None


@lru_cache(maxsize=4_000)
def _as_typed(text: str) -> str:
    """Without entities; with plain hyphens, and line ends in place of HTML's."""
    return _DASHES.sub("-", _TAGS.sub("\n", decoded(text)))


@lru_cache(maxsize=8)
def _gift_words(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """Whole words: "carte" is none in "cartesien". Some write them as one, or in the plural, or a
    number behind them."""
    found = sorted({plain_word(name) for name in names} - {""})
    texts = (" ?".join(f"{re.escape(word)}[sx]?" for word in name.split()) for name in found)
    letter = r"[^\W\d]"
    return re.compile(f"(?<!{letter})(?:{'|'.join(texts)})(?!{letter})") if found else None


def _codes(text: str) -> Iterator[str]:
    """The codes of a list, whatever stands between them; one may hold blanks, or be all of it."""
    for between in _BETWEEN_CODES:
        yield from filter(None, (code.strip(_AROUND_CODES) for code in between.split(text)))
    yield from filter(None, (text.strip(),))


def is_older(date: datetime | None, id: str, adopted: HighWater | None) -> bool:
    """Whether an order is older than the newest one that was adopted, as far as that can be told.

    By its date; of the same date, or where there are none, by numbers as ids.
    """
    if adopted is None:
        return False
    if date is not None and adopted.date is not None and date != adopted.date:
        return date < adopted.date
    if id == adopted.id:
        return True
    are_numbers = id.isdecimal() and adopted.id.isdecimal()
    return are_numbers and int(id) < int(adopted.id)


def is_id_used_again(reading: Reading, known: KnownOrder) -> bool:
    """Whether the file has another order under the id of ``known``; both must have a date."""
    if known.date is None or reading.date is None:
        return False
    dates = (reading.date, reading.other_date or reading.date)
    return not any(same_moment(date, known.date) for date in dates)


def used_again(id: str, known: datetime, met: datetime) -> str:
    """In words: the dates of the order that the ledger has, and of the one in the file."""
    text = _(
        "the shop uses its id again: the ledger knows an order of {known}, the file has one "
        "of {met}; `{show}` tells what to do"
    )
    return text.format(known=minute(known), met=minute(met), show=command("show", id))


def decide(
    reading: Reading,
    before: KnownOrder | None,
    settings: Orders,
    adopted: HighWater | None = None,
    *,
    is_begun: bool = False,
) -> Mark | ChangedOrder | None:
    """What a run does with an order of which the ledger knew ``before``; ``None`` is nothing.

    ``adopted`` is the newest order that was adopted. ``is_begun``: a run went on before, so that
    what the ledger knows was met when start_from did not leave it to the previous system.
    """
    if before and is_id_used_again(reading, before):
        return _another_under_its_id(reading, before, settings)
    if before and before.state in DONE:
        return _change_after_sending(reading, before, settings)
    resend = bool(before and before.resend)
    verdict = judge(reading, settings, resend=resend, is_known=is_begun and before is not None)
    older = "" if resend else _why_older(reading, settings, adopted)
    if verdict.fate == Fate.SEND and older:
        return Mark(reading.gist(), State.WAITING, older, due=True, matter=OpenMatter.OLDER)
    state = State.PREPARED if verdict.fate == Fate.SEND else State(verdict.fate)
    due = state == State.REJECTED or (not resend and may_be_before_start(reading, settings))
    is_cancelled_only = not due and is_cancelled(reading, settings)
    matter, why = None, verdict.reason
    if before and before.matter == OpenMatter.TWICE:
        matter, why = before.matter, why or before.matter_note
    return Mark(reading.gist(), state, why, due, is_cancelled_only, matter)


def _why_older(reading: Reading, settings: Orders, adopted: HighWater | None) -> str:
    """Why the previous system may have sent it; ``""`` where it has not."""
    if is_before_start(reading, settings):
        return _("start_from was moved past it: the previous system may have sent it")
    if is_older(reading.date, reading.id, adopted):
        return _("older than orders that were adopted: the previous system may have sent it")
    return ""


def _another_under_its_id(
    reading: Reading, before: KnownOrder, settings: Orders
) -> ChangedOrder | None:
    """Not merged: the ledger keeps what it knows of the first, and has the other beside it."""
    cancelled, said = is_cancelled(reading, settings), face(reading)
    note = ""
    if before.date and reading.date:
        note = used_again(before.id, before.date, reading.date)
    if cancelled:
        said = f"cancelled:{said}"
        note = _("the order that uses its id again is cancelled in the shop")
    if said == before.fingerprint or (cancelled and not before.reused):
        return None
    now = replace(reading.gist(), fingerprint=said)
    return ChangedOrder(now, note, cancelled, OpenMatter.ID_REUSED)


def _change_after_sending(
    reading: Reading, before: KnownOrder, settings: Orders
) -> ChangedOrder | None:
    if not before.is_beyond_recall:
        return None
    cancelled = is_cancelled(reading, settings)
    if cancelled:
        note = _('cancelled in the shop ("{status}") after it was sent: correct it in the ERP')
        told = _changed(reading, note, OpenMatter.CANCELLED, cancelled=True)
        return None if before.cancelled else told
    if before.cancelled:
        note = _('no longer cancelled in the shop ("{status}"): compare it with the ERP')
    elif face(reading) == before.fingerprint:
        return None
    elif reading.order:
        note = _("changed in the shop after it was sent: compare it with the ERP")
    else:
        note = _("it cannot be read any more since it was sent: {faults}")
    return _changed(reading, note, OpenMatter.CHANGED, cancelled=False)


def _changed(reading: Reading, note: str, matter: OpenMatter, *, cancelled: bool) -> ChangedOrder:
    faults = "; ".join(str(fault) for fault in reading.faults)
    told = note.format(status=reading.status, faults=faults)
    now = replace(reading.gist(), fingerprint=face(reading))
    return ChangedOrder(now, told, cancelled, matter)


def face(reading: Reading) -> str:
    """Tells what the shop says of an order from what it said before, legible or not."""
    if reading.order:
        return reading.fingerprint
    said = [*((one.key, one.quantity) for one in reading.sold), *map(_problem, reading.faults)]
    return "illegible:" + hashlib.sha256(repr(said).encode()).hexdigest()


def _problem(fault: Fault) -> tuple[str, str]:
    return fault.column, fault.problem
