"""What the commands share: the settings, and printing for people, pipes and programs."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from passerelle.base.language import _
from passerelle.base.lock import hold_lock
from passerelle.config.load import find_config, load_config
from passerelle.config.model import Settings
from passerelle.gateway import frame as gateway
from passerelle.ledger.ledger import Ledger, ledger_exists, open_copy, open_ledger

# Where comments begin in what is shown as TOML, as in the file that `passerelle init` writes.
COMMENTS = 33
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def settings_of(context: click.Context) -> Settings:
    """The settings of the config file that the command line or the environment names."""
    return load_config(config_path(context))


def config_path(context: click.Context) -> Path:
    """The config file that the command line or the environment names."""
    option: Path | None = context.find_root().obj
    return find_config(option)


@contextmanager
def reading_ledger(settings: Settings) -> Iterator[Ledger]:
    """The ledger, to look something up; a run may be active meanwhile.

    Looking creates nothing: where there is no ledger yet, it is an empty one.
    """
    if not ledger_exists(settings.folder):
        with open_copy(settings.folder) as empty:
            yield empty
        return
    ledger = open_ledger(settings.folder)
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def steering_ledger(settings: Settings, command: str) -> Iterator[Ledger]:
    """The ledger, to change it; no run is active meanwhile."""
    with hold_lock(settings.folder, command, now()), reading_ledger(settings) as ledger:
        yield ledger


@contextmanager
def writing_ledger(settings: Settings, command: str) -> Iterator[Ledger]:
    """The same, for what may be written before any run was: the ledger is created."""
    with (
        hold_lock(settings.folder, command, now()),
        closing(open_ledger(settings.folder)) as ledger,
    ):
        yield ledger


def now() -> datetime:
    """The time, aware, in this machine's zone."""
    return gateway.clock()


def local(moment: datetime | None) -> str:
    """A time for people: local, to the second; ``-`` for none."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else "-"


def in_prose(moment: datetime | None) -> str:
    """A time in a sentence: as ``local``, or as the language spoken has it."""
    # Translators: in French it follows "le", "du" or "au"
    told = _("{time:%Y-%m-%d %H:%M:%S}")
    return told.format(time=moment.astimezone()) if moment else "-"


def print_json(value: Any) -> None:
    """Prints JSON; times in ISO 8601 with their offset."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> str:
    return value.astimezone().isoformat() if isinstance(value, datetime) else str(value)


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


def print_facts(facts: Mapping[str, str]) -> None:
    """Named facts, one a line; those without a value are left out."""
    labels = {name: _("{name}:").format(name=name) for name in facts}
    width = max(len(label) for label in labels.values())
    for name, value in facts.items():
        if value:
            click.echo(f"{labels[name]:<{width}} {value}")
