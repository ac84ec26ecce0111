"""One case for each kind of bad input, through the program: what it says, and what goes out."""

from pathlib import Path

import pytest
from lxml import etree

from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.model.orders import Missed, Reading
from passerelle.stock_csv_fix.fix import fix_stock
from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.shell import Result
from tests.unit import orders_settings, stock_settings
from tests.world import COLUMNS, STOCK_HEADER, World

HEADER = ";".join(COLUMNS.values()) + "\r\n"
FIELDS = dict.fromkeys(COLUMNS, "") | {
    "date": "2026-11-22 10:00:00",
    "last_name": "Lefèvre",
    "ean13": "3701234500010",
    "quantity": "1",
    "unit_price": "12,50",
}
FILE = "commandes.csv"
EATEN = "lost its digits in a spreadsheet; export it again"


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    return make_world(tmp_path, new_server("folder"))


def row(id: str, **changes: str) -> str:
    return ";".join((FIELDS | {"id": id} | changes).values()) + "\r\n"


def orders(*rows: str, codec: str = "utf-8", header: str = HEADER) -> bytes:
    return (header + "".join(rows)).encode(codec)


def around(**changes: str) -> bytes:
    """An order with something bad in it, between two good ones."""
    return orders(row("1"), row("2", **changes), row("3"))


def legible(reading: Reading) -> str:
    """Its faults, each of them for people."""
    faults = [str(fault) for fault in reading.faults]
    assert all(char.isprintable() for fault in faults for char in fault)
    return " ".join(faults)


def told(result: Result) -> str:
    """What was said last, on one line, as any error of the program is."""
    assert "fault in Passerelle itself" not in result.stderr
    assert "Traceback" not in result.text
    assert all(char.isprintable() or char in "\n\t" for char in result.text)
    lines = result.stderr.splitlines()
    return lines[-1] if lines else ""


# --- the order CSV -------------------------------------------------------------------------------

REJECTED = {
    "a NUL byte": ({"last_name": "Le\0fèvre"}, "last_name: holds the control character U+0000"),
    "a bell": ({"status": "Pay\a"}, "status: holds the control character U+0007"),
    "a terminal's command": ({"reference": "\x1b[2J"}, "reference: holds the control character"),
    "a letter that is none": (
        {"last_name": "Lef\ufffdvre"},
        "last_name: holds a letter that was cut",
    ),
    "a negative quantity": ({"quantity": "-1"}, 'quantity: "-1" is no quantity that can be sold'),
    "a quantity of nothing": ({"quantity": "0"}, 'quantity: "0" is no quantity that can be sold'),
    "a half quantity": ({"quantity": "1,5"}, 'quantity: "1,5" is no whole number'),
    "a thousand or one": ({"quantity": "1.000"}, 'quantity: "1.000" is no whole number'),
    "a quantity in words": ({"quantity": "deux"}, 'quantity: "deux" is no number'),
    "an exponent": ({"quantity": "1e5"}, 'quantity: "1e5" is no number'),
    "digits of another script": ({"quantity": "٣"}, 'quantity: "٣" is no number'),
    "no quantity": ({"quantity": ""}, "quantity: empty"),
    "a negative price": ({"unit_price": "-1"}, 'unit_price: "-1" is negative'),
    "an exponent as price": ({"unit_price": "1e5"}, 'unit_price: "1e5" is no number'),
    "no number": ({"unit_price": "NaN"}, 'unit_price: "NaN" is no number'),
    "marks that disagree": ({"unit_price": "1.234 567,00"}, 'unit_price: "1.234 567,00" is no n'),
    "a day that is none": ({"date": "31/02/2026"}, 'date: "31/02/2026" is no date like'),
    "an eaten EAN": ({"ean13": "3,70012E+12"}, f'ean13: "3,70012E+12" {EATEN}'),
    "an EAN with decimals": ({"ean13": "3701234500010.0"}, f'ean13: "3701234500010.0" {EATEN}'),
    "no EAN": ({"ean13": "0"}, 'ean13: "0" is no item number, and no product_reference either'),
    "a field too many": ({"unit_price": "1;2"}, "line: another number of fields than the header"),
    "a quote never closed": ({"last_name": '"Lefèvre'}, "line: a quote is not closed"),
    "10 MB in one field": ({"last_name": "x" * 10_000_000}, "line: last_name has 10000000 char"),
}


@pytest.mark.parametrize(("changes", "message"), REJECTED.values(), ids=REJECTED)
def test_an_order_that_cannot_be_read_is_told_with_its_line_and_the_others_are_read(
    changes: dict[str, str], message: str
) -> None:
    first, bad, last = read_orders(around(**changes), orders_settings(), FILE).readings
    assert (first.id, bad.id, last.id) == ("1", "2", "3")
    assert first.order and last.order and not bad.order
    assert f"{FILE}:3: {message}" in legible(bad)


IDS = {
    "a control character": ("2\x01", r"2\u0001", "id: holds a line end or another control char"),
    "a deleted one": ("2\x7f", r"2\u007f", "id: holds a line end or another control character"),
    "a damaged letter": ("2\ufffd", "2\ufffd", "id: holds a letter that was cut or damaged"),
}


@pytest.mark.parametrize(("id", "shown", "message"), IDS.values(), ids=IDS)
def test_an_order_whose_id_is_damaged_is_told_and_never_taken_for_another(
    id: str, shown: str, message: str
) -> None:
    data = orders(row("1"), row(id), row("3"))
    _, bad, _ = read_orders(data, orders_settings(), FILE).readings
    assert not bad.order
    assert bad.id not in ("1", "2", "3")
    assert f"{FILE}:3: {message}" in legible(bad)


READ = {
    "1.234,50": ({"unit_price": "1.234,50"}, "unit_price", "1234.50"),
    "1 234,50 €": ({"unit_price": "1\u202f234,50 €"}, "unit_price", "1234.50"),
    "a quantity with decimals": ({"quantity": "2,000000"}, "quantity", "2"),
    "an EAN that lost its zero": ({"ean13": "701234500013"}, "ean13", "701234500013"),
    "an EAN in a formula": ({"ean13": '"=""0701234500013"""'}, "ean13", "0701234500013"),
    "a price of many digits": (
        {"unit_price": "123456789012345,123456789012"},
        *("unit_price", "123456789012345.123456789012"),
    ),
}


@pytest.mark.parametrize(("changes", "name", "value"), READ.values(), ids=READ)
def test_a_number_in_any_form_with_one_meaning_is_read_exactly(
    changes: dict[str, str], name: str, value: str
) -> None:
    (reading,) = read_orders(orders(row("1", **changes)), orders_settings(), FILE).readings
    assert reading.order
    (line,) = reading.order.lines
    assert str(getattr(line, name)) == value


def test_a_formula_in_a_name_is_text_like_any_other(world: World) -> None:
    world.server.put("commandes.csv", around(last_name="=cmd|' /C calc'!A0"))
    world.run_well("run", "orders")
    (path,) = world.xmls()
    names = etree.fromstring(path.read_bytes()).findall("order/customer/last_name")
    assert [name.text for name in names] == ["Lefèvre", "=cmd|' /C calc'!A0", "Lefèvre"]


FILES = {
    "UTF-16": (around().decode().encode("utf-16"), 0, "", ["1", "2", "3"]),
    "line ends mixed": (
        around().replace(b"\r\n", b"\n", 2).replace(b"\r\n", b"\r", 1), 0, "", ["1", "2", "3"],
    ),
    "UTF-16 without its mark": (
        around().decode().encode("utf-16-le"), 5, 'csv:1: nothing was read from it; set', [],
    ),
    "a last line cut": (around()[:-9], 4, "commandes.csv:4: wait for the shop to write", []),
    "no header": (around()[len(HEADER.encode()) :], 3, "commandes.csv:1: name it in orders", []),
}  # fmt: skip


@pytest.mark.parametrize(("data", "code", "message", "taken"), FILES.values(), ids=FILES)
def test_a_whole_file_is_read_or_refused_with_its_line_and_what_to_do(
    data: bytes, code: int, message: str, taken: list[str], world: World
) -> None:
    world.server.put(FILE, data)
    for command in (("run", "orders"), ("run", "orders")):
        result = world.run(*command)
        assert result.exit_code == code
        assert message in told(result)
    assert world.erp_takes() == taken


# --- the stock CSV -------------------------------------------------------------------------------

STOCK = ";".join(STOCK_HEADER) + "\r\n"
SOLD, LEFT = "300;3701234500010;Botte;4\r\n", "301;3701234500027;Moufle;7\r\n"

UNTOUCHED = {
    "a formula": "302;38;=cmd|' /C calc'!A0;1\r\n",
    "control characters": "302;38;\x01\x1b[2J;1\r\n",
    "1 234,50": "302;38;Fil;1 234,50\r\n",
    "1.234,50": "302;38;Fil;1.234,50\r\n",
    "less than nothing": "302;38;Fil;-1\r\n",
    "nothing in stock": "302;38;Fil;0\r\n",
    "10 MB in one field": f"302;38;{'x' * 10_000_000};1\r\n",
    "line ends mixed": "302;38;Fil;1\n303;39;Laine;2\r\r\n",
}
UNREAD = {
    "an exponent": ("302;38;Fil;1e5\r\n", 'ExportCSV.csv:3: quantity: "1e5" is no number'),
    "no level": ("302;38;Fil;\r\n", "ExportCSV.csv:3: quantity: empty"),
    "an eaten gencod": ("302;3,70012E+12;Fil;1\r\n", 'ExportCSV.csv:3: ean13: "3,70012E+12" lost'),
}


MISSED = {"3701234500010": Missed(None, ("1",))}


@pytest.mark.parametrize("line", UNTOUCHED.values(), ids=UNTOUCHED)
def test_a_stock_line_with_odd_things_in_it_leaves_byte_for_byte(line: str) -> None:
    data = (STOCK + SOLD + line + LEFT).encode("cp1252")
    fixed = fix_stock(data, stock_settings(), MISSED, "ExportCSV.csv")
    assert fixed.data == (STOCK + SOLD.replace(";4", ";0") + line + LEFT).encode("cp1252")


@pytest.mark.parametrize(("line", "message"), UNREAD.values(), ids=UNREAD)
def test_a_stock_line_that_cannot_be_read_is_told_and_leaves_as_it_came(
    line: str, message: str
) -> None:
    data = (STOCK + SOLD + line + LEFT).encode("cp1252")
    fixed = fix_stock(data, stock_settings(), MISSED, "ExportCSV.csv")
    assert [str(fault) for fault in fixed.faults if message in str(fault)]
    assert line.encode() in fixed.data


# --- config.toml: unit/test_config.py has its faults one by one -----------------------------------


def test_a_config_that_cannot_be_used_is_told_with_its_line_and_without_a_password(
    world: World,
) -> None:
    text = '[servers.ftp]\nurl = "ftp://user:Zx9-s3cr3t℀@ftp.example.com/"\n'
    (world.folder / "config.toml").write_text(text, encoding="utf-8")
    result = world.run("run", "orders", "--dry-run")
    assert result.exit_code == 3
    assert told(result).startswith("passerelle: config.toml:2: servers.ftp.url: this is no URL")
    assert "Zx9-s3cr3t" not in result.text
