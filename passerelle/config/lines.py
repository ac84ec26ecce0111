"""On which line each key of a TOML text stands, which the standard parser does not tell."""

import re
import tomllib
from collections.abc import Iterator

Key = tuple[str, ...]

_TABLE = re.compile(r"\s*\[\[?(?P<name>.+?)\]\]?\s*(?:#.*)?$")


def key_lines(text: str) -> dict[Key, int]:
    """Every table and key of a valid TOML ``text`` with the number of its first line."""
    lines: dict[Key, int] = {}
    table: Key = ()
    for number, statement in _statements(text):
        header = _TABLE.match(statement)
        if header and "=" not in statement.partition("]")[0]:
            table = _path_of(f"[{header['name']}]")
            lines.setdefault(table, number)
        else:
            for path in _paths(tomllib.loads(statement)):
                lines.setdefault((*table, *path), number)
    return lines


def line_of(lines: dict[Key, int], key: Key) -> int:
    """The line of ``key``, or of the nearest table above it; 1 where even that is missing."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key, 1)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Whole statements with their first line: a value may span several lines."""
    pending, start = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        start = start if pending else number
        pending += line + "\n"
        if _is_whole(pending):
            yield start, pending
            pending = ""


def _is_whole(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _path_of(header: str) -> Key:
    path: list[str] = []
    node: object = tomllib.loads(header)
    while isinstance(node, dict) and node:
        name, node = next(iter(node.items()))
        path.append(name)
    return tuple(path)


def _paths(tree: object) -> Iterator[Key]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield (name,)
            for rest in _paths(value):
                yield (name, *rest)
