"""On which line each key of a TOML text stands, which the standard parser does not tell."""

import re
import tomllib
from collections.abc import Iterator

Key = tuple[str, ...]
# What may hold a line end or a bracket that ends or opens nothing: strings and comments.
# https://toml.io/en/v1.0.0#string
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?""""{0,2}'
    r"|'''.*?''''{0,2}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{}\n]",
    re.DOTALL,
)
# Deeper than any table of the settings.
_DEEPEST = 8


def key_lines(text: str) -> dict[Key, int]:
    """Every table and key of a valid TOML ``text`` with the number of its first line."""
    lines: dict[Key, int] = {}
    table: Key = ()
    for number, statement in _statements(text):
        tree = tomllib.loads(statement)
        if statement.lstrip(" \t").startswith("["):
            table = _path_of(tree)
            lines.setdefault(table, number)
        else:
            for path in _paths(tree):
                lines.setdefault((*table, *path), number)
    return lines


def line_of(lines: dict[Key, int], key: Key) -> int:
    """The line of ``key``, or of the nearest table above it; 1 where even that is missing."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key, 1)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Whole statements with their first line: a value may span several lines."""
    text += "\n"
    start, first, number, depth = 0, 1, 1, 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] in "[{") - (token[0] in "]}")
        number += token[0].count("\n")
        if token[0] == "\n" and depth == 0:
            if not (statement := text[start : token.end()]).isspace():
                yield first, statement
            start, first = token.end(), number


def _path_of(tree: object) -> Key:
    path: list[str] = []
    while isinstance(tree, dict) and tree and len(path) < _DEEPEST:
        name, tree = next(iter(tree.items()))
        path.append(name)
    return tuple(path)


def _paths(tree: object, depth: int = 0) -> Iterator[Key]:
    if isinstance(tree, dict) and depth < _DEEPEST:
        for name, value in tree.items():
            yield (name,)
            for rest in _paths(value, depth + 1):
                yield (name, *rest)
