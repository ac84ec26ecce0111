"""The JSON Schema of config.toml: made from the model, whole, and of one mind with it."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft7Validator

from passerelle.base.errors import ConfigError
from passerelle.cli.demo import sample
from passerelle.config.load import load_config, shipped_schema, template
from scripts.config import PLACES, leaves
from tests.config_schema import SCHEMA, complaints

HEAD = '[servers.ftp]\nurl = "ftp://user@host/"\n'
ORDERS = HEAD + '[orders]\nfrom = "ftp:a.csv"\nto = "ftp:b/{time}.xml"\n'
STOCK = HEAD + '[stock]\nfrom = "ftp:a.csv"\nto = "ftp:b.csv"\n'


def nodes(schema: dict[str, Any], path: str = "") -> dict[str, dict[str, Any]]:
    """Every key and table of a schema by its dotted path; any name is ``*``."""
    found: dict[str, dict[str, Any]] = {}
    for key, node in schema.get("properties", {}).items():
        found[f"{path}{key}"] = node
        found |= nodes(node, f"{path}{key}.")
    for rows in (schema.get("additionalProperties"), schema.get("items")):
        if isinstance(rows, dict):
            found |= nodes(rows, f"{path}*.")
    return found


KEYS = list(leaves())
# Its keys are elements of the canonical tree, not settings.
NODES = {key: node for key, node in nodes(SCHEMA).items() if ".xml.names." not in key}


class TestTheFile:
    @pytest.mark.parametrize("path", PLACES, ids=str)
    def test_is_the_one_that_the_model_makes(self, path: Path) -> None:
        """If not: ``python -m scripts.config``."""
        assert path.read_bytes() == PLACES[path]()

    def test_is_named_in_the_template_s_first_line(self) -> None:
        assert template().startswith(b"#:schema ./config.schema.json\n\n")

    def test_is_a_schema_in_each_draft_that_editors_may_take_it_for(self) -> None:
        Draft4Validator.check_schema(SCHEMA)
        Draft7Validator.check_schema(SCHEMA)

    def test_says_nothing_that_draft_4_does_not_know(self) -> None:
        text = shipped_schema().decode()
        for word in ("$ref", "$defs", "const", "exclusiveMinimum", "propertyNames", "examples"):
            assert f'"{word}":' not in text


class TestItsKeys:
    def test_are_those_of_the_model(self) -> None:
        assert sorted(NODES) == sorted(KEYS)

    @pytest.mark.parametrize("key", KEYS)
    def test_are_all_described(self, key: str) -> None:
        """A key's words stand in the docstring beside it, a table's also in its own."""
        assert len(NODES[key].get("description", "")) > 10

    @pytest.mark.parametrize("key", [key for key in KEYS if "default" in NODES[key]])
    def test_have_defaults_that_they_would_take(self, key: str) -> None:
        assert list(Draft7Validator(NODES[key]).iter_errors(NODES[key]["default"])) == []

    @pytest.mark.parametrize(
        ("key", "default"),
        [("time_limit", "2m"), ("trace.max_size", "1 MB"), ("archive.keep_exports", "730d"),
         ("servers.*.password", ""), ("servers.*.key_file", ""), ("folder", "."),
         ("schedule.orders", [27, 57]), ("orders.xml.encoding", "UTF-8")],
    )  # fmt: skip
    def test_have_defaults_as_people_write_them(self, key: str, default: object) -> None:
        assert NODES[key]["default"] == default

    @pytest.mark.parametrize("key", [key for key, node in NODES.items() if "properties" in node])
    def test_of_a_table_are_closed(self, key: str) -> None:
        assert NODES[key]["additionalProperties"] is False


class TestBothTake:
    @pytest.mark.parametrize("text", [template(), sample("config.toml")])
    def test_the_template_and_the_demonstration_s_settings(self, text: bytes) -> None:
        assert complaints(text.decode()) == []

    @pytest.mark.parametrize(
        "text",
        [
            "", ORDERS, STOCK,
            'time_limit = " 1.5h "', 'time_limit = "500 ms"',
            '[trace]\nmax_size = "0.5 MB"', '[trace]\nmax_size = "100B"',
            ORDERS + "start_from = 2026-11-22", ORDERS + "start_from = 2026-11-22T10:00:00.5+01:00",
            ORDERS + 'separator = "\\t"\nencoding = "latin-1"\nsend_statuses = "Paid"',
            ORDERS + '[orders.columns]\nid = "N°"\nean13 = ["a", "b"]',
            ORDERS + '[orders.xml]\nnames = { order = "vente" }\ndate_format = "%d/%m %%"',
            STOCK + 'missed_sales = "subtract"\n[stock.gift_cards]\nids = "12"\nfill = { a = "b" }',
            STOCK + "[stock.guards]\nmax_drop = 1\nmin_lines = 0",
            "[schedule]\nstock = [0, 59]",
            "[servers.a]\nurl = 'D:/x'\n[pool.shops.fr]\nbuffer = 2\nexclude = ['370']\n"
            "orders_from = 'a:b'\nstock_from = 'a:c'\nstock_to = 'a:d'\n",
            *(f"[servers.a]\nurl = '{url}'" for url in (
                "ftp://h", "FTPS://u@h:21//x", "sftp://[::1]/~/x", "ftps-implicit://u@h/x%3Fy%23",
                "file:///D:/x", "D:/x", r"\\host\share", "server", "ftp://a@b@host/")),
        ],
    )  # fmt: skip
    def test_what_is_right(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        load_config(path)
        assert complaints(text) == []


class TestBothRefuse:
    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ("folders = '.'", ""),
            ("folder = 3", "folder"),
            ("language = 'de'", "language"),
            ('time_limit = "2 minutes"', "time_limit"),
            ("time_limit = 120", "time_limit"),
            ("[trace]\nmax_size = '1 TB'", "trace.max_size"),
            ("[archive]\nkeep_traces = 'P1Y'", "archive.keep_traces"),
            ("servers = 'ftp'", "servers"),
            ("[servers.a]\npassive = true", "servers.a"),
            ("[servers.a]\nurl = 'b'\npaswrd = ''", "servers.a"),
            ("[servers.a]\nurl = 'b'\npublish = 'move'", "servers.a.publish"),
            ("[servers.a]\nurl = 'b'\npassive = 'yes'", "servers.a.passive"),
            ("[servers.a]\nurl = 'http://host'", "servers.a.url"),
            ("[servers.a]\nurl = 'ftp:///x'", "servers.a.url"),
            ("[servers.a]\nurl = 'ftp://user:secret@host/'", "servers.a.url"),
            ("[orders]\nto = 'ftp:a'", "orders"),
            (ORDERS + "form = 'x'", "orders"),
            (ORDERS + "start_from = '22/11/2026'", "orders.start_from"),
            (ORDERS + "separator = '-'", "orders.separator"),
            (ORDERS + "final_newline = 1", "orders.final_newline"),
            (ORDERS + "send_statuses = [3]", "orders.send_statuses.0"),
            (ORDERS + "[orders.columns]\nids = 'x'", "orders.columns"),
            (ORDERS + "[orders.xml]\nencoding = 'auto'", "orders.xml.encoding"),
            (ORDERS + "[orders.xml]\ndecimal = ';'", "orders.xml.decimal"),
            (ORDERS + "[orders.xml]\ndate_format = '%q'", "orders.xml.date_format"),
            (ORDERS + "[orders.xml]\nnames = { ordre = 'x' }", "orders.xml.names"),
            (ORDERS + "[orders.xml]\nnames = { order = '1er' }", "orders.xml.names.order"),
            (ORDERS.replace("ftp:a.csv", "a.csv"), "orders.from"),
            (ORDERS.replace("ftp:a.csv", "ftp://h/a.csv"), "orders.from"),
            (STOCK + "missed_sales = 'keep'", "stock.missed_sales"),
            (STOCK + "[stock.guards]\nmax_drop = 30", "stock.guards.max_drop"),
            (STOCK + "[stock.guards]\nmin_lines = -1", "stock.guards.min_lines"),
            (STOCK + "[stock.gift_cards]\nids = ['']", "stock.gift_cards.ids.0"),
            ("[schedule]\norders = [60]", "schedule.orders.0"),
            ("[schedule]\norders = []", "schedule.orders"),
            ("[schedule]\norders = [5, 5]", "schedule.orders"),
        ],
    )
    def test_what_is_wrong_at_the_same_key(self, tmp_path: Path, text: str, key: str) -> None:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as error:
            load_config(path)
        assert error.value.faults
        assert [one.partition(": ")[0] for one in complaints(text)] == [key]
