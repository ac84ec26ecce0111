"""``passerelle setup``: asks its way from an empty folder to the first dry run."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click

from passerelle.base.dates import parse_date
from passerelle.base.durable import replace_whole
from passerelle.base.errors import (
    ConfigError,
    NotFoundError,
    PasserelleError,
    UnreachableError,
    UsageError,
)
from passerelle.base.language import LANGUAGES, N_, _, speak, spoken
from passerelle.cli.common import (
    complain,
    confirm,
    has_terminal,
    now,
    print_table,
    tell,
)
from passerelle.cli.ledgers import writing_ledger
from passerelle.cli.preparing import tell_findings
from passerelle.cli.running import carry_out
from passerelle.cli.schedule import install
from passerelle.config.columns import COLUMNS, What
from passerelle.config.load import config_place, load_config, parse_config, write_schema
from passerelle.config.load import read_text as read_config
from passerelle.config.model import Settings
from passerelle.config.passwords import account, store_password
from passerelle.config.servers import KINDS, Server
from passerelle.config.stock import GiftCards
from passerelle.config.writing import changes, column_values, with_values, write_values
from passerelle.ledger.ledger import ledger_exists
from passerelle.model.location import clean_path
from passerelle.model.runs import USUAL
from passerelle.schedule.schtasks import find_schtasks
from passerelle.setup.answers import (
    SetupAnswers,
    answers_of,
    known_columns,
    missing_keys,
    new_config,
    url_of,
)
from passerelle.setup.files import Mapped, file_names, look_at, rows, server_at

_NONE, _KEYRING = "-", "keyring"
_COLUMNS = (N_("key"), N_("column"), N_("its first values"), N_("remark"))
# For each file: its question, where its outcome goes, and what both are mostly called.
_FILES: dict[What, tuple[str, str, str, str]] = {
    "orders": (
        N_("The shop's order file on the server (- for none)"),
        N_("The sales XML for the ERP's import; {time} becomes the time"),
        "commandes.csv",
        "import/commandes_{time}.xml",
    ),
    "stock": (
        N_("The ERP's stock file on the server (- for none)"),
        N_("The stock file for the shop's import"),
        "ExportCSV.csv",
        "ExportCSVmod.csv",
    ),
}


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


def _refuse(path: Path, missing: list[str]) -> None:
    mend = _("nothing is missing; `passerelle check` looks at it all")
    if missing:
        text = _("missing: {keys}; `passerelle init` writes a config.toml in which to fill them in")
        mend = text.format(keys=", ".join(missing))
    raise ConfigError(_("setup asks, and there is no terminal"), str(path), mend)


def _ask(answers: SetupAnswers, path: Path) -> None:
    language = spoken() if answers.language == "auto" else answers.language
    answers.language = _prompt("Language / langue", language, click.Choice(LANGUAGES))
    speak(answers.language)
    click.echo(_("Enter takes what stands between brackets; Ctrl+C leaves everything as it was."))
    server, password, names = _ask_server(answers, path.parent)
    seen = {what: _ask_file(answers, server, what, names, path) for what in _FILES}
    if not any(answers.places.values()):
        raise UsageError(_("nothing was written: neither file was named"))
    _ask_rest(answers)
    _ask_cards(answers, seen["stock"])
    _write(answers, password, path)


def _prompt(text: str, default: str = "", kind: Any = None, *, hidden: bool = False) -> str:
    """A trimmed answer; a blank one is the default."""
    shown = bool(default) and not hidden
    return str(
        click.prompt(text, default=default, type=kind, show_default=shown, hide_input=hidden)
    ).strip()


def _ask_server(answers: SetupAnswers, folder: Path) -> tuple[Server, str, list[str]]:
    """Asks until the server answers: it, the password that was typed, and its files."""
    while True:
        answers.url, password = _ask_address(answers)
        try:
            server = server_at(answers.url, password or answers.password, folder)
            names = file_names(answers.server, server)
        except PasserelleError as error:
            complain(error)
        else:
            found = ", ".join(names) or _("none")
            click.echo(_("Connected. Files in its folder: {names}").format(names=found))
            return server, password, names
        click.echo(_("That did not work: please answer once more."))


def _ask_address(answers: SetupAnswers) -> tuple[str, str]:
    """The URL and the password typed, of which Enter keeps the one of before."""
    known = urlsplit(answers.url)
    kind = _prompt(_("Kind of server (file: a folder of this machine)"), known.scheme or "ftp",
                   click.Choice([*KINDS]))  # fmt: skip
    if kind == "file":
        before = answers.url if known.scheme == "file" else ""
        return _prompt(_("Folder"), before), ""
    port = f":{known.port}" if known.port else ""
    host = _prompt(_("Host, with its port if it has its own"), f"{known.hostname or ''}{port}")
    user = _prompt(_("User"), unquote(known.username or ""))
    folder = _prompt(_("Folder on the server (Enter: the one after login)"), known.path.strip("/"))
    words = _("Password (not shown)")
    return url_of(kind, host, user, unquote(folder)), _prompt(words, hidden=True)


def _ask_file(
    answers: SetupAnswers, server: Server, what: What, names: list[str], path: Path
) -> Mapped | None:
    """Asks until the file can be read; its columns, unless it is not there yet or there is none."""
    question, target, usual, usual_target = _FILES[what]
    before = answers.places.get((what, "from"), "").partition(":")[2]
    default = before or next((n for n in names if n.lower() == usual.lower()), _NONE)
    while (file := _prompt(_(question), default, _checked(clean_path))) != _NONE:
        mapped: Mapped | None = None
        try:
            mapped = look_at(answers.server, server, file, what)
        except NotFoundError as error:
            complain(error)
            if not confirm(_("Take this name all the same?")):
                continue
        except PasserelleError as error:
            complain(error)
            continue
        if mapped:
            _ask_columns(mapped)
            _keep_columns(answers, mapped, path)
        to = answers.places.get((what, "to"), "").partition(":")[2] or usual_target
        answers.places[what, "from"] = f"{answers.server}:{file}"
        answers.places[what, "to"] = f"{answers.server}:{_prompt(_(target), to)}"
        return mapped
    answers.places[what, "from"] = answers.places[what, "to"] = ""
    return None


def _keep_columns(answers: SetupAnswers, mapped: Mapped, path: Path) -> None:
    known, what = known_columns(path, mapped.what), mapped.what
    answers.columns |= column_values(what, mapped.columns, mapped.sample.header, known)
    # A column that a person took from a key must not come back by its usual name.
    free = [name for name in mapped.taken_back if name not in mapped.columns]
    answers.columns |= {(what, "columns", key): [] for key in free}
    if mapped.separator:
        answers.columns[what, "separator"] = mapped.separator


def _ask_columns(mapped: Mapped) -> None:
    """Shows which column means what, and lets it be changed until it is right."""
    while True:
        table = [(*row, mapped.doubts.get(row[0], "")) for row in rows(mapped)]
        print_table(_COLUMNS, table)
        left = [name for name in mapped.sample.header if name not in mapped.columns.values()]
        click.echo(_("Columns without a key: {names}").format(names=", ".join(left) or _NONE))
        missing = mapped.missing()
        if missing:
            click.echo(_("Still without a column: {keys}").format(keys=", ".join(missing)))
        key = _prompt(_("Key to change (Enter: it is right so)"), "", _checked(_key(mapped.what)))
        if not key and not missing:
            return
        if key:
            column = _prompt(_("Its column (- for none)"), _NONE, _checked(_column(mapped)))
            mapped.give(key, "" if column == _NONE else column)


def _key(what: What) -> Callable[[str], str]:
    def known(text: str) -> str:
        if text.strip() and text.strip() not in COLUMNS[what]:
            keys = ", ".join(COLUMNS[what])
            raise ValueError(_("no such key; there are {keys}").format(keys=keys))
        return text.strip()

    return known


def _column(mapped: Mapped) -> Callable[[str], str]:
    def known(text: str) -> str:
        if (found := mapped.column_called(text)) is None:
            raise ValueError(_("the file has no such column"))
        return found

    return known


def _checked(read: Callable[[str], str]) -> click.ParamType[str]:
    """A kind of answer; what ``read`` refuses by :class:`ValueError` is asked for again."""

    class Checked(click.ParamType[str]):
        name = "text"

        def convert(self, value: str, param: object, ctx: object) -> str:
            try:
                return value if value == _NONE else read(value)
            except ValueError as error:
                raise click.UsageError(str(error)) from None

    return Checked()


def _ask_rest(answers: SetupAnswers) -> None:
    if answers.places["orders", "from"]:
        answers.store = _prompt(_("The store's number in the ERP (Enter: none)"), answers.store)
        if answers.start_from is None:
            words = _(
                "Send orders from when on? Older ones are the previous system's (-: say it later)"
            )
            begin = _prompt(words, f"{now():%Y-%m-%d %H:%M}", _checked(_as_written))
            answers.start_from = None if begin == _NONE else parse_date(begin).replace(tzinfo=None)


def _ask_cards(answers: SetupAnswers, stock: Mapped | None) -> None:
    """The gift cards, and the column of their ids where it has not its usual name."""
    if answers.places["stock", "from"]:
        words = _("Product ids of the gift cards, with commas between them (Enter: none)")
        answers.cards = tuple(re.findall(r"[^\s,;]+", _prompt(words, ", ".join(answers.cards))))
    usual = GiftCards().column
    if answers.cards and stock and not stock.column_called(usual):
        words = _("The column of the stock file in which product ids stand")
        column = _prompt(words, kind=_checked(_column(stock)))
        answers.columns["stock", "gift_cards", "column"] = column


def _as_written(text: str) -> str:
    parse_date(text)
    return text


def _write(answers: SetupAnswers, password: str, path: Path) -> None:
    """Shows what will stand in config.toml, asks, and writes it, whole or not at all."""
    answers.password = _KEYRING if password else answers.password
    before = answers_of(path)
    old = before.values() if before else {}
    values = {key: value for key, value in answers.values().items() if old.get(key) != value}
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
    if not ledger_exists(settings.folder):
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
