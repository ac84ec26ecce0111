"""No such file, access denied, no base folder: what an FTP server's 550 is taken for."""

import re

import pytest

from passerelle.base.errors import (
    AccessDeniedError,
    NotFoundError,
    PasserelleError,
    PermanentError,
    TransientError,
    UnreachableError,
)
from passerelle.remotes.base import find, is_gone
from tests.remotes.conftest import Shop
from tests.servers.ftp import Quirks

NONE = "550 No such file or directory."
NO_LISTING = Quirks(
    missing=frozenset({"MLST", "MLSD"}), refused=frozenset({"NLST"}), replies={"RETR": NONE}
)


@pytest.fixture(autouse=True)
def import_folder(shop: Shop) -> None:
    (shop.root / "import").mkdir()
    (shop.root / "import" / "a.xml").write_bytes(b"data")


def says(command: str, reply: str) -> Quirks:
    return Quirks(replies={command: reply})


@pytest.mark.parametrize(
    ("quirks", "path", "error"),
    [
        *((says("RETR", NONE), f"{name}.xml", NotFoundError) for name in ("import/a", "b")),
        *((says("DELE", NONE), f"{name}.xml", NotFoundError) for name in ("import/a", "b")),
        (NO_LISTING, "b.xml", NotFoundError),
        (says("RETR", "550 Permission denied."), "import/a.xml", AccessDeniedError),
        (says("RETR", "550 Failed to open file."), "import/a.xml", AccessDeniedError),
        (says("RETR", "550 The file is being used by another process."), "import/a.xml",
         TransientError),
        (says("RETR", "450 import/a.xml: No such file or directory"), "import/a.xml",
         NotFoundError),
        (says("RETR", "450 Try again later"), "import/a.xml", TransientError),
    ],
)  # fmt: skip
def test_a_refusal_is_what_it_says(
    shop: Shop, quirks: Quirks, path: str, error: type[PasserelleError]
) -> None:
    shop.start(quirks)
    remote = shop.once()
    with pytest.raises(error) as caught:
        (remote.delete if "DELE" in quirks.replies else remote.fetch)(path)
    assert type(caught.value) is error


def test_what_is_listed_is_not_gone_whatever_is_said_of_it(shop: Shop) -> None:
    shop.start(says("MLST", NONE))
    remote = shop.once()
    assert find(remote, "import/a.xml") is None
    with pytest.raises(TransientError, match="lists the file, and says that there is none"):
        is_gone(remote, "import/a.xml")
    assert is_gone(remote, "import/b.xml")


def test_a_base_folder_that_is_missing_is_neither(shop: Shop) -> None:
    shop.start()
    remote = shop.once(url=f"{shop.url}/nowhere")
    for act in (remote.stat, remote.fetch, remote.delete, lambda path: remote.store(path, b"")):
        with pytest.raises(PermanentError, match=re.escape("shop (/nowhere): create it")) as caught:
            act("a.xml")
        assert not isinstance(caught.value, (AccessDeniedError, NotFoundError))
    with pytest.raises(UnreachableError):
        is_gone(remote, "a.xml")
