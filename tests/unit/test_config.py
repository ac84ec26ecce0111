"""config.toml: every fault at once with its key and line, and what a file may look like."""

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from passerelle.base.errors import ConfigError, UsageError
from passerelle.config.faults import key_lines
from passerelle.config.load import (
    find_config,
    load_config,
    read_text,
    shipped_schema,
    template,
    write_template,
)
from passerelle.config.model import Settings
from passerelle.config.orders import Orders
from passerelle.config.pool import Pool, PoolShop
from passerelle.config.servers import Server
from passerelle.config.stock import Stock
from passerelle.config.sync import Connector, Sync
from passerelle.config.tills import TillGroup, Tills
from passerelle.config.xml import CANONICAL_ELEMENTS
from passerelle.model.location import Location
from tests.config_schema import complaints

SERVER = '[servers.ftp]\nurl = "ftp://user@ftp.example.com/"\n'
ORDERS = '[orders]\nfrom = "ftp:commandes.csv"\nto = "ftp:import/{time}.xml"\n'
STOCK = '[stock]\nfrom = "ftp:ExportCSV.csv"\nto = "ftp:ExportCSVmod.csv"\n'
BOTH = SERVER + ORDERS
WHOLE = BOTH + STOCK


def pool(orders: str, levels: str, to: str, name: str = "fr", more: str = "") -> str:
    """A shop of the pool."""
    places = {"orders_from": orders, "stock_from": levels, "stock_to": to}
    lines = "".join(f'{key} = "ftp:{place}"\n' for key, place in places.items())
    return f"[pool.shops.{name}]\n{lines}{more}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def load(path: Path, text: str | bytes) -> Settings:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    settings = load_config(path)
    # What the program takes, editors must not complain of.
    assert complaints(read_text(path)) == []
    return settings


def faults(path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load(path, text)
    assert error.value.exit_code == 3
    return list(error.value.faults)


SECRET = "Zx9-s3cr3t"
_XML = f"{BOTH}[orders.xml]\n"
_OWNED = f'[pool]\nowner = "erp"\n{pool("a", "b", "c")}'
_NO_ELEMENT = "7: orders.xml…cannot be the name of an XML ele"
# What is written, and the line, the key and the words of its one fault; "…" stands for any.
EDITORS_KNOW: list[tuple[str, str]] = [
    # Keys
    ("tme_limit = '2m'", "1: tme_limit: unknown key; did you mean time_limit?"),
    (f"{SERVER}paswrd = '{SECRET}'", "3: servers.ftp.paswrd: unknown key; did you mean passw"),
    ("[order]", "1: order: unknown key; did you mean orders?"),
    (f"{WHOLE}[orders.xlm]", "9: orders.xlm: unknown key; did you mean xml?"),
    (f"{_XML}shema = 'a'", "7: orders.xml.shema: unknown key; did you mean schema?"),
    ("[trace]\nx = 1", "2: trace.x: unknown key (known: max_size)"),
    (f'{SERVER}"a\\nb" = 1', "3: servers.ftp.a b: unknown key"),
    (f"{SERVER}{pool('a', 'b', 'c', more='buffers = 3')}", "…did you mean buffer?"),
    (f'{SERVER}[orders]\nto = "ftp:a.xml"', "3: orders.from: missing: this key is required"),
    ("servers.ftp = {}", "1: servers.ftp.url: missing: this key is required"),
    ('trace = "1 MB"', "1: trace: this is a table: write [trace] on a line, and its keys below"),
    (f"# one\u2028two\x85three\n{SERVER}x = 1", "4: servers.ftp.x: unknown key"),
    # Durations, sizes, minutes
    *((f"time_limit = {v}", "1: time_limit: ") for v in ('"2"', "120", '"2 min"', '"-2m"', '""')),
    *((f"[trace]\nmax_size = {v}", "2: trace.max_size: ") for v in ('"1"', "1000", '"1 Mo"')),
    (f'[trace]\nmax_size = "{"9" * 400} GB"', "2: trace.max_size: "),
    *((f"[schedule]\norders = {v}", "2: schedule.orders: ") for v in ("[27, 60]", "[-1]", "[]")),
    *((f"[schedule]\norders = {v}", "2: schedule.orders: ") for v in ("27", '["27"]', "[true]")),
    ("[schedule]\norders = [5, 57, 5]", "2: schedule.orders: a minute stands in it twice"),
    # Places
    *(
        (f'{SERVER}[orders]\nfrom = {place}\nto = "ftp:a.xml"', f"4: orders.from: {words}")
        for place, words in (
            *(('"commandes.csv"', 'write it as "server:path"'), ("3", 'write it as "server:path"')),
            ('"ftp:a\\\\b.csv"', 'folders are separated by "/"'),
            ('"ftp://h/a.csv"', 'this is a URL; give it as "url" of a server'),
            ('"ftp:"', '"" is no path below'),
        )
    ),
    *(
        (f'[servers.ftp]\nurl = "{url}"', f"2: servers.ftp.url: {words}")
        for url, words in (
            ("http://host/", "…is unknown; use ftp, ftps, ftps-implicit, sftp, file"),
            (f"ftp://user:{SECRET}@host/", "the password does not belong in the URL"),
            ("ftp:///folder", "the host is missing"),
            (f"ftp://user:{SECRET}℀@host/", "this is no URL"),
        )
    ),
    # Words and numbers
    ("language = 'de'", "1: language: "),
    (f'{BOTH}separator = "."', "6: orders.separator: "),
    (f"{BOTH}final_newline = 1", "6: orders.final_newline: "),
    (f"{BOTH}send_statuses = [3]", "6: orders.send_statuses"),
    (f'{_XML}encoding = "auto"', "7: orders.xml.encoding: "),
    (f'{_XML}decimal = ";"', "7: orders.xml.decimal: "),
    (f'{_XML}date_format = "%d/%"', '7: orders.xml.date_format: after "%"'),
    (f'{WHOLE}missed_sales = "nothing"', "9: stock.missed_sales: "),
    (f"{WHOLE}guards.max_drop = 1.5", "9: stock.guards.max_drop: "),
    (f"{WHOLE}guards.min_lines = -1", "9: stock.guards.min_lines: "),
    (f"{WHOLE}gift_cards.quantity = -1", "9: stock.gift_cards.quantity: "),
    (f"{WHOLE}gift_cards.ids = [1201]", "9: stock.gift_cards.ids"),
    (f'{WHOLE}gift_cards.ids = [" "]', "9: stock.gift_cards.ids: a product id is written"),
    (f'{SERVER}publish = "copy"', "3: servers.ftp.publish: "),
    (f'{SERVER}passive = "yes"', "3: servers.ftp.passive: "),
    (f"{SERVER}timeout = 20", "3: servers.ftp.timeout: "),
    (f'{BOTH}store = "0\\u00018"', "6: orders.store: control characters"),
    (f'{BOTH}xml.payments.CB = "\\u0000"', "…control characters"),
    (f'{WHOLE}gift_cards.fill.Nom = "a\\nb"', "…control characters"),
    (f'{_XML}names.ordrs = "a"', "7: orders.xml.names"),
    *((f'{_XML}names.order = "{v}"', _NO_ELEMENT) for v in ("a b", "1a", "", "m²", "a:b")),
]
# What only the program can tell.
OURS: list[tuple[str | bytes, str]] = [
    # The form
    ("folder = .", '1: a text stands between quotes: write folder = "."'),
    ("folder = '.'\ntime_limit = 2m", '2: a text stands between quotes: write time_limit = "2m"'),
    ("store = 008", '1: a text stands between quotes: write store = "008"'),
    ('folder = "."\n\n[orders', "3: brackets do not match: write [orders]"),
    (f'{SERVER}url = "x"', '3: "url" stands on line 2 already: keep one'),
    (f"{SERVER}[orders]\na.b = 1\n[servers.ftp]", "5: [servers.ftp] stands on line 1 already: put"),
    ("a = 1\n[a]", "2: [a] stands above already, as a key: keep one"),
    (
        'folder = "D:\\Passerellepy"  # là',
        "1: between \"…\" a backslash must be doubled: write folder = 'D:\\Passerellepy' (with '",
    ),
    (r'folder = "C:\Users"', r"1: …write folder = 'C:\Users'"),
    (r'folder = "\\\\nas\\x\d" # "', '1: between "…" a backslash must be doubled, \\\\; or'),
    (r"folder = D:\Passerelle", r"1: write folder = 'D:\Passerelle'"),
    (f'{SERVER}folder = "x', '3: a quote " is opened and not closed'),
    (f"folder = 'x\n{SERVER}", "1: a quote ' is opened and not closed"),
    ("folder = “D:”", "1: these quotes are a word processor's: write straight ones"),
    ('folder "."', '1: "=" is missing between key and value: write key = "value"'),
    ('folder: "."', '1: "=" stands between key and value, not ":": write folder = ...'),
    ("folder =", '1: there is no value: write folder = "", or put "#" before the line'),
    ('ids = ["1" "2"]', '1: a comma stands between the values of a list: write ["…", "…"]'),
    (
        'a = 1\nids = [\n"1"\n"2"\n]\n',
        '2: a list is not closed: it ends with "]", and commas stand',
    ),
    ('ids = ["1",\n"2"\nstore = "3"', '1: a list is not closed: it ends with "]"'),
    (f"{SERVER}passive = Oui", "3: write passive = true"),
    (f"{SERVER}passive = non", "3: write passive = false"),
    ("max_drop = 0,30", "1: write max_drop = 0.30"),
    ("start_from = 2/11/2026", "1: write start_from = 2026-11-02T00:00:00"),
    ("start_from = 2026-03-05 8:00", "1: write start_from = 2026-03-05T08:00:00"),
    ("max_drop = 20%", "1: write max_drop = 0.20"),
    ("orders = 27, 57", "1: write orders = [27, 57]"),
    ("ids = 1201, 1202", '1: write ids = ["1201", "1202"]'),
    ('ids = "1201", "1202"', '1: several values stand in a list: write ids = ["1201", "1202"]'),
    ("payments = Bon cadeau, Carte", '1: write payments = ["Bon cadeau", "Carte"]'),
    ("payments = [Bon cadeau]", '1: texts stand between quotes: write payments = ["Bon cadeau"]'),
    ('id = "x" date = "y"', "1: nothing may stand behind a value: write each key on a line of"),
    ('quantité = "Qté"', '1: keys have plain letters, digits, - and _; …"quantité" = …'),
    ('id == "x"', '1: one "=" stands between key and value, not two'),
    ("[orders]\n[orders\nfoo = 1", "2: brackets do not match: write [orders]"),
    ("[orders columns]", "1: brackets do not match: write [orders.columns]"),
    (f"{SERVER}password = {SECRET}", '3: a text stands between quotes: write password = "..."'),
    (rf'{SERVER}password = "{SECRET}\p"', "3: …write password = '...'"),
    (f"{SERVER}\0", "3: Invalid statement: mend this line"),
    (SERVER.encode("utf-16-le"), "1: UTF-16 without its mark: in Notepad, save it with the enc"),
    (f"{BOTH}store = 8", '6: orders.store: …: write store = "8"'),
    (f"{BOTH}store = true", '6: orders.store: …: write store = "true"'),
    (f'{SERVER}passive = "oui"', "3: servers.ftp.passive: …: write passive = true"),
    (f'{WHOLE}guards.max_drop = "0,3"', "9: stock.guards.max_drop: …: write max_drop = 0.3"),
    (f'{WHOLE}gift_cards.quantity = "99"', "9: stock.gift_cards.quantity: …: write quantity = 99"),
    ("folder = '.'\n# Lycée\n".encode("cp1252"), "2: not UTF-8: in Notepad, save it with the enc"),
    # Durations, sizes, times
    ('time_limit = "999999999999d"', "1: time_limit: "),
    ('[trace]\nmax_size = "0 B"', "2: trace.max_size: "),
    (f'{SERVER}timeout = "0s"', "3: servers.ftp.timeout: it must"),
    (f'{SERVER}timeout = "30d"', "3: servers.ftp.timeout: …a day at most"),
    ('archive.keep_traces = "99999999999d"', "1: archive.keep_traces: …a hundred years"),
    (f'{BOTH}start_from = "2026-11-22"', "6: orders.start_from: write a date and time without qu"),
    (f"{BOTH}start_from = 0001-01-01T00:00:00+10:00", "6: orders.start_from: that is no date of"),
    # Places
    *(
        (f'{SERVER}[orders]\nfrom = "{place}"\nto = "ftp:a.xml"', f"4: orders.from: {words}")
        for place, words in (
            ("fpt:commandes.csv", 'no server is named "fpt" (servers: ftp)'),
            ("ftp:../commandes.csv", '"../commandes.csv" is no path below the server\'s folder'),
            ("ftp:a\\nb", "…cannot hold line ends"),
        )
    ),
    *(
        (
            f'{SERVER}[orders]\nfrom = "ftp:a.csv"\nto = "ftp:{to}"',
            "5: orders.to: {time}, in the file's name, is the only",
        )
        for to in ("{date}.xml", "{time}/a.xml", "a_{time.xml")
    ),
    *(
        (f'[servers.ftp]\nurl = "{url}"', f"2: servers.ftp.url: {words}")
        for url, words in (
            (f"ftp://ftp://user:{SECRET}@host/", '"://" stands in it twice'),
            ("ftp://host:99999/", "the port is no number"),
            ("ftp://host/a%0Ab", "…cannot hold line ends"),
        )
    ),
    *(
        (SERVER + text, "…are the same file")
        for text in (
            '[stock]\nfrom = "ftp:a.csv"\nto = "ftp:/a.csv"',
            f'{STOCK}[orders]\nfrom = "ftp:ExportCSV.csv"\nto = "ftp:a.xml"',
            f'{STOCK}[orders]\nfrom = "ftp:a"\nto = "ftp:ExportCSVmod.csv"',
            pool("a.csv", "b.csv", "b.csv"),
            pool("a.csv", "b.csv", "c.csv") + pool("d", "c.csv", "e", name="be"),
            STOCK + pool("a.csv", "ExportCSV.csv", "c.csv"),
            ORDERS + pool("a.csv", "b.csv", "commandes.csv"),
        )
    ),
    # Words and names
    (f'{BOTH}encoding = "klingon"', "6: orders.encoding: no encoding is"),
    (f'{BOTH}encoding = "idna"', "6: orders.encoding: no encoding is"),
    (f'{SERVER}key_file = "a\\u0000"', "3: servers.ftp.key_file: control"),
    (f'{BOTH}store = "\\uFFFE"', "6: orders.store: control characters"),
    (
        f'{BOTH}xml = {{ encoding = "ISO-8859-1", names = {{ orders = "cœurs" }} }}',
        '6: orders.xml: the name "cœurs" cannot be written in ISO-8859-1',
    ),
    # The pool
    (SERVER + _OWNED, "…needs [stock] and [orders]"),
    (WHOLE + _OWNED, "…in_erp_after is missing"),
    (SERVER + pool("a", "b", "c", name='"d e"'), "…cannot be a shop's name"),
    (f"{SERVER}[pool]\nshops = {{}}", "…a pool needs a shop"),
]


class TestAFault:
    @pytest.mark.parametrize(("text", "fault"), [*EDITORS_KNOW, *OURS])
    def test_is_told_with_its_line_and_key_and_without_a_password(
        self, path: Path, text: str | bytes, fault: str
    ) -> None:
        (told,) = faults(path, text if isinstance(text, bytes) else f"{text}\n")
        assert re.match(".*".join(map(re.escape, f"config.toml:{fault}".split("…"))), told), told
        assert "\n" not in told
        assert SECRET not in told

    @pytest.mark.parametrize(("text", "fault"), EDITORS_KNOW)
    def test_is_one_for_an_editor_at_the_same_key_where_the_schema_can_say_it(
        self, text: str, fault: str
    ) -> None:
        (complaint,) = complaints(text)
        at, key = complaint.partition(": ")[0], re.match(r"[0-9]*(?:: )?([\w.]*)", fault)
        assert key
        assert at.startswith(key[1]) or key[1].rpartition(".")[0] == at

    def test_is_told_with_all_others_in_the_order_of_their_lines(self, path: Path) -> None:
        text = (
            'time_limit = "2 minutes"\n'
            '[servers.ftp]\nurl = "ftp://user:secret@host/"\npasive = true\n'
            '[orders]\nfrom = "ftp:commandes.csv"\nsend_statuses = 3\n'
            '[orders.colums]\nid = "ID"\n'
            '[orders.xml]\ndecimal = ";"\n'
            '[stock]\nfrom = "commandes.csv"\nto = "ftp:../x.csv"\n'
            "[stock.guards]\nmax_drop = 30\nfinal_newline = 1\n"
        )
        assert [fault.split(": ")[:2] for fault in faults(path, text)] == [
            ["config.toml:1", "time_limit"],
            ["config.toml:3", "servers.ftp.url"],
            ["config.toml:4", "servers.ftp.pasive"],
            ["config.toml:5", "orders.to"],
            ["config.toml:7", "orders.send_statuses"],
            ["config.toml:8", "orders.colums"],
            ["config.toml:11", "orders.xml.decimal"],
            ["config.toml:13", "stock.from"],
            ["config.toml:14", "stock.to"],
            ["config.toml:16", "stock.guards.max_drop"],
            ["config.toml:17", "stock.guards.final_newline"],
        ]

    def test_stands_at_its_line_in_any_of_toml_s_ways(self, path: Path) -> None:
        text = (
            'servers.ftp.url = "ftp://h/"\n'
            'orders.columns.id = [\n  "a",\n  # "b",\n]\n'
            'orders."from" = "fpt:a.csv"\n'
            "orders.to = '''\nftp:a.xml'''\n"
            'stock = { from = "ftp:a.csv", to = "fpt:b.csv", guards = { max_drop = 2 } }\n'
        )
        assert [fault.split(": ")[:2] for fault in faults(path, text)] == [
            ["config.toml:6", "orders.from"],
            ["config.toml:9", "stock.guards.max_drop"],
            ["config.toml:9", "stock.to"],
        ]


class TestAValue:
    @pytest.mark.parametrize(
        ("text", "span"),
        [
            *(("20s", timedelta(seconds=20)), ("500ms", timedelta(milliseconds=500))),
            *(("2m", timedelta(minutes=2)), ("1.5 h", timedelta(minutes=90))),
            *(("365d", timedelta(days=365)), ("0s", timedelta(0))),
        ],
    )
    def test_is_a_duration_with_its_unit(self, path: Path, text: str, span: timedelta) -> None:
        assert load(path, f'time_limit = "{text}"\n').time_limit == span

    @pytest.mark.parametrize(
        ("text", "size"), [("1 MB", 1_000_000), ("500kB", 500_000), ("1.5 GB", 1_500_000_000)]
    )
    def test_is_a_size_with_its_unit(self, path: Path, text: str, size: int) -> None:
        assert load(path, f'[trace]\nmax_size = "{text}"\n').trace.max_size == size

    def test_may_be_written_as_people_do(self, path: Path) -> None:
        text = (
            f"{BOTH}start_from = 2026-11-22\nxml.names.orders = 'événements'\n"
            'columns = {id = "N°", ean13 = ["EAN", "Code"]}\n'
            '[stock]\nfrom = "ftp:/in/stock.csv"\nto = "ftp:a.csv"\nguards.max_drop = 1\n'
            "[schedule]\norders = [57, 0, 27]\n"
        )
        settings = load(path, text)
        orders, stock = settings.orders, settings.stock
        assert orders and stock
        assert (orders.columns.id, orders.columns.ean13) == (("N°",), ("EAN", "Code"))
        assert orders.start_from == datetime(2026, 11, 22).astimezone()
        assert orders.xml.names == {"orders": "événements"}
        assert stock.source == Location("ftp", "in/stock.csv")
        assert stock.guards.max_drop == 1.0
        assert settings.schedule.orders == (0, 27, 57)
        timed = load(path, text.replace("2026-11-22", "2026-11-22T00:00:00")).orders
        assert timed and timed.start_from == orders.start_from


class TestAFile:
    @pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    def test_may_come_from_notepad(self, path: Path, codec: str, line_end: str) -> None:
        text = (SERVER + ORDERS + 'store = "Lycée 008"\n').replace("\n", line_end)
        found = load(path, text.encode(codec)).orders
        assert found is not None
        assert found.store == "Lycée 008"
        wrong = text.replace("store", "stor").encode(codec)
        assert faults(path, wrong)[0].startswith("config.toml:6: orders.stor: unknown key")

    def test_may_write_its_keys_in_any_of_toml_s_ways(self, path: Path) -> None:
        tables = load(path, WHOLE + '[orders.columns]\nid = ["a", "b"]\n')
        dotted = load(
            path,
            'servers.ftp.url = "ftp://user@ftp.example.com/"\n'
            'orders.from = "ftp:commandes.csv"\norders.to = "ftp:import/{time}.xml"\n'
            'orders.columns.id = [\n  "a", # first\n  "b",\n]\n'
            'stock = { from = "ftp:ExportCSV.csv", to = "ftp:ExportCSVmod.csv" }\n',
        )
        assert dotted == tables

    def test_may_be_empty(self, path: Path) -> None:
        settings = load(path, "")
        assert (settings.orders, settings.stock, settings.servers) == (None, None, {})
        assert settings.folder == path.parent

    def test_that_cannot_be_read_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot read the configuration"):
            load_config(tmp_path)


def test_a_relative_path_starts_from_the_config_s_folder(path: Path) -> None:
    base = path.parent
    text = (
        'folder = "data"\n[servers.here]\nurl = "exchange"\nknown_hosts = "hosts"\n'
        f'key_file = \'{base / "keys"}\'\n[orders]\nfrom = "here:a.csv"\nto = "here:b.xml"\n'
        '[orders.xml]\nschema = "forms/sales.xsd"\nstylesheet = "forms/sales.xsl"\n'
    )
    settings = load(path, text)
    server, orders = settings.servers["here"], settings.orders
    assert settings.folder == base / "data"
    assert server.url == (base / "exchange").as_uri()
    assert (server.known_hosts, server.key_file) == (base / "hosts", base / "keys")
    assert orders is not None
    assert orders.xml.schema_file == base / "forms" / "sales.xsd"
    assert orders.xml.stylesheet == base / "forms" / "sales.xsl"


class TestTheConfigInUse:
    def test_is_the_one_named_or_in_the_environment_or_beside_the_program_or_here(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folders = [path.parent / name for name in ("named", "variable", "program", "here")]
        named, variable, program, here = (folder / "config.toml" for folder in folders)
        for folder in folders:
            folder.mkdir()
            (folder / "config.toml").touch()
        monkeypatch.chdir(here.parent)
        monkeypatch.setenv("PASSERELLE_CONFIG", str(variable))
        monkeypatch.setattr("sys.frozen", True, raising=False)
        monkeypatch.setattr("sys.executable", str(program.with_name("passerelle.exe")))
        assert find_config(named) == named
        assert find_config() == variable
        monkeypatch.delenv("PASSERELLE_CONFIG")
        assert find_config() == program
        monkeypatch.delattr("sys.frozen")
        assert find_config() == here

    def test_that_is_missing_says_where_and_how_to_write_one(self, path: Path) -> None:
        with pytest.raises(ConfigError) as error:
            find_config(path)
        assert str(error.value) == (
            f"no configuration: {path}: write one with `passerelle init`, or name it with --config"
        )


def leaves(model: type[BaseModel], table: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of the model with its default."""
    for name, field in model.model_fields.items():
        key = f"{table}{field.alias or name}"
        inner = next(
            (kind for kind in (Orders, Stock, Pool, Tills) if field.annotation == kind | None),
            field.annotation,
        )
        if name == "servers":
            yield from leaves(Server, "servers.ftp.")
        elif name == "connectors":
            yield from leaves(Connector, "connectors.odoo.")
        elif name == "sync":
            yield from leaves(Sync, "sync.stock_th.")
        elif name == "groups":
            yield from leaves(TillGroup, "tills.groups.store.")
        elif name == "shops":
            yield from leaves(PoolShop, "pool.shops.fr.")
        elif isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from leaves(inner, f"{key}.")
        else:
            yield key, field.get_default(call_default_factory=True)


def value_of(settings: BaseModel, key: str) -> Any:
    found: Any = settings
    for part in key.split("."):
        if isinstance(found, dict):
            found = found[part]
        else:
            fields = type(found).model_fields
            found = getattr(found, next(n for n, f in fields.items() if part in (f.alias, n)))
    return found


# What a shop must fill in, and what the template fills in for it.
NO_DEFAULT = {"servers.ftp.url", "servers.ftp.password", "orders.from", "orders.to", "stock.from",
              "stock.to", "folder", "ledger_schema", "fulfil.to", "pool.shops.fr.orders_from",
              "pool.shops.fr.stock_from", "pool.shops.fr.stock_to", "pool.shops.fr.in_erp_after",
              "sync.stock_th.from", "sync.stock_th.to",
              *(f"connectors.odoo.{key}" for key in ("kind", "url", "apikey", "database", "login")),
              }  # fmt: skip
# ZORT's own, which stand in its table.
OF_ZORT = {f"connectors.odoo.{key}" for key in ("storename", "apisecret", "rate")}
# They stand in the template as comments, or as tables of their own.
COMMENTED = {
    "ledger": "# ledger = ",
    "ledger_password": '# ledger_password = "keyring"',
    "ledger_schema": '# ledger_schema = ""',
    "alerts.digest": '# digest = "08:00"',
    "orders.withhold.payments": '# payments = ["default", "Carte Kdo"]',
    "orders.send_statuses": "# send_statuses = [",
    "orders.waiting_statuses": "# waiting_statuses = [",
    "orders.cancelled_statuses": "# cancelled_statuses = [",
    "orders.start_from": "# start_from = 2026-11-22T00:00:00",
    "fulfil.start_from": "# start_from = 2026-11-22T00:00:00",
    "stock.guards.orders_max_age": '# orders_max_age = "12h"',
    "orders.waiting_for": '# waiting_for = "30d"',
}
TABLES = {"orders.xml.names", "orders.xml.payments", "fulfil.xml.names", "fulfil.xml.payments"}


def whole_template() -> bytes:
    """The template with the lines of pool, syncs and tills as a person makes them count."""
    parts = rb"(?m)^(?=# --- (?:One stock|Stock of another|Tills|Keeping))"
    before, *off, after = re.split(parts, template())
    lines = b"".join(part.partition(b"\n")[2] for part in off)
    return b"".join((before, re.sub(rb"(?m)^# ?", b"", lines), after))


class TestTheTemplate:
    def test_shows_every_key_and_every_default_as_it_is(self, path: Path) -> None:
        settings, text = load(path, whole_template()), whole_template().decode()
        for key, default in leaves(Settings):
            if key in COMMENTED:
                assert COMMENTED[key] in text
                assert key in NO_DEFAULT or value_of(settings, key) == default, key
                continue
            found: Any = tomllib.loads(text)
            for part in key.replace("odoo", "zort" if key in OF_ZORT else "odoo").split("."):
                assert part in found, f"{key} is not in template.toml"
                found = found[part]
            own = key in NO_DEFAULT | OF_ZORT
            assert own or value_of(settings, key) == default, key

    def test_shows_names_of_canonical_elements_only(self) -> None:
        text = template().decode().partition("[orders.xml.names]")[2].partition("[")[0]
        names = [line.split()[1] for line in text.splitlines() if line.startswith("# ")]
        assert names
        assert set(names) <= set(CANONICAL_ELEMENTS)

    def test_is_written_where_it_is_wanted_with_the_schema_that_its_first_line_names(
        self, tmp_path: Path
    ) -> None:
        path = write_template(tmp_path / "new" / "folder")
        assert path.read_bytes() == template()
        named = path.read_text("utf-8").splitlines()[0].removeprefix("#:schema ")
        assert (path.parent / named).read_bytes() == shipped_schema()

    @pytest.mark.parametrize("older", [b"{}", None])
    def test_brings_an_older_schema_up_to_date_beside_a_config_that_it_leaves(
        self, path: Path, older: bytes | None
    ) -> None:
        path.write_text("mine", encoding="utf-8")
        schema = path.with_name("config.schema.json")
        if older:
            schema.write_bytes(older)
        with pytest.raises(UsageError, match="a configuration is there already"):
            write_template(path.parent)
        assert schema.read_bytes() == shipped_schema()
        assert path.read_text(encoding="utf-8") == "mine"


def test_the_lines_of_keys_are_found_behind_texts_that_look_like_toml() -> None:
    text = 'a = """\n[x]\n"""""\n\nb = [ # ]\n  "]", \'"[\', # {\n]\n[t."]=#"]\nc = {d = "}"}\n'
    assert key_lines(text) == {
        ("a",): 1,
        ("b",): 5,
        ("t", "]=#"): 8,
        ("t", "]=#", "c"): 9,
        ("t", "]=#", "c", "d"): 9,
    }


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('payments = "Bon cadeau, Chèque"', 'write ["Bon cadeau", "Chèque"]'),
        ('payments = ["Bon cadeau, Chèque"]', ""),
    ],
)
def test_one_text_is_one_name(tmp_path: Path, line: str, told: str) -> None:
    """A name with a comma in it stands in a list."""
    path = tmp_path / "config.toml"
    path.write_text(f"{BOTH}[orders.withhold]\n{line}\n", encoding="utf-8")
    if told:
        with pytest.raises(ConfigError) as error:
            load_config(path)
        assert told in error.value.faults[0]
    else:
        orders = load_config(path).needed_orders
        assert orders.withhold.payments == ("Bon cadeau, Chèque",)
