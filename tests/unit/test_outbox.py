"""What becomes of a promise that was cut short: by the ledger and what lies on the server."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from passerelle.base.errors import AlreadyThereError, HeldError, PasserelleError, TransientError
from passerelle.config.model import Settings
from passerelle.exchange.outbox import Outbox, Parcel
from passerelle.ledger.ledger import Ledger, open_ledger
from passerelle.model.location import Location
from passerelle.model.orders import Gist
from passerelle.model.records import Mark
from passerelle.model.states import Kind, Stage, State
from tests.unit.test_remotes import Shelf

NOW = datetime(2026, 11, 22, 10, 27, tzinfo=UTC)
STOCK, XML = Location("ftp", "ExportCSVmod.csv"), Location("ftp", "import/a.xml")
FACTS: dict[str, Any] = {"source_sha256": "", "source_modified": None, "lines": 1, "in_stock": 1}
DATA = b"Gencod;Stock\r\n370;1\r\n"


class PowerCutError(Exception):
    """The run ends here."""


class Desk:
    """An outbox, its ledger and its server; ``direct`` where the server forbids renaming."""

    def __init__(self, folder: Path, ledger: Ledger, publish: str = "rename") -> None:
        server = {"url": "ftp://ftp.example.com/", "publish": publish}
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
        return Outbox(self.settings, self.ledger, *tools)

    def send_stock(self) -> None:
        self.outbox.send_stock(STOCK, DATA, (), **FACTS)

    def send_xml(self) -> None:
        gist = Gist("1", "", NOW, "Payé", (), "", None)
        parcel = Parcel(b"<orders/>", [Mark(gist, State.PREPARED)], XML)
        self.outbox.send_orders("web", parcel)

    def dies(self, when: str, command: str, send: Callable[[], None]) -> None:
        """The power is cut just before or after a command of the server."""
        blows: Any = [PowerCutError()]
        getattr(self.shelf, when)[command] = blows
        with pytest.raises(PowerCutError):
            send()

    @property
    def stage(self) -> Stage | None:
        last = self.ledger.dispatches.last(Kind.STOCK) or self.ledger.dispatches.last(Kind.ORDERS)
        return last.stage if last else None

    def state(self) -> State:
        return self.ledger.orders.known("web", ["1"])["1"].state


@pytest.fixture
def new_desk(tmp_path: Path) -> Iterator[Callable[[str], Desk]]:
    ledger = open_ledger(tmp_path)
    yield lambda publish: Desk(tmp_path, ledger, publish)
    ledger.close()


@pytest.fixture
def desk(new_desk: Callable[[str], Desk]) -> Desk:
    return new_desk("rename")


class TestStock:
    def test_is_published_whole(self, desk: Desk) -> None:
        desk.send_stock()
        assert (desk.shelf.files, desk.stage) == ({STOCK.path: DATA}, Stage.SENT)

    @pytest.mark.parametrize(
        ("when", "command", "stage", "files"),
        [
            ("before", "store", Stage.ABANDONED, []),
            ("after", "store", Stage.ABANDONED, []),
            ("before", "rename", Stage.ABANDONED, []),
            ("after", "rename", Stage.SENT, [STOCK.path]),
        ],
    )
    def test_that_was_cut_short_counts_as_published_once_it_has_its_name(
        self, desk: Desk, when: str, command: str, stage: Stage, files: list[str]
    ) -> None:
        desk.dies(when, command, desk.send_stock)
        desk.anew().settle_levels(Kind.STOCK)
        assert (desk.stage, list(desk.shelf.files)) == (stage, files)

    @pytest.mark.parametrize(("taken", "data"), [(False, DATA), (True, None), (False, DATA[:9])])
    def test_where_renaming_is_forbidden_half_of_it_is_taken_away(
        self, new_desk: Callable[[str], Desk], taken: bool, data: bytes | None
    ) -> None:
        desk = new_desk("direct")
        desk.dies("after", "store", desk.send_stock)
        desk.shelf.files = {} if taken or data is None else {STOCK.path: data}
        desk.anew().settle_levels(Kind.STOCK)
        is_half = data is not None and data != DATA
        assert desk.stage == (Stage.ABANDONED if is_half else Stage.SENT)
        assert list(desk.shelf.files) == ([STOCK.path] if data == DATA else [])

    def test_that_the_shop_has_not_taken_is_withdrawn(self, desk: Desk) -> None:
        desk.send_stock()
        assert "was withdrawn" in desk.anew().withdraw(STOCK)
        assert (desk.shelf.files, desk.stage) == ({}, Stage.WITHDRAWN)
        assert desk.anew().withdraw(STOCK) == ""

    def test_that_cannot_be_withdrawn_is_told(self, desk: Desk) -> None:
        desk.send_stock()
        desk.shelf.before["delete"] = [TransientError("connection lost")]
        assert "could not be withdrawn" in desk.anew().withdraw(STOCK)
        assert (list(desk.shelf.files), desk.stage) == ([STOCK.path], Stage.SENT)


class TestAnXml:
    @pytest.mark.parametrize(
        ("when", "command"),
        [("before", "store"), ("after", "store"), ("before", "rename"), ("after", "rename")],
    )
    @pytest.mark.parametrize("taken", [False, True])
    def test_that_was_cut_short_is_there_once(
        self, desk: Desk, when: str, command: str, taken: bool
    ) -> None:
        desk.dies(when, command, desk.send_xml)
        arrived = desk.shelf.files.pop(XML.path, None) if taken else None
        desk.anew().recover()
        desk.anew().recover()
        there = [data for path, data in desk.shelf.files.items() if path.startswith("import/")]
        assert [*there, *([arrived] if arrived else [])] == [b"<orders/>"]
        assert desk.state() == (State.TAKEN if arrived else State.SENT)
        assert not [path for path in desk.shelf.files if path.endswith(".tmp")]

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
        assert (desk.shelf.files, desk.state()) == ({XML.path: b"<orders/>"}, State.SENT)

    def test_is_never_written_over(self, desk: Desk) -> None:
        desk.shelf.files[XML.path] = b"mine"
        with pytest.raises(AlreadyThereError):
            desk.send_xml()
        desk.anew().recover()
        assert desk.shelf.files[XML.path] == b"mine"
        assert any("waits" in text for text in desk.said)
        del desk.shelf.files[XML.path]
        desk.anew().recover()
        assert (desk.shelf.files, desk.state()) == ({XML.path: b"<orders/>"}, State.SENT)

    def test_whose_archive_was_altered_is_not_sent(self, desk: Desk) -> None:
        desk.dies("before", "store", desk.send_xml)
        (desk.settings.folder / "ArchiveExport" / "a.xml").write_bytes(b"<orders>2</orders>")
        desk.anew().recover()
        assert (desk.shelf.files, desk.stage, desk.state()) == ({}, Stage.ABANDONED, State.WAITING)

    def test_is_taken_once_it_is_gone_and_not_while_nobody_can_look(self, desk: Desk) -> None:
        desk.send_xml()
        desk.anew().note_taken()
        assert desk.state() == State.SENT
        del desk.shelf.files[XML.path]
        desk.shelf.folders = ("",)
        with pytest.raises(PasserelleError, match="no such folder"):
            desk.anew().note_taken()
        assert desk.state() == State.SENT
        desk.shelf.folders = ("", "import")
        desk.anew().note_taken()
        assert desk.state() == State.TAKEN

    @pytest.mark.parametrize("data", [None, b"<orders/>", b"<ord"])
    def test_is_a_person_s_to_find_where_renaming_is_forbidden_and_it_is_gone(
        self, new_desk: Callable[[str], Desk], data: bytes | None
    ) -> None:
        desk = new_desk("direct")
        desk.dies("after", "store", desk.send_xml)
        desk.shelf.files = {} if data is None else {XML.path: data}
        if data is None:
            with pytest.raises(HeldError, match="orders settle 1"):
                desk.anew().recover()
            assert (desk.stage, desk.shelf.files) == (Stage.DOUBTFUL, {})
        else:
            desk.anew().recover()
            assert (desk.shelf.files, desk.state()) == ({XML.path: b"<orders/>"}, State.SENT)
