"""What a task starts, and its definition for Windows' Task Scheduler or for a crontab.

Elements and their order: [MS-TSCH] 2.5, https://learn.microsoft.com/openspecs/windows_protocols/ms-tsch/
A trigger's own elements come in a fixed sequence; those of settings and principals may come in any.
"""

import codecs
import math
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from msgspec import Struct

from passerelle.base.regex import regex
from passerelle.config.model import Settings
from passerelle.model.runs import RUNS
from passerelle.schedule.timetable import minutes_of

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_PLAIN = regex(r"[\w-]+")
# What a run needs beyond its own limit, to note how it ended.
_GRACE = timedelta(minutes=1)
# A first load of many levels takes so long.
_LONG = timedelta(hours=6)
_DESCRIPTIONS = {
    "orders": "Passerelle: sends the shop's orders to the ERP",
    "stock": "Passerelle: sends the ERP's stock to the shop",
    "pool": "Passerelle: keeps the levels of the shops that share one stock",
    "tills": "Passerelle: sends what the tills are paid for to the ERP",
    "sync": "Passerelle: makes the jobs that are due, and runs them",
}
_TASK = """\
<?xml version="1.0" encoding="{encoding}"?>
<Task version="1.2" xmlns="{namespace}">
  <RegistrationInfo>
    <Description>{description}</Description>
  </RegistrationInfo>
  <Triggers>
{triggers}
  </Triggers>
  <Principals>
    <Principal id="Author">
{account}      <LogonType>{logon}</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>false</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <Enabled>true</Enabled>
    <ExecutionTimeLimit>{limit}</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{command}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{folder}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""
# Times without a zone are local ones, in summer and in winter.
_TRIGGER = """\
    <CalendarTrigger>
      <StartBoundary>2026-01-01T00:{minute:02}:00</StartBoundary>
      <Repetition>
        <Interval>{interval}</Interval>
        <Duration>P1D</Duration>
      </Repetition>
      <ScheduleByDay>
        <DaysInterval>1</DaysInterval>
      </ScheduleByDay>
    </CalendarTrigger>"""


class Program(Struct, frozen=True):
    """What a scheduler starts: the program with its first arguments, its folder, its account.

    ``account`` is ``DOMAIN\\user``; without one the task is that of whoever registers it.
    """

    command: str
    options: tuple[str, ...]
    folder: str
    account: str = ""

    def arguments(self, run: str) -> str:
        """The arguments as Windows takes them; paths stand between quotes."""
        words = (*self.options, "run", run)
        return " ".join(word if _PLAIN.fullmatch(word) else f'"{word}"' for word in words)


def this_program(config: Path) -> Program:
    """The program that runs this, in its form without windows, with the config file ``config``."""
    executable = Path(sys.executable)
    frozen = getattr(sys, "frozen", False)
    windowed = executable.with_name("passerellew.exe" if frozen else "pythonw.exe")
    command = windowed if frozen or windowed.exists() else executable
    options = (*(() if frozen else ("-m", "passerelle")), "--config", str(config))
    domain, user = os.environ.get("USERDOMAIN"), os.environ.get("USERNAME")
    account = f"{domain}\\{user}" if sys.platform == "win32" and domain and user else ""
    return Program(str(command), options, str(config.parent), account)


def needs_password(settings: Settings) -> bool:
    """Whether a task must log on with the account's password.

    A task runs whether somebody is logged on or not. Without a password (S4U) it can open neither
    the credential store nor other machines' shares:
    https://learn.microsoft.com/windows/win32/api/taskschd/ne-taskschd-task_logon_type
    """
    secrets = [server.password for server in settings.servers.values()]
    for connector in settings.connectors.values():
        secrets += [connector.apikey, connector.apisecret]
    is_kept = any(secret.get_secret_value() == "keyring" for secret in secrets)
    return is_kept or any(_is_share(server.url) for server in settings.servers.values())


def _is_share(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "file" and bool(parts.netloc)


def task_xml(settings: Settings, run: str, program: Program, *, encoding: str = "UTF-16") -> str:
    """The definition of the task that starts ``run``; ``encoding`` is what it says of itself."""
    account = f"      <UserId>{escape(program.account)}</UserId>\n" if program.account else ""
    return _TASK.format(
        encoding=encoding,
        namespace=NAMESPACE,
        description=escape(_DESCRIPTIONS[run]),
        triggers="\n".join(_triggers(minutes_of(settings, run))),
        account=account,
        logon="Password" if needs_password(settings) else "S4U",
        limit=f"PT{math.ceil((_limit(settings, run) + _GRACE).total_seconds() / 60)}M",
        command=escape(program.command),
        arguments=escape(program.arguments(run)),
        folder=escape(program.folder),
    )


def _limit(settings: Settings, run: str) -> timedelta:
    return _LONG if RUNS[run].is_long else settings.time_limit


def _triggers(minutes: Sequence[int]) -> Iterator[str]:
    """One that repeats where they are as far from each other, else one for each of them."""
    steps = {after - before for before, after in pairwise((*minutes, minutes[0] + 60))}
    if len(minutes) > 1 and len(steps) == 1:
        yield _TRIGGER.format(minute=minutes[0], interval=f"PT{steps.pop()}M")
        return
    for minute in minutes:
        yield _TRIGGER.format(minute=minute, interval="PT1H")


def task_file(text: str) -> bytes:
    """The definition as a file that ``schtasks`` and the Task Scheduler's window import."""
    return codecs.BOM_UTF16_LE + text.replace("\n", "\r\n").encode("utf-16-le")


def cron_line(settings: Settings, run: str, program: Program) -> str:
    """The crontab's line that starts ``run``; cron mails what goes wrong (stderr)."""
    minutes = ",".join(map(str, minutes_of(settings, run)))
    command = shlex.join((program.command, *program.options, "run", run))
    line = f"cd {shlex.quote(program.folder)} && {command} >/dev/null"
    # crontab(5): a percent sign ends the command.
    return f"{minutes} * * * * {line.replace('%', chr(92) + '%')}"
