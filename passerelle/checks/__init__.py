"""``passerelle check``: looks at everything a run needs, and says what is wrong with its mend.

Nothing is changed and nothing is left behind. No lock is taken: a run may be active meanwhile,
since a check writes only probe files, whose names are its own.
"""

from collections.abc import Iterator
from pathlib import Path

from passerelle.base import clocks
from passerelle.base.errors import ConfigError, PasserelleError
from passerelle.base.language import _
from passerelle.base.wording import minute
from passerelle.checks.connectors import check_connectors
from passerelle.checks.findings import Finding, Grade, fault, ok, warning
from passerelle.checks.local import (
    check_folder,
    check_forms,
    check_ledger,
    check_names,
    limit_of_names,
)
from passerelle.checks.servers import check_ledger_password, check_password, check_server
from passerelle.checks.tills import check_tills
from passerelle.config.model import Settings
from passerelle.health.alerts.sending import Address, addresses, is_in_clear, name, services_of
from passerelle.model.runs import RUNS
from passerelle.schedule.definition import Program, needs_password, this_program
from passerelle.schedule.schtasks import find_schtasks
from passerelle.schedule.tasks import NOT_YET, RUNNING, Task, look_up, result_in_words, task_name
from passerelle.schedule.timetable import timetable

_GOOD = (None, 0, NOT_YET, RUNNING)


def check_all(settings: Settings, config: Path) -> Iterator[Finding]:
    """Every finding, as soon as it is known. ``config`` is the file that the settings are from.

    What fails becomes a finding, never an exception.
    """
    yield _check_sections(settings, config)
    yield from _check_start(settings)
    yield from check_folder(settings)
    yield from check_names(settings, limit_of_names())
    yield from check_ledger_password(settings, config)
    yield from check_ledger(settings)
    yield from check_forms(settings)
    for label, server in settings.servers.items():
        password = check_password(label, server, config)
        yield from password
        if not any(finding.grade == Grade.FAULT for finding in password):
            yield from check_server(settings, label)
    yield from check_connectors(settings)
    yield from check_tills(settings)
    yield from check_tasks(settings, config)
    yield from check_alerts(settings)


def _check_sections(settings: Settings, config: Path) -> Finding:
    present = [name for name in RUNS if getattr(settings, name)]
    if not present:
        mend = _("add [orders] and [stock]; `passerelle init` shows how")
        return warning(config.name, _("no run has anything to do"), mend)
    found = _("no fault in {file} ({sections})")
    # Translators: between the names of sections
    return ok(config.name, found.format(file=config, sections=_(" and ").join(present)))


def _check_start(settings: Settings) -> Iterator[Finding]:
    """What would keep all orders from being sent, though no key is wrong."""
    if settings.stock and not settings.orders:
        mend = _("add [orders]: what was sold and is not in the ERP yet is held back by it")
        yield fault("[stock]", ConfigError(_("`run stock` needs [orders], too"), "", mend))
    begin = settings.orders.start_from if settings.orders else None
    if begin and begin.astimezone() > clocks.clock():
        found = _("orders.start_from is {date}: no order placed before goes to the ERP")
        told = found.format(date=minute(begin.astimezone()))
        yield warning("orders.start_from", told, _("mend it if that is no date of the future"))


def check_tasks(settings: Settings, config: Path) -> Iterator[Finding]:
    """One finding for each run's task. A task is never a fault: runs may be started otherwise."""
    if find_schtasks() is None:
        found = _("no Windows Task Scheduler here; what starts the runs is not known")
        yield ok(_("tasks"), found)
        return
    for run in timetable(settings):
        yield _check_task(settings, run, this_program(config))


def _check_task(settings: Settings, run: str, program: Program) -> Finding:
    what = _("tasks, {name}").format(name=task_name(run))
    try:
        task = look_up(run)
    except PasserelleError as error:
        return warning(what, error.what, error.mend)
    if problem := _problem(task, run, program, with_password=needs_password(settings)):
        return warning(what, *problem)
    found = _("enabled, next start {start}").format(start=task.next_start or _("not told"))
    if task.last_result is not None:
        found = _("; ").join((found, _last_result(task.last_result)))
    return ok(what, found)


def _last_result(result: int) -> str:
    return _("last result: {result}").format(result=result_in_words(result))


def _problem(
    task: Task, run: str, program: Program, *, with_password: bool
) -> tuple[str, str] | None:
    """What is wrong with the task, and the mend."""
    anew = _("`passerelle schedule install {run}` registers it anew").format(run=run)
    if task.enabled is None:
        found = _("no such task: nothing starts this run")
        return found, f"`passerelle schedule install {run}`"
    if not task.starts(program, run):
        found = _("it starts something else: {program}")
        return found.format(program=f"{task.command} {task.arguments}"), anew
    if not Path(task.command).exists():
        return _("its program is not there: {program}").format(program=task.command), anew
    if not task.enabled:
        return _("disabled"), f"`passerelle schedule enable {run}`"
    if with_password and task.logon == "S4U":
        return _("it logs on without a password and cannot open the credential store"), anew
    if task.last_result not in _GOOD:
        mend = _("look into `passerelle history` and the traces")
        return _last_result(task.last_result or 0), mend
    return None


def check_alerts(settings: Settings) -> Iterator[Finding]:
    """One finding for each address, or that there is none."""
    if not settings.alerts.urls:
        yield ok(
            "alerts", _("nobody is told when something needs a person: [alerts] urls is empty")
        )
    for address in addresses(settings):
        yield _check_address(address)
    if settings.alerts.heartbeat.get_secret_value():
        yield from _check_heartbeat(settings)


def _check_heartbeat(settings: Settings) -> Iterator[Finding]:
    from passerelle.health.alerts.heartbeat import KEY, address_of, look

    runs = {address_of(settings, run): run for run in timetable(settings)}
    for run in runs.values():
        what = f"{KEY}, run {run}" if len(runs) > 1 else KEY
        place, problem = look(settings, run)
        if problem:
            mend = _("copy the address from the monitor's page anew; runs go on without it")
            yield warning(what, f"{place}: {problem}", mend)
        else:
            yield ok(what, _("{place} answers").format(place=place))


def _check_address(address: Address) -> Finding:
    try:
        services = services_of(address)
    except ConfigError as error:
        return fault(address.key, error)
    if is_in_clear(services):
        found = _("{name}: its password travels unencrypted").format(name=name(services))
        return warning(address.key, found, _("write it with mailtos://"))
    found = _("{name} is understood; `passerelle alerts test` sends a message")
    return ok(address.key, found.format(name=name(services)))
