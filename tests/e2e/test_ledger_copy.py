"""`ledger copy`: a shop moves between SQLite and PostgreSQL, and at most one ledger is used."""

import hashlib
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Never

import psycopg
import pytest

from passerelle.config.ledger import Database
from passerelle.ledger import copying
from passerelle.ledger.kept import KeptBook
from passerelle.ledger.ledger import Ledger
from passerelle.runs import moving
from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.servers.postgresql import PostgreSql
from tests.world import Sale, World, tree

pytestmark = pytest.mark.realserver

DISPATCHES = "passerelle.ledger.outbox:DispatchBook"
REMOTE = "passerelle.remotes:RetryingRemote"
TAKEN, LYING = Sale("1", {"370": 2}), Sale("2", {"371": 1})
GIFT = Sale("3", {"372": 1}, payment="Chèque-cadeau")
NEW, NEWER = Sale("4", {"373": 1}), Sale("5", {"374": 1})
LEVELS = {"370": 5, "371": 5, "372": 5, "373": 5, "374": 5}
FOLDER = 'folder = "data"\n'
ALL = "SELECT * FROM {}"
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
PG_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"


class DiedError(BaseException):
    """The program went no further."""


def die(*_args: object, **_more: object) -> Never:
    raise DiedError


@dataclass(frozen=True)
class Shop:
    """A shop that may move; its ledger is in SQLite at first."""

    world: World
    database: Database

    @property
    def _line(self) -> str:
        return f'ledger = "{self.database.url}"\n'

    @property
    def is_in_postgresql(self) -> bool:
        return self._line in (self.world.folder / "config.toml").read_text("utf-8")

    def says(self, *, postgresql: bool) -> None:
        """What config.toml says of where the ledger is."""
        if postgresql and not self.is_in_postgresql:
            self.world.edit((FOLDER, FOLDER + self._line))
        elif self.is_in_postgresql and not postgresql:
            self.world.edit((self._line, ""))

    @property
    def there(self) -> str:
        """Where ``--to`` is the other database."""
        return "sqlite" if self.is_in_postgresql else self.database.url

    @property
    def copy(self) -> tuple[str, ...]:
        return ("ledger", "copy", "--yes", "--to", self.there)

    def moves(self) -> str:
        """To the other database, and config.toml follows."""
        text = self.world.run_well(*self.copy)
        self.says(postgresql=not self.is_in_postgresql)
        return text

    def rows(self, query: str, *, postgresql: bool | None = None) -> list[tuple[Any, ...]]:
        """What one of the databases says; by default the one that is used."""
        if self.is_in_postgresql if postgresql is None else postgresql:
            options = f"-c search_path={self.database.schema}"
            with closing(psycopg.connect(self.database.url, options=options)) as server:
                return server.execute(query).fetchall()
        with closing(sqlite3.connect(self.world.data / "passerelle.db")) as file:
            return file.execute(query).fetchall()

    def everything(self, *, postgresql: bool) -> dict[str, list[str]]:
        """Every row of a ledger."""
        query = PG_TABLES if postgresql else TABLES
        names = [name for (name,) in self.rows(query, postgresql=postgresql)]
        rows = {name: self.rows(ALL.format(name), postgresql=postgresql) for name in names}
        return {name: sorted(map(repr, rows[name])) for name in names}

    def tells(self) -> dict[str, Any]:
        """What a person sees of it, the same wherever the ledger is."""
        world = self.world
        orders = json.loads(world.run_well("orders", "list", "--json"))
        history = json.loads(world.run_well("history", "-n", "99", "--json"))
        shown = [json.loads(world.run_well("orders", "show", one.id, "--json"))
                 for one in (TAKEN, LYING, GIFT)]  # fmt: skip
        why = [world.run_well("stock", "why", item) for item in LEVELS]
        return {"orders": orders, "history": history, "why": why,
                "shown": [(one["goods"], one["events"]) for one in shown]}  # fmt: skip

    def numbers(self) -> dict[str, list[int]]:
        tables = ("dispatches", "events", "runs")
        query = "SELECT number FROM {} ORDER BY number"
        return {name: [n for (n,) in self.rows(query.format(name))] for name in tables}


@pytest.fixture
def shop(tmp_path: Path, new_server: NewServer, postgresql: PostgreSql) -> Shop:
    """One order was taken, one lies there, one is withheld, and stock was published."""
    shop = new_shop(tmp_path, new_server, postgresql.new_place())
    world = shop.world
    world.sends(TAKEN)
    world.erp_takes()
    world.sends(TAKEN, LYING, GIFT)
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    return shop


@pytest.fixture
def world(shop: Shop) -> World:
    """The shop's."""
    return shop.world


@pytest.fixture(params=[False, True], ids=["to PostgreSQL", "to SQLite"])
def moving_shop(request: pytest.FixtureRequest, shop: Shop) -> Shop:
    """The shop, before a move in each direction."""
    if request.param:
        shop.moves()
    return shop


def new_shop(folder: Path, new_server: NewServer, database: Database) -> Shop:
    top = f'ledger_schema = "{database.schema}"'
    return Shop(make_world(folder, new_server("folder"), top=top), database)


# --- a move --------------------------------------------------------------------------------------


def test_there_and_back_all_is_told_as_before(shop: Shop) -> None:
    before = shop.tells()
    assert [one["state"] for one in before["orders"]] == ["taken", "sent", "withheld"]
    for place in (str(shop.database), str(shop.world.data)):
        text = shop.moves()
        assert "is not used any more" in text
        assert f" to {place}\n" in text
        assert shop.tells() == before


def test_there_and_back_no_row_differs(shop: Shop) -> None:
    before = shop.everything(postgresql=False)
    shop.moves()
    shop.moves()
    kept = {"kept_files": before["kept_files"], "identity": before["identity"]}
    assert shop.everything(postgresql=False) | kept == before
    assert shop.rows("SELECT moved FROM identity") == [("",)]
    assert shop.rows("SELECT * FROM kept_files") == []


def test_it_is_said_what_to_write_into_config_toml(shop: Shop, world: World) -> None:
    assert f'have config.toml say: ledger = "{shop.database.url}"' in shop.moves()
    assert "take the line `ledger` out of config.toml" in shop.moves()


def test_the_next_runs_go_on_and_send_nothing_twice(moving_shop: Shop) -> None:
    shop, world = moving_shop, moving_shop.world
    before = shop.numbers()
    shop.moves()
    assert "no order to send" in world.sends(TAKEN, LYING, GIFT)
    world.sends(TAKEN, LYING, GIFT, NEW)
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")
    assert world.erp_takes() == ["2", "4"]
    assert (world.shop_stock()["373"], world.shop_stock()["374"]) == ("0", "5")
    world.run_well("run", "orders")
    assert world.states() == {"1": "taken", "2": "taken", "3": "withheld", "4": "taken"}
    for name, numbers in shop.numbers().items():
        assert numbers[: len(before[name])] == before[name]
        new = numbers[len(before[name]) :]
        assert new == list(range(before[name][-1] + 1, before[name][-1] + 1 + len(new))), name
        assert new


def test_there_and_back_between_runs(shop: Shop, world: World) -> None:
    sales: list[Sale] = [TAKEN, LYING, GIFT]
    for number in range(4, 8):
        shop.moves()
        sales.append(Sale(f"{number}", {"373": 1}))
        world.sends(*sales)
    assert sorted(world.erp_takes()) == ["2", "4", "5", "6", "7"]
    assert set(world.booked.values()) == {1}
    numbers = shop.numbers()["dispatches"]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_next_run_may_be_another_machines(shop: Shop, world: World) -> None:
    """But for the copy of what was published, which lies in the folder."""
    before = shop.tells()
    shop.moves()
    shutil.rmtree(world.data)
    after = shop.tells()
    held_back = slice(1, 3)
    assert after.pop("why")[held_back] == before.pop("why")[held_back]
    assert after == before
    assert "no order to send" in world.sends(TAKEN, LYING, GIFT)


# --- the original --------------------------------------------------------------------------------


@pytest.mark.parametrize("run", ["orders", "stock", "all"])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["", "dry"])
def test_the_original_refuses_every_run_and_says_where_it_went(
    moving_shop: Shop, run: str, dry: tuple[str, ...]
) -> None:
    shop, world = moving_shop, moving_shop.world
    was = shop.is_in_postgresql
    shop.moves()
    went = str(shop.world.data if was else shop.database)
    shop.says(postgresql=was)
    before = (shop.everything(postgresql=was), tree(world.server.root))
    world.fails("run", run, *dry, code=3, words=f"this ledger went to {went}")
    assert (shop.everything(postgresql=was), tree(world.server.root)) == before


@pytest.mark.parametrize(
    "args",
    [("orders", "list"), ("archive", "prune"), ("customer", "erase", "ann@x.fr"), ("history",)],
    ids=" ".join,
)
def test_the_original_refuses_other_commands(moving_shop: Shop, args: tuple[str, ...]) -> None:
    was = moving_shop.is_in_postgresql
    moving_shop.moves()
    moving_shop.says(postgresql=was)
    moving_shop.world.fails(*args, code=3, words="this ledger went to ")


# --- what is refused -----------------------------------------------------------------------------


def refuses(shop: Shop, words: str) -> None:
    """The copy ends with exit code 2 and changes nothing, in either ledger."""
    both = (False, True)
    before = [shop.everything(postgresql=one) for one in both]
    files = tree(shop.world.data / "ArchiveExport", shop.world.data / "ArchiveWithheld")
    shop.world.fails(*shop.copy, code=2, words=words)
    assert [shop.everything(postgresql=one) for one in both] == before
    archives = (shop.world.data / "ArchiveExport", shop.world.data / "ArchiveWithheld")
    assert tree(*archives) == files


class TestACopyIsRefused:
    def test_onto_another_shops_ledger(
        self, shop: Shop, tmp_path: Path, new_server: NewServer
    ) -> None:
        other = new_shop(tmp_path / "other", new_server, shop.database)
        other.world.sends(NEW)
        other.moves()
        refuses(shop, "another ledger is there")
        assert "no order to send" in shop.world.sends(TAKEN, LYING, GIFT)
        assert "no order to send" in other.world.sends(NEW)

    def test_onto_another_shops_folder(
        self, shop: Shop, tmp_path: Path, new_server: NewServer
    ) -> None:
        shop.moves()
        other = new_shop(tmp_path / "other", new_server, shop.database)
        other.world.sends(NEW)
        other.says(postgresql=True)
        (other.world.data / "passerelle.last").unlink()
        refuses(other, "another ledger is there")

    def test_onto_one_that_another_shop_began_to_move_to(
        self, shop: Shop, tmp_path: Path, new_server: NewServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = new_shop(tmp_path / "other", new_server, shop.database)
        other.world.sends(NEW)
        dies(other, monkeypatch, "hand_over", "before")
        refuses(shop, "another ledger is there")
        other.moves()

    def test_onto_one_that_went_on(self, moving_shop: Shop) -> None:
        was = moving_shop.is_in_postgresql
        moving_shop.moves()
        moving_shop.world.sends(TAKEN, LYING, GIFT, NEW)
        moving_shop.says(postgresql=was)
        refuses(moving_shop, "the ledger there went on")

    def test_once_it_is_done(self, moving_shop: Shop) -> None:
        was = moving_shop.is_in_postgresql
        moving_shop.moves()
        moving_shop.says(postgresql=was)
        refuses(moving_shop, "use that one: see `ledger` in config.toml")

    def test_by_an_original_for_a_third_place(self, shop: Shop, postgresql: PostgreSql) -> None:
        shop.moves()
        shop.says(postgresql=False)
        third = replace(shop, database=postgresql.new_place())
        third.world.edit((shop.database.schema, third.database.schema))
        third.world.fails(*third.copy, code=2, words=f"this ledger went to {shop.database}")
        assert not third.everything(postgresql=True).get("orders")

    def test_where_there_is_no_ledger(
        self, tmp_path: Path, new_server: NewServer, postgresql: PostgreSql
    ) -> None:
        shop = new_shop(tmp_path, new_server, postgresql.new_place())
        shop.world.fails(*shop.copy, code=2, words="there is no ledger to copy")
        assert shop.everything(postgresql=True) == {}


# --- a copy that is killed -----------------------------------------------------------------------


def dies(shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str, when: str) -> None:
    """The copy goes no further than ``before``, ``after`` or ``within`` a step of it."""
    step: Callable[..., Any] = getattr(moving, name)

    def deadly(*args: Any) -> Never:
        if when != "before":
            step(*args)
        die()

    with monkeypatch.context() as patch:
        patch.setattr(moving, name, deadly)
        if when == "within":
            _die_within(patch, name)
        with pytest.raises(DiedError):
            shop.world.run(*shop.copy)


def _die_within(patch: pytest.MonkeyPatch, name: str) -> None:
    """In the middle of the rows; or once the original said where it went; or of the files."""
    if name == "copy_rows":
        patch.setattr(copying, "_count_on", die)
    elif name == "_move_files":
        patch.setattr(KeptBook, "write", die)
        patch.setattr(moving, "write_privately", die)
    else:
        real = copying.hand_over

        def hand_over(source: Ledger, target: Ledger, place: str) -> None:
            patch.setattr(target, "begin", die)
            real(source, target, place)

        patch.setattr(moving, "hand_over", hand_over)


MOMENTS = [
    (name, when)
    for name in ("copy_rows", "_move_files", "hand_over")
    for when in ("before", "within", "after")
]
KILLED = pytest.mark.parametrize(
    ("name", "when"), MOMENTS, ids=[" ".join(m[::-1]) for m in MOMENTS]
)
UNDONE = pytest.mark.parametrize(
    ("name", "when"), MOMENTS[:-2], ids=[" ".join(m[::-1]) for m in MOMENTS[:-2]]
)


def usable(shop: Shop) -> list[bool]:
    """Where a ledger is that knows the orders and may be used: in PostgreSQL or not."""
    was, found = shop.is_in_postgresql, []
    for place in (False, True):
        shop.says(postgresql=place)
        result = shop.world.run("orders", "list")
        assert result.exit_code in (0, 3), result
        if result.exit_code == 0 and "1\t" in result.stdout:
            found.append(place)
    shop.says(postgresql=was)
    return found


class TestACopyThatWasKilled:
    @KILLED
    def test_leaves_one_usable_ledger_at_most_and_is_finished_by_the_same_command(
        self, moving_shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str, when: str
    ) -> None:
        shop, was = moving_shop, moving_shop.is_in_postgresql
        before = shop.tells()
        dies(shop, monkeypatch, name, when)
        left = {("hand_over", "within"): [], ("hand_over", "after"): [not was]}
        assert usable(shop) == left.get((name, when), [was])
        if (name, when) == ("hand_over", "after"):
            shop.world.fails(*shop.copy, code=2, words="use that one")
        else:
            shop.world.run_well(*shop.copy)
        assert usable(shop) == [not was]
        shop.says(postgresql=not was)
        assert shop.tells() == before
        assert "no order to send" in shop.world.sends(TAKEN, LYING, GIFT)

    @UNDONE
    def test_hinders_no_run_of_the_original_and_copies_what_that_did(
        self, moving_shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str, when: str
    ) -> None:
        shop, world = moving_shop, moving_shop.world
        dies(shop, monkeypatch, name, when)
        world.sends(TAKEN, LYING, GIFT, NEW)
        before = shop.tells()
        shop.moves()
        assert shop.tells() == before
        world.sends(TAKEN, LYING, GIFT, NEW, NEWER)
        assert world.erp_takes() == ["2", "4", "5"]

    def test_twice_is_finished_by_the_third(
        self, moving_shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = moving_shop.tells()
        dies(moving_shop, monkeypatch, "hand_over", "within")
        dies(moving_shop, monkeypatch, "copy_rows", "within")
        assert usable(moving_shop) == []
        moving_shop.moves()
        assert moving_shop.tells() == before

    def test_is_finished_by_the_command_that_a_refused_run_names(
        self, moving_shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Somebody changed config.toml already, as for a copy that was done."""
        shop, was, command = moving_shop, moving_shop.is_in_postgresql, moving_shop.copy
        before = shop.tells()
        dies(shop, monkeypatch, "hand_over", "within")
        shop.says(postgresql=not was)
        words = "say the same `passerelle ledger copy --to URL` again"
        shop.world.fails("run", "orders", code=3, words=words)
        shop.world.run_well(*command)
        assert shop.tells() == before


# --- the XMLs ------------------------------------------------------------------------------------

PROMISED = [
    ("before", "{exports}", "confirm"),
    ("before", REMOTE, "store"),
    ("before", REMOTE, "rename"),
]
STEPS = pytest.mark.parametrize("step", PROMISED, ids=lambda step: f"{step[0]} {step[2]}")


def run_dies(shop: Shop, step: tuple[str, str, str]) -> None:
    """A run with a new order is killed."""
    exports = "passerelle.archive.folders:Exports"
    if shop.is_in_postgresql:
        exports = "passerelle.exchange.kept:KeptExports"
    when, place, method = step
    shop.world.shop_writes(TAKEN, LYING, GIFT, NEW)
    shop.world.dies((when, place.format(exports=exports), method), "run", "orders")


class TestTheXmls:
    @STEPS
    def test_of_a_run_that_died_is_sent_after_the_move(
        self, moving_shop: Shop, step: tuple[str, str, str]
    ) -> None:
        shop, world = moving_shop, moving_shop.world
        run_dies(shop, step)
        shop.moves()
        if shop.is_in_postgresql:
            shutil.rmtree(world.data)
        query = "SELECT archived, sha256 FROM dispatches WHERE stage IN ('prepared', 'staged')"
        ((name, sha256),) = shop.rows(query)
        world.sends(TAKEN, LYING, GIFT, NEW)
        (data,) = (p.read_bytes() for p in world.xmls() if p.name == name)
        assert hashlib.sha256(data).hexdigest() == sha256
        assert world.erp_takes() == ["2", "4"]
        world.run_well("run", "orders")
        assert (world.xmls(), world.states()["4"]) == ([], "taken")

    @STEPS
    def test_of_a_run_that_died_is_sent_after_two_moves(
        self, moving_shop: Shop, step: tuple[str, str, str]
    ) -> None:
        run_dies(moving_shop, step)
        moving_shop.moves()
        moving_shop.moves()
        moving_shop.world.sends(TAKEN, LYING, GIFT, NEW)
        assert moving_shop.world.erp_takes() == ["2", "4"]

    def test_that_were_never_promised_leave(self, moving_shop: Shop) -> None:
        shop, world = moving_shop, moving_shop.world
        run_dies(shop, ("before", DISPATCHES, "prepare_orders"))
        shop.moves()
        world.sends(TAKEN, LYING, GIFT, NEW)
        assert world.erp_takes() == ["2", "4"]
        assert shop.rows("SELECT name FROM kept_files WHERE pending") == []
        assert world.booked == Counter({"1": 1, "2": 1, "4": 1})

    def test_and_goods_come_along_byte_for_byte(self, shop: Shop, world: World) -> None:
        archives = (world.data / "ArchiveExport", world.data / "ArchiveWithheld")
        before = tree(*archives)
        assert "3 files" in shop.moves()
        kept = shop.rows("SELECT archive, name, data FROM kept_files")
        assert {str(world.data / archive / name): data for archive, name, data in kept} == before
        shutil.rmtree(world.data)
        assert "3 files" in shop.moves()
        assert tree(*archives) == before

    def test_in_subfolders_come_along(self, shop: Shop, world: World) -> None:
        """Whoever sorts the archive by years may have one name in two of them."""
        for year in ("2024", "2025"):
            folder = world.data / "ArchiveExport" / year
            folder.mkdir()
            (folder / "commandes.xml").write_text(year)
        shop.moves()
        query = "SELECT data FROM kept_files WHERE name LIKE '%commandes.xml'"
        assert sorted(shop.rows(query)) == [(b"2024",), (b"2025",)]

    def test_stay_where_config_toml_says_that_they_are(self, shop: Shop, world: World) -> None:
        text = (world.folder / "config.toml").read_text("utf-8")
        line = '\n[archive]\nstore = "folder"\n'
        (world.folder / "config.toml").write_text(text + line, encoding="utf-8")
        before, files = shop.tells(), tree(world.data / "ArchiveExport")
        for _n in range(2):
            assert "0 files" in shop.moves()
            assert shop.rows("SELECT * FROM kept_files") == []
            assert tree(world.data / "ArchiveExport") == files
            assert shop.tells() == before
