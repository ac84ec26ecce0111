"""What it costs to start at all."""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Contender, take_turns
from benchmarks.suites.shared import Outcome, Scale


def starts(_folder: Path, scale: Scale) -> Iterator[Outcome]:
    """The commands that do nothing else, beside an interpreter that does nothing at all."""
    program = (sys.executable, "-m", "passerelle")
    alone = "python alone"
    contenders = [
        Contender(alone, (sys.executable, "-c", "pass")),
        Contender("passerelle --version", (*program, "--version")),
        Contender("passerelle --help", (*program, "--help")),
    ]
    yield Outcome("Starts", 0, take_turns(contenders, scale.rounds * 3), ours=alone)
