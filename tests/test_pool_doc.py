"""docs/pool.md shows settings that count and commands that exist."""

import re
import shlex
from pathlib import Path

import click
import pytest

from passerelle.config.load import load_config
from tests.test_help import resolved

TEXT = (Path(__file__).parents[1] / "docs" / "pool.md").read_text("utf-8")
(CONFIG,) = re.findall(r"(?ms)^```toml\n(.*?)^```$", TEXT)
COMMANDS = sorted(
    {
        command
        for command in re.findall(r"(?:`|\$ )passerelle ([a-z][^`\n]*)", TEXT)
        if "…" not in command
    }
)


def test_its_settings_are_right(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    pool = load_config(path).pool
    assert pool is not None
    assert [*pool.shops] == ["fr", "be"]
    assert (pool.shops["be"].buffer, pool.shops["be"].columns.ean13) == (2, ("EAN",))


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_are_there(command: str) -> None:
    found, last, rest = resolved(shlex.split(command))
    assert found
    if not isinstance(last, click.Group):
        context = click.Context(last, info_name=found[-1])
        _values, extra, _order = last.make_parser(context).parse_args(list(rest))
        assert extra == []
