"""What every suite needs: its scale, its outcome, the name of who is compared with the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import Timings

OURS = "passerelle"


@dataclass(frozen=True)
class Outcome:
    """A suite's timings, in the order to show, and how big the input was.

    ``ours`` is the row that the others are compared with; without one, none is.
    """

    title: str
    size: int
    timings: Mapping[str, Timings]
    notes: Sequence[str] = field(default=())
    ours: str = OURS


@dataclass(frozen=True)
class Scale:
    """How much work: lines, orders, files, bytes; and how often each contender does it."""

    stock_lines: int = 1_000_000
    order_lines: int = 200_000
    longest: int = 10_000_000
    transfer: int = 100_000_000
    ages: Sequence[int] = (0, 20_000, 200_000, 2_000_000)
    archives: Sequence[int] = (0, 10_000, 100_000)
    pool_items: int = 100_000
    sync_skus: int = 100_000
    odoo_skus: int = 5_000
    till_seconds: float = 30.0
    fleets: Sequence[int] = (10, 100, 1_000)
    rounds: int = 3


QUICK = Scale(
    stock_lines=20_000,
    order_lines=4_000,
    longest=100_000,
    transfer=1_000_000,
    ages=(0, 2_000),
    archives=(0, 1_000),
    pool_items=2_000,
    sync_skus=2_000,
    odoo_skus=0,
    till_seconds=2.0,
    fleets=(5,),
    rounds=1,
)


class DifferError(Exception):
    """Two contenders did not do the same work."""


def target(folder: Path, name: str) -> Path:
    """Where a contender writes."""
    return folder / f"out-{name.replace(' ', '-')}"
