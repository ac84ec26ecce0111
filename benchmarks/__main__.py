"""``python -m benchmarks [SUITE...]``: measures, and writes benchmarks/RESULTS.md."""

import argparse
import compileall
from dataclasses import replace
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.results import write_results
from benchmarks.suites import SUITES, run_suites
from benchmarks.suites.shared import QUICK, Scale

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Runs the suites that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], help="which; all by default")
    parser.add_argument("--quick", action="store_true", help="small files, one round: a rehearsal")
    parser.add_argument("--rounds", type=int, help="how often each contender runs")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    scale = QUICK if options.quick else Scale()
    if options.rounds:
        scale = replace(scale, rounds=options.rounds)
    compileall.compile_dir(ROOT / "passerelle", quiet=1)
    compileall.compile_dir(ROOT / "benchmarks", quiet=1)
    outcomes = [*run_suites(options.suites or [*SUITES], scale)]
    write_results(options.output, outcomes, scale)
    print(f"{options.output} is written")


if __name__ == "__main__":
    main()
