"""What a person says of a job: run it again, or do not."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from passerelle.base.errors import UsageError
from passerelle.base.language import _
from passerelle.config.sync import Sync
from passerelle.ledger.ledger import Ledger
from passerelle.model.sync import JOB_STEPS, Job, JobState


def retry_job(ledger: Ledger, job: Job, now: datetime, syncs: Mapping[str, Sync]) -> Iterator[str]:
    """A job that ended is pending again, from now on. Raises :class:`UsageError` for others."""
    if job.target not in syncs or not syncs[job.target].enabled:
        what = _("no job of {name} is run").format(name=job.target)
        mend = _("write [sync.{name}] with enabled = true first").format(name=job.target)
        raise UsageError(what, f"[sync.{job.target}]", mend)
    if JobState.PENDING not in JOB_STEPS[job.state] or job.state == JobState.RUNNING:
        _refuse(job, _("only a job that failed, was held, cancelled or did a part is run again"))
    other = ledger.jobs.open(job.target)
    if other and other.number != job.number:
        _refuse(job, _("job #{number} of that sync waits already").format(number=other.number))
    ledger.jobs.move(job, JobState.PENDING, due=now, attempt=0, forced=False)
    yield _("job #{number} is run again at the next run; `passerelle jobs run` does it now").format(
        number=job.number
    )


def cancel_job(ledger: Ledger, job: Job, now: datetime) -> Iterator[str]:
    """Raises :class:`UsageError` for a job that runs or has ended.

    What an unsettled one has written is looked up by the next job.
    """
    is_alive = job.state == JobState.RUNNING and not job.is_lost(now)
    if JobState.CANCELLED not in JOB_STEPS[job.state] or is_alive:
        _refuse(job, _("only a job that waits, failed or was held is cancelled"))
    ledger.jobs.move(job, JobState.CANCELLED, ended=now)
    yield _("job #{number} is cancelled; `passerelle jobs retry {number}` undoes that").format(
        number=job.number
    )


def _refuse(job: Job, mend: str) -> None:
    what = _("job #{number} is {state}").format(number=job.number, state=_(job.state))
    raise UsageError(what, job.target, mend)
