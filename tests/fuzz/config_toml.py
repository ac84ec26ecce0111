"""Targets for config.toml: settings that work, or faults that each name their line."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from passerelle.base.errors import ConfigError, NotReadyError, PasserelleError, RejectedError
from passerelle.config.load import load_config, template
from passerelle.config.model import Settings
from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.csv_to_xml.sales_xml import write_sales
from passerelle.rules.fate import judge
from passerelle.stock_csv_fix.fix import fix_stock
from tests.fuzz import Target, assert_readable
from tests.fuzz.mutating import Edit, mutated

SECRET = "Zx9-s3cr3t"
FILLED = f"""\
folder = 'data'
time_limit = "90s"
servers.erp.url = "file:///srv/erp"
[servers.ftp]
url = "ftp://user@ftp.example.com:2121/shop"
password = "{SECRET}"
timeout = "20s"
settle = "0s"
[orders]
from = "ftp:commandes.csv"
to = "erp:import/commandes_{{time}}.xml"
start_from = 2026-11-22T00:00:00
store = "008"
send_statuses = [
    "Paiement accepté",  # one a line
    "Expédié",
]
withhold = {{ payments = ["bon cadeau"], vouchers = ["GC-*"] }}
[orders.columns]
id = "ID commande"
[orders.xml]
encoding = "ISO-8859-1"
decimal = ","
date_format = "%d/%m/%Y"
[orders.xml.names]
orders = "ventes"
[orders.xml.payments]
"Carte bancaire" = "CB"
[stock]
from = "erp:ExportCSV.csv"
to = "ftp:ExportCSVmod.csv"
missed_sales = "subtract"
[stock.gift_cards]
ids = ["1201", "1202"]
fill = {{ "Gencod" = "" }}
[stock.guards]
max_age = "25m"
max_drop = 0.3
[trace]
max_size = "1 MB"
""".encode()
IN_THE_URL = FILLED.replace(b"user@", f"user:{SECRET}@".encode())
ORDERS = (
    "ID commande;Ajout de dates;Méthode de paiement;État de la commande;ean13;quantity;unit_price\n"
    '1;2026-11-22 09:58:01;Carte bancaire;Paiement accepté;3701234500010;2;"12,50"\n'
).encode()
STOCK = b"ID;Gencod;Stock\r\n300;3701234500010;4\r\n"
_TEXTS = (
    *('""', "'", '"""\n', "'''\n", "[", "]", "{", "}", "[[", "=", "==", ".", "#", "\n", "\\"),
    *("\\u0000", '"\\u0007"', '"\\uFFFE"', '"\\n"', "nan", "inf", "-1", "1e999", "9" * 5000, "0"),
    *("true", "[]", "{}", '"0s"', '"99999999999d"', f'"{"9" * 400} GB"', '"1 B"', "0001-01-01"),
    *("9999-12-31", "2026-02-31", "10:00:00", "9999-12-31T23:59:59Z", '"keyring"', '"env:NAME"'),
    *('"utf-16"', '"idna"', '"undefined"', '"punycode"', '"cp037"', '"utf-7"', '"rot13"', '"auto"'),
    *('"%"', '"ftp://[::1"', '"ftp://a℀b@h/"', '"ftp://u@h:99999/"', '"sftp://h/%0A"'),
    *('"C:\\\\x"', '"ftp:a/../b"', '"ftp:é{time}.xml"', '"erp:{"', "é", "\x85", "\u2028", "\x00"),
    *("[" * 3000, "[orders]\n", "[servers.ftp]\n", "a.b.c = 1\n", '"a\\nb" = 1\n', "pasword = 1\n"),
    "{a=" * 900,
)
VALUES = tuple(text.encode() for text in _TEXTS)


def replace_value(draw: st.DrawFn, data: bytes) -> bytes:
    """What stands behind some "=" is something else."""
    lines = data.split(b"\n")
    row = draw(st.integers(0, len(lines) - 1))
    key, sign, _ = lines[row].partition(b"=")
    lines[row] = key + sign + b" " + draw(st.sampled_from(VALUES))
    return b"\n".join(lines)


def insert_text(draw: st.DrawFn, data: bytes) -> bytes:
    """TOML's own signs in one place."""
    place = draw(st.integers(0, len(data)))
    return data[:place] + draw(st.sampled_from(VALUES)) + data[place:]


def delete_line(draw: st.DrawFn, data: bytes) -> bytes:
    """A line is missing."""
    lines = data.split(b"\n")
    del lines[draw(st.integers(0, len(lines) - 1))]
    return b"\n".join(lines)


EDITS: tuple[Edit, ...] = (replace_value, replace_value, insert_text, delete_line)


@dataclass(frozen=True)
class Case:
    """The bytes of a config.toml."""

    data: bytes


def check(case: Case) -> str:
    """Loads the file; returns what became of it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "config.toml")
        path.write_bytes(case.data)
        try:
            settings = load_config(path)
        except ConfigError as error:
            return check_faults(case.data, error)
    assert SECRET not in repr(settings)
    return use(settings)


def check_faults(data: bytes, error: ConfigError) -> str:
    """Each fault names a line of the file, and none the password."""
    assert error.faults
    assert SECRET not in str(error)
    ends = data.count(b"\n")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        ends = max(ends, data.decode("utf-16", "replace").count("\n"))
    for fault in error.faults:
        assert SECRET not in fault
        assert_readable(fault, "config.toml:")
        place = re.match(r"config\.toml:([0-9]+): \S", fault)
        assert place, fault
        assert 1 <= int(place[1]) <= ends + 1, fault
    return "one fault" if len(error.faults) == 1 else "several faults"


def use(settings: Settings) -> str:
    """Settings that were let through can be worked with: they give files, or a plain error."""
    try:
        if settings.orders:
            file = read_orders(ORDERS, settings.orders, "commandes.csv")
            orders = [reading.order for reading in file.readings if reading.order]
            for reading in file.readings:
                judge(reading, settings.orders)
            write_sales(orders, settings.orders, datetime(2026, 11, 22, tzinfo=UTC))
        if settings.stock:
            fix_stock(STOCK, settings.stock, {}, "ExportCSV.csv")
    except (ConfigError, NotReadyError, RejectedError, PasserelleError) as error:
        assert_readable(str(error), ": ")
        assert SECRET not in str(error)
        return f"settings, then {type(error).__name__}"
    return "settings"


DAMAGED = Target(
    "config.toml, damaged",
    st.builds(
        Case,
        mutated([FILLED, FILLED, IN_THE_URL], *EDITS, most=3)
        | mutated([template()], *EDITS, most=2),
    ),
    check,
    frozenset({"one fault", "settings"}),
    share=2,
)
RAW = Target(
    "config.toml, raw bytes",
    st.builds(
        Case, st.binary(max_size=80) | st.lists(st.sampled_from(VALUES), max_size=8).map(b" ".join)
    ),
    check,
    frozenset({"one fault"}),
)
