"""What is news, of all that needs a person: pure, so that it can be tried on any history."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from passerelle.base.language import _, n_
from passerelle.base.wording import span_of_time, time_of_day
from passerelle.config.model import Settings
from passerelle.health.concerns import Concern, ConcernKind
from passerelle.health.runs import gap_before
from passerelle.health.status import Health
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import DAILY, Run, Told
from passerelle.schedule.timetable import timetable

# How a run ended. One may take another's place, and only a run that goes well ends them all.
_TROUBLES = (ConcernKind.FAILED, ConcernKind.HELD, ConcernKind.KILLED)
# The order rows are told apart by a word that is no kind.
_ORDER = "order:"


class Passed(Struct, frozen=True):
    """What was over when it was found; ``key`` is that of the concern it would have been."""

    key: str
    text: str


class Tidings(Struct, frozen=True):
    """What people are to be told, and what they will have been ``told`` by then.

    ``grown`` are concerns they know of, with the orders that they do not know of yet; ``still``
    are the others that they were told of a day ago.
    """

    begun: tuple[Concern, ...]
    grown: tuple[tuple[Concern, tuple[str, ...]], ...]
    still: tuple[Concern, ...]
    over: tuple[Told, ...]
    passed: tuple[Passed, ...]
    told: Mapping[str, Told]

    def __len__(self) -> int:
        parts = (self.begun, self.grown, self.still, self.over, self.passed)
        return sum(len(part) for part in parts)


def decide(
    told: Mapping[str, Told],
    concerns: Sequence[Concern],
    passed: Sequence[Passed],
    now: datetime,
) -> Tidings:
    """What is news at ``now`` to people who were ``told`` so far, the gravest first."""
    known = [concern for concern in concerns if concern.key in told]
    grown = [(one, ids) for one in known if (ids := tuple(_new_orders(one, told)))]
    old = [one for one in known if one not in [concern for concern, _ in grown]]
    lasting = _lasting(told, concerns)
    present = {concern.key for concern in concerns}
    ended = {one.key for one in passed}
    return Tidings(
        begun=tuple(concern for concern in concerns if concern.key not in told),
        grown=tuple(grown),
        still=tuple(concern for concern in old if _is_due(told[concern.key], now)),
        over=tuple(
            one
            for key, one in told.items()
            if key not in lasting and key not in ended and not key.startswith(_ORDER)
        ),
        passed=tuple(one for one in passed if one.key not in told or one.key not in present),
        told={one.key: one for one in _told_then(told, concerns, lasting, now)},
    )


def _is_due(told: Told, now: datetime) -> bool:
    """A day later; or, where somebody set the clock back, a day earlier."""
    return abs(now - told.told) >= DAILY


def _lasting(told: Mapping[str, Told], concerns: Sequence[Concern]) -> set[str]:
    """The keys of what is not over, although a run's other trouble may have taken its place."""
    troubled = {concern.subject for concern in concerns if concern.kind in _TROUBLES}
    hidden = {f"{kind}:{run}" for run in troubled for kind in (*_TROUBLES, ConcernKind.REJECTED)}
    behind = {key for concern in concerns for key in concern.stands_for}
    return {concern.key for concern in concerns} | ((hidden | behind) & told.keys())


def _told_then(
    told: Mapping[str, Told], concerns: Sequence[Concern], lasting: set[str], now: datetime
) -> Iterator[Told]:
    yield from (one for key, one in told.items() if key in lasting)
    for concern in concerns:  # those that are told now come later and count
        # That it is over is said of itself: what it stood for may go on.
        before, text = told.get(concern.key), concern.alone or concern.text
        if before is None:
            yield Told(concern.key, text, concern.since or now, now)
        elif _is_due(before, now):
            yield replace(before, text=text, told=now)
        for id in concern.orders:
            key = _order_key(concern, id)
            yield told.get(key) or Told(key, "", now, now)


def _new_orders(concern: Concern, told: Mapping[str, Told]) -> Iterator[str]:
    return (id for id in concern.orders if _order_key(concern, id) not in told)


def _order_key(concern: Concern, id: str) -> str:
    return f"{_ORDER}{concern.key}:{id}"


# Daily business, what is known before the first run, and what only `status` looks at.
_UNTOLD = (ConcernKind.WITHHELD, ConcernKind.NEVER, ConcernKind.UNREACHABLE, ConcernKind.ASKED)
# Older news of this sort helps nobody; addresses that fail for long must not cost more and more.
_RECENT = timedelta(days=2)


def worth_telling(health: Health) -> tuple[Concern, ...]:
    return tuple(concern for concern in health.concerns if concern.kind not in _UNTOLD)


def passed_since(
    settings: Settings, ledger: Ledger, seen: int, now: datetime
) -> tuple[Passed, ...]:
    """What the runs after the one numbered ``seen`` put an end to by starting.

    Where none was seen yet (0), what the newest did.
    """
    runs = ledger.runs.since(now - _RECENT)
    fresh = [run for run in runs if run.number > seen] if seen else runs[-1:]
    return tuple(_passed(settings, ledger, fresh, now))


def _passed(
    settings: Settings, ledger: Ledger, runs: Iterable[Run], now: datetime
) -> Iterator[Passed]:
    for run in runs:
        if run.run not in timetable(settings):
            continue
        if gap := gap_before(settings, ledger, run):
            yield Passed(f"{ConcernKind.MISSED}:{run.run}", _gap_text(run, gap, now))
        before = ledger.runs.last(run.run, before=run.number)
        if before and before.ended is None:
            text = _("run {run} was killed at {time}, or the machine stopped; it runs again")
            time = time_of_day(before.started, now)
            yield Passed(f"{ConcernKind.KILLED}:{run.run}", text.format(run=run.run, time=time))


def _gap_text(run: Run, gap: Sequence[datetime], now: datetime) -> str:
    first, last = span_of_time(gap[0], gap[-1], now)
    return n_(
        "run {run} did not start at {first}; it runs again",
        "run {run} did not start {n} times between {first} and {last}; it runs again",
        len(gap),
        run=run.run,
        first=first,
        last=last,
    )
