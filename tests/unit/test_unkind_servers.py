"""XMLs on a server that renames over what is there, as many do, and that may be away."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from passerelle.config.model import Settings
from passerelle.exchange.outbox import Outbox, Parcel
from passerelle.exchange.sending import Sender
from passerelle.ledger.ledger import Ledger, open_ledger
from passerelle.model.location import Location
from passerelle.model.orders import Gist
from passerelle.model.records import Mark
from passerelle.model.servers import MARK_NAME
from passerelle.model.states import State
from tests.unit.test_remotes import Shelf

NOW = datetime(2026, 11, 22, 10, 27, tzinfo=UTC)
XML = Location("ftp", "import/a.xml")


class PowerCutError(Exception):
    """The run ends here."""


class Desk:
    """An outbox, its ledger and its server."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        server = {"url": "ftp://ftp.example.com/"}
        values = {"folder": str(folder), "servers": {"ftp": server}}
        context = {"folder": folder, "servers": ("ftp",)}
        self.settings = Settings.model_validate(values, context=context)
        self.shelf = Shelf(folders=("", "import"))
        self.ledger, self.said = ledger, list[str]()
        self.outbox = self.anew()

    def anew(self) -> Outbox:
        """The outbox of the next run."""

        def do(deed: Callable[[], object], _would: str) -> None:
            deed()

        remote: Any = self.shelf
        tools = (lambda _name: remote, lambda: NOW, self.said.append, do)
        return Outbox(Sender(self.settings, self.ledger, *tools))

    def send_xml(self) -> None:
        gist = Gist("1", "", NOW, "Payé", (), "", None)
        parcel = Parcel(b"<orders/>", [Mark(gist, State.PREPARED)], XML)
        self.outbox.prepare_orders("web", parcel)
        self.outbox.recover()

    def lies(self) -> dict[str, bytes]:
        """What is on the shelf, but for our mark."""
        files = self.shelf.files.items()
        return {name: data for name, data in files if not name.startswith(MARK_NAME)}

    def state(self) -> State:
        return self.ledger.orders.known("web", ["1"])["1"].state


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    ledger = open_ledger(tmp_path)
    yield Desk(tmp_path, ledger)
    ledger.close()


class TestAnXml:
    def test_is_in_the_archive_under_its_name_before_it_goes(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:

            def die(*_args: object) -> None:
                raise PowerCutError

            patch.setattr("passerelle.archive.folders.Exports.confirm", die)
            with pytest.raises(PowerCutError):
                desk.send_xml()
        desk.anew().recover()
        archive = desk.settings.folder / "ArchiveExport"
        assert {path.name for path in archive.rglob("*")} == {"a.xml"}
        assert (desk.lies(), desk.state()) == ({XML.path: b"<orders/>"}, State.SENT)

    def test_is_never_written_over(self, desk: Desk) -> None:
        desk.shelf.files[XML.path] = b"mine"
        desk.send_xml()
        assert desk.shelf.files[XML.path] == b"mine"
        assert any("waits" in text for text in desk.said)
        del desk.shelf.files[XML.path]
        desk.anew().recover()
        assert (desk.lies(), desk.state()) == ({XML.path: b"<orders/>"}, State.SENT)

    def test_is_taken_once_it_is_gone_and_not_while_nobody_can_look(self, desk: Desk) -> None:
        desk.send_xml()
        desk.anew().note_taken()
        assert desk.state() == State.SENT
        del desk.shelf.files[XML.path]
        desk.shelf.folders = ("",)
        outbox = desk.anew()
        outbox.note_taken()
        assert "no such folder" in str(outbox.troubles)
        assert desk.state() == State.SENT
        desk.shelf.folders = ("", "import")
        desk.anew().note_taken()
        assert desk.state() == State.TAKEN
