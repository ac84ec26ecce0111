"""Files that others are still writing are never taken as whole."""

import os
import threading
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import make_world
from tests.servers import RunningServer
from tests.world import Sale, World

SALES = tuple(Sale(str(n), {"370": 1}) for n in range(1, 6))


def grow(path: Path, rest: list[bytes]) -> threading.Thread:
    """Writes on, line by line, as a slow upload does."""

    def write() -> None:
        for line in rest:
            time.sleep(0.2)
            with path.open("ab") as file:
                file.write(line)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_a_growing_order_file_is_not_read(tmp_path: Path, server: RunningServer) -> None:
    world = make_world(tmp_path, server)
    config = world.folder / "config.toml"
    config.write_text(config.read_text("utf-8").replace('settle = "0s"', 'settle = "0.5s"'))
    world.shop_writes(*SALES)
    path = server.root / "commandes.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    server.put("commandes.csv", b"".join(lines[:3]))
    writer = grow(path, lines[3:])
    result = world.run("run", "orders")
    writer.join()
    assert result.exit_code == 4
    assert "the file is still being written (it grew from" in result.stderr
    assert world.xmls() == []

    world.run_well("run", "orders")
    assert world.erp_takes() == ["1", "2", "3", "4", "5"]


def test_an_old_file_is_measured_once(world: World) -> None:
    config = world.folder / "config.toml"
    config.write_text(config.read_text("utf-8").replace('settle = "0s"', 'settle = "1s"'))
    world.shop_writes(*SALES)
    world.run_well("run", "orders")
    old = time.time() - 120
    os.utime(world.server.root / "commandes.csv", (old, old))
    started = time.monotonic()
    world.run_well("run", "orders")
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("cut", range(1, 400, 7))
def test_a_file_cut_anywhere_sends_no_half_order(world: World, cut: int) -> None:
    """Whatever is sent of a cut file are whole orders: a later line would change none of them."""
    from passerelle.config import load_config
    from passerelle.csv_to_xml import read_orders
    from passerelle.errors import NotReadyError

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
