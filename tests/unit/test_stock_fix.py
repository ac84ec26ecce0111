"""The stock CSV: what is not touched leaves byte for byte, and nothing is published too high.

What the golden pairs of stock show is not repeated here; files of any dialect, damaged in any
way, are compared line by line in ``fuzz/stock_csv.py``.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from passerelle.base.errors import ConfigError, HeldError
from passerelle.base.words import gtin
from passerelle.model.orders import Missed
from passerelle.stock_csv_fix.fix import FixedStock, fix_stock, levels_of
from tests.unit import stock_settings

FILE = "ExportCSV.csv"


def fix(
    text: str | bytes, missed: Mapping[str, int | None] | None = None, **settings: Any
) -> FixedStock:
    """Fixes a file of which ``missed`` was sold."""
    data = text.encode() if isinstance(text, str) else text
    sales = {gtin(key): Missed(sold, ("1001",)) for key, sold in (missed or {}).items()}
    return fix_stock(data, stock_settings(**settings), sales, FILE)


@pytest.mark.parametrize(
    "line",
    [
        *("13;=cmd|' /C calc'!A0;1\r\n", "13;\x01\x1b[2J;1\r\n", "13;Fil;+5\r\n"),
        *(
            "13;Fil;1234.50\r\n",
            "13;Fil;12,5\r\n",
            "13;Fil;-1\r\n",
            "13;Fil;0\r\n",
            "13;a;1\n14;b;2\r\r\n",
        ),
        '13;"a;12;5\r\nb ""c""";1\r\n',
    ],
)
def test_what_leaves_is_byte_for_byte_what_came_whatever_is_odd_in_it(line: str) -> None:
    head, left = "Gencod;Nom;Stock\r\n", '15;"Moufle";7\r\n'
    fixed = fix(f"{head}12;Botte;4\r\n{line}{left}", {"12": None})
    assert fixed.data == f"{head}12;Botte;0\r\n{line}{left}".encode()


def test_a_file_that_is_cut_is_held_or_ends_with_a_whole_line() -> None:
    data = b'\xef\xbb\xbfID;Gencod;"Nom";Stock\r\n1;370;"a;\r\nb";2\r\n2;371;;3,50\r\n'
    whole = []
    for cut in range(len(data) + 1):
        with suppress(HeldError):
            fix(data[:cut])
            whole.append(cut)
    assert whole == [data.index(b"2;371"), len(data)]


_UNENDED: dict[str, Any] = {"guards": {"final_newline": False}}
_LETTERS = "ID;Gencod;Désignation;Stock\r\n1;370;é;4\r\n"


class TestAFileIsHeld:
    @pytest.mark.parametrize(
        ("text", "settings", "message"),
        [
            ("", {}, "the file is empty: ExportCSV.csv: nothing was published; "),
            (" \r\n\r\n", {}, "the file is empty"),
            ("\ufeff\r\n\ufeff", {}, "the file is empty"),
            (";;\n;;\n", {}, "the header names no column: ExportCSV.csv:1"),
            ('""\n', {}, "the header names no column"),
            ("Gencod;Stock\r\n\r\n\r\n", {}, "the file has a header and no line"),
            ("Gencod;Stock\n1;2", {}, "the last line does not end: the file is cut"),
            (
                "Gencod;Stock\n1;2\n1;2;3\n",
                {},
                "has 3 fields, the header 2: ExportCSV.csv:3",
            ),
            ("Gencod;Stock\n1\n", {}, "has 1 fields, the header 2: ExportCSV.csv:2"),
            # As many separators as every line had one.
            ("Gencod;Stock\n1;2;3\n4\n", {}, "has 3 fields, the header 2: ExportCSV.csv:2"),
            ("Gencod;Stock\n1\n2;3;4\n", {}, "has 1 fields, the header 2: ExportCSV.csv:2"),
            ("Gencod;Stock;Nom;Nom \n1;2;3;4\n", {}, 'the header has "Nom" twice'),
            ("Gencod;Stock;STOCK\n1;2;3\n", {}, 'the header has "Stock" twice'),
            ('Gencod;Nom;Stock\n1;"a;2\n', {}, "not closed or not doubled: ExportCSV.csv:2"),
            ('"Gencod";"Stock"\n"1";"2"\n"3;"4"\n', {}, "not doubled: ExportCSV.csv:3"),
            ('Gencod;Nom;Stock\n1;"a"b";2\n3;"c"d";4\n', {}, "not doubled: ExportCSV.csv:2"),
            ("Gencod;Stock\r1;2\r", {}, "a line ends with CR alone: ExportCSV.csv:1"),
            ("Gencod;Nom;Stock\n1;a;2\n1;a\rb;2\n", {}, "with CR alone: ExportCSV.csv:3"),
            ("Gencod;Stock\r\n370;4\r", _UNENDED, "a line ends with CR alone: ExportCSV.csv:2"),
            ("Gencod;Stock\n1;2\n\x00\x00;\n", {}, "the file holds NUL bytes"),
            *(("G;S\n1;2\n".encode(codec), {}, f"is {codec}") for codec in ("utf-16", "utf-32")),
            (
                b"Gencod;Stock\n\xe9;2\n",
                {"encoding": "utf-8"},
                "in utf-8: ExportCSV.csv:2:",
            ),
            *(
                ("Gencod;Stock\r\n370;4\r\n".encode(codec), {"encoding": codec}, f"is {codec}: ")
                for codec in ("utf16", "U32", "cp037", "utf-7", "shift_jis", "hz")
            ),
        ],
    )
    def test_where_the_shop_would_read_it_wrong(
        self, text: str | bytes, settings: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(HeldError) as held:
            fix(text, **settings)
        assert message in str(held.value)
        assert "nothing was published" in str(held.value)

    @pytest.mark.parametrize(
        ("settings", "key"),
        [
            ({"columns": {"ean13": "EAN"}}, "stock.columns.ean13"),
            ({"columns": {"quantity": ["Qté", "Reste"]}}, "stock.columns.quantity"),
            ({"gift_cards": {"ids": ["1201"]}}, "stock.gift_cards.column"),
            ({"gift_cards": {"ids": ["1"], "column": "Nom", "fill": {"X": "y"}}},
             "stock.gift_cards.fill"),
        ],
    )  # fmt: skip
    def test_as_a_fault_of_the_config_where_a_column_is_missing(
        self, settings: dict[str, Any], key: str
    ) -> None:
        message = f"{re.escape(key)}; the file has: Gencod, Nom, Stock"
        with pytest.raises(ConfigError, match=message):
            fix("Gencod;Nom;Stock\n1;a;2\n", **settings)

    @pytest.mark.parametrize("codec", ["UTF8", "latin-1", "cp850", "iso8859-15", "mac_roman"])
    def test_not_for_an_encoding_that_is_ascii_but_for_its_letters(self, codec: str) -> None:
        data = _LETTERS.encode(codec)
        assert fix(data, {"370": 1}, encoding=codec).data == data.replace(b";4", b";0")


class TestAnItem:
    @pytest.mark.parametrize(
        ("text", "missed", "changed"),
        [
            ("0012;5\n '12;5\n12;5\n=12;5\n-;5\n120;5\n", "12", [2, 3, 4, 5]),
            ("REF-É;5\n", "ref-e", [2]),
            (";5\n0;5\n", "12", []),
        ],
    )
    def test_is_found_whatever_zeros_and_quoting_a_spreadsheet_left(
        self, text: str, missed: str, changed: list[int]
    ) -> None:
        fixed = fix(f"Gencod;Stock\n{text}", {missed: 1})
        assert [change.line for change in fixed.changes] == changed

    @pytest.mark.parametrize("gencod", ["3,70123E+12", "3.70123E+12", "3701234500011.0"])
    def test_whose_number_a_spreadsheet_ate_is_told(self, gencod: str) -> None:
        text = f"Gencod;Stock\n12;5\n{gencod};5\nREF.E,1;5\n"
        fixed = fix(text, {"12": 1, "3701234500010": 1})
        assert [str(fault) for fault in fixed.faults] == [
            f'ExportCSV.csv:3: ean13: "{gencod}" lost its digits in a spreadsheet'
        ]
        assert fixed.data == text.replace("12;5", "12;0", 1).encode()

    def test_can_be_looked_up_with_its_lines_and_levels(self) -> None:
        data = b'Gencod;Nom;Stock\n12;"a\nb";5\n13;;1\n012;; 4 \n'
        assert levels_of(data, stock_settings(), "12", FILE) == [(2, "5"), (5, "4")]


class TestALevel:
    @pytest.mark.parametrize(
        ("before", "missed", "after"),
        [
            *(("5", 2, "3"), ("5", 5, "0"), ("5", 9, "0"), ("5", None, "0"), ("100", 10, "90")),
            *(("5,00", 2, "3"), ("5,50", 2, "3,5"), ("5.50", 2, "3.5"), ("0,5", 1, "0")),
            *(("1 234", 4, "1230"), ("1.234,50", 4, "1230,5"), ("1,234.50", 4, "1230.5")),
            *(("2.000", 1, "0"), ("beaucoup", 1, "0"), ("", 1, "0"), ("1’234.50", 4, "1230.5")),
            # Of nothing or less: the ERP's own word.
            *((level, 1, level) for level in ("0", "-2", "0,00", "-1.5")),
        ],
    )
    def test_loses_what_was_sold_in_the_file_s_own_numbers(
        self, before: str, missed: int | None, after: str
    ) -> None:
        fixed = fix(f"Gencod;Stock\n12;{before}\n", {"12": missed}, missed_sales="subtract")
        assert fixed.data == f"Gencod;Stock\n12;{after}\n".encode()
        assert len(fixed.changes) == (after != before)

    def test_is_told_where_it_cannot_be_read_and_in_stock_above_zero_only(self) -> None:
        text = "Gencod;Stock\n1;5\n2;0\n3;-1\n4;beaucoup\n5;0,5\n6;1 000\n7;\n"
        fixed = fix(text, {"2": 1, "3": 1})
        left = text.replace("1 000", "1000").encode()
        assert (fixed.data, fixed.lines, fixed.in_stock) == (left, 7, 3)
        assert [str(fault) for fault in fixed.faults] == [
            'ExportCSV.csv:5: quantity: "beaucoup" is no number',
            "ExportCSV.csv:8: quantity: empty",
        ]

    @pytest.mark.parametrize(
        ("came", "left"),
        [
            # What PHP reads another number from is written anew; what nobody can tell, as nothing.
            *(("1 234,50", "1234,5"), ("1.234,50", "1234,5"), ("1’234.50", "1234.5")),
            *(("1,234,567", "1234567"), ("3-", "-3"), ("'5", "5"), ('="5"', "5")),
            *(("5 pcs", "0"), ("1e3", "0"), ("12.000", "0"), ("1,000", "0"), ("\u200b7", "7")),
            # What it reads as nothing, or as it is meant, leaves as it came.
            *((level, level) for level in ("beaucoup", "N/A", "", "12,50", " 4", "-2")),
        ],
    )
    def test_leaves_so_that_the_shop_reads_it_as_it_is_meant(self, came: str, left: str) -> None:
        fixed = fix(f"Gencod;Stock\n11;1\n12;{came}\n")
        assert fixed.data.decode() == f"Gencod;Stock\n11;1\n12;{left}\n"
        assert len(fixed.warnings) == (came != left)

    @pytest.mark.parametrize("proof", ["980,50", "1.234.567", "0,5"])
    def test_is_read_with_the_decimal_mark_that_another_of_its_column_proves(
        self, proof: str
    ) -> None:
        fixed = fix(f"Gencod;Stock\n11;{proof}\n12;1.250\n", {"12": 1}, missed_sales="subtract")
        assert fixed.data.endswith(b"12;1249\n")


class TestALineThatIsNoItem:
    @pytest.mark.parametrize(
        "line", ["Gencod;Nom;Stock", "Total;;7", ";;7", ";;;", "Fin du fichier;;"]
    )
    def test_leaves_as_it_came_and_is_told(self, line: str) -> None:
        text = f"Gencod;Nom;Stock\n12;a;4\n{line}\n"
        assert fix(text, {"12": 1}).data.decode() == text.replace(";4", ";0")

    def test_is_none_where_it_has_an_item_number(self) -> None:
        fixed = fix("Nom;Gencod;Stock\nTotal;3701234500010;4\n", {"3701234500010": 1})
        assert fixed.data == b"Nom;Gencod;Stock\nTotal;3701234500010;0\n"

    @pytest.mark.parametrize("above", ["sep=;", "", "Stock au 22/11/2026", "\n\n", "Stock;;"])
    def test_may_stand_above_the_header(self, above: str) -> None:
        text = f"{above}\nGencod;Nom;Stock\n12;a;4\n"
        assert fix(text, {"12": 1}).data.decode() == text.replace(";4", ";0")

    @pytest.mark.parametrize("row", ["3701234500010;a;4", "AB;a;4"])
    def test_above_the_header_is_no_row_or_the_file_is_refused(self, row: str) -> None:
        with pytest.raises(ConfigError, match="line 1 is no header, it seems to be line 2"):
            fix(f"{row}\nGencod;Nom;Stock\n12;a;4\n")

    @pytest.mark.parametrize("end", ["\x1a", "12;a;4;\n", "12;a;4;;\n"])
    def test_at_the_end_changes_nothing(self, end: str) -> None:
        fixed = fix(f"Gencod;Nom;Stock\n12;a;4\n{end}", {"12": 1})
        assert fixed.data.count(b"12;a;0") == 1 + ("12" in end)
        assert b"\x1a" not in fixed.data


class TestGiftCards:
    @pytest.mark.parametrize(
        ("came", "settings", "left"),
        [
            ("ID;Stock;Gencod\r\n1;2;3", _UNENDED, "ID;Stock;Gencod\r\n1;2;3\r\n7;999;\r\n"),
            ("\ufeffID;Stock;Gencod\n1;2;3\n", {}, "\ufeffID;Stock;Gencod\n1;2;3\n7;999;\n"),
            ("ID;Stock;Gencod\n1;3;12\n", {"missed_sales": "remove"}, "ID;Stock;Gencod\n7;999;\n"),
        ],
        ids=["a last line without its end", "a BOM at the head", "a line taken away"],
    )
    def test_follow_once_each(self, came: str, settings: dict[str, Any], left: str) -> None:
        fixed = fix(came, {"12": 1}, gift_cards={"ids": ["7", "7"]}, **settings)
        assert (fixed.data, fixed.gift_cards) == (left.encode(), ("7",))

    @pytest.mark.parametrize("separator", ";,|")
    def test_are_enclosed_where_they_hold_the_separator(self, separator: str) -> None:
        came = "ID;Gencod;Nom;Stock\n1;12;;3\n".replace(";", separator)
        cards = {"ids": ["7"], "fill": {"Nom": f"Carte{separator}"}}
        added = f'7;;"Carte{separator}";999\n'.replace(";", separator)
        assert fix(came, gift_cards=cards).data.decode() == came + added

    def test_that_the_erp_knows_are_left_to_it(self) -> None:
        text = "ID;Gencod;Stock\n 1201 ;;3\n"
        fixed = fix(text, gift_cards={"ids": ["1201"]})
        assert (fixed.data, fixed.gift_cards) == (text.encode(), ())
        (warning,) = fixed.warnings
        assert str(warning).startswith("ExportCSV.csv:2: ID: gift card 1201 stands in the ERP's")

    @pytest.mark.parametrize("id", ["0", "000", "na", "N/A", "-"])
    def test_of_an_id_that_is_no_item_are_found_all_the_same(self, id: str) -> None:
        text = f"ID;Gencod;Stock\n1;12;2\n{id};;3\n"
        fixed = fix(text, gift_cards={"ids": [id, "7"]})
        assert fixed.gift_cards == ("7",)

    @given(st.lists(st.text(" \u00a0\t7é", max_size=4), min_size=1), st.booleans())
    @example(["\u00a077", "7", "07", "", "é7"], True)
    @example(["77\u2003", " 7"], False)
    @example(["7 "], False)
    def test_are_found_whatever_blanks_are_around_them(
        self, cells: list[str], quoted: bool
    ) -> None:
        row = '"{}";"12";"1"\n' if quoted else "{};12;1\n"
        text = "".join(("ID;Gencod;Stock\n", *map(row.format, cells)))
        ids = ["7", "77", "é7"]
        fixed = fix(text, gift_cards={"ids": ids})
        met = {cell.strip() for cell in cells}
        assert fixed.gift_cards == tuple(id for id in ids if id not in met)

    def test_with_a_text_that_the_file_cannot_hold_are_a_fault_of_the_config(self) -> None:
        cards = {"ids": ["7"], "fill": {"Nom": "Łódź"}}
        with pytest.raises(ConfigError, match=r"stock\.gift_cards\.fill"):
            fix("ID;Gencod;Nom;Stock\n1;2;é;3\n".encode("cp1252"), gift_cards=cards)
