"""``run sync``: makes the jobs that are due, and runs those that wait, one target after the other.

A job has a lock of its target's own, and the folder's lock is not held: a first load of an hour
keeps no order waiting. A run that finds a target's job running leaves it to that one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from passerelle.base.errors import (
    AccessDeniedError,
    BusyError,
    ConfigError,
    HeldError,
    PasserelleError,
    RejectedError,
    UnreachableError,
    UsageError,
    bug_in_words,
    gravest,
)
from passerelle.base.language import _
from passerelle.base.lock import locked
from passerelle.config.model import Settings
from passerelle.config.sync import Sync
from passerelle.gateway.frame import Gateway, Outcome
from passerelle.health.sync import mend_of
from passerelle.model.sync import Job, JobState
from passerelle.runs.sync_job import OWNER, SyncJob, describe, left_out
from passerelle.runs.sync_writing import UnsettledError

# So many tries, each a little later than the last, before a person must see to it.
MOST_TRIES = 5
_FIRST_WAIT = timedelta(minutes=1)
# Reading a million products at one request a second takes half of it.
_LEASE = timedelta(hours=1)


def run_sync(
    gateway: Gateway, *, target: str = "", skus: Sequence[str] = (), accept_drop: bool = False
) -> Outcome:
    """What a clock does, or a person: with a ``target``, its job is made and run now."""
    told, errors = list[str](), list[PasserelleError]()
    for name in [target] if target else [*gateway.settings.sync]:
        sync = named(gateway.settings, name)
        if not sync.enabled:
            told.append(_("{name} is switched off (enabled = false): no job").format(name=name))
            continue
        _make(gateway, name, sync, skus, is_asked=bool(target), accept_drop=accept_drop)
        try:
            error, text = _tend(gateway, name, sync)
        except BusyError as busy:
            if target:
                raise
            error, text = None, str(busy)
        told += [text] if text else []
        errors += [error] if error else []
    told = told or [_("no job is due")]
    for text in told:
        gateway.say(text)
    return Outcome("; ".join(told), gravest(*errors))


def named(settings: Settings, name: str) -> Sync:
    """Raises :class:`UsageError` for a sync that config.toml lacks."""
    if name not in settings.sync:
        known = ", ".join(settings.sync) or _("none")
        mend = _("syncs: {names}").format(names=known)
        what = _('no sync is named "{name}"').format(name=name)
        raise UsageError(what, settings.file_name, mend)
    return settings.sync[name]


def _make(
    gateway: Gateway,
    name: str,
    sync: Sync,
    skus: Sequence[str],
    *,
    is_asked: bool,
    accept_drop: bool,
) -> None:
    """A job where one is due, or asked for. Never a second one beside one that waits."""
    book, now = gateway.ledger.jobs, gateway.now()
    last = book.last(name)
    # A job of the future was made by a clock that was set ahead.
    if not is_asked and last and last.created <= now < next_job(last, sync):
        return
    made = book.make(name, now, now, forced=accept_drop, facts={"skus": [*skus]} if skus else None)
    waiting = book.open(name) if made is None and is_asked else None
    if waiting:
        due = waiting.due if waiting.state == JobState.UNSETTLED else now
        # What waits for all items does not become a job of some.
        facts = {"skus": [*skus]} if skus and waiting.facts.get("skus") else None
        book.hurry(waiting.number, due, forced=accept_drop, facts=facts)


def next_job(last: Job, sync: Sync) -> datetime:
    """When the clock makes the next one; half a minute early is not early: clocks tick unevenly."""
    return last.created + timedelta(minutes=sync.every) - timedelta(seconds=30)


def _tend(gateway: Gateway, name: str, sync: Sync) -> tuple[PasserelleError | None, str]:
    with _alone(gateway, name):
        _bury(gateway, name)
        job = gateway.ledger.jobs.open(name)
        if job is None or _is_early(job, gateway.now()):
            return None, _about_waiting(job) if job else ""
        return run_job(gateway, name, sync, job)


def _is_early(job: Job, now: datetime) -> bool:
    """Whether its time has not come; what waits since a moment yet to come met a wrong clock."""
    is_odd = (job.ended or job.created) > now and job.state != JobState.UNSETTLED
    return job.due > now and not is_odd


@contextmanager
def _alone(gateway: Gateway, name: str) -> Iterator[None]:
    """No other process works for that target meanwhile."""

    def busy() -> BusyError:
        job = gateway.ledger.jobs.running(name)
        who = f"#{job.number}, {job.owner}" if job else _("it has not said which")
        what = _("a job of {name} is running ({owner})").format(name=name, owner=who)
        return BusyError(what, str(gateway.settings.folder), _("wait until it has ended"))

    with locked(gateway.settings.folder, f"passerelle.lock.sync.{name}", busy):
        yield


def _bury(gateway: Gateway, name: str) -> None:
    """A job that is called running although nobody works for its target: its process died."""
    book = gateway.ledger.jobs
    if job := book.running(name):
        now = gateway.now()
        text = _(
            "job #{number} was ended from outside: what it wrote is looked up, the rest made anew"
        )
        gateway.warn(text.format(number=job.number))
        if book.open(name):
            book.move(
                job, JobState.PARTLY, ended=now, error=_("ended from outside; a new job goes on")
            )
        else:
            book.move(job, JobState.PENDING, due=now)


def run_job(
    gateway: Gateway, name: str, sync: Sync, job: Job
) -> tuple[PasserelleError | None, str]:
    """Runs an open job; how it ended, as an error where it did not end well, and in words."""
    book, now = gateway.ledger.jobs, gateway.now()
    job = book.start(job, now, OWNER, now + _LEASE)
    work = None
    try:
        work = SyncJob(gateway, name, sync)
        result, facts, skipped = work.carry_out(job)
    except PasserelleError as error:
        state, due = _after(error, job, sync, gateway.now())
        # What a person let pass was what there was to see then.
        values = {"ended": gateway.now(), "due": due, "forced": False, "lease": None}
        told = _(": ").join(part for part in (error.what, error.where) if part)
        book.move(job, state, **values, error=told, mend=error.mend)
        return error, f"#{job.number} {name} {_(state)}: {error}"
    except Exception as error:
        told = bug_in_words(error)
        book.move(job, JobState.FAILED, ended=gateway.now(), error=told, forced=False, lease=None)
        raise
    finally:
        if work:
            work.close()
    for line in left_out(skipped):
        gateway.say(line)
    state = JobState.PARTLY if skipped or facts["left"] else JobState.DONE
    job = book.move(job, state, ended=gateway.now(), result=result, facts=facts, lease=None)
    text = f"#{job.number} {name} {_(state)}: {result}"
    if state == JobState.DONE:
        return None, text
    return RejectedError(_("some levels were left out"), name, mend_of(job)), text


def _after(
    error: PasserelleError, job: Job, sync: Sync, now: datetime
) -> tuple[JobState, datetime]:
    """The state that an error leaves a job in, and when it is run again."""
    match error:
        case UnsettledError():
            return JobState.UNSETTLED, error.until
        case HeldError():
            return JobState.HELD, job.due
        case ConfigError() | AccessDeniedError():
            return JobState.FAILED, job.due
        case UnreachableError() if job.attempt < MOST_TRIES:
            wait = min(_FIRST_WAIT * 2 ** (job.attempt - 1), timedelta(minutes=sync.every))
            asked = timedelta(seconds=getattr(error, "pause", None) or 0)
            return JobState.WAITING, now + max(wait, asked)
    return JobState.FAILED, job.due


def _about_waiting(job: Job) -> str:
    text = _("#{number} {name} {state}: the next try is at {time}")
    time = f"{job.due.astimezone():%H:%M:%S}"
    return text.format(number=job.number, name=job.target, state=_(job.state), time=time)


def rehearse(gateway: Gateway, target: str, skus: Sequence[str]) -> Outcome:
    """What a job would write, and what it would leave out; both ends are only read."""
    settings = gateway.settings
    summaries = list[str]()
    errors = list[PasserelleError]()
    for name in [target] if target else [*settings.sync]:
        work = SyncJob(gateway, name, named(settings, name))
        try:
            _place, _levels, plan = work.look(skus)
        finally:
            work.close()
        for line in describe(plan):
            gateway.say(line)
        text = _("{name}: {writes} levels would be written, {unchanged} are right already")
        told = text.format(name=name, writes=len(plan.writes), unchanged=len(plan.unchanged))
        gateway.say(told)
        summaries.append(told)
        if why := work.guard(plan, skus):
            mend = _("look at both ends; `passerelle sync run {name} --accept-drop` lets it pass")
            errors.append(HeldError(why, name, mend.format(name=name)))
        elif plan.skipped:
            mend = _("`passerelle sync map` names each of them")
            errors.append(RejectedError(_("some levels would be left out"), name, mend))
    return Outcome("; ".join(summaries), gravest(*errors))
