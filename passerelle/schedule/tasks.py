"""The tasks ``Passerelle\\orders`` and ``Passerelle\\stock`` of Windows' Task Scheduler."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from passerelle.base.errors import BusyError, NotFoundError, UnreachableError
from passerelle.base.language import _
from passerelle.base.regex import regex
from passerelle.config.model import Settings
from passerelle.model.runs import RUNS
from passerelle.schedule import schtasks
from passerelle.schedule.definition import NAMESPACE, Program, needs_password, task_file, task_xml

_FOLDER = "Passerelle"
_NOT_ASCII = regex(r"[^\x20-\x7e]")
# https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-error-and-success-constants
NOT_YET, RUNNING = 0x41303, 0x41301


class Task(Struct, frozen=True):
    """A registered task, as Windows tells it. ``enabled`` is ``None`` where there is none."""

    name: str
    enabled: bool | None
    command: str = ""
    arguments: str = ""
    logon: str = ""
    last_start: str = ""
    last_result: int | None = None
    next_start: str = ""

    def starts(self, program: Program, run: str) -> bool:
        # A console may lack characters.
        told, meant = (self.command, self.arguments), (program.command, program.arguments(run))
        return [_NOT_ASCII.sub("?", text) for text in told] == [
            _NOT_ASCII.sub("?", text) for text in meant
        ]


def task_name(run: str) -> str:
    """The task's path, as in ``Passerelle\\orders``."""
    return f"{_FOLDER}\\{run}"


def result_in_words(result: int) -> str:
    """What a task's last result means: our exit codes, and Windows' own."""
    code = str(result) if result < 256 else f"0x{result:X}"
    return f"{_results().get(result) or _('an exit code that Passerelle does not have')} ({code})"


def _results() -> dict[int, str]:
    return {
        0: _("done"),
        1: _("a bug: its traceback is in the trace"),
        2: _("wrong usage"),
        3: _("a fault of the configuration"),
        4: _("a server or file could not be reached"),
        5: _("some data was rejected"),
        6: _("held for safety, nothing published"),
        7: _("another run was active"),
        130: _("interrupted"),
        NOT_YET: _("not started yet"),
        RUNNING: _("running now"),
        0x41306: _("ended from outside, or by its time limit"),
        0xC000013A: _("closed or interrupted"),
        0x80070002: _("its program is not where it was"),
        0x80070003: _("its program or folder is not where it was"),
        0x8007010B: _("its working folder is not there"),
        0x8007052E: _("Windows refused the account's password; install the task again"),
        0x80070569: _("the account lacks the right to log on as a batch job"),
        0x800710E0: _("Windows refused to start it (nobody logged on, or still running)"),
    }


def install(settings: Settings, run: str, program: Program) -> None:
    """Registers the task of ``run``, over an older one. Raises :class:`PasserelleError`."""
    account = program.account if needs_password(settings) else ""
    with TemporaryDirectory(prefix="passerelle-") as folder:
        file = Path(folder, f"{run}.xml")
        try:
            file.write_bytes(task_file(task_xml(settings, run, program)))
        except OSError as error:
            reason = error.strerror or _("make room on the disk")
            raise UnreachableError(_("the file cannot be written"), str(file), reason) from error
        schtasks.create(task_name(run), file, account)


def remove(run: str) -> bool:
    """Removes the task of ``run``; whether there was one."""
    try:
        schtasks.delete(task_name(run))
    except NotFoundError:
        return False
    return True


def switch(run: str, *, on: bool) -> None:
    schtasks.switch(task_name(run), on=on)


def look_up(run: str) -> Task:
    name = task_name(run)
    try:
        tree = schtasks.definition(name)
        last_start, last_result, next_start = schtasks.history(name)
    except NotFoundError:
        return Task(name, None)

    def text(path: str) -> str:
        return tree.findtext(path, default="", namespaces={"t": NAMESPACE}).strip()

    enabled = text("t:Settings/t:Enabled") != "false"
    action = "t:Actions/t:Exec/t:"
    return Task(
        name,
        enabled,
        command=text(f"{action}Command"),
        arguments=text(f"{action}Arguments"),
        logon=text("t:Principals/t:Principal/t:LogonType"),
        last_start=last_start,
        last_result=last_result,
        next_start=next_start,
    )


def refuse_beside(runs: Iterable[str] = RUNS) -> None:
    """Raises :class:`BusyError` where an enabled task starts one of ``runs`` already."""
    enabled = [task.name for task in map(look_up, runs) if task.enabled]
    if enabled:
        raise BusyError(
            _("the Task Scheduler starts the runs already"),
            ", ".join(enabled),
            _("`passerelle schedule disable` first, or leave it to the tasks"),
        )
