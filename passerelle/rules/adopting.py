"""Which orders are the previous system's: those that are adopted, and what is older than they.

Where a mark on a server tells what its owner had sent, those that it names; of what is older and
not named nobody knows, so that a person has to say.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from passerelle.base.language import _
from passerelle.config.orders import Orders
from passerelle.model.orders import Gist, Reading
from passerelle.model.records import HighWater, KnownOrder, Mark
from passerelle.model.servers import ServerMark
from passerelle.model.states import DONE, OpenMatter, State
from passerelle.rules.fate import Fate, decide, is_id_used_again, is_older, judge


class Adoption(Struct, frozen=True):
    """What is adopted; what is left to the next run, by its state or matter; how many were done.

    ``newest`` is what the ledger keeps, so that a wider export later sends nothing older.
    """

    marks: tuple[Mark, ...]
    left: Mapping[State | OpenMatter, tuple[str, ...]]
    done: int
    newest: HighWater


def plan_adoption(
    readings: Sequence[Reading],
    known: Mapping[str, KnownOrder],
    settings: Orders,
    before: HighWater | None,
    *,
    withheld: bool,
) -> Adoption:
    """``withheld``: also those that are withheld, or wait for their status; else they are left.

    What is older than an earlier adoption, and was not among its orders, is left in any case: only
    a person who looked for it in the ERP knows whether it was sent.
    """
    reason = _("adopted: handled by the previous system")
    marks, left = list[Mark](), dict[State | OpenMatter, tuple[str, ...]]()
    mine = list[Reading]()
    for reading in readings:
        order = known.get(reading.id)
        if order is not None and (order.state in DONE or is_id_used_again(reading, order)):
            if order.state == State.SKIPPED:
                mine.append(reading)
            continue
        fate = judge(reading, settings, resend=bool(order and order.resend)).fate
        what = decide(reading, order, settings, before)
        if isinstance(what, Mark) and what.matter == OpenMatter.OLDER:
            left[what.matter] = (*left.get(what.matter, ()), reading.id)
        elif fate == Fate.REJECTED or (fate in (Fate.WITHHELD, Fate.WAITING) and not withheld):
            left[State(fate)] = (*left.get(State(fate), ()), reading.id)
        else:
            marks.append(Mark(reading.gist(), State.SKIPPED, reason))
            mine.append(reading)
    done = len(readings) - len(marks) - sum(map(len, left.values()))
    # Of no order at all, none is older.
    newest = _highest(mine, before) or HighWater(None, "")
    return Adoption(tuple(marks), left, done, newest)


class TakeOver(Struct, frozen=True):
    """What the owners of some marks had sent, and what may have been: it is held and told.

    ``newest`` is ``None`` where they had sent nothing.
    """

    adopted: tuple[Mark, ...]
    held: tuple[Mark, ...]
    newest: HighWater | None


def plan_take_over(
    readings: Sequence[Reading],
    known: Mapping[str, KnownOrder],
    settings: Orders,
    marks: Sequence[ServerMark],
    before: HighWater | None,
    *,
    token: str,
) -> TakeOver:
    """``token`` is ours: of what it had sent long ago, this ledger knows itself.

    Another's mark names the last orders only: what is older than all of these was handled as well.
    """
    sent = {one.id: one.date for mark in marks for one in named(mark)}
    firsts = [first for mark in marks if mark.ledger != token and (first := _first(mark))]
    newest = _highest((one for mark in marks for one in _told(mark)), before)
    reason = _("adopted: sent before, as the mark on the server says")
    adopted, held = list[Mark](), list[Mark]()
    for reading in readings:
        order = known.get(reading.id)
        if order is not None and (order.state in DONE or is_id_used_again(reading, order)):
            continue
        if _is_among(reading, sent) or _is_before(reading, firsts, settings):
            adopted.append(Mark(reading.gist(), State.SKIPPED, reason))
        else:
            mark = decide(reading, order, settings, newest)
            held += [mark] if isinstance(mark, Mark) and mark.matter == OpenMatter.OLDER else []
    inside = {reading.id for reading in readings}
    gone = [o for o in known.values() if o.state not in DONE and o.id not in inside]
    adopted += [Mark(_gist(o), State.SKIPPED, reason) for o in gone if _is_among(o, sent)]
    return TakeOver(tuple(adopted), tuple(held), newest)


def _is_among(order: Reading | KnownOrder, sent: Mapping[str, datetime | None]) -> bool:
    """An id alone does not tell: a shop may use it again."""
    if order.id not in sent:
        return False
    date = sent[order.id]
    return date is None or order.date is None or date == order.date


def _gist(order: KnownOrder) -> Gist:
    """Of one that has left the file, and holds nothing back any more."""
    return Gist(order.id, order.reference, order.date, "", (), order.fingerprint, order.total)


def _is_before(reading: Reading, firsts: Iterable[HighWater], settings: Orders) -> bool:
    if judge(reading, settings).fate != Fate.SEND:
        return False
    return any(
        is_older(reading.date, reading.id, first) and is_older(None, reading.id, first)
        for first in firsts
    )


def _first(mark: ServerMark) -> HighWater | None:
    """The oldest order that a mark names."""
    found = list(_told(mark))
    oldest = found[0] if found else None
    for one in found:
        if is_older(one.date, one.id, oldest):
            oldest = one
    return oldest


def _told(mark: ServerMark) -> Iterator[HighWater]:
    """All the orders that it speaks of."""
    yield from named(mark)
    if id := mark.newest.get("id"):
        yield HighWater(_date(mark.newest.get("date")), str(id))


def named(mark: ServerMark) -> Iterator[HighWater]:
    """The orders that its owner sent last."""
    for id, date in mark.newest.get("last", ()):
        yield HighWater(_date(date), str(id))


def _date(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone() if text else None


def _highest(readings: Iterable[Reading | HighWater], before: HighWater | None) -> HighWater | None:
    newest = before
    for one in readings:
        if newest is None or is_older(newest.date, newest.id, HighWater(one.date, one.id)):
            newest = HighWater(one.date, one.id)
    return newest
