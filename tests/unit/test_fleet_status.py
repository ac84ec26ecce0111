"""What a look at a fleet tells, by what its runs came to and when."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from passerelle.fleet.board import LastRun
from passerelle.fleet.shops import FleetShop, Shops
from passerelle.fleet.status import (
    FleetHealth,
    QueueHealth,
    ShopHealth,
    _look_at,
    describe_fleet,
    fleet_as_dict,
)
from passerelle.health.concerns import Level
from tests.unit.conftest import Write

# Orders start at 27 and 57.
NOW = datetime(2026, 11, 25, 12, 40).astimezone()
QUEUE = QueueHealth(0, 0, None, 2)


def ended(planned: datetime, *, started: datetime | None = None, level: str = "") -> LastRun:
    begun = started or planned
    concerns = [{"kind": "held", "level": level, "text": "it is held", "mend": "look"}]
    return LastRun("lyon", "orders", int(planned.timestamp()), begun, begun + timedelta(seconds=1),
                   0, 1.0, "2 orders sent", "pc:1", level, concerns if level else [])  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path, write: Write) -> FleetShop:
    write("lyon.toml")
    path = tmp_path / "shops" / "lyon.toml"
    os.utime(path, (NOW.timestamp() - 86_400,) * 2)
    return Shops(tmp_path / "shops").now()["lyon"]


def at(clock: str, days: int = 0) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return NOW.replace(hour=hour, minute=minute) + timedelta(days=days)


@pytest.mark.parametrize(
    ("last", "is_late"),
    [
        (ended(at("12:27")), False),
        (ended(at("11:57")), True),
        # After a night without a machine the old job is done at last.
        (ended(at("23:57", -1), started=at("12:31")), False),
        # A machine whose clock was ahead planned what is still to come.
        (ended(at("15:27"), started=at("11:57")), True),
    ],
)
def test_a_run_is_late_by_when_it_was_planned_and_begun(
    shop: FleetShop, last: LastRun, is_late: bool
) -> None:
    found = _look_at(shop, [last], NOW)
    assert (found.late, found.level) == (
        (("orders",), Level.OUT_OF_ORDER) if is_late else ((), None)
    )


def test_what_a_config_asks_for_since_a_while_is_not_late_yet(shop: FleetShop) -> None:
    os.utime(shop.config, (NOW.timestamp() - 60,) * 2)
    assert _look_at(shop, [], NOW).late == ()
    assert _look_at(shop, [ended(at("11:57"))], NOW).late == ()
    # Whoever writes configs anew all the time does not hide that nothing runs.
    assert _look_at(shop, [ended(at("09:57"))], NOW).late == ("orders",)


def test_the_newest_run_tells_how_the_shop_does(shop: FleetShop) -> None:
    before = ended(at("11:57"), level=Level.OUT_OF_ORDER)
    assert _look_at(shop, [before, ended(at("12:27"))], NOW).level is None
    after = ended(at("12:27"), level=Level.TO_DO)
    assert _look_at(shop, [before, after], NOW).level == Level.TO_DO


def told(*shops: ShopHealth, queue: QueueHealth = QUEUE, everything: bool = False) -> str:
    health = FleetHealth(NOW, shops, queue)
    return "\n".join(describe_fleet(health, everything=everything))


def test_the_screen_has_what_needs_a_person_first(shop: FleetShop) -> None:
    grave = _look_at(shop, [ended(at("12:27"), level=Level.OUT_OF_ORDER)], NOW)
    fresh, well = (
        _look_at(shop, [], NOW - timedelta(days=2)),
        _look_at(shop, [ended(at("12:27"))], NOW),
    )
    text = told(well, fresh, grave)
    assert text.startswith("3 shops: 1 well, 1 with something to do, 1 out of order\n"), text
    assert text.index("! lyon: it is held") < text.index("- lyon: it has not run yet")
    assert f"  -> `passerelle --config {shop.config} status`" in text
    assert "2 orders sent" in told(well, everything=True) and "2 orders sent" not in told(well)


def test_a_fleet_that_nobody_works_on_is_not_well(shop: FleetShop) -> None:
    well = _look_at(shop, [ended(at("12:27"))], NOW)
    idle = QueueHealth(3, 0, at("12:27"), 0)
    assert FleetHealth(NOW, (well,), QUEUE).is_well
    assert not FleetHealth(NOW, (well,), idle).is_well
    text = told(well, queue=idle)
    assert "3 waiting (the oldest was planned 13 minutes ago)" in text and "nobody works" in text
    assert fleet_as_dict(FleetHealth(NOW, (well,), idle))["healthy"] is False
