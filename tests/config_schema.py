"""The shipped JSON Schema of config.toml, asked as an editor asks it."""

import json
import tomllib
from datetime import date, datetime, time
from typing import Any

from jsonschema import Draft4Validator, Draft7Validator

from passerelle.config.load import shipped_schema

SCHEMA: dict[str, Any] = json.loads(shipped_schema())
# Taplo promises draft 4; the file calls itself draft 7: they must agree on it.
VALIDATORS = (Draft7Validator(SCHEMA), Draft4Validator(SCHEMA))


def complaints(text: str) -> list[str]:
    """What an editor complains of in a config.toml, each with its key."""
    tree = _as_json(tomllib.loads(text))
    found = [
        [f"{'.'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(tree)]
        for validator in VALIDATORS
    ]
    assert found[0] == found[1]
    return found[0]


def _as_json(value: Any) -> Any:
    """Editors hand TOML's times on as texts."""
    if isinstance(value, dict):
        return {key: _as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return value.isoformat() if isinstance(value, (datetime, date, time)) else value
