"""Files that others are still writing are never taken as whole."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from passerelle.base.deadline import Deadline
from tests import scale
from tests.e2e.conftest import make_world
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.ftp import FtpServer, Quirks
from tests.world import Sale, World

SALES = tuple(Sale(str(n), {"370": 1}) for n in range(1, 10))


def running(server: FtpServer, root: Path) -> RunningServer:
    return RunningServer("ftp", f"ftp://{USER}@{HOST}:{server.port}", PASSWORD, root)


def test_a_growing_order_file_is_not_read(
    tmp_path: Path, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(tmp_path, server)
    config = world.folder / "config.toml"
    config.write_text(config.read_text("utf-8").replace('settle = "0s"', 'settle = "30s"'))
    world.shop_writes(*SALES)
    lines = (server.root / "commandes.csv").read_bytes().splitlines(keepends=True)
    server.put("commandes.csv", b"".join(lines[:3]))
    waits: list[timedelta] = []

    def sleep(deadline: Deadline, wait: timedelta) -> None:
        """The upload goes on meanwhile."""
        if not waits:
            server.put("commandes.csv", b"".join(lines))
        waits.append(wait)

    monkeypatch.setattr(Deadline, "sleep", sleep)
    result = world.run("run", "orders")
    assert waits == [timedelta(seconds=30)]
    assert result.exit_code == 4
    assert "the file is still being written (it went from" in result.stderr
    assert world.xmls() == []

    world.run_well("run", "orders")
    assert world.erp_takes() == [sale.id for sale in SALES]


def test_an_old_file_is_measured_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    config = world.folder / "config.toml"
    config.write_text(config.read_text("utf-8").replace('settle = "0s"', 'settle = "30s"'))
    waits: list[timedelta] = []
    monkeypatch.setattr(Deadline, "sleep", lambda deadline, wait: waits.append(wait))
    world.shop_writes(*SALES)
    world.run_well("run", "orders")
    assert waits == [timedelta(seconds=30)]
    old = time.time() - 120
    os.utime(world.server.root / "commandes.csv", (old, old))
    world.run_well("run", "orders")
    assert waits == [timedelta(seconds=30)]


@pytest.mark.parametrize("missing", ["", "MLST MLSD", "MLST MLSD SIZE", "MLST MLSD SIZE MDTM"])
def test_a_file_that_is_written_anew_while_we_read_it_is_not_taken_as_whole(
    tmp_path: Path, missing: str
) -> None:
    """It is old, so nobody waits for it; and of the same size, so only its time tells."""
    quirks = Quirks(missing=frozenset(missing.split()))
    with FtpServer(tmp_path, {USER: PASSWORD}, quirks=quirks) as server:
        world = make_world(tmp_path, running(server, tmp_path))
        world.shop_writes(Sale("0", {"370": 1}))
        world.run_well("run", "orders")
        world.erp_takes()
        world.shop_writes(*SALES)
        path = tmp_path / "commandes.csv"
        old, half = time.time() - 300, path.read_bytes().replace(b"\n5;", b"\n0;")
        os.utime(path, (old, old))
        readings = server.received("RETR") + (2 if "SIZE" in missing else 1)

        def write_meanwhile(line: str) -> None:
            if line.startswith("RETR") and server.received("RETR") == readings:
                path.write_bytes(half)

        server.on_command = write_meanwhile
        result = world.run("run", "orders")
    assert result.exit_code == 4
    assert "the file is still being written" in result.stderr
    assert world.xmls() == []


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("MLST MLSD", []),
        ("MLST MLSD SIZE", ["the server does not tell the size of commandes.csv"]),
        ("MLST MLSD MDTM", ["the server does not tell when commandes.csv was written"]),
        (
            "MLST MLSD SIZE MDTM",
            [
                "the server does not tell the size of commandes.csv",
                "the server does not tell when commandes.csv was written",
            ],
        ),
    ],
)
def test_what_a_server_does_not_tell_is_said_by_both_runs(
    tmp_path: Path, missing: str, said: list[str]
) -> None:
    """A weaker promise is a stated one."""
    quirks = Quirks(missing=frozenset(missing.split()))
    with FtpServer(tmp_path, {USER: PASSWORD}, quirks=quirks) as server:
        world = make_world(tmp_path, running(server, tmp_path))
        world.shop_writes(*SALES)
        world.erp_writes_stock({"370": 5})
        orders, stock = world.run_well("run", "orders"), world.run_well("run", "stock")
    for text in (orders, stock):
        assert [line for line in said if line in text] == said
        assert text.count("the server does not tell") == len(said) + (
            sum("ExportCSV" in line for line in text.splitlines() if "not tell" in line)
        )
    assert world.erp_takes() == [sale.id for sale in SALES]


@pytest.mark.parametrize("cut", range(1, 400, scale.pick(31, 7, 1)))
def test_a_file_cut_anywhere_sends_no_half_order(world: World, cut: int) -> None:
    """Whatever is sent of a cut file are whole orders: a later line would change none of them."""
    from passerelle.base.errors import NotReadyError
    from passerelle.config.load import load_config
    from passerelle.csv_to_xml.order_csv import read_orders

    world.shop_writes(*SALES)
    data = (world.server.root / "commandes.csv").read_bytes()
    orders = load_config(world.folder / "config.toml").orders
    assert orders is not None
    whole = {reading.id: reading for reading in read_orders(data, orders, "x").readings}
    try:
        half = read_orders(data[:cut], orders, "x")
    except NotReadyError:
        return
    for reading in half.readings:
        assert reading == whole[reading.id]
