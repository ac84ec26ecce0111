"""What is wrong with the values of config.toml, in words, each with its key and line."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from passerelle.base.language import N_, _, n_
from passerelle.base.regex import regex
from passerelle.base.wording import shorten
from passerelle.config.model import Settings
from passerelle.config.syntax import right_form, written
from passerelle.config.values import Section, section_of

Key = tuple[str, ...]
# What may hold a line end or a bracket that ends or opens nothing: strings and comments.
# https://toml.io/en/v1.0.0#string
_TOKEN = regex(
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
    for number, statement in statements(text):
        tree = tomllib.loads(statement)
        if statement.lstrip(" \t").startswith("["):
            table = table_of(tree)
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


def statements(text: str) -> Iterator[tuple[int, str]]:
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


def table_of(tree: object) -> Key:
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


_FILE = "config.toml"
_MANY = 100
# What stands without quotes, by pydantic's kind of error.
_UNQUOTED = {
    "bool_type": re.compile("true|false"),
    "int_type": re.compile("-?[0-9]+"),
    "float_type": re.compile("-?[0-9]+([.][0-9]+)?"),
}
# pydantic's kinds of errors, in its own words: it speaks English only.
KINDS: Mapping[str, str] = {
    "bool_type": N_("input should be a valid boolean"),
    "string_type": N_("input should be a valid string"),
    "int_type": N_("input should be a valid integer"),
    "int_from_float": N_("input should be a valid integer, got a number with a fractional part"),
    "float_type": N_("input should be a valid number"),
    "finite_number": N_("input should be a finite number"),
    "list_type": N_("input should be a valid list"),
    "tuple_type": N_("input should be a valid tuple"),
    "datetime_type": N_("input should be a valid datetime"),
    "time_delta_type": N_("input should be a valid timedelta"),
    "greater_than": N_("input should be greater than {gt}"),
    "greater_than_equal": N_("input should be greater than or equal to {ge}"),
    "less_than": N_("input should be less than {lt}"),
    "less_than_equal": N_("input should be less than or equal to {le}"),
    "literal_error": N_("input should be {expected}"),
}


def faults_of(file: str, text: str, error: ValidationError) -> list[str]:
    """Every fault as ``FILE:LINE: KEY: PROBLEM``, by line; ``text`` is the file's."""
    lines = key_lines(text)
    details = sorted(
        ((line_of(lines, _key(d)), d) for d in error.errors()), key=lambda pair: pair[0]
    )
    faults = sorted((place, _fault(detail)) for place, detail in details[:_MANY])
    if len(details) > _MANY:
        more = n_("and {n} more", "and {n} more", len(details) - _MANY)
        faults.append((details[_MANY][0], more))
    return [f"{file}:{place}: {shorten(fault, 800)}" for place, fault in faults]


def located(file: str, text: str, faults: Iterable[tuple[Key, str]]) -> list[str]:
    """Faults of keys in the same form."""
    lines = key_lines(text)
    return [
        f"{file}:{line_of(lines, key)}: {shorten('.'.join(key), 80)}: {problem}"
        for key, problem in faults
    ]


def _key(detail: ErrorDetails) -> Key:
    """The key as the user wrote it, without pydantic's own path elements."""
    return tuple(str(part) for part in detail["loc"] if not str(part).startswith("function-"))


def _fault(detail: ErrorDetails) -> str:
    key = shorten(".".join(_key(detail)), 80) or _FILE
    match detail["type"]:
        case "extra_forbidden":
            return f"{key}: {_unknown(_key(detail))}"
        case "model_type" | "dict_type":
            problem = _("this is a table: write [{key}] on a line, and its keys below")
            return f"{key}: {problem.format(key=key)}"
        case "missing":
            return f"{key}: {_('missing: this key is required')}"
        case "value_error":
            problem = detail["msg"].removeprefix("Value error, ")
            return f"{key}: {problem}" if _key(detail) else problem
    return _(": ").join(filter(None, (f"{key}: {_by_kind(detail)}", _mend_of_kind(detail))))


def _by_kind(detail: ErrorDetails) -> str:
    text = KINDS.get(detail["type"])
    if text is None:
        return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}"
    return _(text).format(**{name: _shown(value) for name, value in detail.get("ctx", {}).items()})


def _mend_of_kind(detail: ErrorDetails) -> str:
    """The line to write where a number stands between quotes, or a text without them."""
    value, kind = detail["input"], detail["type"]
    if kind == "string_type" and isinstance(value, int | float):
        right = f'"{str(value).lower() if isinstance(value, bool) else value}"'
    elif kind in _UNQUOTED and isinstance(value, str):
        right = right_form(value.strip()).strip('"')
        if not _UNQUOTED[kind].fullmatch(right):
            return ""
    else:
        return ""
    return _("write {line}").format(line=written(_key(detail)[-1], right))


def _shown(value: Any) -> str:
    """A limit, or the words that a key may have, which pydantic joins in English."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace(" or ", _(" or "))


def _unknown(key: Key) -> str:
    known = _known_keys(key[:-1])
    close = difflib.get_close_matches(key[-1], known, n=1)
    if close:
        return _("unknown key; did you mean {name}?").format(name=close[0])
    return _("unknown key (known: {names})").format(names=", ".join(known))


def _known_keys(table: Key) -> list[str]:
    """The keys that a table may hold, found by walking the model down from Settings."""
    model: type[Section] = Settings
    for name in table:
        # Any name in a table of tables has no field.
        if field := model.model_fields.get(name):
            model = section_of(field) or model
    return [field.alias or name for name, field in model.model_fields.items()]
