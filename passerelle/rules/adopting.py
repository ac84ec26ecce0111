"""Which orders are the previous system's: those that are adopted, and what is older than they."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from passerelle.base.language import _
from passerelle.config.orders import Orders
from passerelle.model.orders import Reading
from passerelle.model.records import HighWater, KnownOrder, Mark
from passerelle.model.states import DONE, State
from passerelle.rules.fate import Fate, is_older, judge


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is adopted; what is left to the next run, by its state; how many were done before.

    ``newest`` is what the ledger keeps, so that a wider export later sends nothing older.
    """

    marks: tuple[Mark, ...]
    left: Mapping[State, tuple[str, ...]]
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
    """``withheld``: also those that are withheld, or wait for their status; else they are left."""
    reason = _("adopted: handled by the previous system")
    marks, left = list[Mark](), dict[State, tuple[str, ...]]()
    mine = list[Reading]()
    for reading in readings:
        order = known.get(reading.id)
        if order is not None and order.state in DONE:
            if order.state == State.SKIPPED:
                mine.append(reading)
            continue
        fate = judge(reading, settings, resend=bool(order and order.resend)).fate
        if fate == Fate.REJECTED or (fate in (Fate.WITHHELD, Fate.WAITING) and not withheld):
            left[State(fate)] = (*left.get(State(fate), ()), reading.id)
        else:
            marks.append(Mark(reading.gist(), State.SKIPPED, reason))
            mine.append(reading)
    done = len(readings) - len(marks) - sum(map(len, left.values()))
    return Adoption(tuple(marks), left, done, _newest(mine, before))


def _newest(readings: Iterable[Reading], before: HighWater | None) -> HighWater:
    newest = before
    for one in readings:
        if newest is None or is_older(newest.date, newest.id, HighWater(one.date, one.id)):
            newest = HighWater(one.date, one.id)
    # Of no order at all, none is older.
    return newest or HighWater(None, "")
