"""`customer erase`: one person leaves all that Passerelle keeps; the proof of sending stays."""

import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from passerelle.base.lock import hold_lock
from tests.world import Sale, World, tree

ANN = "ann.lefevre@x.fr"
ANNS = {"email": ANN, "first_name": "Anaïs", "phone": "0612345678", "city": "Paris",
        "address1": "12 rue des Lilas", "product_name": "Botte"}  # fmt: skip
JO = ANNS | {
    "email": "jo.durand@x.fr",
    "first_name": "Joël",
    "phone": "+33 6",
    "address1": "3 place",
}
ANNS_SALE = Sale("1", {"370": 1}, more=ANNS)
JOS_SALE = Sale("2", {"371": 1}, last_name="Durand", more=JO)


def sent(world: World, *sales: Sale) -> Path:
    """The shop exports, Passerelle runs, whatever is rejected; returns the archived XML."""
    before = set(exports(world))
    world.shop_writes(*sales)
    world.run("run", "orders")
    (path,) = set(exports(world)) - before
    return path


def exports(world: World) -> list[Path]:
    return sorted((world.data / "ArchiveExport").rglob("*.xml"))


def holds(folder: Path, text: str) -> list[str]:
    """The files below ``folder`` that hold a text, in whatever encoding and case."""
    needles = {text.lower().encode(codec) for codec in ("utf-8", "cp1252", "utf-16-le")}
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
        world.run("run", "orders")
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
        assert "passerelle.db" in holds(world.data, ANN)
        world.run_well("customer", "erase", ANN)
        assert "passerelle.db" not in holds(world.data, ANN)

    def test_removes_an_xml_that_was_never_promised(self, world: World) -> None:
        path = sent(world, JOS_SALE)
        left = path.with_name("commandes_20261122_102700.xml.part")
        left.write_bytes(path.read_bytes()[:300])
        assert "nothing is kept" in world.run_well("customer", "erase", ANN)
        assert not left.exists()


@pytest.mark.parametrize(
    "step",
    [
        ("before", "passerelle.archive.folders:Exports", "confirm"),
        ("before", "passerelle.remotes:RetryingRemote", "rename"),
    ],
    ids=["not kept yet", "not renamed yet"],
)
def test_an_xml_on_its_way_is_refused_until_it_is_sent_but_hinders_nobody_else(
    world: World, step: tuple[str, str, str]
) -> None:
    sent(world, ANNS_SALE)
    world.erp_takes()
    world.shop_writes(ANNS_SALE, Sale("3", {"372": 1}, more=ANNS))
    world.dies(step, "run", "orders")
    before = {k: v for k, v in tree(world.data).items() if "passerelle." not in k}
    for args in ((), ("--dry-run",)):
        words = "say `passerelle run orders` first"
        world.fails("customer", "erase", ANN, *args, code=6, words=words)
    assert {k: v for k, v in tree(world.data).items() if "passerelle." not in k} == before
    world.run_well("customer", "erase", JO["email"])
    world.run_well("run", "orders")
    assert world.erp_takes() == ["3"]
    assert "order 3" in world.run_well("customer", "erase", ANN)
    assert holds(world.data, ANN) == []


BOOK = "passerelle.ledger.erasure:ErasureBook"


@pytest.mark.parametrize(
    ("when", "step"), [("before", "rewrite"), ("after", "rewrite"), ("after", "note")]
)
def test_an_erasure_that_was_killed_is_finished_by_the_next(
    world: World, when: str, step: str
) -> None:
    sent(world, ANNS_SALE, JOS_SALE, Sale("4", {"373": "12 rue des Lilas"}))
    sent(world, ANNS_SALE, Sale("5", {"373": 1}, more=ANNS))
    before = proof(world)
    world.dies((when, BOOK, step), "customer", "erase", ANN)
    world.run_well("customer", "erase", ANN)
    assert proof(world) == before
    assert holds(world.data, ANN) + holds(world.data, "12 rue des Lilas") == []
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
            result = world.fails("customer", "erase", ANN, code=4)
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
            result = world.fails("customer", "erase", ANN, code=4)
        assert "Trace1.txt (" in result.stderr
        assert f"{path.name} (it waits for the traces)" in result.stderr
        world.run_well("customer", "erase", ANN)
        assert holds(world.data, ANN) + holds(world.data, "12 rue des Lilas") == []

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
    def test_lies_behind_a_link(self, world: World) -> None:
        path = sent(world, ANNS_SALE)
        elsewhere = world.folder / "elsewhere"
        elsewhere.mkdir()
        shutil.copy(path, elsewhere / "old.xml")
        (path.parent / "2025").symlink_to(elsewhere)
        result = world.fails("customer", "erase", ANN, code=4)
        assert "ArchiveExport/2025 (it is a link" in result.stderr
        assert ANN in (elsewhere / "old.xml").read_text("utf-8")
        assert holds(world.data, ANN) == []

    def test_is_an_orders_id(self, world: World) -> None:
        world.sends(Sale(ANN, {"370": "deux"}), code=5)
        world.fails("customer", "erase", ANN, code=4, words="`passerelle orders forget --help`")
        world.run_well("orders", "forget", "--yes", ANN)
        world.run_well("customer", "erase", ANN)
        assert holds(world.data, ANN) == []


def test_the_command_refuses_what_is_no_address_and_waits_for_a_run(world: World) -> None:
    for text in ("ann", "@x.fr", "ann@", " ", "ann lefevre@x.fr"):
        world.fails("customer", "erase", text, code=2)
    with hold_lock(world.data, "run orders", datetime.now().astimezone()):
        world.fails("customer", "erase", ANN, code=7)
    sent(world, ANNS_SALE)
    (world.data / "passerelle.db").unlink()
    world.fails("customer", "erase", ANN, code=6)  # the ledger is not the one
    assert holds(world.data, ANN)
