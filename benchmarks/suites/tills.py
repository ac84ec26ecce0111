"""Tills in step: seen by all others, commands a second, memory, idle streams; and what is lost.

Beside it the same story with whole orders and last-writer-wins. Both servers write with fsync.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.suites.shared import Outcome, Scale
from benchmarks.tills_load import Figures, load
from passerelle.ledger.till_book import TillBook
from passerelle.tills.trust import new_token

_RATE = 20.0
_CONFIG = 'folder = "data"\n[tills]\nlisten = "127.0.0.1:{port}"\ntls = "off"\n'
# What is promised: seen by all others within so many milliseconds, for 99 of 100.
LIMITS = {2: 50, 10: 100, 50: 250}


def tills(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """Each number of tills on a book of its own, ours and whole orders in turns."""
    seconds = scale.till_seconds
    rows = ["| | tills | commands/s | seen by all others: median | p99 | CPU a command"
            " | acknowledged | lost |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for number in LIMITS:
        for whole in (False, True):
            rows.append(_story(folder, number, seconds, _RATE, whole=whole))
    for whole in (False, True):
        rows.append(_story(folder, 10, seconds / 2, 0, whole=whole))
    yield Outcome("Tills in step", 0, {}, [*rows, "", *_rest(folder, seconds)], ours="")


def _story(folder: Path, number: int, seconds: float, rate: float, *, whole: bool) -> str:
    print(f"  {number} tills, {'whole orders' if whole else 'commands'}", flush=True)
    with _server(folder / f"{number}-{rate:.0f}-{whole}", number, whole=whole) as (
        port,
        tokens,
        pid,
    ):
        before = _cpu(pid)
        figures = asyncio.run(load(port, tokens, seconds, rate=rate, whole=whole))
        cpu = (_cpu(pid) - before) / figures.acknowledged * 1000
    return _row(figures, number, rate, cpu, whole=whole)


def _row(figures: Figures, number: int, rate: float, cpu: float, *, whole: bool) -> str:
    speed = f"{rate:.0f}" if rate else f"{figures.acknowledged / figures.seconds:.0f} (at most)"
    cells = ("whole orders, last writer wins" if whole else "passerelle", number, speed,
             *(f"{time:.1f} ms" for time in (figures.median, figures.p99, cpu)),
             figures.acknowledged, figures.acknowledged - figures.stored)  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def _rest(folder: Path, seconds: float) -> Iterator[str]:
    """Fifty tills: their streams while nothing happens, and the server's memory after work."""
    with _server(folder / "idle", 50, whole=False) as (port, tokens, pid):

        async def idle() -> float:
            waiting = asyncio.create_task(load(port, tokens, seconds, rate=1e-9))
            await asyncio.sleep(2)
            before, began = _cpu(pid), time.monotonic()
            await asyncio.sleep(seconds)
            share = (_cpu(pid) - before) / (time.monotonic() - began)
            waiting.cancel()
            return share

        share = asyncio.run(idle())
        asyncio.run(load(port, tokens, seconds / 2, rate=_RATE))
        peak = _peak(pid)
    yield f"50 idle streams: {share:.1%} of a core. 50 tills at work: {peak:.0f} MB at most."


@contextmanager
def _server(folder: Path, number: int, *, whole: bool) -> Iterator[tuple[int, Sequence[str], int]]:
    """A server of either kind with so many paired tills: its port, their tokens, its process."""
    (folder / "data").mkdir(parents=True)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    (folder / "config.toml").write_text(_CONFIG.format(port=port), encoding="utf-8")
    tokens = [new_token() for _till in range(number)]
    with closing(TillBook(folder / "data")) as book, book.transaction:
        for n, token in enumerate(tokens):
            book.add_till(f"T{n}", "store", token, datetime.now(UTC), is_program=True)
    ours = ("passerelle", "till", "serve")
    theirs = ("benchmarks.contenders.tills_whole_orders", str(port), str(folder))
    command = [sys.executable, "-m", *(theirs if whole else ours)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as child:
        try:
            _wait_for(port)
            yield port, tokens, child.pid
        finally:
            child.send_signal(signal.SIGINT)


def _wait_for(port: int) -> None:
    for _try in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing listens on {port}")


def _cpu(pid: int) -> float:
    """The seconds of a processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(pid: int) -> float:
    """The greatest size of a process, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    found = next(line for line in lines if line.startswith("VmHWM"))
    return int(found.split()[1]) * 1024 / 1_000_000
