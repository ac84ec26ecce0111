"""``passerelle init``, ``config``, ``check`` and ``completion``: before the first run."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from passerelle.base.errors import RejectedError, UnreachableError, UsageError
from passerelle.base.language import _, n_, speak
from passerelle.base.progress import each
from passerelle.base.wording import fields_of, shorten
from passerelle.cli.common import (
    COMMENTS,
    config_path,
    deliver,
    existing_file,
    json_option,
    output_option,
    print_json,
    tell,
)
from passerelle.cli.desktop import edit
from passerelle.config.guess.header import about_grid, about_left, about_unread
from passerelle.config.guess.proposal import Proposal, propose
from passerelle.config.guess.sample import Sample, read_sample
from passerelle.config.load import FILE_NAME, load_config, shipped_schema, write_template
from passerelle.config.shown import Setting, effective, how_found, toml_key, toml_table, toml_value

# Thousands of lines: enough to see what stands in each column.
_BEGINNING = 2_000_000
_ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with BOM", "utf-16": "UTF-16",
              "utf-32": "UTF-32"}  # fmt: skip
_SHOWN = 40
_COLOURS = {"ok": "green", "warning": "yellow", "fault": "red"}
SHELLS = ("bash", "zsh", "fish", "powershell")
PROGRAM = "passerelle"
# By this variable the shell asks the program, and click answers before any command runs.
VARIABLE = "_PASSERELLE_COMPLETE"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".",
                metavar="[DIR]")  # fmt: skip
def init(folder: Path) -> None:
    """Write a commented config.toml into DIR (here, if none is given).

    Never over an existing one. The schema beside it, by which editors complete and check it, is
    brought up to date.

    \b
    passerelle init
    passerelle init D:\\Passerelle
    """
    path = write_template(folder)
    text = _("{file} is written. Fill in the server, then try: passerelle run orders --dry-run")
    click.echo(text.format(file=path))


@click.group()
def config() -> None:
    """What the settings are, and which ones a file of the shop or the ERP asks for.

    \b
    passerelle config show
    passerelle config columns commandes.csv
    """


config.add_command(edit)


@config.command()
@json_option
@click.pass_context
def show(context: click.Context, as_json: bool) -> None:
    """Show every setting that counts, and where it comes from: a line of config.toml, or default.

    Passwords are never shown, nor are URLs that may hold one.

    \b
    passerelle config show
    passerelle --config D:\\Passerellepy\\config.toml config show --json
    """
    path = config_path(context)
    settings = effective(path)
    origin, found = how_found(context.find_root().obj)
    if as_json:
        told = [_as_dict(setting) for setting in settings]
        print_json({"file": str(path), "found_by": origin, "settings": told})
        return
    click.echo("# " + _(": ").join((str(path), found)))
    tell(_as_toml(settings))


def _as_dict(setting: Setting) -> dict[str, object]:
    key = ".".join((*setting.table, setting.key))
    return {"key": key, "value": setting.value, "origin": setting.origin, "line": setting.line}


def _as_toml(settings: Sequence[Setting]) -> Iterator[str]:
    for table, keys in groupby(settings, key=lambda setting: setting.table):
        if table:
            yield ""
            yield toml_table(table)
        yield from map(_setting_line, keys)


def _setting_line(setting: Setting) -> str:
    key, value = toml_key(setting.key), setting.value
    text = f"# {key}" if value is None else f"{key} = {toml_value(value)}"
    origin = _("default") if setting.line is None else f"{FILE_NAME}:{setting.line}"
    told = [origin, *([_("not set")] if value is None else []), setting.note]
    return f"{text:<{COMMENTS - 1}} # {', '.join(filter(None, told))}"


@config.command()
@output_option
def schema(output: Path | None) -> None:
    """Print the JSON Schema of config.toml, by which editors complete and check it.

    `passerelle init` writes it beside config.toml; after an update, write the new one there. The
    first line of config.toml names it: #:schema ./config.schema.json

    \b
    passerelle config schema -o config.schema.json
    """
    deliver(shipped_schema(), output)


@config.command()
@click.argument("source", type=existing_file, metavar="FILE.csv")
@click.option("--orders", "what", flag_value="orders", help="It is the shop's order file.")
@click.option("--stock", "what", flag_value="stock", help="It is the ERP's stock file.")
def columns(source: Path, what: str | None) -> None:
    """Read a real export, and propose the [orders.columns] or [stock.columns] that fit it.

    What it prints can be pasted into config.toml. No value of the file is shown, only what kind
    of values each column holds. It needs no config.toml, and reads no more than the first 2 MB.

    \b
    passerelle config columns commandes.csv
    passerelle config columns ExportCSV.csv --stock
    """
    data, whole = _beginning(source)
    sample = read_sample(data, source.name, whole=whole)
    proposal = propose(sample, "orders" if what == "orders" else "stock" if what else None)
    tell((*_about_file(source.name, sample, proposal), *_section(proposal)))
    if proposal.is_grid:
        what, mend = about_grid()
        raise RejectedError(what, f"{source.name}:1", mend)
    if proposal.missing:
        raise RejectedError(
            _("no column is found for {keys}").format(keys=", ".join(proposal.missing)),
            f"{source.name}:1",
            _("name it in [{what}.columns]").format(what=proposal.what),
        )


def _beginning(path: Path) -> tuple[bytes, bool]:
    """The file's first bytes, and whether that is all of it."""
    try:
        with path.open("rb") as file:
            data = file.read(_BEGINNING + 1)
    except OSError as error:
        raise UnreachableError(
            _("the file cannot be read"), str(path), error.strerror or str(error)
        ) from error
    return data[:_BEGINNING], len(data) <= _BEGINNING


def _about_file(file: str, sample: Sample, proposal: Proposal) -> Iterator[str]:
    is_orders = proposal.what == "orders"
    kind = _("an order file") if is_orders else _("a stock file")
    other = "--stock" if is_orders else "--orders"
    sure = "" if proposal.sure else _(" (a guess; if not, say {option})").format(option=other)
    encoding = _ENCODINGS.get(sample.encoding, sample.encoding)
    yield "# " + _(": ").join((shorten(file), f"{kind}{sure}"))
    yield "# " + _("encoding {encoding}, separator {separator}, {lines}").format(
        encoding=encoding, separator=toml_value(sample.separator), lines=_lines(sample)
    )
    yield from (f"# {remark}" for remark in _remarks(sample, proposal))
    yield "#"
    yield _row(_("column"), _("what stands in it"), _("key"))
    for name, content in zip(sample.header, proposal.contents, strict=True):
        yield _row(shorten(name, _SHOWN) or _("(no name)"), content, proposal.key_of(name) or "-")


def _lines(sample: Sample) -> str:
    if sample.whole:
        return n_("{n} line below the header", "{n} lines below the header", sample.lines)
    return n_("more than {n} line (its beginning was read)",
              "more than {n} lines (its beginning was read)", sample.lines)  # fmt: skip


def _remarks(sample: Sample, proposal: Proposal) -> Iterator[str]:
    # Nobody looks for a column without a name, but the shop's import of the stock minds two.
    for name in (one for one in sample.twice() if one or proposal.what == "stock"):
        yield _("{name} stands in the header more than once: rename one in the export").format(
            name=toml_value(shorten(name, _SHOWN))
        )
    if sample.odd:
        yield n_("{n} line has another number of fields than the header",
                 "{n} lines have another number of fields than the header", sample.odd)  # fmt: skip
    if proposal.what == "stock" and sample.encoding.startswith(("utf-16", "utf-32")):
        yield _("`run stock` reads no {encoding}: have the ERP export UTF-8 or cp1252").format(
            encoding=_ENCODINGS[sample.encoding]
        )


def _row(*cells: str) -> str:
    return f"# {cells[0]:<{_SHOWN}}  {cells[1]:<40}  {cells[2]}"


def _section(proposal: Proposal) -> Iterator[str]:
    if proposal.separator:
        yield ""
        yield f"[{proposal.what}]"
        yield f"separator = {toml_value(proposal.separator)}"
    yield ""
    yield f"[{proposal.what}.columns]"
    for guess in proposal.guesses:
        text = f"{guess.key} = {toml_value(guess.column)}"
        yield f"{text:<{COMMENTS - 1}} # {guess.doubt}" if guess.doubt else text
    for key in proposal.missing:
        text, remark = f'# {key} = "…"', _("required, and not found: name its column")
        yield f"{text:<{COMMENTS - 1}} # {remark}"
    if "unit_price" in proposal.missing and proposal.without_tax:
        names = ", ".join(toml_value(shorten(name, _SHOWN)) for name in proposal.without_tax)
        yield "# " + _("not taken, since it looks like prices without tax: {names}").format(
            names=names
        )
    yield from (f"# {text}" for text in about_left(proposal.left, proposal.missing))
    if proposal.unread:
        yield "# " + about_unread(proposal.unread)


@click.command()
@json_option
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Look at all that a run needs, and say what is wrong and how to mend it.

    Config, passwords, servers (with a probe file, which is deleted again), the files of the shop
    and the ERP, folders, ledger and the scheduled tasks. Run it under the account that runs these.
    A run may be active meanwhile.

    \b
    passerelle check
    """
    from passerelle.checks import check_all
    from passerelle.checks.findings import gravest

    path = config_path(context)
    settings = load_config(path)
    label = _("checking")
    if as_json:
        # What programs read is English, whatever the language.
        speak("en")
    findings = []
    for finding in each(label, check_all(settings, path)):
        findings.append(finding)
        if not as_json:
            # Colour is for terminals: click leaves it out elsewhere.
            grade, text = str(finding)[:9], str(finding)[9:]
            click.echo(click.style(grade, fg=_COLOURS[finding.grade]) + text)
    if as_json:
        print_json([fields_of(finding) for finding in findings])
        speak(settings.language)
    code = gravest(findings)
    if code:
        faults = sum(finding.grade == "fault" for finding in findings)
        things = n_("{n} fault", "{n} faults", faults)
        mend = _("mend it, then check again")
        click.echo(f"passerelle: {_(': ').join((things, str(path), mend))}", err=True)
    context.exit(code)


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, states, servers and files.

    cmd.exe cannot complete the words of a program. `passerelle` must be found on the PATH.

    \b
    In ~/.bashrc:   eval "$(passerelle completion bash)"
    In ~/.zshrc:    eval "$(passerelle completion zsh)"   (below compinit)
    Once for fish:  passerelle completion fish > ~/.config/fish/completions/passerelle.fish
    In $PROFILE:    passerelle completion powershell | Out-String | Invoke-Expression

    \b
    passerelle completion bash
    """
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(
            _("the installed click knows no completion for {shell}").format(shell=shell),
            "",
            _("update it to 8.5 or newer"),
        )
    source = found(context.find_root().command, {}, PROGRAM, VARIABLE).source()
    # As bytes: shells want their own line ends, on Windows too.
    click.echo(source.encode(), nl=False)
