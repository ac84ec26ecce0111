"""Keys are set in a config.toml that people wrote: all else stays, and stands where it stood."""

from pathlib import Path

import pytest

from passerelle.base.errors import ConfigError
from passerelle.config.faults import Key
from passerelle.config.writing import changes, with_values, write_values

TEXT = """\
folder = "."     # here

# --- servers ---

[servers.ftp]
url = "ftp://host/"  # ours
password = 'hunter2'

# --- orders ---

[orders]
from = "ftp:a.csv"
xml = { decimal = "," }
send_statuses = [
  "Payé",  # at last
]
# the end of orders
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("folder",), "D:\\x", 'folder = "."     # here', 'folder = "D:\\\\x"     # here'),
        (("language",), "fr", "# here\n", '# here\nlanguage = "fr"\n'),
        (("servers", "ftp", "timeout"), "9s", "'hunter2'\n", "'hunter2'\ntimeout = \"9s\"\n"),
        (("orders", "store"), "008", "]\n#", ']\nstore = "008"\n#'),
        (("orders", "xml", "decimal"), ".", '{ decimal = "," }', '{ decimal = "." }'),
        (("orders", "send_statuses"), ["a"], '[\n  "Payé",  # at last\n]', '["a"]'),
        (("stock", "from"), "ftp:s", "of orders\n", 'of orders\n\n[stock]\nfrom = "ftp:s"\n'),
    ],
)
def test_a_key_goes_where_it_belongs(path: Key, value: object, old: str, new: str) -> None:
    assert TEXT.count(old) == 1
    assert with_values(TEXT, {path: value}) == TEXT.replace(old, new)


@pytest.mark.parametrize("text", ["", "# a comment, and no end", "[a]\nb = 1"])
def test_any_file_takes_keys_of_any_table(text: str) -> None:
    written = with_values(text, {("x",): 1, ("t", "y"): True})
    assert with_values(written, {("x",): 1, ("t", "y"): True}) == written
    assert [line for line in text.splitlines() if line not in written.splitlines()] == []
    assert written.endswith("[t]\ny = true\n") and written.startswith("x = 1\n")


def test_a_password_is_in_no_line_that_is_shown() -> None:
    shown = [*changes(TEXT, with_values(TEXT, {("servers", "ftp", "password"): "keyring"}))]
    assert shown == ["- password = '...'", '+ password = "..."']


def test_what_would_be_no_configuration_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('folder = "."\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        write_values(path, {("folders",): "."})
    assert caught.value.faults == ("config.toml:2: folders: unknown key; did you mean folder?",)
    assert path.read_text("utf-8") == 'folder = "."\n'
    assert [*tmp_path.iterdir()] == [path]
