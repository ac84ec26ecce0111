"""`--help` stands alone: every command has an example that parses."""

import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from passerelle.cli import COMMANDS as COMMANDS_SHOWN
from passerelle.cli import cli


def commands(
    command: click.Command = cli, path: tuple[str, ...] = ("passerelle",)
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its path, groups before what is in them."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if inner := command.get_command(context, name):
                yield from commands(inner, (*path, name))


COMMANDS = list(commands())
NAMES = [" ".join(path) for path, _ in COMMANDS]


def examples(path: tuple[str, ...], command: click.Command) -> list[list[str]]:
    """The words of the lines that show a call of this command, behind the program's name."""
    assert command.help is not None, path
    lines = [line.strip() for line in command.help.splitlines()]
    # What stands behind two spaces explains the line.
    calls = [line.partition("   ")[0] for line in lines if line.startswith("passerelle ")]
    return [shlex.split(call.replace("\\", "/"))[1:] for call in calls]


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=NAMES)
def test_every_command_shows_an_example_of_itself(
    path: tuple[str, ...], command: click.Command
) -> None:
    shown = examples(path, command)
    assert any(path[1:] == tuple(resolved(words)[0][: len(path) - 1]) for words in shown)


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=NAMES)
def test_every_example_parses(path: tuple[str, ...], command: click.Command) -> None:
    for words in examples(path, command):
        found, last, rest = resolved(words)
        assert not isinstance(last, click.Group), f"{words} names no command"
        context = click.Context(last, info_name=found[-1])
        values, extra, _order = last.make_parser(context).parse_args(list(rest))
        assert extra == [], words
        for parameter in last.params:
            given = values.get(parameter.name or "")
            missing = given in (None, (), "") or "UNSET" in repr(given)
            assert not (parameter.required and missing), f"{words} lacks {parameter.name}"
            if isinstance(parameter.type, click.Choice) and not missing:
                assert given in parameter.type.choices


def resolved(words: list[str]) -> tuple[list[str], click.Command, list[str]]:
    """The names of the command that these words call, itself, and what is left for it."""
    command: click.Command = cli
    names: list[str] = []
    rest = words[2:] if words[:1] == ["--config"] else words
    while isinstance(command, click.Group) and rest:
        below = command.get_command(click.Context(command), rest[0])
        if below is None:
            break
        names.append(rest[0])
        command, rest = below, rest[1:]
    return names, command, rest


@pytest.mark.parametrize("name", COMMANDS_SHOWN)
def test_the_list_of_commands_says_of_each_what_it_says_of_itself(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None and command.name == name
    assert command.get_short_help_str(300) == COMMANDS_SHOWN[name].help


def test_version_and_help_load_nothing_but_click() -> None:
    code = (
        "import sys, passerelle.__main__, passerelle.cli\n"
        "try: passerelle.cli.cli(['--help'], standalone_mode=False)\n"
        "finally: print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8"
    )
    loaded = set(done.stderr.split()) - sys.stdlib_module_names
    heavy = {"lxml", "numpy", "pydantic", "sqlalchemy", "loguru", "apprise", "rich", "paramiko"}
    assert "click" in loaded and not loaded & heavy


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=NAMES)
def test_every_option_is_explained(path: tuple[str, ...], command: click.Command) -> None:
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path}: {parameter.opts}"


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=NAMES)
def test_every_help_text_is_a_sentence_and_keeps_the_lines_of_its_examples(
    path: tuple[str, ...], command: click.Command
) -> None:
    text = command.get_help(click.Context(command, info_name=path[-1]))
    assert (command.help or "").lstrip().split("\n\n")[0].rstrip().endswith((".", ":"))
    for words in examples(path, command):
        assert any(shlex.split(line.partition("   ")[0].replace("\\", "/"))[1:] == words
                   for line in map(str.strip, text.splitlines())
                   if line.startswith("passerelle ")), words  # fmt: skip
