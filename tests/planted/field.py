"""Where faults are planted: a copy of the working tree, which the tests run in."""

import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.planted import ROOT, Fault

CAUGHT, MISSED, MOVED, UNCLEAR = "caught", "missed", "no longer applies", "unclear"
# What pytest ends with: all passed, some failed.
_PASSED, _FAILED = 0, 1
_NOTICED = re.compile(r"^(?:FAILED|ERROR) (tests/\S+?\.py(?:::\w+)*)", re.MULTILINE)
_OURS = ("passerelle", "tests", "scripts", "benchmarks")
_LIBRARIES = (
    *("pytest", "xdist", "hypothesis.stateful", "numpy", "lxml.etree", "sqlalchemy.orm"),
    *("pydantic", "click", "loguru", "tenacity", "filelock", "paramiko", "pyftpdlib.servers"),
    *("OpenSSL", "cryptography.x509", "schedule", "jinja2", "jsonschema", "httpx"),
)
# These say of every planted fault that its text is not there any more.
_NOT_THESE = ("--ignore=tests/test_planted.py",)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a fault; ``by`` is the test that noticed, or why there is none."""

    word: str
    by: str
    seconds: float = 0.0


class Field:
    """A copy of the working tree. The fault stands there and nowhere else."""

    def __init__(self, folder: Path, limit: float, *, whole_suite: bool) -> None:
        self.folder, self._limit, self._whole_suite = folder, limit, whole_suite
        # Python compares a source's time in seconds with that of its compiled form.
        self._written = int(time.time()) - 1_000_000

    def try_one(self, fault: Fault) -> Verdict:
        """Plants a fault and lets its room's tests look for it, then all tests if need be."""
        began = time.monotonic()
        path = self.folder / fault.file
        try:
            healthy = path.read_text("utf-8")
            ill = fault.planted(healthy)
        except (OSError, LookupError) as error:
            return Verdict(MOVED, str(error))
        try:
            self._write(path, ill)
            word, by = self._look(fault, began)
        finally:
            self._write(path, healthy)
        return Verdict(word, by, time.monotonic() - began)

    def fails_when_healthy(self, tests: Collection[str]) -> str:
        """Which of these tests fails though nothing is planted; ``""`` where none does."""
        _code, text = self._pytest(["-n0", *sorted(tests)], self._limit)
        noticed = _NOTICED.search(text)
        return noticed[1] if noticed else ""

    def _look(self, fault: Fault, began: float) -> tuple[str, str]:
        attempts = [("-n0", *fault.tests)]
        attempts += [_NOT_THESE] if self._whole_suite else []
        for arguments in attempts:
            left = self._limit - (time.monotonic() - began)
            try:
                code, text = self._pytest(arguments, left)
            except subprocess.TimeoutExpired:
                return UNCLEAR, f"not done within {self._limit:.0f} s"
            noticed = _NOTICED.search(text)
            if code == _FAILED and noticed:
                return CAUGHT, noticed[1]
            if code != _PASSED:
                return UNCLEAR, " ".join(re.sub("[!=]{4,}", "", text).split())[-200:]
        return MISSED, "no test" if self._whole_suite else "no test of its room"

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8", newline="")
        self._written += 1
        os.utime(path, (self._written, self._written))

    def _pytest(self, arguments: Iterable[str], limit: float) -> tuple[int, str]:
        options = ["-x", "-q", "-p", "no:cacheprovider", "--tb=no", "-rfE", "--color=no"]
        with tempfile.TemporaryFile() as output:
            start = _fork if hasattr(os, "fork") else _spawn
            process = start([*options, *arguments], self.folder, output.fileno())
            try:
                code = process.wait(max(limit, 1))
            finally:
                process.end()
            output.seek(0)
            return code, output.read().decode("utf-8", "replace")


class _Spawned:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def wait(self, limit: float) -> int:
        return self._process.wait(limit)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def _spawn(arguments: Sequence[str], folder: Path, output: int) -> _Spawned:
    command = [sys.executable, "-m", "pytest", *arguments]
    variables = os.environ | _variables(folder)
    tools = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
    return _Spawned(subprocess.Popen(command, cwd=folder, env=variables, **tools))  # type: ignore[call-overload]


def _variables(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(folder), "COLUMNS": "500"}


class _Forked:
    """A child, and all that it started in a group of its own."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._code: int | None = None

    def wait(self, limit: float) -> int:
        end = time.monotonic() + limit
        while self._code is None:
            number, status = os.waitpid(self._number, os.WNOHANG)
            if number:
                self._code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise subprocess.TimeoutExpired("pytest", limit)
            else:
                time.sleep(0.05)
        return self._code

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._number, signal.SIGKILL)
        if self._code is None:
            os.waitpid(self._number, 0)


def _fork(arguments: Sequence[str], folder: Path, output: int) -> _Forked:
    """Libraries take longer to load than most rooms' tests to run: here they are loaded once."""
    warm_up()
    if number := os.fork():
        return _Forked(number)
    code = 3
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(folder)
        os.environ |= _variables(folder)
        sys.path[:] = [str(folder), *(path for path in sys.path if path not in ("", str(ROOT)))]
        for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
            del sys.modules[name]
        import pytest

        code = int(pytest.main([*arguments]))
    finally:
        sys.stdout.flush()
        os._exit(code)


@cache
def warm_up() -> None:
    """Loads what the tests need of others, and nothing that may be planted."""
    for name in _LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)


@contextmanager
def field(limit: float, *, whole_suite: bool) -> Iterator[Field]:
    """A fresh copy of all files that git knows of, or would."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    with tempfile.TemporaryDirectory(prefix="passerelle-planted-") as folder:
        for name in filter(None, names.decode("utf-8").split("\0")):
            if (ROOT / name).is_file():
                target = Path(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        yield Field(Path(folder), limit, whole_suite=whole_suite)
