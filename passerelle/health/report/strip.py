"""The runs as a strip of half hours: what became of each time at which one was to start."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from itertools import dropwhile, groupby

from msgspec import Struct

from passerelle.base.language import N_, _
from passerelle.base.wording import clock
from passerelle.config.model import Settings
from passerelle.health.report.days import Window
from passerelle.health.runs import EARLY, LATE, is_active
from passerelle.model.records import Run
from passerelle.schedule.timetable import minutes_of, starts

HALF_HOURS = 48


class SlotLook(StrEnum):
    """How a half hour looks; of several in one, the last of this order is shown."""

    NONE = "none"  # before the first run, still to come, or no time of this run
    IDLE = "idle"  # went well, there was nothing to do
    WELL = "well"
    ACTIVE = "active"
    REJECTED = "rejected"
    MISSED = "missed"
    KILLED = "killed"
    HELD = "held"
    FAILED = "failed"


_ORDER = list(SlotLook)
BAD = (SlotLook.REJECTED, SlotLook.MISSED, SlotLook.KILLED, SlotLook.HELD, SlotLook.FAILED)
_BY_EXIT_CODE = {0: SlotLook.WELL, 5: SlotLook.REJECTED, 6: SlotLook.HELD}


class Slot(Struct, frozen=True):
    """One time at which a run was to start, and what started then; the last of these counts.

    ``at`` is in this machine's zone.
    """

    at: datetime
    look: SlotLook
    runs: tuple[Run, ...] = ()

    @property
    def last(self) -> Run | None:
        return self.runs[-1] if self.runs else None


class Cell(Struct, frozen=True):
    """One half hour of the local clock, with the times in it."""

    slots: tuple[Slot, ...]

    @property
    def look(self) -> SlotLook:
        return max((slot.look for slot in self.slots), key=_ORDER.index, default=SlotLook.NONE)


class DayStrip(Struct, frozen=True):
    """A day of one run, as 48 cells."""

    day: date
    cells: tuple[Cell, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no run was due, or none before the first."""
        return all(cell.look == SlotLook.NONE for cell in self.cells)

    def count(self, look: SlotLook) -> int:
        return sum(slot.look == look for cell in self.cells for slot in cell.slots)


class Incident(Struct, frozen=True):
    """Times in a row, of one run, that did not go well in the same way."""

    run: str
    look: SlotLook
    slots: tuple[Slot, ...]


def look_at_slots(
    settings: Settings, run: str, ran: Sequence[Run], window: Window, began: datetime | None
) -> list[Slot]:
    """Each time of ``run`` in the window, with what became of it.

    ``ran`` are the runs of that name since its start, oldest first; ``began`` is when the very
    first of all started.
    """
    start, end = window.start, window.end
    times = [at for at in starts(minutes_of(settings, run), start - EARLY, end)
             if start <= at < end]  # fmt: skip
    met: dict[int, list[Run]] = defaultdict(list)
    for one in ran:
        met[bisect_right(times, one.started + EARLY) - 1].append(one)
    missed = range(0)
    if began is not None:
        missed = range(bisect_left(times, began - EARLY), bisect_right(times, window.now - LATE))
    return [
        Slot(at, _look(settings, met.get(n), window.now, is_missed=n in missed), (*met.get(n, ()),))
        for n, at in enumerate(times)
    ]


def _look(
    settings: Settings, ran: Sequence[Run] | None, now: datetime, *, is_missed: bool
) -> SlotLook:
    if ran:
        return look_of(ran[-1], is_going_on=is_active(ran[-1], settings, now))
    return SlotLook.MISSED if is_missed else SlotLook.NONE


def look_of(run: Run, *, is_going_on: bool) -> SlotLook:
    if run.ended is None:
        return SlotLook.ACTIVE if is_going_on else SlotLook.KILLED
    if run.exit_code == 0 and run.facts.get("sent") == 0:
        return SlotLook.IDLE
    return _BY_EXIT_CODE.get(run.exit_code or 0, SlotLook.FAILED)


def strips(slots: Iterable[Slot], window: Window) -> list[DayStrip]:
    """The window's days, the newest first, from the first on that has anything to show."""
    met: dict[tuple[date, int], list[Slot]] = defaultdict(list)
    for slot in slots:
        met[slot.at.date(), slot.at.hour * 2 + slot.at.minute // 30].append(slot)
    days = [
        DayStrip(day, tuple(Cell(tuple(met.get((day, n), ()))) for n in range(HALF_HOURS)))
        for day in window.days
    ]
    return [*dropwhile(lambda day: day.is_empty, days[:-1]), days[-1]][::-1]


class Portion(Struct, frozen=True):
    """How much of a day's times looked so, as a part of a bar; in percent of it."""

    look: SlotLook
    start: float
    width: float


def shares(day: DayStrip) -> Iterator[Portion]:
    """The looks of a day, in the order of the legend; what is still to come is left out."""
    times, start = sum(len(cell.slots) for cell in day.cells), 0.0
    for look in SHOWN:
        if count := day.count(look):
            yield Portion(look, start, width := 100 * count / times)
            start += width


def incidents(run: str, slots: Iterable[Slot]) -> Iterator[Incident]:
    """What did not go well, oldest first: times in a row and of one day as one."""
    seen = (slot for slot in slots if slot.look != SlotLook.NONE)
    for (look, _day), group in groupby(seen, lambda one: (one.look, one.at.date())):
        if look in BAD:
            yield Incident(run, look, tuple(group))


SIGNS = {
    SlotLook.NONE: "\u00a0",
    SlotLook.IDLE: "·",
    SlotLook.WELL: "✓",
    SlotLook.ACTIVE: "…",
    SlotLook.REJECTED: "!",
    SlotLook.MISSED: "?",
    SlotLook.KILLED: "†",
    SlotLook.HELD: "‖",
    SlotLook.FAILED: "×",
}
LOOKS = {
    SlotLook.NONE: N_("none was due"),
    SlotLook.IDLE: N_("nothing to do"),
    SlotLook.WELL: N_("went well"),
    SlotLook.ACTIVE: N_("going on"),
    SlotLook.REJECTED: N_("data rejected"),
    SlotLook.MISSED: N_("missed"),
    SlotLook.KILLED: N_("killed"),
    SlotLook.HELD: N_("held"),
    SlotLook.FAILED: N_("failed"),
}
# In the order of the legend.
SHOWN = (
    *(SlotLook.WELL, SlotLook.IDLE, SlotLook.ACTIVE, SlotLook.REJECTED),
    *(SlotLook.HELD, SlotLook.FAILED, SlotLook.KILLED, SlotLook.MISSED),
)
# A summary may be as long as an error; the trace has all of it. There are thousands of titles.
_LONGEST, _LONGEST_TITLE = 140, 80


def in_words(look: SlotLook) -> str:
    return _(LOOKS[look])


def about(slot: Slot) -> str:
    """One time of a run in words: when, how it ended, with what."""
    if slot.last is None:
        return f"{clock(slot.at)} {in_words(slot.look)}"
    return "; ".join(_about_run(slot, n) for n in range(len(slot.runs)))


def _about_run(slot: Slot, n: int) -> str:
    run = slot.runs[n]
    parts = [clock(run.started)]
    if n == len(slot.runs) - 1:
        parts.append(in_words(slot.look))
    if run.exit_code is not None:
        parts.append(_("(exit code {code})").format(code=run.exit_code))
    text = " ".join(parts)
    return _(": ").join((text, cut(run.summary, _LONGEST_TITLE))) if run.summary else text


def cut(text: str, longest: int = _LONGEST) -> str:
    """The text on one line, its end left out where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
