"""The server's clock may differ from ours by hours: server times compare with server times."""

import os
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from passerelle.gateway.frame import Gateway
from tests import scale
from tests.e2e.conftest import NewFtp
from tests.servers.ftp import Quirks
from tests.world import Sale, World

LEVELS = {"370": 5, "371": 5, "372": 5}
HOUR = 3600
HOURS = pytest.mark.parametrize(
    "ahead",
    scale.pick(
        [-26 * HOUR, 5 * HOUR],
        range(-26 * HOUR, 27 * HOUR, 13 * HOUR),
        range(-26 * HOUR, 27 * HOUR, HOUR),
    ),
)


@HOURS
def test_whatever_the_servers_clock_a_half_hour_goes_as_always_and_a_stale_file_is_held(
    new_ftp: NewFtp, ahead: int
) -> None:
    world, _ = new_ftp(Quirks(clock_ahead=ahead))
    world.sends(Sale("1", {"370": 1}))
    world.erp_takes()
    world.erp_writes_stock(LEVELS)
    world.shop_writes(Sale("1", {"370": 1}), Sale("2", {"371": 1}))
    text = world.run_well("run", "stock")
    assert "hour" not in text and "day" not in text, "ages are told by the server's own clock"
    levels = world.shop_takes_stock()
    assert levels["370"] == "5", "the ERP's file includes order 1"
    assert levels["371"] == "0", "it does not include order 2"
    world.run_well("run", "orders")
    world.erp_takes()
    os.utime(world.server.root / "ExportCSV.csv", (time.time() - 60,) * 2)
    world.run_well("run", "stock")
    assert world.shop_stock()["371"] == "0", "its XML came after the ERP's file"
    world.erp_writes_stock(LEVELS, age=26 * 60)
    world.fails("run", "stock", code=6, words="the file is 26 minutes old")


@pytest.mark.parametrize(("before", "after"), [(0, 2 * HOUR), (2 * HOUR, 0), (0, -HOUR)])
def test_a_servers_clock_that_was_set_between_two_runs_is_measured_anew(
    new_ftp: NewFtp, before: int, after: int
) -> None:
    """A fresh file is published, a stale one is held, though the old measurement says otherwise."""
    world, server = new_ftp(Quirks(clock_ahead=before))
    world.sends(Sale("1", {"370": 1}))
    server.quirks = replace(server.quirks, clock_ahead=after)
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    world.erp_writes_stock(LEVELS, age=40 * 60)
    world.fails("run", "stock", code=6)


def test_our_own_clock_set_back_an_hour_holds_no_run_and_doubles_no_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The night when the clock goes back: names and ages go on, nothing is sent twice."""
    real = Gateway.now
    world.sends(Sale("1", {"370": 1}))
    monkeypatch.setattr(Gateway, "now", lambda self: real(self) - timedelta(hours=1))
    world.sends(Sale("1", {"370": 1}), Sale("2", {"371": 1}))
    assert sorted(world.erp_takes()) == ["1", "2"]
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    assert world.shop_stock()["370"] == "5"


@pytest.mark.parametrize("was_set", [True, False])
def test_a_servers_clock_that_fell_back_after_the_erp_wrote(new_ftp: NewFtp, was_set: bool) -> None:
    """A clock that was set never makes a sale count as included by the ERP's file."""
    world, server = new_ftp(Quirks(clock_ahead=600))
    world.shop_writes(Sale("1", {"379": 1}))
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    # Here the ERP writes its stock, with a clock ten minutes fast; then it is set.
    world.erp_writes_stock(LEVELS | {"372": 4})
    if was_set:
        server.quirks = replace(server.quirks, clock_ahead=0)
    world.sends(Sale("1", {"379": 1}), Sale("2", {"370": 1}))
    assert world.erp_takes() == ["1", "2"]
    # The file's time, by the clock as it was then, is later than that of the XML.
    os.utime(world.server.root / "ExportCSV.csv", (time.time() + 3,) * 2)
    world.run_well("run", "stock")
    assert world.shop_stock()["370"] == ("0" if was_set else "5")
    assert ("order 2" in world.run_well("stock", "why", "370")) == was_set
    world.erp_writes_stock({"370": 4, "371": 5, "372": 4})
    world.run_well("run", "stock")
    assert world.shop_stock()["370"] == "4", "another file was written since"
