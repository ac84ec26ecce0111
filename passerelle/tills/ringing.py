"""What the shop's stock and the ERP are to hear of the tills: a change rings the runs.

Each run is a process of its own, as the Task Scheduler would start it: under the same lock, with
its own trace, and gone once it is done.
"""

import asyncio
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from passerelle.base.language import _
from passerelle.base.program import this_program

# A sale is several commands: they are waited for, but not for ever.
QUIET_SECONDS, PAUSE_SECONDS = 2.0, 10.0
_BUSY, _BUSY_SECONDS = 7, 2.0


class Ringer:
    """Starts ``runs`` after changes: once it is quiet, and not too often."""

    def __init__(self, runs: Sequence[str], config: Path, warn: Callable[[str], object]) -> None:
        self._runs, self._config, self._warn = runs, config, warn
        self._rung = asyncio.Event()
        self._last = 0.0

    def ring(self) -> None:
        """Something changed."""
        self._last = asyncio.get_running_loop().time()
        self._rung.set()

    async def watch(self) -> None:
        """Waits for changes as long as the server runs; what was missed before counts as one."""
        clock = asyncio.get_running_loop().time
        self.ring()
        while True:
            await self._rung.wait()
            until = clock() + PAUSE_SECONDS
            while (quiet := self._last + QUIET_SECONDS - clock()) > 0 and clock() < until:
                await asyncio.sleep(min(quiet, until - clock()))
            started = clock()
            self._rung.clear()  # what comes from here on asks for another
            for run in self._runs:
                await self._start(run)
            await asyncio.sleep(max(0.0, started + PAUSE_SECONDS - clock()))

    async def _start(self, run: str) -> None:
        while (code := await asyncio.to_thread(self._carry_out, run)) == _BUSY:
            await asyncio.sleep(_BUSY_SECONDS)
        if code:
            text = _("! run {run} ended with exit code {code}: `passerelle status` says why")
            self._warn(text.format(run=run, code=code))

    def _carry_out(self, run: str) -> int:
        hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        ended = subprocess.run(  # noqa: S603 - this very program
            this_program(self._config, "run", run),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._config.parent,
            creationflags=hidden,
            check=False,
        )
        return ended.returncode
