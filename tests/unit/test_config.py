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
WHOLE = SERVER + ORDERS + STOCK


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


def orders(path: Path, text: str) -> Orders:
    found = load(path, SERVER + ORDERS + text).orders
    assert found is not None
    return found


def stock(path: Path, text: str) -> Stock:
    found = load(path, SERVER + STOCK + text).stock
    assert found is not None
    return found


class TestFaults:
    def test_of_a_server_s_name_read_as_promised(self, path: Path) -> None:
        text = (
            '# Passerelle\nfolder = "."\n\n[servers.ftp]\n'
            'url = "ftp://user@host/"\npassword = "keyring"\n\n'
            '# the shop\n[orders]\nstore = "008"\nchannel = "web"\n'
            'from = "fpt:commandes.csv"\nto = "ftp:import/{time}.xml"\n'
        )
        assert faults(path, text) == [
            'config.toml:12: orders.from: no server is named "fpt" (servers: ftp)'
        ]

    def test_are_told_all_at_once_in_the_order_of_their_lines(self, path: Path) -> None:
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

    @pytest.mark.parametrize(
        ("line", "fault"),
        [
            ("tme_limit = '2m'", "tme_limit: unknown key; did you mean time_limit?"),
            ("[order]", "order: unknown key; did you mean orders?"),
            ("[orders.xlm]", "orders.xlm: unknown key; did you mean xml?"),
            ("[orders]\nform = 'ftp:a'", "orders.form: unknown key; did you mean from?"),
            ("[orders.xml]\nshema = 'a'", "orders.xml.shema: unknown key; did you mean schema?"),
            ("[servers.a]\nurl='b'\npaswrd=''",
             "servers.a.paswrd: unknown key; did you mean password?"),
            ("[trace]\nx = 1", "trace.x: unknown key (known: max_size)"),
        ],
    )  # fmt: skip
    def test_of_a_mistyped_key_ask_for_the_one_that_was_meant(
        self, path: Path, line: str, fault: str
    ) -> None:
        found = [text.partition(" ")[2] for text in faults(path, line + "\n")]
        assert fault in found

    def test_name_a_missing_key_at_its_table(self, path: Path) -> None:
        assert faults(path, SERVER + '[orders]\nto = "ftp:a.xml"\n') == [
            "config.toml:3: orders.from: missing: this key is required"
        ]

    def test_of_a_table_that_is_not_there_stand_at_the_first_line(self, path: Path) -> None:
        assert faults(path, "servers.ftp = {}\n") == [
            "config.toml:1: servers.ftp.url: missing: this key is required"
        ]

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("folder = .\n", 1),
            ('folder = "."\ntime_limit = 2m\n', 2),
            ('folder = "."\n\n[orders\n', 3),
            ('folder = "."\nfolder = "."\n', 2),
            ('folder = "D:\\x"\n', 1),
        ],
    )
    def test_of_the_form_are_told_with_their_line(self, path: Path, text: str, line: int) -> None:
        (fault,) = faults(path, text)
        assert fault.startswith(f"config.toml:{line}: ")
        assert "mend this line" in fault

    def test_never_show_a_password(self, path: Path) -> None:
        text = (
            '[servers.ftp]\nurl = "ftp://user:s3cret@host/"\npassword = 53\n'
            '[servers.b]\nurl = "ftp://h/"\npasword = "s3cret"\n'
        )
        assert "s3cret" not in " ".join(faults(path, text))

    def test_stand_one_a_line_for_the_console(self, path: Path) -> None:
        assert not any("\n" in fault for fault in faults(path, 'a = 1\nb = """x\ny"""\n'))


class TestAValue:
    @pytest.mark.parametrize(
        ("text", "span"),
        [
            ("20s", timedelta(seconds=20)),
            ("500ms", timedelta(milliseconds=500)),
            ("2m", timedelta(minutes=2)),
            ("1.5 h", timedelta(minutes=90)),
            ("365d", timedelta(days=365)),
            ("0s", timedelta(0)),
        ],
    )
    def test_is_a_duration_with_its_unit(self, path: Path, text: str, span: timedelta) -> None:
        assert load(path, f'time_limit = "{text}"\n').time_limit == span

    @pytest.mark.parametrize("value", ['"2"', "120", '"2 min"', '"-2m"', '""', '"999999999999d"'])
    def test_is_no_duration_without_its_unit(self, path: Path, value: str) -> None:
        (fault,) = faults(path, f"time_limit = {value}\n")
        assert fault.startswith("config.toml:1: time_limit: ")

    @pytest.mark.parametrize(
        ("text", "size"), [("1 MB", 1_000_000), ("500kB", 500_000), ("1.5 GB", 1_500_000_000)]
    )
    def test_is_a_size_with_its_unit(self, path: Path, text: str, size: int) -> None:
        assert load(path, f'[trace]\nmax_size = "{text}"\n').trace.max_size == size

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ("[27, 60]", "from 0 to 59"),
            ("[-1]", "from 0 to 59"),
            ("[]", "from 0 to 59"),
            ("27", "from 0 to 59"),
            ('["27"]', "from 0 to 59"),
            ("[true]", "from 0 to 59"),
            ("[27, 57, 27]", "a minute stands in it twice"),
        ],
    )
    def test_of_minutes_say_which_there_are(self, path: Path, value: str, words: str) -> None:
        (fault,) = faults(path, WHOLE + f"[schedule]\norders = {value}\n")
        assert "schedule.orders: " in fault
        assert words in fault

    def test_minutes_may_stand_in_any_order(self, path: Path) -> None:
        settings = load(path, WHOLE + "[schedule]\norders = [57, 0, 27]\n")
        assert settings.schedule.orders == (0, 27, 57)

    @pytest.mark.parametrize("value", ['"1"', "1000", '"1 Mo"', '"0 B"'])
    def test_is_no_size_without_its_unit_or_of_nothing(self, path: Path, value: str) -> None:
        (fault,) = faults(path, f"[trace]\nmax_size = {value}\n")
        assert fault.startswith("config.toml:2: trace.max_size: ")

    def test_may_be_one_name_or_a_list_of_names(self, path: Path) -> None:
        columns = orders(path, '[orders.columns]\nid = "N°"\nean13 = ["EAN", "Code"]\n').columns
        assert (columns.id, columns.ean13) == (("N°",), ("EAN", "Code"))

    def test_is_a_local_time_without_quotes(self, path: Path) -> None:
        start = orders(path, "start_from = 2026-11-22T00:00:00\n").start_from
        assert start == datetime(2026, 11, 22).astimezone()
        assert orders(path, "start_from = 2026-11-22\n").start_from == start

    def test_is_no_local_time_between_quotes(self, path: Path) -> None:
        (fault,) = faults(path, SERVER + ORDERS + 'start_from = "2026-11-22"\n')
        assert fault.startswith("config.toml:6: orders.start_from: write a date and time without")

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            ('from = "commandes.csv"', 'write it as "server:path"'),
            ('from = "ftp:../commandes.csv"', "is no path below the server's folder"),
            ('from = "ftp:a\\\\b.csv"', 'folders are separated by "/"'),
            ('from = "ftp:"', "is no path below"),
            ('from = "ftp:a\\nb"', "cannot hold line ends"),
            ("from = 3", 'write it as "server:path"'),
        ],
    )
    def test_is_a_place_on_a_server(self, path: Path, line: str, problem: str) -> None:
        (fault,) = faults(path, SERVER + f'[orders]\n{line}\nto = "ftp:a.xml"\n')
        assert fault.startswith("config.toml:4: orders.from: ")
        assert problem in fault

    def test_of_a_place_starts_at_the_server_s_folder(self, path: Path) -> None:
        text = SERVER + '[orders]\nfrom = "ftp:/in/commandes.csv"\nto = "ftp:a.xml"\n'
        found = load(path, text).orders
        assert found is not None
        assert found.source == Location("ftp", "in/commandes.csv")

    @pytest.mark.parametrize("to", ["ftp:{date}.xml", "ftp:{time}/a.xml", "ftp:a_{time.xml"])
    def test_with_another_placeholder_than_time_is_a_fault(self, path: Path, to: str) -> None:
        (fault,) = faults(path, SERVER + f'[orders]\nfrom = "ftp:a.csv"\nto = "{to}"\n')
        assert fault.startswith("config.toml:5: orders.to: {time}, in the file's name, is the only")

    @pytest.mark.parametrize(
        ("url", "problem"),
        [
            ("http://host/", "is unknown; use ftp, ftps, ftps-implicit, sftp, file"),
            ("ftp://user:word@host/", "the password does not belong in the URL"),
            ("ftp:///folder", "the host is missing"),
            ("ftp://ftp://user:word@host/", '"://" stands in it twice'),
            ("ftp://host:99999/", "the port is no number"),
            ("ftp://host/a%0Ab", "cannot hold line ends"),
        ],
    )
    def test_of_a_url_says_what_would_be_right(self, path: Path, url: str, problem: str) -> None:
        (fault,) = faults(path, f'[servers.ftp]\nurl = "{url}"\n')
        assert fault.startswith("config.toml:2: servers.ftp.url: ")
        assert problem in fault

    @pytest.mark.parametrize(
        ("line", "key"),
        [
            ('[orders]\nencoding = "klingon"', "orders.encoding"),
            ('[orders]\nseparator = "."', "orders.separator"),
            ('[orders.xml]\nencoding = "auto"', "orders.xml.encoding"),
            ('[stock]\nmissed_sales = "nothing"', "stock.missed_sales"),
            ("[stock.guards]\nmax_drop = 1.5", "stock.guards.max_drop"),
            ("[stock.guards]\nmin_lines = -1", "stock.guards.min_lines"),
            ("[stock.gift_cards]\nquantity = -1", "stock.gift_cards.quantity"),
            ('[stock.gift_cards]\nids = [1201]', "stock.gift_cards.ids"),
            ('[servers.ftp]\npublish = "copy"', "servers.ftp.publish"),
            ('[servers.ftp]\npassive = "yes"', "servers.ftp.passive"),
            ('[servers.ftp]\ntimeout = 20', "servers.ftp.timeout"),
        ],
    )  # fmt: skip
    def test_of_the_wrong_kind_is_a_fault_at_its_key(self, path: Path, line: str, key: str) -> None:
        found = faults(path, line + "\n")
        assert any(f.startswith(f"config.toml:2: {key}: ") for f in found), found

    @pytest.mark.parametrize("line", ['ordrs = "a"', 'order = "a b"', 'order = "1a"', 'order = ""'])
    def test_of_the_erps_names_is_one_that_xml_allows(self, path: Path, line: str) -> None:
        found = faults(path, f"{WHOLE}[orders.xml.names]\n{line}\n")
        assert len(found) == 1
        assert ": orders.xml.names" in found[0]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('[pool]\nowner = "erp"\n' + pool("a", "b", "c"), "needs [stock] and [orders]"),
            (WHOLE + '[pool]\nowner = "erp"\n' + pool("a", "b", "c"), "in_erp_after is missing"),
            (pool("a", "b", "c", name='"d e"'), "cannot be a shop's name"),
            ("[pool]\nshops = {}\n", "a pool needs a shop"),
            (pool("a", "b", "c", more="buffers = 3\n"), "did you mean buffer?"),
        ],
    )
    def test_of_the_pool_says_what_would_be_right(self, path: Path, text: str, words: str) -> None:
        (fault,) = faults(path, text if text.startswith(SERVER) else SERVER + text)
        assert words in fault

    @pytest.mark.parametrize(
        "text",
        [
            '[stock]\nfrom = "ftp:a.csv"\nto = "ftp:/a.csv"\n',
            STOCK + '[orders]\nfrom = "ftp:ExportCSV.csv"\nto = "ftp:a.xml"\n',
            STOCK + '[orders]\nfrom = "ftp:a.csv"\nto = "ftp:ExportCSVmod.csv"\n',
            pool("a.csv", "b.csv", "b.csv"),
            pool("a.csv", "b.csv", "c.csv") + pool("d.csv", "c.csv", "e.csv", name="be"),
            STOCK + pool("a.csv", "ExportCSV.csv", "c.csv"),
            ORDERS + pool("a.csv", "b.csv", "commandes.csv"),
        ],
    )
    def test_never_has_two_parties_use_one_file(self, path: Path, text: str) -> None:
        (fault,) = faults(path, SERVER + text)
        assert "are the same file" in fault

    @pytest.mark.parametrize(
        "text",
        [
            '[orders]\nstore = "0\\u00018"\n',
            '[orders.xml.payments]\nCB = "\\u0000"\n',
            '[stock.gift_cards]\nfill = { Nom = "a\\nb" }\n',
        ],
    )
    def test_for_others_files_has_no_control_character(self, path: Path, text: str) -> None:
        assert any("control characters" in fault for fault in faults(path, text))

    def test_in_a_table_s_place_says_how_to_write_a_table(self, path: Path) -> None:
        assert faults(path, 'trace = "1 MB"\n') == [
            "config.toml:1: trace: this is a table: write [trace] on a line, and its keys below"
        ]

    def test_of_a_whole_number_may_stand_for_a_fraction(self, path: Path) -> None:
        assert stock(path, "[stock.guards]\nmax_drop = 1\n").guards.max_drop == 1.0


class TestAFile:
    @pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    def test_may_come_from_notepad(self, path: Path, codec: str, line_end: str) -> None:
        text = (SERVER + ORDERS + 'store = "Lycée 008"\n').replace("\n", line_end)
        found = load(path, text.encode(codec)).orders
        assert found is not None
        assert found.store == "Lycée 008"

    @pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
    def test_from_notepad_has_its_faults_at_the_same_lines(self, path: Path, codec: str) -> None:
        text = '# é\r\n\r\nstor = "é"\r\n'
        assert faults(path, text.encode(codec))[0].startswith("config.toml:3: stor: unknown key")

    def test_in_another_encoding_is_told_with_its_line(self, path: Path) -> None:
        assert faults(path, 'folder = "."\n# Lycée\n'.encode("cp1252")) == [
            "config.toml:2: not UTF-8: in Notepad, save it with the encoding UTF-8"
        ]

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

    def test_has_its_faults_at_their_lines_in_any_of_toml_s_ways(self, path: Path) -> None:
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
    def test_is_the_one_that_the_command_names(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.touch()
        monkeypatch.setenv("PASSERELLE_CONFIG", "other.toml")
        assert find_config(path) == path

    def test_is_else_the_one_that_the_environment_names(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.touch()
        monkeypatch.setenv("PASSERELLE_CONFIG", str(path))
        assert find_config() == path

    def test_is_else_the_one_beside_the_program(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.touch()
        monkeypatch.delenv("PASSERELLE_CONFIG", raising=False)
        monkeypatch.setattr("sys.frozen", True, raising=False)
        monkeypatch.setattr("sys.executable", str(path.with_name("passerelle.exe")))
        assert find_config() == path

    def test_is_else_the_one_in_the_current_folder(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.touch()
        monkeypatch.delenv("PASSERELLE_CONFIG", raising=False)
        monkeypatch.chdir(path.parent)
        assert find_config() == path

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
    "orders.start_from": "# start_from = 2026-11-22T00:00:00",
    "fulfil.start_from": "# start_from = 2026-11-22T00:00:00",
    "stock.guards.orders_max_age": '# orders_max_age = "12h"',
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

    def test_is_never_written_over_another(self, path: Path) -> None:
        path.write_text("mine", encoding="utf-8")
        with pytest.raises(UsageError, match="a configuration is there already"):
            write_template(path.parent)
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


class TestXmlNames:
    def test_cannot_be_written_as_references_so_the_encoding_must_have_them(
        self, path: Path
    ) -> None:
        text = 'xml = { encoding = "ISO-8859-1", names = { orders = "cœurs" } }\n'
        (fault,) = faults(path, SERVER + ORDERS + text)
        assert fault.endswith('orders.xml: the name "cœurs" cannot be written in ISO-8859-1')

    @pytest.mark.parametrize("name", ["m²", "1er", "a b", "a:b", ""])
    def test_are_names_of_xml(self, path: Path, name: str) -> None:
        text = f'xml = {{ names = {{ orders = "{name}" }} }}\n'
        (fault,) = faults(path, SERVER + ORDERS + text)
        assert "cannot be the name of an XML element" in fault

    def test_may_have_accents(self, path: Path) -> None:
        text = 'xml = { names = { orders = "événements" } }\n'
        assert orders(path, text).xml.names == {"orders": "événements"}
