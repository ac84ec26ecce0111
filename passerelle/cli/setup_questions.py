"""The questions of ``passerelle setup``, each asked until its answer can be used."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click

from passerelle.base.dates import parse_date
from passerelle.base.errors import NotFoundError, PasserelleError
from passerelle.base.language import LANGUAGES, N_, _, speak, spoken
from passerelle.cli.common import complain, confirm, now, print_table
from passerelle.config.columns import COLUMNS, What
from passerelle.config.servers import KINDS, Server
from passerelle.config.stock import GiftCards
from passerelle.config.writing import column_values
from passerelle.setup.answers import SetupAnswers, known_columns, url_of
from passerelle.setup.files import Mapped, file_names, look_at, rows, server_at

_NONE = "-"
_COLUMNS = (N_("key"), N_("column"), N_("its first values"), N_("remark"))
# For each file: its question, where its outcome goes, and what both are mostly called.
_FILES: dict[What, tuple[str, str, str, str]] = {
    "orders": (
        N_("The shop's order file on the server"),
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


def ask_language(answers: SetupAnswers) -> None:
    language = spoken() if answers.language == "auto" else answers.language
    answers.language = _prompt("Language / langue", language, click.Choice(LANGUAGES))
    speak(answers.language)
    click.echo(_("Enter takes what stands between brackets; Ctrl+C leaves everything as it was."))


def ask_all(answers: SetupAnswers, path: Path, typed: str = "") -> str:
    """All but the language; returns the password that was typed, here or before: nothing else
    keeps it."""
    server, password, names = _ask_server(answers, path.parent, typed)
    servers = {**answers.others, answers.server: server}
    seen = {what: _ask_file(answers, servers, what, names, path) for what in _FILES}
    _ask_rest(answers)
    _ask_cards(answers, seen["stock"])
    return password


def _prompt(text: str, default: str = "", kind: Any = None, *, hidden: bool = False) -> str:
    """A trimmed answer; a blank one is the default."""
    shown = bool(default) and not hidden
    return str(
        click.prompt(text, default=default, type=kind, show_default=shown, hide_input=hidden)
    ).strip()


def _prompt_or_none(text: str, none: str, default: str) -> str:
    """The same, where nothing is an answer, too: Enter, or a dash in place of what is there."""
    way = _("-: {none}") if default else _("Enter: {none}")
    answer = _prompt(f"{text} ({way.format(none=none)})", default)
    return "" if answer == _NONE else answer


def _ask_server(answers: SetupAnswers, folder: Path, typed: str) -> tuple[Server, str, list[str]]:
    """Asks until the server answers: it, the password that was typed, and its files."""
    while True:
        answers.url, password = _ask_address(answers)
        password = typed = password or typed
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
    words = _("Host, with its port if it has its own")
    host = _prompt(words, f"{known.hostname or ''}{port}", _checked(_host))
    user = _prompt(_("User"), unquote(known.username or ""))
    after_login = _("the one after login")
    folder = _prompt_or_none(_("Folder on the server"), after_login, known.path.strip("/"))
    words = _("Password (not shown)")
    return url_of(kind, host, user, unquote(folder)), _prompt(words, hidden=True)


def _host(text: str) -> str:
    if re.search(r"[/@\\\s]", text.strip()):
        raise ValueError(_("only the host, as in ftp.example.com or ftp.example.com:2121"))
    return text.strip()


def _ask_file(
    answers: SetupAnswers,
    servers: Mapping[str, Server],
    what: What,
    names: list[str],
    path: Path,
) -> Mapped | None:
    """Asks until the file can be read; its columns, unless it is not there yet or there is none."""
    question, target, usual, usual_target = _FILES[what]
    default = answers.shown(what, "from")
    default = default or next((n for n in names if n.lower() == usual.lower()), _NONE)
    placed = _checked(lambda text: answers.placed(text, servers))
    while (source := _prompt(_(question), default, placed)) != _NONE:
        mapped: Mapped | None = None
        server, _colon, file = source.partition(":")
        try:
            mapped = look_at(server, servers[server], file, what)
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
        to = answers.shown(what, "to") or usual_target
        answers.places[what, "from"] = source
        answers.places[what, "to"] = _prompt(_(target), to, _target(answers, servers, source))
        return mapped
    if what == "orders":
        click.echo(_("Without it nothing goes: stock, too, needs to know what was sold."))
        return _ask_file(answers, servers, what, names, path)
    if answers.places.get((what, "from")):
        told = _("[{section}] stays in config.toml as it is: what is not wanted is deleted there.")
        click.echo(told.format(section=what))
    else:
        answers.places[what, "from"] = answers.places[what, "to"] = ""
    return None


def _target(
    answers: SetupAnswers, servers: Mapping[str, Server], source: str
) -> click.ParamType[str]:
    def known(text: str) -> str:
        if (place := answers.placed(text, servers)) == source:
            raise ValueError(_("that is the file that is read: name another"))
        return place

    return _checked(known)


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
    answers.store = _prompt_or_none(_("The store's number in the ERP"), _("none"), answers.store)
    known = answers.start_from
    words = _("Send orders from when on? Older ones are the previous system's (-: say it later)")
    default = f"{known or now():%Y-%m-%d %H:%M}"
    while (begin := _prompt(words, default, _checked(_as_written))) != _NONE:
        begin_at = parse_date(begin).replace(tzinfo=None)
        if begin_at <= now().replace(tzinfo=None) or confirm(
            _("That is in the future: no order goes before. Take it all the same?")
        ):
            is_same = known is not None and f"{known:%Y-%m-%d %H:%M}" == begin
            answers.start_from = known if is_same else begin_at
            return
    answers.start_from = None


def _ask_cards(answers: SetupAnswers, stock: Mapped | None) -> None:
    """The gift cards, and the column of their ids where it has not its usual name."""
    if answers.places["stock", "from"]:
        words = _("Product ids of the gift cards, with commas between them")
        cards = _prompt_or_none(words, _("none"), ", ".join(answers.cards))
        answers.cards = tuple(_listed(cards))
    usual = GiftCards().column
    if answers.cards and stock and not stock.column_called(usual):
        words = _("The column of the stock file in which product ids stand")
        column = _prompt(words, kind=_checked(_column(stock)))
        answers.columns["stock", "gift_cards", "column"] = column


def _as_written(text: str) -> str:
    parse_date(text)
    return text


def _listed(text: str) -> list[str]:
    """What stands between commas; numbers may have blanks alone between them."""
    is_numbers = re.fullmatch(r"[\d\s,;]*", text)
    parts = re.split(r"[\s,;]+" if is_numbers else r"[,;]", text)
    return [*dict.fromkeys(part.strip() for part in parts if part.strip())]
