"""`orders show`: an order's whole life, told to whoever has to do something about it."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from passerelle.config.load import load_config
from passerelle.explain.inquiry import Inquiry
from passerelle.ledger.ledger import open_copy
from tests.world import Sale, World, tree

SHOE = Sale("1042", {"370": 2, "371": 1})
GIFT = Sale("1043", {"371": 1}, payment="Chèque-cadeau")
LEVELS = {"370": 5, "371": 3, "372": 4, "373": 2}


@dataclass(frozen=True)
class Split(Sale):
    """One of several orders that share a reference, as the shop splits them."""

    reference: str = "XKBKNABJK"

    def rows(self) -> Iterable[Mapping[str, str]]:
        for row in super().rows():
            yield {**row, "reference": self.reference}


def show(world: World, id: str) -> str:
    return world.run_well("orders", "show", id)


def shown(world: World, id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.run_well("orders", "show", id, "--json"))
    return found


def both_runs(world: World, levels: Mapping[str, int] = LEVELS) -> None:
    world.run("run", "orders")
    world.erp_writes_stock(levels)
    world.run_well("run", "stock")


class TestTheStory:
    @pytest.mark.parametrize(
        ("stage", "words"),
        [
            (
                "doubtful",
                "`passerelle orders settle 1042`; if it is not, `passerelle orders resend",
            ),
            ("staged", "sooner: `passerelle run orders`"),
        ],
    )
    def test_of_an_upload_that_was_cut_says_who_finishes_it(
        self, world: World, stage: str, words: str
    ) -> None:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        with closing(sqlite3.connect(world.data / "passerelle.db")) as ledger, ledger:
            ledger.execute("UPDATE dispatches SET stage = ?", (stage,))
            ledger.execute("UPDATE orders SET state = 'prepared'")
        assert words in show(world, "1042")

    def test_of_an_order_on_its_way_tells_when_no_run_looked(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.shop_writes(SHOE)
        both_runs(world)
        now = datetime.now().astimezone() + timedelta(hours=2)
        # By its name: in the package, "orders" is the command.
        monkeypatch.setattr(import_module("passerelle.cli.orders"), "now", lambda: now)
        assert ", but no run has looked since: `passerelle run orders` does." in show(world, "1042")
        assert shown(world, "1042")["overdue"] is True


@pytest.mark.parametrize(
    ("sent", "expected"), [("10:27:20", "10:40"), ("10:30:00", "11:10"), ("10:57:20", "11:10")]
)
def test_the_clock_of_the_timetable_says_when_an_xml_is_overdue(
    world: World, sent: str, expected: str
) -> None:
    settings = load_config(world.folder / "config.toml")
    moment = datetime.fromisoformat(f"2026-11-22T{sent}").astimezone()
    with open_copy(settings.folder) as ledger:
        inquiry = Inquiry(settings, ledger, moment, str)
        assert f"{inquiry.expected_taken(moment):%H:%M}" == expected


class TestWhatIsMeant:
    def test_may_be_a_reference_that_several_orders_share(self, world: World) -> None:
        world.shop_writes(
            Split("1042", {"370": 1}), Split("1043", {"371": 1}, payment="Bon cadeau")
        )
        world.run_well("run", "orders")
        text = show(world, "XKBKNABJK")
        assert text.startswith("XKBKNABJK is the reference of 2 orders; show one by its id:\n")
        assert "1042\tweb\tsent" in text
        assert "1043\tweb\twithheld" in text
        told = shown(world, "XKBKNABJK")
        assert [order["state"] for order in told["orders"]] == ["sent", "withheld"]

    def test_may_be_an_id_with_odd_signs(self, world: World) -> None:
        commands = {
            '9 "é': r'settle "9 \"é"',
            "-5": 'settle -- "-5"',
            "A,B;C": 'settle "A,B;C"',
            "n°12/É": 'settle "n°12/É"',
            "100%": 'settle "100%"',
        }
        world.shop_writes(*(Sale(id, {"371": 1}, payment="Bon cadeau") for id in commands))
        both_runs(world)
        for id, command in commands.items():
            text = world.run_well("orders", "show", "--", id)
            assert f"order:     {id}\n" in text
            assert f"`passerelle orders {command}`" in text
            assert "1 of 371: held back in the publication of" in text
        told = json.loads(world.run_well("orders", "show", "--json", "--", "-5"))
        assert told["what_to_do"] == [f"passerelle orders {commands['-5']}"]


def test_no_customer_is_named(world: World) -> None:
    """What the order file says of a person is in no story, nor in what is kept but the XMLs."""
    person = {"first_name": "Zoé", "email": "zoe@example.org", "city": "Bergerac",
              "address1": "3 rue du Four"}  # fmt: skip
    world.shop_writes(
        Sale("1", {"370": 1}, last_name="Canari", more=person),
        Sale("2", {"371": 1}, payment="Bon cadeau", last_name="Canari", more=person),
        Sale("3", {"372": "?"}, last_name="Canari", more=person),
    )
    both_runs(world)
    text = "".join(
        world.run_well("orders", "show", id, *more) for id in "123" for more in ((), ("--json",))
    )
    text += "".join(world.run_well("stock", "why", item) for item in LEVELS)
    for word in ("Canari", *person.values()):
        assert word not in text
        files = {k: v for k, v in tree(world.data).items() if "ArchiveExport" not in k}
        assert [name for name, data in files.items() if word.encode() in data] == []
