"""SIGKILL at each step of publishing, then a normal run: exactly once, never half a file."""

from collections import Counter
from pathlib import Path

import pytest

from passerelle.model.servers import MARK_NAME
from tests import scale
from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.world import Sale, World

ARCHIVE = "passerelle.archive.folders:Exports"
DISPATCHES = "passerelle.ledger.outbox:DispatchBook"
ORDERS = "passerelle.ledger.orders:OrderBook"
REMOTE = "passerelle.remotes:RetryingRemote"

ORDER_STEPS = [(ORDERS, "mark"), (ARCHIVE, "write_pending"), (DISPATCHES, "prepare_orders"),
               (ARCHIVE, "confirm"), (REMOTE, "store"), (DISPATCHES, "stage"), (REMOTE, "rename"),
               (DISPATCHES, "send")]  # fmt: skip
STOCK_STEPS = [(DISPATCHES, "prepare_stock"), (REMOTE, "store"), (DISPATCHES, "stage"),
               (REMOTE, "replace"), (DISPATCHES, "send")]  # fmt: skip
SALES = (Sale("1", {"370": 1}), Sale("2", {"371": 2}, payment="Bon cadeau"), Sale("3", {"372": 1}))
LEVELS = {str(370 + n): 5 for n in range(10)}


def steps(names: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Before each step, which is after the one ahead of it, and after the last."""
    return [*(("before", *step) for step in names), ("after", *names[-1])]


def taken_by_erp(world: World) -> dict[str, bytes]:
    """What the ERP finds complete under a final name, and takes."""
    found = {path.name: path.read_bytes() for path in world.xmls() if path.suffix == ".xml"}
    for data in found.values():
        assert data.endswith(b"</orders>\n"), "half a file under its final name"
    world.erp_takes()
    return found


@pytest.mark.parametrize("erp_is_quick", [pytest.param(False, marks=scale.only("ci")), True])
@pytest.mark.parametrize("step", steps(ORDER_STEPS), ids=lambda step: f"{step[0]} {step[2]}")
def test_orders_arrive_exactly_once(
    tmp_path: Path, new_server: NewServer, step: tuple[str, str, str], erp_is_quick: bool
) -> None:
    world = make_world(tmp_path, new_server("ftp"))
    world.shop_writes(*SALES)
    world.dies(step, "run", "orders")
    sent = taken_by_erp(world) if erp_is_quick else {}
    world.shop_writes(*SALES, Sale("4", {"373": 1}))
    world.run_well("run", "orders")
    world.run_well("run", "orders")
    sent |= taken_by_erp(world)
    world.run_well("run", "orders")

    assert world.booked == Counter({"1": 1, "3": 1, "4": 1})
    assert world.states() == {"1": "taken", "2": "withheld", "3": "taken", "4": "taken"}
    assert world.xmls() == []
    kept = {path.name: path.read_bytes() for path in (world.data / "ArchiveExport").iterdir()}
    assert kept == sent, "each XML as the ERP got it, and no other"


@pytest.mark.parametrize("step", steps(STOCK_STEPS), ids=lambda step: f"{step[0]} {step[2]}")
def test_the_shop_sees_a_whole_stock_file_or_none(
    tmp_path: Path, new_server: NewServer, step: tuple[str, str, str]
) -> None:
    world = make_world(tmp_path, new_server("ftp"))
    world.shop_writes(Sale("1", {"370": 1}))
    world.erp_writes_stock(LEVELS)
    world.dies(step, "run", "stock")
    if (world.server.root / "ExportCSVmod.csv").exists():
        assert world.shop_stock()["1202"] == "999"
    world.run_well("run", "stock")
    assert world.shop_stock() == {**dict.fromkeys(LEVELS, "5"), "370": "0", "1201": "999",
                                  "1202": "999"}  # fmt: skip
    lies = {path.name for path in world.server.root.iterdir()}
    names = {"commandes.csv", "ExportCSV.csv", "ExportCSVmod.csv", "import"}
    assert {name for name in lies if not name.startswith(MARK_NAME)} == names
    assert "published 0" in world.run_well("stock", "why", "370")


def test_an_upload_that_died_where_renaming_is_forbidden_asks_a_person(world: World) -> None:
    """Nobody but the ERP knows whether it has the file; the other orders go on."""
    world.configure(server='publish = "direct"')
    world.shop_writes(SALES[0])
    world.dies(("before", REMOTE, "store"), "run", "orders")
    world.shop_writes(*SALES)
    for _ in range(2):
        world.fails("run", "orders", code=6, words="passerelle orders settle 1")
    assert world.erp_takes() == ["3"]
    world.run_well("orders", "resend", "--yes", "1")
    world.run_well("run", "orders")
    assert world.erp_takes() == ["1"]


def test_a_killed_run_is_told_and_an_altered_archive_is_not_sent_but_written_anew(
    world: World,
) -> None:
    world.shop_writes(*SALES)
    world.dies(("before", REMOTE, "store"), "run", "orders")
    assert "killed or active" in world.run_well("history")
    (kept,) = (world.data / "ArchiveExport").iterdir()
    kept.write_bytes(b"<orders/>")
    assert "missing or altered in ArchiveExport" in world.run_well("run", "orders")
    assert world.erp_takes() == ["1", "3"]
