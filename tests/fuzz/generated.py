"""Target: orders of known values, written in any way the field knows, read back as those values.

Or they are rejected and told: a value may be written in a form that is not read, never in one
that is read as another value.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO

from hypothesis import strategies as st

from passerelle.base.errors import ConfigError, HeldError, NotReadyError
from passerelle.config.columns import OrderColumns
from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.model.orders import Reading
from tests.fuzz import Target, assert_readable
from tests.fuzz.order_csv import FILE, check_both_readers, check_faults, check_xml, outcome
from tests.unit import orders_settings

NASTY = (
    *("", " ", "Botte; noire, 38", '"', "a\nb", "Zoé"),
    *("\x01", "\0", "\x1b[2J", "<b>&amp;]]>", "œ€", "@SUM(1)", "-1", "'", "\ufffd", "x" * 300),
)
HARMLESS = ("", "Botte; noire, 38", 'Botte 12"', '"', "a\nb", "1;2;3", "=cmd|' /C calc'!A0", "Zoé",
            "Zo&eacute;", "ZoÃ©", '="Zoé"', "####", "(vide)", "#NAME?")  # fmt: skip
# What a text means, where that is not what is written.
MEANT = {'"': "", "'": "", "<b>&amp;]]>": "<b>&]]>", "Zo&eacute;": "Zoé", "ZoÃ©": "Zoé",
         '="Zoé"': "Zoé", "####": "", "(vide)": "", "#NAME?": ""}  # fmt: skip
TEXT_KEYS = ("product_name", "last_name", "address1", "carrier", "status")
AMOUNTS = ("shipping", "discount", "total_paid")


@dataclass(frozen=True)
class Dialect:
    """How a file is written; ``order`` is that of its columns, ``language`` that of its header.

    ``again`` is how it says its rows twice, ``unseen`` a letter in each cell that nobody sees.
    ``is_month_first`` is for dates whose year stands last.
    """

    separator: str
    enclosed: bool
    encoding: str
    line_end: str
    language: int
    order: tuple[str, ...]
    final_newline: bool
    again: str
    unseen: str
    above: str
    below: str
    spare: int
    is_month_first: bool


@dataclass(frozen=True)
class Known:
    """An order line's values, and how each is written."""

    id: int
    quantity: int
    numbers: Mapping[str, Decimal]
    date: datetime
    texts: Mapping[str, str]
    written: Mapping[str, str]


KEYS = (
    *("id", "reference", "ean13", "quantity", "unit_price", "date", "payment", "voucher"),
    *(*AMOUNTS, *TEXT_KEYS),
)
_dialects = st.builds(
    Dialect,
    st.sampled_from(";,\t|:"),
    st.booleans(),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32"]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(0, 8),
    st.permutations(KEYS).map(tuple),
    st.sampled_from([True, True, True, False]),
    st.sampled_from(["", "", "", "whole", "rows", "respelled", "join"]),
    st.sampled_from(["", "", "", "\u200b", "\ufeff", "\u00ad", "\u200e"]),
    st.sampled_from(["", "", "sep={}", "\n", "Export du 22/11/2026"]),
    st.sampled_from(["", "", "Total", "\x1a", "\n", "{}{}{}"]),
    st.sampled_from([0, 0, 1, 2]),
    st.booleans(),
)


def _forms(value: Decimal, *, refused: bool) -> list[str]:
    """The ways to write a number that have one meaning, and some that are refused."""
    plain = f"{value:f}"
    grouped, _, decimals = f"{value:,f}".partition(".")
    forms = [plain, plain.replace(".", ","), f" {plain} ", f"{plain} €", f"{plain}000"]
    forms += [
        f"{grouped.replace(',', blank)},{decimals}" for blank in (" ", "\u00a0", "\u202f", ".")
    ]
    forms += [f"{grouped}.{decimals}"]
    return [*forms, f"{value:e}", f"{value}x", plain.translate(_ARABIC)] if refused else forms


_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_values = st.integers(0, 999_999_999).map(lambda cents: Decimal(cents) / 100)
# Hours that every clock has, on days of both changes of the clock as well.
_moments = st.builds(
    lambda day, second: datetime(2020, 1, 1, 4) + timedelta(days=day, seconds=second),  # noqa: DTZ001
    st.integers(0, 5000),
    st.integers(0, 70_000),
)


@st.composite
def _known(draw: st.DrawFn) -> Known:
    nasty = draw(st.booleans())
    number, quantity = draw(st.integers(1, 9999)), draw(st.integers(1, 2000))
    numbers = {key: draw(_values).quantize(Decimal("0.01")) for key in ("unit_price", *AMOUNTS)}
    date = draw(_moments)
    texts = {key: draw(st.sampled_from(NASTY if nasty else HARMLESS)) for key in TEXT_KEYS}
    dates = (
        *("%d %B %Y %H:%M:%S", "%b %d, %Y %I:%M:%S %p", "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S"),
        *("%d/%m/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%y%m%d"),
    )
    whole = (
        f"{quantity}",
        f"{quantity}.0",
        f"{quantity},000000",
        f" {quantity}",
        f"{quantity:,}.5",
    )
    written = {
        key: draw(st.sampled_from(_forms(value, refused=nasty))) for key, value in numbers.items()
    }
    written |= {"date": f"{date:{draw(st.sampled_from(dates if nasty else dates[:6]))}}"}
    written |= {"quantity": draw(st.sampled_from(whole if nasty else whole[:4]))}
    written |= {"id": str(number), "ean13": f"{number:013}", "reference": f"REF{number}"}
    written |= {"payment": "CB", "voucher": "PROMO10"}
    return Known(number, quantity, numbers, date, texts, written | texts)


Case = tuple[tuple[Known, ...], Dialect]
_cases = st.tuples(
    st.lists(_known(), min_size=1, max_size=2, unique_by=lambda known: known.id).map(tuple),
    _dialects,
)


def file_of(orders: tuple[Known, ...], dialect: Dialect) -> bytes:
    """The file as the shop writes it."""
    names = {key: getattr(OrderColumns(), key) for key in dialect.order}
    text = StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=dialect.separator,
        quoting=csv.QUOTE_ALL if dialect.enclosed else csv.QUOTE_MINIMAL,
        lineterminator=dialect.line_end,
    )
    spare, unseen = [""] * dialect.spare, "" if dialect.encoding == "cp1252" else dialect.unseen
    header = [names[key][dialect.language % len(names[key])] for key in dialect.order]
    rows = [{**known.written, "date": _date(known, dialect)} for known in orders]
    if dialect.above:
        text.write(dialect.above.format(dialect.separator) + dialect.line_end)
    for cells in _said(header, rows, dialect):
        writer.writerow([*(_hidden(cell, unseen) for cell in cells), *spare])
    whole = text.getvalue()
    whole = whole if dialect.final_newline else whole.rstrip("\r\n")
    whole += dialect.below.format(*dialect.separator * 3) if dialect.final_newline else ""
    whole += dialect.line_end if dialect.below.strip("\x1a") and dialect.final_newline else ""
    return whole.encode(dialect.encoding, "replace")


def _hidden(cell: str, unseen: str) -> str:
    return f"{cell[:1]}{unseen}{cell[1:]}"


def _date(known: Known, dialect: Dialect) -> str:
    text = known.written["date"]
    return f"{text[3:6]}{text[:3]}{text[6:]}" if dialect.is_month_first and "/" in text else text


def _said(header: list[str], rows: list[dict[str, str]], dialect: Dialect) -> Iterator[list[str]]:
    """The file's lines, its rows said again as exports are appended, opened, and joined."""
    again = dialect.again if len(rows) > 1 or dialect.again in ("whole", "join") else ""
    spelling = "{}.0" if dialect.language % 2 else "000{}"
    yield header
    for row in rows:
        yield [row[key] for key in dialect.order]
        if again == "join":
            yield [(row | {"voucher": "GC-1"})[key] for key in dialect.order]
    if again == "whole":
        yield header
    for row in rows if again in ("whole", "rows", "respelled") else ():
        id = spelling.format(row["id"]) if again == "respelled" else row["id"]
        yield [(row | {"id": id})[key] for key in dialect.order]


def check(case: Case) -> str:
    """Reads the file back; returns what became of its orders."""
    orders, dialect = case
    try:
        file = read_orders(file_of(orders, dialect), orders_settings(), FILE)
    except (NotReadyError, HeldError, ConfigError) as error:
        assert_readable(str(error), FILE)
        return type(error).__name__
    check_faults(file)
    check_both_readers(file, file_of(orders, dialect), orders_settings())
    readings = {reading.id: reading for reading in file.readings}
    ids = {str(known.id) for known in orders}
    assert ids <= readings.keys() or file.faults or any(r.faults for r in file.readings)
    assert not any(reading.order for id, reading in readings.items() if id not in ids)
    for known in orders:
        if str(known.id) in readings:
            check_values(known, readings[str(known.id)], dialect, file.date_order)
    check_xml([reading.order for reading in file.readings if reading.order])
    return outcome(file)


def check_values(known: Known, reading: Reading, dialect: Dialect, date_order: str | None) -> None:
    """Each value is the known one, once; day and month are, where a date shows which is which."""
    order = reading.order
    if order is None:
        return
    (line,) = order.lines
    read = {key: getattr(order, key) for key in AMOUNTS}
    read |= {"unit_price": line.unit_price}
    assert read == known.numbers
    assert (line.quantity, line.ean13) == (known.quantity, known.written["ean13"])
    assert order.date
    if "/" not in known.written["date"] or date_order or not dialect.is_month_first:
        assert order.date.replace(tzinfo=None) == known.date
    if dialect.encoding != "cp1252":
        text = MEANT.get(known.texts["last_name"], known.texts["last_name"])
        shown = " ".join(text.replace("\n", " ").split(" ")).strip()
        assert order.customer.last_name == shown


GENERATED = Target(
    "order CSV, of known values",
    _cases,
    check,
    frozenset({"all read", "all rejected", "some rejected", "NotReadyError"}),
)
