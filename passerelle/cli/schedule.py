"""``passerelle schedule``: when the runs start, and what starts them."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec.structs import asdict

from passerelle.base.errors import ConfigError, NotFoundError, UnreachableError
from passerelle.base.language import N_, _, speak
from passerelle.base.program import this_program
from passerelle.base.wording import local, minutes_in_words
from passerelle.cli.common import (
    config_path,
    deliver,
    fail,
    json_option,
    now,
    print_facts,
    print_json,
    print_table,
    readable,
    say,
    settings_of,
    with_settings,
)
from passerelle.cli.running import carry_out
from passerelle.config.model import Settings
from passerelle.model.runs import RUNS, USUAL
from passerelle.schedule import definition, tasks
from passerelle.schedule.schtasks import find_schtasks
from passerelle.schedule.timetable import Timetable, next_start, timetable

_which = click.argument("what", type=click.Choice([*RUNS]), required=False)


@click.group()
def schedule() -> None:
    """When the runs start, and what starts them: the minutes are in config.toml, [schedule].

    On Windows the Task Scheduler starts them (install); elsewhere `schedule run` does, or cron.

    \b
    passerelle schedule install
    passerelle schedule disable
    """


@schedule.command()
@json_option
@with_settings
def show(settings: Settings, as_json: bool) -> None:
    """Show at which minutes each run starts, and when that is next.

    \b
    passerelle schedule show
    """
    plan = _plan(settings)
    starts = {run: next_start(minutes, now()) for run, minutes in plan.items()}
    if as_json:
        print_json([{"run": r, "minutes": plan[r], "next_start": starts[r]} for r in plan])
        return
    rows = [(run, minutes_in_words(plan[run]), local(starts[run])) for run in plan]
    print_table((N_("run"), N_("of every hour"), N_("next start")), rows)
    if settings.chain.others:
        told = _("others' clocks, which Passerelle does not stop: {names}")
        click.echo(told.format(names=", ".join(settings.chain.others)))


@schedule.command()
@click.argument("what", type=click.Choice([*RUNS]), required=False)
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path),
              help="Write here, in the encoding that schtasks wants.")  # fmt: skip
@click.option("--cron", is_flag=True, help="The lines for a crontab instead.")
@click.pass_context
def export(context: click.Context, what: str | None, output: Path | None, cron: bool) -> None:
    """Print the task that `install` registers, or write it for `schtasks /Create /XML`.

    \b
    passerelle schedule export orders -o orders.xml
    passerelle schedule export --cron
    """
    if not cron and not what:
        raise click.UsageError(_("name the task, orders, stock or pool, or say --cron"), context)
    settings, program = settings_of(context), definition.this_program(config_path(context))
    if cron:
        runs = (what,) if what else tuple(_plan(settings))
        lines = (definition.cron_line(settings, run, program) + "\n" for run in runs)
        deliver("".join(lines).encode(), output)
    elif output:
        deliver(definition.task_file(definition.task_xml(settings, what or "", program)), output)
    else:
        text = definition.task_xml(settings, what or "", program, encoding="UTF-8")
        deliver(text.encode(), None)


@schedule.command()
@_which
@click.pass_context
def install(context: click.Context, what: str | None) -> None:
    """Register Passerelle\\orders and Passerelle\\stock (or one) with the Task Scheduler.

    Over older ones; Passerelle\\pool too, where config.toml has a [pool]. They run whether
    somebody is logged on or not. Where a password is in the credential store, or a server is
    another machine's share, Windows asks for the password of your account: without it, a task can
    open neither.

    \b
    passerelle schedule install
    passerelle schedule install orders
    """
    settings, program = settings_of(context), definition.this_program(config_path(context))
    plan = _plan(settings, what)
    if find_schtasks() and program.account and definition.needs_password(settings):
        click.echo(_announced(program.account, tasks_to_come=len(plan)))
    for run, minutes in plan.items():
        tasks.install(settings, run, program)
        coming = local(next_start(minutes, now()))
        words = _("starts at {minutes} of every hour, next at {time}")
        told = words.format(minutes=minutes_in_words(minutes), time=coming)
        _tell_of(tasks.task_name(run), told)


def _announced(account: str, *, tasks_to_come: int) -> str:
    if tasks_to_come == 1:
        return _("Windows asks once for the password of {account}:").format(account=account)
    each = _("Windows asks once for each task for the password of {account}:")
    return each.format(account=account)


@schedule.command()
@_which
def remove(what: str | None) -> None:
    """Remove both tasks, or one, from the Task Scheduler.

    \b
    passerelle schedule remove
    """
    for run in _named(what):
        there = tasks.remove(run)
        if there or what or run in USUAL:
            _tell_of(tasks.task_name(run), _("removed") if there else _("there was none"))


@schedule.command()
@_which
def enable(what: str | None) -> None:
    """Let both tasks, or one, start at their times again.

    \b
    passerelle schedule enable
    passerelle schedule enable stock
    """
    _switch(what, on=True)


@schedule.command()
@_which
@click.pass_context
def disable(context: click.Context, what: str | None) -> None:
    """Pause both tasks, or one, until `enable`. Others' clocks, in [chain] others, go on.

    \b
    passerelle schedule disable
    passerelle schedule disable stock
    """
    _switch(what, on=False)
    settings = readable(context)
    if settings and settings.chain.others:
        told = _("still going, as others own them: {names}; pause them where they are set")
        click.echo(told.format(names=", ".join(settings.chain.others)))


def _switch(what: str | None, *, on: bool) -> None:
    """All tasks there are, or the one named. Needs no config: a broken one must not prevent it."""
    missing: list[NotFoundError] = []
    for run in _named(what):
        try:
            tasks.switch(run, on=on)
        except NotFoundError as error:
            missing.append(error)
            continue
        _tell_of(tasks.task_name(run), _("enabled") if on else _("disabled"))
    if len(missing) == len(_named(what)):
        raise missing[0]


@schedule.command()
@json_option
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """Show both tasks: enabled or not, how the last run ended, when the next one starts.

    \b
    passerelle schedule status
    """
    plan = _plan(settings_of(context))
    program = definition.this_program(config_path(context))
    found = {run: tasks.look_up(run) for run in plan}
    if as_json:
        speak("en")  # programs read it
        print_json([asdict(task) | {"run": run} | _facts(task) for run, task in found.items()])
        return
    for run, task in found.items():
        _tell_of(task.name, _facts(task)["state"])
        if task.enabled is not None:
            _print_task(task, other=not task.starts(program, run))


def _print_task(task: tasks.Task, *, other: bool) -> None:
    started = _("something else: {command}").format(command=f"{task.command} {task.arguments}")
    print_facts({
        f"  {_('last start')}": task.last_start,
        f"  {_('last result')}": _facts(task)["result"],
        f"  {_('next start')}": task.next_start if task.enabled else _("none while it is disabled"),
        f"  {_('starts')}": started if other else "",
    })  # fmt: skip


def _facts(task: tasks.Task) -> dict[str, str]:
    missing = _("missing; `passerelle schedule install`")
    states = {None: missing, True: _("enabled"), False: _("disabled")}
    result = "" if task.last_result is None else tasks.result_in_words(task.last_result)
    return {"state": states[task.enabled], "result": result}


@schedule.command("run")
@click.pass_context
def run_loop(context: click.Context) -> None:
    """Start the runs at their minutes, in the foreground, until Ctrl+C.

    For machines without a Task Scheduler. A run that fails is told, and the next one starts at
    its time. What was missed while the machine slept is not made up for. A change of [schedule]
    counts when you start this anew, any other change at the next run.

    \b
    passerelle schedule run
    """
    from passerelle.schedule.loop import Loop, stoppable, the_only_loop

    settings = settings_of(context)
    plan = _plan(settings)

    beside = list[subprocess.Popen[bytes]]()

    def start(run: str) -> None:
        # Those that have ended are waited for, so that nothing is left of them.
        beside[:] = [child for child in beside if child.poll() is None]
        if RUNS[run].is_long:
            beside.append(_start_beside(config_path(context), run))
        else:
            carry_out(settings_of(context), run)

    with the_only_loop(settings.folder), stoppable():
        _refuse_beside_tasks(plan)
        Loop(plan, start, say=say, fail=fail, now=now).go_on()


def _start_beside(config: Path, run: str) -> "subprocess.Popen[bytes]":
    """In a process of its own, which tells what it does here: the others keep their minutes."""
    words = this_program(config, "run", run)
    try:
        return subprocess.Popen(words)  # noqa: S603 - this program, no shell
    except OSError as error:
        failed = _("run {run} cannot be started").format(run=run)
        raise UnreachableError(failed, words[0], str(error.strerror)) from error


def _refuse_beside_tasks(plan: Timetable) -> None:
    if find_schtasks() is None:
        return
    # Said first: Windows may take its time.
    say(_("asking the Task Scheduler whether it starts the runs already"))
    try:
        tasks.refuse_beside(plan)
    except UnreachableError as error:
        unknown = _("whether tasks start the runs as well is not known")
        fail(_(": ").join((unknown, str(error))))


def _tell_of(task: str, text: str) -> None:
    click.echo(_(": ").join((task, text)))


def _plan(settings: Settings, what: str | None = None) -> Timetable:
    """The runs to speak of: the one named, or all that have their section in the config."""
    plan = timetable(settings)
    lacking = "" if plan else _("neither [orders] nor [stock] is there")
    if what and what not in plan:
        lacking = _("[{section}] is missing").format(section=what)
    if lacking:
        raise ConfigError(lacking, settings.file_name, _("add it; `passerelle init` shows how"))
    return {what: plan[what]} if what else plan


def _named(what: str | None) -> Sequence[str]:
    return (what,) if what else [*RUNS]
