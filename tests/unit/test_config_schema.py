"""The JSON Schema of config.toml: made from the model, whole, and of one mind with it."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft7Validator

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
    def test_are_all_described_closed_and_take_their_defaults(self, key: str) -> None:
        """A key's words stand in the docstring beside it, a table's also in its own."""
        node = NODES[key]
        assert len(node.get("description", "")) > 10
        if "default" in node:
            assert list(Draft7Validator(node).iter_errors(node["default"])) == []
        assert "properties" not in node or node["additionalProperties"] is False

    @pytest.mark.parametrize(
        ("key", "default"),
        [("time_limit", "2m"), ("trace.max_size", "1 MB"), ("archive.keep_exports", "730d"),
         ("servers.*.password", ""), ("servers.*.key_file", ""), ("folder", "."),
         ("schedule.orders", [27, 57]), ("orders.xml.encoding", "UTF-8")],
    )  # fmt: skip
    def test_have_defaults_as_people_write_them(self, key: str, default: object) -> None:
        assert NODES[key]["default"] == default


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
