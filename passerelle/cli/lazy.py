"""A group whose commands are loaded when they are asked for: ``--help`` costs only click."""

import importlib
from collections.abc import Mapping
from typing import NamedTuple

import click


class Command(NamedTuple):
    """A command: its module below ``passerelle.cli``, its name there, its first words."""

    module: str
    name: str
    help: str


class LazyGroup(click.Group):
    """Knows its commands' names and first words; ``entries`` are in the order to show."""

    def __init__(self, *args: object, entries: Mapping[str, Command], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order to show."""
        return [*self.entries]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded now; ``None`` where there is none of that name."""
        if cmd_name not in self.entries:
            return None
        entry = self.entries[cmd_name]
        module = importlib.import_module(f"passerelle.cli.{entry.module}")
        command: click.Command = getattr(module, entry.name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The names with their first words; nothing is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])
