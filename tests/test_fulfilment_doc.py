"""docs/fulfilment.md shows what the commands really make and take."""

import re
from pathlib import Path

from lxml import etree

from passerelle.config.load import load_config
from passerelle.model.states import SaleState
from passerelle.rules.fulfilment import Problem
from tests.golden import FOLDER
from tests.shell import run_program

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "fulfilment.md").read_text("utf-8")
PAIR = FOLDER / "sales" / "an-invoice-for-a-vat-number"
HEAD = 'servers.ftp.url = "."\norders.from = "ftp:a.csv"\norders.to = "ftp:b.xml"\n'


def block(kind: str) -> str:
    (found,) = re.findall(rf"(?ms)^```{kind}\n(.*?)^```$", TEXT)
    return str(found)


def test_the_settings_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(HEAD + block("toml"), encoding="utf-8")
    assert load_config(path).fulfil.enabled


def test_the_canonical_sale_is_a_real_one() -> None:
    assert block("xml") == (PAIR / "expected.xml").read_text("utf-8")


def test_every_state_and_problem_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", TEXT))
    assert {state.value for state in SaleState} <= told
    assert {problem.value for problem in Problem} <= told


def test_the_example_makes_a_flat_sale(tmp_path: Path) -> None:
    example = (ROOT / "docs" / "examples" / "sale-flat.xsl").as_posix()
    config = tmp_path / "config.toml"
    config.write_text(f'{HEAD}fulfil.xml.stylesheet = "{example}"\n', encoding="utf-8")
    orders = str(PAIR / "orders.csv")
    result = run_program("--config", str(config), "convert", orders, "--sale", "1042")
    sale = etree.fromstring(result.output)
    assert dict(sale.attrib) == {
        "numero": "1042",
        "date": "2026-11-22T10:00:00",
        "magasin": "",
        "reglement": "Carte bancaire",
        "total": "185.70",
        "piece": "FACTURE",
        "tva": "FR 40 303 265 045",
    }
    assert [line.get("gencod") for line in sale.iter("LIGNE")] == ["3701234567890"]
