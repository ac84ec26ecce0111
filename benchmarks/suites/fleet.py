"""A fleet on one machine, with PostgreSQL beside: what a run costs, from ten shops to a thousand.

Each shop has 40 new orders and 500 lines of stock; both its runs start at the same minute. The
servers are folders, so that the cost is ours and the database's. PostgreSQL writes with fsync.
"""

import os
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.suites.shared import Outcome, Scale
from tests.fleets import Fleet, slots_of
from tests.servers.postgresql import PostgreSql
from tests.servers.real import CannotStartError

_ORDERS, _STOCK_LINES = 40, 500
_ROWS = [
    "| shops | runs | from the first to the last | a run | our CPU a run | PostgreSQL's | memory |",
    "|---|---|---|---|---|---|---|",
]


def fleet(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """The first runs of all shops, which make their tables, and the next ones."""
    folder.chmod(0o755)  # PostgreSQL does not run as root
    try:
        database = PostgreSql(folder, durable=True)
    except CannotStartError as error:
        yield Outcome("A fleet", 0, {}, [f"Left out: {error}."], ours="")
        return
    try:
        rows = [*_ROWS]
        for number in scale.fleets:
            rows += _played(folder, database, number)
    finally:
        database.stop()
    slots = f"One machine of {_slots()} slots on {os.cpu_count()} cores, PostgreSQL beside."
    yield Outcome("A fleet of shops, orders and stock", 0, {}, [*rows, "", slots], ours="")


def _slots() -> int:
    return 2 * (os.cpu_count() or 1)


def _played(folder: Path, database: PostgreSql, number: int) -> Iterator[str]:
    played = Fleet(folder / f"fleet{number}", database.new_database())
    # As far from now as can be: what was missed for less than half an hour is made up for.
    later = [(datetime.now().astimezone().minute + 30) % 60]
    played.open(number, orders=later, stock=later)
    try:
        machine = played.start(_slots())
        for kind in ("first", "next"):
            print(f"  {number} shops, their {kind} runs", flush=True)
            for shop in played.shops:
                shop.sells(_ORDERS)
                shop.erp_writes_stock(_STOCK_LINES)
            before = _cpu(machine.pid), _cpu_of_postgresql(), played.runs_done()
            _start_at_next_minute(played)
            seconds = _wait(played, before[2] + 2 * number)
            ours, theirs = _cpu(machine.pid) - before[0], _cpu_of_postgresql() - before[1]
            played.erps_take()
            wrong = [shop.name for shop in played.shops if shop.lost or shop.doubled]
            assert not wrong, wrong
            runs = 2 * number
            cells = (f"{number} ({kind})", runs, f"{seconds:.0f} s", f"{seconds / runs:.2f} s",
                     f"{ours / runs:.2f} s", f"{theirs / runs:.2f} s",
                     f"{_memory(machine.pid) / 1e6:.0f} MB")  # fmt: skip
            yield f"| {' | '.join(map(str, cells))} |"
    finally:
        played.stop()


def _start_at_next_minute(played: Fleet) -> None:
    if datetime.now().astimezone().second > 45:  # so that all configs are written in time
        time.sleep(20)
    minute = (datetime.now().astimezone() + timedelta(minutes=1)).minute
    for shop in played.shops:
        path = shop.folder / "config.toml"
        text = path.read_text("utf-8")
        text = re.sub(r"(?m)^(orders|stock) = \[.*\]$", rf"\1 = [{minute}]", text)
        path.write_text(text, encoding="utf-8")
    time.sleep(60 - datetime.now().astimezone().second)


def _wait(played: Fleet, runs: int) -> float:
    began = time.monotonic()
    while played.runs_done() < runs:
        time.sleep(0.2)
        if time.monotonic() - began > 3600:
            raise TimeoutError(played.said()[-2000:])
    return time.monotonic() - began


def _stats(machine: int) -> Iterator[list[str]]:
    """The figures of its processes, from the third on: man 5 proc_pid_stat."""
    for pid in (machine, *slots_of(machine)):
        yield Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()


def _cpu(machine: int) -> float:
    ticks = sum(sum(map(int, cells[11:15])) for cells in _stats(machine))
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory(machine: int) -> int:
    pages = sum(int(cells[21]) for cells in _stats(machine))
    return pages * os.sysconf("SC_PAGE_SIZE")


def _cpu_of_postgresql() -> float:
    """Of all its processes, with those that have ended: their parent keeps count."""
    total = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        if "(postgres)" in text:
            total += sum(map(int, text.rpartition(")")[2].split()[11:15]))
    return total / os.sysconf("SC_CLK_TCK")
