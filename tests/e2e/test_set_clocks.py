"""A clock that was set never makes a sale count as included by the ERP's file."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.conftest import make_world
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.ftp import FtpServer, Quirks
from tests.world import Sale, World


@pytest.mark.parametrize("was_set", [True, False])
def test_a_servers_clock_that_fell_back_after_the_erp_wrote(tmp_path: Path, was_set: bool) -> None:
    with FtpServer(tmp_path, {USER: PASSWORD}, quirks=Quirks(clock_ahead=600)) as server:
        url = f"ftp://{USER}@{HOST}:{server.port}"
        world = make_world(tmp_path, RunningServer("ftp", url, PASSWORD, tmp_path))
        world.shop_writes(Sale("1", {"379": 1}))
        world.erp_writes_stock({"370": 5, "371": 5, "372": 5})
        world.run_well("run", "stock")
        # Here the ERP writes its stock, with a clock ten minutes fast; then it is set.
        world.erp_writes_stock({"370": 5, "371": 5, "372": 4})
        if was_set:
            server.quirks = replace(server.quirks, clock_ahead=0)
        world.shop_writes(Sale("1", {"379": 1}), Sale("2", {"370": 1}))
        world.run_well("run", "orders")
        assert world.erp_takes() == ["1", "2"]
        _shows(world, later=3)
        world.run_well("run", "stock")
        assert world.shop_stock()["370"] == ("0" if was_set else "5")
        assert ("order 2" in world.run_well("stock", "why", "370")) == was_set
        world.erp_writes_stock({"370": 4, "371": 5, "372": 4})
        world.run_well("run", "stock")
        assert world.shop_stock()["370"] == "4", "another file was written since"


def _shows(world: World, later: float) -> None:
    """The file's time, by the clock as it was then, is later than that of the XML."""
    moment = time.time() + later
    os.utime(world.server.root / "ExportCSV.csv", (moment, moment))
