"""Finding config.toml, reading it, and naming all its faults at once with key and line."""

import codecs
import difflib
import os
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from passerelle.config.lines import Key, key_lines, line_of
from passerelle.config.model import Server, Settings
from passerelle.errors import ConfigError
from passerelle.reading import shorten

ENVIRONMENT = "PASSERELLE_CONFIG"
FILE_NAME = "config.toml"
_MOST_BYTES = 1_000_000
_MANY = 100
# The parser's time grows by the square of a dotted key's length.
_MANY_DOTS = 2000


def find_config(option: Path | None = None) -> Path:
    """The config file to use: the option, ``$PASSERELLE_CONFIG``, beside the .exe, or here.

    Raises :class:`ConfigError` when that file does not exist.
    """
    path = (option or _by_default()).absolute()
    if not path.is_file():
        raise ConfigError(
            "no configuration",
            str(path),
            "write one with `passerelle init`, or name it with --config",
        )
    return path


def _by_default() -> Path:
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    frozen = getattr(sys, "frozen", False)
    return (Path(sys.executable).parent if frozen else Path.cwd()) / FILE_NAME


def load_config(path: Path) -> Settings:
    """The settings in the file at ``path``.

    Raises :class:`ConfigError` whose ``faults`` list every fault as ``FILE:LINE: KEY: PROBLEM``.
    """
    text = read_text(path)
    tree = _parse(path, text)
    context = {"folder": path.absolute().parent, "servers": _server_names(tree)}
    try:
        # The folder is given even when the file leaves it out, so that it is made absolute.
        return Settings.model_validate({"folder": ".", **tree}, context=context)
    except ValidationError as error:
        raise _faulty(path, _value_faults(path, text, error)) from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    line = _line_with_most(".", text)
    if text.split("\n")[line - 1].count(".") > _MANY_DOTS:
        raise _faulty(path, [f"{path.name}:{line}: a key of thousands of parts"])
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = _syntax_fault(path, text, error)
    except RecursionError:
        fault = f"{path.name}:{_line_with_most('[{', text)}: brackets within brackets, too deep"
    except ValueError:
        # Python reads no longer ones: they cost too much time.
        line = _line_with_most("0123456789", text)
        fault = f"{path.name}:{line}: a number of thousands of digits"
    raise _faulty(path, [fault])


def _line_with_most(signs: str, text: str) -> int:
    lines = text.split("\n")
    return max(range(len(lines)), key=lambda n: sum(map(lines[n].count, signs))) + 1


def _value_faults(path: Path, text: str, error: ValidationError) -> list[str]:
    lines = key_lines(text)
    details = sorted(((_place(lines, d), d) for d in error.errors()), key=lambda pair: pair[0])
    faults = sorted((place, _fault(detail)) for place, detail in details[:_MANY])
    more = [(place, f"and {len(details) - _MANY} more") for place, _ in details[_MANY : _MANY + 1]]
    return [f"{path.name}:{place}: {shorten(fault, 800)}" for place, fault in [*faults, *more]]


def read_text(path: Path) -> str:
    """The file's text, its line ends as ``\\n``. Raises :class:`ConfigError` where it is none."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            "cannot read the configuration", str(path), error.strerror or str(error)
        ) from error
    if len(data) > _MOST_BYTES:
        problem = "more than 1 MB: this is no configuration; is it another file?"
        raise _faulty(path, [f"{path.name}:1: {problem}"])
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = f"{path.name}:{line}: not UTF-8: in Notepad, save it with the encoding UTF-8"
        # Not "from error": that holds the whole file, passwords too.
        raise _faulty(path, [problem]) from None


def _faulty(path: Path, faults: list[str]) -> ConfigError:
    count = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
    return ConfigError(f"{count} in the configuration", str(path), faults=faults)


def _syntax_fault(path: Path, text: str, error: tomllib.TOMLDecodeError) -> str:
    """The parser's message with its line first, as in every other fault."""
    message, _, place = str(error).rpartition(" (at ")
    words = place.rstrip(")").replace(",", "").split()
    line = int(words[1]) if words[:1] == ["line"] else text.rstrip("\n").count("\n") + 1
    twice = "twice" in message or "overwrite" in message
    mend = "it stands there already; keep one" if twice else "text stands between quotes"
    return f"{path.name}:{line}: {shorten(message or str(error), 200)}: mend this line ({mend})"


def _server_names(tree: dict[str, Any]) -> tuple[str, ...]:
    servers = tree.get("servers")
    return tuple(servers) if isinstance(servers, dict) else ()


def _key(detail: ErrorDetails) -> Key:
    """The key as the user wrote it, without pydantic's own path elements."""
    return tuple(str(part) for part in detail["loc"] if not str(part).startswith("function-"))


def _place(lines: dict[Key, int], detail: ErrorDetails) -> int:
    return line_of(lines, _key(detail))


def _fault(detail: ErrorDetails) -> str:
    key = shorten(".".join(_key(detail)), 80) or FILE_NAME
    match detail["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key{_did_you_mean(_key(detail))}"
        case "model_type" | "dict_type":
            return f"{key}: this is a table: write [{key}] on a line, and its keys below"
        case "missing":
            return f"{key}: missing: this key is required"
        case "value_error":
            problem = detail["msg"].removeprefix("Value error, ")
            return f"{key}: {problem}" if _key(detail) else problem
        case _:
            return f"{key}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _did_you_mean(key: Key) -> str:
    known = _known_keys(key[:-1])
    close = difflib.get_close_matches(key[-1], known, n=1)
    return f"; did you mean {close[0]}?" if close else f" (known: {', '.join(known)})"


def _known_keys(table: Key) -> list[str]:
    """The keys that a table may hold, found by walking the model down from Settings."""
    model: type[BaseModel] = Settings
    for name in table:
        model = _sub_model(model, name) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _sub_model(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    """The model behind a key; behind any name in a table of tables (``[servers.NAME]``)."""
    field = model.model_fields.get(name)
    annotation = field.annotation if field else Server if model is Settings else None
    candidates = get_args(annotation) or (annotation,)
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
