"""A day on a clock that the test sets, here and on an FTP server."""

import os
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from passerelle.base import clocks
from passerelle.ledger.ledger import open_ledger
from tests.servers.ftp import FtpServer
from tests.world import Sale, World

LEVELS = {"370": 5, "371": 5, "372": 5}
SHOE = Sale("1", {"370": 1})
# The parts of a story, with what they write.
BAD = Sale("2", {"371": "deux"})
SALES = {
    "sells": (SHOE,),
    "more": (SHOE, Sale("2", {"371": 1})),
    "third": (SHOE, Sale("3", {"372": 1})),
    "gift": (SHOE, Sale("2", {"371": 1}, payment="Bon cadeau")),
    "bad": (SHOE, BAD),
    "worse": (SHOE, BAD, Sale("3", {"371": "trois"})),
}


@dataclass(frozen=True)
class Played:
    """The folder of a half hour that went well, and how far its server's clock was ahead."""

    folder: Path
    ahead: float


class Day:
    """A Wednesday. Its first half hour, from 10:25 to 10:52, went well."""

    def __init__(self, world: World, server: FtpServer, patch: pytest.MonkeyPatch) -> None:
        self.world, self._server, self._patch = world, server, patch
        self.moment = datetime.now().astimezone()

    def at(self, clock: str, days: int = 0) -> None:
        """Sets the clock to ``HH:MM`` of the Wednesday, or of a day after it."""
        hour, minute = clock.split(":")
        wednesday = datetime(2026, 11, 25, int(hour), int(minute)).astimezone()
        self.moment = wednesday + timedelta(days=days)
        ahead = round((self.moment - datetime.now().astimezone()).total_seconds())
        # The server adds this to every file's time, so that those written before move back.
        self._age_files(ahead - self._server.quirks.clock_ahead)
        self._server.quirks = replace(self._server.quirks, clock_ahead=ahead)
        self._patch.setattr(clocks, "clock", lambda: self.moment)

    def _age_files(self, seconds: float) -> None:
        for path in self.world.server.root.rglob("*"):
            written = path.stat().st_mtime - seconds
            os.utime(path, (written, written))

    def shop_writes(self, *sales: Sale) -> None:
        self.world.shop_writes(*sales)
        now = time.time()
        os.utime(self.world.server.root / "commandes.csv", (now, now))

    def play(self, story: str) -> None:
        """``CLOCK WHAT``, joined by commas: a run with its exit code, or a deed of others.

        The clock may be of a day later, as ``11:27+3``.
        """
        for step in story.split(", "):
            clock, _, what = step.partition(" ")
            hour, _, days = clock.partition("+")
            self.at(hour, int(days or 0))
            run, _, code = what.partition("=")
            if run in ("orders", "stock"):
                self.world.fails("run", run, code=int(code or 0))
            elif what:
                self._others(what)

    def _others(self, what: str) -> None:
        if what in SALES:
            self.shop_writes(*SALES[what])
        elif what == "erp":
            self.world.erp_writes_stock(LEVELS, age=0)
        elif what == "takes":
            self.world.erp_takes()
        elif what == "imports":
            self.world.shop_takes_stock()
        elif what == "settled":
            self.world.run_well("orders", "settle", "2")
        elif what == "killed":
            ledger = open_ledger(self.world.data)
            ledger.runs.start("orders", self.moment)
            ledger.close()
        else:
            (self.world.server.root / what.removeprefix("lost ")).unlink()

    def begin(self) -> None:
        """Plays the first half hour."""
        self.play("10:25 sells, 10:27 orders, 10:30 takes, 10:40 erp, 10:49 stock, 10:50 imports")
        self.at("10:52")

    def go_on(self, played: Played) -> None:
        """Copies the first half hour, which is quicker."""
        own = ignore_patterns("config.toml")
        copytree(played.folder, self.world.folder.parent, dirs_exist_ok=True, ignore=own)
        self._age_files(self._server.quirks.clock_ahead - played.ahead)
        self.at("10:52")
