"""The value types of config.toml: durations, sizes, places on servers, local times.

Every parser raises :class:`ValueError` with a message that says what would be right.
"""

import re
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
)

from passerelle.base.language import _
from passerelle.config import written
from passerelle.config.texts import printable, product_ids
from passerelle.model.location import Location, clean_path

_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?(B|kB|KB|MB|GB)", re.ASCII)
# Times further off than this are no dates any more, and no waits that a socket knows.
_LONGEST = timedelta(days=36500)
_LONGEST_WAIT = timedelta(days=1)
_BYTES = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3}


class Section(BaseModel):
    """A table of config.toml: frozen, strict, without unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, populate_by_name=True
    )


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


def _folder(value: Any, info: ValidationInfo) -> Location | None:
    return None if value == "" else _location(value, info)


def _duration(value: Any) -> timedelta:
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        problem = _('a duration is a number with its unit, like "20s", "2m", "12h" or "365d"')
        raise ValueError(problem)
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST.total_seconds():
        raise ValueError(_("that is longer than a hundred years"))
    return timedelta(seconds=seconds)


def _wait(value: Any) -> timedelta:
    span = _duration(value)
    if not timedelta(0) < span <= _LONGEST_WAIT:
        raise ValueError(_("it must be more than nothing and a day at most"))
    return span


def _size(value: Any) -> int:
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError(_('a size is a number with its unit, like "500 kB" or "1 MB"'))
    return int(float(match[1]) * _BYTES[match[2].upper()])


def _local_time(value: Any) -> datetime:
    try:
        if isinstance(value, datetime):
            return value.astimezone()
        if isinstance(value, date):
            return datetime.combine(value, time()).astimezone()
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(_("that is no date of our times")) from error
    raise ValueError(_("write a date and time without quotes, like 2026-11-22T00:00:00"))


def _minutes(value: Any) -> tuple[int, ...]:
    items = value if isinstance(value, list) else []
    if not items or not all(type(item) is int and 0 <= item <= 59 for item in items):
        raise ValueError(_("write minutes of the hour, from 0 to 59, like [27, 57]"))
    if len(set(items)) < len(items):
        raise ValueError(_("a minute stands in it twice"))
    return tuple(sorted(items))


def _beside_config(value: Any, info: ValidationInfo) -> Path | None:
    if not isinstance(value, str):
        raise ValueError(_("write a path between quotes"))
    printable(value)
    base: Path = (info.context or {}).get("folder", Path())
    return base / value if value else None


def _names(value: Any) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError(_('write a name or a list of names, like ["ID commande", "Order ID"]'))
    return tuple(items)


_as_duration = PlainSerializer(written.duration_text)
_as_size = PlainSerializer(written.size_text)
_as_path = PlainSerializer(written.path_text)
Place = Annotated[Location, BeforeValidator(_location), PlainSerializer(str), written.PLACE]
_as_place = PlainSerializer(lambda place: str(place or ""), return_type=str)
Folder = Annotated[Location | None, BeforeValidator(_folder), _as_place, written.FOLDER]
Duration = Annotated[timedelta, BeforeValidator(_duration), _as_duration, written.DURATION]
Wait = Annotated[timedelta, BeforeValidator(_wait), _as_duration, written.DURATION]
Size = Annotated[int, BeforeValidator(_size), Field(gt=0), _as_size, written.SIZE]
LocalTime = Annotated[datetime, BeforeValidator(_local_time), written.LOCAL_TIME]
FilePath = Annotated[Path | None, BeforeValidator(_beside_config), _as_path, written.TEXT]
Minutes = Annotated[tuple[int, ...], BeforeValidator(_minutes), written.MINUTES]
Names = Annotated[tuple[str, ...], BeforeValidator(_names), written.NAMES]
ProductIds = Annotated[Names, AfterValidator(product_ids), written.PRODUCT_IDS]
