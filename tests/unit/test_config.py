"""config.toml: every fault at once with its key and line, and what a file may look like."""

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
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
from passerelle.config.xml import CANONICAL_ELEMENTS
from passerelle.model.location import Location
from tests.config_schema import complaints
from tests.unit import many

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
# What is written, and the line, the key and the words of its one fault; "…" stands for any.
FAULTS = {
    # Keys
    "a mistyped key": ("tme_limit = '2m'", "1: tme_limit: unknown key; did you mean time_limit?"),
    "of another table": (
        f"{SERVER}paswrd = '{SECRET}'", "3: servers.ftp.paswrd: unknown key; did you mean passw",
    ),
    "a mistyped table": ("[order]", "1: order: unknown key; did you mean orders?"),
    "below": (f"{WHOLE}[orders.xlm]", "9: orders.xlm: unknown key; did you mean xml?"),
    "far below": (
        f"{WHOLE}[orders.xml]\nshema = 'a'",
        "10: orders.xml.shema: unknown key; did you mean schema?",
    ),
    "a key like none": ("[trace]\nx = 1", "2: trace.x: unknown key (known: max_size)"),
    "a key of two lines": (f'{SERVER}"a\\nb" = 1', "3: servers.ftp.a b: unknown key"),
    "a missing key": (
        f'{SERVER}[orders]\nto = "ftp:a.xml"', "3: orders.from: missing: this key is required",
    ),
    "a table that is not there": (
        "servers.ftp = {}", "1: servers.ftp.url: missing: this key is required",
    ),
    "a value for a table": (
        'trace = "1 MB"', "1: trace: this is a table: write [trace] on a line, and its keys below",
    ),
    "a line end of another kind above": (
        f"# one\u2028two\x85three\n{SERVER}x = 1", "4: servers.ftp.x: unknown key",
    ),
    # The form
    "no value": ("folder = .", "1: …mend this line (text stands between quotes)"),
    "no quotes": ("folder = '.'\ntime_limit = 2m", "2: …mend this line"),
    "no bracket": ('folder = "."\n\n[orders', "3: …mend this line"),
    "a key twice": (f'{SERVER}url = "x"', "3: …mend this line (it stands there already; keep one)"),
    "backslashes": ('folder = "D:\\x"', "1: …mend this line"),
    "a quote never closed": (f'{SERVER}folder = "x', "3: …mend this line"),
    "a NUL byte": (f"{SERVER}\0", "3: …mend this line"),
    "UTF-16 without its mark": (SERVER.encode("utf-16-le"), "1: …mend this line"),
    "another encoding": (
        "folder = '.'\n# Lycée\n".encode("cp1252"),
        "2: not UTF-8: in Notepad, save it with the encoding UTF-8",
    ),
    "brackets without end": ("x = " + "[" * 5000, "1: brackets within brackets, too deep"),
    "digits without end": ("\nx = " + "9" * 5000, "2: a number of thousands of digits"),
    "10 MB": ("#" * 10_000_000, "1: more than 1 MB: this is no configuration"),
    # Durations, sizes, times, minutes
    **{
        f"no duration {value}": (f"time_limit = {value}", "1: time_limit: ")
        for value in ('"2"', "120", '"2 min"', '"-2m"', '""', '"999999999999d"')
    },
    "a wait of nothing": (f'{SERVER}timeout = "0s"', "3: servers.ftp.timeout: it must"),
    "a wait of weeks": (f'{SERVER}timeout = "30d"', "3: servers.ftp.timeout: …a day at most"),
    "a time beyond all": (
        'archive.keep_traces = "99999999999d"', "1: archive.keep_traces: …a hundred years",
    ),
    **{
        f"no size {value[:8]}": (f"[trace]\nmax_size = {value}", "2: trace.max_size: ")
        for value in ('"1"', "1000", '"1 Mo"', '"0 B"', f'"{"9" * 400} GB"')
    },
    **{
        f"no minutes {value}": (f"{WHOLE}[schedule]\norders = {value}", "10: schedule.orders: ")
        for value in ("[27, 60]", "[-1]", "[]", "27", '["27"]', "[true]")
    },
    "a minute twice": (
        f"{WHOLE}[schedule]\norders = [27, 57, 27]",
        "10: schedule.orders: a minute stands in it twice",
    ),
    "a date between quotes": (
        f'{BOTH}start_from = "2026-11-22"',
        "6: orders.start_from: write a date and time without quotes",
    ),
    "a date of other times": (
        f"{BOTH}start_from = 0001-01-01T00:00:00+10:00",
        "6: orders.start_from: that is no date of our times",
    ),
    # Places
    **{
        f"the place {place}": (
            f'{SERVER}[orders]\nfrom = {place}\nto = "ftp:a.xml"', f"4: orders.from: {words}",
        )
        for place, words in {
            '"commandes.csv"': 'write it as "server:path"',
            "3": 'write it as "server:path"',
            '"fpt:commandes.csv"': 'no server is named "fpt" (servers: ftp)',
            '"ftp:../commandes.csv"': '"../commandes.csv" is no path below the server\'s folder',
            '"ftp:a\\\\b.csv"': 'folders are separated by "/"',
            '"ftp:"': '"" is no path below',
            '"ftp:a\\nb"': "…cannot hold line ends",
        }.items()
    },
    **{
        f"the name {to}": (
            f'{SERVER}[orders]\nfrom = "ftp:a.csv"\nto = "{to}"',
            "5: orders.to: {time}, in the file's name, is the only",
        )
        for to in ("ftp:{date}.xml", "ftp:{time}/a.xml", "ftp:a_{time.xml")
    },
    **{
        f"the URL {url}": (f'[servers.ftp]\nurl = "{url}"', f"2: servers.ftp.url: {words}")
        for url, words in {
            "http://host/": '…is unknown; use ftp, ftps, ftps-implicit, sftp, file',
            f"ftp://user:{SECRET}@host/": "the password does not belong in the URL",
            "ftp:///folder": "the host is missing",
            f"ftp://ftp://user:{SECRET}@host/": '"://" stands in it twice',
            "ftp://host:99999/": "the port is no number",
            "ftp://host/a%0Ab": "…cannot hold line ends",
            f"ftp://user:{SECRET}℀@host/": "this is no URL",
        }.items()
    },
    **{
        f"one file, {key}": (SERVER + text, "…are the same file")
        for key, text in {
            "stock": '[stock]\nfrom = "ftp:a.csv"\nto = "ftp:/a.csv"',
            "both read": f'{STOCK}[orders]\nfrom = "ftp:ExportCSV.csv"\nto = "ftp:a.xml"',
            "both written": f'{STOCK}[orders]\nfrom = "ftp:a"\nto = "ftp:ExportCSVmod.csv"',
            "a shop's": pool("a.csv", "b.csv", "b.csv"),
            "two shops'": pool("a.csv", "b.csv", "c.csv") + pool("d", "c.csv", "e", name="be"),
            "a shop's and the stock's": STOCK + pool("a.csv", "ExportCSV.csv", "c.csv"),
            "a shop's and the orders'": ORDERS + pool("a.csv", "b.csv", "commandes.csv"),
        }.items()
    },
    # Words and numbers
    "an encoding of none": (f'{BOTH}encoding = "klingon"', "6: orders.encoding: no encoding is"),
    "an encoding of no file": (f'{BOTH}encoding = "idna"', "6: orders.encoding: no encoding is"),
    "a separator": (f'{BOTH}separator = "."', "6: orders.separator: "),
    "an XML's encoding": (f'{BOTH}xml.encoding = "auto"', "6: orders.xml.encoding: "),
    "a date format": (f'{BOTH}xml.date_format = "%d/%"', '6: orders.xml.date_format: after "%"'),
    "a rule": (f'{WHOLE}missed_sales = "nothing"', "9: stock.missed_sales: "),
    "a share": (f"{WHOLE}guards.max_drop = 1.5", "9: stock.guards.max_drop: "),
    "fewer than no line": (f"{WHOLE}guards.min_lines = -1", "9: stock.guards.min_lines: "),
    "less than no card": (f"{WHOLE}gift_cards.quantity = -1", "9: stock.gift_cards.quantity: "),
    "a number for an id": (f"{WHOLE}gift_cards.ids = [1201]", "9: stock.gift_cards.ids"),
    "a card without a number": (
        f'{WHOLE}gift_cards.ids = [" "]', "9: stock.gift_cards.ids: a product id is written",
    ),
    "a way to publish": (f'{SERVER}publish = "copy"', "3: servers.ftp.publish: "),
    "yes": (f'{SERVER}passive = "yes"', "3: servers.ftp.passive: "),
    "a number for a duration": (f"{SERVER}timeout = 20", "3: servers.ftp.timeout: "),
    "a path with NUL": (f'{SERVER}key_file = "a\\u0000"', "3: servers.ftp.key_file: control"),
    "control in a text": (f'{BOTH}store = "0\\u00018"', "6: orders.store: control characters"),
    "a text that is no XML": (f'{BOTH}store = "\\uFFFE"', "6: orders.store: control characters"),
    "control in a payment": (f'{BOTH}xml.payments.CB = "\\u0000"', "…control characters"),
    "control in a card": (f'{WHOLE}gift_cards.fill.Nom = "a\\nb"', "…control characters"),
    # Names of elements
    "no such element": (f'{BOTH}xml.names.ordrs = "a"', "6: orders.xml.names"),
    **{
        f"the element {name}": (
            f'{BOTH}xml.names.order = "{name}"', "6: orders.xml…cannot be the name of an XML ele",
        )
        for name in ("a b", "1a", "", "m²", "1er", "a:b")
    },
    "an element that the encoding lacks": (
        f'{BOTH}xml = {{ encoding = "ISO-8859-1", names = {{ orders = "cœurs" }} }}',
        '6: orders.xml: the name "cœurs" cannot be written in ISO-8859-1',
    ),
    # The pool
    "an owner without files": (
        f'{SERVER}[pool]\nowner = "erp"\n{pool("a", "b", "c")}', "…needs [stock] and [orders]",
    ),
    "an owner without a place": (
        f'{WHOLE}[pool]\nowner = "erp"\n{pool("a", "b", "c")}', "…in_erp_after is missing",
    ),
    "a shop's name": (SERVER + pool("a", "b", "c", name='"d e"'), "…cannot be a shop's name"),
    "no shop": (f"{SERVER}[pool]\nshops = {{}}", "…a pool needs a shop"),
    "a shop's key": (SERVER + pool("a", "b", "c", more="buffers = 3"), "…did you mean buffer?"),
}  # fmt: skip


class TestAFault:
    @pytest.mark.parametrize(("text", "fault"), FAULTS.values(), ids=FAULTS)
    def test_is_told_with_its_line_and_key_and_without_a_password(
        self, path: Path, text: str | bytes, fault: str
    ) -> None:
        (told,) = faults(path, text if isinstance(text, bytes) else f"{text}\n")
        assert re.match(".*".join(map(re.escape, f"config.toml:{fault}".split("…"))), told), told
        assert "\n" not in told
        assert SECRET not in told

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

    def test_that_cannot_be_read_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot read the configuration"):
            load_config(tmp_path)


class TestARelativePath:
    def test_starts_from_the_config_s_folder(self, path: Path) -> None:
        text = (
            'folder = "data"\n[servers.here]\nurl = "exchange"\nknown_hosts = "hosts"\n'
            'key_file = "keys/id"\n[orders]\nfrom = "here:a.csv"\nto = "here:b.xml"\n'
            '[orders.xml]\nschema = "forms/sales.xsd"\nstylesheet = "forms/sales.xsl"\n'
        )
        settings = load(path, text)
        server, base = settings.servers["here"], path.parent
        assert settings.folder == base / "data"
        assert server.url == (base / "exchange").as_uri()
        assert (server.known_hosts, server.key_file) == (base / "hosts", base / "keys" / "id")
        assert settings.orders is not None
        assert settings.orders.xml.schema_file == base / "forms" / "sales.xsd"
        assert settings.orders.xml.stylesheet == base / "forms" / "sales.xsl"

    def test_that_is_left_out_is_the_config_s_folder_or_nothing(self, path: Path) -> None:
        settings = load(path, SERVER)
        assert settings.folder == path.parent
        assert settings.servers["ftp"].known_hosts is None

    def test_that_is_absolute_stays(self, path: Path, tmp_path: Path) -> None:
        folder = tmp_path / "elsewhere"
        assert load(path, f"folder = '{folder}'\n").folder == folder


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
            (kind for kind in (Orders, Stock, Pool) if field.annotation == kind | None),
            field.annotation,
        )
        if name == "servers":
            yield from leaves(Server, "servers.ftp.")
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
              "stock.to", "folder", "fulfil.to", "pool.shops.fr.orders_from",
              "pool.shops.fr.stock_from", "pool.shops.fr.stock_to", "pool.shops.fr.in_erp_after",
              }  # fmt: skip
# They stand in the template as comments, or as tables of their own.
COMMENTED = {
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
    """The template with the pool's lines as a person makes them count."""
    before, pool, after = re.split(rb"(?m)^(?=# --- (?:One stock|Keeping))", template())
    lines = pool.partition(b"\n")[2]
    return b"".join((before, re.sub(rb"(?m)^# ?", b"", lines), after))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(tmp_path_factory.mktemp("config") / "config.toml", whole_template())


class TestTheTemplate:
    @pytest.mark.parametrize(
        ("key", "default"), [leaf for leaf in leaves(Settings) if leaf[0] not in NO_DEFAULT]
    )
    def test_shows_every_default_as_it_is(
        self, settings: Settings, key: str, default: object
    ) -> None:
        assert value_of(settings, key) == default

    @pytest.mark.parametrize("key", [key for key, _ in leaves(Settings)])
    def test_shows_every_key(self, key: str) -> None:
        text = whole_template().decode()
        if key in COMMENTED:
            assert COMMENTED[key] in text
            return
        found: Any = tomllib.loads(text)
        for part in key.split("."):
            assert part in found, f"{key} is not in template.toml"
            found = found[part]

    def test_names_no_key_that_is_not_there(self, settings: Settings) -> None:
        assert settings.orders is not None
        assert settings.stock is not None

    def test_shows_names_of_canonical_elements_only(self) -> None:
        text = template().decode().partition("[orders.xml.names]")[2].partition("[")[0]
        names = [line.split()[1] for line in text.splitlines() if line.startswith("# ")]
        assert names
        assert set(names) <= set(CANONICAL_ELEMENTS)

    def test_has_lines_that_end_as_they_should_and_no_tab(self) -> None:
        assert b"\r" not in template()
        assert b"\t" not in template()
        assert template().endswith(b"\n")

    def test_is_written_where_it_is_wanted(self, tmp_path: Path) -> None:
        path = write_template(tmp_path / "new" / "folder")
        assert path.read_bytes() == template()

    def test_has_its_schema_beside_it_which_its_first_line_names(self, tmp_path: Path) -> None:
        path = write_template(tmp_path)
        named = path.read_text("utf-8").splitlines()[0].removeprefix("#:schema ")
        assert named == "./config.schema.json"
        assert (tmp_path / named).read_bytes() == shipped_schema()

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


KEYS = st.text("abc-_", min_size=1, max_size=4)
VALUES = st.sampled_from(
    ["1", '"x"', "[\n  1,\n\n  2, # [no]\n]", '"""\n[no]\nx = 1\n"""', "{ y = 1 }"]
)


class TestTheLinesOfKeys:
    @many
    @given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=3), max_size=3), st.data())
    def test_are_found_whatever_stands_between_them(
        self, tables: dict[str, dict[str, str]], data: st.DataObject
    ) -> None:
        noise = st.sampled_from(["", "\n", "# [no] = 1\n", "\n  \n"])
        text = ""
        expected: dict[tuple[str, ...], int] = {}
        for table, keys in tables.items():
            text += data.draw(noise) + f"[{table}] # table\n"
            expected[table,] = text.count("\n")
            for key, value in keys.items():
                text += data.draw(noise)
                expected[table, key] = text.count("\n") + 1
                text += f"  {key} = {value}\n"
        found = key_lines(text)
        assert {key: found[key] for key in expected} == expected

    def test_are_found_behind_texts_that_look_like_toml(self) -> None:
        text = 'a = """\n[x]\n"""""\n\nb = [ # ]\n  "]", \'"[\', # {\n]\n[t."]=#"]\nc = {d = "}"}\n'
        assert key_lines(text) == {
            ("a",): 1,
            ("b",): 5,
            ("t", "]=#"): 8,
            ("t", "]=#", "c"): 9,
            ("t", "]=#", "c", "d"): 9,
        }
