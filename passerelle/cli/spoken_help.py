"""``--help`` in the language spoken: what the commands say of themselves, paragraph by paragraph.

Commands are written in English, in docstrings and options. Another language shows a twin of a
command, made when it is asked for: the command itself stays as it is, whatever is spoken next.
"""

from collections.abc import Iterator
from copy import copy
from inspect import cleandoc
from typing import TypeGuard, TypeVar

import click

from passerelle.base.language import N_, _, spoken
from passerelle.base.regex import regex

C = TypeVar("C", bound=click.Command)
# What the line of usage says of what may follow a group.
BELOW = N_("COMMAND [ARGS]...")
_ANY_LANGUAGE = frozenset({"ID", "ID...", "EAN13", "SKU", "URL", "CODE", "STOCK.csv"})
# Begins a paragraph whose lines click leaves as they are; two blanks set words apart from calls.
_AS_IT_IS = "\b\n"
_EXPLAINED = regex(r"\S {2,}\S")


def in_words(command: C) -> C:
    """A twin of the command, and of those in it, that explains itself in the language spoken."""
    if spoken() == "en":
        return command
    twin = copy(command)
    twin.params = [_option_in_words(param) for param in command.params]
    twin.help = "\n\n".join(map(_part_in_words, _parts(command.help)))
    if isinstance(twin, click.Group):
        twin.subcommand_metavar = _(BELOW)
        twin.commands = {name: in_words(below) for name, below in twin.commands.items()}
    return twin


def texts_of(command: click.Command) -> Iterator[str]:
    """What a command says of itself and its options, as translators are asked for it."""
    yield from filter(None, map(_words_of, _parts(command.help)))
    options = (param for param in command.params if isinstance(param, click.Option))
    yield from (option.help for option in options if option.help)
    yield from (param.metavar for param in command.params if _is_word(param.metavar))


def _is_word(metavar: str | None) -> TypeGuard[str]:
    """Whether it says what is to be typed, as NAME does; not so of ID, EAN13 or a choice."""
    return bool(metavar) and metavar not in _ANY_LANGUAGE


def _option_in_words(param: click.Parameter) -> click.Parameter:
    twin = copy(param)
    if isinstance(param, click.Option) and param.help:
        twin.help = _(param.help)
    if _is_word(param.metavar):
        twin.metavar = _(param.metavar)
    return twin


def _parts(text: str | None) -> Iterator[str]:
    """The paragraphs: one line each, but for those whose lines stay as they are."""
    for part in cleandoc(text or "").split("\n\n"):
        yield part if part.startswith(_AS_IT_IS) else " ".join(part.split())


def _words_of(part: str) -> str:
    """What is to be translated of a paragraph; of mere calls, the same in every language, none."""
    if not part.startswith(_AS_IT_IS):
        return part
    return part.removeprefix(_AS_IT_IS) if _EXPLAINED.search(part) else ""


def _part_in_words(part: str) -> str:
    words = _words_of(part)
    return part.removesuffix(words) + _(words) if words else part
