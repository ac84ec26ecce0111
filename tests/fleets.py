"""A fleet to try: shops in folders, their sales and their ERP, and machines that may be killed."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from lxml import etree

from passerelle.base.durable import replace_whole

_CONFIG = """\
language = "en"
folder = "data"
time_limit = "20s"
ledger = "{url}"

[servers.ftp]
url = "{server}"
settle = "0s"

[orders]
from = "ftp:commandes.csv"
to = "ftp:import/commandes_{{time}}.xml"
start_from = 2000-01-01T00:00:00

[schedule]
orders = {orders}
"""
_STOCK = """\
stock = {stock}

[stock]
from = "ftp:ExportCSV.csv"
to = "ftp:ExportCSVmod.csv"

[stock.gift_cards]
ids = ["1201"]
"""
_HEADER = (
    "ID commande;Référence la commande;État de la commande/Dénomination;Ajout de dates;"
    "Méthode de paiement;Bons de réduction;Nom de famille;EAN 13 de produits;"
    "Quantité de produits;Prix unitaire TTC de produits"
)
_EVERY = tuple(range(60))


@dataclass
class FleetShop:
    """One shop: what it sold, and what its ERP has booked, each order as often as it came."""

    folder: Path
    sold: dict[int, datetime] = field(default_factory=dict)
    booked: Counter[int] = field(default_factory=Counter)
    arrived: dict[int, datetime] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def server(self) -> Path:
        return self.folder / "server"

    def open(self, url: str, *, orders: Sequence[int], stock: Sequence[int], at: str = "") -> None:
        """``at`` is the server's URL, where it is not the shop's own folder. Without minutes
        there is no run of stock."""
        (self.server / "import").mkdir(parents=True)
        server = at or self.server.as_uri()
        text = _CONFIG.format(url=url, server=server, orders=[*orders])
        text += _STOCK.format(stock=[*stock]) if stock else ""
        (self.folder / "config.toml").write_text(text, encoding="utf-8")

    def sells(self, orders: int) -> None:
        """So many more orders; the file has those of before, too, as shops' files do."""
        first = len(self.sold) + 1
        now = datetime.now().astimezone()
        self.sold |= dict.fromkeys(range(first, first + orders), now)
        lines = [_HEADER, *map(_order, self.sold)]
        replace_whole(self.server / "commandes.csv", "\n".join((*lines, "")).encode())

    def erp_writes_stock(self, lines: int) -> None:
        rows = [f"{n};{3000000000000 + n};chose;5" for n in range(lines)]
        text = "\n".join(("ID;Gencod;Désignation;Stock", *rows, ""))
        replace_whole(self.server / "ExportCSV.csv", text.encode())

    def erp_takes(self) -> None:
        """Books the orders of each XML that lies there, and deletes it."""
        for path in sorted((self.server / "import").glob("*.xml")):
            at = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
            for found in etree.parse(path).iterfind("order/id"):
                id = int(found.text or 0)
                self.booked[id] += 1
                self.arrived.setdefault(id, at)
            path.unlink()

    @property
    def lost(self) -> list[int]:
        return [id for id in self.sold if not self.booked[id]]

    @property
    def doubled(self) -> list[int]:
        return [id for id, times in self.booked.items() if times > 1]

    def latest(self) -> timedelta:
        """How long after the whole minute that followed its sale an order came at most."""
        waits = (self.arrived[id] - _next_minute(self.sold[id]) for id in self.arrived)
        return max(waits, default=timedelta(0))


class Fleet:
    """Shops below ``folder``, whose ledgers and queue are in the database at ``url``."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.shops: list[FleetShop] = []
        self.machines: list[subprocess.Popen[bytes]] = []
        self._log = folder.with_name(f"{folder.name}.log").open("ab")

    def open(
        self,
        number: int,
        *,
        orders: Sequence[int] = _EVERY,
        stock: Sequence[int] = (),
        at: str = "",
    ) -> list[FleetShop]:
        """So many more shops, whose runs start at these minutes."""
        first = len(self.shops)
        made = [FleetShop(self.folder / f"shop{n:04}") for n in range(first, first + number)]
        for shop in made:
            shop.open(self.url, orders=orders, stock=stock, at=at)
        self.shops += made
        return made

    # --- machines

    def start(self, slots: int) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "passerelle", "work", "--configs", str(self.folder)]
        machine = subprocess.Popen(
            [*command, "--slots", str(slots)],
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd=Path(__file__).parents[1],
        )
        self.machines.append(machine)
        return machine

    def kill(self, machine: "subprocess.Popen[bytes]") -> None:
        """It goes with all its slots, as when its power fails."""
        machine.send_signal(signal.SIGSTOP)
        for pid in (*slots_of(machine.pid), machine.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        machine.wait()
        self.machines.remove(machine)

    def stop(self) -> None:
        for machine in [*self.machines]:
            self.kill(machine)
        self._log.close()

    def said(self) -> str:
        return Path(self._log.name).read_text("utf-8", "replace")

    # --- what came of it

    def erps_take(self) -> None:
        for shop in self.shops:
            shop.erp_takes()

    def watch(self, seconds: float, each: float = 1.0) -> Iterator[float]:
        """The ERPs take what comes, for so long; yields how long it is already."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            self.erps_take()
            yield passed
            time.sleep(each)
        self.erps_take()

    def runs_done(self) -> int:
        """How many runs have ended, by what the machines say."""
        said = self.said()
        return said.count("orders sent") + said.count(" lines, ")


def slots_of(machine: int) -> list[int]:
    """The processes that a machine has started: man 5 proc_pid_stat."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == machine:
                found.append(int(path.parent.name))
    return found


def _order(id: int) -> str:
    return (
        f"{id};REF{id};Paiement accepté;2026-11-22 10:{id % 60:02}:00;Carte bancaire;;Durand;"
        f"{3000000000000 + id * 7 % 500};1;10.00"
    )


def _next_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
