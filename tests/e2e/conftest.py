"""A world for every end-to-end test."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.days import Day, Played
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.fixtures import NewServer
from tests.servers.ftp import FtpServer, Quirks
from tests.world import World

NewFtp = Callable[[Quirks], tuple[World, FtpServer]]


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    """A world whose server is a folder: for what does not depend on the kind of server."""
    return make_world(tmp_path, new_server("folder"))


@pytest.fixture
def new_ftp(tmp_path: Path, request: pytest.FixtureRequest) -> NewFtp:
    """Makes a world on an FTP server of its own, with quirks."""
    stack = ExitStack()
    request.addfinalizer(stack.close)

    return lambda quirks: on_ftp(tmp_path, quirks, stack)


def on_ftp(folder: Path, quirks: Quirks, stack: ExitStack) -> tuple[World, FtpServer]:
    root = folder / "served"
    root.mkdir()
    ftp = stack.enter_context(FtpServer(root, {USER: PASSWORD}, quirks=quirks))
    url = f"ftp://{USER}@{HOST}:{ftp.port}"
    return make_world(folder, RunningServer("ftp", url, PASSWORD, root)), ftp


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A half hour that went well, to be copied."""
    folder = tmp_path_factory.mktemp("played")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        world, ftp = on_ftp(folder, Quirks(), stack)
        # Somebody is there to be told, so that what is told later begins here.
        world.configure(extra=f"\n[alerts]\nurls = ['json://{HOST}:1/']\n")
        Day(world, ftp, patch).begin()
        return Played(folder, ftp.quirks.clock_ahead)


@pytest.fixture
def day(new_ftp: NewFtp, played: Played, monkeypatch: pytest.MonkeyPatch) -> Day:
    """The first half hour went well."""
    day = Day(*new_ftp(Quirks()), monkeypatch)
    day.go_on(played)
    return day


def make_world(tmp_path: Path, server: RunningServer, *, top: str = "") -> World:
    """A configured world on any server; ``top`` are lines above all tables."""
    folder = tmp_path / "Passerelle é"
    folder.mkdir(parents=True)
    world = World(folder, server)
    world.configure(top=top)
    return world
