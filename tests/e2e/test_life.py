"""`orders show`: an order's whole life, told to whoever has to do something about it."""

import json
import re
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.world import Sale, World

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


def let_pass(monkeypatch: pytest.MonkeyPatch, span: timedelta) -> None:
    """From now on, `orders show` is asked so much later."""
    now = datetime.now().astimezone() + span
    # By its name: in the package, "orders" is the command.
    monkeypatch.setattr(import_module("passerelle.cli.orders"), "now", lambda: now)


class TestTheStory:
    def test_begins_with_the_file_and_when_it_was_first_seen(self, world: World) -> None:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        assert re.search(
            r"\nIt was first seen at [-0-9]{10} [:0-9]{8} in ftp:commandes\.csv, "
            r"\d+ days after it was ordered\.\n",
            show(world, "1042"),
        )

    def test_keeps_the_facts_above_it(self, world: World) -> None:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        facts, _, story = show(world, "1042").partition("\n\n")
        assert [line.partition(":")[0] for line in facts.splitlines()[:5]] == [
            *("order", "reference", "channel", "ordered", "state")
        ]
        assert story.startswith("It was first seen")

    def test_of_a_gift_card_order_says_what_to_do_at_the_till(self, world: World) -> None:
        world.shop_writes(GIFT)
        both_runs(world)
        text = show(world, "1043")
        assert "paid with a gift card (payment Chèque-cadeau). Such orders are not sent" in text
        assert "enter it at the till, then `passerelle orders settle 1043`" in text
        assert "1 of 371: held back in the publication of " in text
        assert "the ERP says 3 (line 3), the shop was given 0" in text
        assert "holds this back until the order is settled" in text

    def test_of_a_settled_order_says_when_its_products_come_back(self, world: World) -> None:
        world.shop_writes(GIFT)
        both_runs(world)
        world.run_well("orders", "settle", "1043")
        text = show(world, "1043")
        assert "It was entered by hand" in text
        assert re.search(r"The run of stock at \S+ \d\d:(19|49):00 lets go of this\.", text)
        both_runs(world)
        text = show(world, "1043")
        assert "  1 of 371\nNothing is held back for it in the stock.\n" in text

    def test_of_gift_cards_that_hold_nothing_back_says_why(self, world: World) -> None:
        world.configure(stock="withheld_is_missed = false")
        world.shop_writes(GIFT)
        both_runs(world)
        assert "stock.withheld_is_missed is off" in show(world, "1043")

    def test_of_a_rejected_order_says_how_to_mend_it(self, world: World) -> None:
        world.shop_writes(Sale("1044", {"373": "deux"}))
        both_runs(world)
        text = show(world, "1044")
        assert 'commandes.csv:2: quantity: "deux" is no number.\nTo do: mend it in the shop' in text
        assert "`passerelle orders settle 1044`" in text
        assert "373, how many cannot be read: held back" in text
        assert "until the ERP has the order or it is settled" in text
        assert shown(world, "1044")["due"] is True

    def test_of_an_order_that_left_the_file_says_that_it_cannot_be_sent(self, world: World) -> None:
        world.shop_writes(Sale("1044", {"373": "deux"}))
        both_runs(world)
        world.shop_writes(SHOE)
        assert world.run("run", "orders").exit_code == 5
        both_runs(world)
        text = show(world, "1044")
        assert "It has gone from the shop's file, so it cannot be sent." in text
        assert "`passerelle orders settle 1044`" in text
        assert "mend it in the shop" not in text
        assert shown(world, "1044")["left_the_file"] is True
        assert "held back in the publication of " in text, "it is not forgotten"
        world.shop_writes(SHOE, Sale("1044", {"373": 2}))
        both_runs(world)
        assert shown(world, "1044")["state"] == "sent"

    def test_of_a_cancelled_order_says_that_there_is_nothing_to_do(self, world: World) -> None:
        world.shop_writes(Sale("1045", {"372": 1}, status="Annulé"))
        both_runs(world)
        text = show(world, "1045")
        assert 'cancelled in the shop ("Annulé").\nThere is nothing to do' in text
        assert "Nothing is held back for it in the stock." in text

    def test_of_a_waiting_order_says_what_lets_it_go(self, world: World) -> None:
        world.configure(orders='send_statuses = ["Paiement accepté"]')
        world.shop_writes(Sale("1045", {"372": 1}, status="En attente"))
        both_runs(world)
        text = show(world, "1045")
        assert 'status "En attente" is not to be sent yet' in text
        assert "`passerelle orders resend 1045`" in text
        assert "as long as the order stands in the shop's file" in text

    def test_of_an_order_that_waits_for_the_last_xml_says_that_it_goes_by_itself(
        self, world: World
    ) -> None:
        world.configure(time_in_name=False)
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        world.shop_writes(SHOE, Sale("1046", {"373": 1}))
        world.run_well("run", "orders")
        text = show(world, "1046")
        assert "the ERP has not taken commandes.xml yet" in text
        assert re.search(r"The run of orders at \S+ \d\d:(27|57):00 sends it by itself", text)
        assert shown(world, "1046")["due"] is True

    def test_of_a_skipped_order_says_whose_it_is(self, world: World) -> None:
        world.shop_writes(SHOE)
        world.run_well("orders", "adopt")
        text = show(world, "1042")
        assert "It is the previous system's." in text
        assert "`passerelle orders resend 1042`" in text
        assert "Nothing is held back for it" in text

    def test_of_an_order_that_is_sent_again_says_so(self, world: World) -> None:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        world.erp_takes()
        world.run_well("run", "orders")
        world.run_well("orders", "resend", "1042")
        text = show(world, "1042")
        assert "It has been waiting since" in text
        assert "to be sent again, as asked" in text

    def test_of_an_upload_of_which_nobody_knows_asks_a_person(self, world: World) -> None:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        with sqlite3.connect(world.data / "passerelle.db") as db:
            db.execute("UPDATE dispatches SET stage = 'doubtful'")
            db.execute("UPDATE orders SET state = 'prepared'")
        db.close()
        text = show(world, "1042")
        assert "only the ERP knows whether it has it" in text
        assert "`passerelle orders settle 1042`; if it is not, `passerelle orders resend" in text

    def test_of_an_upload_that_was_cut_short_says_who_finishes_it(self, world: World) -> None:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        with sqlite3.connect(world.data / "passerelle.db") as db:
            db.execute("UPDATE dispatches SET stage = 'staged'")
            db.execute("UPDATE orders SET state = 'prepared'")
        db.close()
        assert "sooner: `passerelle run orders`" in show(world, "1042")


class TestAnOrderOnItsWay:
    @pytest.fixture
    def world(self, world: World) -> World:
        world.shop_writes(SHOE)
        both_runs(world)
        return world

    def test_names_its_xml_here_and_there(self, world: World) -> None:
        (xml,) = world.xmls()
        text = show(world, "1042")
        assert f"import/{xml.name} has been on ftp since " in text
        assert f"A copy is kept as ArchiveExport/{xml.name}." in text
        assert "when a run last looked, the ERP had not taken it" in text

    def test_is_normal_until_the_erp_should_have_taken_it(self, world: World) -> None:
        assert "That is normal until " in show(world, "1042")
        told = shown(world, "1042")
        assert told["overdue"] is False
        expected = datetime.fromisoformat(told["expected_taken"])
        assert expected.minute in (10, 40), "the ERP imports at :00 and :30, and has its grace"
        sent = datetime.fromisoformat(told["sent"])
        assert timedelta(minutes=10) < expected - sent <= timedelta(minutes=40)

    def test_is_to_be_looked_at_when_no_run_did(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        let_pass(monkeypatch, timedelta(hours=2))
        assert ", but no run has looked since: `passerelle run orders` does." in show(world, "1042")
        assert shown(world, "1042")["overdue"] is True

    def test_is_overdue_when_a_later_run_still_saw_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with sqlite3.connect(world.data / "passerelle.db") as db:
            earlier = datetime.now(UTC) - timedelta(hours=2)
            db.execute("UPDATE dispatches SET sent = ?", (earlier.isoformat(),))
        db.close()
        text = show(world, "1042")
        assert "That is overdue: it should have been gone by " in text
        assert "look whether the ERP's import runs" in text
        assert "for 2 hours" in text

    def test_holds_its_products_back_until_the_erp_writes_again(self, world: World) -> None:
        text = show(world, "1042")
        assert "2 of 370: held back in the publication of " in text
        assert "until the ERP has taken the XML and then written its next ExportCSV.csv" in text
        back = re.search(r"the shop has it back at \S+ \d\d:(\d\d):00\.", text)
        assert back
        assert back[1] in ("20", "50"), "the shop imports its stock then"

    def test_that_was_taken_tells_how_long_it_took(self, world: World) -> None:
        world.erp_takes()
        world.run_well("run", "orders")
        text = show(world, "1042")
        assert "a run saw that the ERP had taken it" in text
        assert re.search(r"From the order to the ERP, it took \d+ days\.", text)
        assert shown(world, "1042")["took_seconds"] > 0

    def test_that_changed_in_the_shop_says_so(self, world: World) -> None:
        world.shop_writes(Sale("1042", {"370": 2, "371": 1}, status="Annulé"))
        world.run_well("run", "orders")
        text = show(world, "1042")
        assert "Since then the shop's file says otherwise" in text
        assert 'cancelled in the shop ("Annulé") after it was sent: correct it in the ERP' in text
        (change,) = shown(world, "1042")["changed_after_sending"]
        assert change["note"].startswith("cancelled in the shop")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("10:27:20", "10:40"),
        ("10:30:00", "11:10"),
        ("10:57:20", "11:10"),
    ],
)
def test_the_clock_of_the_timetable_says_when_an_xml_is_overdue(
    new_server: NewServer, tmp_path: Any, sent: str, expected: str
) -> None:
    from passerelle.config.load import load_config
    from passerelle.explain.inquiry import Inquiry
    from passerelle.ledger.ledger import open_copy

    world = make_world(tmp_path, new_server("folder"))
    settings = load_config(world.folder / "config.toml")
    moment = datetime.fromisoformat(f"2026-11-22T{sent}").astimezone()
    with open_copy(settings.folder) as ledger:
        inquiry = Inquiry(settings, ledger, moment, str)
        assert f"{inquiry.expected_taken(moment):%H:%M}" == expected


class TestWhatIsMeant:
    def test_is_a_near_id_where_there_is_none(self, world: World) -> None:
        world.shop_writes(SHOE, GIFT)
        world.run_well("run", "orders")
        for slip in ("1024", "10422", "142", "1642", "#1042", "01042"):
            result = world.run("orders", "show", slip)
            assert result.exit_code == 2
            assert f"no order {slip} is in the ledger: did you mean 1042" in result.stderr, slip

    def test_is_nothing_where_nothing_is_near(self, world: World) -> None:
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        for id in ("777777", "%", "é" * 200, " "):
            result = world.run("orders", "show", id)
            assert result.exit_code == 2
            assert result.stderr.endswith("is in the ledger: see `passerelle orders list`\n")

    def test_may_be_a_reference(self, world: World) -> None:
        world.shop_writes(Split("1042", {"370": 1}))
        world.run_well("run", "orders")
        text = show(world, "xkbknabjk")
        assert text.startswith(
            "no order has the id xkbknabjk: it is the reference of order 1042\norder:     1042\n"
        )
        assert shown(world, "XKBKNABJK")["found_by"] == "reference"
        assert shown(world, "1042")["found_by"] == "id"

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

    @pytest.mark.parametrize(
        ("id", "command"),
        [
            ('9 "é', r'settle "9 \"é"`'),
            ("-5", 'settle -- "-5"`'),
            ("A,B;C", 'settle "A,B;C"`'),
            ("n°12/É", 'settle "n°12/É"`'),
            ("100%", 'settle "100%"`'),
        ],
    )
    def test_may_be_an_id_with_odd_signs(self, world: World, id: str, command: str) -> None:
        world.shop_writes(Sale(id, {"371": 1}, payment="Bon cadeau"))
        both_runs(world)
        text = world.run_well("orders", "show", "--", id)
        assert f"order:     {id}\n" in text
        assert f"`passerelle orders {command}" in text
        assert "1 of 371: held back in the publication of" in text
        told = json.loads(world.run_well("orders", "show", "--json", "--", id))
        assert told["what_to_do"] == [f"passerelle orders {command[:-1]}"]


def test_programs_are_told_what_people_are(world: World) -> None:
    world.shop_writes(GIFT)
    both_runs(world)
    told = shown(world, "1043")
    assert told["source"] == "ftp:commandes.csv"
    assert told["what_to_do"] == ["passerelle orders settle 1043"]
    assert told["held_back"] is True
    assert told["sold"] == [
        {
            "item": "371",
            "quantity": 1,
            "held_back": [{"line": 3, "erp": "3", "published": "0"}],
        }
    ]


def test_no_customer_is_named(world: World) -> None:
    """What the order file says of a person is in none of the stories."""
    person = {"first_name": "Zoé", "email": "zoe@example.org", "city": "Bergerac",
              "address1": "3 rue du Four", "product_name": "Bottine Éléa"}  # fmt: skip
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


class TestALargeLedger:
    ORDERS = 100_000

    @pytest.fixture
    def large(self, world: World) -> World:
        world.shop_writes(SHOE, *(Sale(f"W{n}", {"371": 1}, payment="Bon cadeau")
                                  for n in range(1500)))  # fmt: skip
        both_runs(world)
        with sqlite3.connect(world.data / "passerelle.db") as db:
            found = db.execute("SELECT * FROM orders WHERE id = '1042'")
            names = [column[0] for column in found.description]
            (row,) = found.fetchall()
            rows = [
                dict(zip(names, row, strict=True)) | {"id": f"L{n}", "reference": f"REFL{n}"}
                for n in range(self.ORDERS)
            ]
            values = ", ".join(f":{name}" for name in names)
            db.executemany(f"INSERT INTO orders VALUES ({values})", rows)  # noqa: S608
        db.close()
        return world

    @pytest.mark.parametrize("asked", ["L77777", "refl99999", "L7777Z"])
    def test_answers_at_once(self, large: World, asked: str) -> None:
        started = time.process_time()
        result = large.run("orders", "show", asked)
        assert time.process_time() - started < 2
        assert ("L7777" in result.text) or ("order:     L99999" in result.text)

    def test_tells_why_an_item_is_low_that_very_many_orders_sold(self, large: World) -> None:
        started = time.process_time()
        text = large.run_well("stock", "why", "371")
        assert time.process_time() - started < 3
        assert "\n  and 1481 more sales\n" in text
