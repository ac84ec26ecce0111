"""Where faults are planted: a copy of the working tree, which the tests run in."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.planted import ROOT, Fault

CAUGHT, MISSED, MOVED, UNCLEAR = "caught", "missed", "no longer applies", "unclear"
# What pytest ends with: all passed, some failed.
_PASSED, _FAILED = 0, 1
_NOTICED = re.compile(r"^(?:FAILED|ERROR) (tests/\S+?\.py(?:::\w+)*)", re.MULTILINE)
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
        self._folder, self._limit, self._whole_suite = folder, limit, whole_suite
        # Python compares a source's time in seconds with that of its compiled form.
        self._written = int(time.time()) - 1_000_000

    def try_one(self, fault: Fault) -> Verdict:
        """Plants a fault and lets its room's tests look for it, then all tests if need be."""
        began = time.monotonic()
        path = self._folder / fault.file
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
                return UNCLEAR, " ".join(text.split())[-200:]
        return MISSED, "no test" if self._whole_suite else "no test of its room"

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8", newline="")
        self._written += 1
        os.utime(path, (self._written, self._written))

    def _pytest(self, arguments: Iterable[str], limit: float) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        process = subprocess.Popen(
            [*command, "--tb=no", "-rfE", "--color=no", *arguments],
            cwd=self._folder,
            env=os.environ | {"PYTHONPATH": str(self._folder), "COLUMNS": "500"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            text, _nothing = process.communicate(timeout=max(limit, 1))
        finally:
            _end(process)
        return process.returncode, text.decode("utf-8", "replace")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the tests and all that they started."""
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


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
