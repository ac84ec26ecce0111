"""`--help` stands alone: every command has an example that parses."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click
import pytest

from passerelle.base.language import _, speak
from passerelle.cli import COMMANDS as COMMANDS_SHOWN
from passerelle.cli import cli
from passerelle.cli.spoken_help import BELOW, texts_of

Path = tuple[str, ...]


def commands(
    command: click.Command = cli, path: Path = ("passerelle",)
) -> Iterator[tuple[Path, click.Command]]:
    """Every command with its path, groups before what is in them."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if inner := command.get_command(context, name):
                yield from commands(inner, (*path, name))


def examples(text: str) -> list[list[str]]:
    """The words of the lines of a help text that show a call, behind the program's name."""
    lines = [line.strip() for line in text.splitlines()]
    # What stands behind two spaces explains the line.
    calls = [line.partition("   ")[0] for line in lines if line.startswith("passerelle ")]
    return [shlex.split(call.replace("\\", "/"))[1:] for call in calls]


def parsed(words: list[str]) -> tuple[list[str], click.Command, Mapping[str, Any], list[str]]:
    """The names of the command that these words call, itself, its values, and what is too much."""
    command: click.Command = cli
    names: list[str] = []
    rest = words[2:] if words[:1] == ["--config"] else words
    while isinstance(command, click.Group) and rest:
        below = command.get_command(click.Context(command), rest[0])
        if below is None:
            break
        names.append(rest[0])
        command, rest = below, rest[1:]
    context = click.Context(command, info_name=(names or [""])[-1])
    if isinstance(command, click.Group):
        return names, command, {}, rest
    values, extra, _order = command.make_parser(context).parse_args(list(rest))
    return names, command, values, extra


@pytest.mark.parametrize(
    ("path", "command"), commands(), ids=[" ".join(path) for path, _ in commands()]
)
def test_every_command_is_explained_by_sentences_and_examples_that_parse(
    path: Path, command: click.Command
) -> None:
    assert command.help is not None
    assert command.help.lstrip().split("\n\n")[0].rstrip().endswith((".", ":"))
    assert all(option.help for option in command.params if isinstance(option, click.Option))
    shown = examples(command.help)
    assert any(path[1:] == tuple(parsed(words)[0][: len(path) - 1]) for words in shown)
    printed = command.get_help(click.Context(command, info_name=path[-1]))
    assert all(words in examples(printed) for words in shown), "each on a line of its own"
    for words in shown:
        _names, last, values, extra = parsed(words)
        assert not isinstance(last, click.Group), f"{words} names no command"
        assert extra == [], words
        for parameter in last.params:
            given = values.get(parameter.name or "")
            missing = given in (None, (), "") or "UNSET" in repr(given)
            assert not (parameter.required and missing), f"{words} lacks {parameter.name}"
            if isinstance(parameter.type, click.Choice) and not missing:
                assert given in parameter.type.choices


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


# --- in the language spoken ---------------------------------------------------------------------


@pytest.fixture
def in_french() -> Iterator[None]:
    speak("fr")
    yield
    speak("en")


@pytest.mark.parametrize(
    ("path", "command"), commands(), ids=[" ".join(path) for path, _ in commands()]
)
@pytest.mark.usefixtures("in_french")
def test_help_says_in_french_all_that_it_says_in_english(
    path: Path, command: click.Command
) -> None:
    shown = shown_help(path)
    texts = [*texts_of(command), BELOW]
    if command is cli:
        texts += [one.help for one in COMMANDS_SHOWN.values()]
    for text in texts:
        words = " ".join(text.split())
        assert not re.search(rf"(?<!\w){re.escape(words)}(?!\w)", shown)
        if text in texts_of(command):
            assert " ".join(_(text).split()) in shown
    calls = examples(command.help or "")
    assert len(examples(unwrapped_help(path))) == len(calls), "each on its line"


def test_help_is_english_again_where_that_is_spoken_next(in_french: None) -> None:
    french = shown_help(("passerelle", "schedule", "disable"))
    speak("en")
    assert "Pause both tasks" in shown_help(("passerelle", "schedule", "disable"))
    assert "Suspendre les deux tâches" in french


def unwrapped_help(path: Path) -> str:
    command: click.Command = cli
    context = click.Context(cli, info_name=path[0], max_content_width=10_000, terminal_width=10_000)
    for name in path[1:]:
        assert isinstance(command, click.Group)
        below = command.get_command(context, name)
        assert below is not None
        command = below
        context = click.Context(command, context, info_name=name, terminal_width=10_000)
    return command.get_help(context)


def shown_help(path: Path) -> str:
    return " ".join(unwrapped_help(path).split())
