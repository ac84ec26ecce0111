"""One stock, several shops: five of them with 100,000 items each."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.data import order_csv, stock_csv
from benchmarks.measure import Contender, take_turns
from benchmarks.suites.shared import Outcome, Scale

SHOPS = ("fr", "be", "nl", "de", "es")
# Each order has two or three lines, of which half are of items that the shops have.
_ORDER_LINES = 1_000
# Older than what is measured twice.
_AGE = 120
_HEAD = 'folder = "data"\ntime_limit = "10m"\n[servers.shops]\nurl = "server"\n'
_SHOP = """\
[pool.shops.{name}]
orders_from = "shops:{name}-orders.csv"
stock_from = "shops:{name}-stock.csv"
stock_to = "shops:{name}-import.csv"
"""


def pool(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """``run pool`` where nothing happened, where orders came in every shop, and a join."""
    world = _Pool(folder / "pool", scale.pool_items)
    world.begin()
    size = sum(path.stat().st_size for path in world.server.glob("*-stock.csv"))
    title = f"`run pool`, {len(SHOPS)} shops of {scale.pool_items:,} items"
    contenders = [Contender("nothing new", world.command("run", "pool"), world.lay_out)]
    yield Outcome(title, size, take_turns(contenders, scale.rounds))
    world.sell()
    contenders = [Contender("orders in all shops", world.command("run", "pool"), world.lay_out)]
    yield Outcome(f"{title}, {_ORDER_LINES:,} order lines in each", size,
                  take_turns(contenders, scale.rounds))  # fmt: skip
    world.ask_again()
    contenders = [Contender("pool accept", world.command("pool", "accept", "es"), world.lay_out)]
    yield Outcome(f"A shop of {scale.pool_items:,} items joins", size // len(SHOPS),
                  take_turns(contenders, scale.rounds))  # fmt: skip


class _Pool:
    """The shops' files in one folder, and Passerelle's own folder beside it."""

    def __init__(self, folder: Path, items: int) -> None:
        self.folder, self.items = folder, items
        self.server.mkdir(parents=True)
        text = _HEAD + "".join(_SHOP.format(name=name) for name in SHOPS)
        (folder / "config.toml").write_text(text, encoding="utf-8", newline="\n")

    @property
    def server(self) -> Path:
        return self.folder / "server"

    def command(self, *args: str) -> tuple[str, ...]:
        config = str(self.folder / "config.toml")
        return (sys.executable, "-m", "passerelle", "--config", config, *args)

    def begin(self) -> None:
        """All shops become members, and nothing waits."""
        for name in SHOPS:
            stock_csv(self.server / f"{name}-stock.csv", self.items)
            order_csv(self.server / f"{name}-orders.csv", 0)
        self._age()
        for name in SHOPS[1:]:
            self._play("pool", "join", name, "--via", SHOPS[0])
            self._play("pool", "accept", name)
        self._all_take()
        self._play("run", "pool")
        self._all_take()
        self._remember()

    def sell(self) -> None:
        """Every shop has orders that no run has seen."""
        self.lay_out()
        for name in SHOPS:
            order_csv(self.server / f"{name}-orders.csv", _ORDER_LINES)
        self._remember()

    def ask_again(self) -> None:
        """One of them has left, and wants to come back."""
        self.lay_out()
        self._play("pool", "leave", SHOPS[-1])
        self._play("pool", "join", SHOPS[-1], "--via", SHOPS[0])
        self._remember()

    def lay_out(self) -> None:
        """Both folders as they were."""
        for name in ("server", "data"):
            shutil.rmtree(self.folder / name)
            shutil.copytree(self.folder / f"{name}.kept", self.folder / name)
        self._age()
        getattr(os, "sync", lambda: None)()  # Windows has none

    def _remember(self) -> None:
        for name in ("server", "data"):
            shutil.rmtree(self.folder / f"{name}.kept", ignore_errors=True)
            shutil.copytree(self.folder / name, self.folder / f"{name}.kept")

    def _play(self, *args: str) -> None:
        Contender("play", self.command(*args)).check()

    def _all_take(self) -> None:
        for path in self.server.glob("*-import.csv"):
            path.unlink()

    def _age(self) -> None:
        moment = time.time() - _AGE
        for path in self.server.glob("*.csv"):
            os.utime(path, (moment, moment))
