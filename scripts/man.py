"""``python -m scripts.man``: writes the man page, docs/passerelle.1, from the commands' own help.

One page for all commands. Own lines rather than click-man, which writes a page for each command,
dates them, and runs the lines of examples together.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from passerelle import __version__
from passerelle.cli import cli

PAGE = Path(__file__).parents[1] / "docs" / "passerelle.1"

_FILES = (
    ("config.toml", "The settings; `passerelle init` writes a commented one."),
    ("config.schema.json", "Its JSON Schema, for editors."),
    ("passerelle.db", "The ledger: every order, and what became of it."),
    ("Trace1.txt, Trace2.txt", "What the runs of orders and of stock said."),
    ("ArchiveExport/, ArchiveTrace/", "Each XML as it was sent; older traces."),
)
_ENVIRONMENT = (
    ("PASSERELLE_CONFIG", "The config.toml to use, where --config names none."),
    ("LANGUAGE, LC_ALL, LC_MESSAGES, LANG", 'The language, where config.toml says "auto".'),
    ("_PASSERELLE_COMPLETE", "Set by the script of `passerelle completion`; not for people."),
)


def page() -> str:
    """The page's source, in groff's man macros."""
    return "\n".join(_page()) + "\n"


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


def _page() -> Iterator[str]:
    yield r".\" Made by `python -m scripts.man` from the commands' help. Do not edit."
    yield f'.TH PASSERELLE 1 "" "passerelle {_escaped(__version__)}" "User Commands"'
    yield ".SH NAME"
    yield r"passerelle \- keeps a web shop and a store's ERP in step through files"
    yield ".SH SYNOPSIS"
    yield r".B passerelle"
    yield r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGS\fR]..."
    yield ".SH DESCRIPTION"
    yield from _prose(cli)
    yield from _options(cli, ("passerelle",))
    yield ".SH COMMANDS"
    for path, command in list(commands())[1:]:
        yield f'.SS "{_escaped(" ".join(path))}"'
        yield from _usage(path, command)
        yield from _prose(command)
        yield from _options(command, path)
    yield from _list("FILES", _FILES)
    yield from _list("ENVIRONMENT", _ENVIRONMENT)


def _usage(path: tuple[str, ...], command: click.Command) -> Iterator[str]:
    words = command.collect_usage_pieces(_context(command, path))
    yield f".B {_escaped(' '.join(path))}"
    yield f"\\fI{_escaped(' '.join(words))}\\fR"


def _context(command: click.Command, path: tuple[str, ...]) -> click.Context:
    settings = cli.context_settings
    return click.Context(command, info_name=" ".join(path), **settings)


def _prose(command: click.Command) -> Iterator[str]:
    """The help's paragraphs; those behind a ``\\b`` keep their lines."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(command.help or "")):
        lines = paragraph.strip("\n").splitlines()
        if lines[:1] == ["\b"]:
            yield from (".sp", ".RS 4", ".nf", *map(_line, lines[1:]), ".fi", ".RE")
        else:
            yield from (".PP", *map(_line, lines))


def _options(command: click.Command, path: tuple[str, ...]) -> Iterator[str]:
    context = _context(command, path)
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record and record[1] and "--help" not in parameter.opts:
            yield from (".TP", f".B {_escaped(record[0])}", _line(" ".join(record[1].split())))


def _list(title: str, entries: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".SH {title}"
    for name, words in entries:
        yield from (".TP", f".B {_escaped(name)}", _line(words))


def _line(text: str) -> str:
    """A line of text; a dot or quote at its beginning would be a command of groff's."""
    escaped = _escaped(text)
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _escaped(text: str) -> str:
    """The text as it stands: hyphens that can be copied, backslashes, quotes."""
    for char, escape in (
        ("\\", r"\e"),
        ("-", r"\-"),
        ('"', r"\(dq"),
        ("`", r"\(ga"),
        ("'", r"\(aq"),
    ):
        text = text.replace(char, escape)
    return "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in text)


def main() -> None:
    """Writes the page."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    print(f"docs/{PAGE.name} is written")


if __name__ == "__main__":
    main()
