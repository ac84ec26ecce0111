"""A database is put back from a backup, and several machines work on its shop."""

from pathlib import Path

import pytest

from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.servers.postgresql import PostgreSql
from tests.world import Sale, World

pytestmark = pytest.mark.realserver
SHOE, BOOT, HAT, SOCK = (Sale(str(n), {f"37{n}": 1}) for n in range(1, 5))


class Machines:
    """One shop; each machine has a folder of its own, and they all have its ledger."""

    def __init__(self, world: World, server: PostgreSql) -> None:
        self.world, self.server, self.place = world, server, server.new_place()
        top = f'ledger = "{self.place.url}"\nledger_schema = "{self.place.schema}"'
        world.configure(top=top)

    def work(self, name: str) -> World:
        """It is this machine's turn: what it had in its folder is there again."""
        folder = self.world.folder
        mine = folder / f"data of {name}"
        mine.mkdir(exist_ok=True)
        self.world.data.unlink(missing_ok=True)
        self.world.data.symlink_to(mine, target_is_directory=True)
        return self.world


@pytest.fixture
def machines(tmp_path: Path, new_server: NewServer, postgresql: PostgreSql) -> Machines:
    return Machines(make_world(tmp_path, new_server("folder")), postgresql)


def test_it_is_held_on_each_machine_and_one_mend_is_for_all(machines: Machines) -> None:
    for name, sales in (("A", (SHOE,)), ("B", (SHOE, BOOT))):
        machines.work(name).sends(*sales)
    backup = machines.server.dump(machines.place.schema)
    assert machines.work("A").erp_takes() == ["1", "2"]
    machines.work("A").sends(SHOE, BOOT, HAT)
    assert machines.world.erp_takes() == ["3"]
    machines.server.restore(machines.place.schema, backup)
    machines.world.shop_writes(SHOE, BOOT, HAT, SOCK)
    for name in ("A", "B", "C"):
        machines.work(name).fails("run", "orders", code=6, words="orders adopt --until-mark")
        assert machines.world.erp_takes() == []
    told = machines.work("C").run_well("orders", "adopt", "--until-mark", "--yes")
    assert "1 order adopted, up to order 3" in told
    for name in ("A", "B", "C"):
        machines.work(name).run_well("run", "orders")
    assert machines.world.erp_takes() == ["4"]


def test_the_mend_typed_once_more_or_on_another_machine_changes_nothing(machines: Machines) -> None:
    machines.work("A").sends(SHOE)
    backup = machines.server.dump(machines.place.schema)
    machines.work("A").sends(SHOE, BOOT)
    assert machines.world.erp_takes() == ["1", "2"]
    machines.server.restore(machines.place.schema, backup)
    machines.world.shop_writes(SHOE, BOOT, HAT)
    machines.work("B").fails("run", "orders", code=6)
    machines.work("B").run_well("orders", "adopt", "--until-mark", "--yes")
    for name in ("B", "A"):
        assert machines.work(name).run("orders", "adopt", "--until-mark", "--yes").exit_code in (
            0,
            2,
        )
    machines.work("A").run_well("run", "orders")
    assert machines.world.erp_takes() == ["3"]
