"""One case for each kind of bad input, through the program: what it says, and what goes out."""

import os
import re
import time
from pathlib import Path

import pytest
from lxml import etree

from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.shell import Result
from tests.world import COLUMNS, STOCK_HEADER, Sale, World

HEADER = ";".join(COLUMNS.values()) + "\r\n"
FIELDS = dict.fromkeys(COLUMNS, "") | {
    "date": "2026-11-22 10:00:00",
    "last_name": "Lefèvre",
    "ean13": "3701234500010",
    "quantity": "1",
    "unit_price": "12,50",
}
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
def test_an_order_that_cannot_be_read_is_told_with_its_line_and_the_others_go_once(
    changes: dict[str, str], message: str, world: World
) -> None:
    world.server.put("commandes.csv", around(**changes))
    result = world.run("run", "orders")
    assert result.exit_code == 5
    assert f"commandes.csv:3: {message}" in told(result)
    assert "mend it in the shop, or enter the order by hand" in told(result)
    assert world.erp_takes() == ["1", "3"]
    assert world.states()["2"] == "rejected"

    world.run("run", "orders")
    assert world.erp_takes() == []
    world.server.put("commandes.csv", around())
    world.run_well("run", "orders")
    assert world.erp_takes() == ["2"]


IDS = {
    "a control character": ("2\x01", r"2\u0001", "id: holds a line end or another control char"),
    "a deleted one": ("2\x7f", r"2\u007f", "id: holds a line end or another control character"),
    "a damaged letter": ("2\ufffd", "2\ufffd", "id: holds a letter that was cut or damaged"),
}


@pytest.mark.parametrize(("id", "shown", "message"), IDS.values(), ids=IDS)
def test_an_order_whose_id_is_damaged_is_told_and_never_taken_for_another(
    id: str, shown: str, message: str, world: World
) -> None:
    world.server.put("commandes.csv", orders(row("1"), row(id), row("3")))
    result = world.run("run", "orders")
    assert result.exit_code == 5
    assert f"commandes.csv:3: {message}" in told(result)
    assert world.erp_takes() == ["1", "3"]
    assert world.states()[shown] == "rejected"


READ = {
    "1.234,50": ({"unit_price": "1.234,50"}, "unit_price", "1234.50"),
    "1 234,50 €": ({"unit_price": "1\u202f234,50 €"}, "unit_price", "1234.50"),
    "a quantity with decimals": ({"quantity": "2,000000"}, "quantity", "2"),
    "an EAN that lost its zero": ({"ean13": "701234500013"}, "ean13", "701234500013"),
    "an EAN in a formula": ({"ean13": '"=""0701234500013"""'}, "ean13", "0701234500013"),
    "a price of many digits": (
        {"quantity": "987654321", "unit_price": "123456789012345,123456789012"},
        *("amount", "121932631124827983525376.124487120852"),
    ),
}


@pytest.mark.parametrize(("changes", "element", "text"), READ.values(), ids=READ)
def test_a_number_in_any_form_with_one_meaning_reaches_the_erp_exactly(
    changes: dict[str, str], element: str, text: str, world: World
) -> None:
    world.server.put("commandes.csv", orders(row("1", **changes)))
    world.run_well("run", "orders")
    (path,) = world.xmls()
    assert etree.fromstring(path.read_bytes()).findtext(f"order/lines/line/{element}") == text


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
    "a header only": (orders(), 0, "", []),
    "UTF-16 without its mark": (
        around().decode().encode("utf-16-le"), 5, 'csv:1: nothing was read from it; set', [],
    ),
    "UTF-16 cut in a letter": (
        around().decode().encode("utf-16")[:-1], 5, "csv:4: nothing was read", [],
    ),
    "nothing": (b"", 4, "the file is empty: commandes.csv: wait for the shop", []),
    "a last line cut": (around()[:-9], 4, "commandes.csv:4: wait for the shop to write", []),
    "no header": (around()[len(HEADER.encode()) :], 3, "commandes.csv:1: name it in orders", []),
    "a header twice": (
        orders(header=HEADER.replace(COLUMNS["reference"], COLUMNS["ean13"])), 3,
        'the header has "EAN 13 de produits" twice: commandes.csv:1: rename one', [],
    ),
    "a first line of 10 MB": (b";" * 10_000_000 + b"\n", 5, "is no header: commandes.csv:1: ", []),
}  # fmt: skip


@pytest.mark.parametrize(("data", "code", "message", "taken"), FILES.values(), ids=FILES)
def test_a_whole_file_is_read_or_refused_with_its_line_and_what_to_do(
    data: bytes, code: int, message: str, taken: list[str], world: World
) -> None:
    world.server.put("commandes.csv", data)
    for command in (("run", "orders"), ("run", "orders")):
        result = world.run(*command)
        assert result.exit_code == code
        assert message in told(result)
    assert world.erp_takes() == taken
    (world.folder / "commandes.csv").write_bytes(data)
    converted = world.run("convert", "commandes.csv", "-o", "sales.xml")
    assert converted.exit_code == code
    assert message in told(converted)


# --- the stock CSV -------------------------------------------------------------------------------

STOCK = ";".join(STOCK_HEADER) + "\r\n"
SOLD, LEFT = "300;3701234500010;Botte;4\r\n", "301;3701234500027;Moufle;7\r\n"
CARDS = "1201;;;999\r\n1202;;;999\r\n"

HELD = {
    "NUL bytes": (
        STOCK + SOLD + "301;37;Mou\0fle;7\r\n",
        "the file holds NUL bytes: ExportCSV.csv",
    ),
    "a quote never closed": (STOCK + SOLD + '301;37;"Moufle;7\r\n', "ExportCSV.csv:3: nothing was"),
    "a field too many": (
        STOCK + SOLD + "301;37;Moufle;7;\r\n",
        "ExportCSV.csv:3: nothing was publ",
    ),
    "a field too few": (
        STOCK + SOLD + "301;37;7\r\n",
        "has 3 fields, the header 4: ExportCSV.csv:3",
    ),
    "lines that end with CR": (
        STOCK + SOLD + "301;37;Moufle;7\r302;38;x;1\r\n",
        "ExportCSV.csv:3: ",
    ),
    "a header only": (STOCK, "the file has a header and no line: ExportCSV.csv"),
    "a header twice": (STOCK.replace("ID", "Stock") + SOLD, 'has "Stock" twice: ExportCSV.csv:1'),
    "nothing": ("", "the file is empty: ExportCSV.csv"),
    "a last line cut": (STOCK + SOLD + LEFT[:-4], "the last line does not end: the file is cut"),
    "a first line of 10 MB": (";" * 10_000_000 + "\n", "is no header: ExportCSV.csv:1"),
}


def erp_writes(world: World, data: bytes) -> None:
    path = world.server.put("ExportCSV.csv", data)
    moment = time.time() + 2
    os.utime(path, (moment, moment))


@pytest.fixture
def sold(world: World) -> World:
    """A world where one boot was sold since the ERP wrote its file."""
    world.shop_writes(Sale("1", {"3701234500010": 1}))
    return world


@pytest.mark.parametrize(("text", "message"), HELD.values(), ids=HELD)
def test_a_damaged_stock_file_is_held_and_the_last_one_withdrawn(
    text: str, message: str, sold: World
) -> None:
    erp_writes(sold, (STOCK + SOLD + LEFT).encode("cp1252"))
    sold.run_well("run", "stock")
    assert (sold.server.root / "ExportCSVmod.csv").exists()
    erp_writes(sold, text.encode("cp1252"))
    result = sold.run("run", "stock")
    assert result.exit_code == 6
    assert message in told(result)
    assert "nothing was published; " in told(result)
    assert not (sold.server.root / "ExportCSVmod.csv").exists()


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


@pytest.mark.parametrize("line", UNTOUCHED.values(), ids=UNTOUCHED)
def test_a_stock_line_with_odd_things_in_it_leaves_byte_for_byte(line: str, sold: World) -> None:
    erp_writes(sold, (STOCK + SOLD + line + LEFT).encode("cp1252"))
    sold.run_well("run", "stock")
    published = (sold.server.root / "ExportCSVmod.csv").read_bytes()
    held_back = SOLD.replace(";4", ";0")
    assert published == (STOCK + held_back + line + LEFT + CARDS).encode("cp1252")


@pytest.mark.parametrize(("line", "message"), UNREAD.values(), ids=UNREAD)
def test_a_stock_line_that_cannot_be_read_is_told_and_leaves_as_it_came(
    line: str, message: str, sold: World
) -> None:
    erp_writes(sold, (STOCK + SOLD + line + LEFT).encode("cp1252"))
    result = sold.run("run", "stock")
    assert result.exit_code == 5
    assert message in told(result)
    assert line.encode() in (sold.server.root / "ExportCSVmod.csv").read_bytes()


# --- config.toml ---------------------------------------------------------------------------------

CONFIG = b'[servers.ftp]\nurl = "ftp://user@ftp.example.com/"\npassword = "Zx9-s3cr3t"\n'
ORDERS = b'[orders]\nfrom = "ftp:a.csv"\nto = "ftp:b.xml"\n'
CONFIGS = {
    "a NUL byte": (CONFIG + b"\0", r"4: Invalid statement: mend this line"),
    "UTF-16 without its mark": (CONFIG.decode().encode("utf-16-le"), r"1: .*: mend this line"),
    "another encoding": (CONFIG + "# é".encode("cp1252"), r"4: not UTF-8: in Notepad, save it"),
    "a quote never closed": (CONFIG + b'folder = "x\n', r"4: .*text stands between quotes"),
    "a key twice": (CONFIG + b'url = "x"\n', r"4: .*it stands there already; keep one"),
    "a mistyped key": (CONFIG + b"pasive = true\n", r"4: servers\.ftp\.pasive: .* mean passive\?"),
    "a key of two lines": (CONFIG + b'"a\\nb" = 1\n', r"4: servers\.ftp\.a b: unknown key"),
    "brackets without end": (b"x = " + b"[" * 5000, r"1: brackets within brackets, too deep"),
    "digits without end": (b"\nx = " + b"9" * 5000, r"2: a number of thousands of digits"),
    "10 MB": (CONFIG + b"#" * 10_000_000, r"1: more than 1 MB: this is no configuration"),
    "a password in a URL that is none": (
        CONFIG.replace(b"user@", "user:Zx9-s3cr3t℀@".encode()),
        r"2: servers\.ftp\.url: this is no URL",
    ),
    "a line end of another kind above": (
        "# one\u2028two\x85three\n".encode() + CONFIG + b"x = 1\n",
        r"5: servers\.ftp\.x: unknown key",
    ),
    "a wait of nothing": (CONFIG + b'timeout = "0s"\n', r"4: servers\.ftp\.timeout: it must"),
    "a wait of weeks": (CONFIG + b'timeout = "30d"\n', r"4: servers\.ftp\.timeout: .* a day at"),
    "a path with NUL": (CONFIG + b'key_file = "a\\u0000"\n', r"4: servers\.ftp\.key_file: contr"),
    "a size beyond all": (
        b'trace.max_size = "' + b"9" * 400 + b' GB"', r"1: trace\.max_size: a size is a number",
    ),
    "a time beyond all": (
        b'archive.keep_traces = "99999999999d"', r"1: archive\.keep_traces: .*a hundred years",
    ),
    "a date of other times": (
        CONFIG + ORDERS + b"start_from = 0001-01-01T00:00:00+10:00\n",
        r"7: orders\.start_from: that is no date of our times",
    ),
    "an encoding of no file": (
        CONFIG + ORDERS + b'encoding = "idna"\n',
        r'7: orders\.encoding: no encoding is called "idna"',
    ),
    "a text that is no XML": (
        CONFIG + ORDERS + b'store = "\\uFFFE"\n', r"7: orders\.store: control characters",
    ),
    "a date format of one system": (
        CONFIG + ORDERS + b'xml.date_format = "%d/%"\n',
        r'7: orders\.xml\.date_format: after "%" one',
    ),
    "a gift card without a number": (
        CONFIG + b'[stock]\nfrom = "ftp:a"\nto = "ftp:b"\ngift_cards.ids = [" "]\n',
        r"7: stock\.gift_cards\.ids: a product id is written",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "fault"), CONFIGS.values(), ids=CONFIGS)
def test_a_config_that_cannot_be_used_is_told_with_its_line_and_without_a_password(
    data: bytes, fault: str, world: World
) -> None:
    (world.folder / "config.toml").write_bytes(data)
    result = world.run("run", "orders", "--dry-run")
    assert result.exit_code == 3
    assert re.match(rf"passerelle: config\.toml:{fault}", result.stderr), result.stderr[:300]
    assert "Zx9-s3cr3t" not in result.text
    told(result)
