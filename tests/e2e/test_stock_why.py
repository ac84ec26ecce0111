"""`stock why`: the reason for an item's level, and what has to happen until it goes back up."""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from passerelle.base.deadline import Deadline
from passerelle.ledger import outbox
from tests.world import Sale, World

SHOE = Sale("1", {"370": 2})
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


class TestSinceWhen:
    def test_is_at_least_since_the_oldest_that_is_remembered(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outbox, "KEPT_PUBLICATIONS", 1)
        for _ in range(3):
            publish(world, SHOE)
        text = why(world, "370")
        assert "it has been published so since " in text
        assert text.count(" at least\n") == 1
        assert " at least\n" in why(world, "371")
        (item,) = told(world, "370")["items"]
        assert item["since_is_exact"] is False


class TestWhatIsAskedFor:
    def test_may_be_any_form_of_its_number_but_none(self, world: World) -> None:
        publish(world, SHOE)
        for form in ("370", "0370", "00000370", "3 70", "'370", '="370"'):
            assert "370: line 2 of ExportCSV.csv says 5; published 0" in why(world, form)
        world.fails("stock", "why", "000", code=2, words='"000" is no item number')

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


class TestTheErpsLine:
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
    def test_is_known_to_have_taken_it_once_a_run_saw_that(self, world: World) -> None:
        publish(world, SHOE)
        with sqlite3.connect(world.data / "passerelle.db") as db:
            for fate, words in (
                ("stage = 'taken'", "the shop has imported ExportCSVmod.csv\n"),
                ("stage = 'sent', left = sent", "after its time: the shop had not imported it\n"),
            ):
                db.execute(f"UPDATE dispatches SET {fate} WHERE kind = 'stock'")  # noqa: S608
                db.commit()
                assert words in why(world, "370")
                taken = told(world, "370")["publication"]["taken_by_shop"]
                assert taken is ("taken" in fate)
        db.close()

    def test_whose_server_is_away_leaves_the_rest_of_the_answer(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Deadline, "sleep", lambda *_: None)
        publish(world, SHOE)
        os.rename(world.server.root, tmp_path / "elsewhere")  # noqa: PTH104
        result = world.run("stock", "why", "370", "--look")
        os.rename(tmp_path / "elsewhere", world.server.root)  # noqa: PTH104
        assert result.exit_code == 4
        assert "370: line 2 of ExportCSV.csv says 5; published 0" in result.stdout
        assert "the folder cannot be reached" in result.stderr
