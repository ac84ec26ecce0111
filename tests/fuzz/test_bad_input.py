"""One case for each kind of bad input, through the program: what it says, and what goes out."""

from pathlib import Path

import pytest
from lxml import etree

from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.shell import Result
from tests.world import COLUMNS, World

HEADER = ";".join(COLUMNS.values()) + "\r\n"
FIELDS = dict.fromkeys(COLUMNS, "") | {
    "status": "Paiement accepté",
    "date": "2026-11-22 10:00:00",
    "last_name": "Lefèvre",
    "ean13": "3701234500010",
    "quantity": "1",
    "unit_price": "12,50",
}
FILE = "commandes.csv"


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


# --- the order CSV: unit/test_order_csv.py has the faults of its lines one by one ----------------


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
