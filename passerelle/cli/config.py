"""``passerelle config``: what the settings are, and which ones a file asks for."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click

from passerelle.base.language import _
from passerelle.cli.columns import columns
from passerelle.cli.common import COMMENTS, config_path, json_option, print_json
from passerelle.config.load import FILE_NAME, shipped_schema
from passerelle.config.shown import Setting, effective, how_found, toml_key, toml_table, toml_value


@click.group()
def config() -> None:
    """What the settings are, and which ones a file of the shop or the ERP asks for.

    \b
    passerelle config show
    passerelle config columns commandes.csv
    """


config.add_command(columns)


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
    for line in _as_toml(settings):
        click.echo(line)


def _as_dict(setting: Setting) -> dict[str, object]:
    key = ".".join((*setting.table, setting.key))
    return {"key": key, "value": setting.value, "origin": setting.origin, "line": setting.line}


def _as_toml(settings: Sequence[Setting]) -> Iterator[str]:
    for table, keys in groupby(settings, key=lambda setting: setting.table):
        if table:
            yield ""
            yield toml_table(table)
        yield from map(_line, keys)


def _line(setting: Setting) -> str:
    key, value = toml_key(setting.key), setting.value
    text = f"# {key}" if value is None else f"{key} = {toml_value(value)}"
    origin = _("default") if setting.line is None else f"{FILE_NAME}:{setting.line}"
    told = [origin, *([_("not set")] if value is None else []), setting.note]
    return f"{text:<{COMMENTS - 1}} # {', '.join(filter(None, told))}"


@config.command()
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path),
              help="Write here, not to stdout.")  # fmt: skip
def schema(output: Path | None) -> None:
    """Print the JSON Schema of config.toml, by which editors complete and check it.

    `passerelle init` writes it beside config.toml; after an update, write the new one there. The
    first line of config.toml names it: #:schema ./config.schema.json

    \b
    passerelle config schema -o config.schema.json
    """
    from passerelle.runs.rehearsal import write_output

    if output:
        write_output(output, shipped_schema())
    else:
        click.echo(shipped_schema(), nl=False)
