"""Configs of a fleet's shops, for the tests of its parts."""

from collections.abc import Callable
from pathlib import Path

import pytest

CONFIG = """\
folder = "{folder}"
ledger = "{ledger}"
[servers.ftp]
url = "{folder}/server"
[orders]
from = "ftp:commandes.csv"
to = "ftp:import/commandes_{{time}}.xml"
{more}
"""
LEDGER = "postgresql://user@db/shops"
Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a shop's config."""

    def write(place: str, folder: str = "", ledger: str = LEDGER, more: str = "") -> None:
        path = tmp_path / "shops" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        own = (tmp_path / (folder or place.replace("/", "-"))).as_posix()
        text = CONFIG.format(folder=own, ledger=ledger, more=more)
        path.write_text(text, encoding="utf-8")

    return write
