"""Many orders, and a ledger of many years: memory as promised, and no walk through all of it."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
from lxml import etree
from sqlalchemy import Engine, event

from passerelle.ledger.ledger import open_ledger
from tests import scale
from tests.e2e.conftest import make_world
from tests.fire.conftest import Note
from tests.servers.fixtures import NewServer
from tests.world import COLUMNS, STOCK_HEADER, Sale, World
from tests.years import fill_ledger

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="memory is told per child there")

ITEMS = 20_000
PATIENT = 'time_limit = "60m"'
# What may be found by walking through it: little tables, the small indexes of due orders
# and open matters.
# Orders that wait pile up: their number is read off an index.
_COUNT_WAITING = "SEARCH orders USING COVERING INDEX orders_by_state_and_cancelled"
_SMALL = (
    *(
        "runs",
        "adopted",
        "chores",
        "clocks",
        "alembic_version",
        "identity",
        "kept_files",
        "servers",
        "sold_by_others",
        "sqlite_master",
        "publications",
    ),
    *("orders USING INDEX orders_due", "orders USING INDEX orders_by_matter"),
    "sales USING INDEX sales_cancelled",
)


@dataclass(frozen=True)
class Cost:
    """What a child process took: seconds, and its greatest size in MB."""

    seconds: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.megabytes:.0f} MB"


# A child counts as at least as big as the process that it came from: so a small one starts it.
_MEASURE = """
import os, sys
command = [sys.executable, "-m", "passerelle", *sys.argv[1:]]
child = os.posix_spawn(sys.executable, command, os.environ)
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def cost_of(world: World, *args: str) -> Cost:
    """Runs the program in a process of its own; it must end well."""
    root = str(Path(__file__).parents[2])
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *args],
        cwd=world.folder,
        env=os.environ | {"PYTHONPATH": root},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Cost(time.monotonic() - started, int(done.stdout.split()[-1]) / 1024)


def write_orders(world: World, lines: int) -> int:
    """An order CSV of so many lines, one to five for each order; returns how many orders."""
    chance, number, written = random.Random(1), 0, 0
    with (world.server.root / "commandes.csv").open("w", encoding="cp1252", newline="\r\n") as file:
        file.write(";".join(COLUMNS.values()) + "\n")
        while written < lines:
            number += 1
            head = f"{number};REF{number};Paiement accepté;2026-11-22 10:00:00;Carte bancaire;;"
            for _ in range(min(chance.randint(1, 5), lines - written)):
                ean13 = 3_700_000_000_000 + chance.randrange(ITEMS)
                file.write(f"{head}Lefèvre;{ean13};1;12,50\n")
                written += 1
    return number


def write_stock(world: World, lines: int) -> None:
    with (world.server.root / "ExportCSV.csv").open("w", encoding="cp1252", newline="\r\n") as file:
        file.write(";".join(STOCK_HEADER) + "\n")
        for n in range(lines):
            file.write(
                f'P{n};{3_700_000_000_000 + n};"Bottine ""Éléa"", taille {n % 9}";{n % 9 + 1}\n'
            )


@linux_only
@pytest.mark.parametrize(
    ("orders", "megabytes"),
    [
        pytest.param(7_000, 150, marks=scale.only("ci")),
        pytest.param(70_000, 500, marks=scale.only("ci")),
        pytest.param(400_000, 2_500, marks=scale.only("long")),
    ],
)
def test_many_orders_need_no_more_memory_than_promised_and_all_arrive(
    tmp_path: Path, new_server: NewServer, note: Note, orders: int, megabytes: int
) -> None:
    world = make_world(tmp_path, new_server("folder"), top=PATIENT)
    lines = orders * 5 // 2
    orders = write_orders(world, lines)
    cost = cost_of(world, "run", "orders")
    (xml,) = world.xmls()
    assert sum(1 for _ in elements(xml, "order")) == orders
    assert sum(1 for _ in elements(xml, "line")) == lines
    again = cost_of(world, "run", "orders")
    assert world.xmls() == [xml], "nothing is sent twice"
    note(f"run orders, {lines} lines, {orders} orders: {cost}; met again: {again}")
    assert max(cost.megabytes, again.megabytes) < megabytes


@linux_only
@pytest.mark.parametrize(
    ("lines", "megabytes"), [(7_000, 150), pytest.param(70_000, 500, marks=scale.only("ci"))]
)
def test_many_stock_lines_need_no_more_memory_than_promised(
    tmp_path: Path, new_server: NewServer, note: Note, lines: int, megabytes: int
) -> None:
    world = make_world(tmp_path, new_server("folder"), top=PATIENT)
    write_stock(world, lines)
    world.shop_writes(*(Sale(str(n), {str(3_700_000_000_000 + n): 1}) for n in range(2_000)))
    cost = cost_of(world, "run", "stock")
    levels = world.shop_stock()
    assert len(levels) == lines + 2
    assert sum(level == "0" for level in levels.values()) == 2_000
    note(f"run stock, {lines} lines, 2000 changed: {cost}")
    assert cost.megabytes < megabytes


def elements(path: Path, name: str) -> Iterator[None]:
    """Counts elements without keeping the tree."""
    for _, element in etree.iterparse(str(path), tag=name):
        element.clear(keep_tail=False)
        yield


FULFIL = """
[fulfil]
enabled = true
to = "ftp:import/sale_{id}_{time}.xml"
start_from = 2026-11-22T00:00:00
refused = "ftp:refused"
"""


class Asked:
    """Every statement that is asked of a ledger meanwhile, and by what SQLite would answer it."""

    def __init__(self, world: World) -> None:
        self._path = world.data / "passerelle.db"
        self.statements: dict[str, Any] = {}

    def _remember(self, _conn: object, _cursor: object, text: str, given: Any, *_: object) -> None:
        self.statements.setdefault(text, given[0] if isinstance(given, list) else given)

    def __enter__(self) -> Self:
        event.listen(Engine, "before_cursor_execute", self._remember)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._remember)

    def plans(self, *kinds: str) -> list[list[str]]:
        """The steps of each statement that begins so."""
        asked = {t: given for t, given in self.statements.items() if t.startswith(kinds)}
        with closing(sqlite3.connect(self._path)) as database:
            explained = [
                database.execute(f"EXPLAIN QUERY PLAN {text}", given).fetchall()
                for text, given in asked.items()
            ]
        return [[str(row[3]) for row in rows] for rows in explained]


@pytest.mark.parametrize("more", ["", FULFIL])
def test_no_run_walks_through_a_ledger_of_many_years(
    tmp_path: Path, new_server: NewServer, more: str
) -> None:
    """Every statement of both runs, and of the report that follows them, finds its rows by an
    index, as SQLite's own plan tells."""
    world = make_world(tmp_path, new_server("folder"))
    world.configure(extra=more)
    world.server.put_folder("refused")
    world.server.put("refused/sale_1_20261122_100000.xml", b"")
    world.shop_writes(Sale("1", {"370": 1}), Sale("2", {"371": 1}, payment="Bon cadeau"))
    world.erp_writes_stock({"370": 5, "371": 5})
    with Asked(world) as asked:
        for run in ("orders", "stock", "orders", "stock"):
            world.run_well("run", run)
            world.erp_takes()
        world.run_well("report")
    plans = asked.plans("SELECT", "UPDATE", "DELETE", "INSERT INTO events (channel")
    steps = [step for plan in plans for step in plan]
    assert len(plans) > 20
    walks = [step.removeprefix("SCAN ") for step in steps if step.startswith("SCAN ")]
    assert [walk for walk in walks if not walk.startswith(_SMALL)] == []
    assert any(_COUNT_WAITING in step for step in steps)


def test_the_report_looks_at_its_days_only(tmp_path: Path, new_server: NewServer) -> None:
    """Each of its questions is answered by the index on the time after which it asks."""
    world = make_world(tmp_path, new_server("folder"))
    old_ledger(world, 4_000)
    ledger, since = open_ledger(world.data), datetime(2026, 1, 1, tzinfo=UTC)
    with closing(ledger), Asked(world) as asked:
        book = ledger.overview
        for ask in (lambda since: [*book.totals(since)], book.deliveries, book.count, book.runs):
            ask(since)
        book.newest(since, 500)
        book.has_undated()
    plans = asked.plans("SELECT")
    assert len(plans) == 6
    indexes = {"orders_by_date", "dispatches_by_taken", "runs_by_start"}
    for plan in plans:
        assert not any(step.startswith("SCAN") for step in plan), plan
        assert any(index in plan[0] for index in indexes), plan


def old_ledger(world: World, orders: int) -> None:
    """A ledger as after many years: taken orders, and those that were cancelled and wait on."""
    world.data.mkdir()
    open_ledger(world.data).close()
    fill_ledger(world.data / "passerelle.db", orders)


@scale.only("long")
@linux_only
def test_a_run_costs_the_same_with_a_ledger_of_many_years(
    tmp_path: Path, new_server: NewServer, note: Note
) -> None:
    for years, orders in (("empty", 0), ("old", 2_000_000)):
        world = make_world(tmp_path / years, new_server("folder"))
        if orders:
            old_ledger(world, orders)
        costs: dict[str, list[Cost]] = {"orders": [], "stock": []}
        for turn in range(5):
            sales = [Sale(f"{turn}-{n}", {"370": 1}) for n in range(40)]
            world.shop_writes(*sales)
            world.erp_writes_stock({str(370 + n): 5 for n in range(50)})
            for run, taken in costs.items():
                taken.append(cost_of(world, "run", run))
            assert len(world.erp_takes()) == 40
        told = ", ".join(f"run {run} {sorted(c.seconds for c in cost)[len(cost) // 2]:.2f} s"
                         for run, cost in costs.items())  # fmt: skip
        note(f"40 new orders with a ledger of {orders} orders: {told}")
