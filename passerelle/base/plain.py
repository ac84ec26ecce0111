"""Records as programs read them: JSON."""

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any


def fields_of(record: Any, *names: str) -> dict[str, Any]:
    """These fields of a record, or all of them; what they hold stays as it is."""
    names = names or tuple(field.name for field in fields(record))
    return {name: getattr(record, name) for name in names}


def to_json(value: Any) -> str:
    """JSON of records too: times in ISO 8601 with their offset, amounts and places as text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone().isoformat()
    is_record = is_dataclass(value) and type(value).__str__ is object.__str__
    return fields_of(value) if is_record else str(value)
