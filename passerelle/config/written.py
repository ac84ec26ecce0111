"""Values as a person writes them in config.toml, and the form in which JSON Schema checks them.

A pattern never refuses what the model accepts; what only the model can tell, it leaves to it.
"""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import WithJsonSchema

from passerelle.model.servers import KINDS

_NUMBER = r"^\s*[0-9]{1,12}(\.[0-9]{1,9})? ?"
_COMMON_ENCODINGS = ("UTF-8", "ISO-8859-1", "ISO-8859-15", "cp1252")
_UNITS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000}
_SIZES = {"GB": 1000**3, "MB": 1000**2, "kB": 1000, "B": 1}


def duration_text(span: timedelta) -> str:
    """``"25m"``: in the biggest unit that leaves no fraction, else in seconds."""
    micro = span // timedelta(microseconds=1)
    if not micro:
        return "0s"
    for unit, size in _UNITS.items():
        if micro % size == 0:
            return f"{micro // size}{unit}"
    return f"{micro // 1_000_000}.{micro % 1_000_000:06d}".rstrip("0") + "s"


def size_text(size: int) -> str:
    """``"1 MB"``: in the biggest unit that leaves no fraction."""
    unit = next(unit for unit, factor in _SIZES.items() if size % factor == 0)
    return f"{size // _SIZES[unit]} {unit}"


def path_text(path: Path | None) -> str:
    """The path; empty for none."""
    return str(path or "")


def _text(pattern: str = "") -> dict[str, Any]:
    return {"type": "string"} | ({"pattern": pattern} if pattern else {})


def table(keys: Iterable[str], pattern: str) -> dict[str, Any]:
    """The schema of a table whose keys are these, and whose values are texts."""
    properties = {key: _text(pattern) for key in keys}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _any_case(word: str) -> str:
    return "".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in word)


# No password, and but in a file's URL a host.
_HOST = r"([^/?#:]*@)?[^/?#@]+([/?#][\s\S]*)?$"
_SCHEMES = "|".join(_any_case(scheme) for scheme in KINDS if scheme != "file")
_URL = rf"^ *({_SCHEMES})://{_HOST}|^ *{_any_case('file')}://|^[\s\S]{{0,2}}[^:]*$"
TEXT = WithJsonSchema(_text())
PRINTABLE = WithJsonSchema(_text("^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))
URL = WithJsonSchema(_text(_URL))
DURATION = WithJsonSchema(_text(_NUMBER + r"(ms|s|m|h|d)\s*$"))
SIZE = WithJsonSchema(_text(_NUMBER + r"(B|kB|KB|MB|GB)\s*$"))
PLACE = WithJsonSchema(_text(r"^[^:]*:/?[^/\\][^\\]*$"))
FOLDER = WithJsonSchema(_text(r"^$|^[^:]*:/?[^/\\][^\\]*$"))
# TOML's own dates: editors hand them on as texts.
LOCAL_TIME = WithJsonSchema(
    _text(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9:.]+([Zz]|[+-][0-9:]+)?)?$")
)
DATE_FORMAT = WithJsonSchema(_text("^([^%]|%[aAbBcdfGHIjmMpSuUVwWxXyYzZ%])*$"))
ENCODING = WithJsonSchema({"anyOf": [{"enum": ["auto", *_COMMON_ENCODINGS]}, _text()]})
WRITTEN_ENCODING = WithJsonSchema(
    {"anyOf": [{"enum": [*_COMMON_ENCODINGS]}, _text()], "not": {"enum": ["auto"]}}
)
SEPARATOR = WithJsonSchema({"enum": ["auto", ";", ",", "\t", "|", ":"]})
NAMES = WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}})
PRODUCT_IDS = WithJsonSchema(
    {"type": ["string", "array"], "pattern": r"^\S(.*\S)?$", "items": _text(r"^\S(.*\S)?$")}
)
MINUTES = WithJsonSchema(
    {
        "type": "array",
        "items": {"type": "integer", "minimum": 0, "maximum": 59},
        "minItems": 1,
        "uniqueItems": True,
    }
)
