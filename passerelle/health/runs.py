"""The runs: when each last went well, why it did not, what it missed, when it is next due."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from passerelle.base.errors import INTERRUPTED, DoubtfulError, HeldError, StaleError
from passerelle.base.language import N_, _, n_
from passerelle.base.wording import in_words
from passerelle.config.model import Settings
from passerelle.health.concerns import (
    SILENT_ERP,
    Cause,
    Concern,
    ConcernKind,
    concern_of,
    mend_of_silence,
    name_of_cause,
)
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import Run
from passerelle.model.runs import RUNS
from passerelle.schedule.timetable import minutes_of, next_start, starts

SUCCESSES = (0, 5)
FAILURES = (1, 3, 4, 6, INTERRUPTED)
# A month of half hours: a failure before that is no news, and no run looks back for years.
_MANY = 3_000
# A scheduler starts within seconds, but clocks drift, and a run may wait for another to end.
EARLY = timedelta(minutes=1)
LATE = timedelta(minutes=5)
# What a shopkeeper notices of a run that does not go.
_CONSEQUENCES = {
    "orders": N_("the orders no longer reach the ERP"),
    "stock": N_("the shop's stock is no longer updated"),
    "pool": N_("the shops' common stock is no longer updated"),
    "tills": N_("what the tills sold no longer reaches the ERP"),
    "sync": N_("the levels are no longer carried over"),
}
_MENDED_AT = {
    "stock": N_("{trace} names the lines; mend them in the ERP"),
    "pool": N_("{trace} names the lines; mend them in the shop"),
}
# What a run may take beyond its own limit.
_GRACE = timedelta(minutes=1)
# How long a run that is not bounded by it may go on.
_LONG = timedelta(hours=6)


class RunHealth(Struct, frozen=True):
    """How one of the runs goes.

    ``last`` is the last that ended or was killed, ``success`` and ``failure`` the last of each
    kind, ``failing_since`` the start of the first that did not go well after the last success.
    ``active`` is the one going on now. ``missed`` are the times since the last start at which none
    started. ``next_due`` is the next of its times.
    """

    run: str
    last: Run | None
    success: Run | None
    failure: Run | None
    failing_since: datetime | None
    active: Run | None
    missed: tuple[datetime, ...]
    next_due: datetime

    @property
    def is_killed(self) -> bool:
        """Whether the last one neither ended nor goes on."""
        return self.last is not None and self.last.ended is None


def look_at_run(settings: Settings, ledger: Ledger, run: str, now: datetime) -> RunHealth:
    minutes = minutes_of(settings, run)
    newest = ledger.runs.last(run)
    active = newest if newest and is_active(newest, settings, now) else None
    last = ledger.runs.last(run, before=active.number) if active else newest
    missed = tuple(starts(minutes, newest.started + EARLY, now - LATE)) if newest else ()
    success = ledger.runs.last(run, SUCCESSES)
    failing = ledger.runs.first(run, after=success.number if success else 0)
    return RunHealth(
        run=run,
        last=last,
        success=success,
        failure=ledger.runs.last(run, FAILURES, after=(newest.number if newest else 0) - _MANY),
        failing_since=failing.started if failing else None,
        active=active,
        missed=missed,
        next_due=next_start(minutes, now.astimezone()),
    )


def gap_before(settings: Settings, ledger: Ledger, run: Run) -> tuple[datetime, ...]:
    """The times between ``run`` and the one before it at which none started."""
    before = ledger.runs.last(run.run, before=run.number)
    if before is None:
        return ()
    minutes = minutes_of(settings, run.run)
    return tuple(starts(minutes, before.started + EARLY, run.started - LATE))


def is_active(run: Run, settings: Settings, now: datetime) -> bool:
    """Whether a run that has not ended may still be going on."""
    limit = _LONG if RUNS[run.run].is_long else settings.time_limit + _GRACE
    return run.ended is None and now - run.started <= limit


def run_concerns(health: RunHealth) -> Iterator[Concern]:
    run = health.run
    if health.last is None and health.active is None:
        yield Concern(
            ConcernKind.NEVER,
            run,
            _("run {run} has never started").format(run=run),
            _("try `passerelle run {run} --dry-run`, then `passerelle schedule install`").format(
                run=run
            ),
        )
    if health.missed:
        yield _missed(health)
    if health.last is not None:
        yield from _ending(health, health.last)


def _missed(health: RunHealth) -> Concern:
    detail = n_(
        "run {run} did not start when it was due, {n} time by now",
        "run {run} did not start when it was due, {n} times by now",
        len(health.missed),
        run=health.run,
    )
    mend = _("`passerelle schedule status` tells whether its task is enabled and how it ended")
    cause = _cause("no run was started", health.run, detail)
    return concern_of(ConcernKind.MISSED, health.run, cause, mend, health.missed[0])


def _cause(name: str, run: str, detail: str) -> Cause:
    return Cause(name, (_(_CONSEQUENCES[run]),), (detail,))


def _ending(health: RunHealth, last: Run) -> Iterator[Concern]:
    run, since = health.run, health.failing_since
    trace = RUNS[run].trace.removesuffix(".txt")
    if health.is_killed:
        text = _("run {run} was killed, or the machine stopped").format(run=run)
        mend = _("the next run finishes what it left; if it happens again, look into {trace}")
        yield Concern(ConcernKind.KILLED, run, text, mend.format(trace=trace), last.started)
    elif RUNS[run].is_long:
        return  # its jobs tell of themselves
    elif last.exit_code == HeldError.exit_code:
        yield _held(health, last)
    elif last.exit_code in FAILURES:
        more = _("{trace} tells more; `passerelle check` finds what is wrong").format(trace=trace)
        cause, mend = _cause_and_mend(last, more)
        yield concern_of(ConcernKind.FAILED, run, cause, mend, since)
    elif last.exit_code == 5 and run in _MENDED_AT:
        text = _("run {run} met lines that it could not read: {summary}").format(
            run=run, summary=last.summary
        )
        mend = _(_MENDED_AT[run]).format(trace=trace)
        yield Concern(ConcernKind.REJECTED, run, text, mend, last.started)


def _held(health: RunHealth, last: Run) -> Concern:
    run, since = health.run, health.failing_since
    if minutes := last.facts.get(StaleError.fact):
        text = _("the ERP's file was {age} old").format(age=in_words(timedelta(minutes=minutes)))
        cause = _cause(SILENT_ERP, run, text)
        return concern_of(ConcernKind.HELD, run, cause, mend_of_silence(), since)
    more = _("{trace} tells more").format(trace=RUNS[run].trace.removesuffix(".txt"))
    cause, mend = _cause_and_mend(last, more)
    return concern_of(ConcernKind.HELD, run, cause, mend, since)


def _cause_and_mend(last: Run, more: str) -> tuple[Cause, str]:
    """Those of the error that the run ended with, and then what there is ``more`` to look at."""
    error = last.facts.get("error")
    if not error:
        return _cause(last.summary, last.run, last.summary), more
    what, where = error["what"], error["where"]
    cause = _cause(name_of_cause(what, where), last.run, _(": ").join(filter(None, (what, where))))
    return cause, _("; ").join(filter(None, (error["mend"], more)))


def is_doubt(health: RunHealth) -> bool:
    """Whether all that is wrong with a run is a file of which only the ERP knows."""
    error = (health.last.facts.get("error") if health.last else None) or {}
    return error.get("kind") == DoubtfulError.__name__
