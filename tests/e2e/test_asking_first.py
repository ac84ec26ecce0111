"""What can make the ERP get an order twice, or never, asks first, and can be taken back."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from tests.e2e.test_after_sending import FIRST, concerns, held, taken
from tests.pty import run_at_terminal
from tests.shell import run_program
from tests.world import Sale, World, tree

WAITS = Sale("3", {"372": 1}, status="En attente de virement bancaire")
CARD = Sale("4", {"371": 1}, payment="Bon cadeau")
ASKING = {
    "forget": ("orders", "forget", "1"),
    "resend": ("orders", "resend", "1"),
    "adopt": ("orders", "adopt"),
}


@pytest.mark.parametrize("command", ASKING.values(), ids=ASKING.keys())
class TestACommandThatAsks:
    def test_does_nothing_without_a_terminal(self, world: World, command: tuple[str, ...]) -> None:
        taken(world, FIRST)
        world.shop_writes(FIRST, Sale("2", {"371": 1}))
        before = world.states()
        result = world.run(*command)
        assert (result.exit_code, world.states()) == (2, before)
        assert "--yes" in result.stderr

    @pytest.mark.parametrize("answer", ["y", "n"])
    def test_asks_at_a_terminal(self, world: World, command: tuple[str, ...], answer: str) -> None:
        taken(world, FIRST)
        world.shop_writes(FIRST, Sale("2", {"371": 1}))
        before = world.states()
        key = f"{answer}\n".encode()
        session = run_at_terminal(*command, cwd=world.folder, interrupt_at="[y/N]", key=key)
        is_yes = answer == "y"
        assert (session.exit_code, world.states() != before) == (0 if is_yes else 2, is_yes)

    def test_is_not_hindered_by_what_it_was_told(
        self, world: World, command: tuple[str, ...]
    ) -> None:
        taken(world, FIRST)
        world.run_well(*command, "--yes")


class TestSettling:
    @pytest.mark.parametrize(
        ("sale", "state"),
        [
            (CARD, "withheld"),
            (WAITS, "waiting"),
            (Sale("1", {"370": "deux"}), "rejected"),
        ],
    )
    def test_does_not_ask_and_can_be_taken_back(self, world: World, sale: Sale, state: str) -> None:
        world.shop_writes(sale, Sale("9", {"372": 1}))
        world.run("run", "orders")
        told = json.loads(world.run("orders", "list", "--json").stdout)
        world.run_well("orders", "settle", sale.id)
        assert world.states()[sale.id] == "settled"
        world.run_well("orders", "unsettle", sale.id)
        assert world.states()[sale.id] == state
        again = json.loads(world.run("orders", "list", "--json").stdout)
        assert {o["id"]: o["reason"] for o in again} == {o["id"]: o["reason"] for o in told}
        assert held(world) >= set(sale.items)

    def test_what_was_not_settled_cannot_be_taken_back(self, world: World) -> None:
        taken(world, FIRST)
        assert world.run("orders", "unsettle", "1").exit_code == 2
        world.shop_writes(CARD)
        world.run("run", "orders")
        world.run_well("orders", "settle", "4")
        world.run_well("orders", "resend", "4", "--yes")
        assert world.run("orders", "unsettle", "4").exit_code == 2


class TestAdopting:
    def test_marks_and_lists_what_would_be_sent_and_nothing_else(self, world: World) -> None:
        world.shop_writes(FIRST, Sale("2", {"370": 1}), WAITS, CARD)
        text = world.run_well("orders", "adopt", "--yes")
        assert "adopted, and never sent: 1, 2" in text
        assert "withheld: 4" in text
        assert world.states() == {"1": "skipped", "2": "skipped"}
        world.run_well("run", "orders")
        assert world.states() == {
            "1": "skipped",
            "2": "skipped",
            "3": "waiting",
            "4": "withheld",
        }
        assert world.xmls() == []

    def test_with_withheld_the_rest_too(self, world: World) -> None:
        world.shop_writes(FIRST, WAITS, CARD)
        world.run_well("orders", "adopt", "--withheld", "--yes")
        assert set(world.states().values()) == {"skipped"}

    def test_an_older_order_is_told_and_held_back_and_not_sent(self, world: World) -> None:
        older = Sale("1", {"371": 1}, date="2026-11-20 08:00:00")
        world.shop_writes(
            replace(older, status="En attente de virement bancaire"), Sale("5", {"370": 1})
        )
        world.run_well("orders", "adopt", "--yes")
        newer = Sale("6", {"372": 1}, date="2026-11-25 08:00:00")
        for _again in "again":
            world.shop_writes(older, Sale("5", {"370": 1}), newer)
            world.run("run", "orders")
        assert world.erp_takes() == ["6"]
        world.run("run", "orders")
        assert (concerns(world), held(world)) == ({"older": ("1",)}, {"371"})
        assert "older than what was adopted before" in world.run_well("orders", "adopt", "--yes")
        assert concerns(world) == {"older": ("1",)}, "nobody looked for it in the ERP"

        world.run_well("orders", "resend", "1", "--yes")
        world.run_well("run", "orders")
        assert (concerns(world), world.erp_takes()) == ({}, ["1"])

    def test_uploads_nothing(self, world: World) -> None:
        world.shop_writes(FIRST)
        (world.server.root / "import").rename(world.server.root / "away")
        world.run("run", "orders")
        (world.server.root / "away").rename(world.server.root / "import")
        world.run_well("orders", "adopt", "--yes")
        assert world.xmls() == []

    def test_that_fails_leaves_the_guard_standing(self, world: World) -> None:
        taken(world, FIRST)
        for path in world.data.glob("passerelle.db*"):
            path.unlink()
        (world.server.root / "commandes.csv").rename(world.server.root / "away.csv")
        assert world.run("orders", "adopt", "--yes").exit_code == 4
        (world.server.root / "away.csv").rename(world.server.root / "commandes.csv")
        assert world.run("run", "orders").exit_code == 6
        world.run_well("orders", "adopt", "--yes")
        world.run_well("orders", "adopt", "--yes")
        world.run_well("run", "orders")
        assert world.xmls() == []


@pytest.mark.parametrize("is_taken", [False, True])
def test_an_order_sent_again_while_its_xml_lies_there_is_told_until_it_is_settled(
    world: World, is_taken: bool
) -> None:
    world.shop_writes(FIRST)
    world.run_well("run", "orders")
    (xml,) = world.xmls()
    result = world.run("orders", "resend", "1")
    assert result.exit_code == 2
    assert xml.name in result.stdout
    world.run_well("orders", "resend", "1", "--yes")
    assert concerns(world) == {"twice": ("1",)}
    assert xml.name in world.run("status").text
    if is_taken:
        xml.unlink()
        world.erp_writes_stock({"370": 5})
        world.run_well("run", "stock")
        assert concerns(world) == {"twice": ("1",)}
    for _again in "again":
        world.run_well("run", "orders")
        assert concerns(world) == {"twice": ("1",)}, "the ERP may have it twice now"
        world.erp_takes()
    assert "settle 1`" in world.run_well("orders", "show", "1")
    world.run_well("orders", "settle", "1")
    assert (concerns(world), world.states()) == ({}, {"1": "taken"})
    world.run_well("orders", "unsettle", "1")
    assert concerns(world) == {"twice": ("1",)}


@pytest.mark.parametrize("is_known", [True, False])
def test_an_order_that_was_cancelled_is_not_sent_again_before_it_no_longer_is(
    world: World, is_known: bool
) -> None:
    taken(world, FIRST)
    cancelled = replace(FIRST, status="Annulé")
    if is_known:
        world.sends(cancelled)
    told = world.run_well("orders", "resend", "1", "--yes")
    assert ("is cancelled in the shop" in told, bool(concerns(world))) == (is_known, is_known)
    for _again in "again":
        world.sends(cancelled)
        assert (concerns(world), world.xmls()) == ({"cancelled": ("1",)}, [])
    world.sends(FIRST)
    assert (concerns(world), world.erp_takes()) == ({}, ["1"])


class TestAMendForMany:
    CARDS = tuple(replace(CARD, id=str(n)) for n in range(100, 125))

    def test_covers_all_of_them_and_no_later_one(self, world: World) -> None:
        world.shop_writes(*self.CARDS)
        world.run_well("run", "orders")
        (mend,) = re.findall(r"`passerelle (orders settle --all withheld [^`]*)`",
                             world.run("status").text)  # fmt: skip
        with closing(sqlite3.connect(world.data / "passerelle.db")) as db, db:
            db.execute("UPDATE orders SET changed = '2999-01-01T00:00:00+00:00' WHERE id = '100'")
        later = world.run("orders", "settle", *mend.split()[2:])
        assert later.exit_code == 0
        states = world.states()
        assert states.pop("100") == "withheld"
        assert set(states.values()) == {"settled"}
        assert world.run(*mend.split()).exit_code == 0

    def test_a_kind_and_ids_are_not_both_named(self, world: World) -> None:
        for args in ((), ("1", "--all", "withheld")):
            assert world.run("orders", "settle", *args).exit_code == 2


def test_a_french_terminal_is_asked_in_french(world: World) -> None:
    taken(world, FIRST)
    result = run_program("orders", "forget", "1", cwd=world.folder, env={"LANGUAGE": "fr"})
    assert (result.exit_code, "rien n'a" in result.stderr) == (2, True)
    assert tree(world.data)
