"""What is stored is a new file: no link that somebody laid is followed. A share that died ends."""

import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from passerelle.base.deadline import Deadline
from passerelle.base.errors import PermanentError, TimeLimitError
from passerelle.config.servers import Server
from passerelle.remotes import connect
from passerelle.remotes.base import find
from passerelle.remotes.folder import FolderRemote
from tests.servers import RunningServer
from tests.servers.fixtures import NewServer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and pipes as Unix has them")
HANGS = """\
import sys
from datetime import timedelta
from passerelle.base.deadline import Deadline
from passerelle.config.servers import Server
from passerelle.remotes import open_remote
server = Server.model_validate({"url": sys.argv[1]})
open_remote("share", server, Deadline(timedelta(seconds=0.2))).fetch("pipe")
"""


@pytest.fixture(params=["folder", "sftp"])
def place(request: pytest.FixtureRequest, new_server: NewServer) -> RunningServer:
    return new_server(request.param)


@pytest.mark.parametrize("target", ["precious.csv", "nowhere.csv"])
def test_a_link_gives_way_and_its_target_stays(
    place: RunningServer, deadline: Deadline, target: str
) -> None:
    place.put("precious.csv", b"kept")
    link = place.root / "x.xml.tmp"
    link.symlink_to(place.root / target)
    remote = connect("shop", place.server(), deadline)
    remote.store("x.xml.tmp", b"ours")
    assert not link.is_symlink()
    assert link.read_bytes() == b"ours"
    assert (place.root / "precious.csv").read_bytes() == b"kept"
    assert not (place.root / "nowhere.csv").exists()
    remote.close()


def test_another_name_of_a_file_gives_way_too(place: RunningServer, deadline: Deadline) -> None:
    kept = place.put("precious.csv", b"kept")
    (place.root / "x.tmp").hardlink_to(kept)
    remote = connect("shop", place.server(), deadline)
    remote.store("x.tmp", b"ours")
    assert kept.read_bytes() == b"kept"
    remote.close()


def test_a_folder_does_not_give_way(place: RunningServer, deadline: Deadline) -> None:
    place.put_folder("x.tmp")
    remote = connect("shop", place.server(), deadline)
    with pytest.raises(Exception, match="shop"):
        remote.store("x.tmp", b"ours")
    assert find(remote, "x.tmp") is None
    remote.close()


def test_nothing_is_moved_over_a_link(new_server: NewServer, deadline: Deadline) -> None:
    place = new_server("folder")
    place.put("x.tmp", b"ours")
    (place.root / "x.xml").symlink_to(place.root / "nowhere")
    with pytest.raises(PermanentError, match="the name is taken"):
        connect("shop", place.server(), deadline).rename("x.tmp", "x.xml")


def test_a_share_that_died_ends_with_the_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    awake = threading.Event()
    server = Server.model_validate({"url": tmp_path.as_uri()})
    remote = FolderRemote("share", server, "", Deadline(timedelta(seconds=0.2)))
    monkeypatch.setattr(Path, "stat", lambda *_args, **_options: awake.wait(5))
    try:
        with pytest.raises(TimeLimitError, match="the run took too long"):
            remote.stat("stock.csv")
        with pytest.raises(TimeLimitError):
            remote.delete("stock.csv")
    finally:
        awake.set()


def test_and_the_program_ends_as_well(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-c", HANGS, tmp_path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert "TimeLimitError" in done.stderr


def test_a_file_that_is_written_over_is_the_same_one(
    place: RunningServer, deadline: Deadline
) -> None:
    """Our mark on a server: were it gone for a moment, a run that dies then would be held."""
    before = place.put("passerelle.mark.1", b"a longer text").stat().st_ino
    remote = connect("shop", place.server(), deadline)
    remote.rewrite("passerelle.mark.1", b"new")
    remote.rewrite("passerelle.mark.2", b"first")
    remote.close()
    path = place.root / "passerelle.mark.1"
    assert (path.read_bytes(), path.stat().st_ino) == (b"new", before)
    assert (place.root / "passerelle.mark.2").read_bytes() == b"first"


def test_unless_a_link_leads_elsewhere(place: RunningServer, deadline: Deadline) -> None:
    place.put("precious.csv", b"kept")
    (place.root / "mark").symlink_to(place.root / "precious.csv")
    remote = connect("shop", place.server(), deadline)
    remote.rewrite("mark", b"ours")
    remote.close()
    assert (place.root / "precious.csv").read_bytes() == b"kept"
