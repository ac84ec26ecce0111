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
from passerelle.remotes.base import Remote, find
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
    place = new_server(request.param)
    place.put("precious.csv", b"kept")
    return place


@pytest.fixture
def remote(place: RunningServer, deadline: Deadline) -> Remote:
    return connect("shop", place.server(), deadline)


@pytest.mark.parametrize(
    ("name", "to"),
    [("x", "precious.csv"), ("x", "nowhere.csv"), ("x", "another name"), ("mark", "precious.csv")],
)
def test_a_link_gives_way_and_its_target_stays(
    place: RunningServer, remote: Remote, name: str, to: str
) -> None:
    link = place.root / name
    if to == "another name":
        link.hardlink_to(place.root / "precious.csv")
    else:
        link.symlink_to(place.root / to)
    (remote.rewrite if name == "mark" else remote.store)(name, b"ours")
    remote.close()
    assert not link.is_symlink()
    assert link.read_bytes() == b"ours"
    assert (place.root / "precious.csv").read_bytes() == b"kept"
    assert not (place.root / "nowhere.csv").exists()


def test_a_folder_does_not_give_way(place: RunningServer, remote: Remote) -> None:
    place.put_folder("x.tmp")
    with pytest.raises(Exception, match="shop"):
        remote.store("x.tmp", b"ours")
    assert find(remote, "x.tmp") is None
    remote.close()


def test_a_mark_that_is_written_over_is_the_same_file(place: RunningServer, remote: Remote) -> None:
    """Were it gone for a moment, a run that dies then would hold all later ones."""
    path = place.put("passerelle.mark.1", b"a longer text")
    before = path.stat().st_ino
    remote.rewrite("passerelle.mark.1", b"new")
    remote.rewrite("passerelle.mark.2", b"first")
    remote.close()
    assert (path.read_bytes(), path.stat().st_ino) == (b"new", before)
    assert (place.root / "passerelle.mark.2").read_bytes() == b"first"


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
        for act in (remote.stat, remote.delete):
            with pytest.raises(TimeLimitError, match="the run took too long"):
                act("stock.csv")
    finally:
        awake.set()


def test_and_the_program_ends_as_well(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-c", HANGS, tmp_path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert "TimeLimitError" in done.stderr
