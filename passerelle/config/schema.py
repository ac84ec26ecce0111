"""The JSON Schema of config.toml, made from the model: editors complete and check the file by it.

``python -m scripts.schema`` writes it into the package, whence ``passerelle init`` lays it beside
config.toml. It keeps to words that mean the same in every draft since 4, which Taplo (Even Better
TOML in VS Code) promises: https://taplo.tamasfe.dev/configuration/developing-schemas.html
"""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from passerelle.config.descriptions import DESCRIPTIONS
from passerelle.config.model import Settings

DRAFT = "http://json-schema.org/draft-07/schema#"
# Words of pydantic's that say nothing to the person who writes the file.
_NOT_FOR_PEOPLE = ("title", "format", "writeOnly")


def schema_text() -> bytes:
    """The schema as the file that ships, in UTF-8."""
    return (json.dumps(schema(), indent=2, ensure_ascii=False) + "\n").encode()


def schema() -> dict[str, Any]:
    """The schema of the whole file."""
    head = {"$schema": DRAFT, "title": "Passerelle: config.toml"}
    return head | _table(Settings, "")


def leaves(model: type[BaseModel] = Settings, path: str = "") -> Iterator[str]:
    """The dotted paths of all keys and tables; any name in a table of tables is ``*``."""
    for name, field in model.model_fields.items():
        key = f"{path}{field.alias or name}"
        yield key
        section, many = section_of(field)
        if section:
            yield from leaves(section, f"{key}.*." if many else f"{key}.")


def section_of(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    """The model of a table's keys, and whether the table holds many of them under any name."""
    many = get_origin(field.annotation) in (dict, list, tuple)
    candidates = get_args(field.annotation) or (field.annotation,)
    found = (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return next(found, None), many


def _table(model: type[BaseModel], path: str) -> dict[str, Any]:
    generated = model.model_json_schema()
    properties = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        properties[key] = _property(field, f"{path}{key}", generated["properties"][key], generated)
    required = {"required": generated["required"]} if "required" in generated else {}
    return {
        "type": "object",
        "description": _of_docstring(model),
        "properties": properties,
        **required,
        "additionalProperties": False,
    }


def _property(
    field: FieldInfo, path: str, generated: Mapping[str, Any], whole: Mapping[str, Any]
) -> dict[str, Any]:
    described = {"description": DESCRIPTIONS[path]} if path in DESCRIPTIONS else {}
    section, many = section_of(field)
    if section and many:
        rows = _table(section, f"{path}.*.")
        if get_origin(field.annotation) is dict:
            return {"type": "object", "additionalProperties": rows} | described
        return {"type": "array", "items": rows} | described
    if section:
        return _table(section, f"{path}.") | described
    default = {} if field.is_required() else _default(field)
    node: dict[str, Any] = _plain(generated, whole.get("$defs", {}))
    return node | described | default


def _default(field: FieldInfo) -> dict[str, Any]:
    """The default as a person writes it, durations and sizes too; none for what may be absent."""
    value = field.get_default(call_default_factory=True, validated_data={})
    annotated: Any = Annotated[(field.annotation, None, *field.metadata)]
    adapter = TypeAdapter[Any](annotated)
    written = adapter.dump_python(value, mode="json")
    return {} if written is None else {"default": written}


def _plain(node: Any, definitions: Mapping[str, Any]) -> Any:
    """``node`` without references, without null, which TOML lacks, and in words of draft 4."""
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if not isinstance(node, Mapping):
        return node
    if reference := node.get("$ref"):
        return _plain(definitions[reference.rpartition("/")[2]], definitions)
    choices = [one for one in node.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        return _plain({**node, **choices[0], "anyOf": []}, definitions)
    kept = {key: value for key, value in node.items() if value or key != "anyOf"}
    kept = {key: value for key, value in kept.items() if key not in (*_NOT_FOR_PEOPLE, "default")}
    if "const" in kept:
        kept["enum"] = [kept.pop("const")]
    return {key: _plain(value, definitions) for key, value in kept.items()}


def _of_docstring(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split()).replace("``", "`")
