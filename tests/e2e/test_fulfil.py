"""Sales by order status: paid later, sold later, retried until done. Shop and ERP are played."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from lxml import etree

from passerelle.base.errors import PermanentError
from passerelle.remotes.folder import FolderRemote
from tests.world import Sale, World

UNPAID, PAID, CANCELLED = "En attente de paiement", "Paiement accepté", "Annulé"
BOOK = "passerelle.ledger.outbox:DispatchBook"
REMOTE = "passerelle.remotes.folder:FolderRemote"
PLENTY = {str(370 + n): 50 for n in range(9)}

FULFIL = """
[fulfil]
enabled = true
to = "ftp:ventes/vente_{id}_{time}.xml"
start_from = 2026-11-22T00:00:00
"""
STOPS_AT_1 = """\
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:template match="/">
    <xsl:if test="sale/id = 1"><xsl:message terminate="yes">no</xsl:message></xsl:if>
    <sale><id><xsl:value-of select="sale/id"/></id></sale>
  </xsl:template>
</xsl:stylesheet>
"""


@dataclass
class Erp:
    """Imports orders and sales; refuses the sales of the orders in ``refuses``."""

    world: World
    refuses: set[str] = field(default_factory=set)
    sold: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)

    def lying(self) -> list[Path]:
        return sorted((self.world.server.root / "ventes").iterdir())

    def takes(self, *, orders: bool = True) -> list[str]:
        """Takes all that lies there; returns the ids of the orders whose sale it booked."""
        if orders:
            self.orders.update(self.world.erp_takes())
        booked = []
        for path in self.lying():
            if path.suffix == ".xml":
                id = etree.fromstring(path.read_bytes()).findtext("id") or ""
                if id in self.refuses:
                    path.rename(self.world.server.root / "refus" / path.name)
                else:
                    booked.append(id)
                    path.unlink()
        self.sold.update(booked)
        return booked


class Shop:
    """The world with fulfilment switched on: what a shop and its staff do and see."""

    def __init__(self, world: World) -> None:
        self.world, self.erp = world, Erp(world)
        for folder in ("ventes", "refus"):
            world.server.put_folder(folder)
        self.configure()
        self.stock(PLENTY)

    def configure(self, fulfil: str = 'refused = "ftp:refus"\n', *, server: str = "") -> None:
        self.world.configure(extra=FULFIL + fulfil, server=server)

    def stock(self, levels: Mapping[str, int], *, age: float = 60) -> None:
        self.world.erp_writes_stock(levels, age=age)

    def run(self, *sales: Sale, code: int = 0) -> str:
        """The shop exports, Passerelle runs; returns what it said."""
        if sales:
            self.world.shop_writes(*sales)
        return self.world.fails("run", "orders", code=code).text

    def sale(self, id: str) -> dict[str, Any]:
        """What `orders show --json` tells of an order's sale."""
        found = json.loads(self.world.run_well("orders", "show", id, "--json"))["sale"]
        assert isinstance(found, dict), f"order {id} has no sale"
        return found

    def state(self, id: str) -> str:
        return str(self.sale(id)["state"])


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world)


def order(id: str, status: str = PAID, items: Mapping[str, int] | None = None, **more: Any) -> Sale:
    return Sale(id, dict(items or {"370": 1}), status=status, **more)


class TestTheSettings:
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("enabled = true\n", "needs to, start_from"),
            ('enabled = true\nto = "ftp:v/{time}.xml"\n', "needs start_from"),
            ('to = "ftp:v/{id}.xml"\n', "{time} must stand in the file's name"),
            ('to = "ftp:import/commandes_{time}.xml"\n', "are the same file"),
            ('document = "bill"\n', "fulfil.document"),
            ('when_statuses = ["Paiement accepté", " "]\n', "a status is empty"),
            ('to = "ftp:v/{time}.xml"\nrefused = "ftp:v"\n', "refused is the folder of to"),
            ('refused = "nowhere:refus"\n', 'no server is named "nowhere"'),
            ('[fulfil.xml.names]\norders = "x"\n', "is no canonical element"),
        ],
    )
    def test_faults_are_told(self, world: World, text: str, problem: str) -> None:
        world.configure(extra=f"\n[fulfil]\n{text}")
        world.fails("run", "orders", code=3, words=problem)

    def test_a_stylesheet_that_fails_on_one_order_stops_no_other(self, shop: Shop) -> None:
        (shop.world.folder / "sale.xsl").write_text(STOPS_AT_1, encoding="utf-8")
        shop.configure('[fulfil.xml]\nstylesheet = "sale.xsl"\n')
        text = shop.run(order("1"), order("2"), code=5)
        assert "! sale of order 1: the stylesheet failed" in text
        assert shop.erp.takes() == ["2"]
        assert shop.sale("1")["problem"] == "unwritten"

    def test_runs_right_behind_each_other_give_no_name_twice(self, shop: Shop) -> None:
        shop.world.edit(("vente_{id}_{time}", "v_{time}"))
        first = [order(str(n)) for n in range(1, 5)]
        shop.run(*first)
        shop.run(*first, order("5"), order("6"))
        assert sorted(shop.erp.takes()) == ["1", "2", "3", "4", "5", "6"]

    def test_an_id_of_any_signs_makes_a_name_of_its_own(self, shop: Shop) -> None:
        ids = ["A/1", "A_1", "a_1", "é/../7 b"]
        shop.run(*map(order, ids))
        names = {path.name.casefold() for path in shop.erp.lying()}
        assert len(names) == len(ids)
        assert any(re.fullmatch(r"vente______7_b_\d{8}_\d{6}\.xml", name) for name in names)
        assert sorted(shop.erp.takes()) == ids


class TestNotEnoughStock:
    def test_so_does_what_was_issued_before_until_the_erps_file_includes_it(
        self, shop: Shop
    ) -> None:
        shop.stock({"370": 2})
        shop.run(order("1", items={"370": 2}))
        later = order("2", items={"370": 1})
        shop.run(order("1", items={"370": 2}), later)
        assert shop.state("2") == "wanted", "the file does not know of the first sale"
        shop.erp.takes()
        shop.stock({"370": 1}, age=-2)
        shop.run()
        assert shop.erp.takes() == ["2"]

    @pytest.mark.parametrize("age", [None, 3600.0])
    def test_without_a_fresh_file_it_is_not_checked_and_waits(
        self, shop: Shop, age: float | None
    ) -> None:
        path = shop.world.server.root / "ExportCSV.csv"
        if age is None:
            path.unlink()
        else:
            shop.stock(PLENTY, age=age)
        text = shop.run(order("1"))
        assert "sale waits: order 1: " in text
        assert len(shop.world.xmls()) == 1, "the order itself is sent"
        assert shop.sale("1")["problem"] == "unchecked"
        shop.stock(PLENTY)
        shop.run()
        assert shop.erp.takes() == ["1"]

    def test_what_the_shop_changed_after_the_import_counts_as_it_is_sold(self, shop: Shop) -> None:
        shop.stock({"370": 6})
        shop.run(order("1", UNPAID, {"370": 1}))
        shop.run(order("1", PAID, {"370": 5}))
        assert shop.erp.takes() == ["1"]
        text = shop.run(order("1", PAID, {"370": 5}), order("2", PAID, {"370": 4}))
        assert "370: 4 sold, 1 left" in text
        assert shop.erp.takes() == []

    def test_nothing_is_checked_where_no_stock_is_configured(self, shop: Shop) -> None:
        stock = (shop.world.folder / "config.toml").read_text("utf-8")
        shop.world.edit(("[stock]" + stock.partition("[stock]")[2].partition("[report]")[0], ""))
        (shop.world.server.root / "ExportCSV.csv").unlink()
        shop.run(order("1"))
        assert shop.erp.takes() == ["1"]


class TestNeverTwo:
    def test_when_the_server_refuses_one_the_others_go(self, shop: Shop) -> None:
        real = FolderRemote.store

        def store(remote: FolderRemote, path: str, data: bytes) -> None:
            if "vente_1_" in path:
                raise PermanentError("no room for it", path, "make some")
            real(remote, path, data)

        with mock.patch.object(FolderRemote, "store", store):
            shop.run(order("1"), order("2"), code=4)
            assert shop.erp.takes() == ["2"]
            text = shop.run(order("1"), order("2"), order("3"), code=4)
            assert "no room for it" in text
            assert shop.erp.takes() == ["3"], "a sale that is stuck hinders no order"
        shop.run()
        assert shop.erp.takes() == ["1"]
        assert shop.erp.orders == Counter({"1": 1, "2": 1, "3": 1})

    def test_where_an_upload_without_renaming_was_cut_a_person_says(self, shop: Shop) -> None:
        shop.configure(server="publish = 'direct'\n")
        shop.run(order("1", UNPAID), order("2", UNPAID))
        shop.erp.takes()
        shop.world.shop_writes(order("1"), order("2"))
        shop.world.dies(("after", REMOTE, "store"), "run", "orders")
        (path,) = shop.erp.lying()
        first = path.name.split("_")[1]
        path.unlink()
        other = "2" if first == "1" else "1"
        assert "only the ERP knows whether it has it" in shop.run(code=6)
        assert shop.erp.takes() == [other], "the other goes"
        assert "sale_stuck" in {one["kind"] for one in shop.world.concerns().values()}
        shop.run()
        assert shop.sale(first)["problem"] == "doubtful"
        shop.world.run_well("orders", "retry", first)
        shop.run()
        assert shop.erp.takes() == [first]


class TestASaleThatLiesThere:
    @pytest.fixture
    def path(self, shop: Shop) -> Path:
        shop.run(order("1", UNPAID), order("2", UNPAID))
        shop.erp.takes()
        shop.run(order("1"), order("2", UNPAID))
        (path,) = shop.erp.lying()
        return path

    def test_and_was_cut_is_issued_anew_once_it_is_gone(self, shop: Shop, path: Path) -> None:
        path.write_bytes(path.read_bytes()[:30])
        told = shop.run(code=6)
        assert "`passerelle orders settle 1`" in told
        assert "`passerelle orders retry 1`" in told
        for verb in (("retry", "1"), ("forget", "1", "--yes")):
            shop.world.fails("orders", *verb, code=2, words="lies there yet, or may")
        path.unlink()
        shop.world.run_well("orders", "retry", "1")
        shop.run()
        assert shop.erp.takes() == ["1"]

    def test_and_is_in_doubt_is_found_again(self, shop: Shop, path: Path) -> None:
        told = shop.world.run_well("servers", "accept", "ftp", "--yes")
        assert "`passerelle orders retry 1`" in told
        shop.world.fails("orders", "retry", "1", code=2, words="lies there yet, or may")
        shop.run()
        assert shop.state("1") == "sent"
        assert not [one for one in shop.world.concerns() if one.startswith("sale_")]
        assert shop.erp.takes() == ["1"]

    def test_stops_who_takes_over(self, shop: Shop, path: Path) -> None:
        for ledger in shop.world.data.glob("passerelle.db*"):
            ledger.unlink()
        adopt = ("orders", "adopt", "--yes")
        shop.world.fails(*adopt, code=6, words="let the ERP take it, then say it again")
        shop.erp.takes()
        shop.world.run_well(*adopt)
        shop.run()
        assert shop.erp.lying() == []

    def test_or_waits_goes_where_the_config_says_now(self, shop: Shop, path: Path) -> None:
        folder = path.parent.rename(path.parent.with_name("new"))
        shop.run(order("1"), order("2"), code=4)
        shop.world.edit(("ftp:ventes/", "ftp:new/"))
        shop.run()
        assert {one.name.split("_")[1] for one in folder.iterdir()} == {"1", "2"}
        assert shop.state("1") == shop.state("2") == "sent"


class TestACancelledOrder:
    @pytest.mark.parametrize(
        ("step", "again"),
        [
            (("after", BOOK, "prepare_sale"), None),
            (("after", REMOTE, "store"), "end"),
            (("before", REMOTE, "rename"), "unstage"),
        ],
    )
    def test_whose_sale_was_under_way_when_the_power_was_cut_has_it_called_off(
        self, shop: Shop, step: tuple[str, str, str], again: str | None
    ) -> None:
        shop.run(order("1", UNPAID))
        shop.world.shop_writes(order("1"))
        shop.world.dies(step, "run", "orders")
        shop.world.shop_writes(order("1", CANCELLED))
        shop.world.run_well("run", "stock")
        assert shop.erp.takes(orders=False) == [], "the shop's file decides, not the stock's run"
        if again:
            shop.world.dies(("after", BOOK, again), "run", "orders")
        shop.run()
        assert [shop.erp.takes(), shop.erp.lying(), shop.state("1")] == [[], [], "withdrawn"]
        shop.run(order("1"))
        assert shop.erp.takes() == ["1"], "it is no longer cancelled"

    def test_whose_sale_the_erp_could_see_is_told_for_a_person(self, shop: Shop) -> None:
        shop.run(order("1", UNPAID))
        shop.world.shop_writes(order("1"))
        shop.world.dies(("after", REMOTE, "rename"), "run", "orders")
        assert "though it has its sale" in shop.run(order("1", CANCELLED))
        assert [shop.erp.takes(), shop.state("1")] == [["1"], "sent"]


class TestWhatPeopleSee:
    def test_check_looks_at_its_folders(self, shop: Shop) -> None:
        text = shop.world.run("check").text
        assert "ftp:ventes/" in text
        assert "fulfil.refused (ftp:refus)" in text
        (shop.world.server.root / "refus").rmdir()
        result = shop.world.run("check")
        assert "create the folder on the server" in result.text
        assert result.exit_code != 0

    def test_convert_shows_one_orders_sale(self, shop: Shop) -> None:
        shop.world.shop_writes(order("1"), order("2", UNPAID))
        source = str(shop.world.server.root / "commandes.csv")
        result = shop.world.run("convert", source, "--sale", "2")
        assert etree.fromstring(result.output).findtext("id") == "2"
        assert shop.world.run("convert", source, "--sale", "9").exit_code == 2


def test_a_customer_leaves_the_sales_too(shop: Shop) -> None:
    ann = {"email": "ann@x.fr", "first_name": "Anaïs", "vat_number": "FR12345678901"}
    shop.run(order("1", more=ann), order("2", last_name="Durand"))
    shop.erp.takes()
    shop.run()
    text = shop.world.run_well("customer", "erase", "ann@x.fr")
    assert re.search(r"erased from ArchiveExport/vente_1_\d+_\d+\.xml: order 1", text)
    (path,) = (shop.world.data / "ArchiveExport").glob("vente_1_*.xml")
    sale = etree.parse(path)
    assert [sale.findtext("customer"), sale.findtext("lines/line/ean13")] == [None, "370"]
    assert b"ann@x.fr" not in path.read_bytes()
