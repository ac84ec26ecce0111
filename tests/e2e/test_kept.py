"""XMLs and goods that the ledger keeps: whichever machine opens it goes on where another died."""

import hashlib
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from passerelle.config.ledger import Database, Place
from passerelle.ledger.ledger import Ledger, open_ledger
from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.world import Sale, World, tree

KEPT = "passerelle.exchange.kept:KeptExports"
DISPATCHES = "passerelle.ledger.outbox:DispatchBook"
REMOTE = "passerelle.remotes:RetryingRemote"
# The XML is promised then, and not under its name yet.
PROMISED = [("before", KEPT, "confirm"), ("before", REMOTE, "store"), ("before", REMOTE, "rename")]
UPLOAD, RENAME = PROMISED[1:]
WRITTEN = ("before", DISPATCHES, "prepare_orders")

ANN = "ann.lefevre@x.fr"
ANNS = {"email": ANN, "first_name": "Anaïs", "address1": "12 rue des Lilas"}
JOS = {"email": "jo.durand@x.fr", "first_name": "Joël", "address1": "3 place"}
SHOE = Sale("1", {"370": 2}, more=ANNS)
BOOT = Sale("2", {"371": 1}, last_name="Durand", more=JOS)
GIFT = Sale("3", {"372": 1}, payment="Chèque-cadeau", more=ANNS)
Step = tuple[str, str, str]
ALL = "SELECT * FROM {}"
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
PG_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"


@dataclass(frozen=True)
class Shop:
    """A shop whose ledger, at ``place``, keeps its XMLs."""

    world: World
    place: Place

    def configure(self, keep: str = "730d") -> None:
        extra = f'[archive]\nkeep_exports = "{keep}"\n'
        if isinstance(self.place, Database):
            top = f'ledger = "{self.place.url}"\nledger_schema = "{self.place.schema}"'
            self.world.configure(top=top, extra=extra)
        else:
            self.world.configure(extra=extra + 'store = "ledger"\n')

    def goes_to_another_machine(self) -> None:
        """It has the ledger, and nothing else of what the first one had."""
        assert not list(self.world.data.glob("Archive[EW]*"))
        if isinstance(self.place, Database):
            shutil.rmtree(self.world.data)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database itself says."""
        if isinstance(self.place, Database):
            options = f"-c search_path={self.place.schema}"
            with closing(psycopg.connect(self.place.url, options=options)) as server:
                return server.execute(query).fetchall()
        with closing(sqlite3.connect(self.place / "passerelle.db")) as file:
            return file.execute(query).fetchall()

    def tables(self) -> list[str]:
        query = PG_TABLES if isinstance(self.place, Database) else TABLES
        return sorted(name for (name,) in self.rows(query))

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        return {table: self.rows(ALL.format(table)) for table in self.tables()}

    def files(self) -> dict[str, bytes]:
        """Each kept file, by its archive and name."""
        found = self.rows("SELECT archive, name, data FROM kept_files")
        return {f"{archive}/{name}": data for archive, name, data in found}

    def unpromised(self) -> list[str]:
        return [name for (name,) in self.rows("SELECT name FROM kept_files WHERE pending")]

    def opened(self) -> closing[Ledger]:
        self.world.data.mkdir(exist_ok=True)
        return closing(open_ledger(self.place))


@pytest.fixture
def shop(tmp_path: Path, new_server: NewServer, ledger_place: Place) -> Shop:
    world = make_world(tmp_path, new_server("folder"))
    shop = Shop(world, ledger_place if isinstance(ledger_place, Database) else world.data)
    shop.configure()
    return shop


@pytest.fixture
def world(shop: Shop) -> World:
    """The shop's."""
    return shop.world


def keep(shop: Shop, *days: float, archive: str = "ArchiveExport") -> list[str]:
    """Keeps files of four bytes, so many days old; returns their names."""
    names = [f"kept{number}" for number in range(len(days))]
    now = datetime.now().astimezone()
    with shop.opened() as ledger:
        for name, age in zip(names, days, strict=True):
            ledger.kept.write(archive, name, b"kept", now - timedelta(days=age))
    return [f"{archive}/{name}" for name in names]


def put_back(shop: Shop, *, days: float, name: str = "") -> str:
    """The one kept XML is so much older, and called otherwise; returns how."""
    with shop.opened() as ledger:
        (file,) = ledger.kept.files("ArchiveExport")
        data = ledger.kept.read(file.archive, file.name) or b""
        ledger.kept.remove(file.archive, [file.name])
        name, at = name or file.name, file.kept - timedelta(days=days)
        ledger.kept.write(file.archive, name, data, at, pending=file.is_pending)
    return f"ArchiveExport/{name}"


def of_xmls(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The XMLs by their bare names."""
    return {Path(name).name: data for name, data in files.items() if "ArchiveExport/" in name}


def lying(world: World) -> dict[str, bytes]:
    """The XMLs that lie there for the ERP."""
    return {path.name: path.read_bytes() for path in world.xmls() if path.suffix == ".xml"}


class TestAMachineThatDied:
    @pytest.mark.parametrize("step", PROMISED, ids=lambda step: f"{step[0]} {step[2]}")
    def test_after_its_promise_has_another_send_the_very_bytes_once(
        self, shop: Shop, world: World, step: Step
    ) -> None:
        world.shop_writes(SHOE, BOOT)
        world.dies(step, "run", "orders")
        assert lying(world) == {}
        ((name, sha256),) = shop.rows("SELECT archived, sha256 FROM dispatches")
        shop.goes_to_another_machine()
        world.sends(SHOE, BOOT)
        (data,) = lying(world).values()
        assert hashlib.sha256(data).hexdigest() == sha256
        assert shop.files() == {f"ArchiveExport/{name}": data}
        assert world.erp_takes() == ["1", "2"]
        world.run_well("run", "orders")
        assert (world.xmls(), shop.unpromised()) == ([], [])
        assert world.states() == {"1": "taken", "2": "taken"}
        assert not list(world.folder.rglob("ArchiveExport"))

    @pytest.mark.parametrize("step", [("after", KEPT, "write_pending"), WRITTEN])
    @pytest.mark.parametrize("name", ["", "commandes_20261122_102700.xml"])
    def test_before_its_promise_leaves_no_doubled_order_and_no_leftover(
        self, shop: Shop, world: World, step: Step, name: str
    ) -> None:
        world.shop_writes(SHOE, BOOT)
        world.dies(step, "run", "orders")
        assert len(shop.unpromised()) == 1
        assert shop.rows("SELECT * FROM dispatches") == []
        put_back(shop, days=0, name=name)
        shop.goes_to_another_machine()
        world.sends(SHOE, BOOT)
        assert of_xmls(shop.files()) == lying(world)
        assert shop.unpromised() == []
        assert world.erp_takes() == ["1", "2"]

    def test_before_its_promise_leaves_nothing_of_what_was_cancelled_since(
        self, shop: Shop, world: World
    ) -> None:
        world.shop_writes(SHOE)
        world.dies(WRITTEN, "run", "orders")
        shop.goes_to_another_machine()
        world.sends(Sale("1", {"370": 2}, status="Annulé", more=ANNS))
        assert (world.xmls(), of_xmls(shop.files())) == ([], {})

    def test_again_and_again_sends_once(self, shop: Shop, world: World) -> None:
        for step in (WRITTEN, *PROMISED, ("before", DISPATCHES, "send")):
            world.shop_writes(SHOE, BOOT)
            world.dies(step, "run", "orders")
            shop.goes_to_another_machine()
        world.erp_takes()
        for _n in range(2):
            world.sends(SHOE, BOOT)
            world.erp_takes()
        assert world.booked == Counter({"1": 1, "2": 1})


class TestTheGoods:
    @pytest.mark.parametrize("sale", [SHOE, GIFT], ids=["sent", "withheld"])
    def test_of_an_order_are_told_by_whoever_has_the_ledger(
        self, shop: Shop, world: World, sale: Sale
    ) -> None:
        world.sends(SHOE, GIFT)
        shop.goes_to_another_machine()
        goods = json.loads(world.run_well("orders", "show", sale.id, "--json"))["goods"]
        ((ean13, quantity),) = sale.items.items()
        (line,) = goods["lines"]
        assert (line["ean13"], line["quantity"]) == (ean13, quantity)
        assert goods["kept_in"] in shop.files()
        total = f"{int(quantity) * 12.5:.2f}"
        assert world.run_well("orders", "show", sale.id).endswith(f"goods: {total}\n")

    def test_of_two_machines_stand_in_one_file_a_day(self, shop: Shop, world: World) -> None:
        world.sends(GIFT)
        shop.goes_to_another_machine()
        more = Sale("4", {"373": 1}, payment="Bon cadeau")
        world.sends(GIFT, more)
        for id in ("3", "4"):
            assert world.run_well("orders", "show", id).endswith("goods: 12.50\n")

    def test_have_nothing_of_the_customer(self, shop: Shop, world: World) -> None:
        world.sends(GIFT)
        (data,) = shop.files().values()
        assert b"372" in data
        assert ANN.encode() not in data and "Lefèvre" not in data.decode()


class TestPruning:
    @pytest.mark.parametrize("archive", ["ArchiveExport", "ArchiveWithheld"])
    def test_takes_what_is_too_old(self, shop: Shop, world: World, archive: str) -> None:
        shop.configure(keep="10d")
        names = keep(shop, 30, 11, 9, 0, archive=archive)
        text = world.run_well("archive", "prune")
        assert f"{archive}: 2 files removed, 8 bytes (kept0 to kept1)\n" in text
        assert sorted(shop.files()) == names[2:]
        assert f"{archive}: nothing to remove\n" in world.run_well("archive", "prune")

    def test_is_done_by_runs_too(self, shop: Shop, world: World) -> None:
        shop.configure(keep="10d")
        (old, young) = keep(shop, 30, 1)
        world.sends(SHOE)
        assert old not in shop.files() and young in shop.files()
        assert "ArchiveExport: 1 file removed, 4 bytes (kept0)" in world.trace(1)

    @pytest.mark.parametrize("step", PROMISED, ids=lambda step: f"{step[0]} {step[2]}")
    def test_leaves_what_is_still_to_be_sent(self, shop: Shop, world: World, step: Step) -> None:
        world.shop_writes(SHOE)
        world.dies(step, "run", "orders")
        mine = put_back(shop, days=900)
        keep(shop, 900)
        world.run_well("archive", "prune")
        assert list(shop.files()) == [mine]
        world.run_well("run", "orders")
        assert world.erp_takes() == ["1"]
        world.run_well("archive", "prune")
        assert shop.files() == {}

    def test_of_most_of_an_archive_is_held(self, shop: Shop, world: World) -> None:
        shop.configure(keep="10d")
        keep(shop, *[20] * 8, *[1] * 4)
        text = world.sends(SHOE)
        assert "8 of 13 files of ArchiveExport would go" in text
        world.fails("archive", "prune", code=6, words="`passerelle archive prune --yes`")
        assert len(shop.files()) == 13
        world.run_well("archive", "prune", "--yes")
        assert len(shop.files()) == 5


class TestAnExport:
    def test_writes_each_file_out_and_may_be_said_again(self, shop: Shop, world: World) -> None:
        world.sends(SHOE, GIFT)
        out = world.folder / "out é"
        for _n in range(2):
            assert "2 files are in out é" in world.run_well("archive", "export", out.name)
            assert written(out) == shop.files()
        world.sends(SHOE, GIFT, BOOT)
        world.run_well("archive", "export", out.name)
        assert written(out) == shop.files()
        assert len(written(out)) == 3

    def test_writes_over_no_other_file(self, shop: Shop, world: World) -> None:
        world.sends(SHOE)
        (name,) = shop.files()
        other = world.folder / "out" / name
        other.parent.mkdir(parents=True)
        for data in (b"another", b""):
            other.write_bytes(data)
            result = world.fails("archive", "export", "out", code=4)
            assert "another file is there already" in result.stderr
            assert other.name in result.stderr
            assert other.read_bytes() == data

    def test_has_nothing_that_was_never_promised(self, shop: Shop, world: World) -> None:
        world.shop_writes(SHOE)
        world.dies(WRITTEN, "run", "orders")
        world.run_well("archive", "export", "out")
        assert written(world.folder / "out") == {}

    def test_has_what_was_promised_and_waits(self, shop: Shop, world: World) -> None:
        world.shop_writes(SHOE)
        world.dies(UPLOAD, "run", "orders")
        world.run_well("archive", "export", "out")
        assert written(world.folder / "out") == shop.files()


def written(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def telling_of(shop: Shop, *words: str) -> set[str]:
    """The columns of the ledger, by table and place, that hold one of these in any form."""
    needles = [word.lower().encode(codec) for word in words for codec in ("utf-8", "utf-16-le")]
    return {
        f"{table}.{place}"
        for table, rows in shop.everything().items()
        for row in rows
        for place, value in enumerate(row)
        if any(needle in plain(value) for needle in needles)
    }


def plain(value: object) -> bytes:
    if isinstance(value, str):
        return value.lower().encode()
    # What PostgreSQL gives of JSON are objects.
    return value.lower() if isinstance(value, bytes) else str(value).lower().encode()


HERS = (ANN, "Lefèvre", "Anaïs", "rue des Lilas")


class TestACustomerWhoIsErased:
    @pytest.fixture(autouse=True)
    def sent(self, shop: Shop, world: World) -> None:
        """Her address stands in the wrong column of an order, too, which the ledger quotes."""
        shifted = Sale("5", {"373": "12 rue des Lilas"})
        world.sends(SHOE, BOOT, GIFT, shifted, code=5)
        assert {name.split(".")[0] for name in telling_of(shop, *HERS)} > {"kept_files"}

    def test_leaves_kept_xmls_and_ledger(self, shop: Shop, world: World) -> None:
        (name,) = (name for name in shop.files() if "ArchiveExport/" in name)
        assert f"would be erased from {name}" in world.run_well(
            "customer", "erase", ANN, "--dry-run"
        )
        text = world.run_well("customer", "erase", ANN)
        assert f"erased from {name}: order 1\n" in text
        assert telling_of(shop, *HERS) == set()
        assert "jo.durand@x.fr" in shop.files()[name].decode()
        assert "nothing is kept here" in world.run_well("customer", "erase", ANN)

    def test_leaves_them_wherever_it_is_said(self, shop: Shop, world: World) -> None:
        shop.goes_to_another_machine()
        world.run_well("customer", "erase", ANN)
        assert telling_of(shop, *HERS) == set()
        assert world.run_well("orders", "show", "1").count("erased: customer data") == 1

    def test_leaves_the_proof_and_the_age(self, shop: Shop, world: World) -> None:
        proof = ["SELECT * FROM dispatches", "SELECT archive, name, kept, pending FROM kept_files"]
        before = [shop.rows(query) for query in proof]
        world.run_well("customer", "erase", ANN)
        assert [shop.rows(query) for query in proof] == before

    def test_stays_after_a_dry_run(self, shop: Shop, world: World) -> None:
        before = (shop.files(), telling_of(shop, *HERS))
        world.run_well("customer", "erase", ANN, "--dry-run")
        assert (shop.files(), telling_of(shop, *HERS)) == before

    @pytest.mark.parametrize("step", PROMISED, ids=lambda step: f"{step[0]} {step[2]}")
    def test_waits_for_what_is_on_its_way(self, shop: Shop, world: World, step: Step) -> None:
        more = Sale("6", {"374": 1}, more=ANNS)
        world.shop_writes(more)
        world.dies(step, "run", "orders")
        before = shop.files()
        world.fails("customer", "erase", ANN, code=6, words="say `passerelle run orders` first")
        assert shop.files() == before
        world.run_well("customer", "erase", "jo.durand@x.fr")
        assert telling_of(shop, "jo.durand@x.fr") == set()
        world.fails("run", "orders", code=5, words="no longer in the file: order 5")
        assert sorted(world.erp_takes()) == ["1", "2", "6"]
        world.run_well("customer", "erase", ANN)
        assert telling_of(shop, *HERS) == set()

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_by_a_machine_that_died_is_erased_by_the_next(
        self, shop: Shop, world: World, when: str
    ) -> None:
        step = (when, "passerelle.ledger.kept:KeptBook", "rewrite")
        world.dies(step, "customer", "erase", ANN)
        shop.goes_to_another_machine()
        world.run_well("customer", "erase", ANN)
        assert telling_of(shop, *HERS) == set()
        assert world.run_well("orders", "show", "1").count("erased: customer data") == 1

    def test_takes_what_was_never_promised_along(self, shop: Shop, world: World) -> None:
        world.shop_writes(Sale("6", {"374": 1}, more=ANNS))
        world.dies(WRITTEN, "run", "orders")
        put = len(shop.files())
        world.run_well("customer", "erase", ANN)
        assert len(shop.files()) == put - 1
        assert telling_of(shop, *HERS) == set()


class TestADryRun:
    def test_leaves_no_kept_file_behind(self, shop: Shop, world: World) -> None:
        world.sends(SHOE, GIFT)
        before = shop.everything()
        world.shop_writes(SHOE, GIFT, BOOT, Sale("4", {"373": 1}, payment="Bon cadeau"))
        around = tree(world.server.root)
        assert "to send: 1 order" in world.run_well("run", "orders", "--dry-run")
        assert shop.everything() == before
        assert tree(world.server.root) == around

    def test_of_a_new_shop_makes_no_ledger(self, shop: Shop, world: World) -> None:
        world.shop_writes(SHOE, GIFT)
        world.run_well("run", "orders", "--dry-run")
        if isinstance(shop.place, Database):
            assert shop.tables() == []
        assert not world.data.exists()

    def test_leaves_what_a_machine_that_died_wrote(self, shop: Shop, world: World) -> None:
        world.shop_writes(SHOE)
        world.dies(WRITTEN, "run", "orders")
        before = shop.files()
        world.run_well("run", "orders", "--dry-run")
        assert (shop.files(), len(shop.unpromised())) == (before, 1)
