"""Writing keys into a config.toml that people edit: what they wrote stays, comments and all.

tomlkit changes a value where it stands. A new key it would put below the comment that belongs to
the next table, so that goes in by line, behind the last key of its own.
"""

import codecs
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import ndiff
from pathlib import Path
from typing import Any

import tomlkit

from passerelle.base.durable import rewrite_whole
from passerelle.base.errors import UnreachableError
from passerelle.base.language import _
from passerelle.base.reading import find_column
from passerelle.base.words import fold
from passerelle.config.columns import OrderColumns, StockColumns, What
from passerelle.config.faults import Key, key_lines, statements, table_of
from passerelle.config.load import parse_config, read_text
from passerelle.config.shown import toml_key, toml_table, toml_value
from passerelle.config.syntax import hidden_value


def with_values(text: str, values: Mapping[Key, Any]) -> str:
    """The TOML ``text`` with these keys set; each path names its table, then the key."""
    for path, value in values.items():
        text = _replaced(text, path, value) if _stands(text, path) else _added(text, path, value)
    return text


def column_values(
    what: What,
    columns: Mapping[str, str],
    header: Sequence[str],
    known: OrderColumns | StockColumns,
) -> dict[Key, Any]:
    """The keys to set so that each is read from its column of ``header``, by ``columns``.

    Those that are read from there already, by the names ``known``, stay as they are.
    """
    return {
        (what, "columns", key): column
        for key, column in columns.items()
        if _found(header, getattr(known, key)) != fold(column)
    }


def _found(header: Sequence[str], names: Sequence[str]) -> str | None:
    with suppress(LookupError):
        place = find_column(header, names)
        return None if place is None else fold(header[place])
    return None


def changes(before: str, after: str) -> Iterator[str]:
    """The lines that go and come, marked as in a diff; without passwords."""
    for line in ndiff(before.splitlines(), after.splitlines()):
        if line.startswith(("-", "+")):
            yield line[:2] + hidden_value(line[2:])


def write_values(path: Path, values: Mapping[Key, Any]) -> None:
    """Sets keys in the config file, whole or not at all; encoding and line ends stay.

    Raises :class:`ConfigError` where it would be no configuration then, :class:`UnreachableError`
    where it cannot be written.
    """
    before = read_text(path)
    after = with_values(before, values)
    parse_config(path, after)
    data = path.read_bytes()
    if b"\r\n" in data or b"\r\0\n" in data:
        after = after.replace("\n", "\r\n")
    try:
        rewrite_whole(path, _encoded(after, data))
    except OSError as error:
        mend = error.strerror or _("close the programs that hold it open")
        raise UnreachableError(_("the file cannot be written"), str(path), mend) from error


def _encoded(text: str, before: bytes) -> bytes:
    """As the file was, mark included."""
    if before.startswith(codecs.BOM_UTF16_LE):
        return codecs.BOM_UTF16_LE + text.encode("utf-16-le")
    if before.startswith(codecs.BOM_UTF16_BE):
        return codecs.BOM_UTF16_BE + text.encode("utf-16-be")
    return text.encode("utf-8-sig" if before.startswith(codecs.BOM_UTF8) else "utf-8")


def _stands(text: str, path: Key) -> bool:
    """Whether the key is there, or its table is no section of its own but a key of another."""
    found = key_lines(text)
    is_section = any(table == path[:-1] for table, _end in _sections(text))
    return path in found or (path[:-1] in found and not is_section)


def _replaced(text: str, path: Key, value: Any) -> str:
    document = tomlkit.parse(text)
    table: Any = document
    for name in path[:-1]:
        table = table[name]
    table[path[-1]] = value
    return tomlkit.dumps(document)


def _added(text: str, path: Key, value: Any) -> str:
    """Behind the last key of its table; a table that is not there yet ends the file."""
    line = f"{toml_key(path[-1])} = {toml_value(value)}\n"
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    ends = dict(_sections(text))
    if path[:-1] in ends:
        lines.insert(ends[path[:-1]], line)
        return "".join(lines)
    return "".join(lines) + "\n" * bool(lines) + f"{toml_table(path[:-1])}\n{line}"


def _sections(text: str) -> Iterator[tuple[Key, int]]:
    """Every section, the top one ``()`` first, with the number of its last line that says a key."""
    table: Key = ()
    end = 0
    for number, statement in statements(text):
        tree = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            yield table, end
            table, end = table_of(tree), number
        elif tree:
            end = number + statement.count("\n") - 1
    yield table, end
