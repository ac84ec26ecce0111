"""One shop's life while Passerelle is struck: what must be true of it afterwards."""

import itertools
import random
from collections import Counter
from pathlib import Path

from passerelle.model.servers import MARK_NAME
from tests.e2e.conftest import make_world
from tests.pools import make_pool
from tests.servers import RunningServer
from tests.shell import Result
from tests.world import Sale, World

LEVELS = {str(370 + n): 5 for n in range(10)}
_KEPT_IN_FILE = 30


class Life:
    """Orders arrive, the ERP takes what it finds, and every arrived XML is remembered."""

    shops = 1

    def __init__(self, folder: Path, server: RunningServer) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.world: World = make_world(folder, server)
        self.folder = self.world.folder
        self.arrived: dict[str, bytes] = {}
        self.sales: list[Sale] = []
        self._handled = 0
        self.new_orders(3)
        self.world.erp_writes_stock(LEVELS)

    def new_orders(self, count: int = 1) -> None:
        """The shop's file gets new orders; each third is paid by gift card."""
        for number in range(len(self.sales) + 1, len(self.sales) + count + 1):
            payment = "Bon cadeau" if number % 3 == 0 else "Carte bancaire"
            item = str(370 + number % 8)
            self.sales.append(Sale(str(number), {item: 1}, payment=payment))
        # The shop exports the last ones, and whatever no run has read to its end yet.
        first = min(self._handled, max(0, len(self.sales) - _KEPT_IN_FILE))
        self.world.shop_writes(*self.sales[first:])

    def erp_takes(self) -> None:
        """The ERP imports what it sees under a final name; half a file would fail here."""
        for path in self.world.xmls():
            if path.suffix == ".xml":
                data = path.read_bytes()
                assert data.endswith(b"</orders>\n"), f"half a file: {path.name}"
                assert self.arrived.setdefault(path.name, data) == data, f"twice: {path.name}"
        self.world.erp_takes()

    def run(self, run: str = "orders") -> Result:
        """One run, as a person does it; in time, all runs must go well."""
        return self.world.run("run", run)

    def assert_nothing_lost_nothing_doubled(self) -> None:
        """After a run without faults: each paid order in one XML, archive and ledger agree."""
        result = self.run("orders")
        assert result.exit_code == 0, result
        self.erp_takes()
        self.world.run_well("run", "orders")
        paid = [sale for sale in self.sales if sale.payment != "Bon cadeau"]
        assert self.world.booked == Counter({sale.id: 1 for sale in paid})
        states = {s.id: "withheld" if s.payment == "Bon cadeau" else "taken" for s in self.sales}
        assert self.world.states() == states
        archive = self.world.data / "ArchiveExport"
        assert {path.name: path.read_bytes() for path in archive.iterdir()} == self.arrived
        assert self.world.xmls() == [], "nothing is left over"
        self._handled = len(self.sales)

    def assert_the_shop_sells_what_it_has(self) -> None:
        """After a run of stock without faults: whole, held back where sold, nothing left over."""
        self.world.erp_writes_stock(LEVELS)
        result = self.run("stock")
        assert result.exit_code == 0, result
        self.assert_stock_is_whole_or_absent()
        withheld = {i for s in self.sales if s.payment == "Bon cadeau" for i in s.items}
        assert {self.world.shop_stock()[item] for item in withheld} <= {"0"}
        root = self.world.server.root
        names = {path.name for path in root.iterdir() if not path.name.startswith(MARK_NAME)}
        assert names == {"ExportCSV.csv", "ExportCSVmod.csv", "commandes.csv", "import"}

    def assert_stock_is_whole_or_absent(self) -> None:
        """What the shop would import now: all of the ERP's lines, both gift cards, or no file."""
        if (self.world.server.root / "ExportCSVmod.csv").exists():
            assert self.world.shop_stock().keys() == {*LEVELS, "1201", "1202"}

    def assert_all_is_made_good(self) -> None:
        """After a fault, and runs without one."""
        self.new_orders()
        self.assert_stock_is_whole_or_absent()
        self.assert_nothing_lost_nothing_doubled()
        self.assert_the_shop_sells_what_it_has()


_FULFIL = """
[fulfil]
enabled = true
to = "ftp:ventes/vente_{id}_{time}.xml"
start_from = 2026-11-22T00:00:00
refused = "ftp:refus"
"""


class SalesLife(Life):
    """The same where each paid order gets its sale too; the ERP refuses each second one once."""

    def __init__(self, folder: Path, server: RunningServer) -> None:
        super().__init__(folder, server)
        self.sold: Counter[str] = Counter()
        self._refused: set[str] = set()
        for name in ("ventes", "refus"):
            server.put_folder(name)
        self.world.configure(extra=_FULFIL)
        self.world.erp_writes_stock(dict.fromkeys(LEVELS, 500))

    def erp_takes(self) -> None:
        """Imports orders, then sales; half a file would fail here."""
        super().erp_takes()
        for path in sorted((self.world.server.root / "ventes").iterdir()):
            if path.suffix == ".xml":
                self._take_sale(path)

    def _take_sale(self, path: Path) -> None:
        data = path.read_bytes()
        assert data.endswith(b"</sale>\n"), f"half a file: {path.name}"
        assert self.arrived.setdefault(path.name, data) == data, f"twice: {path.name}"
        id = path.name.split("_")[1]
        assert self.world.booked[id] == 1, f"order {id} is sold before it was imported"
        if int(id) % 2 == 0 and id not in self._refused:
            self._refused.add(id)
            path.rename(self.world.server.root / "refus" / path.name)
        else:
            self.sold[id] += 1
            path.unlink()

    def assert_nothing_lost_nothing_doubled(self) -> None:
        """Whatever was refused is tried again; in the end each paid order is sold once."""
        for _ in range(2):
            assert self.run("orders").exit_code in (0, 5)
            self.erp_takes()
        super().assert_nothing_lost_nothing_doubled()
        assert self.sold == self.world.booked
        done = self.world.run_well("orders", "list", "--state", "done").splitlines()[1:]
        assert {line.split("\t")[0] for line in done} == set(self.sold)
        assert list((self.world.server.root / "ventes").iterdir()) == [], "nothing is left over"


ITEMS = [str(3700000000000 + n) for n in range(10)]


class PoolLife:
    """A pool, and what is really on the shelves."""

    shops = 3

    def __init__(self, folder: Path, *servers: RunningServer) -> None:
        self.pool = make_pool(folder, servers)
        self.folder = self.pool.folder
        for shop in self.pool.shops.values():
            shop.levels = dict.fromkeys(ITEMS, 100_000)
        self.pool.join_all()
        self.shelf = dict.fromkeys(ITEMS, 100_000)
        self._numbers = itertools.count(1)
        self._chance = random.Random(20261122)

    def sell(self, number: int) -> None:
        """So many orders, each in some shop, of a few of some item; all shops export."""
        for _ in range(number):
            shop = self._chance.choice([*self.pool.shops.values()])
            item, quantity = self._chance.choice(ITEMS[:4]), self._chance.randint(1, 3)
            shop.sells(str(next(self._numbers)), item, quantity)
            self.shelf[item] -= quantity
        self.pool.all_write()

    def some_take(self) -> None:
        """Some of the shops import what waits."""
        for shop in self.pool.shops.values():
            if self._chance.random() < 0.5:
                shop.takes()

    def assert_quantities_are_right(self) -> None:
        """After normal half hours every shop shows what is there."""
        for _ in range(4):
            self.pool.cycle()
        for item, level in self.shelf.items():
            assert self.pool.levels(item) == [level] * 3, item
