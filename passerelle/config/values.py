"""The types of config.toml's values: how each is read, written back, and checked by JSON Schema.

Every parser raises :class:`ValueError` with a message that says what would be right. A pattern of
the schema never refuses what its parser takes; what only the parser can tell, it leaves to it.
"""

import codecs
import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo

from passerelle.base.language import _
from passerelle.base.reading import SEPARATORS
from passerelle.base.regex import regex
from passerelle.base.wording import shorten
from passerelle.model.location import ORIGIN, Location, clean_path


class Section(BaseModel):
    """A table of config.toml: frozen, strict, without unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )


def with_the_default(
    model: type[Section], names: tuple[str, ...], key: str | None
) -> tuple[str, ...]:
    """``"default"`` in a list stands for what the key has without one."""
    usual: tuple[str, ...] = model.model_fields[str(key)].default
    found = (usual if name.strip() == "default" else (name,) for name in names)
    return tuple(dict.fromkeys(chain.from_iterable(found)))


def section_of(field: FieldInfo) -> type[Section] | None:
    """The model of a table's keys, also of a table of tables'; none for a key with a value."""
    candidates = get_args(field.annotation) or (field.annotation,)
    if any(get_origin(candidate) is Literal for candidate in candidates):
        return None  # a word, or else a table
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, Section)), None)


def checked_by(pattern: str) -> WithJsonSchema:
    """The JSON Schema of a text that fits ``pattern``."""
    return WithJsonSchema({"type": "string", "pattern": pattern})


def table_schema(keys: Iterable[str], pattern: str) -> WithJsonSchema:
    """The JSON Schema of a table whose keys are these, and whose values are texts."""
    properties = {key: {"type": "string", "pattern": pattern} for key in keys}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return WithJsonSchema(schema)


# --- Texts

# https://www.w3.org/TR/xml/#charsets, without tab and line ends
_NOT_PRINTABLE = regex("[^ -\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """``text`` itself; refuses what XML, CSV files and file systems cannot carry."""
    if _NOT_PRINTABLE.search(text):
        problem = _(
            "control characters cannot be written into XML, CSV or file names (a backslash makes "
            "them: double it, or write the text between '…')"
        )
        raise ValueError(problem)
    return text


_PRINTABLE = checked_by("^[^\\u0000-\\u001f\\u007f-\\u009f]*$")
Printable = Annotated[str, AfterValidator(printable), _PRINTABLE]


# What people put between names that they write into one text.
_BETWEEN_NAMES = regex(r"\s*[,;]\s*")


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) and len(parts := _BETWEEN_NAMES.split(value.strip())) > 1:
        written = ", ".join(f'"{part}"' for part in parts)
        problem = _('one text is one name: write [{names}] (a name with a comma in it: ["{text}"])')
        raise ValueError(problem.format(names=shorten(written, 120), text=shorten(value)))
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError(_('write a name or a list of names, like ["ID commande", "Order ID"]'))
    return tuple(items)


def _product_ids(ids: tuple[str, ...]) -> tuple[str, ...]:
    """``ids`` themselves; refuses what no line of a stock file could carry as its id."""
    for text in ids:
        is_one = text == text.strip() and text.isprintable() and "," not in text
        if not text or not is_one:
            raise ValueError(_('a product id is written like "1201": no blanks around, one by one'))
    return ids


_TEXT = {"type": "string"}
_NAMES = WithJsonSchema({"type": ["string", "array"], "items": _TEXT})
Names = Annotated[tuple[str, ...], BeforeValidator(_names), _NAMES]
_ID = {"pattern": r"^\S(.*\S)?$"}
_IDS = WithJsonSchema({"type": ["string", "array"], **_ID, "items": _TEXT | _ID})
ProductIds = Annotated[Names, AfterValidator(_product_ids), _IDS]

# --- How CSV and XML are written

# Codecs of Python's that no file is written in, and that fail in ways of their own.
_NO_FILE_ENCODINGS = ("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape")
_COMMON_ENCODINGS = ("UTF-8", "ISO-8859-1", "ISO-8859-15", "cp1252")


def _encoding(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(_("write the name of an encoding between quotes"))
    if value != "auto":
        try:
            name = codecs.lookup(value).name
            if name in _NO_FILE_ENCODINGS:
                raise LookupError(name)
            "".encode(value)
        except (LookupError, ImportError, UnicodeError) as error:
            problem = _('no encoding is called "{name}"; try "utf-8" or "cp1252"')
            raise ValueError(problem.format(name=shorten(value))) from error
    return value


def _writable(encoding: str) -> str:
    if encoding == "auto":
        raise ValueError(_('name the encoding to write, like "UTF-8" or "ISO-8859-1"'))
    return encoding


def _separator(value: Any) -> str:
    if value != "auto" and value not in SEPARATORS:
        raise ValueError(_('use "auto" or one of ";" "," "\\t" "|" ":"'))
    return str(value)


# What one system's ``strftime`` passes over stops the program on another.
_DIRECTIVE = "%[aAbBcdfGHIjmMpSuUVwWxXyYzZ%]"
_DIRECTIVES = regex(_DIRECTIVE)


def _date_format(value: str) -> str:
    if "%" in _DIRECTIVES.sub("", value):
        problem = _('after "%" one of the letters of strftime, as in "%Y-%m-%d %H:%M:%S"')
        raise ValueError(problem)
    return printable(value)


_ANY = WithJsonSchema({"anyOf": [{"enum": ["auto", *_COMMON_ENCODINGS]}, _TEXT]})
Encoding = Annotated[str, BeforeValidator(_encoding), _ANY]
_BUT_AUTO = {"anyOf": [{"enum": [*_COMMON_ENCODINGS]}, _TEXT], "not": {"enum": ["auto"]}}
WrittenEncoding = Annotated[Encoding, AfterValidator(_writable), WithJsonSchema(_BUT_AUTO)]
_SEPARATORS = WithJsonSchema({"enum": ["auto", ";", ",", "\t", "|", ":"]})
Separator = Annotated[str, BeforeValidator(_separator), _SEPARATORS]
_FORMAT = checked_by(f"^([^%]|{_DIRECTIVE})*$")
DateFormat = Annotated[str, AfterValidator(_date_format), _FORMAT]

# --- Durations and sizes: a number with its unit
_NUMBER = r"^\s*[0-9]{1,12}(\.[0-9]{1,9})? ?"
_DURATION = regex(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?(ms|s|m|h|d)")
_SIZE = regex(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?(B|kB|KB|MB|GB)", re.ASCII)
_MICROSECONDS = {
    "d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000,
}  # fmt: skip
_BYTES = {"GB": 1000**3, "MB": 1000**2, "kB": 1000, "B": 1}
# Times further off than this are no dates any more, and no waits that a socket knows.
_LONGEST = timedelta(days=36500)
_LONGEST_WAIT = timedelta(days=1)


def _duration(value: Any) -> timedelta:
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        problem = _('a duration is a number with its unit, like "20s", "2m", "12h" or "365d"')
        raise ValueError(problem)
    seconds = float(match[1]) * _MICROSECONDS[match[2]] / 1_000_000
    if seconds > _LONGEST.total_seconds():
        raise ValueError(_("that is longer than a hundred years"))
    return timedelta(seconds=seconds)


def _wait(value: Any) -> timedelta:
    span = _duration(value)
    if not timedelta(0) < span <= _LONGEST_WAIT:
        raise ValueError(_("it must be more than nothing and a day at most"))
    return span


def _duration_text(span: timedelta) -> str:
    """``"25m"``: in the biggest unit that leaves no fraction, else in seconds."""
    micro = span // timedelta(microseconds=1)
    if not micro:
        return "0s"
    for unit, size in _MICROSECONDS.items():
        if micro % size == 0:
            return f"{micro // size}{unit}"
    return f"{micro // 1_000_000}.{micro % 1_000_000:06d}".rstrip("0") + "s"


def _size(value: Any) -> int:
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError(_('a size is a number with its unit, like "500 kB" or "1 MB"'))
    return int(float(match[1]) * _BYTES[match[2].replace("K", "k")])


def _size_text(size: int) -> str:
    """``"1 MB"``: in the biggest unit that leaves no fraction."""
    unit = next(unit for unit, factor in _BYTES.items() if size % factor == 0)
    return f"{size // _BYTES[unit]} {unit}"


_DURATIONS = checked_by(_NUMBER + r"(ms|s|m|h|d)\s*$")
_as_duration = PlainSerializer(_duration_text)
Duration = Annotated[timedelta, BeforeValidator(_duration), _as_duration, _DURATIONS]
Wait = Annotated[timedelta, BeforeValidator(_wait), _as_duration, _DURATIONS]
_SIZES = checked_by(_NUMBER + r"(B|kB|KB|MB|GB)\s*$")
_as_size = PlainSerializer(_size_text)
Size = Annotated[int, BeforeValidator(_size), Field(gt=0), _as_size, _SIZES]


# --- Times
def _local_time(value: Any) -> datetime:
    try:
        if isinstance(value, datetime):
            return value.astimezone()
        if isinstance(value, date):
            return datetime.combine(value, time()).astimezone()
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(_("that is no date of our times")) from error
    raise ValueError(_("write a date and time without quotes, like 2026-11-22T00:00:00"))


def _clock_time(value: Any) -> time:
    if isinstance(value, str) and re.fullmatch(_CLOCK, value):
        return time.fromisoformat(value)
    raise ValueError(_('write an hour of the day between quotes, like "08:00"'))


def _clock_text(value: time) -> str:
    return f"{value:%H:%M}"


def _minutes(value: Any) -> tuple[int, ...]:
    items = value if isinstance(value, list) else []
    if not items or not all(type(item) is int and 0 <= item <= 59 for item in items):
        raise ValueError(_("write minutes of the hour, from 0 to 59, like [27, 57]"))
    if len(set(items)) < len(items):
        raise ValueError(_("a minute stands in it twice"))
    return tuple(sorted(items))


# TOML's own dates: editors hand them on as texts.
_TIMES = checked_by(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9:.]+([Zz]|[+-][0-9:]+)?)?$")
LocalTime = Annotated[datetime, BeforeValidator(_local_time), _TIMES]
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
ClockTime = Annotated[
    time, BeforeValidator(_clock_time), PlainSerializer(_clock_text), checked_by(_CLOCK)
]
_MINUTE = {"type": "integer", "minimum": 0, "maximum": 59}
_HOUR = WithJsonSchema({"type": "array", "items": _MINUTE, "minItems": 1, "uniqueItems": True})
Minutes = Annotated[tuple[int, ...], BeforeValidator(_minutes), _HOUR]


# --- Places
def _location(value: Any, info: ValidationInfo) -> Location:
    servers: tuple[str, ...] = (info.context or {}).get("servers", ())
    if not isinstance(value, str) or ":" not in value:
        raise ValueError(_('write it as "server:path", for example "ftp:commandes.csv"'))
    if "://" in value:
        # Not quoted: a URL may hold a password.
        problem = _('this is a URL; give it as "url" of a server, and write "server:path"')
        raise ValueError(problem)
    server, path = value.split(":", 1)
    if server not in servers:
        # Translators: there is no server at all
        known = ", ".join(servers) or _("none")
        problem = _('no server is named "{name}" (servers: {known})')
        raise ValueError(problem.format(name=server, known=known))
    return Location(server, clean_path(path))


# Where an Odoo keeps its goods as it ships.
USUAL_LOCATION = "WH/Stock"


def _source(value: Any, info: ValidationInfo) -> Location:
    """A file on a server, or a location of an Odoo: ``odoo:WH/Stock``."""
    connectors: tuple[str, ...] = (info.context or {}).get("connectors", ())
    name, colon, path = value.partition(":") if isinstance(value, str) else ("", "", "")
    if colon and name in connectors:
        return Location(name, clean_path(path or USUAL_LOCATION))
    return _location(value, info)


def _orders_place(value: Any, info: ValidationInfo) -> Location:
    """A file on a server, or a group of tills: ``tills:store``."""
    origin, colon, group = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not colon or origin != ORIGIN:
        return _location(value, info)
    if origin in (info.context or {}).get("servers", ()):
        problem = _('"tills:{name}" is a group of tills: give the server "tills" another name')
        raise ValueError(problem.format(name=shorten(group)))
    return Location(origin, clean_path(group))


def _folder(value: Any, info: ValidationInfo) -> Location | None:
    return None if value == "" else _location(value, info)


def _beside_config(value: Any, info: ValidationInfo) -> Path | None:
    if not isinstance(value, str):
        raise ValueError(_("write a path between quotes"))
    printable(value)
    base: Path = (info.context or {}).get("folder", Path())
    return base / value if value else None


_PLACE = r"^[^:]*:/?[^/\\][^\\]*$"
# Where a key may be left out.
NO_PLACE = Location("", "")
# Made by the functions above: there is nothing in it for pydantic to look at.
_Place = InstanceOf[Location]
_as_text = PlainSerializer(
    lambda place: "" if place in (None, NO_PLACE) else str(place), return_type=str
)
Place = Annotated[_Place, BeforeValidator(_location), _as_text, checked_by(_PLACE)]
_UNLESS_TILLS = checked_by(f"^$|{_PLACE}")
LevelsPlace = Annotated[_Place, BeforeValidator(_location), _as_text, _UNLESS_TILLS]
OrdersPlace = Annotated[_Place, BeforeValidator(_orders_place), _as_text, checked_by(_PLACE)]
_SOURCE = r"^[^:]*:(/?[^/\\][^\\]*)?$"
SourcePlace = Annotated[_Place, BeforeValidator(_source), _as_text, checked_by(_SOURCE)]
Folder = Annotated[_Place | None, BeforeValidator(_folder), _as_text, checked_by(f"^$|{_PLACE}")]
FilePath = Annotated[Path | None, BeforeValidator(_beside_config), _as_text, WithJsonSchema(_TEXT)]
