"""``schtasks.exe``, Windows' own program for its Task Scheduler, and what it answers.

Its words are in Windows' language: only exit codes, XML and the position of CSV columns are read.
"""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

from lxml import etree

from passerelle.base.errors import (
    AccessDeniedError,
    NotFoundError,
    PasserelleError,
    UnreachableError,
    UsageError,
)
from passerelle.base.language import _

_PATIENCE = 30
_TYPING = 600
# The low words of HRESULTs: https://learn.microsoft.com/windows/win32/debug/system-error-codes
_NO_FILE, _NO_PATH, _DENIED = 2, 3, 5
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
# `schtasks /Query /FO CSV /V`, as documented; headers are translated, positions are not.
_NEXT_RUN, _LAST_RUN, _LAST_RESULT = 2, 5, 6


def find_schtasks() -> str | None:
    """Its full path; ``None`` on a machine without a Task Scheduler."""
    if sys.platform == "win32":
        # Not by the search path: that begins with the current folder.
        path = Path(os.environ.get("SYSTEMROOT", "C:\\Windows"), "System32", "schtasks.exe")
        return str(path) if path.is_file() else None
    return shutil.which("schtasks")


def create(name: str, file: Path, account: str) -> None:
    """Registers the task in ``file``, over an older one. With an ``account``, asks its password.

    Windows itself asks at the console: the password does not pass through here.
    """
    if not account:
        _must(name, "/Create", "/TN", name, "/XML", str(file), "/F")
        return
    words = ("/Create", "/TN", name, "/XML", str(file), "/RU", account, "/RP", "*", "/F")
    if code := _start(words, asking=True).returncode:
        raise _failure(name, code, _("its reason stands above"))


def delete(name: str) -> None:
    """Removes the task. Raises :class:`NotFoundError` where there is none."""
    _must(name, "/Delete", "/TN", name, "/F")


def switch(name: str, *, on: bool) -> None:
    """Lets the task start at its times, or not. Raises :class:`NotFoundError`."""
    _must(name, "/Change", "/TN", name, "/ENABLE" if on else "/DISABLE")


def definition(name: str) -> etree._Element:
    """The task's XML. Raises :class:`NotFoundError` where there is none."""
    text = _ask(name, "/XML", "ONE")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        # Without its declaration: the console has another encoding than that tells.
        return etree.fromstring(text[text.index("<Task") :], parser)
    except (ValueError, etree.XMLSyntaxError):
        raise UnreachableError(
            _("schtasks told no definition of the task"), name, _look()
        ) from None


def history(name: str) -> tuple[str, int | None, str]:
    """When the task last started, with what result, and when it starts next, as Windows says."""
    rows = csv.reader(_ask(name, "/FO", "CSV", "/V", "/NH").splitlines())
    row = next((row for row in rows if len(row) > _LAST_RESULT), None)
    if row is None:
        return "", None, ""
    try:
        result = int(row[_LAST_RESULT]) & 0xFFFFFFFF
    except ValueError:
        result = None
    return row[_LAST_RUN].strip(), result, row[_NEXT_RUN].strip()


def _ask(name: str, *form: str) -> str:
    # /HRESULT tells a task that is not there from one that this account may not see.
    done = _start(("/Query", "/TN", name, *form, "/HRESULT"))
    if done.returncode:
        raise _failure(name, done.returncode, _text(done.stderr))
    return _text(done.stdout)


def _must(name: str, *words: str) -> None:
    done = _start(words)
    if not done.returncode:
        return
    if words[0] != "/Create":
        # Says whether it is there at all; only /Query tells that in every language.
        _ask(name, "/XML", "ONE")
    raise _failure(name, done.returncode, _text(done.stderr))


def _failure(name: str, code: int, words: str) -> PasserelleError:
    low = code & 0xFFFF
    if low in (_NO_FILE, _NO_PATH):
        return NotFoundError(_("there is no such task"), name, "`passerelle schedule install`")
    said = f' (schtasks: "{" ".join(words.split())}")' if words.strip() else ""
    if low == _DENIED or not _is_administrator():
        mend = _('open the console with "Run as administrator", and say it again')
        return AccessDeniedError(_("Windows did not allow it") + said, name, mend)
    return UnreachableError(_("schtasks failed") + said, name, _look())


def _look() -> str:
    return _("look in the Task Scheduler's window")


def _is_administrator() -> bool:
    """Whether Windows lets this process change tasks; elsewhere nobody is asked."""
    if sys.platform != "win32":
        return True
    import ctypes

    return bool(ctypes.windll.shell32.IsUserAnAdmin())


def _start(words: tuple[str, ...], *, asking: bool = False) -> "subprocess.CompletedProcess[bytes]":
    program = find_schtasks()
    if program is None:
        raise _absent()
    pipe = None if asking else subprocess.PIPE
    try:
        child = subprocess.Popen(  # noqa: S603 - Windows' own program, by its full path, no shell
            (program, *words),
            stdin=None if asking else subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            creationflags=0 if asking else _NO_WINDOW,
        )
    except OSError as error:
        failed = _("schtasks cannot be used")
        raise UnreachableError(failed, program, str(error.strerror)) from error
    return _end(child, program, patience=_TYPING if asking else _PATIENCE)


def _end(
    child: "subprocess.Popen[bytes]", program: str, *, patience: float
) -> "subprocess.CompletedProcess[bytes]":
    try:
        output, errors = child.communicate(timeout=patience)
    except subprocess.TimeoutExpired as error:
        # Its pipes are left alone: a service that it started may hold them open for good.
        child.kill()
        raise UnreachableError(_("schtasks does not answer"), program, _("try again")) from error
    except BaseException:
        child.kill()
        raise
    return subprocess.CompletedProcess(child.args, child.returncode, output, errors)


def _absent() -> PasserelleError:
    if sys.platform == "win32":
        mend = _("have Windows repaired (sfc /scannow), or use `passerelle schedule run`")
        return UnreachableError(_("schtasks.exe is missing"), "System32", mend)
    mend = _(
        "use `passerelle schedule run`, or put `passerelle schedule export --cron` in a crontab"
    )
    return UsageError(_("this machine has no Windows Task Scheduler"), "", mend)


def _text(output: bytes) -> str:
    """What it printed: to a pipe, in the console's old code page; some versions, UTF-16."""
    if output.startswith(b"\xff\xfe") or output[1:2] == b"\0":
        return output.decode("utf-16", errors="replace")
    return output.decode("oem" if sys.platform == "win32" else "utf-8", errors="replace")
