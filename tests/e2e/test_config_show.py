"""`config show`: every setting that counts, where it comes from, and never a secret."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from passerelle.config.load import load_config, shipped_schema, write_template
from passerelle.config.shown import effective
from scripts.config import leaves
from tests.shell import Result, run_program
from tests.world import World

SECRET = "hunter2"
TEXT = """\
language = "en"
time_limit = "90s"

[servers.ftp]
url = "ftp://shop@host:21/base"
password = "PASSWORD"
timeout = "1500 ms"

[servers."name with space"]
url = "sftp://host/%3Fkey"

[orders]
from = "ftp:commandes.csv"
to = "ftp:import/{time}.xml"
start_from = 2026-11-22

[orders.xml.payments]
"Carte bancaire" = "CB"
\"\\u001b[31m\" = "x"

[trace]
max_size = "1500 kB"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT.replace("\\u001b", "rouge"), encoding="utf-8")
    return path


def show(path: Path, *options: str, env: dict[str, str] | None = None) -> Result:
    result = run_program("--config", str(path), "config", "show", *options, env=env)
    assert result.exit_code == 0, result.stderr
    assert SECRET not in result.text
    return result


def with_password(path: Path, password: str) -> None:
    text = path.read_text("utf-8")
    path.write_text(text.replace('"PASSWORD"', json.dumps(password)), encoding="utf-8")


def test_each_setting_has_its_line_or_is_a_default_for_people_and_programs(path: Path) -> None:
    lines = [" ".join(line.split()) for line in show(path).stdout.splitlines()]
    assert lines[0] == f"# {path}: named by --config"
    for line in (
        'time_limit = "90s" # config.toml:2',
        'url = "ftp://shop@host:21/base" # config.toml:5',
        'timeout = "1500ms" # config.toml:7',
        'url = "sftp://host/%3Fkey" # config.toml:10',
        'settle = "2s" # default',
        '[servers."name with space"]',
        'from = "ftp:commandes.csv" # config.toml:13',
        'channel = "web" # default',
        '"Carte bancaire" = "CB" # config.toml:18',
        'max_size = "1500 kB" # config.toml:22',
        'keep_exports = "730d" # default',
        "orders = [27, 57] # default",
        "# stock # default, not set",
    ):
        assert line in lines
    settings = json.loads(show(path, "--json").stdout)["settings"]
    assert value_of(settings, "time_limit") == {
        "key": "time_limit", "value": "90s", "origin": "config.toml", "line": 2,
    }  # fmt: skip
    assert value_of(settings, "stock")["value"] is None
    assert value_of(settings, "orders.start_from")["value"].startswith("2026-11-22T00:00:00")


def test_every_key_of_the_model_is_shown(tmp_path: Path) -> None:
    path = write_template(tmp_path)
    shown = {(*setting.table, setting.key) for setting in effective(path)}
    prefixes = {key[:n] for key in shown for n in range(1, len(key) + 1)}
    # The template has these as comments only.
    off = ("pool.", "connectors", "sync", "tills.")
    keys = [key for key in leaves() if not key.startswith(off)]
    wanted = {tuple(key.replace("*", "ftp").split(".")) for key in keys}
    assert wanted <= prefixes


def test_what_is_shown_is_toml_that_means_the_same(world: World) -> None:
    path = world.folder / "config.toml"
    text = re.sub("(?m)^password = .*$", 'password = "env:SHOP"', path.read_text("utf-8"))
    text += '\n[orders.xml.payments]\n"a b\\\\c" = "d"\n'
    path.write_text(text, encoding="utf-8")
    shown = world.folder / "shown.toml"
    shown.write_text(show(path).stdout, encoding="utf-8")
    assert load_config(shown).model_dump() == load_config(path).model_dump()


def test_a_control_character_does_not_reach_the_console(path: Path) -> None:
    text = path.read_text("utf-8").replace('"rouge[31m"', '"\\u001b[31m\\u009b"')
    path.write_text(text, encoding="utf-8")
    out = show(path).stdout
    assert "\x1b" not in out
    assert "\x9b" not in out
    assert '"\\u001b[31m\\u009b" = "x"' in out


@pytest.mark.parametrize(
    ("password", "shown"),
    [
        ("keyring", "keyring"),
        ("", ""),
        (SECRET, "********"),
        (f"env:{SECRET} and more", "********"),
        (f"https://{SECRET}", "https://********"),
    ],
)
def test_a_password_is_shown_only_where_it_is_none(path: Path, password: str, shown: str) -> None:
    with_password(path, password)
    tree = tomllib.loads(show(path).stdout)
    assert tree["servers"]["ftp"]["password"] == shown
    settings = json.loads(show(path, "--json").stdout)["settings"]
    assert value_of(settings, "servers.ftp.password")["value"] == shown


@pytest.mark.parametrize(("env", "note"), [({"SHOP": "x"}, "is set"), ({}, "is not set")])
def test_a_variable_that_holds_a_password_is_set_or_not(
    path: Path, env: dict[str, str], note: str
) -> None:
    with_password(path, "env:SHOP")
    assert f"# config.toml:6, SHOP {note}\n" in show(path, env=env).stdout


def test_the_environment_is_named_where_it_decides(path: Path) -> None:
    path.write_text("", encoding="utf-8")
    env = {"PASSERELLE_CONFIG": str(path)}
    result = run_program("config", "show", env=env)
    assert f"# {path}: named by the environment variable PASSERELLE_CONFIG\n" in result.stdout
    assert "# default, now en, by the system\n" in result.stdout
    told = json.loads(run_program("config", "show", "--json", env=env).stdout)
    assert (told["file"], told["found_by"]) == (str(path), "environment")
    told = json.loads(run_program("config", "show", "--json", cwd=path.parent).stdout)
    assert told["found_by"] == "default"


def value_of(settings: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return next(setting for setting in settings if setting["key"] == key)


def test_the_schema_is_printed_and_written(tmp_path: Path) -> None:
    assert run_program("config", "schema", cwd=tmp_path).output == shipped_schema()
    assert run_program("config", "schema", "-o", "s.json", cwd=tmp_path).exit_code == 0
    assert (tmp_path / "s.json").read_bytes() == shipped_schema()
