"""What the documents show is what the program prints, makes, and takes."""

import re
import shlex
from pathlib import Path

import click
import pytest

from passerelle.config.load import load_config, template
from passerelle.model.states import SaleState
from passerelle.rules.fulfilment import Problem
from tests.golden import FOLDER
from tests.shell import run_program
from tests.test_help import parsed

DOCS = Path(__file__).parents[1] / "docs"
CONFIGURATION, FULFILMENT, POOL = (
    (DOCS / f"{name}.md").read_text("utf-8") for name in ("configuration", "fulfilment", "pool")
)
DIRECTIVE, SAMPLE, COLUMNS, SHOWN = re.findall(r"(?ms)^```\w+\n(.*?)^```$", CONFIGURATION)
PAIR = FOLDER / "sales" / "an-invoice-for-a-vat-number"
HEAD = 'servers.ftp.url = "."\norders.from = "ftp:a.csv"\norders.to = "ftp:b.xml"\n'
CONFIG = """\
[servers.ftp]
url = "ftp://shop@ftp.example.com:21/"
password = "env:SHOP_FTP"

[orders]
from = "ftp:commandes.csv"
to = "ftp:import/commandes_{time}.xml"
store = "008"
"""


def block(text: str, kind: str) -> str:
    (found,) = re.findall(rf"(?ms)^```{kind}\n(.*?)^```$", text)
    return str(found)


def config(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_columns_and_the_settings_are_shown_so(tmp_path: Path) -> None:
    assert template().decode().startswith(DIRECTIVE)
    (tmp_path / "commandes.csv").write_text(SAMPLE, encoding="utf-8")
    result = run_program("config", "columns", "commandes.csv", cwd=tmp_path)
    assert (result.stdout, result.exit_code) == (COLUMNS, 0)
    config(tmp_path, CONFIG)
    lines = run_program("config", "show", cwd=tmp_path).stdout.splitlines()
    told = SHOWN.splitlines()
    assert told[-1] == "…"
    # Where the file lies, how its folder is called, and the language, differ from machine to
    # machine.
    assert lines[3:6] == told[3:6]
    assert lines[7 : len(told) - 1] == told[7:-1]


def test_the_settings_can_be_used(tmp_path: Path) -> None:
    assert load_config(config(tmp_path, HEAD + block(FULFILMENT, "toml"))).fulfil.enabled
    pool = load_config(config(tmp_path, block(POOL, "toml"))).pool
    assert pool is not None
    assert [*pool.shops] == ["fr", "be"]
    assert (pool.shops["be"].buffer, pool.shops["be"].columns.ean13) == (2, ("EAN",))


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"(?:`|\$ )passerelle ([a-z][^`…\n]*)[`\n]", POOL)))
)
def test_the_commands_are_there(command: str) -> None:
    found, last, _values, extra = parsed(shlex.split(command))
    assert found
    assert extra == [] or isinstance(last, click.Group)


def test_the_sale_is_a_real_one_and_every_state_and_problem_is_told() -> None:
    assert block(FULFILMENT, "xml") == (PAIR / "expected.xml").read_text("utf-8")
    told = set(re.findall(r"`(\w+)`", FULFILMENT))
    assert {word.value for word in (*SaleState, *Problem)} <= told


def test_the_example_makes_a_flat_sale(tmp_path: Path) -> None:
    example = (DOCS / "examples" / "sale-flat.xsl").as_posix()
    path = config(tmp_path, f'{HEAD}fulfil.xml.stylesheet = "{example}"\n')
    orders = str(PAIR / "orders.csv")
    result = run_program("--config", str(path), "convert", orders, "--sale", "1042")
    sale = b'numero="1042" date="2026-11-22T10:00:00" magasin="" reglement="Carte bancaire"'
    assert sale in result.output
    assert b'total="185.70" piece="FACTURE" tva="FR 40 303 265 045"' in result.output
    assert re.findall(rb'<LIGNE gencod="(\d+)"', result.output) == [b"3701234567890"]
