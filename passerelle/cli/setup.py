"""``passerelle setup``: asks its way from an empty folder to the first dry run."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from passerelle.base.durable import replace_whole
from passerelle.base.errors import (
    ConfigError,
    UnreachableError,
    UsageError,
)
from passerelle.base.language import _, spoken
from passerelle.cli.common import (
    complain,
    confirm,
    has_terminal,
    tell,
)
from passerelle.cli.ledgers import writing_ledger
from passerelle.cli.preparing import tell_findings
from passerelle.cli.running import carry_out
from passerelle.cli.schedule import install
from passerelle.cli.setup_questions import ask_all, ask_language
from passerelle.config.file import config_place
from passerelle.config.load import load_config, parse_config, write_schema
from passerelle.config.load import read_text as read_config
from passerelle.config.model import Settings
from passerelle.config.passwords import account, store_password
from passerelle.config.writing import changes, with_values, write_values
from passerelle.ledger.ledger import ledger_exists
from passerelle.model.runs import USUAL
from passerelle.schedule.schtasks import find_schtasks
from passerelle.setup.answers import (
    SetupAnswers,
    answers_of,
    missing_keys,
    new_config,
)

_KEYRING = "keyring"
_TAKEN_BACK = (("orders", "store"), ("stock", "gift_cards", "ids"))


@click.command()
@click.pass_context
def setup(context: click.Context) -> None:
    """Ask for server, password, files and columns; write config.toml; check; show a dry run.

    Nothing is written before you have seen it and said yes, and every answer may be given again.
    In a config.toml that is there already, comments and all other keys stay. The password goes
    into the operating system's credential store. Without a terminal it asks nothing: it names the
    keys that are missing, and ends with exit code 3.

    \b
    passerelle setup
    passerelle --config D:\\Passerelle\\config.toml setup
    """
    path = config_place(context.find_root().obj)
    answers = answers_of(path)
    if not has_terminal():
        _refuse(path, missing_keys(answers))
    answers = answers or SetupAnswers(spoken())
    _ask(answers, path)
    settings = load_config(path)
    code = _look(settings, path)
    if not code:
        _offer_schedule(context)
    context.exit(code)


def _ask(answers: SetupAnswers, path: Path) -> None:
    """Until what was answered can be written: what was is offered again."""
    ask_language(answers)
    password = ""
    while True:
        password = ask_all(answers, path, password)
        try:
            return _write(answers, password, path)
        except ConfigError as error:
            complain(error)
            click.echo(_("That cannot be written so: please answer once more."))


def _refuse(path: Path, missing: list[str]) -> None:
    mend = _("nothing is missing; `passerelle check` looks at it all")
    if missing:
        text = _("missing: {keys}; `passerelle init` writes a config.toml in which to fill them in")
        mend = text.format(keys=", ".join(missing))
    raise ConfigError(_("setup asks, and there is no terminal"), str(path), mend)


def _write(answers: SetupAnswers, password: str, path: Path) -> None:
    """Shows what will stand in config.toml, asks, and writes it, whole or not at all."""
    answers.password = _KEYRING if password else answers.password
    before = answers_of(path)
    old = before.values() if before else {}
    said = answers.values()
    values = {key: value for key, value in said.items() if old.get(key) != value}
    # What was taken back must be said, or it stays.
    values |= {key: type(old[key])() for key in _TAKEN_BACK if key in old and key not in said}
    tell(("", _("In {file}:").format(file=path), *_shown(values, path)))
    if not confirm(_("Write it?"), default=True):
        raise UsageError(_("nothing was done, as you said"))
    if password and (kept := _keep_password(answers.server, password)) != _KEYRING:
        values["servers", answers.server, "password"] = kept
    if before:
        write_values(path, values)
    else:
        _create(path, new_config(values))
    click.echo(_("{file} is written").format(file=path))


def _shown(values: dict[Any, Any], path: Path) -> Iterator[str]:
    if path.is_file():
        text = read_config(path)
        yield from changes(text, with_values(text, values))
        return
    text = new_config(values)
    parse_config(path, text)
    yield from text.splitlines()


def _create(path: Path, text: str) -> None:
    newline = "\r\n" if os.name == "nt" else "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_schema(path.parent)
        replace_whole(path, text.replace("\n", newline).encode())
    except OSError as error:
        mend = error.strerror or _("name another folder")
        raise UnreachableError(_("the file cannot be written"), str(path), mend) from error


def _keep_password(server: str, password: str) -> str:
    """Where it is kept now, as config.toml says it: the credential store, or else a variable."""
    try:
        store_password(server, password)
        return _KEYRING
    except ConfigError as error:
        complain(error)
    variable = f"PASSERELLE_{re.sub(r'[^A-Z0-9]', '_', server.upper())}"
    os.environ[variable] = password
    text = _("The password is read from the variable {variable}: set it for {account} to keep it.")
    click.echo(text.format(variable=variable, account=account()))
    return f"env:{variable}"


def _look(settings: Settings, path: Path) -> int:
    """Checks, and shows what the runs would do; the exit code of what is wrong, or 0."""
    if not ledger_exists(settings.ledger_at):
        with writing_ledger(settings, "setup"):
            pass  # so that the check can note the server's clock in it
    click.echo("")
    if code := tell_findings(settings, path):
        click.echo(_("Mend that, or answer otherwise: `passerelle setup`"))
        return code
    click.echo("\n" + _("dry run: nothing is changed anywhere"))
    runs = [name for name in USUAL if getattr(settings, name)]
    return carry_out(settings, *runs, dry_run=True)


def _offer_schedule(context: click.Context) -> None:
    click.echo("")
    if find_schtasks() and confirm(_("Have Windows start the runs from now on?")):
        context.invoke(install, what=None)
        return
    click.echo(_("When all is as it should be: `passerelle schedule install` starts the runs."))
