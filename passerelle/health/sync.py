"""The syncs: on or off, their last jobs, and those that need a person."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from passerelle.base.language import N_, _
from passerelle.base.wording import ago, fields_of, time_of_day
from passerelle.config.model import Settings
from passerelle.health.concerns import Concern, ConcernKind
from passerelle.ledger.jobs import JobBook
from passerelle.ledger.ledger import Ledger
from passerelle.model.sync import DONE_JOBS, OPEN_JOBS, Job, JobState

# What concerns a sync is about "sync NAME".
SUBJECT = "sync "
# What is told of the state that a job stays in, and what to do; {number} is the job's.
_MENDS = {
    JobState.HELD: N_(
        "look at both ends; `passerelle sync run {target} --accept-drop` lets it pass"
    ),
    JobState.FAILED: N_("`passerelle check` tries both ends; `passerelle jobs retry {number}`"),
    JobState.UNSETTLED: N_("the next run looks up what became of its last write"),
    JobState.WAITING: N_("it is tried again by itself; `passerelle sync run {target}` does it now"),
    JobState.CANCELLED: N_("`passerelle jobs retry {number}` undoes that"),
}  # fmt: skip
_KINDS = {
    JobState.HELD: ConcernKind.JOB_HELD,
    JobState.FAILED: ConcernKind.JOB_FAILED,
    JobState.UNSETTLED: ConcernKind.JOB_UNSETTLED,
}
# How many of its own intervals a sync may be late before it is told.
_LATE = 3
# Each sync has two open jobs at most.
_MANY = 200


class SyncHealth(Struct, frozen=True):
    """A sync: its ``last`` job that ended or was given up; the ``active`` one waits, or runs.

    ``right``: when a job last came to all levels, or to some; else when the first one was made.
    """

    name: str
    enabled: bool
    last: Job | None
    active: Job | None
    right: datetime | None
    next_due: datetime | None


def look_at_syncs(settings: Settings, ledger: Ledger, now: datetime) -> tuple[SyncHealth, ...]:
    """Those of config.toml, and those that have left it with a job that is still open."""
    open_jobs = ledger.jobs.latest(_MANY, (*OPEN_JOBS, JobState.RUNNING))
    names = dict.fromkeys((*settings.sync, *(job.target for job in open_jobs)))
    return tuple(_look_at(settings, ledger, name, now) for name in names)


def _look_at(settings: Settings, ledger: Ledger, name: str, now: datetime) -> SyncHealth:
    sync, book = settings.sync.get(name), ledger.jobs
    newest = book.last(name)
    due = newest.created + timedelta(minutes=sync.every) if newest and sync else now
    return SyncHealth(
        name,
        bool(sync and sync.enabled),
        book.last(name, [state for state in JobState if state not in (*OPEN_JOBS, "running")]),
        book.running(name) or book.open(name),
        _right(book, name),
        due if sync and sync.enabled else None,
    )


def _right(book: JobBook, name: str) -> datetime | None:
    for job in book.latest(_MANY, DONE_JOBS, name):
        if job.facts and (job.facts["updated"] or not job.facts["left"]):
            return job.started
    first = book.first(name)
    return first.created if first else None


def mend_of(job: Job) -> str:
    """What a person does about a job; empty where there is nothing to do."""
    texts = [_MENDS[job.state]] if job.state in _MENDS else [*_about_parts(job.facts)]
    if job.mend and job.state == JobState.HELD:
        texts = []
    told = [_(text).format(number=job.number, target=job.target) for text in texts]
    return _("; ").join([job.mend, *told] if job.mend else told)


def _about_parts(facts: Mapping[str, Any]) -> Iterator[str]:
    """What names the levels that a job did not write, or did not come to."""
    if facts.get("old") and not facts.get("updated"):
        yield N_("reading takes longer than `every` of [sync.{target}]: make it longer")
    if facts.get("unwritten"):
        yield N_("`passerelle jobs show {number}` names what was not written")
    if set(facts.get("skipped", ())) - set(facts.get("unwritten", ())):
        yield N_("`passerelle sync map {target}` names what is left out")


def outcome_of(job: Job) -> str:
    """Its result; or what went wrong, with what is to be done."""
    return _(": ").join(part for part in (job.error, job.mend) if part) or job.result


def sync_concerns(
    settings: Settings, found: tuple[SyncHealth, ...], now: datetime
) -> Iterator[Concern]:
    for one in found:
        job = one.active if one.active and one.active.state in _KINDS else one.last
        if one.active and one.active.is_lost(now):
            yield _lost(one.active)
        elif job and job.state in _KINDS:
            text = _("job #{number} of {target} is {state}: {error}")
            told = text.format(
                number=job.number, target=job.target, state=_(job.state), error=job.error
            )
            mend = mend_of(job)
            if job == one.active and not one.enabled:
                mend = _("switch [sync.{target}] on; else `passerelle jobs cancel {number}`")
                mend = mend.format(number=job.number, target=job.target)
            yield Concern(_KINDS[job.state], f"{SUBJECT}{one.name}", told, mend, job.ended)
        elif one.enabled and (since := _late_since(settings, one, now)):
            text = _("the levels of {name} are no longer written")
            mend = _("`passerelle jobs list` and `passerelle schedule status` tell why")
            if one.last and one.last.facts.get("old"):
                mend = mend_of(one.last)
            why = one.active.error if one.active else ""
            told = _(": ").join(filter(None, (text.format(name=one.name), why)))
            yield Concern(ConcernKind.LATE, f"{SUBJECT}{one.name}", told, mend, since)


def _lost(job: Job) -> Concern:
    text = _("job #{number} of {target} is called running, and nothing was heard of it")
    mend = _("`passerelle jobs run` looks up what it wrote; else `passerelle jobs cancel {number}`")
    told = text.format(number=job.number, target=job.target)
    mend = mend.format(number=job.number)
    return Concern(ConcernKind.JOB_UNSETTLED, f"{SUBJECT}{job.target}", told, mend, job.started)


def _late_since(settings: Settings, one: SyncHealth, now: datetime) -> datetime | None:
    """Since when no job was done, where that is too long."""
    since = one.right
    most = timedelta(minutes=settings.sync[one.name].every * _LATE)
    return since if since and now - since > most else None


def sync_in_words(one: SyncHealth, now: datetime) -> str:
    parts = [_job_in_words(one.last, now)] if one.last else []
    if one.active:
        text = _("job #{number} is {state}").format(
            number=one.active.number, state=_(one.active.state)
        )
        parts.insert(0, text)
    parts = parts or [_("no job yet")]
    if not one.enabled:
        parts.append(_("switched off (enabled = false): no job is made"))
    elif one.next_due and one.next_due <= now:
        parts.append(_("the next job is due"))
    elif one.next_due:
        parts.append(_("next job from {time} on").format(time=time_of_day(one.next_due, now)))
    return _("; ").join(parts)


def _job_in_words(job: Job, now: datetime) -> str:
    when = ago(now - (job.started or job.created))
    text = _("job #{number} {state} {ago}: {result}")
    return text.format(
        number=job.number, state=_(job.state), ago=when, result=job.error or job.result
    )


_FIELDS = ("number", "state", "created", "due", "started", "ended", "attempt", "result", "error")


def as_dict(one: SyncHealth) -> dict[str, Any]:
    return {
        "sync": one.name,
        "enabled": one.enabled,
        "last": fields_of(one.last, *_FIELDS) if one.last else None,
        "active": fields_of(one.active, *_FIELDS) if one.active else None,
        "next_due": one.next_due,
    }


# The states' names, to be translated where they are shown.
NAMES = (
    N_("pending"), N_("running"), N_("waiting"), N_("unsettled"), N_("done"), N_("partly"),
    N_("held"), N_("failed"), N_("cancelled"),
)  # fmt: skip
