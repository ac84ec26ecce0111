"""Finding config.toml, reading it with all its faults at once, and writing a first one."""

import codecs
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from passerelle.base.durable import private, replace_whole
from passerelle.base.errors import ConfigError, UnreachableError, UsageError
from passerelle.base.language import _, n_, speak
from passerelle.config.faults import faults_of, located
from passerelle.config.file import FILE_NAME, config_place, speak_as_in
from passerelle.config.ledger import schema_of, shop_name
from passerelle.config.links import faults_of_links
from passerelle.config.model import Settings
from passerelle.config.syntax import fault_of_syntax

SCHEMA_NAME = "config.schema.json"
_MOST_BYTES = 1_000_000
# The parser's time grows by the square of a dotted key's length.
_MANY_DOTS = 2000


def find_config(option: Path | None = None) -> Path:
    """The config file to use: the option, ``$PASSERELLE_CONFIG``, beside the .exe, or here.

    Raises :class:`ConfigError` when that file does not exist.
    """
    path = config_place(option)
    if not path.is_file():
        raise ConfigError(
            _("no configuration"),
            str(path),
            _("write one with `passerelle init`, or name it with --config"),
        )
    return path


def load_config(path: Path) -> Settings:
    """The settings in the file at ``path``; from here on, its ``language`` is spoken.

    Raises :class:`ConfigError` whose ``faults`` list every fault as ``FILE:LINE: KEY: PROBLEM``,
    in that language too.
    """
    return parse_config(path, read_text(path))


def parse_config(path: Path, text: str) -> Settings:
    """The same of the ``text`` that the file holds, or will hold."""
    speak_as_in(text)
    tree = _parse(path, text)
    speak(str(tree.get("language", "auto")))
    servers = tree.get("servers")
    names = tuple(servers) if isinstance(servers, dict) else ()
    context = {
        "folder": path.absolute().parent,
        "servers": names,
        "connectors": tuple(_odoos(tree.get("connectors"))),
    }
    try:
        # The folder is given even when the file leaves it out, so that it is made absolute.
        given = {"folder": ".", "ledger_schema": schema_of(shop_name(path)), **tree}
        settings = Settings.model_validate(given, context=context)
    except ValidationError as error:
        raise _faulty(path, faults_of(path.name, text, error)) from None
    if links := faults_of_links(settings):
        raise _faulty(path, located(path.name, text, links))
    return settings.of_file(path.name)


def _odoos(connectors: object) -> Iterator[str]:
    """The connectors that levels may be read from as from a file."""
    for name, table in connectors.items() if isinstance(connectors, dict) else ():
        if isinstance(table, dict) and table.get("kind") == "odoo":
            yield name


def _parse(path: Path, text: str) -> dict[str, Any]:
    line = _line_with_most(".", text)
    if text.split("\n")[line - 1].count(".") > _MANY_DOTS:
        raise _faulty(path, [f"{path.name}:{line}: {_('a key of thousands of parts')}"])
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = fault_of_syntax(path.name, text, error)
    except RecursionError:
        line = _line_with_most("[{", text)
        fault = f"{path.name}:{line}: {_('brackets within brackets, too deep')}"
    except ValueError:
        # Python reads no longer ones: they cost too much time.
        line = _line_with_most("0123456789", text)
        fault = f"{path.name}:{line}: {_('a number of thousands of digits')}"
    raise _faulty(path, [fault])


def _line_with_most(signs: str, text: str) -> int:
    lines = text.split("\n")
    return max(range(len(lines)), key=lambda n: sum(map(lines[n].count, signs))) + 1


def read_text(path: Path) -> str:
    """The file's text, its line ends as ``\\n``. Raises :class:`ConfigError` where it is none."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(_("cannot read the configuration"), str(path), reason) from error
    if len(data) > _MOST_BYTES:
        problem = _("more than 1 MB: this is no configuration; is it another file?")
        raise _faulty(path, [f"{path.name}:1: {problem}"])
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not wide and data.count(0) > len(data) // 4:
        problem = _("UTF-16 without its mark: in Notepad, save it with the encoding UTF-8")
        raise _faulty(path, [f"{path.name}:1: {problem}"])
    try:
        return data.decode("utf-16" if wide else "utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        # Before it could be read: the language that it names is ASCII in any encoding.
        speak_as_in(data.decode("latin-1").replace("\r\n", "\n"))
        line = data.count(b"\n", 0, error.start) + 1
        problem = _("not UTF-8: in Notepad, save it with the encoding UTF-8")
        # Not "from error": that holds the whole file, passwords too.
        raise _faulty(path, [f"{path.name}:{line}: {problem}"]) from None


def _faulty(path: Path, faults: list[str]) -> ConfigError:
    what = n_("a fault in the configuration", "{n} faults in the configuration", len(faults))
    return ConfigError(what, str(path), faults=faults)


def template() -> bytes:
    """The commented file, in UTF-8."""
    return Path(__file__).with_name("template.toml").read_bytes()


def shipped_schema() -> bytes:
    """The JSON Schema of config.toml, in UTF-8."""
    return Path(__file__).with_name(SCHEMA_NAME).read_bytes()


def write_schema(folder: Path) -> None:
    """Brings the schema beside a config.toml up to date. Raises :class:`OSError`."""
    schema = folder / SCHEMA_NAME
    if not schema.is_file() or schema.read_bytes() != shipped_schema():
        replace_whole(schema, shipped_schema())


def write_template(folder: Path) -> Path:
    """Writes the file into ``folder``, creating that if need be; returns its path.

    The schema beside it, to which its first line refers, is brought up to date in any case.
    Raises :class:`UsageError` where a file is there already, :class:`UnreachableError` where one
    cannot be written.
    """
    path = folder.absolute() / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_schema(folder)
        with open(path, "xb", opener=private) as file:
            file.write(template())
    except FileExistsError as error:
        raise UsageError(
            _("a configuration is there already"), str(path), _("it was left as it is; edit it")
        ) from error
    except OSError as error:
        mend = error.strerror or _("name another folder")
        raise UnreachableError(_("the file cannot be written"), str(path), mend) from error
    return path
