"""``passerelle config``: what the settings are, and which ones a file asks for."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path

import click

from passerelle.base.deadline import Deadline
from passerelle.base.errors import ConfigError, RejectedError, UnreachableError, UsageError
from passerelle.base.language import _, n_
from passerelle.base.wording import shorten
from passerelle.cli.common import (
    COMMENTS,
    ask_first,
    config_path,
    deliver,
    existing_file,
    json_option,
    output_option,
    print_json,
    settings_of,
    tell,
    usual_settings,
    yes_option,
)
from passerelle.cli.desktop import edit
from passerelle.config.file import FILE_NAME
from passerelle.config.guess.header import about_grid, about_left, about_unread
from passerelle.config.guess.old_xml import propose_xml
from passerelle.config.guess.proposal import Proposal, propose
from passerelle.config.guess.sample import Sample, read_sample
from passerelle.config.load import (
    load_config,
    read_text,
    shipped_schema,
)
from passerelle.config.shown import Setting, effective, how_found, toml_key, toml_table, toml_value
from passerelle.config.writing import changes, column_values, with_values, write_values
from passerelle.remotes import open_remote

# Thousands of lines: enough to see what stands in each column.
_BEGINNING = 2_000_000
_ENCODINGS = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with BOM", "utf-16": "UTF-16",
              "utf-32": "UTF-32"}  # fmt: skip
_SHOWN = 40


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
@click.argument("old", type=existing_file, metavar="OLD.xml")
@output_option
def xml(old: Path, output: Path | None) -> None:
    """Read an XML of orders that the previous system sent, and propose how ours is like it.

    Names for [orders.xml.names], to be pasted into config.toml, where its elements are ours under
    other names. Else a stylesheet, the first draft of the file that [orders.xml] stylesheet names:
    what is not known is marked in it, and told. Then try `convert`.

    \b
    passerelle config xml ventes_hier.xml
    passerelle config xml ventes_hier.xml -o ventes.xsl
    """
    found = propose_xml(old.read_bytes(), old.name)
    for key, value in found.settings.items():
        told = _("to write values as there, set in config.toml: {line}")
        click.echo(told.format(line=f"{key} = {toml_value(value)}"), err=True)
    if found.stylesheet:
        for path in found.unknown:
            click.echo(_("not known: {path}").format(path=path), err=True)
        deliver(found.stylesheet.encode("utf-8"), output, old)
        return
    if not found.names:
        click.echo(_("nothing to set: its elements have our names"), err=True)
    lines = ["[orders.xml.names]", *(f'{key} = "{name}"' for key, name in found.names.items())]
    deliver(("\n".join(lines) + "\n").encode("utf-8"), output, old)


@config.command()
@click.argument("source", metavar="FILE.csv")
@click.option("--orders", "what", flag_value="orders", help="It is the shop's order file.")
@click.option("--stock", "what", flag_value="stock", help="It is the ERP's stock file.")
@click.option("--write", is_flag=True, help="Put them into config.toml, after a look.")
@yes_option
@click.pass_context
def columns(context: click.Context, source: str, what: str | None, write: bool, yes: bool) -> None:
    """Read a real export, and propose the [orders.columns] or [stock.columns] that fit it.

    FILE.csv may lie on a server of config.toml: ftp:commandes.csv. What it prints can be pasted
    into config.toml; --write puts it there, and keeps comments and all else. No value of the file
    is shown, only what kind of values each column holds. A local file needs no config.toml. It
    looks at no more than the first 2 MB.

    \b
    passerelle config columns commandes.csv
    passerelle config columns ExportCSV.csv --stock
    passerelle config columns ftp:commandes.csv --write
    """
    name, data = _fetched(context, source) or _local(Path(source))
    sample = read_sample(data[:_BEGINNING], name, whole=len(data) <= _BEGINNING)
    proposal = propose(sample, "orders" if what == "orders" else "stock" if what else None)
    tell((*_about_file(name, sample, proposal), *_section(proposal)))
    if proposal.is_grid:
        what, mend = about_grid()
        raise RejectedError(what, f"{name}:1", mend)
    if proposal.missing:
        raise RejectedError(
            _("no column is found for {keys}").format(keys=", ".join(proposal.missing)),
            f"{name}:1",
            _("name it in [{what}.columns]").format(what=proposal.what),
        )
    if write:
        _write_columns(config_path(context), sample, proposal, yes=yes)


def _write_columns(path: Path, sample: Sample, proposal: Proposal, *, yes: bool) -> None:
    settings, what = load_config(path), proposal.what
    section = settings.orders if what == "orders" else settings.stock
    if section is None:
        mend = _("add it; `passerelle init` shows how")
        raise ConfigError(_("there is no [{what}]").format(what=what), str(path), mend)
    columns = {guess.key: guess.column for guess in proposal.guesses}
    values = column_values(what, columns, sample.header, section.columns)
    if proposal.separator:
        values[what, "separator"] = proposal.separator
    before = read_text(path)
    if not (lines := [*changes(before, with_values(before, values))]):
        click.echo(_("{file} says so already").format(file=path))
        return
    ask_first(["", _("In {file}:").format(file=path), *lines], yes=yes)
    write_values(path, values)
    click.echo(_("{file} is written").format(file=path))


def _fetched(context: click.Context, source: str) -> tuple[str, bytes] | None:
    """A server's file: its name and content; ``None`` for a local one, such as ``D:/x``."""
    server, _colon, path = source.partition(":")
    if not path or Path(source).is_file():
        return None
    is_drive = len(server) < 2 and server not in getattr(usual_settings(context), "servers", ())
    if not server or is_drive:
        return None
    settings = settings_of(context)
    if server not in settings.servers:
        known = ", ".join(settings.servers)
        text = _('no server is named "{name}" (servers: {known})')
        raise UsageError(text.format(name=server, known=known), source)
    deadline = Deadline(settings.time_limit)
    with closing(open_remote(server, settings.servers[server], deadline)) as remote:
        return path.rpartition("/")[2], remote.fetch(path)


def _local(path: Path) -> tuple[str, bytes]:
    """The name and the first bytes, one more than are looked at where there are more."""
    try:
        with path.open("rb") as file:
            return path.name, file.read(_BEGINNING + 1)
    except FileNotFoundError as error:
        raise UsageError(_("no such file"), str(path)) from error
    except OSError as error:
        raise UnreachableError(
            _("the file cannot be read"), str(path), error.strerror or str(error)
        ) from error


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
