"""Strikes the program at one system call, by strace: kills it there, or lets the call fail.

Source: strace(1), ``--inject``. A signal strikes as the call begins, so the call is not done; to
strike after a call is to strike before the next one.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import forking
from tests.shell import Result

# What changes files or speaks with a server. "recvfrom" strikes after a command was sent.
_FILES = (
    *("write", "pwrite64", "writev", "fsync", "fdatasync", "ftruncate"),
    *("rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "openat"),
)
_NETWORK = ("connect", "sendto", "sendmsg", "recvfrom", "shutdown")
_CALL = re.compile(r"^(?P<thread>\d+) +(?P<name>\w+)\((?P<given>.*)$")
_PATH = re.compile(r'[<"](/[^>"]*)[>"]')
_COMMAND = re.compile(r', "([A-Z]{3,4})\b')
_OUR_OUTPUT = re.compile(r"[12]<")

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None and os.environ.get("PASSERELLE_REQUIRE_REALSERVERS") != "1",
    reason="strace is not installed",
)


@dataclass(frozen=True)
class Call:
    """The call ``name``, for the ``number``-th time in its thread; ``about`` says on what."""

    name: str
    number: int
    about: str

    def __str__(self) -> str:
        return f"{self.name} {self.number} ({self.about})"

    @property
    def changes_files(self) -> bool:
        """Whether a full disk can make it fail."""
        return self.name in _FILES and not self.name.startswith("unlink")


def record(args: tuple[str, ...], folder: Path) -> list[Call]:
    """Every call by which ``passerelle ARGS``, run in ``folder``, changes the world."""
    log = folder.parent / "strace.log"
    result = _strace(args, folder, "-y", "-o", str(log), "-e", f"trace={_ALL}")
    assert result.exit_code == 0, result
    return list(dict.fromkeys(_calls(log.read_text("utf-8", "replace"))))


def kill_before(call: Call, args: tuple[str, ...], folder: Path) -> Result:
    """Runs it and kills it with SIGKILL as the call begins."""
    inject = f"inject={call.name}:signal=SIGKILL:when={call.number}"
    return _strace(args, folder, "-o", os.devnull, "-e", f"trace={call.name}", "-e", inject)


def fail_from(call: Call, error: str, args: tuple[str, ...], folder: Path) -> Result:
    """Runs it; the call and all later ones of its kind fail with ``error``, as on a full disk."""
    inject = f"inject={call.name}:error={error}:when={call.number}+"
    return _strace(args, folder, "-o", os.devnull, "-e", f"trace={call.name}", "-e", inject)


_ALL = ",".join(_FILES + _NETWORK)


def _strace(args: tuple[str, ...], folder: Path, *options: str) -> Result:
    """Runs the program; strace comes to it before it begins."""
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    with (
        Path(os.devnull).open("rb") as nothing,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        streams = (nothing.fileno(), out.fileno(), err.fileno())
        child = forking.start(
            "passerelle", args, cwd=folder, env=environment, streams=streams, held=True
        )
        attach = ["strace", "-f", "-qqq", "-e", "signal=none", *options, "-p", str(child.pid)]
        with subprocess.Popen(attach, stderr=subprocess.PIPE) as strace:
            while not _is_traced(child.pid):
                assert strace.poll() is None, strace.communicate()
                time.sleep(0.002)
            child.go()
            code = child.wait()
        out.seek(0)
        err.seek(0)
        return Result(int(code or 0), out.read(), err.read().decode("utf-8", "replace"))


def _is_traced(pid: int) -> bool:
    return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text("utf-8")


def _calls(log: str) -> Iterator[Call]:
    """The world-changing calls in strace's log, numbered by name within their thread."""
    numbers: Counter[tuple[str, str]] = Counter()
    for line in log.splitlines():
        found = _CALL.match(line)
        if found is None:
            continue
        name, given = found["name"], found["given"]
        numbers[found["thread"], name] += 1
        reads_only = name == "openat" and "O_CREAT" not in given
        if not reads_only and not _OUR_OUTPUT.match(given):
            yield Call(name, numbers[found["thread"], name], _about(given))


def _about(given: str) -> str:
    command, path = _COMMAND.search(given), _PATH.search(given)
    if command:
        return command[1]
    # Names with a time in them are the same place on the next day.
    return re.sub(r"\d{8}_\d{6}", "TIME", path[1].rpartition("/")[2]) if path else "connection"
