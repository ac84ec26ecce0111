"""Running contenders in processes of their own, in turns, and what came out of it."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
# A child counts as at least as big as the process that it came from: so a small one starts it.
_SMALL_PARENT = """
import json, os, sys, time
started = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
took = time.perf_counter() - started
print(json.dumps({"whole": took, "peak": usage.ru_maxrss * 1024}), file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass
class Timings:
    """Seconds of each round, of the whole process and inside it, and the greatest memory."""

    name: str
    whole: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    peak: int = 0


class ContenderError(Exception):
    """A contender ended badly; its words are in the message."""


def take_turns(contenders: Sequence["Contender"], rounds: int) -> dict[str, Timings]:
    """Every contender once a round, so that what the machine does beside hits all alike."""
    timings = {contender.name: Timings(contender.name) for contender in contenders}
    for number in range(rounds):
        order = contenders if number % 2 == 0 else contenders[::-1]
        for contender in order:
            print(f"  round {number + 1}: {contender.name}", flush=True)
            contender.run(timings[contender.name])
    return timings


@dataclass(frozen=True)
class Contender:
    """A command that does the work; where it prints JSON, that has its ``inside`` seconds.

    ``prepare`` lays everything out anew before each run, and is not counted.
    """

    name: str
    command: tuple[str, ...]
    prepare: Callable[[], object] = lambda: None
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, timings: Timings) -> None:
        """Runs it once. Raises :class:`ContenderError`."""
        self.prepare()
        done = self.check()
        cost = json.loads(done.stderr.splitlines()[-1])
        timings.whole.append(cost["whole"])
        timings.peak = max(timings.peak, cost["peak"])
        if done.stdout.startswith("{"):
            timings.inside.append(json.loads(done.stdout)["inside"])

    def check(self) -> "subprocess.CompletedProcess[str]":
        """Runs the command; it must end well. Raises :class:`ContenderError`."""
        command = [sys.executable, "-c", _SMALL_PARENT, *self.command]
        environment = os.environ | {"PYTHONPATH": str(ROOT)} | self.environment
        # Whoever installs a program has its compiled files, whatever this shell was told.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, encoding="utf-8"
        )
        if done.returncode:
            raise ContenderError(f"{self.name}: {done.stdout}{done.stderr}")
        return done


def python(name: str, module: str, *args: object) -> Contender:
    """A contender that is a module of :mod:`benchmarks.contenders`."""
    module = f"benchmarks.contenders.{module}"
    return Contender(name, (sys.executable, "-m", module, *map(str, args)))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """How many times as long they took: the median of the rounds' ratios, and its extremes."""
    ratios = sorted(their / our for our, their in zip(ours, theirs, strict=True))
    return statistics.median(ratios), ratios[0], ratios[-1]
