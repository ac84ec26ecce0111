"""Orders and their sales in random order, with faults: each sold once, none before it is paid, and
never more than the ERP has."""

import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from lxml import etree

from passerelle.base.errors import PasserelleError
from passerelle.ledger.ledger import ledger_exists
from passerelle.model.states import SaleState
from passerelle.runs.orders import run_orders
from passerelle.runs.stock import run_stock
from tests import scale
from tests.e2e.test_machine import SERVER_FAULTS, STEPS, WHEN, Machine, PowerCutError, struck
from tests.world import Sale

ITEMS = ("370", "371")
STATUSES = {"unpaid": "En attente", "paid": "Paiement accepté", "cancelled": "Annulé"}
SALE_STEPS = (
    ("passerelle.ledger.outbox:DispatchBook", "prepare_sale"),
    ("passerelle.ledger.sales:SaleBook", "mark"),
    *(step for step in STEPS if step[1] not in ("replace", "prepare_stock")),
)
FULFIL = """
[fulfil]
enabled = true
to = "ftp:ventes/{id}_{time}.xml"
start_from = 2026-11-22T00:00:00
refused = "ftp:refus"
"""


@dataclass
class Known:
    """An order, whether it was ever paid, and how often it was imported and sold before a person
    had it forgotten."""

    sale: Sale
    kind: str
    forgotten: int = 0


class Sales(Machine):
    """One small shop, its ERP and its staff."""

    def __init__(self) -> None:
        super().__init__(extra=FULFIL)
        for name in ("ventes", "refus"):
            (self.root / name).mkdir()
        self.orders: dict[str, Known] = {}
        self.sold: Counter[str] = Counter()
        self.on_hand = dict.fromkeys(ITEMS, 1)
        self.in_file: Counter[str] = Counter()
        self.refuses = False

    def teardown(self) -> None:
        """In the end the ERP refuses nothing and has enough: all that is paid is sold once."""
        self.refuses = False
        self.on_hand = dict.fromkeys(ITEMS, 500)
        for _ in range(4):
            self.erp_writes()
            self.shop_exports()
            self.perform("orders", run_orders)
            self.erp_takes()
        self.perform("orders", run_orders)
        self.nothing_is_sold_twice_or_too_early()
        for id, known in self.orders.items():
            if known.kind == "paid":
                assert self.sold[id] >= known.forgotten, (id, known)
                assert self.states()[id] == SaleState.DONE, (id, known)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- the shop ----------------------------------------------------------------------------

    @initialize()
    def open_shop(self) -> None:
        self.shop_exports()
        self.erp_writes()

    @rule(kind=st.sampled_from(("paid", "unpaid")), item=st.sampled_from(ITEMS))
    def customer_orders(self, kind: str, item: str) -> None:
        id = str(len(self.orders) + 1)
        date = f"{self.now:%Y-%m-%d %H:%M:%S}"
        self.orders[id] = Known(Sale(id, {item: 1}, status=STATUSES[kind], date=date), kind)

    @precondition(lambda self: self.orders)
    @rule(kind=st.sampled_from(("paid", "cancelled")), data=st.data())
    def status_changes(self, kind: str, data: st.DataObject) -> None:
        known = self.orders[data.draw(st.sampled_from(sorted(self.orders)))]
        known.kind, known.sale = kind, replace(known.sale, status=STATUSES[kind])

    @rule()
    def shop_exports(self) -> None:
        self.world.shop_writes(*(known.sale for known in self.orders.values()))
        self.touch("commandes.csv")

    # --- the ERP -----------------------------------------------------------------------------

    @rule()
    def erp_takes(self) -> None:
        self.world.erp_takes()
        for path in sorted((self.root / "ventes").glob("*.xml")):
            data = path.read_bytes()
            assert data.endswith(b"</sale>\n"), "half a file"
            id = etree.fromstring(data).findtext("id") or ""
            if self.refuses:
                path.rename(self.root / "refus" / path.name)
                continue
            (item,) = self.orders[id].sale.items
            self.sold[id] += 1
            self.on_hand[item] -= 1
            path.unlink()

    @rule()
    def erp_changes_its_mind(self) -> None:
        self.refuses = not self.refuses

    @rule()
    def erp_writes(self) -> None:
        """After it has imported what waits, as is assumed of it everywhere."""
        self.erp_takes()
        self.pass_time(1)
        self.in_file = Counter(self.sold)
        self.world.erp_writes_stock({item: max(0, n) for item, n in self.on_hand.items()})
        self.touch("ExportCSV.csv")

    @rule(item=st.sampled_from(ITEMS))
    def goods_come_in(self, item: str) -> None:
        self.on_hand[item] += 1

    # --- Passerelle --------------------------------------------------------------------------

    @rule()
    def run_orders(self) -> None:
        with suppress(PasserelleError):
            self.perform("orders", run_orders)

    @rule()
    def a_half_hour_passes(self) -> None:
        """Everybody by the clock, as on any day."""
        self.shop_exports()
        self.run_orders()
        self.pass_time(3)
        self.erp_writes()
        self.pass_time(5)
        self.run_stock()

    @rule(item=st.sampled_from(ITEMS))
    def two_want_the_last_piece(self, item: str) -> None:
        """One after the other, before the ERP has written anew."""
        for _ in range(2):
            self.customer_orders("paid", item)
            self.shop_exports()
            self.run_orders()
            self.pass_time(1)

    @rule()
    def run_stock(self) -> None:
        with suppress(PasserelleError):
            self.perform("stock", run_stock)
            levels = self.world.shop_stock()
            for id, state in self.states().items():
                (item,) = self.orders[id].sale.items
                known = self.orders[id]
                is_open = state not in (SaleState.DONE, SaleState.WITHDRAWN)
                if is_open and known.kind != "cancelled" and self.in_file[id] <= known.forgotten:
                    assert levels[item] == "0", f"{item} is sold though order {id} is {state}"

    @rule(step=st.sampled_from(SALE_STEPS), when=st.sampled_from(WHEN))
    def power_is_cut(self, step: tuple[str, str], when: str) -> None:
        with struck(step, when), suppress(PowerCutError, PasserelleError):
            self.perform("orders", run_orders)

    @rule(
        step=st.sampled_from([step for step in SALE_STEPS if "Folder" in step[0]]),
        when=st.sampled_from(WHEN),
        fault=st.sampled_from(SERVER_FAULTS),
        times=st.sampled_from((1, 99)),
    )
    def server_fails(
        self, step: tuple[str, str], when: str, fault: Callable[[], PasserelleError], times: int
    ) -> None:
        with struck(step, when, fault, times), suppress(PasserelleError):
            self.perform("orders", run_orders)

    # --- the staff ---------------------------------------------------------------------------

    @precondition(lambda self: self.orders and ledger_exists(self.settings.ledger_at))
    @rule(verb=st.sampled_from(("retry", "resend")), data=st.data())
    def staff_steers(self, verb: str, data: st.DataObject) -> None:
        """Neither may ever bring a second sale."""
        id = data.draw(st.sampled_from(sorted(self.orders)))
        self.steer(verb, id)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def staff_forgets(self, data: st.DataObject) -> None:
        """Once its sale is in the ERP, whence they have taken the order out."""
        done = [id for id, state in self.states().items() if state == SaleState.DONE]
        if done and self.steer("forget", id := data.draw(st.sampled_from(sorted(done)))):
            known = self.orders[id]
            (item,) = known.sale.items
            self.on_hand[item] += self.sold[id] - known.forgotten
            known.forgotten = self.sold[id]

    # --- helpers -----------------------------------------------------------------------------

    def states(self) -> dict[str, SaleState]:
        with self.ledger() as ledger:
            return (
                {sale.id: sale.state for sale in ledger.sales.in_states(*SaleState)}
                if ledger
                else {}
            )

    @invariant()
    def nothing_is_sold_twice_or_too_early(self) -> None:
        lying = Counter(path.name.split("_")[0] for path in (self.root / "ventes").glob("*.xml"))
        for id, known in self.orders.items():
            assert self.sold[id] + lying[id] <= known.forgotten + 1, f"order {id} is sold twice"
            if known.kind == "unpaid":
                assert not self.sold[id] + lying[id], f"order {id} is not paid"

    @invariant()
    def the_erp_is_never_sold_out(self) -> None:
        assert all(number >= 0 for number in self.on_hand.values()), self.on_hand

    @invariant()
    def a_sale_follows_its_order(self) -> None:
        here = {
            order.findtext("id")
            for path in (self.root / "import").glob("*.xml")
            for order in etree.fromstring(path.read_bytes()).iter("order")
        }
        for path in (self.root / "ventes").glob("*.xml"):
            id = path.name.split("_")[0]
            assert self.world.booked[id] or id in here, f"order {id} is sold before it was sent"


Sales.TestCase.settings = settings(
    max_examples=scale.pick(3, 24, 1_000),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestSales = Sales.TestCase
