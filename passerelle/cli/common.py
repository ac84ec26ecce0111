"""What the commands share: the settings, and printing for people, pipes and programs."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click
from click.shell_completion import CompletionItem

from passerelle.base import clocks
from passerelle.base.durable import Data, write_output
from passerelle.base.errors import (
    ConfigError,
    PasserelleError,
    UnreachableError,
    UsageError,
    lines_of,
)
from passerelle.base.language import _
from passerelle.base.wording import fitted, local, to_json
from passerelle.config.file import ENVIRONMENT
from passerelle.config.load import find_config, load_config
from passerelle.config.model import Settings
from passerelle.config.places import folded
from passerelle.model.states import state_in_words

# Where comments begin in what is shown as TOML, as in the file that `passerelle init` writes.
COMMENTS = 33
# Whatever the language: who types y to a French question means it.
_YES, _NO = ("y", "yes", "o", "oui"), ("n", "no", "non")
P = ParamSpec("P")
R = TypeVar("R")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
output_option = click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path),
                             help="Write here, not to stdout.")  # fmt: skip
existing_file = click.Path(exists=True, dir_okay=False, path_type=Path)


def with_settings(command: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:

    @wraps(command)
    def load(*args: P.args, **kwargs: P.kwargs) -> R:
        return command(settings_of(click.get_current_context()), *args, **kwargs)

    return load


def settings_of(context: click.Context) -> Settings:
    """The settings of the config file that the command line or the environment names."""
    return load_config(config_path(context))


def usual_settings(context: click.Context) -> Settings | None:
    """Those of the config file, where there is one; a file that was named must be there."""
    root = context.find_root()
    if root.obj is None and ENVIRONMENT not in os.environ:
        try:
            config_path(context)
        except ConfigError:
            return None
    return settings_of(context)


def config_path(context: click.Context) -> Path:
    option: Path | None = context.find_root().obj
    return find_config(option)


def now() -> datetime:
    """The time, aware, in this machine's zone."""
    return clocks.clock()


def say(text: str) -> None:
    """What goes on in a command that goes on, with the time."""
    click.echo(f"{local(now())}  {text}")


def fail(text: str) -> None:
    """The same of what goes wrong in it."""
    click.echo(f"passerelle: {local(now())}: {text}", err=True)


yes_option = click.option("--yes", is_flag=True,
                          help="Do it without asking.")  # fmt: skip


def ask_first(lines: Iterable[str], *, yes: bool) -> None:
    """Says what will follow, and asks; without a terminal only ``--yes`` is an answer.

    Raises :class:`UsageError` where the answer is no: nothing was done then.
    """
    tell(lines)
    if yes:
        return
    if not has_terminal():
        mend = _("look at what will follow, then add --yes")
        raise UsageError(_("nothing was done: there is no terminal on which to ask"), "", mend)
    if not confirm(_("Go on?")):
        raise UsageError(_("nothing was done, as you said"))


def confirm(question: str, *, default: bool = False) -> bool:
    """Asks for yes or no, in the language spoken or in English; click's own takes English only."""
    text = f"{question} {_('[Y/n]') if default else _('[y/N]')}"
    return bool(
        click.prompt(text, default="", show_default=False, value_proc=partial(_as_yes, default))
    )


def _as_yes(default: bool, answer: str) -> bool:
    word = answer.strip().lower()
    if word in ("", *_YES, *_NO):
        return word in _YES if word else default
    raise click.UsageError(_("answer yes or no"))


def has_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def needs_web(extra: str) -> None:
    """What serves pages needs what no other command does. Raises :class:`ConfigError`."""
    from importlib.util import find_spec

    if missing := [name for name in ("starlette", "uvicorn") if find_spec(name) is None]:
        mend = _('pip install "passerelle[{extra}]"; the Windows programs have it')
        what = _("{name} is not installed").format(name=missing[0])
        raise ConfigError(what, "", mend.format(extra=extra))


def print_json(value: Any) -> None:
    click.echo(to_json(value))


def tell(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(fitted(line))


def complain(error: PasserelleError) -> None:
    """Prints an error as the program does at its end, and goes on."""
    for line in lines_of(error):
        click.echo(f"passerelle: {line}", err=True)


def end_with(error: PasserelleError | None) -> None:
    """Ends the command with the exit code of what was rejected, if anything was."""
    if error is not None:
        complain(error)
        click.get_current_context().exit(error.exit_code)


def deliver(data: Data, output: Path | None, *inputs: Path | None) -> None:
    """Writes a result where it was asked for: a file whole or not at all; stdout without a name.

    Raises :class:`UsageError` where that is one of the ``inputs``, or config.toml.
    """
    if output is None:
        click.echo(data if isinstance(data, bytes) else b"".join(data), nl=False)
        return
    for read in filter(None, (*inputs, _config_of(click.get_current_context()))):
        if _is_same(output, read):
            mend = _("it would be lost: name another file with -o")
            raise UsageError(_("the output is one of the files that are read"), str(output), mend)
    try:
        write_output(output, data)
    except OSError as error:
        mend = error.strerror or ""
        if isinstance(error, PermissionError):
            mend = _(
                "close the program that holds it open (Excel does), see to the folder's rights, "
                "or name another file"
            )
        raise UnreachableError(_("the file cannot be written"), str(output), mend) from error


def _config_of(context: click.Context) -> Path | None:
    try:
        return config_path(context)
    except PasserelleError:
        return None


def _is_same(output: Path, read: Path) -> bool:
    """Also by another name: a link's, or one that differs only as some systems do not mind."""
    if not read.is_file():
        return False
    with suppress(OSError):
        if output.samefile(read):
            return True
    return folded(os.path.realpath(output)) == folded(os.path.realpath(read))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal, tab-separated lines in a pipe.

    The names of the columns, marked with ``N_``, are translated on a terminal only: programs that
    read a pipe know them in English.
    """
    if not rows:
        return
    if sys.stdout is None or not sys.stdout.isatty():
        for row in (columns, *rows):
            click.echo("\t".join(" ".join(cell.split()) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*(_(column) for column in columns), box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def state_cell(state: StrEnum) -> str:
    """A state in such a table: in words for people, its value for programs."""
    return state_in_words(state) if sys.stdout and sys.stdout.isatty() else state.value


def print_facts(facts: Mapping[str, str]) -> None:
    """Named facts, one a line; those without a value are left out."""
    labels = {name: _("{name}:").format(name=name) for name in facts}
    width = max(len(label) for label in labels.values())
    for name, value in facts.items():
        if value:
            click.echo(f"{labels[name]:<{width}} {value}")


def server_names(
    context: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """The servers of config.toml that begin so; none where it cannot be read."""
    settings = readable(context)
    return [
        CompletionItem(name, help=server.url)
        for name, server in (settings.servers if settings else {}).items()
        if name.startswith(incomplete)
    ]


def secret_names(
    context: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """The servers, and the connectors' keys, that begin so."""
    settings = readable(context)
    keys = settings.other_secrets() if settings else ()
    more = [CompletionItem(key) for key in keys if key.startswith(incomplete)]
    return [*server_names(context, param, incomplete), *more]


def shop_names(
    context: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """The pool's shops that begin so, in the same way."""
    settings = readable(context)
    shops = settings.pool.shops if settings and settings.pool else ()
    return [CompletionItem(name) for name in shops if name.startswith(incomplete)]


def readable(context: click.Context) -> Settings | None:
    try:
        # Not `obj`: while a shell asks, no command has run.
        return load_config(find_config(context.find_root().params.get("config")))
    except PasserelleError:
        return None
