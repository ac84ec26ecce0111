"""No such file, access denied, no base folder: what an FTP server's 550 is taken for."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from passerelle.base.deadline import Deadline
from passerelle.base.errors import (
    AccessDeniedError,
    NotFoundError,
    PasserelleError,
    PermanentError,
    TransientError,
    UnreachableError,
)
from passerelle.config.servers import Server
from passerelle.remotes import connect
from passerelle.remotes.base import Remote, find, is_gone
from tests.servers import HOST, PASSWORD, USER
from tests.servers.ftp import FtpServer, Quirks

NONE = "550 No such file or directory."
OLD = frozenset({"MLST", "MLSD"})


class Place:
    def __init__(self, root: Path, deadline: Deadline) -> None:
        self.root, self._deadline = root, deadline
        self.servers: list[FtpServer] = []

    def start(self, base: str = "", **quirks: object) -> Remote:
        server = FtpServer(self.root, {USER: PASSWORD}, quirks=Quirks(**quirks))  # type: ignore[arg-type]
        self.servers.append(server)
        url = f"ftp://{USER}@{HOST}:{server.port}/{base}"
        settings = Server.model_validate({"url": url, "password": PASSWORD})
        return connect("shop", settings, self._deadline)


@pytest.fixture
def place(tmp_path: Path, deadline: Deadline) -> Iterator[Place]:
    (tmp_path / "import").mkdir()
    (tmp_path / "import" / "a.xml").write_bytes(b"data")
    place = Place(tmp_path, deadline)
    yield place
    for server in place.servers:
        server.stop()


@pytest.mark.parametrize("path", ["import/a.xml", "import/b.xml", "b.xml"])
def test_no_such_file_is_never_access_denied(place: Place, path: str) -> None:
    remote = place.start(replies={"RETR": NONE, "DELE": NONE})
    for act in (remote.fetch, remote.delete):
        with pytest.raises(NotFoundError):
            act(path)


def test_nor_where_no_listing_is_allowed(place: Place) -> None:
    remote = place.start(missing=OLD, refused=frozenset({"NLST"}), replies={"RETR": NONE})
    with pytest.raises(NotFoundError):
        remote.fetch("b.xml")


def test_what_is_listed_is_not_gone_whatever_is_said_of_it(place: Place) -> None:
    remote = place.start(replies={"MLST": NONE})
    assert find(remote, "import/a.xml") is None
    with pytest.raises(TransientError, match="lists the file, and says that there is none"):
        is_gone(remote, "import/a.xml")
    assert is_gone(remote, "import/b.xml")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("550 Permission denied.", AccessDeniedError),
        ("550 Failed to open file.", AccessDeniedError),
        ("550 The file is being used by another process.", TransientError),
        ("450 import/a.xml: No such file or directory", NotFoundError),
        ("450 Try again later", TransientError),
    ],
)
def test_other_refusals_are_what_they_say(
    place: Place, reply: str, kind: type[PasserelleError]
) -> None:
    with pytest.raises(kind) as caught:
        place.start(replies={"RETR": reply}).fetch("import/a.xml")
    assert type(caught.value) is kind


def test_a_base_folder_that_is_missing_is_neither(place: Place) -> None:
    remote = place.start(base="nowhere")
    for act in (remote.stat, remote.fetch, remote.delete, lambda path: remote.store(path, b"")):
        with pytest.raises(PermanentError, match=re.escape("shop (/nowhere): create it")) as caught:
            act("a.xml")
        assert not isinstance(caught.value, (AccessDeniedError, NotFoundError))
    with pytest.raises(UnreachableError):
        is_gone(remote, "a.xml")
