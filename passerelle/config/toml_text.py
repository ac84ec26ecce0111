"""Values and keys as TOML writes them, fit to be shown on a console. https://toml.io/en/v1.0.0"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


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
