"""``python -m scripts.config``: writes anew what is made of the settings' model: config.toml, as
it stands here and as `passerelle init` writes it, and its JSON Schema, by which editors complete
and check it.

The docstring beside a key says what it means, for the schema. What may follow says how config.toml
shows the key, where ``key = default`` alone will not do:

    # lines that stand above it
    = VALUE  # what stands beside it

where "…" is the default, or what the key means; ``# key = `` above it shows it as a comment, and
``= -`` leaves it out: it stands elsewhere in the file.
And of a table, whose name "…" stands for:

    # --- Title of what begins here
    [NAME]  # what stands beside it
    # lines that stand below it

``# [NAME]`` makes comments of the whole table. Blanks at the beginning go on with the line above.
"""

import ast
import inspect
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Any, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic.json_schema import PydanticJsonSchemaWarning

from passerelle.config.columns import Columns
from passerelle.config.model import Settings
from passerelle.config.shown import toml_table, toml_value
from passerelle.config.values import section_of

# Its words mean the same in every draft since 4, which Taplo (Even Better TOML in VS Code)
# promises: https://taplo.tamasfe.dev/configuration/developing-schemas.html
DRAFT = "http://json-schema.org/draft-07/schema#"
# Words of pydantic's that say nothing to the person who writes the file.
_NOT_FOR_PEOPLE = ("title", "format", "writeOnly")
_NAMES = "A name or a list of names, of which the first one present counts."
_HEAD = """\
#:schema ./config.schema.json

# Passerelle: settings. Lines that begin with "#" are comments; every key shows its default
# unless a comment says otherwise. After a change, try:  passerelle run orders --dry-run
# Relative paths start from this file's folder. An unknown or mistyped key is reported with its line.

"""  # noqa: E501
_WIDTH = 99
_HEADER = re.compile(r"(# )?\[(.+?)\](.*)")


def leaves(model: type[BaseModel] = Settings, path: str = "") -> Iterator[str]:
    """The dotted paths of all keys and tables; any name in a table of tables is ``*``."""
    for name, field in model.model_fields.items():
        key = f"{path}{field.alias or name}"
        yield key
        if section := section_of(field):
            many = get_origin(field.annotation) is dict
            yield from leaves(section, f"{key}.*." if many else f"{key}.")


def _docs(model: type[BaseModel]) -> dict[str, tuple[str, list[str]]]:
    """What the docstrings beside a model's keys say, and how they show them."""
    found = {name: ("", list[str]()) for name in model.model_fields}
    for one in reversed(model.mro()[: model.mro().index(BaseModel)]):
        for key, doc in pairwise(ast.parse(dedent(inspect.getsource(one))).body[0].body):  # type: ignore[attr-defined]
            match key, doc:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                    value=ast.Constant(str(text))
                ):
                    found[name] = _parts(inspect.cleandoc(text).strip())
    return found


def _parts(doc: str) -> tuple[str, list[str]]:
    words, *shown = re.split(r"(?:\A|\n\n)(?=# |= |\[)", doc, maxsplit=1)
    text = " ".join(words.split())
    remark = (text if text[:2].isupper() else text[:1].lower() + text[1:]).removesuffix(".")
    lines = re.sub(r"\n +", " ", "".join(shown)).replace("  # …", f"  # {remark}")
    return text, lines.splitlines()


def sample() -> bytes:
    """config.toml with every key, its default and what it means, in UTF-8."""
    lines = _HEAD + "\n".join(map(_aligned, _keys(Settings, ()))) + "\n"
    return lines.encode()


def _aligned(line: str) -> str:
    """Remarks stand below each other, as far as the lines are short enough."""
    text, mark, remark = line.partition("  # ")
    return f"{text:<32} # {remark}" if mark and len(text) <= 32 else line


def _keys(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a table's keys, and behind them those of the tables in it."""
    docs, tables = _docs(model), list[str]()
    for name, field in model.model_fields.items():
        key, shown = field.alias or name, docs[name][1]
        if section_of(field) or any(map(_HEADER.match, shown)):
            tables += _table((*path, key), section_of(field), shown)
        else:
            yield from _key(key, _default(field).get("default"), shown)
    yield from tables


def _key(key: str, default: Any, shown: list[str]) -> Iterator[str]:
    yield from (line for line in shown if line.startswith("#"))
    if shown == ["= -"]:
        return
    is_told = default is None or any(line.startswith(f"# {key} = ") for line in shown)
    usual = [] if is_told else ["= …"]
    for value in [line for line in shown if line.startswith("=")] or usual:
        # A list of one name is written as the name.
        one = default[0] if isinstance(default, list) and len(default) == 1 else default
        yield f"{key} {value.replace('…', toml_value(one), 1)}"


def _table(
    path: tuple[str, ...], section: type[BaseModel] | None, shown: list[str]
) -> Iterator[str]:
    """The lines of a table, from what stands above it to the tables in it."""
    headers = [number for number, line in enumerate(shown) if _HEADER.match(line)]
    at = headers[0] if headers else len(shown)
    off, name, remark = _HEADER.findall((*shown, "[…]")[at])[0]
    path = path if name == "…" else (*path, name)
    yield ""
    for line in shown[:at]:
        is_title = line.startswith("# --- ")
        yield from ("", f"{line} ".ljust(_WIDTH, "-"), "") if is_title else (line,)
    inner = _keys(section, path) if section else ()
    for line in (toml_table(path) + remark, *shown[at + 1 :], *inner):
        yield f"{off}{line}".rstrip()


def schema_text() -> bytes:
    """The schema as the file that ships, in UTF-8."""
    return (json.dumps(schema(), indent=2, ensure_ascii=False) + "\n").encode()


def schema() -> dict[str, Any]:
    """The schema of the whole file."""
    head = {"$schema": DRAFT, "title": "Passerelle: config.toml"}
    return head | _schema_of_table(Settings)


def _schema_of_table(model: type[BaseModel]) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PydanticJsonSchemaWarning)  # places: see _default
        generated = model.model_json_schema()
    docs = _docs(model)
    names = f" {_NAMES}" if issubclass(model, Columns) else ""
    properties = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        properties[key] = _property(field, generated["properties"][key], generated)
        if text := docs[name][0]:
            properties[key] |= {"description": text + names}
        properties[key] |= _default(field)
    required = {"required": generated["required"]} if "required" in generated else {}
    return {
        "type": "object",
        "description": " ".join((model.__doc__ or "").split()).replace("``", "`"),
        "properties": properties,
        **required,
        "additionalProperties": False,
    }


def _property(
    field: FieldInfo, generated: Mapping[str, Any], whole: Mapping[str, Any]
) -> dict[str, Any]:
    if section := section_of(field):
        table = _schema_of_table(section)
        many = get_origin(field.annotation) is dict
        return {"type": "object", "additionalProperties": table} if many else table
    plain: dict[str, Any] = _plain(generated, whole.get("$defs", {}))
    return plain


def _default(field: FieldInfo) -> dict[str, Any]:
    """The default as a person writes it, durations and sizes too; none for what may be absent."""
    if field.is_required() or section_of(field):
        return {}
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


_ROOT = Path(__file__).parents[1]
PLACES = {
    _ROOT / "config.toml": sample,
    _ROOT / "passerelle" / "config" / "template.toml": sample,
    _ROOT / "passerelle" / "config" / "config.schema.json": schema_text,
}


def main() -> None:
    """Writes the files."""
    for path, made in PLACES.items():
        path.write_bytes(made())
        print(f"{path.relative_to(_ROOT)} is written")


if __name__ == "__main__":
    main()
