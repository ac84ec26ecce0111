"""An order's goods, with names and prices: as `orders show` tells them, and as runs keep them."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.servers.fixtures import NewServer
from tests.world import Sale, World

NAMED = {"product_name": "Bottine été, taille 37 « Éléa »", "email": "ann@example.org"}
SHOE = Sale("1042", {"3701234567890": 2}, more=NAMED)
GIFT = Sale("1043", {"3701234567890": 1}, payment="Chèque-cadeau", more=NAMED)
UNPAID = Sale("1044", {"3701234567890": 3}, status="Paiement à distance", more=NAMED)
STYLESHEET = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/orders"><v><xsl:for-each select="order"><o n="{id}"/></xsl:for-each></v>
</xsl:template></xsl:stylesheet>"""


def shown(world: World, id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.run_well("orders", "show", id, "--json"))
    return found


def kept(world: World) -> list[Path]:
    return sorted((world.data / "ArchiveWithheld").iterdir())


class TestTheGoods:
    @pytest.mark.parametrize("sale", [SHOE, GIFT, UNPAID])
    def test_are_told_whatever_became_of_the_order(self, world: World, sale: Sale) -> None:
        world.sends(sale)
        (line,) = shown(world, sale.id)["goods"]["lines"]
        quantity = sum(int(one) for one in sale.items.values())
        assert line["product_name"] == NAMED["product_name"]
        assert (line["ean13"], line["quantity"]) == ("3701234567890", quantity)
        assert (line["unit_price"], line["amount"]) == ("12.50", f"{quantity * 12.5:.2f}")

    @pytest.mark.parametrize("id", ["1042", "1043"])
    def test_are_a_table_with_its_sum(self, world: World, id: str) -> None:
        world.sends(SHOE, GIFT)
        text = world.run_well("orders", "show", id)
        assert "product\treference\tEAN\tquantity\tprice\ttotal\n" in text
        total = "25.00" if id == "1042" else "12.50"
        row = f"{NAMED['product_name']}\t\t3701234567890\t{int(id) % 2 or 2}\t12.50\t{total}\n"
        assert row in text
        assert text.endswith(f"goods: {total}\n")

    def test_are_read_by_the_erps_own_names(self, world: World) -> None:
        world.configure(
            orders='xml.decimal = ","\nxml.names = {line = "ligne", unit_price = "prix"}\n'
        )
        world.sends(SHOE)
        (line,) = shown(world, "1042")["goods"]["lines"]
        assert (line["unit_price"], line["quantity"]) == ("12.50", 2)

    def test_are_found_among_others_of_the_same_xml(self, world: World) -> None:
        world.sends(*(Sale(f"{n}", {f"37{n}": n + 1}) for n in range(5)))
        for n in range(5):
            (line,) = shown(world, f"{n}")["goods"]["lines"]
            assert (line["ean13"], line["quantity"]) == (f"37{n}", n + 1)

    def test_are_kept_where_a_stylesheet_writes_the_xml(self, world: World) -> None:
        (world.folder / "erp.xsl").write_text(STYLESHEET, encoding="utf-8")
        world.configure(orders='xml.stylesheet = "erp.xsl"\n')
        world.sends(SHOE)
        assert shown(world, "1042")["goods"]["kept_in"].startswith("ArchiveWithheld/")

    def test_are_those_that_the_shop_has_now(self, world: World) -> None:
        world.sends(UNPAID)
        world.sends(Sale("1044", {"371": 1}, status=UNPAID.status, more=NAMED))
        (line,) = shown(world, "1044")["goods"]["lines"]
        assert line["ean13"] == "371"

    def test_of_another_order_under_the_same_id_are_not_told(self, world: World) -> None:
        world.sends(GIFT)
        (path,) = kept(world)
        other = path.read_text(encoding="utf-8").replace("2026-11-22", "2025-11-22")
        path.write_text(other, encoding="utf-8")
        assert shown(world, "1043")["goods_unknown"]["why"] == "not_kept"


class TestWhatIsKept:
    def test_has_nothing_of_the_customer(self, world: World) -> None:
        world.sends(SHOE, GIFT, UNPAID)
        (path,) = kept(world)
        text = path.read_text(encoding="utf-8")
        assert "1043" in text and "1044" in text and "1042" not in text
        assert "Lefèvre" not in text and "ann@example.org" not in text

    def test_is_written_once_as_long_as_nothing_changes(self, world: World) -> None:
        world.sends(GIFT)
        before = kept(world)[0].read_bytes()
        world.run_well("run", "orders")
        assert kept(world)[0].read_bytes() == before

    def test_is_written_by_the_run_of_stock_too_where_that_meets_the_order_first(
        self, world: World
    ) -> None:
        world.shop_writes(GIFT, Sale("1046", {"371": 1}, status="Annulé"))
        world.erp_writes_stock({"3701234567890": 5, "371": 1})
        world.run_well("run", "stock")
        assert shown(world, "1043")["goods"]["amount"] == "12.50"
        assert shown(world, "1046")["goods"] is None

    def test_is_not_written_by_a_dry_run(self, world: World) -> None:
        world.shop_writes(GIFT)
        world.run_well("run", "orders", "--dry-run")
        assert not (world.data / "ArchiveWithheld").exists()

    def test_is_read_behind_a_line_that_was_cut(self, world: World) -> None:
        world.sends(UNPAID)
        (path,) = kept(world)
        path.write_bytes(path.read_bytes()[:-20])
        world.sends(UNPAID, GIFT)
        assert shown(world, "1043")["goods"]["amount"] == "12.50"
        assert shown(world, "1044")["goods_unknown"]["why"] == "not_kept"

    def test_leaves_with_the_archive(self, world: World) -> None:
        world.sends(GIFT)
        (path,) = kept(world)
        old = datetime.now().astimezone() - timedelta(days=731)
        path.rename(path.with_name(f"Goods_{old:%Y%m%d}_000000.jsonl"))
        text = world.run_well("archive", "prune")
        assert "ArchiveWithheld: 1 file removed" in text
        assert kept(world) == []

    def test_that_cannot_be_written_stops_no_run_and_is_told(self, world: World) -> None:
        world.data.mkdir()
        (world.data / "ArchiveWithheld").write_text("", encoding="utf-8")
        text = world.sends(SHOE, GIFT)
        assert "cannot be kept in ArchiveWithheld" in text
        assert world.states() == {"1042": "sent", "1043": "withheld"}
        assert "no goods of it were kept" in world.run_well("orders", "show", "1043")


class TestWhereTheyAreNotKnown:
    def test_a_file_that_is_gone_is_told(self, world: World) -> None:
        world.sends(SHOE)
        for path in (world.data / "ArchiveExport").glob("*.xml"):
            path.unlink()
        text = world.run_well("orders", "show", "1042")
        assert "cannot be told: ArchiveExport/commandes_" in text
        assert ".xml is not there; the archive keeps it as long as [archive] says." in text
        assert shown(world, "1042")["goods_unknown"]["why"] == "gone"

    @pytest.mark.parametrize(
        ("data", "why"),
        [(b"<orders><order><id>10", "unreadable"), (b"", "unreadable"), (b"<o/>", "foreign")],
    )
    def test_a_file_of_another_form_is_told(self, world: World, data: bytes, why: str) -> None:
        world.sends(SHOE)
        for path in (world.data / "ArchiveExport").glob("*.xml"):
            path.write_bytes(data)
        assert shown(world, "1042")["goods_unknown"]["why"] == why

    def test_an_illegible_order_says_why(self, world: World) -> None:
        world.sends(Sale("1045", {"370": "deux"}), code=5)
        text = world.run_well("orders", "show", "1045")
        assert "its lines in the shop's file could not be read." in text


def test_a_held_first_run_keeps_the_goods_too(tmp_path: Path, new_server: NewServer) -> None:
    world = World(tmp_path, new_server("folder"))
    world.configure(orders="# start_from\n")
    world.sends(SHOE, code=6)
    assert shown(world, "1042")["goods"]["amount"] == "25.00"
