"""A shop on Odoo needs no ExportCSV: its stock, and that of a pool, come from a location."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from passerelle.cli.demo.odoo import FakeOdoo
from tests.shell import Result, run_program

EANS = ("3701234500010", "3701234500027", "3701234500034")
ORDERS = """id_order;reference;date_add;status;payment;ean13;quantity;unit_price
1;R1;{date} 09:58:01;Paiement accepté;CB;3701234500027;1;12,00
"""


class OdooShop:
    def __init__(self, folder: Path, odoo: FakeOdoo, **more: str) -> None:
        self.folder, self.server = folder, folder / "server"
        (self.server / "import").mkdir(parents=True)
        (self.server / "commandes.csv").write_text(ORDERS.format(date="2026-11-22"), "utf-8")
        (folder / "config.toml").write_text(
            f"""
servers.ftp.url = "server"
servers.ftp.settle = "0s"
orders.from = "ftp:commandes.csv"
orders.to = "ftp:import/commandes_{{time}}.xml"
orders.start_from = 2026-01-01T00:00:00
report.after_runs = false
{more.get("stock", 'stock.from = "odoo:"')}
stock.to = "ftp:ExportCSVmod.csv"
[connectors.odoo]
kind = "odoo"
url = "{odoo.url}"
database = "{odoo.database}"
apikey = "{odoo.key()}"
{more.get("pool", "")}
""",
            "utf-8",
        )

    def run(self, *words: str, expected: int = 0) -> Result:
        result = run_program("--config", str(self.folder / "config.toml"), *words)
        assert result.exit_code == expected, result.text
        return result


@pytest.fixture
def odoo() -> Iterator[FakeOdoo]:
    with FakeOdoo() as odoo:
        for ean, level in zip(EANS, (4.0, 6.0, 0.0), strict=True):
            odoo.add_product(f"C{ean}", level, barcode=ean)
        odoo.add_product("NO-BARCODE", 2.0)
        odoo.add_product("SERVICE", is_storable=False)
        yield odoo


def test_the_levels_of_a_location_are_published_less_the_missed_sales(
    tmp_path: Path, odoo: FakeOdoo
) -> None:
    shop = OdooShop(tmp_path, odoo)
    told = shop.run("run", "stock").stdout
    assert "3701234500027: 6 -> 0 (line 3, sold in 1)" in told
    published = (shop.server / "ExportCSVmod.csv").read_text("utf-8")
    assert published.splitlines() == [
        "Gencod;Stock", "3701234500010;4", "3701234500027;0", "3701234500034;0", "NO-BARCODE;2",
    ]  # fmt: skip
    told = shop.run("stock", "why", "3701234500027").stdout
    assert "says 6; published 0, because the ERP does not include" in told
    assert "written 10 minutes ago" not in shop.run("status", expected=0).stdout
    assert "as it is now" in (tmp_path / "Trace2.txt").read_text("utf-8")
    assert "ok       stock.from: WH/Stock is there" in shop.run("check").stdout


def test_what_odoo_took_just_now_counts_as_missed_for_a_while(
    tmp_path: Path, odoo: FakeOdoo
) -> None:
    shop = OdooShop(tmp_path, odoo)
    shop.run("run", "orders")
    next((shop.server / "import").glob("*.xml")).unlink()
    shop.run("run", "orders")
    assert "3701234500027: 6 -> 0" in shop.run("run", "stock").stdout
    config = tmp_path / "config.toml"
    config.write_text('chain.grace = "0s"\n' + config.read_text("utf-8"), "utf-8")
    assert "0 changed" in shop.run("run", "stock").stdout


def test_an_odoo_that_is_away_publishes_nothing(tmp_path: Path, odoo: FakeOdoo) -> None:
    shop = OdooShop(tmp_path, odoo)
    odoo.faults.append(lambda _request, _carry_out: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("passerelle.connectors.web.pause", lambda _seconds: None)
        shop.run("run", "stock", expected=4)
    assert not (shop.server / "ExportCSVmod.csv").exists()


def test_an_unknown_location_holds(tmp_path: Path, odoo: FakeOdoo) -> None:
    shop = OdooShop(tmp_path, odoo, stock='stock.from = "odoo:WH/Shelf"')
    assert "there is no internal location" in shop.run("run", "stock", expected=6).stderr
    assert "fault    stock.from: there is no internal" in shop.run("check", expected=6).stdout


def test_a_pool_takes_its_levels_from_there(tmp_path: Path, odoo: FakeOdoo) -> None:
    pool = """
[pool]
owner = "erp"
[pool.shops.fr]
orders_from = "ftp:commandes.csv"
stock_from = "ftp:fr-stock.csv"
stock_to = "ftp:fr-import.csv"
"""
    shop = OdooShop(tmp_path, odoo, pool=pool)
    lines = "".join(f"{ean};1\n" for ean in EANS)
    (shop.server / "fr-stock.csv").write_text(f"Gencod;Stock\n{lines}", "utf-8")
    shop.run("run", "pool", "--accept")
    written = (shop.server / "fr-import.csv").read_text("utf-8")
    assert written.splitlines()[1:] == ["3701234500010;4", "3701234500027;5", "3701234500034;0"]
