"""`check` finds a name that a run could not write, before any run tries."""

import os
import re
from pathlib import Path

import pytest

from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows limits whole paths first")
# What {time} becomes is longer by this; a run's own ending may have so many signs.
TIME, ENDING = 15 - len("{time}"), 14
LIMIT = 255


def configure(world: World, key: str, name: str) -> None:
    config = world.folder / "config.toml"
    text = config.read_text(encoding="utf-8")
    text = re.sub(rf'(\[{key}\]\nfrom = ".*"\nto = ")[^"]*', rf"\1ftp:{name}", text)
    config.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("too_long", "code"), [(0, 0), (1, 3)])
@pytest.mark.parametrize("kind", ["folder", "ftp", "sftp"])
def test_a_name_on_the_server(
    tmp_path: Path, new_server: NewServer, kind: str, too_long: int, code: int
) -> None:
    world = make_world(tmp_path, new_server(kind))
    configure(world, "stock", "é" * 20 + "x" * (LIMIT - ENDING - 40 + too_long))
    result = world.run("check")
    assert result.exit_code == code, result
    found = "runs will write a name that is too long here" in result.stdout
    assert found == bool(too_long)
    assert 'choose a shorter file name in "to"' in result.stdout or not too_long
    assert left(world.server.root) == []


@pytest.mark.parametrize(("too_long", "code"), [(0, 0), (1, 3)])
def test_a_name_in_the_archive(world: World, too_long: int, code: int) -> None:
    stamp = "_20260101_000000.part"
    configure(world, "orders", "x" * (LIMIT - TIME - 6 - len(stamp) + too_long) + "{time}")
    result = world.run("check")
    assert result.exit_code == code, result
    found = "runs will keep a file whose name is too long, 256 where 255 fit" in result.stdout
    assert found == bool(too_long)


def left(root: Path) -> list[str]:
    return [path.name for path in root.rglob("*.tmp")]
