"""`export`: tables for the till, the accountant and whoever asks."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from lxml import html

from passerelle.base import language
from passerelle.ledger.ledger import open_ledger
from passerelle.runs import export_files
from tests.shell import Result
from tests.world import Sale, World
from tests.years import fill_ledger

NAMED = {"product_name": "Bottine été « Éléa »"}
SHOE = Sale("1042", {"370": 2}, more=NAMED)
GIFT = Sale("1043", {"371": 1, "372": 3}, payment="Chèque-cadeau", more=NAMED)
BAD = Sale("1044", {"373": "deux"})
UNPAID = Sale("1045", {"374": 1}, status="Paiement à distance", more=NAMED)


@pytest.fixture
def filled(world: World) -> World:
    world.sends(SHOE, GIFT, BAD, UNPAID, code=5)
    return world


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    language.speak("en")


def rows_of(path: Path, separator: str = ",") -> Sequence[dict[str, str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and b"\r\n" in data
    return [*csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=separator)]


def export(world: World, *args: str, to: str = "t.csv") -> Sequence[dict[str, str]]:
    world.run_well("export", *args, "-o", to)
    return rows_of(world.folder / to)


class TestOrders:
    def test_are_all_there_with_their_states_in_words(self, filled: World) -> None:
        found = {row["order"]: row for row in export(filled, "orders")}
        assert {id: row["state"] for id, row in found.items()} == {
            "1042": "in the ERP's import folder",
            "1043": "withheld, to be entered at the till",
            "1044": "rejected",
            "1045": "waiting",
        }
        assert found["1042"]["paid"] == "25.00"
        assert found["1042"]["ordered"] == "2026-11-22 10:00"
        assert found["1042"]["sent as"].startswith("ftp:import/commandes_")

    def test_that_the_shop_cancelled_do_not_wait(self, world: World) -> None:
        world.sends(Sale("1", {"370": 1}, status="Annulé"))
        (row,) = export(world, "orders")
        assert row["state"] == "cancelled in the shop"

    def test_may_begin_on_a_day(self, world: World) -> None:
        days = ("2026-11-20 23:59:59", "2026-11-21 00:00:00", "2026-11-22 10:00:00")
        world.sends(*(Sale(f"{n}", {"370": 1}, date=date) for n, date in enumerate(days)))
        for day in ("2026-11-21", "21/11/2026"):
            assert [row["order"] for row in export(world, "orders", "--since", day)] == ["1", "2"]

    def test_have_their_columns_where_there_is_none(self, world: World) -> None:
        result = world.fails("export", "orders", "-o", "t.csv", code=0, words="0 lines: t.csv")
        assert result.exit_code == 0
        assert rows_of(world.folder / "t.csv") == []


class TestMissed:
    def test_have_a_line_for_each_product_to_enter(self, filled: World) -> None:
        rows = export(filled, "missed")
        assert [(row["order"], row["EAN"], row["quantity"]) for row in rows] == [
            *(("1043", "371", "1"), ("1043", "372", "3")),
            ("1044", "373", ""),
        ]
        assert (rows[1]["product"], rows[1]["price"]) == (NAMED["product_name"], "12.50")
        assert (rows[1]["total"], rows[1]["paid in all"]) == ("37.50", "50.00")
        assert rows[2]["note"].endswith("its lines in the shop's file could not be read.")

    def test_are_no_more_once_they_are_settled(self, filled: World) -> None:
        filled.run_well("orders", "settle", "1043", "1044")
        assert export(filled, "missed") == []

    def test_have_those_that_left_the_file_unpaid(self, filled: World) -> None:
        filled.sends(SHOE, GIFT, code=5)
        assert "1045" in {row["order"] for row in export(filled, "missed")}


def test_stock_is_what_the_last_publication_held_back(filled: World) -> None:
    for levels in ({"371": 4, "372": 5}, {"371": 4, "372": 0}):
        filled.erp_writes_stock(levels)
        filled.run_well("run", "stock", "--accept-drop")
    (row,) = export(filled, "stock")
    assert (row["item"], row["the ERP's level"], row["published level"]) == ("371", "4", "0")
    assert row["for the orders"] == "1043"
    yesterday = datetime.now().astimezone() - timedelta(days=1)
    both = export(filled, "stock", "--since", f"{yesterday:%Y-%m-%d}")
    assert [row["item"] for row in both] == ["371", "372", "371"]


def test_runs_say_how_they_ended_in_words(filled: World) -> None:
    filled.erp_writes_stock({})
    filled.run("run", "stock")
    told = [(row["run"], row["exit code"], row["result"]) for row in export(filled, "runs")]
    assert told == [("orders", "5", "some data was rejected"), ("stock", "6", "held for safety")]


class TestCsv:
    def test_is_as_a_french_spreadsheet_reads_it(self, filled: World) -> None:
        filled.edit(('folder = "data"\n', 'folder = "data"\nlanguage = "fr"\n'))
        filled.run_well("export", "missed", "-o", "t.csv")
        row = rows_of(filled.folder / "t.csv", ";")[1]
        assert (row["commande"], row["prix"], row["total"]) == ("1043", "12,50", "37,50")
        assert row["état"] == "retenue, à saisir à la caisse"
        assert row["passée le"] == "22/11/2026 10:00"

    @pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
    def test_holds_no_formula(self, world: World, sign: str) -> None:
        name = f'{sign}cmd|" /C calc"!A0'
        world.sends(Sale("1", {"370": 1}, payment="Bon cadeau", more={"product_name": name}))
        (row,) = export(world, "missed")
        assert row["product"] == f"'{name}"


class TestExcel:
    @pytest.fixture
    def sheet(self, world: World) -> Any:
        formula = {"product_name": "=1+1", "email": "x@y.fr"}
        world.sends(Sale("007", {"0371": 2}, payment="Bon cadeau", more=formula))
        world.run_well("export", "missed", "-o", "t.XLSX")
        return openpyxl.load_workbook(world.folder / "t.XLSX").active

    def test_has_real_numbers_and_dates_and_a_header_that_stays(self, sheet: Any) -> None:
        names = [cell.value for cell in sheet[1]]
        row = dict(zip(names, sheet[2], strict=True))
        assert row["quantity"].value == 2
        assert (row["price"].value, row["price"].number_format) == (12.5, "0.00")
        assert row["ordered"].value == datetime(2026, 11, 22, 10)  # noqa: DTZ001
        assert sheet.freeze_panes == "A2"

    def test_leaves_numbers_of_orders_and_items_texts(self, sheet: Any) -> None:
        row = dict(zip([cell.value for cell in sheet[1]], sheet[2], strict=True))
        assert (row["order"].value, row["EAN"].value) == ("007", "0371")

    def test_takes_no_text_for_a_formula(self, sheet: Any) -> None:
        (cell,) = [cell for cell in sheet[2] if cell.value == "=1+1"]
        assert cell.data_type == "s"

    def test_of_more_rows_than_it_takes_is_refused(
        self, filled: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export_files, "_MOST_ROWS", 3)
        filled.fails("export", "orders", "-o", "t.xlsx", code=2, words="--since")
        assert not (filled.folder / "t.xlsx").exists()


def test_a_page_is_escaped_and_takes_texts_for_texts(world: World) -> None:
    name = "<script>alert(1)</script>&"
    world.sends(Sale("1", {"370": 1}, payment="Bon cadeau", more={"product_name": name}))
    world.run_well("export", "missed", "-o", "t.html")
    page = html.fromstring((world.folder / "t.html").read_bytes())
    assert page.xpath("//script") == []
    assert page.xpath("//td[text() = $name]/@class", name=name) == ["t"]
    assert [len(row) for row in page.xpath("//tr")] == [14, 14]


class TestTheFile:
    @pytest.mark.parametrize(
        ("args", "words"),
        [
            (("-o", "t.ods"), "name a file that ends in .csv, .xlsx, .html"),
            (("-o", "t"), "name a file that ends in .csv, .xlsx, .html"),
            (("-o", "t.csv", "--since", "hier"), "--since"),
            ((), "-o"),
        ],
    )
    def test_must_be_named_well(self, filled: World, args: Sequence[str], words: str) -> None:
        filled.fails("export", "orders", *args, code=2, words=words)

    def test_that_excel_holds_open_is_told_and_stays(
        self, filled: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (filled.folder / "t.csv").write_bytes(b"before")

        def refuse(_old: object, _new: object) -> None:
            raise PermissionError(13, "in use")

        monkeypatch.setattr(os, "replace", refuse)
        monkeypatch.setattr(Path, "replace", refuse)
        result: Result = filled.run("export", "orders", "-o", "t.csv")
        assert (result.exit_code, "(Excel does)" in result.stderr) == (4, True), result
        assert (filled.folder / "t.csv").read_bytes() == b"before"
        assert [*filled.folder.glob("*.part")] == []


def test_a_ledger_of_many_years_is_read_a_part_at_a_time(tmp_path: Path) -> None:
    """As many rows as were asked for, none of them in memory with the others."""
    open_ledger(tmp_path).close()
    fill_ledger(tmp_path / "passerelle.db", 20_000)
    ledger = open_ledger(tmp_path)
    found = ledger.overview.orders()
    first = next(found)
    assert (first.id, first.total) == ("old0", None) and not isinstance(found, list)
    assert sum(1 for _order in found) == 19_999
    ledger.close()


def test_money_is_exact_whatever_its_size() -> None:
    language.speak("fr")
    assert export_files._written(Decimal("12345678901234567.89")) == "12345678901234567,89"
    assert export_files._written(Decimal("1E+3")) == "1000"
