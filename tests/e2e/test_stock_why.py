"""`stock why`: the reason for an item's level, and what has to happen until it goes back up."""

import json
import os
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from passerelle.ledger import looking_back, stock
from tests.world import Sale, World

SHOE = Sale("1", {"370": 2})
GIFT = Sale("2", {"370": 1, "371": 1}, payment="Bon cadeau")
LEVELS = {"370": 5, "371": 3, "372": 4, "373": 2}


def why(world: World, item: str, *options: str) -> str:
    return world.run_well("stock", "why", item, *options)


def told(world: World, item: str, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(why(world, item, "--json", *options))
    return found


def publish(world: World, *sales: Sale) -> None:
    world.shop_writes(*sales)
    world.erp_writes_stock(LEVELS)
    world.run_well("run", "stock")


def times(text: str, before: str) -> list[str]:
    """The time that stands behind ``before``, in every line that has it."""
    return [line.partition(before)[2][:19] for line in text.splitlines() if before in line]


class TestAnItemThatIsHeldBack:
    def test_has_its_sales_with_what_has_to_happen_to_each(self, world: World) -> None:
        world.shop_writes(SHOE, GIFT)
        world.run_well("run", "orders")
        publish(world, SHOE, GIFT)
        (xml,) = world.xmls()
        text = why(world, "370")
        assert "370: line 2 of ExportCSV.csv says 5; published 0, because" in text
        assert "order 1 (sent), order 2 (withheld)" in text
        assert (
            f"  2 sold: order 1 is on its way in {xml.name}; the ERP takes it, then writes its "
            "next ExportCSV.csv\n"
        ) in text
        assert "  1 sold: order 2 is withheld: enter it at the till, then `passerelle " in text
        assert "once none of these sales is missing in ExportCSV.csv" in text
        assert "the shop has it back at" not in text, "somebody has to enter order 2 first"
        assert "it was made from ExportCSV.csv, which the ERP wrote at " in text

    def test_tells_how_its_order_came_on_since(self, world: World) -> None:
        world.shop_writes(SHOE, GIFT)
        world.run_well("run", "orders")
        publish(world, SHOE, GIFT)
        world.erp_takes()
        world.run_well("run", "orders")
        world.run_well("orders", "settle", "2")
        text = why(world, "370")
        assert "order 1 is taken: the run of stock at " in text
        assert "order 2 is settled: the run of stock at " in text
        assert re.search(r"the shop has it back at \S+ \d\d:(20|50):00\n", text)

    def test_that_the_erp_took_too_late_waits_for_its_next_file(self, world: World) -> None:
        world.erp_writes_stock(LEVELS, age=600)
        world.shop_writes(SHOE)
        world.run_well("run", "orders")
        world.erp_takes()
        world.run_well("run", "stock")
        text = why(world, "370")
        assert "the ERP took order 1; its next ExportCSV.csv includes it" in text

    def test_may_wait_for_a_run_of_orders(self, world: World) -> None:
        publish(world, SHOE)
        text = why(world, "370")
        assert "order 1 (not met by `run orders` yet)" in text
        assert "order 1 is not in the ledger: the run of orders at " in text

    def test_may_wait_for_a_person_or_the_shop(self, world: World) -> None:
        world.configure(orders='send_statuses = ["Paiement accepté"]')
        sales = Sale("3", {"370": "?"}), Sale("4", {"371": 1}, status="En attente")
        world.shop_writes(*sales)
        world.run("run", "orders")
        publish(world, *sales)
        assert "  sold: order 3 was rejected: mend it in the shop" in why(world, "370")
        assert "(why: `passerelle orders show 3`)" in why(world, "370")
        assert "order 4 waits for the shop's file to let it go" in why(world, "371")

    def test_may_be_taken_out_of_the_file(self, world: World) -> None:
        world.configure(stock='missed_sales = "remove"')
        publish(world, Sale("1", {"371": 1}))
        text = why(world, "371")
        assert "371: line 3 of ExportCSV.csv says 3; its line was taken away, because" in text
        assert "a product that is not in the file is set to 0 by the shop's import" in text

    def test_names_an_order_whose_id_holds_commas(self, world: World) -> None:
        sales = [Sale(id, {"370": 1}, payment="Bon cadeau") for id in ("A,B", "C", "1,2,3")]
        world.shop_writes(*sales)
        world.run_well("run", "orders")
        publish(world, *sales)
        (item,) = told(world, "370")["items"]
        assert {s["order"] for s in item["lines"][0]["sales"]} == {"A,B", "C", "1,2,3"}
        assert '`passerelle orders settle "A,B"`' in why(world, "370")


class TestSinceWhen:
    def test_counts_the_publications_that_have_it_so(self, world: World) -> None:
        publish(world)
        publish(world, SHOE)
        first = times(why(world, "370"), "last publication: ExportCSVmod.csv, ")
        publish(world, SHOE)
        text = why(world, "370")
        assert times(text, "it has been published so since ") == first
        assert "at least" not in text

    def test_is_at_least_since_the_oldest_that_is_remembered(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in (stock, looking_back):
            monkeypatch.setattr(module, "KEPT_PUBLICATIONS", 1)
        for _ in range(4):
            publish(world, SHOE)
        text = why(world, "370")
        assert "it has been published so since " in text
        assert text.count(" at least\n") == 1
        assert " at least\n" in why(world, "371")
        (item,) = told(world, "370")["items"]
        assert item["since_is_exact"] is False

    def test_none_of_its_sales_was_held_back_is_told_too(self, world: World) -> None:
        publish(world, SHOE)
        world.run_well("run", "orders")
        world.erp_takes()
        publish(world, SHOE)
        text = why(world, "370")
        assert "370: published 5, as the ERP says (line 2); no sale was held back" in text
        (since,) = times(text, "no sale of it has been held back since ")
        assert since == times(text, "last publication: ExportCSVmod.csv, ")[0]


class TestWhatIsAskedFor:
    @pytest.mark.parametrize("form", ["370", "0370", "00000370", "3-7 0", "'370", '="370"'])
    def test_may_be_any_form_of_its_number(self, world: World, form: str) -> None:
        publish(world, SHOE)
        assert "370: line 2 of ExportCSV.csv says 5; published 0" in why(world, form)

    def test_may_be_a_cell_of_another_column(self, world: World) -> None:
        """The ERP's file is cp1252, and its texts hold quotes and separators."""
        publish(world, SHOE)
        text = why(world, 'bottine "Éléa", taille 0')
        assert '"Désignation" says so in line 2 of ExportCSVmod.csv: it is item 370\n' in text
        assert "370: line 2 of ExportCSV.csv says 5; published 0" in text
        assert "not in the ERP's file" in why(world, "taille 0"), "a whole cell, not a part of it"

    def test_may_be_a_reference_that_several_items_share(self, world: World) -> None:
        world.shop_writes(SHOE)
        lines = ["ID;Gencod;Référence;Stock", "1;370;BOT-É;5", "2;371;BOT-É;3", "3;372;SAC;1"]
        world.server.put("ExportCSV.csv", ("\r\n".join(lines) + "\r\n").encode("cp1252"))
        world.run_well("run", "stock")
        found = told(world, "BOT-É")
        assert [item["item"] for item in found["items"]] == ["370", "371"]
        assert found["items"][1]["found_in"] == [{"line": 3, "column": "Référence"}]
        text = why(world, "BOT-É")
        assert "370: line 2 of ExportCSV.csv says 5; published 0" in text
        assert "371: published 3, as the ERP says (line 3)" in text

    def test_may_be_a_gift_card(self, world: World) -> None:
        publish(world, SHOE)
        text = why(world, "1201")
        assert "1201: a gift card, published 999: the ERP does not know it" in text
        assert "not in the ERP's file" not in text
        (item,) = told(world, "1201")["items"]
        assert item["gift_card"] is True

    def test_may_be_unknown_to_the_erp(self, world: World) -> None:
        publish(world, SHOE)
        assert "999: not in the ERP's file, so the shop's import sets it to 0" in why(world, "999")
        (item,) = told(world, "999")["items"]
        assert item["in_erp_file"] is False

    def test_must_be_something(self, world: World) -> None:
        publish(world, SHOE)
        result = world.run("stock", "why", "000")
        assert result.exit_code == 2
        assert '"000" is no item number' in result.stderr

    def test_has_no_answer_before_the_first_publication(self, world: World) -> None:
        assert why(world, "370") == "no stock was published yet\n"
        assert told(world, "370") == {"asked": "370", "publication": None, "items": []}


class TestTheErpsLine:
    def test_is_its_own_even_where_lines_before_it_were_taken_away(self, world: World) -> None:
        world.configure(stock='missed_sales = "remove"')
        publish(world, Sale("1", {"370": 1, "372": 1}))
        assert "published 3, as the ERP says (line 3)" in why(world, "371")
        assert "published 2, as the ERP says (line 5)" in why(world, "373")

    def test_is_not_told_from_the_copy_of_another_publication(self, world: World) -> None:
        publish(world)
        copy = world.data / "Last_ExportCSVmod.csv"
        old = copy.read_bytes()
        publish(world, SHOE)
        copy.write_bytes(old)
        text = why(world, "371")
        assert "Last_ExportCSVmod.csv is of another publication, so its level is not known" in text
        assert "published 3" not in text
        copy.unlink()
        assert "Last_ExportCSVmod.csv is gone, so its level is not known" in why(world, "371")
        (item,) = told(world, "371")["items"]
        assert item["in_erp_file"] is None


class TestTheShop:
    def test_shows_what_it_had_where_a_publication_was_withdrawn(self, world: World) -> None:
        publish(world, SHOE)
        world.shop_takes_stock()
        publish(world, SHOE, Sale("5", {"371": 1}))
        world.erp_writes_stock(LEVELS, age=26 * 60)
        assert world.run("run", "stock").exit_code == 6
        text = why(world, "370")
        assert "it was withdrawn before the shop took it" in text
        assert "the shop shows what it imported before: the publication of " in text
        assert "370 was at 0 in that one (the ERP said 5)" in text
        assert "in that one, no sale of 371 was held back" in why(world, "371")
        assert told(world, "370")["publication"]["taken_by_shop"] is False

    def test_shows_what_it_always_did_where_the_first_one_was_withdrawn(self, world: World) -> None:
        publish(world, SHOE)
        world.erp_writes_stock(LEVELS, age=26 * 60)
        world.run("run", "stock")
        assert "the shop shows what it had before Passerelle published" in why(world, "370")

    def test_is_known_to_have_taken_it_once_a_run_saw_that(self, world: World) -> None:
        publish(world, SHOE)
        with sqlite3.connect(world.data / "passerelle.db") as db:
            for fate, words in (
                ("taken", "the shop has imported ExportCSVmod.csv\n"),
                ("left", "after its time: the shop had not imported it\n"),
            ):
                db.execute("UPDATE publications SET fate = ?", (fate,))
                db.commit()
                assert words in why(world, "370")
                taken = told(world, "370")["publication"]["taken_by_shop"]
                assert taken is (fate == "taken")
        db.close()

    def test_is_asked_only_on_request(self, world: World) -> None:
        publish(world, SHOE)
        assert "(--look asks the server)" in why(world, "370")
        assert told(world, "370")["publication"]["taken_by_shop"] is None
        assert "the shop has not imported it yet" in why(world, "370", "--look")
        assert told(world, "370", "--look")["publication"]["taken_by_shop"] is False
        world.shop_takes_stock()
        assert "is gone from ftp: the shop has imported it" in why(world, "370", "--look")
        assert told(world, "370", "--look")["publication"]["taken_by_shop"] is True

    def test_whose_server_is_away_leaves_the_rest_of_the_answer(
        self, world: World, tmp_path: Path
    ) -> None:
        publish(world, SHOE)
        os.rename(world.server.root, tmp_path / "elsewhere")  # noqa: PTH104
        result = world.run("stock", "why", "370", "--look")
        os.rename(tmp_path / "elsewhere", world.server.root)  # noqa: PTH104
        assert result.exit_code == 4
        assert "370: line 2 of ExportCSV.csv says 5; published 0" in result.stdout
        assert "the folder cannot be reached" in result.stderr


def test_programs_are_told_what_people_are(world: World) -> None:
    world.shop_writes(GIFT)
    world.run_well("run", "orders")
    publish(world, GIFT)
    found = told(world, "0371")
    assert found["asked"] == "0371"
    assert found["publication"]["stage"] == "published"
    (item,) = found["items"]
    assert item["held_back"] is True
    assert item["lines"] == [
        {
            "line": 3,
            "erp": "3",
            "published": "0",
            "sales": [{"order": "2", "quantity": 1, "state": "withheld", "sent_as": None}],
        }
    ]
