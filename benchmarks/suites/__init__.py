"""The suites: which contenders do which work, and what is compared."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.suites.age import age
from benchmarks.suites.fleet import fleet
from benchmarks.suites.orders import orders
from benchmarks.suites.pool import pool
from benchmarks.suites.runs import runs
from benchmarks.suites.shared import Outcome, Scale
from benchmarks.suites.starts import starts
from benchmarks.suites.stock import growth, stock
from benchmarks.suites.sync import sync
from benchmarks.suites.tills import tills
from benchmarks.suites.transfers import transfers
from benchmarks.suites.windows import windows

SUITES: dict[str, Callable[[Path, Scale], Iterator[Outcome]]] = {
    "stock": stock,
    "growth": growth,
    "orders": orders,
    "transfers": transfers,
    "starts": starts,
    "runs": runs,
    "age": age,
    "pool": pool,
    "sync": sync,
    "tills": tills,
    "fleet": fleet,
    "windows": windows,
}


def run_suites(names: Sequence[str], scale: Scale) -> Iterator[Outcome]:
    """The outcomes, one after the other; each suite has a folder that goes away."""
    for name in names:
        print(name, flush=True)
        with tempfile.TemporaryDirectory(prefix="passerelle-bench-") as folder:
            yield from SUITES[name](Path(folder), scale)
