"""Shop, ERP, staff, clock and faults in random order: no sale lost, none doubled, none sold twice.

The world keeps a plain model of what must be true; the product is driven through its own runs
on a folder server, with a clock that the test turns. Of the ERP only one thing is assumed: it
imports what waits for it before it writes its stock, or leaves it lying.
"""

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from passerelle.base import durable
from passerelle.base.deadline import Deadline
from passerelle.base.errors import (
    HeldError,
    NotReadyError,
    PasserelleError,
    PermanentError,
    TransientError,
)
from passerelle.config.load import load_config
from passerelle.config.model import Settings
from passerelle.gateway.frame import Gateway, Outcome, Story, perform
from passerelle.ledger.ledger import Ledger, ledger_exists, open_ledger
from passerelle.model.servers import MARK_NAME
from passerelle.model.states import SEEN
from passerelle.runs.adoption import adopt
from passerelle.runs.orders import run_orders
from passerelle.runs.steering import Steering
from passerelle.runs.stock import run_stock
from tests import scale
from tests.servers import RunningServer
from tests.servers.postgresql import PostgreSql
from tests.world import Sale, World

ITEMS = tuple(str(370 + n) for n in range(6))
KINDS = ("paid", "gift card", "unpaid", "cancelled", "illegible")
STATUSES = {"unpaid": "En attente", "cancelled": "Annulé"}

# Every call that changes the world outside the process; a fault strikes just before or after.
STEPS = (
    ("passerelle.remotes.folder:FolderRemote", "store"),
    ("passerelle.remotes.folder:FolderRemote", "rewrite"),
    ("passerelle.remotes.folder:FolderRemote", "rename"),
    ("passerelle.remotes.folder:FolderRemote", "replace"),
    ("passerelle.archive.folders:Exports", "write_pending"),
    ("passerelle.archive.folders:Exports", "confirm"),
    ("passerelle.ledger.outbox:DispatchBook", "prepare_orders"),
    ("passerelle.ledger.outbox:DispatchBook", "stage"),
    ("passerelle.ledger.outbox:DispatchBook", "send"),
    ("passerelle.ledger.outbox:DispatchBook", "take"),
    ("passerelle.ledger.orders:OrderBook", "mark"),
    ("passerelle.ledger.outbox:DispatchBook", "prepare_stock"),
)


WHEN = ("before", "after")
RUNS: Mapping[str, Story] = {"orders": run_orders, "stock": run_stock}


class PowerCutError(BaseException):
    """No handler of the product may catch this: the machine just stops."""


# What may go wrong at a step that speaks with the server, once or as long as the run lasts.
SERVER_FAULTS: tuple[Callable[[], PasserelleError], ...] = (
    lambda: TransientError("connection lost", "the test", "try again"),
    lambda: PermanentError("the server's disk is full", "the test", "make room"),
)
# Files that must not reach the shop, made of a good one.
BAD_STOCK: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "header only": lambda data: data[: data.index(b"\n") + 1],
    "cut": lambda data: data[:-9],
    "a field too many": lambda data: data.replace(b";50\r", b";50;1\r", 1),
    "hardly any line": lambda data: b"\n".join(data.splitlines()[:2]) + b"\n",
    "the header twice": lambda data: data.replace(b"Stock", b"Gencod", 1),
}


@dataclass
class Known:
    """What must become of an order.

    ``before``: how often it had reached the ERP when a person last steered it. ``pending``:
    nobody has settled or adopted it since. ``forced``: to be sent whatever its payment.
    """

    sale: Sale
    kind: str
    before: int = 0
    pending: bool = True
    forced: bool = False

    def expected(self, kind: str) -> int:
        """How often it reaches the ERP, all in all, once the shop's file says ``kind`` of it."""
        goes = kind == "paid" or (self.forced and kind not in ("illegible", "cancelled"))
        return self.before + (self.pending and goes)


def struck(
    step: tuple[str, str],
    when: str,
    fault: Callable[[], BaseException] = PowerCutError,
    times: int = 99,
) -> AbstractContextManager[object]:
    """The step fails so many times, just before or after it was done; else with a power cut."""
    module, _, name = step[0].partition(":")
    real = getattr(getattr(import_module(module), name), step[1])
    left = times

    def fail(*args: object, **kwargs: object) -> None:
        nonlocal left
        left -= 1
        if left < 0 or when == "after":
            real(*args, **kwargs)
        if left >= 0:
            raise fault()

    return mock.patch(f"{module}.{name}.{step[1]}", fail)


class Machine(RuleBasedStateMachine):
    """A shop, an ERP and their staff around one folder, on a clock that the rules turn."""

    def __init__(self, **config: Any) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="passerelle-machine-"))
        self.root = self.folder / "server"
        self.root.mkdir()
        server = RunningServer("folder", self.root.as_uri(), "", self.root)
        self.world = World(self.folder, server)
        self.world.configure(**config, top=self.where())
        self.settings: Settings = load_config(self.folder / "config.toml")
        self.now = datetime(2026, 11, 23, 9, 0).astimezone()

    def where(self) -> str:
        """Where the ledger is, as config.toml says it: in the folder."""
        return ""

    @rule(minutes=st.integers(1, 40))
    def pass_time(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    def perform(self, run: str, story: Story) -> Outcome:
        with ExitStack() as stack:
            stack.enter_context(mock.patch.object(Deadline, "sleep", lambda *_: None))
            stack.enter_context(mock.patch.object(Gateway, "now", lambda _: self.now))
            place = "passerelle.remotes.folder.write_durably"
            stack.enter_context(mock.patch(place, self.write_at_this_hour))
            return perform(self.settings, run, story, console=False)

    def write_at_this_hour(self, path: Path, data: bytes) -> None:
        durable.write_durably(path, data)
        self.touch(path)

    def touch(self, path: Path | str) -> None:
        os.utime(self.root / path, (self.now.timestamp(), self.now.timestamp()))

    @contextmanager
    def ledger(self) -> Iterator[Ledger | None]:
        """What there is of it, which may be none yet."""
        if not ledger_exists(self.settings.ledger_at):
            yield None
            return
        with closing(open_ledger(self.settings.ledger_at)) as ledger:
            yield ledger

    def steer(self, verb: str, id: str) -> bool:
        """Whether a person may do that."""
        with closing(open_ledger(self.settings.ledger_at)) as ledger, suppress(PasserelleError):
            getattr(Steering(ledger, "web", lambda: self.now), verb)([id])
            return True
        return False


class HalfHours(Machine):
    """One small shop, its ERP and its staff."""

    def __init__(self) -> None:
        super().__init__(orders='send_statuses = ["Paiement accepté"]')
        self.orders: dict[str, Known] = {}
        self.in_erp_file: Counter[str] = Counter()
        self.levels = dict.fromkeys(ITEMS, 50)
        self.stock_written = self.now
        self.exported: dict[str, str] = {}
        self.bad_stock = self.bad_orders = False
        self.passed_over: set[str] = set()
        self.number = 0

    def teardown(self) -> None:
        """At the end all faults are over: what is due must arrive, each exactly as often."""
        self.settle_down()
        for id, known in self.orders.items():
            assert self.world.booked[id] == known.expected(known.kind), (id, known)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- the shop ----------------------------------------------------------------------------

    @initialize()
    def open_shop(self) -> None:
        self.export()
        self.write_stock(imports=True)

    @rule(kind=st.sampled_from(KINDS), item=st.sampled_from(ITEMS), quantity=st.integers(1, 3))
    def customer_orders(self, kind: str, item: str, quantity: int) -> None:
        self.number += 1
        id = str(self.number)
        payment = "Bon cadeau" if kind == "gift card" else "Carte bancaire"
        sold: int | str = "deux" if kind == "illegible" else quantity
        sale = Sale(id, {item: sold}, payment, STATUSES.get(kind, "Paiement accepté"))
        self.orders[id] = Known(sale, kind)

    @rule(data=st.data())
    def customer_pays_or_shop_mends(self, data: st.DataObject) -> None:
        unpaid = [id for id, o in self.orders.items() if o.kind in ("unpaid", "illegible")]
        if not unpaid:
            return
        known = self.orders[data.draw(st.sampled_from(unpaid))]
        (item,) = known.sale.items
        known.sale = replace(known.sale, status="Paiement accepté", items={item: 1})
        known.kind = "paid"

    @rule(last=st.one_of(st.none(), st.integers(0, 4)))
    def export(self, last: int | None = None) -> None:
        """The module writes every order there is, or the ``last`` ones; the same are met again."""
        ids = list(self.orders)
        ids = ids if last is None else ids[len(ids) - last :] if last else []
        self.exported = {id: self.orders[id].kind for id in ids}
        self.world.shop_writes(*(self.orders[id].sale for id in ids))
        self.touch("commandes.csv")
        self.bad_orders = False

    @rule(keep=st.integers(0, 30))
    def upload_of_the_shop_breaks(self, keep: int) -> None:
        """A file whose last line does not end; the next export writes it anew."""
        path = self.root / "commandes.csv"
        data = path.read_bytes()
        path.write_bytes(data[: len(data) - 1 - min(keep, len(data) - 2)].rstrip(b"\r\n"))
        self.touch("commandes.csv")
        self.bad_orders, self.exported = True, {}

    # --- the ERP -----------------------------------------------------------------------------

    @rule(imports=st.booleans())
    def write_stock(self, imports: bool) -> None:
        """Imports what waits (or is too busy to), then writes its stock."""
        if imports:
            self.world.erp_takes()
        self.pass_time(1)
        self.in_erp_file = Counter(self.world.booked)
        self.world.erp_writes_stock(self.levels)
        self.touch("ExportCSV.csv")
        self.stock_written = self.now
        self.bad_stock = False
        self.passed_over = {path.name for path in self.world.xmls()}

    @rule()
    def erp_imports_what_came_since(self) -> None:
        """After it wrote its stock: the file does not include these."""
        if not self.passed_over & {path.name for path in self.world.xmls()}:
            self.world.erp_takes()

    @rule(how=st.sampled_from(sorted(BAD_STOCK)))
    def erp_writes_a_bad_file(self, how: str) -> None:
        if how == "hardly any line" and not self.has_published():
            return  # nobody can tell that lines are gone
        self.write_stock(imports=False)
        path = self.root / "ExportCSV.csv"
        path.write_bytes(BAD_STOCK[how](path.read_bytes()))
        self.touch("ExportCSV.csv")
        self.bad_stock = True

    @rule()
    def shop_imports(self) -> None:
        path = self.root / "ExportCSVmod.csv"
        path.unlink(missing_ok=True)

    @rule(minutes=st.sampled_from((-60, -20, -3, 60)))
    def clock_is_set(self, minutes: int) -> None:
        """Ours and the server's, by a person or by the time service."""
        self.now += timedelta(minutes=minutes)

    # --- Passerelle --------------------------------------------------------------------------

    @rule()
    def run_orders(self) -> None:
        if self.bad_orders:
            before = self.world.xmls()
            try:
                self.perform("orders", run_orders)
            except NotReadyError:
                assert len(self.world.xmls()) <= len(before) + 1, "only what was begun before"
                return
            raise AssertionError("a broken upload was read")
        self.perform("orders", run_orders)
        due = {id for id, kind in self.exported.items() if self.orders[id].expected(kind)}
        assert {id for id in due if self.reached_erp(id)} == due

    @rule()
    def run_stock(self) -> None:
        stale = abs(self.now - self.stock_written) > timedelta(minutes=25)
        published = self.root / "ExportCSVmod.csv"
        try:
            self.perform("stock", run_stock)
        except PasserelleError:
            assert stale or self.bad_stock or self.bad_orders
            assert not published.exists(), "a held run leaves no older file"
            return
        assert not (stale or self.bad_stock or self.bad_orders)
        levels = self.world.shop_stock()
        for id in self.exported:
            known = self.orders[id]
            included = not known.pending or self.in_erp_file[id] > known.before
            if known.kind != "cancelled" and not included:
                (item,) = known.sale.items
                assert levels[item] == "0", f"{item} is still sold though order {id} took it"
        self.assert_nothing_of_the_past_is_sold(levels)
        held_back = {item for known in self.orders.values() for item in known.sale.items}
        for item in set(ITEMS) - held_back:
            assert levels[item] == str(self.levels[item])

    def assert_nothing_of_the_past_is_sold(self, levels: Mapping[str, str]) -> None:
        """What the ledger knows to be on its way is held back, in the shop's file or not."""
        states = self.states()
        for id, known in self.orders.items():
            on_its_way = states.get(id) in ("withheld", "prepared", "sent")
            if on_its_way and known.kind != "cancelled":
                (item,) = known.sale.items
                assert levels[item] == "0", f"{item} is sold though order {id} is {states[id]}"

    @rule(
        kind=st.sampled_from(KINDS),
        item=st.sampled_from(ITEMS),
        imports=st.booleans(),
        last=st.sampled_from((None, None, 0, 1)),
        cut=st.one_of(st.none(), st.tuples(st.sampled_from(STEPS), st.sampled_from(WHEN))),
    )
    def a_half_hour_passes(
        self,
        kind: str,
        item: str,
        imports: bool,
        last: int | None,
        cut: tuple[tuple[str, str], str] | None,
    ) -> None:
        """Everybody by the clock, as on any day: makes the usual story as frequent as the odd."""
        self.customer_orders(kind, item, 1)
        self.export()
        if cut:
            self.power_is_cut("orders", *cut)
        self.run_orders()
        self.pass_time(3)
        self.write_stock(imports)
        self.export(last)
        self.run_stock()

    @rule(kind=st.sampled_from(KINDS), item=st.sampled_from(ITEMS), imports=st.booleans())
    def an_order_comes_after_the_erp_wrote(self, kind: str, item: str, imports: bool) -> None:
        """Taken at once, and still not in the ERP's file."""
        self.write_stock(imports)
        self.pass_time(2)
        self.customer_orders(kind, item, 1)
        self.export()
        self.run_orders()
        self.erp_imports_what_came_since()
        self.run_stock()

    @rule(
        run=st.sampled_from(("orders", "stock")),
        step=st.sampled_from(STEPS),
        when=st.sampled_from(WHEN),
    )
    def power_is_cut(self, run: str, step: tuple[str, str], when: str) -> None:
        with struck(step, when), suppress(PowerCutError, PasserelleError):
            self.perform(run, RUNS[run])

    @rule(
        run=st.sampled_from(("orders", "stock")),
        step=st.sampled_from([step for step in STEPS if "Folder" in step[0]]),
        when=st.sampled_from(WHEN),
        fault=st.sampled_from(SERVER_FAULTS),
        times=st.sampled_from((1, 99)),
    )
    def server_fails(
        self,
        run: str,
        step: tuple[str, str],
        when: str,
        fault: Callable[[], PasserelleError],
        times: int,
    ) -> None:
        """The step is refused or its answer lost: once, or as long as the run lasts."""
        with struck(step, when, fault, times):
            try:
                self.perform(run, RUNS[run])
            except TransientError:
                return
            except PasserelleError:
                assert run == "orders" or not (self.root / "ExportCSVmod.csv").exists()

    # --- others ------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(KINDS), item=st.sampled_from(ITEMS))
    def shops_file_moves_on_during_an_outage(self, kind: str, item: str) -> None:
        """Whoever stood in a readable file once reaches the ERP, in that file or not."""
        self.customer_orders(kind, item, 1)
        new = str(self.number)
        self.export()
        imports = self.root / "import"
        imports.rename(self.folder / "away")
        with suppress(PasserelleError):
            self.perform("orders", run_orders)
        assert self.states()[new] != "sent"
        (self.folder / "away").rename(imports)
        self.export(0)
        self.run_orders()
        assert self.reached_erp(new) == self.orders[new].expected(kind)

    @rule()
    def server_is_replaced(self) -> None:
        """By an empty one, for a while: nothing goes there, nothing counts as taken."""
        if not any(self.root.glob(f"{MARK_NAME}*")):
            return
        before, root = self.states(), self.root
        root.rename(self.folder / "old server")
        (root / "import").mkdir(parents=True)
        for name in ("commandes.csv", "ExportCSV.csv"):
            shutil.copy2(self.folder / "old server" / name, root / name)
        for run, story in RUNS.items():
            outcome = self.try_to(run, story)
            has_nothing_to_ask_there = run == "orders" and "sent" not in before.values()
            assert outcome is None or outcome.exit_code != 0 or has_nothing_to_ask_there
        assert self.world.xmls() == [] and not (root / "ExportCSVmod.csv").exists()
        after = self.states()
        assert {id for id in before if before[id] == "sent"} <= {
            id for id in after if after[id] == "sent"
        }
        shutil.rmtree(root)
        (self.folder / "old server").rename(root)

    @precondition(lambda self: not self.settings.ledger)  # it is in no folder to be restored
    @rule(kind=st.sampled_from(KINDS), item=st.sampled_from(ITEMS))
    def older_copy_runs(self, kind: str, item: str) -> None:
        """The old PC, or a folder restored from yesterday: it sends nothing."""
        self.a_half_hour_passes("paid", item, True, None, None)
        data, newest = self.world.data, self.folder / "newest"
        shutil.copytree(data, self.folder / "older")
        self.a_half_hour_passes("paid", item, True, None, None)
        self.customer_orders(kind, item, 1)
        self.export()
        data.rename(newest)
        (self.folder / "older").rename(data)
        before = self.world.xmls()
        outcome = self.try_to("orders", run_orders)
        assert outcome is None or outcome.exit_code == HeldError.exit_code
        assert self.world.xmls() == before
        shutil.rmtree(data)
        newest.rename(data)

    @rule(item=st.sampled_from(ITEMS), arrived=st.booleans())
    def erp_takes_the_upload_under_its_temporary_name(self, item: str, arrived: bool) -> None:
        """It is never sent again by itself; a person looks, and types what the run said."""
        self.customer_orders("paid", item, 1)
        self.export()
        self.power_is_cut("orders", ("passerelle.remotes.folder:FolderRemote", "rewrite"), "before")
        uploads = [path for path in self.world.xmls() if path.suffix == ".tmp"]
        for path in uploads:
            ids = re.findall("<id>(.*?)</id>", path.read_text("utf-8"))
            path.unlink()
            self.world.booked.update(ids if arrived else ())
            outcome = self.try_to("orders", run_orders)
            assert outcome is None or outcome.exit_code == HeldError.exit_code
            for id in ids:
                self.staff_types("settle" if arrived else "resend", id)
        self.run_orders()

    # --- the staff ---------------------------------------------------------------------------

    @precondition(lambda self: self.orders and ledger_exists(self.settings.ledger_at))
    @rule(verb=st.sampled_from(("settle", "resend", "forget")), data=st.data())
    def staff_steers(self, verb: str, data: st.DataObject) -> None:
        self.staff_types(verb, data.draw(st.sampled_from(sorted(self.orders))))

    def staff_types(self, verb: str, id: str) -> None:
        reached = self.reached_erp(id)
        if self.steer(verb, id):
            known = self.orders[id]
            known.before, known.pending, known.forced = reached, verb != "settle", verb == "resend"

    def reached_erp(self, id: str) -> int:
        lying = sum(f"<id>{id}</id>" in path.read_text("utf-8") for path in self.world.xmls())
        return self.world.booked[id] + lying

    @rule()
    def staff_adopts(self) -> None:
        if self.world.booked or not self.exported:
            return
        before = self.states()
        self.perform("adopt", adopt)
        for id, state in self.states().items():
            if state == "skipped" and before.get(id) != state:
                self.orders[id].pending = self.orders[id].forced = False

    # --- helpers -----------------------------------------------------------------------------

    def states(self) -> dict[str, str]:
        with self.ledger() as ledger:
            known = ledger.orders.list_by_state() if ledger else ()
            return {order.id: order.state.value for order in known}

    def has_published(self) -> bool:
        with self.ledger() as ledger:
            return ledger is not None and ledger.stock.last(*SEEN) is not None

    def try_to(self, run: str, story: Story) -> Outcome | None:
        """A run that cannot go well; ``None`` where it says so by raising."""
        try:
            return self.perform(run, story)
        except PasserelleError:
            return None

    def settle_down(self) -> None:
        self.export()
        for _ in range(3):
            self.pass_time(30)
            self.perform("orders", run_orders)
            self.world.erp_takes()

    @invariant()
    def nothing_is_doubled(self) -> None:
        for id, count in self.world.booked.items():
            assert count <= self.orders[id].before + 1, id

    @invariant()
    def others_see_whole_files_only(self) -> None:
        for path in self.world.xmls() if (self.root / "import").exists() else ():
            if path.suffix == ".xml":
                assert path.read_bytes().endswith(b"</orders>\n")


HalfHours.TestCase.settings = settings(
    max_examples=scale.pick(6, 40, 2_000),
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestHalfHours = HalfHours.TestCase


class OnPostgreSql(HalfHours):
    """The same with each shop's ledger in a schema of its own, and its XMLs there."""

    server: ClassVar[PostgreSql]

    def where(self) -> str:
        place = self.server.new_place()
        return f'ledger = "{place.url}"\nledger_schema = "{place.schema}"\n'


@pytest.mark.realserver
def test_half_hours_on_postgresql(postgresql: PostgreSql) -> None:
    OnPostgreSql.server = postgresql
    run_state_machine_as_test(OnPostgreSql, settings=HalfHours.TestCase.settings)
