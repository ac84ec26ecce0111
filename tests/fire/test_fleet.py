"""Machines of a fleet die, their database restarts, a shop's server hangs: no sale is lost, doubled
or late."""

import json
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import scale
from tests.fire.conftest import Note
from tests.fleets import Fleet, slots_of
from tests.servers.postgresql import PostgreSql

pytestmark = [
    pytest.mark.realserver,
    pytest.mark.skipif(sys.platform == "win32", reason="whole machines are killed by their group"),
]

# A run that a dead machine had begun is taken over, begins and ends within that.
LATE = timedelta(minutes=2)
NewFleet = Callable[[], Fleet]


@pytest.fixture
def new_fleet(tmp_path: Path, postgresql: PostgreSql) -> Iterator[NewFleet]:
    made: list[Fleet] = []

    def make() -> Fleet:
        made.append(Fleet(tmp_path / f"fleet{len(made)}", postgresql.new_database()))
        return made[-1]

    yield make
    for fleet in made:
        fleet.stop()


def is_well(fleet: Fleet, late: timedelta = LATE) -> None:
    assert {shop.name: shop.lost for shop in fleet.shops if shop.lost} == {}, fleet.said()
    assert {shop.name: shop.doubled for shop in fleet.shops if shop.doubled} == {}
    assert {s.name: s.latest() for s in fleet.shops if s.latest() > late} == {}


def status(fleet: Fleet) -> tuple[int, str]:
    words = [sys.executable, "-m", "passerelle", "fleet", "status", "--configs"]
    done = subprocess.run(
        [*words, str(fleet.folder)], capture_output=True, text=True, encoding="utf-8", check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("restarts", [False, True], ids=["machines die", "the database too"])
def test_nothing_is_lost_doubled_or_late(
    new_fleet: NewFleet, postgresql: PostgreSql, restarts: bool, note: Note
) -> None:
    """Three machines, one of which is killed every 20 seconds; all shops sell meanwhile."""
    fleet, chance = new_fleet(), random.Random(7)
    # Enough for the runs of a minute to take several seconds.
    fleet.open(scale.pick(30, 30, 60))
    for _number in range(3):
        fleet.start(slots=2)
    seconds, kills, last_sale, restarted = scale.pick(100, 100, 600), 0, -60.0, not restarts
    # Every third one dies when the runs have just begun.
    time.sleep((60 + 41.5 - datetime.now(UTC).second) % 60)
    for passed in fleet.watch(seconds + 150, each=0.3):
        if passed < seconds and passed - last_sale > 13:
            last_sale = passed
            for shop in fleet.shops:
                shop.sells(2)
        if passed < seconds and passed > (kills + 1) * 20:
            kills += 1
            fleet.kill(chance.choice(fleet.machines))
            fleet.start(slots=2)
        if not restarted and passed > seconds / 2:
            restarted = True
            postgresql.stop("immediate")
            postgresql.start()
        if passed > seconds and not any(shop.lost for shop in fleet.shops):
            break
    orders = sum(len(shop.sold) for shop in fleet.shops)
    latest = max(shop.latest() for shop in fleet.shops)
    name = "a fleet of three machines" + (", PostgreSQL restarted" if restarts else "")
    note(f"{name}: {kills} killed, {orders} orders, each booked once, the last after {latest}")
    assert kills >= 4
    is_well(fleet)


def test_a_shop_whose_server_hangs_delays_no_other(new_fleet: NewFleet) -> None:
    """Half of the shops are at a server that takes connections and says nothing."""
    fleet = new_fleet()
    with closing(socket.create_server(("127.0.0.1", 0), backlog=500)) as silent:
        url = f"ftp://shop@127.0.0.1:{silent.getsockname()[1]}"
        hanging = fleet.open(6, at=url)
        well = fleet.open(6)
        for shop in well:
            shop.sells(3)
        fleet.start(slots=4)
        for _passed in fleet.watch(200):
            if sum(shop.server.joinpath("again").exists() for shop in well) == 6:
                break
            for shop in well:
                if not shop.lost and len(shop.sold) < 9:
                    shop.sells(3)
                elif not shop.lost:
                    shop.server.joinpath("again").touch()
        assert not any(shop.lost for shop in well), fleet.said()
        assert max(shop.latest() for shop in well) < timedelta(seconds=90)
        code, told = status(fleet)
        assert code == 6 and all(f"! {shop.name}: " in told for shop in hanging), told


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_machine_that_is_asked_to_end_ends_its_run_first(new_fleet: NewFleet, name: str) -> None:
    fleet, number = new_fleet(), signal.Signals[name]
    if signal.getsignal(number) == signal.SIG_IGN:  # these tests run under nohup, a machine may not
        signal.signal(number, signal.SIG_DFL)
    for shop in fleet.open(12):
        shop.sells(5)
    machine = fleet.start(slots=2)
    for _passed in fleet.watch(100, each=0.05):
        if "orders sent" in fleet.said():
            break
    slots = slots_of(machine.pid)
    machine.send_signal(number)
    assert machine.wait(timeout=30) == 0
    assert slots and not any(Path(f"/proc/{pid}").exists() for pid in slots)
    for shop in fleet.shops:
        words = [sys.executable, "-m", "passerelle", "--config", str(shop.folder / "config.toml")]
        done = subprocess.run([*words, "history", "--json"], capture_output=True, check=True)
        assert all(run["exit_code"] == 0 for run in json.loads(done.stdout)), done.stdout
    said = fleet.said()
    assert said.rstrip().endswith("stopped") and "Traceback" not in said
    code, told = status(fleet)
    assert code == 6 and "nobody works on it" in told


def test_shops_come_change_and_go_while_it_works(new_fleet: NewFleet) -> None:
    fleet = new_fleet()
    first = fleet.open(1)[0]
    first.sells(1)
    fleet.start(slots=1)
    steps = 0
    for _passed in fleet.watch(240, each=0.5):
        if steps == 0 and not first.lost:
            steps = 1
            second = fleet.open(1)[0]
            second.sells(1)
            broken = fleet.folder / "broken" / "config.toml"
            broken.parent.mkdir()
            broken.write_text("nonsense = 1\n", encoding="utf-8")
        if steps == 1 and not second.lost:
            steps = 2
            (first.folder / "config.toml").unlink()
            first.sells(1)
            second.sells(1)
        if steps == 2 and not second.lost:
            break
    assert steps == 2 and first.lost == [2], fleet.said()
    assert "broken: " in fleet.said()
    assert "! broken: " in status(fleet)[1]
