"""What tills may sell, read from the stock files beside the ledger."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from passerelle.tills.items import ItemList
from tests.unit import stock_settings

OURS, SHOP = "Last_ExportCSVmod.csv", "Last_fr_stock.csv"


def items_in(folder: Path) -> ItemList:
    shop = stock_settings(columns={"ean13": ["EAN"], "quantity": ["Qté"]})
    return ItemList(folder, {OURS: stock_settings(), SHOP: shop})


def write(path: Path, text: str, time: int, encoding: str = "utf-8") -> None:
    path.write_bytes(text.encode(encoding))
    os.utime(path, (time, time))


def item(ean13: str, name: str, price: str | None, stock: int | None) -> dict[str, Any]:
    return {"ean13": ean13, "name": name, "price": price, "stock": stock}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Gencod;Libellé;PVTTC;Stock\r\n0370;Été;1 234,50 €;4\r\n",
         [item("0370", "Été", "1234.50", 4)]),
        ('Gencod,Nom,Prix TTC,Stock\n370,"Sac ""A"", bleu",9.90,4.0\n371,,gratis,?\n',
         [item("370", 'Sac "A", bleu', "9.90", 4), item("371", "", None, None)]),
        ("Gencod\tStock\tPrix HT\n370\t7\t3.00\n", [item("370", "", None, 7)]),
        ("Gencod;Désignation;Prix;Stock\n370;A;1.250;4\n371;B;2,50;5\n;C;1;1\n3,7E+12;D;1;1\n",
         [item("370", "A", "1250", 4), item("371", "B", "2.50", 5)]),
        ("Gencod;Nom;Prix;Stock\n370;A;1.250;4\n371;B;2,50;5\n372;C;2.50;6\n",
         [item("370", "A", None, 4), item("371", "B", "2.50", 5), item("372", "C", "2.50", 6)]),
        ("Gencod;Name;Price;Stock\n370;A;-1;4\n0370;A;2;-3\n", [item("370", "A", None, -3)]),
    ],
)  # fmt: skip
def test_name_and_price_are_read_where_the_file_has_them(
    tmp_path: Path, text: str, found: list[dict[str, Any]]
) -> None:
    for time, encoding in enumerate(("utf-8", "cp1252", "utf-8-sig")):
        write(tmp_path / OURS, text, time, encoding)
        assert json.loads(items_in(tmp_path).listed().data) == found


def test_the_newest_file_counts_and_a_damaged_one_changes_nothing(tmp_path: Path) -> None:
    items = items_in(tmp_path)
    empty = items.listed()
    assert (empty.data, items_in(tmp_path).listed().tag) == (b"[]", empty.tag)
    write(tmp_path / OURS, "Gencod;Nom;Prix;Stock\n370;Botte;9,90;4\n371;Gant;5;1\n", 1)
    first = items.listed()
    assert first.tag != empty.tag
    assert first is items.listed(), "read once"
    write(tmp_path / SHOP, "EAN;Qté\n370;2\n", 2)
    merged = items.listed()
    assert json.loads(merged.data) == [item("370", "Botte", "9.90", 2)]
    for damaged in ("", "EAN;Qté\n37", "A;B\n1;2\n"):
        write(tmp_path / SHOP, damaged, 3)
        assert items.listed() == merged
    (tmp_path / SHOP).unlink()
    assert items.listed() == first, "what is gone counts no more"
