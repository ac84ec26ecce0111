"""RESULTS.md: the figures, with the machine and the versions they were taken on."""

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import Timings, ratio
from benchmarks.suites.shared import Outcome, Scale

_PACKAGES = ("numpy", "lxml", "pandas", "polars", "duckdb")
_MB = 1_000_000


def write_results(path: Path, outcomes: Sequence[Outcome], scale: Scale) -> None:
    """Writes the page."""
    lines = [*_head(scale)]
    for outcome in outcomes:
        lines += _table(outcome)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _head(scale: Scale) -> Iterator[str]:
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    yield "# Results"
    yield ""
    yield f"`python -m benchmarks`, {datetime.now(UTC):%Y-%m-%d}, {scale.rounds} rounds, in turns."
    yield f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()},"
    yield f"{platform.system()} {platform.release()}; {versions}. Load at the end: {load:.1f}."
    yield ""
    yield "*Inside* is the work alone, from file to file; *whole* is the process with its start"
    yield "and imports. Figures are medians; *times ours* is the median of the rounds' ratios, with"
    yield "the least and the greatest. All contenders' results were compared and are the same."


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "(absent)"


def _table(outcome: Outcome) -> Iterator[str]:
    size = f" ({outcome.size / _MB:.1f} MB)" if outcome.size else ""
    yield from ("", f"## {outcome.title}{size}", "")
    if outcome.timings:
        yield "| | inside | MB/s | times ours | whole | times ours | peak memory |"
        yield "|---|---|---|---|---|---|---|"
    ours = outcome.timings.get(outcome.ours)
    for timings in outcome.timings.values():
        yield _row(timings, ours, outcome.size)
    yield from (("", *outcome.notes) if outcome.notes else ())


def _row(timings: Timings, ours: Timings | None, size: int) -> str:
    inside = statistics.median(timings.inside) if timings.inside else None
    speed = f"{size / _MB / inside:.0f}" if inside and size else ""
    cells = (
        timings.name,
        f"{inside:.3f} s" if inside else "",
        speed,
        _times(ours.inside, timings.inside) if ours and ours is not timings else "",
        f"{statistics.median(timings.whole):.3f} s",
        _times(ours.whole, timings.whole) if ours and ours is not timings else "",
        f"{timings.peak / _MB:.0f} MB",
    )
    return f"| {' | '.join(cells)} |"


def _times(ours: Sequence[float], theirs: Sequence[float]) -> str:
    if not theirs or len(ours) != len(theirs):
        return ""
    middle, least, greatest = ratio(ours, theirs)
    return f"{middle:.2f} ({least:.2f} to {greatest:.2f})"
