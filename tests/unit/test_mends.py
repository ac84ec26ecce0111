"""Each command that a message names can be typed as it stands."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from passerelle.cli import cli
from scripts.messages import messages

# What fills a message's names, as a run would.
SAMPLES = {
    "settle": "passerelle orders settle 1",
    "resend": "passerelle orders resend 1",
    "forget": "passerelle orders forget 1",
    "retry": "passerelle orders retry 1",
    "show": "passerelle orders show 1",
    "run": "orders",
    "item": "370",
}
# Where a person has to choose, the message says so in capitals.
CHOSEN = {
    "URL": "postgresql://host/shops",
    "FOLDER": "shops",
    "MEMBER": "paris",
    "SHOP": "lyon",
    "NUMBER": "370",
    "NAME": "ftp",
}


def commands() -> Iterator[str]:
    for message in messages():
        for text in message.id if isinstance(message.id, tuple) else (message.id,):
            for quoted in re.findall(r"`([^`]*)`", str(text)):
                filled = re.sub(r"\{(\w+)\}", lambda m: SAMPLES.get(m[1], "1"), quoted)
                for word, choice in CHOSEN.items():
                    filled = re.sub(rf"\b{word}\b", choice, filled)
                if filled.startswith("passerelle "):
                    yield filled


def test_there_are_many() -> None:
    assert len(set(commands())) > 30


@pytest.mark.parametrize("text", sorted(set(commands())))
def test_a_mend_is_a_whole_command(text: str) -> None:
    words = shlex.split(text)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="passerelle")
    while isinstance(command, click.Group):
        assert words, f"{text}: names no command"
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, text
        command, context = found, click.Context(found, info_name=name, parent=context)
    assert words or command.name not in ("settle", "resend"), f"{text}: which orders?"
    if "--help" not in words:
        command.make_context(text, words, parent=context.parent)
