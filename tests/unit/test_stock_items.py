"""The items of a stock file: read all at once, they are what each cell alone says."""

from collections.abc import Sequence
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from passerelle.base import processors
from passerelle.base.numbers import DecimalMark, NumberColumn
from passerelle.base.words import NO_ITEMS, gtin, is_eaten_by_spreadsheet, items_within
from passerelle.config.stock import Stock
from passerelle.stock_csv_fix import items as items_module
from passerelle.stock_csv_fix import packed as packed_module
from passerelle.stock_csv_fix import scan as scan_module
from passerelle.stock_csv_fix.cells import Column
from passerelle.stock_csv_fix.items import Items
from passerelle.stock_csv_fix.layout import read_layout
from passerelle.stock_csv_fix.scan import scan

SETTINGS = Stock.model_validate(
    {"from": "ftp:a", "to": "ftp:b"}, context={"folder": Path(), "servers": ("ftp",)}
)
EAN = "3701234500010"
CELLS = (
    *("", " ", EAN, f" {EAN}", f"{EAN}\t ", f"0{EAN}", f'="{EAN}"', f"'{EAN}", f"{EAN}.0"),
    *("REF-12", "ref-12", "REF-13", "REF 1  2", "ROBE-ROUGE-M", "Robe/M", "12A", "1E5", "3,7E+12"),
    *("N/A", "n/a", "NEANT", "sans EAN13", "SANS-13", "no ean", "keine", "k. a.", "--", "####"),
    *("EAN-3701-2345-0001-0", "gtin:37012345", "ISBN 13", "upc12", "GENCOD-1", "e1", "E-1", "7e"),
    *(f"REF-{EAN}", f"{EAN} x2", f"{EAN}{EAN}", f"{EAN}/12", "A37012345", "3701234512345670"),
    *("96385074", "9638507496385074", "REF96385074", "1" * 18, "1" * 19, "A" * 64, "A" * 65),
    *("R\u00c9F-1", "ref\u00a01", "\u200bREF-2", "a&b", "A=1", "(A1)", "A:1", "A+1", "A_1"),
)


def column(cells: Sequence[str]) -> Column:
    """The column of these cells in a stock file."""
    lines = ["Marque;Gencod;Stock", *(f"Zoé;{cell};1" for cell in cells)]
    data = "".join(f"{line}\r\n" for line in lines).encode()
    layout = read_layout(data, SETTINGS, "ExportCSV.csv")
    return Column(data, layout, 1)


texts = st.one_of(
    st.sampled_from(CELLS),
    st.text("019eEaAnN-./ _+", max_size=12),
    st.from_regex(r"(?i)(ean|gtin|no|sans|ref|e)[- ]?[0-9]{0,9}[-.]?[0-9]{0,9}", fullmatch=True),
).filter(lambda text: ";" not in text and '"' not in text)


@given(st.lists(texts, min_size=1, max_size=40))
@example([cell for cell in CELLS if not {*cell} & {*';"'}])
def test_each_is_what_its_cell_alone_says(cells: list[str]) -> None:
    read, keys = Items(column(cells)), [gtin(cell) for cell in cells]
    assert read.keys() == keys == [read.key(row) for row in range(len(cells))]
    for key in {*keys} - {""}:
        assert read.rows_of([key]) == [row for row, one in enumerate(keys) if one == key]
    assert [*read.again()] == [
        (row, keys.index(key)) for row, key in enumerate(keys) if key and keys.index(key) < row
    ]
    is_spoilt = {row: c for row, c in enumerate(cells) if is_eaten_by_spreadsheet(c)}
    is_spoilt |= {row: cell for row, cell in enumerate(cells) if items_within(cell)}
    assert read.spoilt() == is_spoilt


@given(st.text('ab;"\n\r', max_size=120), st.booleans())
@example('a;"b\n;c"\r\n"d";e\r\n' * 9, True)
@example('a;b\r\n"c;d\n' * 9, True)
def test_a_file_scanned_in_parts_is_what_it_is_in_one(text: str, quoted: bool) -> None:
    """Each part begins within a text or not, as all before it says."""
    array = np.frombuffer(text.encode(), np.uint8)
    whole = scan(array, ord(";"), quoted=quoted)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan_module, "PIECE", 8)
        patch.setattr(processors, "_UNITS", 1)
        patch.setattr("os.cpu_count", lambda: 4)
        parts = scan(array, ord(";"), quoted=quoted)
    assert parts.edges.tolist() == whole.edges.tolist()
    assert parts.separators.tolist() == whole.separators.tolist()
    assert parts.inner.tolist() == whole.inner.tolist()
    assert len(whole.inner) + len(whole.edges) - 1 == text.count("\n")
    told = ("stray_quote", "lone_cr")
    assert [getattr(parts, name) for name in told] == [getattr(whole, name) for name in told]


def test_where_a_field_is_opened_is_sought_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind one wrong quote all others seem wrong: each looked back for is a file read anew."""
    long = b'"a cell of more than a block";"another one that is as long"\n'
    array = np.frombuffer(b'"1;"5"\n' + long * 50, np.uint8)
    sought = Mock(wraps=scan_module._last_quote)
    monkeypatch.setattr(scan_module, "_last_quote", sought)
    monkeypatch.setattr(scan_module, "PIECE", 8)
    assert scan(array, ord(";"), quoted=True).stray_quote == 0
    assert sought.call_count == 1


def test_cells_read_in_parts_are_what_they_are_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [cell for cell in CELLS if not {*cell} & {*';"'}] * 3
    whole = Items(column(cells)).keys()
    monkeypatch.setattr(packed_module, "_ROWS", 16)
    monkeypatch.setattr(processors, "_UNITS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert Items(column(cells)).keys() == whole


def test_blank_cells_have_no_item() -> None:
    cells = column(["", "  ", EAN, "-"])
    assert Items(cells).keys() == ["", "", EAN, ""]


def test_words_for_none_are_no_references() -> None:
    assert not Items(column(["N/A", "sans EAN13", "NEANT", EAN])).has_references
    assert Items(column(["N/A", "SANS-14", EAN])).has_references
    assert not any(map(str.isdigit, "".join(NO_ITEMS)))  # only cells without any are compared


def test_references_of_one_hash_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def zeros(words: Sequence[object]) -> object:
        return np.zeros(len(words[0]), np.uint64)  # type: ignore[arg-type]

    monkeypatch.setattr(items_module, "hashed", zeros)
    monkeypatch.setattr(items_module, "_hashes_of_none", lambda: np.zeros(0, np.uint64))
    read = Items(column(["REF-1", "REF-2", "ref-1"]))
    assert (read.rows_of(["ref-2"]), [*read.again()]) == ([1], [(2, 0)])


def test_many_spellings_are_told_each_as_it_is() -> None:
    """More than meet in the table without meeting one another."""
    cells = [f"{number},5" for number in range(90_000)] * 2
    others = column(cells).others
    assert [text for _row, text in others.items()] == cells


def test_few_spellings_become_texts_once() -> None:
    others = column([f"{number % 7},00" for number in range(70_000)]).others
    assert sorted(others.texts) == [f"{number},00" for number in range(7)]


def test_long_cells_are_told_each_as_it_is_though_they_end_alike() -> None:
    """Of a long one no more than its end fits the words by which cells are compared."""
    cells = [f"{'long' * number} and the end of it, alike in all" for number in range(40)]
    cells += ["", "5,00", *cells]
    assert [text for _row, text in column(cells).others.items()] == cells


def test_levels_with_decimals_are_what_each_says() -> None:
    """As the whole column reads them."""
    cells = [f"{number % 50},{number % 4 * 25:02}" for number in range(2_000)]

    def exact(text: str, mark: DecimalMark) -> float:
        return float(text.replace(mark or ",", "."))

    read, alone = column(cells).levels(), NumberColumn(exact)  # type: ignore[type-var]
    assert read.floats.tolist() == [alone[cell] for cell in cells]
    assert [read.exact(row) for row in (0, 51, 1999)] == [
        read.written[cells[row]] for row in (0, 51, 1999)
    ]
