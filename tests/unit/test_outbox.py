"""The outbox: whatever dies where, an XML arrives once, and levels are whole or not there."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from passerelle.base.deadline import Deadline
from passerelle.base.errors import (
    AccessDeniedError,
    HeldError,
    LedgerAwayError,
    PasserelleError,
    PermanentError,
    TransientError,
)
from passerelle.config.ledger import Place
from passerelle.config.model import Settings
from passerelle.exchange.marks import Marks
from passerelle.exchange.outbox import Outbox, Parcel
from passerelle.exchange.sending import Sender
from passerelle.ledger.ledger import Ledger, open_ledger
from passerelle.ledger.outbox import DispatchBook, Promise
from passerelle.model.location import Location
from passerelle.model.orders import Reading
from passerelle.model.records import Dispatch, Mark
from passerelle.model.servers import MARK_NAME
from passerelle.model.states import STAGES, Kind, Stage, State
from passerelle.remotes.folder import FolderRemote
from tests.servers.postgresql import PostgreSql

NOW = datetime(2026, 11, 22, 10, 27, tzinfo=UTC)
XML, STOCK = Location("shop", "import/a.xml"), Location("shop", "ExportCSVmod.csv")
FACTS = {"source_sha256": "0", "source_modified": None, "lines": 1, "in_stock": 1}
MARK = Mark(Reading("7", "", None, "", None, ()), State.PREPARED)


class DeathError(BaseException):
    """The power is cut."""


class Mortal(FolderRemote):
    """A folder; the power is cut before or after the n-th deed that changes it."""

    def __init__(self, root: Path, server: Any, dies: tuple[str, str] | None = None) -> None:
        super().__init__("shop", server, "", Deadline(timedelta(minutes=1)))
        self.dies, self.half = dies, False

    def _deed(self, name: str, deed: Callable[[], None]) -> None:
        if self.dies == ("before", name):
            raise DeathError
        deed()
        if self.dies == ("after", name):
            raise DeathError

    def store(self, path: str, data: bytes) -> None:
        self._write("store", super().store, path, data)

    def rewrite(self, path: str, data: bytes) -> None:
        self._write("mark", super().rewrite, path, data)

    def _write(
        self, name: str, write: Callable[[str, bytes], None], path: str, data: bytes
    ) -> None:
        part = data[: len(data) // 2] if self.dies == ("half", name) else data
        self._deed(name, lambda: write(path, part))
        if part is not data:
            raise DeathError

    def rename(self, old: str, new: str) -> None:
        self._deed("rename", lambda: super(Mortal, self).rename(old, new))

    def replace(self, old: str, new: str) -> None:
        self._deed("replace", lambda: super(Mortal, self).replace(old, new))


class World:
    """A server's folder, a ledger, and an outbox that may die."""

    def __init__(self, folder: Path, place: Place, publish: str = "rename") -> None:
        self.root = folder / "server"
        (self.root / "import").mkdir(parents=True)
        server = {"url": self.root.as_uri(), "publish": publish}
        tree = {"folder": str(folder), "servers": {"shop": server}}
        context = {"folder": folder, "servers": ("shop",)}
        self.settings = Settings.model_validate(tree, context=context)
        self.place = place
        self.ledger: Ledger = open_ledger(place)
        self.told: list[str] = []

    def outbox(self, dies: tuple[str, str] | None = None, *, dry: bool = False) -> Outbox:
        remote = Mortal(self.root, self.settings.servers["shop"], dies)

        def do(deed: Callable[[], object], would: str) -> None:
            self.told.append(would) if dry else deed()

        return Outbox(
            Sender(
                self.settings, self.ledger, lambda _name: remote, lambda: NOW, self.told.append, do
            )
        )

    def send_orders(self, dies: tuple[str, str] | None = None) -> list[PasserelleError]:
        """Returns what stood against it."""
        outbox = self.outbox(dies)
        outbox.prepare_orders("web", Parcel(b"<orders/>\n", [MARK], XML))
        outbox.recover()
        return outbox.troubles

    def send_stock(self, dies: tuple[str, str] | None = None, data: bytes = b"ID\n1\n") -> None:
        self.outbox(dies).levels.send_stock(STOCK, data, [], **FACTS)

    def last(self, kind: Kind) -> Dispatch:
        found = self.ledger.dispatches.last(kind)
        assert found is not None
        return found

    def lies(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file() and not path.name.startswith(MARK_NAME)
        }


@pytest.fixture
def world(tmp_path: Path, ledger_place: Place) -> Iterator[World]:
    world = World(tmp_path, ledger_place)
    yield world
    world.ledger.close()


@pytest.fixture
def direct(tmp_path: Path, ledger_place: Place) -> Iterator[World]:
    world = World(tmp_path, ledger_place, "direct")
    yield world
    world.ledger.close()


DEATHS = [(when, what) for what in ("store", "mark") for when in ("before", "half", "after")]


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("dies", [*DEATHS, ("before", "rename"), ("after", "rename")])
def test_an_xml_arrives_once_whatever_dies(
    world: World, dies: tuple[str, str], taken: bool
) -> None:
    with pytest.raises(DeathError):
        world.send_orders(dies)
    arrived = [name for name in world.lies() if name == XML.path]
    if taken and arrived:
        (world.root / XML.path).unlink()
    for _run in range(2):
        world.outbox().recover()
    arrived += [name for name in world.lies() if name == XML.path] if taken or not arrived else []
    assert arrived == [XML.path]
    assert world.last(Kind.ORDERS).stage == (Stage.TAKEN if taken and dies[1] == "rename"
                                             and dies[0] == "after" else Stage.SENT)  # fmt: skip
    assert [name for name in world.lies() if name.endswith(".tmp")] == []


def test_an_upload_that_vanished_before_its_turn_is_in_doubt(world: World) -> None:
    """The ERP may have taken it under its temporary name: only a person can tell."""
    with pytest.raises(DeathError):
        world.send_orders(("before", "mark"))
    (tmp,) = (world.root / "import").iterdir()
    tmp.unlink()
    outbox = world.outbox()
    outbox.recover()
    assert [held.exit_code for held in outbox.troubles] == [HeldError.exit_code]
    assert world.last(Kind.ORDERS).stage == Stage.DOUBTFUL
    assert "import/a.xml" not in world.lies()


@pytest.mark.parametrize(
    ("ends", "lies"), [(TransientError("lost"), []), (AccessDeniedError("refused"), [XML.path])]
)
def test_an_upload_whose_rename_was_seen_to_fail_was_not_renamed(
    world: World, monkeypatch: pytest.MonkeyPatch, ends: PasserelleError, lies: list[str]
) -> None:
    """Also where another program's file has its name by now."""

    def fail(*_names: object) -> None:
        raise ends

    with monkeypatch.context() as patch:
        patch.setattr(FolderRemote, "rename", fail)
        assert world.send_orders() == [ends]
    (tmp,) = (world.root / "import").iterdir()
    tmp.unlink()
    for name in lies:
        (world.root / name).write_bytes(b"theirs")
    world.outbox().recover()
    assert world.last(Kind.ORDERS).stage == Stage.DOUBTFUL


def test_levels_whose_rename_was_refused_were_not_published(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_names: object) -> None:
        raise AccessDeniedError("refused")

    with monkeypatch.context() as patch, pytest.raises(AccessDeniedError):
        patch.setattr(FolderRemote, "replace", refuse)
        world.send_stock()
    (world.root / next(iter(world.lies()))).unlink()
    world.outbox().levels.settle(Kind.STOCK)
    assert world.last(Kind.STOCK).stage == Stage.ABANDONED


def test_a_copy_of_us_that_writes_our_mark_at_the_same_moment_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_by_another(remote: FolderRemote, path: str, data: bytes) -> None:
        write(remote, path, data.replace(b"a.xml", b"b.xml"))

    write = FolderRemote.rewrite
    monkeypatch.setattr(FolderRemote, "rewrite", as_by_another)
    (held,) = world.send_orders()
    assert held.exit_code == HeldError.exit_code and "a copy of this folder" in str(held)
    assert "import/a.xml" not in world.lies()


def test_an_xml_is_never_written_over_another_file(world: World) -> None:
    (world.root / XML.path).write_bytes(b"theirs")
    assert world.send_orders() == []
    assert "a.xml waits: a file of that name" in "".join(world.told)
    assert world.lies()[XML.path] == b"theirs"
    world.outbox().recover()
    (world.root / XML.path).unlink()
    world.outbox().recover()
    assert world.lies() == {XML.path: b"<orders/>\n"}


def test_a_dry_run_says_what_it_would_finish_and_touches_nothing(world: World) -> None:
    with pytest.raises(DeathError):
        world.send_orders(("after", "store"))
    before = world.lies()
    world.outbox(dry=True).recover()
    assert world.lies() == before and "would finish sending a.xml" in world.told


@pytest.mark.parametrize("dies", [*DEATHS, ("before", "replace"), ("after", "replace")])
def test_levels_that_were_cut_short_leave_the_older_file_and_nothing_beside_it(
    world: World, dies: tuple[str, str]
) -> None:
    world.send_stock(data=b"ID\n0\n")
    with pytest.raises(DeathError):
        world.send_stock(dies)
    world.outbox().levels.settle(Kind.STOCK)
    came = dies == ("after", "replace")
    assert world.lies() == {STOCK.path: b"ID\n1\n" if came else b"ID\n0\n"}
    assert world.last(Kind.STOCK).stage == (Stage.SENT if came else Stage.ABANDONED)
    world.send_stock()
    assert world.lies() == {STOCK.path: b"ID\n1\n"}


def test_a_newer_file_of_levels_supersedes_the_one_that_waits(world: World) -> None:
    world.send_stock()
    first = world.last(Kind.STOCK)
    world.send_stock()
    superseded = world.ledger.dispatches.last(Kind.STOCK, stages=(Stage.SUPERSEDED,))
    assert superseded is not None and superseded.number == first.number


def test_what_is_withdrawn_is_the_file_that_lies_there(world: World) -> None:
    world.send_stock()
    first = world.last(Kind.STOCK).number
    with pytest.raises(DeathError):
        world.send_stock(("half", "store"))
    assert "was withdrawn" in world.outbox().levels.withdraw(STOCK)
    assert STOCK.path not in world.lies()
    withdrawn = world.ledger.dispatches.last(Kind.STOCK, stages=(Stage.WITHDRAWN,))
    assert withdrawn is not None and withdrawn.number == first
    assert world.outbox().levels.withdraw(STOCK) == ""


@pytest.mark.parametrize(
    ("dies", "taken", "stage", "lies"),
    [
        (("before", "store"), False, Stage.ABANDONED, None),
        (("half", "store"), False, Stage.ABANDONED, None),
        (("after", "store"), False, Stage.SENT, b"ID\n1\n"),
        (("after", "store"), True, Stage.ABANDONED, None),
    ],
)
def test_where_renaming_is_forbidden_half_a_file_of_levels_is_taken_away(
    direct: World, dies: tuple[str, str], taken: bool, stage: Stage, lies: bytes | None
) -> None:
    with pytest.raises(DeathError):
        direct.send_stock(dies)
    if taken:
        (direct.root / STOCK.path).unlink()
    direct.outbox().levels.settle(Kind.STOCK)
    assert direct.lies().get(STOCK.path) == lies
    assert direct.last(Kind.STOCK).stage == stage


def test_where_renaming_is_forbidden_an_xml_that_is_gone_is_in_doubt(direct: World) -> None:
    with pytest.raises(DeathError):
        direct.send_orders(("half", "store"))
    (direct.root / XML.path).unlink()
    outbox = direct.outbox()
    outbox.recover()
    (held,) = outbox.troubles
    assert held.exit_code == HeldError.exit_code and "passerelle orders settle 7" in str(held)
    assert direct.last(Kind.ORDERS).stage == Stage.DOUBTFUL


def test_an_altered_archive_sends_nothing(world: World, tmp_path: Path) -> None:
    with pytest.raises(DeathError):
        world.send_orders(("before", "store"))
    (tmp_path / "ArchiveExport" / "a.xml").write_bytes(b"<orders>other</orders>\n")
    world.outbox().recover()
    assert world.lies() == {} and world.last(Kind.ORDERS).stage == Stage.ABANDONED
    assert world.ledger.orders.find("7")[0].state == State.WAITING


def test_every_stage_can_be_left_or_is_an_end() -> None:
    assert set(STAGES) == {None, *Stage}
    reached = {stage for later in STAGES.values() for stage in later}
    assert reached == set(Stage)
    assert {stage for stage, later in STAGES.items() if not later} == {
        *(Stage.TAKEN, Stage.ABANDONED, Stage.SUPERSEDED, Stage.WITHDRAWN)
    }


@pytest.mark.parametrize("stage", [*Stage])
def test_a_step_that_the_table_lacks_is_refused(world: World, stage: Stage) -> None:
    book = world.ledger.dispatches
    promise = Promise(Kind.STOCK, STOCK, "0", 1)
    taken = book.prepare_stock(promise, NOW, [], **FACTS)
    taken = book.take(book.send(book.stage(taken, NOW, None), NOW, None), NOW)
    with pytest.raises(AssertionError):
        book.end(taken, stage, NOW)
    assert world.last(Kind.STOCK) == replace(taken)


def test_levels_for_a_server_that_left_the_config_are_let_go_of(world: World) -> None:
    with pytest.raises(DeathError):
        world.send_stock(("after", "store"))
    world.settings = world.settings.model_copy(update={"servers": {}})
    outbox = Outbox(
        Sender(
            world.settings, world.ledger, NoServers().open, lambda: NOW, world.told.append, no_deed
        )
    )
    outbox.levels.settle(Kind.STOCK)
    assert world.last(Kind.STOCK).stage == Stage.ABANDONED


class NoServers:
    def open(self, name: str) -> FolderRemote:
        raise AssertionError(name)


def no_deed(deed: Callable[[], object], would: str) -> None:
    raise AssertionError(would)


def test_a_refused_upload_leaves_the_promise_for_the_next_run(world: World) -> None:
    (world.root / "import").rmdir()
    (refused,) = world.send_orders()
    assert isinstance(refused, PermanentError)
    (world.root / "import").mkdir()
    world.outbox().recover()
    assert world.lies() == {XML.path: b"<orders/>\n"}


@pytest.mark.realserver
@pytest.mark.parametrize("deed", ["announce", "stage"])
def test_who_lost_the_lock_touches_no_server(
    tmp_path: Path, postgresql: PostgreSql, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    """It stood still after that deed, and another machine may have gone on meanwhile."""
    world = World(tmp_path, postgresql.new_place())
    owner = Marks if deed == "announce" else DispatchBook
    real = getattr(owner, deed)

    def stand_still(*args: Any, **more: Any) -> Any:
        done = real(*args, **more)
        postgresql.cut()
        return done

    with monkeypatch.context() as patch:
        patch.setattr(owner, deed, stand_still)
        with pytest.raises(LedgerAwayError):
            world.send_orders()
    assert not any(name.endswith(".xml") for name in world.lies())
    world.ledger = open_ledger(world.place)
    world.outbox().recover()
    assert [name for name in world.lies() if name.endswith(".xml")] == [XML.path]


@pytest.mark.realserver
def test_who_lost_the_lock_withdraws_nothing(
    tmp_path: Path, postgresql: PostgreSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies there may be another machine's by now, though it has the same bytes."""
    world = World(tmp_path, postgresql.new_place())
    world.send_stock()
    outbox, last = world.outbox(), world.last(Kind.STOCK)

    def stand_still(*_args: object) -> Dispatch:
        postgresql.cut()
        return last

    monkeypatch.setattr(DispatchBook, "last", stand_still)
    assert "could not be withdrawn" in outbox.levels.withdraw(STOCK)
    assert STOCK.path in world.lies()
