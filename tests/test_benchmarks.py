"""The benchmarks run: a rehearsal of those that need nothing but Passerelle and its tests."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import scale

ROOT = Path(__file__).parents[1]


@scale.only("ci")
@pytest.mark.parametrize(
    ("suite", "told"),
    [
        ("growth", "## Stock, 100,000 lines"),
        ("starts", "passerelle --version"),
        ("runs", "commands to the server. Twice the imports plus the round trips are"),
        ("age", "## Runs on a ledger of 2,000 orders"),
        ("pool", "## `run pool`, 5 shops of 2,000 items"),
        ("sync", "## `sync run`, 2,000 SKUs, 200 changed"),
        ("tills", "50 idle streams:"),
        ("fleet", "| 5 (next) | 10 |"),
        ("windows", "Left out: PASSERELLE_WINDOWS names no folder"),
    ],
)
def test_a_suite_writes_its_results(suite: str, told: str, tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    command = [sys.executable, "-m", "benchmarks", suite, "--quick", "-o", str(results)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    assert told in results.read_text(encoding="utf-8")
