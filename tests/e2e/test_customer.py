"""`customer erase`: one person leaves all that Passerelle keeps; the proof of sending stays."""

import html
import os
import re
import shutil
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from passerelle.base.lock import hold_lock
from tests import scale
from tests.servers import RunningServer
from tests.shell import run_child
from tests.world import Sale, World, tree

ANN = "ann.lefevre@x.fr"
ANNS = {"email": ANN, "first_name": "Anaïs", "phone": "0612345678", "city": "Paris",
        "address1": "12 rue des Lilas", "product_name": "Botte"}  # fmt: skip
JO = ANNS | {"email": "jo" + ANN, "first_name": "Joël", "phone": "+33 6", "address1": "3 place"}
ANNS_SALE = Sale("1", {"370": 1}, more=ANNS)
JOS_SALE = Sale("2", {"371": 1}, last_name="Durand", more=JO)
UBL = (Path(__file__).parents[2] / "docs" / "examples" / "ubl-order.xsl").as_posix()


def run_on(world: World, *sales: Sale) -> str:
    """The shop exports, Passerelle runs; whatever is rejected."""
    world.shop_writes(*sales)
    return world.run("run", "orders").text


def sent(world: World, *sales: Sale) -> Path:
    """The same; returns the archived XML."""
    before = set(exports(world))
    run_on(world, *sales)
    (path,) = set(exports(world)) - before
    return path


def exports(world: World) -> list[Path]:
    return sorted((world.data / "ArchiveExport").rglob("*.xml"))


def holds(folder: Path, text: str) -> list[str]:
    """The files below ``folder`` that hold a text, in whatever encoding, case and references."""
    references = [
        "".join(c if c.isascii() else form.format(ord(c)) for c in text)
        for form in ("&#{};", "&#x{:x};", "&#x{:X};")
    ]
    needles = {
        form.encode(codec, "ignore").lower()
        for form in (text, text.lower(), text.upper(), *references, html.escape(text))
        for codec in ("utf-8", "cp1252", "utf-16-le", "utf-16-be")
        if form.encode(codec, "ignore").decode(codec) == form
    }
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(needle in path.read_bytes().lower() for needle in needles)
    ]


def proof(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """All that the ledger proves: every table, without the free texts and the new events."""
    queries = {
        "orders": "select channel, id, reference, date, state, fingerprint, dispatch from orders",
        "sold": "select * from sold",
        "events": "select number, channel, id, at, event from events where event != 'erased'",
        "dispatches": "select * from dispatches",
        "runs": "select number, run, started, ended, exit_code from runs",
    }
    with closing(sqlite3.connect(world.data / "passerelle.db")) as ledger:
        return {name: ledger.execute(query).fetchall() for name, query in queries.items()}


class TestErasing:
    def test_takes_what_a_message_quoted_from_traces_history_and_ledger(self, world: World) -> None:
        """The cells of orders 3 to 5 stand in the wrong column."""
        shifted = [Sale("3", {"372": ANN.title()}), Sale("4", {"373": "12 rue des Lilas"}),
                   Sale("5", {"374": "Paris"}, more=JO)]  # fmt: skip
        sent(world, ANNS_SALE, JOS_SALE, *shifted)
        world.run_well("archive", "rotate")
        run_on(world, ANNS_SALE, JOS_SALE, *shifted)
        world.shop_writes(ANNS_SALE, JOS_SALE)
        text = world.run_well("customer", "erase", ANN)
        assert "erased from Trace1.txt" in text
        assert "erased from ArchiveTrace/Trace1_" in text
        assert "erased from the ledger: 6 texts" in text
        for word in (ANN, "12 rue des Lilas"):
            assert [name for name in holds(world.data, word) if not name.endswith(".xml")] == []
        told = world.trace(1) + world.run_well("orders", "show", "5") + world.run_well("history")
        assert '"Paris"' not in told
        assert 'order 5: commandes.csv:6: quantity: "[erased]" is no number' in world.trace(1)

    def test_of_a_customer_called_like_a_file_or_a_product_shreds_no_trace(
        self, world: World
    ) -> None:
        names = ("Commandes", "Import", "Ftp", "REF1", "Botte")
        hers = [Sale(name, {"370": 1}, last_name=name, more=ANNS) for name in names]
        sent(world, *hers, JOS_SALE)

        def seen() -> tuple[str, str]:
            # A story counts the seconds since.
            told = world.run_well("orders", "show", "2")
            return world.trace(1), re.sub(r"\d+ seconds?", "some seconds", told)

        before = seen()
        world.run_well("customer", "erase", ANN)
        assert seen() == before

    def test_takes_them_from_a_trace_that_an_editor_saved(self, world: World) -> None:
        sent(world, ANNS_SALE)
        folder = world.data / "ArchiveTrace"
        folder.mkdir()
        endings = {"cp1252": b"", "utf-16": b"", "utf-8-sig": b"\xc3\n"}
        text = f'rejected: "{ANN}" is no number\r\nquantity: "Lefèvre", 1€\r\n'
        for codec, end in endings.items():
            (folder / f"{codec} (Léa).txt").write_bytes(text.encode(codec) + end)
        world.run_well("customer", "erase", ANN)
        left = 'rejected: "[erased]" is no number\r\nquantity: "[erased]", 1€\r\n'
        for codec, end in endings.items():
            assert (folder / f"{codec} (Léa).txt").read_bytes() == left.encode(codec) + end

    def test_leaves_nothing_in_the_unused_pages_of_the_ledger(self, world: World) -> None:
        """Many builds of SQLite leave what was deleted where it stood."""
        sent(world, JOS_SALE)
        with closing(sqlite3.connect(world.data / "passerelle.db")) as ledger:
            ledger.execute("PRAGMA secure_delete = OFF")
            note = [(f"<{ANN}> " * 20,)] * 200
            ledger.executemany("insert into events values (null, 'web', '2', '', '', ?)", note)
            ledger.commit()
            ledger.execute("delete from events where note like '<%'")
            ledger.commit()
        assert "passerelle.db" in mentions(world, ANN)
        world.run_well("customer", "erase", ANN)
        assert "passerelle.db" not in mentions(world, ANN)

    def test_reaches_subfolders_and_keeps_a_files_time_and_protection(self, world: World) -> None:
        path = sent(world, ANNS_SALE)
        shelf = path.parent / "2026"
        shelf.mkdir()
        moved = path.rename(shelf / path.name)
        moved.chmod(stat.S_IREAD)
        os.utime(moved, (1_700_000_000, 1_700_000_000))
        assert f"ArchiveExport/2026/{path.name}" in world.run_well("customer", "erase", ANN)
        assert holds(world.data, ANN) == []
        assert moved.stat().st_mtime == 1_700_000_000
        assert not moved.stat().st_mode & stat.S_IWRITE

    @pytest.mark.parametrize(
        ("sales", "encoding"),
        [
            ((ANNS_SALE,), "UTF-16"),
            ((ANNS_SALE, JOS_SALE), "ISO-8859-1"),
            ((ANNS_SALE, JOS_SALE), "US-ASCII"),
        ],
        ids=["alone, UTF-16", "with others, Latin-1", "with others, ASCII"],
    )
    def test_knows_an_xml_of_any_shape(
        self, world: World, sales: tuple[Sale, ...], encoding: str
    ) -> None:
        world.configure(extra=f'[orders.xml]\nstylesheet = "{UBL}"\nencoding = "{encoding}"\n')
        path = sent(world, *sales, Sale("9", {"372": "12 rue des Lilas"}))
        world.run_well("customer", "erase", ANN)
        for word in ("Lefèvre", "Anaïs", "0612345678", "12 rue des Lilas"):
            assert holds(world.data, word) == []
        assert "erased: customer data" in world.run_well("orders", "show", "1")
        assert ("Durand" in "".join(etree.parse(path).getroot().itertext())) is (len(sales) == 2)

    def test_removes_an_xml_that_was_never_promised(self, world: World) -> None:
        path = sent(world, JOS_SALE)
        left = path.with_name("commandes_20261122_102700.xml.part")
        left.write_bytes(path.read_bytes()[:300])
        assert "nothing is kept" in world.run_well("customer", "erase", ANN)
        assert not left.exists()


class TestAnXmlOnItsWay:
    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
    @pytest.mark.parametrize(
        "step",
        [
            ("before", "passerelle.archive.folders:Exports", "confirm"),
            ("before", "passerelle.remotes:RetryingRemote", "rename"),
        ],
        ids=["not kept yet", "not renamed yet"],
    )
    def test_is_refused_until_it_is_sent(self, world: World, step: tuple[str, str, str]) -> None:
        sent(world, ANNS_SALE)
        world.erp_takes()
        world.shop_writes(ANNS_SALE, Sale("3", {"372": 1}, more=ANNS))
        run_child(*step, "run", "orders", cwd=world.folder, module="tests.killing")
        before = tree(world.data)
        for args in ((), ("--dry-run",)):
            result = world.run("customer", "erase", ANN, *args)
            assert result.exit_code == 6
            assert "say `passerelle run orders` first" in result.stderr
        assert {k: v for k, v in tree(world.data).items() if "passerelle." not in k} == {
            k: v for k, v in before.items() if "passerelle." not in k
        }
        world.run_well("run", "orders")
        assert world.erp_takes() == ["3"]
        assert "order 3" in world.run_well("customer", "erase", ANN)
        assert holds(world.data, ANN) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
    def test_of_others_hinders_nobody(self, world: World) -> None:
        sent(world, ANNS_SALE)
        world.shop_writes(ANNS_SALE, JOS_SALE)
        step = ("before", "passerelle.remotes:RetryingRemote", "store")
        run_child(*step, "run", "orders", cwd=world.folder, module="tests.killing")
        world.run_well("customer", "erase", ANN)
        world.run_well("run", "orders")
        assert world.erp_takes() == ["1", "2"]


BOOK = "passerelle.ledger.erasure:ErasureBook"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize(
    ("when", "step"), [("before", "rewrite"), ("after", "rewrite"), ("after", "note")]
)
def test_an_erasure_that_was_killed_is_finished_by_the_next(
    world: World, when: str, step: str
) -> None:
    sent(world, ANNS_SALE, JOS_SALE, Sale("4", {"373": "12 rue des Lilas"}))
    sent(world, ANNS_SALE, Sale("5", {"373": 1}, more=ANNS))
    before = proof(world)
    killing = (when, BOOK, step, "customer", "erase", ANN)
    run_child(*killing, cwd=world.folder, module="tests.killing")
    world.run_well("customer", "erase", ANN)
    assert proof(world) == before
    assert mentions(world, ANN) + holds(world.data, "12 rue des Lilas") == []
    for id in ("1", "5"):
        assert world.run_well("orders", "show", id).count("erased: customer data") == 1


@contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """A file that cannot be replaced, as on Windows one that another program holds open."""
    part = path.with_name(path.name + ".part")
    part.mkdir()
    yield
    part.rmdir()


class TestWhatCannotBeErased:
    def test_is_told_by_name_and_the_rest_is_done(self, world: World) -> None:
        held, other = sent(world, ANNS_SALE), sent(world, Sale("3", {"372": 1}, more=ANNS))
        (held.parent / "notes.docx").write_bytes(b"PK\x03\x04\0")
        with unwritable(held):
            result = world.run("customer", "erase", ANN)
        assert result.exit_code == 4
        assert f"ArchiveExport/{held.name} (" in result.stderr
        assert "ArchiveExport/notes.docx (it is not XML)" in result.stderr
        assert f"erased from ArchiveExport/{other.name}" in result.stdout
        assert f"erased from ArchiveExport/{held.name}" not in result.stdout
        assert holds(world.data, ANN) == [f"ArchiveExport/{held.name}"]
        assert "erased" not in world.run_well("orders", "show", "1")
        (held.parent / "notes.docx").unlink()
        world.run_well("customer", "erase", ANN)
        assert holds(world.data, ANN) == []
        assert "erased" in world.run_well("orders", "show", "1")

    def test_of_a_trace_can_still_be_erased_later(self, world: World) -> None:
        """The XMLs alone know which words are the person's: they wait for the trace."""
        path = sent(world, ANNS_SALE, Sale("4", {"373": "12 rue des Lilas"}))
        with unwritable(world.data / "Trace1.txt"):
            result = world.run("customer", "erase", ANN)
        assert result.exit_code == 4
        assert "Trace1.txt (" in result.stderr
        assert f"{path.name} (it waits for the traces)" in result.stderr
        world.run_well("customer", "erase", ANN)
        assert holds(world.data, ANN) + holds(world.data, "12 rue des Lilas") == []

    def test_of_a_trace_that_quotes_the_address_alone_hinders_no_xml(self, world: World) -> None:
        sent(world, ANNS_SALE, Sale("4", {"373": ANN}))
        with unwritable(world.data / "Trace1.txt"):
            assert world.run("customer", "erase", ANN).exit_code == 4
        assert holds(world.data, ANN) == ["Trace1.txt"]

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
    def test_lies_behind_a_link(self, world: World) -> None:
        path = sent(world, ANNS_SALE)
        elsewhere = world.folder / "elsewhere"
        elsewhere.mkdir()
        shutil.copy(path, elsewhere / "old.xml")
        (path.parent / "2025").symlink_to(elsewhere)
        result = world.run("customer", "erase", ANN)
        assert result.exit_code == 4
        assert "ArchiveExport/2025 (it is a link" in result.stderr
        assert ANN in (elsewhere / "old.xml").read_text("utf-8")
        assert holds(world.data, ANN) == []

    def test_is_an_orders_id(self, world: World) -> None:
        run_on(world, Sale(ANN, {"370": "deux"}))
        result = world.run("customer", "erase", ANN)
        assert result.exit_code == 4
        assert "`passerelle orders forget --help`" in result.stderr
        world.run_well("orders", "forget", "--yes", ANN)
        world.run_well("customer", "erase", ANN)
        assert holds(world.data, ANN) == []


class TestTheCommand:
    def test_refuses_what_is_no_address(self, world: World) -> None:
        for text in ("ann", "@x.fr", "ann@", " ", "ann lefevre@x.fr"):
            assert world.run("customer", "erase", text).exit_code == 2, text

    def test_waits_for_a_run(self, world: World) -> None:
        with hold_lock(world.data, "run orders", datetime.now().astimezone()):
            assert world.run("customer", "erase", ANN).exit_code == 7

    def test_is_held_by_a_ledger_that_is_not_the_one(self, world: World) -> None:
        sent(world, ANNS_SALE)
        (world.data / "passerelle.db").unlink()
        assert world.run("customer", "erase", ANN).exit_code == 6
        assert holds(world.data, ANN)


names = st.text(st.characters(categories=["L"], max_codepoint=0x17F), min_size=4, max_size=9)
XML_NAMES = '[orders.xml.names]\norder = "vente"\ncustomer = "client"\nemail = "mél"\nid = "no"\n'


@settings(max_examples=scale.pick(2, 24, 200), deadline=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(st.data())
def test_whoever_bought_what_one_person_is_gone_and_nothing_else_changed(
    data: st.DataObject,
) -> None:
    """Any customers and orders, some shifted, over several runs, in any shape of XML."""
    folder = Path(tempfile.mkdtemp(prefix="passerelle-erase-"))
    (folder / "server").mkdir()
    server = RunningServer("folder", (folder / "server").as_uri(), "", folder / "server")
    world = World(folder, server)
    encoding = data.draw(st.sampled_from(("UTF-8", "UTF-16", "ISO-8859-1", "windows-1252")))
    shape = data.draw(st.sampled_from(("", f'stylesheet = "{UBL}"\n', XML_NAMES)))
    world.configure(extra=f'[orders.xml]\nencoding = "{encoding}"\n{shape}')
    people = [
        {"email": email, "last_name": f"{data.draw(names)}n{n}", "phone": f"06000000{n}",
         "first_name": f"{data.draw(names)}f{n}", "address1": f"{n} rue {data.draw(names)}"}
        for n, email in enumerate((ANN, "jo" + ANN, ANN + ".example", ANN.upper()), 10)
    ]  # fmt: skip
    sales: list[Sale] = []
    for _ in range(data.draw(st.integers(1, 3))):
        for _ in range(data.draw(st.integers(1, 4))):
            person = data.draw(st.sampled_from(people))
            cells: list[int | str] = [1, 1, *person.values()]
            shifted = data.draw(st.sampled_from(cells))
            more = {k: v for k, v in person.items() if k != "last_name"} | {"product_name": "Botte"}
            sales.append(Sale(str(1001 + len(sales)), {"370": shifted},
                              last_name=person["last_name"], more=more))  # fmt: skip
        world.shop_writes(*sales, encoding="utf-8")
        world.run("run", "orders")
        if data.draw(st.booleans()):
            world.run_well("archive", "rotate")
        world.erp_takes()
    others = orders_of_others(world)
    before = proof(world)

    world.run_well("customer", "erase", ANN)

    assert proof(world) == before
    assert orders_of_others(world) == others
    bought = {sale.more["email"] for sale in sales if sale.items["370"] == 1}
    for person in people:
        if person["email"].casefold() == ANN and person["email"] in bought:
            for word in person.values():
                found = holds(world.data, word)
                assert word.casefold() == ANN or found == [], (word, found)
    assert not mentions(world, ANN)
    assert "nothing is kept" in world.run_well("customer", "erase", ANN)
    shutil.rmtree(folder, ignore_errors=True)


def mentions(world: World, email: str) -> list[str]:
    """Files with the address, once the two longer addresses that contain it are taken out."""
    found = []
    for path in sorted(p for p in world.data.rglob("*") if p.is_file()):
        for codec in ("cp1252", "utf-16-le", "utf-16-be"):
            text = path.read_bytes().decode(codec, "replace").casefold()
            if email in text.replace("jo" + email, "").replace(email + ".example", ""):
                found.append(path.name)
    return found


def orders_of_others(world: World) -> list[bytes]:
    """Every archived order of another person, canonical, in the order of the archive."""
    found = []
    for path in exports(world):
        root = etree.fromstring(path.read_bytes())
        orders = [e for e in root.iter() if etree.QName(e).localname in ("order", "vente", "Order")]
        for order in orders:
            words = [text.strip() for text in order.itertext()]
            theirs = [w for w in words if "@" in w and w.casefold() != ANN]
            if theirs:
                order.tail = None
                found.append(etree.tostring(order, method="c14n"))
    return found
