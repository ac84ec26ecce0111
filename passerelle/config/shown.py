"""The settings that count, each with where it comes from, as TOML and without any secret."""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from pydantic import SecretStr

from passerelle.base.language import _, spoken
from passerelle.base.regex import regex
from passerelle.config.faults import Key, key_lines
from passerelle.config.file import ENVIRONMENT
from passerelle.config.load import load_config, read_text

MASK = "********"
# What stands in config.toml for a password without being one.
_NO_SECRET = regex(r"(keyring|env:[A-Za-z_]\w*)?", re.ASCII)
_SCHEME = regex(r"[A-Za-z][A-Za-z0-9+.-]*://")
Origin = Literal["config.toml", "default", "environment"]


class Setting(Struct, frozen=True):
    """One key of a table: its ``value`` as TOML writes it, ``None`` where it is not set.

    ``line`` is that of config.toml, ``None`` for a default. ``note`` tells people what the
    environment adds.
    """

    table: Key
    key: str
    value: Any
    line: int | None
    note: str = ""

    @property
    def origin(self) -> Origin:
        """Where the value comes from."""
        return "default" if self.line is None else "config.toml"


def effective(path: Path) -> list[Setting]:
    """All settings of the file at ``path`` and the defaults of what it leaves out.

    Tables follow the keys of the table above them. Raises :class:`ConfigError` as
    :func:`load_config` does.
    """
    tree = load_config(path).model_dump(by_alias=True)
    return list(_settings(tree, (), key_lines(read_text(path))))


def how_found(option: Path | None) -> tuple[Origin | Literal["option"], str]:
    """What named the file, for programs and for people."""
    if option:
        return "option", _("named by --config")
    if os.environ.get(ENVIRONMENT):
        return "environment", _("named by the environment variable {name}").format(name=ENVIRONMENT)
    if getattr(sys, "frozen", False):
        return "default", _("found beside the program")
    return "default", _("found in the current folder")


def _settings(tree: Mapping[str, Any], table: Key, lines: Mapping[Key, int]) -> Iterator[Setting]:
    tables = {key: value for key, value in tree.items() if isinstance(value, Mapping) and value}
    # What is no key but a place for tables is not shown while there are none.
    left = (key for key in tree if key not in tables and (table or tree[key] != {}))
    for key in left:
        path = (*table, key)
        value = _told(path, tree[key])
        yield Setting(table, key, value, lines.get(path), _note(path, value))
    for key, inner in tables.items():
        yield from _settings(inner, (*table, key), lines)


def _told(path: Key, value: Any) -> Any:
    """``value`` for everybody's eyes: of a secret, and of a URL that may hold one, a mask."""
    if isinstance(value, SecretStr):
        return _masked(value.get_secret_value())
    if isinstance(value, (list, tuple)):
        return [_told(path, one) for one in value]
    if isinstance(value, Mapping):
        return {key: _told((*path, key), one) for key, one in value.items()}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str) and _SCHEME.match(value):
        # A server's URL is known to hold no password; other services' URLs are their passwords.
        return value if path[0] == "servers" and path[-1] == "url" else _masked(value)
    return value


def _masked(secret: str) -> str:
    if _NO_SECRET.fullmatch(secret):
        return secret
    scheme = _SCHEME.match(secret)
    return (scheme[0] if scheme else "") + MASK


def _note(path: Key, value: Any) -> str:
    if path == ("language",) and value == "auto":
        return _("now {language}, by the system").format(language=spoken())
    if isinstance(value, str) and value.startswith("env:"):
        name = value.removeprefix("env:")
        there = _("{name} is set") if os.environ.get(name) else _("{name} is not set")
        return there.format(name=name)
    return ""


_BARE_KEY = regex(r"[A-Za-z0-9_-]+")


def toml_value(value: Any) -> str:
    """A text, number, truth, time, list or table on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{toml_key(key)} = {toml_value(one)}" for key, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return repr(value)
    return _quoted(str(value))


def toml_key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if _BARE_KEY.fullmatch(name) else _quoted(name)


def toml_table(path: tuple[str, ...]) -> str:
    """The line that opens a table."""
    return f"[{'.'.join(map(toml_key, path))}]"


def _quoted(text: str) -> str:
    """JSON's escapes are TOML's; beyond them, what a console obeys is written out."""
    return "".join(map(_shown, json.dumps(text, ensure_ascii=False)))


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
