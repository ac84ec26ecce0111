"""Shops that share one stock, played by the tests, and the program between them."""

import csv
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

from tests.servers import RunningServer
from tests.shell import Result, kill_at, run_program

HEADER = ("ID", "Gencod", "Désignation", "Prix", "Stock")
ORDER_HEADER = ("ID commande", "Ajout de dates", "État de la commande/Dénomination",
                "EAN 13 de produits", "Quantité de produits")  # fmt: skip
PAID = "Paiement accepté"


@dataclass
class PoolShop:
    """A shop with its own products, levels and orders.

    It writes its files an hour ago, each later than the one before; it sells before that.
    """

    name: str
    server: RunningServer
    levels: dict[str, int | str] = field(default_factory=dict)
    orders: dict[str, tuple[str, str, int | str, str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    more_lines: list[str] = field(default_factory=list)
    separator: str = ";"
    times: int = 0

    # --- what people do in it --------------------------------------------------------------------

    def sells(self, order: str, item: str, quantity: int = 1, at: datetime | None = None) -> None:
        """A customer orders; the shop's own level falls at once."""
        moment = at or ago(120)
        self.orders[order] = (f"{moment:%Y-%m-%d %H:%M:%S}", item, quantity, PAID)
        level = self.levels.get(item)
        if isinstance(level, int):
            self.levels[item] = level - quantity

    def cancels(self, order: str) -> None:
        """The order is given back."""
        date, item, quantity, _status = self.orders[order]
        self.orders[order] = (date, item, quantity, "Annulé")
        level = self.levels.get(item)
        if isinstance(level, int) and isinstance(quantity, int):
            self.levels[item] = level + quantity

    # --- its exports and its import --------------------------------------------------------------

    def writes(self, age: float = 3600) -> bytes:
        """Both exports; returns the file of levels."""
        self.times += 1
        age -= 2 * self.times
        data = self.level_file()
        self._put(f"{self.name}-stock.csv", data, age)
        self._put(f"{self.name}-orders.csv", self._order_file(), age)
        return data

    def level_file(self) -> bytes:
        """The file of levels as it is now."""
        lines = [self.separator.join(HEADER)]
        for number, (item, level) in enumerate(self.levels.items()):
            text = self.texts.get(item, f'"Bottine ""Éléa"" {item}"')
            cells = (str(300 + number), item, text, "49,90", str(level))
            lines.append(self.separator.join(cells))
        return "".join(f"{line}\r\n" for line in (*lines, *self.more_lines)).encode("cp1252")

    def _order_file(self) -> bytes:
        text = StringIO(newline="")
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        writer.writerow(ORDER_HEADER)
        for id, (date, item, quantity, status) in self.orders.items():
            writer.writerow((id, date, status, item, str(quantity)))
        return text.getvalue().encode("utf-8")

    def _put(self, name: str, data: bytes, age: float) -> None:
        path = self.server.put(name, data)
        moment = time.time() - age
        os.utime(path, (moment, moment))

    @property
    def waiting(self) -> Path:
        """What its import reads."""
        return self.server.root / f"{self.name}-import.csv"

    def told(self) -> dict[str, int]:
        """The levels in the file that waits for it."""
        text = self.waiting.read_bytes().decode("cp1252")
        rows = csv.DictReader(StringIO(text), delimiter=self.separator)
        return {row["Gencod"]: int(row["Stock"]) for row in rows if row["Gencod"]}

    def takes(self) -> bool:
        """Its import reads the file, if there is one, sets the levels and deletes it."""
        if not self.waiting.exists():
            return False
        for item, level in self.told().items():
            if item in self.levels:
                self.levels[item] = level
        self.waiting.unlink()
        return True


@dataclass
class PoolWorld:
    """A folder with its config.toml, and the shops."""

    folder: Path
    shops: dict[str, PoolShop]

    def configure(
        self, *, pool: str = "", shops: Mapping[str, str] | None = None, more: str = ""
    ) -> None:
        """Writes config.toml; the arguments are further lines of the sections."""
        parts = ['folder = "data"\n']
        parts += [
            f'{shop.server.toml(f"at_{name}")}settle = "0s"\n' for name, shop in self.shops.items()
        ]
        parts.append(f"[pool]\n{pool}\n")
        parts += [self._section(name, (shops or {}).get(name, "")) for name in self.shops]
        parts.append("[report]\nafter_runs = false\n")
        text = "\n".join((*parts, more))
        (self.folder / "config.toml").write_text(text, encoding="utf-8")

    @staticmethod
    def _section(name: str, lines: str) -> str:
        return (
            f"[pool.shops.{name}]\n"
            f'orders_from = "at_{name}:{name}-orders.csv"\n'
            f'stock_from = "at_{name}:{name}-stock.csv"\n'
            f'stock_to = "at_{name}:{name}-import.csv"\n{lines}\n'
        )

    def __getitem__(self, name: str) -> PoolShop:
        return self.shops[name]

    def run(self, *args: str) -> Result:
        """Runs the program as a person does, from the folder of config.toml."""
        return run_program(*args, cwd=self.folder)

    def run_well(self, *args: str) -> str:
        """The same; the run must end with exit code 0. Returns what it printed."""
        return self.fails(*args, code=0).text

    def fails(self, *args: str, code: int, words: str = "") -> Result:
        """The same; it must end with this exit code and say these words."""
        result = self.run(*args)
        assert (result.exit_code, words in result.text) == (code, True), result
        return result

    def dies(self, step: tuple[str, ...], *args: str) -> None:
        """Runs the program until it is killed ``before`` or ``after`` a step (tests/killing.py)."""
        kill_at(step, *args, cwd=self.folder)

    def concerns(self) -> dict[str, str]:
        """What `status` tells, by its key."""
        told = json.loads(self.run("status", "--json").stdout)["concerns"]
        return {one["key"]: one["text"] for one in told}

    def joins(self, name: str, via: str) -> None:
        """A shop asks to join through another, and is accepted."""
        self.run_well("pool", "join", name, "--via", via)
        self.run_well("pool", "accept", name)

    def all_write(self) -> None:
        """Every shop exports."""
        for shop in self.shops.values():
            shop.writes()

    def all_take(self) -> None:
        """Every shop imports what waits for it."""
        for shop in self.shops.values():
            shop.takes()

    def cycle(self) -> str:
        """Half an hour: exports, the run, imports. Returns what the run printed."""
        self.all_write()
        text = self.run_well("run", "pool")
        self.all_take()
        return text

    def join_all(self) -> None:
        """All shops become members, through the first."""
        first, *others = self.shops
        self.all_write()
        for name in others:
            self.joins(name, first)
        self.all_take()
        self.cycle()

    def levels(self, item: str) -> Sequence[int | str | None]:
        """What each shop shows of an item."""
        return [shop.levels.get(item) for shop in self.shops.values()]


def ago(minutes: float) -> datetime:
    """A time of day for an order."""
    return datetime.now().astimezone() - timedelta(minutes=minutes)


def make_pool(
    tmp_path: Path, servers: Sequence[RunningServer], names: Sequence[str] = ("fr", "be", "nl")
) -> PoolWorld:
    """A configured world whose first shop shows three items, and the others the same."""
    folder = tmp_path / "Passerelle é"
    folder.mkdir(parents=True)
    levels: dict[str, int | str] = {str(3700000000000 + n): 100 for n in range(10)}
    shops = {
        name: PoolShop(name, server, dict(levels))
        for name, server in zip(names, servers, strict=False)
    }
    world = PoolWorld(folder, shops)
    world.configure()
    return world
