"""A world for every end-to-end test."""

from pathlib import Path

import pytest

from tests.servers import RunningServer
from tests.servers.fixtures import NewServer
from tests.world import World


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    """A world whose server is a folder: for what does not depend on the kind of server."""
    return make_world(tmp_path, new_server("folder"))


def make_world(tmp_path: Path, server: RunningServer, *, top: str = "") -> World:
    """A configured world on any server; ``top`` are lines above all tables."""
    folder = tmp_path / "Passerelle é"
    folder.mkdir(parents=True)
    world = World(folder, server)
    world.configure(top=top)
    return world
