"""No run writes a longer name than what `check` looks at, and that is told where it is too long."""

from pathlib import Path

from passerelle.archive.folders import PENDING
from passerelle.checks.findings import Finding, Grade
from passerelle.checks.local import TOKEN, check_names
from passerelle.config.load import load_config

CONFIG = """\
folder = "{folder}"
[servers.ftp]
url = "{url}"
[orders]
from = "ftp:o.csv"
to = "ftp:import/commandes_{{time}}.xml"
[stock]
from = "ftp:s.csv"
to = "ftp:fixed.csv"
[stock.columns]
ean13 = "Gencod"
quantity = "Stock"
"""
# ArchiveExport\unsent\commandes_20260101_000000_20260101_000000.xml.part, with the \ before it.
DEEPEST = 72


def found(folder: Path, data: str, limit: int | None, url: str = "ftp://u@h/") -> list[Finding]:
    config = folder / "config.toml"
    config.write_text(CONFIG.format(folder=data, url=url), encoding="utf-8")
    return list(check_names(load_config(config), limit))


def test_a_name_may_be_as_long_as_windows_takes_and_no_longer(tmp_path: Path) -> None:
    length = len(str(tmp_path / "d")) + DEEPEST
    assert found(tmp_path, "d", length) == []
    (warning,) = found(tmp_path, "d", length - 1)
    assert warning.grade == Grade.WARNING
    assert f"a name of {length} characters, and Windows takes {length - 1}" in warning.found
    assert warning.found.endswith(f".xml{PENDING}")
    assert "choose a shorter folder" in warning.mend


def test_signs_that_windows_counts_twice_count_twice_and_elsewhere_none(tmp_path: Path) -> None:
    length = len(str(tmp_path / "d")) + DEEPEST
    assert found(tmp_path, "é", length) == []
    assert len(found(tmp_path, "\N{SHOPPING TROLLEY}", length)) == 1
    assert found(tmp_path, "d" * 200, None) == []


def test_what_is_published_into_a_folder_counts_too(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    (warning,) = found(tmp_path, "d", 150, url=deep.as_uri())
    assert str(deep / "import") in warning.found
    assert warning.found.endswith(f".xml.{TOKEN}.tmp")
