"""Whatever the size of what comes, reading it takes seconds: no time grows by the square."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from passerelle.base.errors import ConfigError, HeldError, PasserelleError
from passerelle.config.load import load_config
from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.model.orders import Missed
from passerelle.stock_csv_fix.fix import fix_stock
from tests import scale
from tests.unit import orders_settings, stock_settings

MUCH = scale.pick(300_000, 10_000_000, 10_000_000)
# What costs more: rows to read with care, and a config of nearly the 1 MB that it may have.
ROWS = scale.pick(3_000, 60_000, 60_000)
CONFIG = scale.pick(90_000, 900_000, 900_000)
# Ten times what a slow machine needs; what grows by the square needs minutes, or hours.
SECONDS = scale.pick(30, 300, 300)

ORDERS = b"id_order;reference;ean13;quantity;unit_price\n"
GOOD = b"2;REF;371;1;2,50\n"
STOCK = b"ID;Nom;Gencod;Stock\n"
IN_STOCK = b"2;Botte;370;4\n"
ACCENTS = "\u0301\u0327".encode()


@contextmanager
def in_seconds() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < SECONDS


ORDER_LINES = {
    "a field": b"1;" + b"a" * MUCH + b";370;1;2,50\n",
    "an enclosed field": b'1;"' + b"a" * MUCH + b'";370;1;2,50\n',
    "accents": b"1;REF;" + ACCENTS * (MUCH // 4) + b";1;2,50\n",
    "digits": b"1;REF;370;" + b"9" * MUCH + b";2,50\n",
    "decimals": b"1;REF;370;1;1.234," + b"9" * MUCH + b"\n",
    "quotes": b"1;" + b'"' * MUCH + b";370;1;2,50\n",
    "separators": b"1" + b";" * MUCH + b"\n",
    "blank lines": b"1;\n" + b"\n" * (MUCH // 10),
    "quotes that each open a field": b'1;x";"\n' * ROWS + b'1;"c"d\n',
}
STOCK_LINES = {
    "a field": b"1;" + b"a" * MUCH + b";371;3\n",
    "accents": b"1;Botte;" + ACCENTS * (MUCH // 20) + b";3\n",
    "quotes": b"1;" + b'"' * MUCH + b";371;3\n",
    "blank lines": b"\n" * (MUCH // 10),
    "separators": b";" * MUCH + b"\n",
    "a sum": b"total" * (MUCH // 5) + b";;371;3\n",
}
CONFIGS = {
    "too big": (b"#" * 10_000_000, "1: more than 1 MB"),
    "blank lines": (b"\n" * CONFIG + b"x = 1", f"{CONFIG + 1}: x: unknown key"),
    "brackets": (b"x = " + b"[" * CONFIG, "1: brackets within brackets"),
    "dots": (b".".join([b"a"] * (CONFIG // 2)) + b" = 1", "1: a key of thous"),
    "digits": (b"x = " + b"9" * CONFIG, "1: a number of thousands"),
    "an array": (b"x = [\n" + b"[],\n" * (CONFIG // 6) + b"]", "1: x: unknown key"),
    "quotes": (b'"' * CONFIG, "1: "),
}


@pytest.mark.parametrize("line", ORDER_LINES.values(), ids=ORDER_LINES)
def test_an_order_line_with_ever_so_much_is_told_and_the_other_orders_are_read(
    line: bytes,
) -> None:
    with in_seconds():
        file = read_orders(ORDERS + line + GOOD, orders_settings(), "commandes.csv")
    bad, good = file.readings
    assert (bad.id, good.id) == ("1", "2")
    assert good.order
    assert not bad.order
    assert all(len(str(fault)) < 200 for fault in bad.faults)


@pytest.mark.parametrize("line", [b";" * MUCH, b"a" * MUCH, b'"' * MUCH])
def test_a_first_line_without_end_is_no_header(line: bytes) -> None:
    for read in (
        lambda data: read_orders(data, orders_settings(), "commandes.csv"),
        lambda data: fix_stock(data, stock_settings(), {}, "ExportCSV.csv"),
    ):
        with in_seconds(), pytest.raises(PasserelleError, match="csv:1: ") as error:
            read(line + b"\n" + GOOD)
        assert len(str(error.value)) < 300


@pytest.mark.parametrize("lines", STOCK_LINES.values(), ids=STOCK_LINES)
def test_a_stock_line_with_ever_so_much_leaves_as_it_came(lines: bytes) -> None:
    missed = {"370": Missed(None, ("1",))}
    with in_seconds():
        fixed = fix_stock(STOCK + lines + IN_STOCK, stock_settings(), missed, "ExportCSV.csv")
    assert fixed.data == STOCK + lines + b"2;Botte;370;0\n"


def test_a_stock_line_with_ever_so_many_fields_is_held() -> None:
    with in_seconds(), pytest.raises(HeldError, match=f"has {MUCH + 1} fields"):
        fix_stock(STOCK + b";" * MUCH + b"1\n", stock_settings(), {}, "ExportCSV.csv")


@pytest.mark.parametrize(("data", "fault"), CONFIGS.values(), ids=CONFIGS)
def test_a_config_with_ever_so_much_is_a_fault(data: bytes, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(data)
    with in_seconds(), pytest.raises(ConfigError) as error:
        load_config(path)
    assert error.value.faults[0].startswith(f"config.toml:{fault}")


def test_of_very_many_faults_in_a_config_the_first_are_told_and_the_rest_counted(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.toml"
    path.write_text("".join(f"key{n} = 1\n" for n in range(ROWS // 3)), encoding="utf-8")
    with in_seconds(), pytest.raises(ConfigError) as error:
        load_config(path)
    assert error.value.faults[0].startswith("config.toml:1: key0: unknown key")
    assert error.value.faults[-1] == f"config.toml:101: and {ROWS // 3 - 100} more"
