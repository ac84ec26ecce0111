"""The stock CSV: what is not touched leaves byte for byte, and nothing is published too high.

What the golden pairs of stock show is not repeated here.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from passerelle.base.errors import ConfigError, HeldError
from passerelle.base.reading import gtin, parse_decimal
from passerelle.model.orders import Change, Missed
from passerelle.stock_csv_fix.fix import FixedStock, fix_stock, levels_of
from tests.unit import few, many, stock_settings

FILE = "ExportCSV.csv"
RULES = ["zero", "remove", "subtract"]
AllMissed = Mapping[str, Missed]


def fix(text: str | bytes, missed: AllMissed | None = None, **settings: Any) -> FixedStock:
    data = text.encode() if isinstance(text, str) else text
    return fix_stock(data, stock_settings(**settings), missed or {}, FILE)


def sold(quantity: int | None, *orders: str) -> Missed:
    return Missed(quantity, orders or ("1001",))


# --- files of any dialect ----------------------------------------------------------------------


@dataclass(frozen=True)
class Dialect:
    """How an ERP writes its file; ``quotes`` are enclosing "all" fields, those in "need", or "no"
    field: then they are plain text."""

    separator: str
    quotes: str
    line_end: str
    encoding: str

    def cell(self, text: str) -> bytes:
        needed = self.quotes == "need" and set(text) & {self.separator, '"', "\n", "\r"}
        if self.quotes == "all" or needed:
            text = '"' + text.replace('"', '""') + '"'
        return text.encode(self.encoding.removesuffix("-sig"))

    def line(self, cells: Sequence[str]) -> bytes:
        return self.separator.encode().join(map(self.cell, cells)) + self.line_end.encode()

    def header(self) -> bytes:
        bom = b"\xef\xbb\xbf" if self.encoding == "utf-8-sig" else b""
        return bom + self.line(["ID", "Gencod", "Désignation", "Stock", "Prix TTC"])

    def holds(self, text: str) -> bool:
        """Whether this dialect can carry the text."""
        if self.quotes != "no":
            return True
        return not text.startswith('"') and not set(text) & {self.separator, "\n", "\r"}


@dataclass(frozen=True)
class Item:
    """One line of the stock file."""

    id: str
    gencod: str
    name: str
    level: str

    def cells(self, level: str | None = None) -> list[str]:
        return [self.id, self.gencod, self.name, self.level if level is None else level, "9.90"]

    def amount(self) -> Decimal | None:
        try:
            return parse_decimal(self.level)
        except ValueError:
            return None


dialects = st.builds(
    Dialect,
    separator=st.sampled_from(";,\t|"),
    quotes=st.sampled_from(["all", "need", "no"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
)
GENCODS = ["3701234500010", "3701234500027", "0012345678905", "REF-É", "", "0"]
levels = st.integers(-2, 30).map(str) | st.sampled_from(
    ["3,00", "2.000", "1 234", " 4 ", "0,5", "1.234,50", "1,234.50", "", "beaucoup", "1e3"]
)
items = st.builds(
    Item,
    id=st.integers(300, 320).map(str),
    gencod=st.sampled_from(GENCODS) | st.integers(10**7, 10**13).map(str),
    name=st.text("abzÉéœ€'\";,|\n\r 12", max_size=8).map(lambda name: name.replace("\r", "\r\n")),
    level=levels,
)
sales = st.dictionaries(
    st.sampled_from([gtin(gencod) for gencod in GENCODS if gtin(gencod)]),
    st.builds(Missed, st.none() | st.integers(1, 40), st.just(("1001",))),
)


@st.composite
def stocks(draw: st.DrawFn) -> tuple[Dialect, list[Item]]:
    dialect = draw(dialects)
    held = st.lists(items, min_size=1, max_size=6).filter(
        lambda rows: all(dialect.holds(cell) for item in rows for cell in item.cells())
    )
    return dialect, draw(held)


def stock_file(dialect: Dialect, rows: Sequence[Item]) -> bytes:
    data = dialect.header() + b"".join(dialect.line(item.cells()) for item in rows)
    assume(dialect.encoding != "cp1252" or not is_utf8(data))
    return data


def is_utf8(data: bytes) -> bool:
    try:
        return not data.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def published(item: Item, rule: str, sale: Missed | None) -> str | None:
    """What the shop may see of an item; ``None`` for a line taken away."""
    amount = item.amount()
    if sale is None:
        return item.level
    if rule == "remove":
        return None
    if amount is not None and amount <= 0:
        return item.level
    if rule == "zero" or sale.quantity is None or amount is None:
        return "0"
    return str(max(amount - sale.quantity, Decimal(0)))


class TestWhatLeaves:
    @pytest.mark.parametrize(
        "line",
        [
            *("13;=cmd|' /C calc'!A0;1\r\n", "13;\x01\x1b[2J;1\r\n", "13;Fil;1 234,50\r\n"),
            *("13;Fil;1.234,50\r\n", "13;Fil;-1\r\n", "13;Fil;0\r\n", "13;a;1\n14;b;2\r\r\n"),
            f"13;{'x' * 10_000_000};1\r\n",
        ],
        ids=lambda line: ascii(line[:20]),
    )
    def test_is_byte_for_byte_what_came_whatever_is_odd_in_it(self, line: str) -> None:
        head, left = "Gencod;Nom;Stock\r\n", "15;Moufle;7\r\n"
        fixed = fix(f"{head}12;Botte;4\r\n{line}{left}", {"12": sold(None)})
        assert fixed.data == f"{head}12;Botte;0\r\n{line}{left}".encode()

    @many
    @given(stocks(), st.just({}) | sales, st.sampled_from(RULES))
    def test_is_what_came_but_for_the_quantities_of_what_was_missed_and_each_is_told(
        self, stock: tuple[Dialect, list[Item]], missed: AllMissed, rule: str
    ) -> None:
        dialect, rows = stock
        fixed = fix(stock_file(dialect, rows), missed, missed_sales=rule)
        left = fixed.data.removeprefix(dialect.header())
        number, told = 2, []
        for item in rows:
            key = gtin(item.gencod)
            after = published(item, rule, missed.get(key))
            left = without_line(left, item, dialect, after)
            if after != item.level and (after is None or after.strip() != item.level.strip()):
                told.append((number, key, item.level.strip(), missed[key].orders))
            number += dialect.line(item.cells()).count(b"\n")
        assert left == b""
        assert [(c.line, c.key, c.before, c.orders) for c in fixed.changes] == told
        for change in fixed.changes:
            assert change.after is None or parse_decimal(change.after) <= limit(change, missed)


def without_line(left: bytes, item: Item, dialect: Dialect, after: str | None) -> bytes:
    """What follows an item's line, which must be there as it came, but for its quantity."""
    if after is None:
        return left
    if after == item.level:
        assert left.startswith(dialect.line(item.cells()))
        return left.removeprefix(dialect.line(item.cells()))
    before, _, behind = dialect.line(item.cells("LEVEL")).partition(dialect.cell("LEVEL"))
    assert left.startswith(before)
    # As many quotes as there were.
    quotes = b'"' if dialect.cell(item.level).startswith(b'"') else b""
    number, end, left = left.removeprefix(before).partition(quotes + behind)
    assert end
    assert parse_decimal(number.removeprefix(quotes).decode()) == Decimal(after)
    return left


def limit(change: Change, missed: AllMissed) -> Decimal:
    """The most that may be published for a changed line."""
    try:
        amount = parse_decimal(change.before)
    except ValueError:
        return Decimal(0)
    return max(amount - (missed[change.key].quantity or amount), Decimal(0))


class TestADamagedFile:
    @many
    @given(stocks(), st.data())
    def test_that_is_cut_is_held_or_ends_with_a_whole_line(
        self, stock: tuple[Dialect, list[Item]], data: st.DataObject
    ) -> None:
        dialect, rows = stock
        whole_file = stock_file(dialect, rows)
        cut = whole_file[: data.draw(st.integers(0, len(whole_file)))]
        try:
            fix(cut)
        except HeldError:
            return
        ends = [dialect.header()]
        for item in rows:
            ends.append(ends[-1] + dialect.line(item.cells()))
        assert cut in ends


class TestAFileIsHeld:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "the file is empty: ExportCSV.csv: nothing was published; "),
            (" \r\n\r\n", "the file is empty"),
            ("Gencod;Stock\n", "the file has a header and no line"),
            ("Gencod;Stock\r\n\r\n\r\n", "the file has a header and no line"),
            ("Gencod;Stock\n1;2", "the last line does not end: the file is cut"),
            ("Gencod;Stock\n1;2\n1;2;3\n", "a line has 3 fields, the header 2: ExportCSV.csv:3"),
            ("Gencod;Stock\n1\n", "a line has 1 fields, the header 2: ExportCSV.csv:2"),
            ("Gencod;Stock;Stock\n1;2;3\n", 'the header has "Stock" twice: ExportCSV.csv:1'),
            ("Gencod;Stock;Nom;Nom \n1;2;3;4\n", 'the header has "Nom" twice'),
            ("Gencod;Stock;STOCK\n1;2;3\n", 'the header has "Stock" twice'),
            ('Gencod;Nom;Stock\n1;"a;2\n', "a quote is not closed or not doubled: ExportCSV.csv:2"),
            ('"Gencod";"Stock"\n"1";"2"\n"3;"4"\n', "not doubled: ExportCSV.csv:3"),
            ('Gencod;Nom;Stock\n1;"a"b";2\n3;"c"d";4\n', "not doubled: ExportCSV.csv:2"),
            ("Gencod;Stock\r1;2\r", "a line ends with CR alone: ExportCSV.csv:1"),
            ("Gencod;Stock\n1;2\r3;4\n", "a line ends with CR alone: ExportCSV.csv:2"),
            ("Gencod;Nom;Stock\n1;a;2\n1;a\rb;2\n", "with CR alone: ExportCSV.csv:3"),
            ("Gencod;Stock\n1;2\n\x00\x00;\n", "the file holds NUL bytes"),
        ],
    )
    def test_where_the_shop_would_read_it_wrong(self, text: str, message: str) -> None:
        with pytest.raises(HeldError) as held:
            fix(text)
        assert message in str(held.value)
        assert "nothing was published" in str(held.value)

    @pytest.mark.parametrize("codec", ["utf-16", "utf-32"])
    def test_in_an_encoding_that_bytes_cannot_be_copied_in(self, codec: str) -> None:
        with pytest.raises(HeldError, match=f"the file is {codec}"):
            fix("Gencod;Stock\n1;2\n".encode(codec))

    def test_with_bytes_that_are_no_text(self) -> None:
        with pytest.raises(
            HeldError, match=r"no text in utf-8: ExportCSV\.csv:2: .*stock\.encoding"
        ):
            fix(b"Gencod;Stock\n\xe9;2\n", encoding="utf-8")

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
        with pytest.raises(
            ConfigError, match=f"{re.escape(key)}; the file has: Gencod, Nom, Stock"
        ):
            fix("Gencod;Nom;Stock\n1;a;2\n", **settings)


class TestAnItem:
    def test_is_found_whatever_zeros_and_quoting_a_spreadsheet_left(self) -> None:
        text = "Gencod;Stock\n0012;5\n '12;5\n12;5\n=12;5\n-;5\n120;5\n"
        assert len(fix(text, {"12": sold(1)}).changes) == 4

    def test_is_found_by_its_reference_where_it_has_no_gencod(self) -> None:
        fixed = fix("Gencod;Stock\nREF-É;5\n", {gtin("ref-e"): sold(1)})
        assert fixed.data == "Gencod;Stock\nREF-É;0\n".encode()

    def test_without_a_number_is_no_item(self) -> None:
        fixed = fix("Gencod;Stock\n;5\n0;5\n", {"12": sold(1)})
        assert (fixed.changes, fixed.warnings) == ((), ())

    @pytest.mark.parametrize("gencod", ["3,70123E+12", "3.70123E+12", "3701234500010.0"])
    def test_whose_number_a_spreadsheet_ate_is_told(self, gencod: str) -> None:
        text = f"Gencod;Stock\n12;5\n{gencod};5\nREF.E,1;5\n"
        fixed = fix(text, {"12": sold(1), "3701234500010": sold(1)})
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
            ("5", 2, "3"),
            ("5", 5, "0"),
            ("5", 9, "0"),
            ("5,00", 2, "3"),
            ("5,50", 2, "3,5"),
            ("5.50", 2, "3.5"),
            ("0,5", 1, "0"),
            ("1 234", 4, "1230"),
            ("1.234,50", 4, "1230,5"),
            ("1,234.50", 4, "1230.5"),
            ("100", 10, "90"),
            ("2.000", 1, "1"),
            ("5", None, "0"),
            ("beaucoup", 1, "0"),
            ("", 1, "0"),
        ],
    )
    def test_loses_what_was_sold_in_the_file_s_own_numbers(
        self, before: str, missed: int | None, after: str
    ) -> None:
        fixed = fix(f"Gencod;Stock\n12;{before}\n", {"12": sold(missed)}, missed_sales="subtract")
        assert fixed.data == f"Gencod;Stock\n12;{after}\n".encode()

    @pytest.mark.parametrize("rule", ["zero", "subtract"])
    @pytest.mark.parametrize("level", ["0", "-2", "0,00", "-1.5"])
    def test_of_nothing_or_less_is_the_erps_own_word(self, level: str, rule: str) -> None:
        text = f"Gencod;Stock\n12;{level}\n"
        fixed = fix(text, {"12": sold(1)}, missed_sales=rule)
        assert (fixed.data, fixed.changes, fixed.in_stock) == (text.encode(), (), 0)

    def test_that_cannot_be_read_is_told_and_leaves_as_it_came(self) -> None:
        text = "Gencod;Stock\n12;beaucoup\n13;\n14;1e3\n15;5\n"
        fixed = fix(text)
        assert fixed.data == text.encode()
        assert [str(fault) for fault in fixed.faults] == [
            'ExportCSV.csv:2: quantity: "beaucoup" is no number',
            "ExportCSV.csv:3: quantity: empty",
            'ExportCSV.csv:4: quantity: "1e3" is no number',
        ]

    def test_counts_as_in_stock_above_zero_only(self) -> None:
        fixed = fix("Gencod;Stock\n1;5\n2;0\n3;-1\n4;x\n5;0,5\n6;1 000\n")
        assert (fixed.lines, fixed.in_stock) == (6, 3)


class TestGiftCards:
    @few
    @given(stocks(), st.lists(st.sampled_from(["310", "1201", "1202"])))
    def test_are_in_the_file_once_each_whatever_its_dialect(
        self, stock: tuple[Dialect, list[Item]], ids: list[str]
    ) -> None:
        dialect, rows = stock
        data = stock_file(dialect, rows)
        fixed = fix(data, gift_cards={"ids": ids, "fill": {"Désignation": "Carte, cadeau; |"}})
        assert fixed.data.startswith(data)
        added = csv.reader(
            StringIO(fixed.data[len(data) :].decode(), newline=""), delimiter=dialect.separator
        )
        present = {item.id for item in rows}
        wanted = [id for id in dict.fromkeys(ids) if id not in present]
        assert list(added) == [[id, "", "Carte, cadeau; |", "999", ""] for id in wanted]
        assert fixed.gift_cards == tuple(wanted)
        assert fixed.lines == len(rows)

    def test_that_the_erp_knows_are_left_to_it(self) -> None:
        text = "ID;Gencod;Stock\n 1201 ;;3\n"
        fixed = fix(text, gift_cards={"ids": ["1201"]})
        assert (fixed.data, fixed.gift_cards) == (text.encode(), ())
        (warning,) = fixed.warnings
        assert str(warning).startswith("ExportCSV.csv:2: ID: gift card 1201 stands in the ERP's")

    @pytest.mark.parametrize(
        ("came", "settings", "left"),
        [
            (b"ID;Stock;Gencod\r\n1;2;3", {"guards": {"final_newline": False}},
             b"ID;Stock;Gencod\r\n1;2;3\r\n7;999;\r\n"),
            (b"\xef\xbb\xbfID;Stock;Gencod\n1;2;3\n", {},
             b"\xef\xbb\xbfID;Stock;Gencod\n1;2;3\n7;999;\n"),
            (b"ID;Stock;Gencod\n1;3;12\n", {"missed_sales": "remove"},
             b"ID;Stock;Gencod\n7;999;\n"),
        ],
        ids=["a last line without its end", "a BOM at the head", "a line taken away"],
    )  # fmt: skip
    def test_follow(self, came: bytes, settings: dict[str, Any], left: bytes) -> None:
        assert fix(came, {"12": sold(1)}, gift_cards={"ids": ["7"]}, **settings).data == left

    def test_with_a_text_that_the_file_cannot_hold_are_a_fault_of_the_config(self) -> None:
        cards = {"ids": ["7"], "fill": {"Nom": "Łódź"}}
        with pytest.raises(ConfigError, match=r"stock\.gift_cards\.fill"):
            fix("ID;Gencod;Nom;Stock\n1;2;é;3\n".encode("cp1252"), gift_cards=cards)


class TestAnEncoding:
    @pytest.mark.parametrize("codec", ["utf16", "U32", "cp037", "utf-7", "shift_jis", "hz"])
    def test_whose_separators_and_quotes_may_be_other_letters_is_held(self, codec: str) -> None:
        data = "ID;Gencod;Stock\r\n1;370;4\r\n".encode(codec)
        with pytest.raises(HeldError, match=f"the file is {codec}: {FILE}"):
            fix(data, encoding=codec)

    @pytest.mark.parametrize("codec", ["UTF8", "latin-1", "cp850", "iso8859-15", "mac_roman"])
    def test_that_is_ascii_but_for_its_letters_is_fixed(self, codec: str) -> None:
        data = "ID;Gencod;Désignation;Stock\r\n1;370;é;4\r\n".encode(codec)
        assert fix(data, {"370": sold(1)}, encoding=codec).data == data.replace(b";4", b";0")


def test_a_last_line_cut_between_cr_and_lf_is_held_even_where_lines_need_no_end() -> None:
    with pytest.raises(HeldError, match=f"a line ends with CR alone: {FILE}:2"):
        fix("ID;Gencod;Stock\r\n1;370;4\r", guards={"final_newline": False})
