"""What Passerelle writes is the user's alone; what others must read stays readable."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from passerelle.base.lock import FILE_NAME, OWNER_NAME, hold_lock
from passerelle.ledger.ledger import open_ledger
from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.shell import run_program
from tests.world import Sale, World

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="on Windows, files inherit the folder's ACL"
)

SHOE = Sale("1", {"370": 1})


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer, umask: int) -> World:
    """A ready world, made under that umask."""
    world = make_world(tmp_path, new_server("folder"))
    world.shop_writes(SHOE)
    world.erp_writes_stock({"370": 3})
    return world


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def others_may_see(folder: Path) -> list[str]:
    """What below ``folder``, itself included, is not the user's alone."""
    paths = (folder, *folder.rglob("*"))
    return [f"{oct(mode(p))} {p}" for p in paths if mode(p) != (0o700 if p.is_dir() else 0o600)]


def test_init_writes_a_configuration_for_the_user_alone(tmp_path: Path, umask: int) -> None:
    assert run_program("init", str(tmp_path / "new")).exit_code == 0
    assert mode(tmp_path / "new" / "config.toml") == 0o600


def test_ledger_traces_archives_witness_and_copies_are_the_user_s_alone(world: World) -> None:
    world.run_well("run", "all")
    world.run_well("archive", "rotate")
    world.run_well("run", "all")
    assert len(list(world.data.iterdir())) >= 8
    assert others_may_see(world.data) == []
    with hold_lock(world.data, "run orders", datetime.now(UTC)):
        ledger = open_ledger(world.data)
        with ledger.begin():
            names = {path.name for path in world.data.iterdir()}
            assert names >= {"passerelle.db-wal", "passerelle.db-shm", FILE_NAME, OWNER_NAME}
            assert others_may_see(world.data) == []
        ledger.close()


def test_files_on_a_server_and_what_is_asked_for_are_as_readable_as_any_other(
    world: World, umask: int
) -> None:
    world.run_well("run", "all")
    (xml,) = world.xmls()
    world.run_well("convert", str(world.server.root / "commandes.csv"), "-o", "ventes.xml")
    for path in (xml, world.server.root / "ExportCSVmod.csv", world.folder / "ventes.xml"):
        assert mode(path) == 0o666 & ~umask


def test_a_folder_that_was_there_keeps_its_permissions(world: World) -> None:
    world.data.mkdir()
    world.data.chmod(0o755)
    world.run_well("run", "orders")
    assert mode(world.data) == 0o755
    assert mode(world.data / "passerelle.db") == 0o600
