"""A shop's year, half hour by half hour, on a virtual clock, with faults in every fiftieth run."""

import os
import random
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest

from passerelle.base import durable
from passerelle.base.deadline import Deadline
from passerelle.base.errors import HeldError, PasserelleError, PermanentError, TransientError
from passerelle.config.load import load_config
from passerelle.gateway.frame import Story, perform
from passerelle.ledger.ledger import open_ledger
from passerelle.model.states import SaleState, State
from passerelle.runs.orders import run_orders
from passerelle.runs.steering import Steering
from passerelle.runs.stock import run_stock
from tests import scale
from tests.e2e.test_machine import STEPS, PowerCutError, struck
from tests.e2e.test_sales_machine import SALE_STEPS
from tests.fire.conftest import Note
from tests.servers import RunningServer
from tests.world import Sale, World

HALF_HOURS = scale.pick(48, 400, 17_520)
FAULTS = scale.pick(0.1, 0.02, 0.02)
KEPT_DAYS = 3
ITEMS = [str(3_700_000_000_000 + n) for n in range(60)]
# The night when the clock goes back, after a month, so that the short scale meets it too.
START = datetime(2026, 10, 23, 22, 0, tzinfo=UTC)
FULFIL = """
[fulfil]
enabled = true
to = "ftp:ventes/{id}_{time}.xml"
start_from = 2026-10-01T00:00:00
refused = "ftp:refus"
"""
STORIES: Mapping[str, Story] = {"orders": run_orders, "stock": run_stock}


class Shop:
    """One year of shop, ERP and staff; ``tally`` counts what happened."""

    steps: tuple[tuple[str, str], ...] = STEPS
    more_settings = ""

    def __init__(self, folder: Path) -> None:
        root = folder / "server"
        root.mkdir()
        self.world = World(folder, RunningServer("folder", root.as_uri(), "", root))
        self.world.configure(
            extra=f'\n[archive]\nkeep_exports = "{KEPT_DAYS}d"\nkeep_traces = "{KEPT_DAYS}d"\n'
            '[trace]\nmax_size = "20 kB"\n' + self.more_settings
        )
        self.settings = load_config(folder / "config.toml")
        self.chance = random.Random(2026)
        self.now = START.astimezone()
        self.on_hand = {item: self.chance.randint(5, 400) for item in ITEMS}
        self.in_file: deque[Sale] = deque(maxlen=20)
        self.sold: dict[str, Sale] = {}
        self.included: set[str] = set()
        self.settled: set[str] = set()
        self.tally: Counter[str] = Counter()

    # --- one half hour ------------------------------------------------------------------------

    def half_hour(self) -> None:
        """Everybody by the clock."""
        begin = self.now
        self.customers_order()
        self.at(begin, 25, self.shop_exports)
        self.at(begin, 27, lambda: self.run("orders"))
        self.at(begin, 30, self.erp_imports)
        self.at(begin, 40, self.erp_exports)
        self.at(begin, 47, self.shop_exports)
        self.at(begin, 49, lambda: self.run("stock"))
        self.at(begin, 50, self.shop_imports)
        if begin.astimezone().hour == 18 and begin.minute < 30:
            self.staff_settles()
        self.now = begin + timedelta(minutes=30)

    def at(self, begin: datetime, minute: int, act: object) -> None:
        assert callable(act)
        # In this machine's zone, so that the local clock goes back and forward as it does there.
        self.now = (begin + timedelta(minutes=minute - 20)).astimezone()
        act()

    def customers_order(self) -> None:
        for _ in range(self.chance.choice((0, 0, 0, 0, 1, 1, 2))):
            id = str(len(self.sold) + 1)
            payment = "Bon cadeau" if self.chance.random() < 0.05 else "Carte bancaire"
            items: dict[str, int | str] = dict.fromkeys(self.chance.sample(ITEMS, 2), 1)
            date = f"{self.now:%Y-%m-%d %H:%M:%S}"
            self.sold[id] = Sale(id, items, payment, date=date)
            self.in_file.append(self.sold[id])

    def shop_exports(self) -> None:
        self.world.shop_writes(*self.in_file)
        self.touch("commandes.csv")

    def shop_imports(self) -> None:
        if not (self.world.server.root / "ExportCSVmod.csv").exists():
            self.tally["half hours without stock"] += 1
            return
        levels = self.world.shop_takes_stock()
        for sale in self.in_file:
            if self.is_held_back(sale):
                for item in sale.items:
                    assert levels.get(item, "0") == "0", f"{item} is sold, order {sale.id} took it"
        for item, level in levels.items():
            assert item in ("1201", "1202") or int(level) <= self.on_hand[item]
        self.tally["stock files taken"] += 1

    def is_held_back(self, sale: Sale) -> bool:
        """Whether what an order took must not be sold again yet."""
        return sale.id not in self.included

    def erp_imports(self) -> None:
        if self.chance.random() < 0.01:
            return  # busy
        for path in self.world.xmls():
            if path.suffix == ".xml":
                assert path.read_bytes().endswith(b"</orders>\n")
        for id in self.world.erp_takes():
            self.book(id)

    def book(self, id: str) -> None:
        for item in self.sold[id].items:
            self.on_hand[item] = self.on_hand[item] - 1 or 50  # a delivery comes in

    def erp_exports(self) -> None:
        if self.chance.random() < 0.01:
            return  # the last file stays, and grows old
        self.included = set(self.world.booked) | self.settled
        self.world.erp_writes_stock(dict(self.on_hand))
        self.touch("ExportCSV.csv")

    def staff_settles(self) -> None:
        """Gift card orders are entered at the till, in the evening."""
        ledger = open_ledger(self.settings.folder)
        steering = Steering(ledger, "web", lambda: self.now)
        for order in ledger.orders.list_by_state(State.WITHHELD):
            steering.settle([order.id])
            self.settled.add(order.id)
            self.book(order.id)
        ledger.close()

    # --- Passerelle ---------------------------------------------------------------------------

    def run(self, run: str) -> None:
        with ExitStack() as stack:
            if self.chance.random() < FAULTS:
                self.tally["faults"] += 1
                stack.enter_context(self.fault())
            try:
                perform(self.settings, run, STORIES[run], console=False)
                self.tally[f"runs of {run} that went well"] += 1
            except PowerCutError:
                self.tally["power cuts"] += 1
            except HeldError as error:
                assert "minutes old" in str(error)
                self.tally["held: the ERP's file was old"] += 1
            except PasserelleError:
                self.tally["runs that failed"] += 1

    @contextmanager
    def fault(self) -> Iterator[None]:
        """At one step: the power is cut, the connection lost, or the server's disk full."""
        remote = [step for step in STEPS if "Folder" in step[0]]
        when = self.chance.choice(("before", "after"))
        if self.chance.random() < 0.5:
            fault = struck(self.chance.choice(self.steps), when)
        else:
            step = self.chance.choice(remote)
            kind = self.chance.choice((TransientError, PermanentError))
            fault = struck(step, when, lambda: kind("a fault"), self.chance.choice((1, 99)))
        with fault:
            yield

    def write_at_this_hour(self, path: Path, data: bytes) -> None:
        durable.write_durably(path, data)
        self.touch(path.relative_to(self.world.server.root))

    def touch(self, name: str | Path) -> None:
        moment = self.now.timestamp()
        os.utime(self.world.server.root / name, (moment, moment))

    # --- the end of the year ------------------------------------------------------------------

    def assert_no_discrepancy(self) -> None:
        """Every order once, every state final, the ledger in agreement with the ERP."""
        for run in ("orders", "orders"):
            self.now += timedelta(minutes=30)
            perform(self.settings, run, run_orders, console=False)
            self.erp_imports()
            self.world.erp_takes()
        perform(self.settings, "orders", run_orders, console=False)
        paid = {id: 1 for id, sale in self.sold.items() if sale.payment != "Bon cadeau"}
        assert self.world.booked == Counter(paid)
        ledger = open_ledger(self.settings.folder)
        states = {order.id: order.state for order in ledger.orders.list_by_state()}
        assert ledger.dispatches.unfinished() == []
        ledger.close()
        handed = (State.WITHHELD, State.SETTLED)
        for id in self.sold:
            assert states[id] == State.TAKEN if id in paid else states[id] in handed, id

    def ages(self, folder: str) -> list[timedelta]:
        """The ages of what is kept, by the times in the names."""
        names = [path.stem[-15:] for path in (self.world.data / folder).iterdir()]
        moments = [datetime.strptime(name, "%Y%m%d_%H%M%S").astimezone() for name in names]
        return [self.now - moment for moment in moments]


class SellingShop(Shop):
    """A shop whose customers pay at once or hours later; the ERP gets each order, then its sale.

    ``issued`` counts the sales that the ERP has booked; it refuses some of them at first.
    """

    steps = SALE_STEPS
    more_settings = FULFIL

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for name in ("ventes", "refus"):
            (self.world.server.root / name).mkdir()
        self.unpaid: dict[str, datetime] = {}
        self.issued: Counter[str] = Counter()

    def customers_order(self) -> None:
        before = set(self.sold)
        super().customers_order()
        for id in self.sold.keys() - before:
            if self.chance.random() < 0.5:
                self.unpaid[id] = self.now + timedelta(minutes=self.chance.randint(10, 900))
                self.change(id, "En attente de paiement")

    def change(self, id: str, status: str) -> None:
        old = self.sold[id]
        self.sold[id] = replace(old, status=status)
        for place, sale in enumerate(self.in_file):
            if sale.id == id:
                self.in_file[place] = self.sold[id]

    def shop_exports(self) -> None:
        """The last orders, and older ones that wait for something."""
        for id in [id for id, at in self.unpaid.items() if at <= self.now]:
            del self.unpaid[id]
            self.change(id, "Paiement accepté")
        last = {sale.id for sale in self.in_file}
        wait = [
            sale
            for id, sale in self.sold.items()
            if id not in last and not self.issued[id] and sale.payment != "Bon cadeau"
        ]
        self.world.shop_writes(*wait, *self.in_file)
        self.touch("commandes.csv")

    def is_held_back(self, sale: Sale) -> bool:
        """The ERP keeps what an imported order asks for; once it is paid, its sale must be in."""
        if sale.id in self.included:
            return False
        return sale.id not in self.unpaid or not self.world.booked[sale.id]

    def erp_imports(self) -> None:
        if self.chance.random() < 0.01:
            return  # busy
        self.world.erp_takes()
        for path in sorted((self.world.server.root / "ventes").glob("*.xml")):
            data, id = path.read_bytes(), path.name.split("_")[0]
            assert data.endswith(b"</sale>\n"), "half a file"
            assert self.world.booked[id] == 1, f"order {id} is sold before it was imported"
            if self.chance.random() < 0.02:
                self.tally["sales refused by the ERP"] += 1
                path.rename(self.world.server.root / "refus" / path.name)
                continue
            self.issued[id] += 1
            self.book(id)
            path.unlink()

    def erp_exports(self) -> None:
        if self.chance.random() < 0.01:
            return
        self.included = set(self.issued) | self.settled
        self.world.erp_writes_stock(dict(self.on_hand))
        self.touch("ExportCSV.csv")

    def assert_no_discrepancy(self) -> None:
        """Every order imported once, and sold once, the ledger in agreement."""
        self.now += timedelta(days=1)
        for _ in range(4):
            self.now += timedelta(minutes=30)
            self.erp_exports()
            self.shop_exports()
            perform(self.settings, "orders", run_orders, console=False)
            self.erp_imports()
        super().assert_no_discrepancy()
        assert self.issued == self.world.booked
        ledger = open_ledger(self.settings.folder)
        states = {sale.id: sale.state for sale in ledger.sales.in_states(*SaleState)}
        ledger.close()
        assert states == dict.fromkeys(self.issued, SaleState.DONE)


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """Cleared at once: a year leaves much behind."""
    with tempfile.TemporaryDirectory(prefix="passerelle-year-") as folder:
        yield Path(folder)


@pytest.mark.usefixtures("paris")
@pytest.mark.parametrize("kind", [Shop, SellingShop])
@scale.only("ci")
def test_a_year_with_faults_ends_without_a_discrepancy(
    quick_folder: Path, note: Note, kind: type[Shop]
) -> None:
    half_hours = HALF_HOURS
    shop = kind(quick_folder)
    with ExitStack() as stack:
        stack.enter_context(mock.patch("passerelle.base.clocks.clock", lambda: shop.now))
        stack.enter_context(mock.patch.object(Deadline, "sleep", lambda *_: None))
        place = "passerelle.remotes.folder.write_durably"
        stack.enter_context(mock.patch(place, shop.write_at_this_hour))
        started = time.monotonic()
        shop.erp_exports()
        for _ in range(half_hours):
            shop.half_hour()
        took = time.monotonic() - started
        shop.assert_no_discrepancy()

    data, a_day = shop.world.data, timedelta(days=1)
    assert shop.tally["faults"] >= 0.25 * 2 * FAULTS * half_hours
    assert max(shop.ages("ArchiveExport")) < timedelta(days=KEPT_DAYS) + a_day
    assert len(list((data / "ArchiveTrace").iterdir())) > 0
    assert max(shop.ages("ArchiveTrace")) < timedelta(days=KEPT_DAYS) + a_day
    assert all(path.stat().st_size < 30_000 for path in data.glob("Trace?.txt"))
    size = (data / "passerelle.db").stat().st_size
    assert size < (2_500 if kind is Shop else 3_500) * half_hours + 500_000
    orders = len(shop.sold)
    figures = ", ".join(f"{count} {what}" for what, count in sorted(shop.tally.items()))
    note(
        f"{kind.__name__}: {half_hours} half hours in {took:.0f} s, {orders} orders, each handled "
        f"once: {figures}; the ledger has {size / 1e6:.1f} MB"
    )
