"""What a run asks of an FTP server: docs/performance.md lists it, and why each is needed."""

import time
from os import utime

import pytest

from tests.e2e.conftest import NewFtp
from tests.servers.ftp import FtpServer, Quirks
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
def world_and_server(new_ftp: NewFtp) -> tuple[World, FtpServer]:
    world, server = new_ftp(Quirks())
    world.shop_writes(*FORTY)
    old = time.time() - 120  # settled: not measured twice
    utime(world.server.root / "commandes.csv", (old, old))
    world.erp_writes_stock({str(n): 4 for n in range(300, 400)}, age=90)
    return world, server


def asked(server: FtpServer, world: World, run: str) -> list[str]:
    """The commands of one run that goes well, without their arguments."""
    before = len(server.commands)
    world.run_well("run", run)
    return [command.partition(" ")[0] for command in server.commands[before:]]


def test_what_runs_ask(world_and_server: tuple[World, FtpServer]) -> None:
    world, server = world_and_server
    asked(server, world, "orders")
    look = [*LOGIN, *SOURCE, *LOOK]
    assert asked(server, world, "orders") == [*look, "MLST", "QUIT"], "its last XML lies there"
    asked(server, world, "stock")
    published = [*SOURCE, *SOURCE, *UPLOAD, "PASV", "RETR", *MARK, *RENAME]
    # The XML that still lies there, and the last stock file, which the shop has not taken.
    assert asked(server, world, "stock") == [*LOGIN, *LOOK, "MLST", "MLST", *published, "QUIT"]
    world.erp_takes()
    assert asked(server, world, "orders") == [*look, *ABSENT, *FOLDER, "QUIT"], (
        "once whether it is gone"
    )
    world.shop_writes(Sale("41", {"370": 1}))
    utime(world.server.root / "commandes.csv", (time.time() - 120,) * 2)
    publishing = [*FOLDER, *UPLOAD, *ABSENT, *MARK, *RENAME]
    assert asked(server, world, "orders") == [*look, *publishing, "QUIT"]
