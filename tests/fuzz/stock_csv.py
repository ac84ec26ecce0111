"""Targets for the stock CSV: held, or fixed so that an independent comparison finds no surprise."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from passerelle.base.errors import ConfigError, HeldError
from passerelle.config.stock import Stock
from passerelle.model.orders import Missed
from passerelle.stock_csv_fix.fix import FixedStock, fix_stock
from tests.fuzz import Target, assert_readable
from tests.fuzz.mutating import mutated, replace_cell
from tests.fuzz.order_csv import golden_settings
from tests.fuzz.reading_again import item, meanings, plain, records
from tests.golden import FOLDER
from tests.unit import stock_settings

FILE = "ExportCSV.csv"
RULES = ("zero", "remove", "subtract")
CARDS = ("1201", "1202")
TINY = "tiny"
_DOUBLE_MARK = re.compile(rb"^\xef\xbb\xbf(?:\xef\xbb\xbf|\xc3\xaf\xc2\xbb\xc2\xbf)+")


@dataclass(frozen=True)
class Case:
    """A stock file, how it is fixed, and what was sold without the ERP knowing."""

    data: bytes
    name: str
    rule: str
    final_newline: bool
    sold: tuple[tuple[str, int | None], ...]

    @property
    def settings(self) -> Stock:
        """The sample's settings under this case's rule."""
        sample = SETTINGS[self.name]
        guards = sample.guards.model_copy(update={"final_newline": self.final_newline})
        return sample.model_copy(update={"missed_sales": self.rule, "guards": guards})

    @property
    def missed(self) -> dict[str, Missed]:
        """What was sold, as the rooms above tell it."""
        return {key: Missed(quantity, ("1001",)) for key, quantity in self.sold}


def _samples() -> tuple[dict[str, bytes], dict[str, Stock]]:
    data, settings = {}, {}
    for path in sorted(FOLDER.glob("stock/*/stock.csv")):
        stock = golden_settings(path.parent).stock
        assert stock is not None
        data[path.parent.name], settings[path.parent.name] = path.read_bytes(), stock
    data[TINY] = b'ID;Gencod;Stock\r\n1;370;5\r\n2;371;3,50\r\n1201;;7\r\n3;0372;"4"\r\n'
    settings[TINY] = stock_settings(gift_cards={"ids": list(CARDS)})
    return data, settings


DATA, SETTINGS = _samples()


@st.composite
def _damaged(draw: st.DrawFn) -> Case:
    name = draw(st.sampled_from(sorted(DATA)))
    data = draw(mutated([DATA[name]], replace_cell, most=3))
    present = sorted(set(re.findall(r"[1-9][0-9]{2,12}", str(data)))) or ["370"]
    keys = draw(st.lists(st.sampled_from(present), max_size=5, unique=True))
    sold = tuple((key, draw(st.none() | st.integers(1, 9))) for key in keys)
    return Case(data, name, draw(st.sampled_from(RULES)), draw(st.booleans()), sold)


_raw = st.builds(
    Case,
    st.binary(max_size=100)
    | st.builds(
        lambda head, body: head + body,
        st.sampled_from(
            [b"ID;Gencod;Stock\n", b"Stock,ID,Gencod\r\n", b'"ID"\t"Gencod"\t"Stock"\n']
        ),
        st.lists(st.sampled_from(b'371;;;,,\t\t",\r\n\n. \xe9\x00-E'), max_size=40).map(bytes),
    ),
    st.just(TINY),
    st.sampled_from(RULES),
    st.booleans(),
    st.lists(
        st.tuples(st.sampled_from(["3", "7", "1", "37", "71"]), st.none() | st.integers(1, 4)),
        unique_by=lambda sale: sale[0],
    ).map(tuple),
)


# --- what must hold of any file ------------------------------------------------------------------


def check(case: Case) -> str:
    """Fixes the file; returns what became of it."""
    settings, missed = case.settings, case.missed
    try:
        fixed = fix_stock(case.data, settings, missed, FILE)
    except (HeldError, ConfigError) as error:
        assert_readable(str(error), FILE)
        return type(error).__name__
    for fault in (*fixed.faults, *fixed.warnings):
        assert_readable(str(fault), f"{FILE}:{fault.line}: ")
    return compare(case.data, fixed, settings, missed)


def compare(data: bytes, fixed: FixedStock, settings: Stock, missed: Mapping[str, Missed]) -> str:
    """Follows the published file line by line beside the ERP's."""
    data = _DOUBLE_MARK.sub(b"\xef\xbb\xbf", re.sub(rb"\x1a[\x1a\r\n]*\Z", b"", data))
    if re.search(rb"&#?\w+;", data.partition(b"\n")[0]):
        return "fixed, an entity in the header"  # its semicolon parts no columns
    separator, (key, level, id) = _header(data, settings)
    if key is None or level is None:
        return "fixed, header below"
    before, left = data.decode("iso-8859-1"), fixed.data.decode("iso-8859-1")
    read = _reader(before, separator)
    (head, _), *rows = read(before)
    assert left.startswith(head), "the header was changed"
    left, changed = left.removeprefix(head), 0
    for line, cells in rows:
        sale = missed.get(_gtin(_letters(cells[key]))) if max(key, level) < len(cells) else None
        after, others = next(read(left), ("", []))
        after = after if line.endswith("\n") else after.rstrip("\r\n")
        if after != line:
            changed += 1
            is_emptied = others[level : level + 1] == ["0"] and _holds_one(cells[key], missed)
            is_anew = sale or is_emptied or _is_anew(cells[level], others[level])
            assert is_anew, f"changed, but nothing of it was sold: {line!r}"
            if sale and settings.missed_sales == "remove":
                continue
            is_plain = '"' not in cells[level]
            assert _without(after, others, level, is_plain) == _without(
                line, cells, level, is_plain
            )
        assert not sale or _is_right(cells[level], others[level], sale, settings.missed_sales)
        left = left.removeprefix(after)
    _check_cards(left, [cells for _, cells in rows], fixed, id, settings, separator)
    return "fixed, lines changed" if changed else "fixed, as it came"


def _reader(text: str, separator: str) -> Callable[[str], Iterator[tuple[str, list[str]]]]:
    """Quotes enclose only where some field begins with one; else they are plain text."""
    edge = re.escape(separator)
    if re.search(f'(?:^(?:ï»¿)?|\n|{edge})"', text):
        return lambda part: records(part, separator)
    return lambda part: (
        (line[0], line[0].rstrip("\r\n").split(separator))
        for line in re.finditer(r"[^\n]*\n|[^\n]+", part)
    )


def _holds_one(cell: str, missed: Mapping[str, Missed]) -> bool:
    """Whether a cell of several item numbers has one of which something was sold."""
    return any(number.lstrip("0") in missed for number in re.findall("[0-9]{8,14}", cell))


def _is_anew(before: str, after: str) -> bool:
    """Whether a level may be written anew: as what it means, or 0 where nobody can tell.

    A damaged byte elsewhere makes cp1252 of the file, and of each letter more than one.
    """
    amounts = meanings(_letters(before))
    is_plain = re.fullmatch(r"-?[0-9]+([.,][0-9]+)?", after)
    is_clear = len(amounts) == len(meanings(before)) == 1 and max(amounts) < 2**31
    is_clear &= not re.search("€|EUR", _letters(before))
    return bool(is_plain and (meanings(after) & amounts or (after == "0" and not is_clear)))


def _is_right(before: str, after: str, sale: Missed, rule: str) -> bool:
    """Whether a level may be published for an item of which something was sold."""
    amounts, published = meanings(_letters(before)), meanings(_letters(after))
    if rule != "remove" and any(amount <= 0 for amount in amounts):
        return after == before or _is_anew(before, after)
    if rule == "remove" or not published:
        return False
    if rule == "zero" or not amounts or sale.quantity is None:
        return published == {0}
    if published == {0} and not re.fullmatch(r"[+-]?[0-9]{1,15}([.,][0-9]{1,12})?", before.strip()):
        return True  # what is written oddly may count as unreadable, and then as sold out
    if published == {0} and len(amounts) > 1:
        return True
    return bool(published & {max(amount - sale.quantity, Decimal(0)) for amount in amounts})


def _letters(cell: str) -> str:
    """A cell's letters; it was compared byte by byte."""
    data = cell.encode("iso-8859-1")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _without(line: str, cells: Sequence[str], level: int, is_plain: bool) -> tuple[str, ...]:
    """What of a line must not change: its other cells, its end, its quotes but a level's own."""
    rest = [cell for place, cell in enumerate(cells) if place != level]
    quotes = line.count('"') if is_plain else 0
    return (*rest, str(quotes), line[len(line.rstrip("\r\n")) :])


def _check_cards(
    left: str,
    rows: Sequence[Sequence[str]],
    fixed: FixedStock,
    id: int | None,
    settings: Stock,
    separator: str,
) -> None:
    """What follows the ERP's lines is one line for each gift card that the ERP does not know."""
    there = {row[id].strip() for row in rows if id is not None and id < len(row)}
    absent = [card for card in dict.fromkeys(settings.gift_cards.ids) if card not in there]
    assert list(fixed.gift_cards) == absent
    added = [cells for _, cells in records(left.lstrip("\r\n"), separator)]
    assert [cells[id or 0] for cells in added] == absent


def _header(data: bytes, settings: Stock) -> tuple[str, list[int | None]]:
    """The separator that shows most of the wanted columns, and where these stand."""
    line = data.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].rstrip(b"\r")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text = line.decode("cp1252")
    wanted = (settings.columns.ean13, settings.columns.quantity, (settings.gift_cards.column,))
    found = []
    for separator in ";,\t|:" if settings.separator == "auto" else settings.separator:
        names = [plain(cell) for _, cells in records(text, separator) for cell in cells]
        places = [_place(names, any_of) for any_of in wanted]
        found.append((sum(place is not None for place in places), len(names), separator, places))
    *_, separator, places = max(found, key=lambda one: one[:2])
    return separator, places


def _place(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(plain(name)) for name in names if plain(name) in header), None)


def _gtin(text: str) -> str:
    bare = item(text)
    bare = re.sub(r"^([0-9]{8,14})[.,]0+$", r"\1", bare)
    dressed = re.sub(r"(?i)^(?:ean|gtin|upc|gencod|isbn)?[-:.#\s]*|[-.,]|[^!-~]", "", bare)
    if re.fullmatch("[0-9]{8,14}", dressed):
        return dressed.lstrip("0")
    return bare.lstrip("0") if re.fullmatch("[0-9]+", bare) else plain(bare)


DAMAGED = Target(
    "stock CSV, damaged",
    _damaged(),
    check,
    frozenset({"HeldError", "ConfigError", "fixed, as it came", "fixed, lines changed"}),
    share=2,
)
RAW = Target("stock CSV, raw bytes", _raw, check, frozenset({"HeldError"}))
