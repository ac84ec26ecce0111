"""``passerelle sync`` and ``jobs``: levels of one system into another, and what became of them."""

import click
from click.shell_completion import CompletionItem

from passerelle.base.errors import UsageError, gravest
from passerelle.base.language import N_, _, n_
from passerelle.base.wording import FEW, fields_of, in_words, local
from passerelle.cli.common import (
    end_with,
    json_option,
    now,
    print_facts,
    print_json,
    print_table,
    readable,
    settings_of,
    tell,
    with_settings,
)
from passerelle.cli.ledgers import reading_ledger
from passerelle.cli.running import carry_out
from passerelle.config.model import Settings
from passerelle.gateway.frame import perform
from passerelle.health.sync import (
    as_dict,
    look_at_syncs,
    mend_of,
    outcome_of,
    sync_in_words,
)
from passerelle.ledger.ledger import Ledger
from passerelle.model.sync import Job, JobState, Skip
from passerelle.rules.syncing import WORDS, level_in_words
from passerelle.runs.starting import start

_FIELDS = ("number", "kind", "target", "state", "created", "due", "started", "ended", "attempt",
           "owner", "result", "error", "mend", "facts")  # fmt: skip


def _syncs(
    context: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    settings = readable(context)
    names = settings.sync if settings else ()
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


_name = click.argument("name", required=False, default="", shell_complete=_syncs)
_skus = click.option("--sku", "skus", multiple=True, metavar="SKU", help="Only this SKU, or these.")


@click.group()
def sync() -> None:
    """Levels of one system into another: ZORT's stock into Odoo (docs/connectors.md).

    \b
    passerelle sync map
    passerelle sync run --dry-run
    """


@sync.command("run")
@_name
@click.option("--dry-run", is_flag=True, help="Print what would be written; change nothing.")
@_skus
@click.option("--accept-drop", is_flag=True, help="Let the job pass its guards, once.")
@with_settings
def run_now(
    settings: Settings, name: str, dry_run: bool, skus: tuple[str, ...], accept_drop: bool
) -> None:
    """Make a job for NAME now, and run it; without NAME, for each sync in config.toml.

    \b
    passerelle sync run stock_th --dry-run
    passerelle sync run stock_th --sku AB-12
    """
    from passerelle.runs.sync import named, rehearse

    skus = tuple(map(_one_sku, skus))
    names = [name] if name else [*settings.needed_syncs]
    for one in names:
        named(settings, one)
    if dry_run:
        click.echo(_("dry run: nothing is changed anywhere"))
        outcome = perform(settings, "sync", lambda g: rehearse(g, name, skus), dry_run=True)
        end_with(outcome.rejected)
        return
    outcomes = [
        start(settings, "sync", target=one, skus=skus, accept_drop=accept_drop) for one in names
    ]
    end_with(gravest(*(outcome.rejected for outcome in outcomes)))


def _one_sku(text: str) -> str:
    sku = text.strip()
    if not sku or "," in sku or not sku.isprintable():
        mend = _("name one SKU, without commas; --sku may be said again")
        raise UsageError(_("this is no SKU"), repr(text), mend)
    return sku


@sync.command()
@json_option
@with_settings
def status(settings: Settings, as_json: bool) -> None:
    """Show each sync: on or off, its last job, when the next one is made.

    \b
    passerelle sync status
    """
    with reading_ledger(settings) as ledger:
        found = look_at_syncs(settings, ledger, now())
    if as_json:
        print_json([as_dict(one) for one in found])
        return
    for one in found:
        click.echo(f"{one.name}: {sync_in_words(one, now())}")
        job = one.active or one.last
        if job and (mend := mend_of(job)):
            click.echo(f"  -> {mend}")


@sync.command("map")
@_name
@json_option
@with_settings
def show_map(settings: Settings, name: str, as_json: bool) -> None:
    """Read both ends, and name each item that is left out, by its reason: writes nothing.

    Blank or doubled SKUs, SKUs that Odoo lacks or has several of, products by lot, of another
    company, archived, being counted. Exit code 5 where there are any.

    \b
    passerelle sync map stock_th
    """
    from passerelle.runs.sync_map import read_maps, verdict

    maps = read_maps(settings, name)
    if as_json:
        print_json([one.as_dict() for one in maps])
    else:
        for one in maps:
            tell(one.in_words())
    end_with(verdict(maps))


@click.group()
def jobs() -> None:
    """The jobs of the syncs: what ran, since when, with which result, and what to do.

    \b
    passerelle jobs list
    passerelle jobs show 17
    """


_state = click.option("--state", metavar="STATE",
                       type=click.Choice([state.value for state in JobState]),
                      help="Only those in it.")  # fmt: skip
_number = click.argument("number", type=click.IntRange(min=1))


@jobs.command("list")
@_state
@click.option("-n", "count", type=click.IntRange(min=1), default=20, help="How many.  [20]")
@json_option
@with_settings
def list_jobs(settings: Settings, state: str | None, count: int, as_json: bool) -> None:
    """List the jobs, newest first.

    \b
    passerelle jobs list
    passerelle jobs list --state held --json
    """
    with reading_ledger(settings) as ledger:
        found = ledger.jobs.latest(count, [JobState(state)] if state else ())
    if as_json:
        print_json([fields_of(job, *_FIELDS) for job in found])
    elif not found:
        click.echo(_("no job yet: `passerelle sync run` makes one"))
    else:
        columns = N_("job"), N_("sync"), N_("state"), N_("started"), N_("took"), N_("result")
        print_table(columns, [_row(job) for job in found])


def _row(job: Job) -> tuple[str, ...]:
    took = in_words(job.ended - job.started) if job.ended and job.started else "-"
    return (f"#{job.number}", job.target, _(job.state), local(job.started), took,
            outcome_of(job) or "-")  # fmt: skip


@jobs.command()
@_number
@json_option
@with_settings
def show(settings: Settings, number: int, as_json: bool) -> None:
    """Show a job: what it wrote, what it left out, what is to be done.

    \b
    passerelle jobs show 17
    """
    with reading_ledger(settings) as ledger:
        job = _found(ledger, number)
        lines = ledger.jobs.lines(number)
    if as_json:
        print_json(fields_of(job, *_FIELDS) | {"lines": lines})
        return
    print_facts({
        _("job"): f"#{job.number} {job.target}",
        _("state"): _(job.state),
        _("made"): local(job.created),
        _("started"): local(job.started) if job.started else "",
        _("ended"): local(job.ended) if job.ended else "",
        _("next try"): local(job.due) if job.state in ("waiting", "unsettled", "pending") else "",
        _("tries"): str(job.attempt),
        _("result"): job.result,
        _("error"): job.error,
        _("to do"): mend_of(job),
    })  # fmt: skip
    for why, skus in job.facts.get("unwritten", {}).items():
        reason = _("left to the next job") if why == "left" else _(WORDS[Skip(why)])
        click.echo(f"! {reason}: {', '.join(skus)}")
    for line in lines[:FEW]:
        before, level = map(level_in_words, (line.before, line.level))
        click.echo(f"  {line.sku}: {before} -> {level}  ({line.mark})")
    if len(lines) > FEW:
        more = n_("{n} more level", "{n} more levels", len(lines) - FEW)
        click.echo(f"  {more}")


@jobs.command("run")
@click.pass_context
def run_pending(context: click.Context) -> None:
    """Run the jobs that wait and whose time has come, as the schedule does.

    \b
    passerelle jobs run
    """
    settings = settings_of(context)
    settings.needed_syncs  # noqa: B018 - raises where there is none
    context.exit(carry_out(settings, "sync"))


@jobs.command()
@_number
@with_settings
def retry(settings: Settings, number: int) -> None:
    """Let a job that failed, was held, cancelled or did a part only be run again, now.

    It reads both ends anew; old levels are never written. `jobs run`, or the schedule, runs it.

    \b
    passerelle jobs retry 17
    """
    from passerelle.runs.sync_steering import retry_job

    with reading_ledger(settings) as ledger:
        tell(retry_job(ledger, _found(ledger, number), now(), settings.sync))


@jobs.command()
@_number
@with_settings
def cancel(settings: Settings, number: int) -> None:
    """Cancel a job that has not started. One whose writes are unsettled is looked up first.

    \b
    passerelle jobs cancel 17
    """
    from passerelle.runs.sync_steering import cancel_job

    with reading_ledger(settings) as ledger:
        tell(cancel_job(ledger, _found(ledger, number), now()))


def _found(ledger: Ledger, number: int) -> Job:
    job = ledger.jobs.get(number)
    if job is None:
        mend = _("`passerelle jobs list` shows those there are")
        raise UsageError(_("there is no job #{number}").format(number=number), "", mend)
    return job
