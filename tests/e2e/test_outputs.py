"""``-o``: never onto what is read; a pipe is written; a file is there whole or not at all."""

import errno
import os
import threading
from pathlib import Path
from unittest import mock

import pytest

from passerelle.runs import rehearsal
from tests.shell import Result
from tests.world import Sale, World, tree

unix = pytest.mark.skipif(os.name == "nt", reason="links and pipes as Unix has them")


@pytest.fixture
def files(world: World) -> Path:
    world.shop_writes(Sale("1", {"370": 1}))
    world.erp_writes_stock({"370": 3})
    for name in ("commandes.csv", "ExportCSV.csv"):
        (world.folder / name).write_bytes((world.server.root / name).read_bytes())
    return world.folder


def convert(world: World, output: str, source: str = "commandes.csv") -> Result:
    return world.run("convert", source, "-o", output)


@pytest.mark.parametrize(
    "command",
    [
        "convert commandes.csv -o commandes.csv",
        "convert commandes.csv -o ./COMMANDES.csv",
        "convert commandes.csv -o config.toml",
        "fix ExportCSV.csv -o ExportCSV.csv",
        "fix ExportCSV.csv --orders commandes.csv -o commandes.csv",
        "schedule export orders -o config.toml",
        "config schema -o config.toml",
    ],
)
def test_what_is_read_is_not_written(world: World, files: Path, command: str) -> None:
    before = tree(files)
    result = world.run(*command.split())
    assert (result.exit_code, result.output) == (2, b"")
    assert "the output is one of the files that are read" in result.stderr
    assert tree(files) == before


@unix
def test_nor_by_a_link(world: World, files: Path) -> None:
    (files / "soft.csv").symlink_to("commandes.csv")
    os.link(files / "commandes.csv", files / "hard.csv")
    (files / "here").symlink_to(".", target_is_directory=True)
    for output in ("soft.csv", "hard.csv", "here/commandes.csv"):
        assert convert(world, output).exit_code == 2
    assert convert(world, "commandes.csv", "soft.csv").exit_code == 2
    assert b"ID commande" in (files / "commandes.csv").read_bytes()


@unix
@pytest.mark.parametrize("name", ["pipe", "link to it"])
def test_a_pipe_is_written_and_stays_one(world: World, files: Path, name: str) -> None:
    os.mkfifo(files / "pipe")
    (files / "link to it").symlink_to("pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((files / "pipe").read_bytes()), daemon=True)
    reader.start()
    assert convert(world, name).exit_code == 0
    reader.join(10)
    assert got[0].startswith(b"<?xml")
    assert (files / "pipe").is_fifo()
    assert (files / "link to it").is_symlink()


@unix
def test_a_link_stays_and_leads_to_the_result(world: World, files: Path) -> None:
    (files / "out.xml").symlink_to("elsewhere.xml")
    assert convert(world, "out.xml").exit_code == 0
    assert (files / "out.xml").is_symlink()
    assert (files / "elsewhere.xml").read_bytes().startswith(b"<?xml")


def test_a_file_beside_the_output_is_left_alone(world: World, files: Path) -> None:
    (files / "out.xml.part").write_bytes(data := (files / "commandes.csv").read_bytes())
    assert convert(world, "out.xml", "out.xml.part").exit_code == 0
    assert (files / "out.xml.part").read_bytes() == data
    assert len(list(files.glob("out.xml*"))) == 2


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(errno.EIO, "Input/output error"), 4, "this machine refused (Input/output error)"),
        (OSError(errno.ENOENT, "No such file", "a.dll"), 4, "(No such file): a.dll"),
        (OSError("by mistake"), 1, "a fault in Passerelle itself (OSError)"),
    ],
)
@pytest.mark.usefixtures("files")
def test_a_failure_of_ours_is_not_the_output_s(
    world: World, error: OSError, code: int, words: str
) -> None:
    with mock.patch.object(rehearsal, "read_orders", side_effect=error):
        result = convert(world, "out.xml")
    assert (result.exit_code, words in result.stderr) == (code, True), result
    assert "output" not in result.stderr.replace("Input/output", "")


def test_an_output_that_is_full_is_told(world: World) -> None:
    error = OSError(errno.ENOSPC, "No space left on device")
    with mock.patch("click.utils._find_binary_writer", side_effect=error):
        words = "passerelle: the output cannot be written: No space left on device\n"
        world.fails("config", "schema", code=4, words=words)
