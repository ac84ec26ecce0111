"""docs/configuration.md shows what the commands really print."""

import re
from pathlib import Path

from passerelle.config.load import template
from tests.shell import run_program

TEXT = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text("utf-8")
DIRECTIVE, SAMPLE, COLUMNS, SHOWN = re.findall(r"(?ms)^```\w+\n(.*?)^```$", TEXT)
CONFIG = """\
[servers.ftp]
url = "ftp://shop@ftp.example.com:21/"
password = "env:SHOP_FTP"

[orders]
from = "ftp:commandes.csv"
to = "ftp:import/commandes_{time}.xml"
store = "008"
"""


def test_the_first_line_is_the_template_s() -> None:
    assert template().decode().startswith(DIRECTIVE)


def test_the_columns_are_those_of_its_sample(tmp_path: Path) -> None:
    (tmp_path / "commandes.csv").write_text(SAMPLE, encoding="utf-8")
    result = run_program("config", "columns", "commandes.csv", cwd=tmp_path)
    assert (result.stdout, result.exit_code) == (COLUMNS, 0)


def test_the_settings_are_shown_so(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    lines = run_program("config", "show", cwd=tmp_path).stdout.splitlines()
    told = SHOWN.splitlines()
    assert told[-1] == "…"
    # Where the file lies, and what the language is, differ from machine to machine.
    assert lines[3 : len(told) - 1] == told[3:-1]
