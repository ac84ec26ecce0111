"""What a run asks of an FTP server: docs/performance.md lists it, and why each is needed."""

import time
from collections.abc import Iterator
from os import utime
from pathlib import Path

import pytest

from tests.e2e.conftest import make_world
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.ftp import FtpServer
from tests.world import Sale, World

LOGIN = ["USER", "PASS", "TYPE", "FEAT", "OPTS", "PWD"]
SOURCE = ["MLST", "PASV", "RETR", "MLST"]
# MLST of a file that is not there, and the listing that tells absence from refusal.
ABSENT = ["MLST", "CWD", "PASV", "NLST"]
UPLOAD = ["PASV", "STOR", "MLST"]
RENAME = ["RNFR", "RNTO"]
# Our mark is read, once a run.
LOOK = ["PASV", "RETR"]
# Whether the ERP's folder is still the same one, where the server tells; once a run.
FOLDER = ["MLST"]
# It is written, and read again: another may write it, too.
MARK = ["PASV", "STOR", "PASV", "RETR"]
FORTY = [Sale(str(number), {"370": 1}) for number in range(40)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FtpServer]:
    with FtpServer(tmp_path, {USER: PASSWORD}) as server:
        yield server


@pytest.fixture
def world(server: FtpServer, tmp_path: Path) -> World:
    url = f"ftp://{USER}@{HOST}:{server.port}"
    world = make_world(tmp_path, RunningServer("ftp", url, PASSWORD, tmp_path))
    world.shop_writes(*FORTY)
    old = time.time() - 120  # settled: not measured twice
    utime(tmp_path / "commandes.csv", (old, old))
    world.erp_writes_stock({str(n): 4 for n in range(300, 400)}, age=90)
    return world


def asked(server: FtpServer, world: World, run: str) -> list[str]:
    """The commands of one run that goes well, without their arguments."""
    before = len(server.commands)
    world.run_well("run", run)
    return [command.partition(" ")[0] for command in server.commands[before:]]


def test_a_run_with_new_orders(server: FtpServer, world: World) -> None:
    asked(server, world, "orders")
    world.erp_takes()
    world.shop_writes(Sale("41", {"370": 1}))
    utime(world.server.root / "commandes.csv", (time.time() - 120,) * 2)
    publishing = [*FOLDER, *UPLOAD, *ABSENT, *MARK, *RENAME]
    expected = [*LOGIN, *SOURCE, *LOOK, *publishing, *ABSENT, "QUIT"]
    assert asked(server, world, "orders") == expected


def test_a_run_without_new_orders_looks_at_its_last_xml_and_at_the_order_file(
    server: FtpServer, world: World
) -> None:
    asked(server, world, "orders")
    assert asked(server, world, "orders") == [*LOGIN, *SOURCE, *LOOK, "MLST", "QUIT"]


def test_a_run_after_the_erp_has_taken_the_last_xml_asks_once_whether_it_is_gone(
    server: FtpServer, world: World
) -> None:
    asked(server, world, "orders")
    world.erp_takes()
    assert asked(server, world, "orders") == [*(*LOGIN, *SOURCE, *LOOK, *ABSENT, *FOLDER, "QUIT")]


def test_a_run_of_stock(server: FtpServer, world: World) -> None:
    asked(server, world, "orders")
    asked(server, world, "stock")
    published = [*SOURCE, *SOURCE, *UPLOAD, "PASV", "RETR", *MARK, *RENAME]
    # The XML that still lies there, and the last stock file, which the shop has not taken.
    assert asked(server, world, "stock") == [*LOGIN, *LOOK, "MLST", "MLST", *published, "QUIT"]
