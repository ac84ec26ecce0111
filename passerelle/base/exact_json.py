"""JSON whose numbers keep their text: ``0.10`` leaves as ``0.10``, thirty digits as they came."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec import Struct

from passerelle.base.language import _


class Number(Struct, frozen=True):
    """A number of a JSON text, as it was written."""

    text: str

    def __str__(self) -> str:
        return self.text


def parse(data: bytes | str) -> Any:
    """The value of a JSON text; its numbers are :class:`Number`.

    Raises :class:`ValueError` for what is no JSON, no UTF-8, or nested too deep to be meant.
    """
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        value = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_refuse)
        if "\\ud" in text.lower():
            # A pair of halves is one character; a half alone can be written nowhere.
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except RecursionError:
        raise ValueError(_("it is nested too deep")) from None
    except json.JSONDecodeError as error:
        what = _("this is no JSON: line {line}, character {column}")
        raise ValueError(what.format(line=error.lineno, column=error.colno)) from None
    return value


def dump(value: Any) -> str:
    """The value as JSON on one line, in ASCII: no text in it can break a line or a stream."""
    parts: list[str] = []
    try:
        _write(value, parts.append)
    except RecursionError:
        raise ValueError(_("it is nested too deep")) from None
    return "".join(parts)


def decimal_of(value: Any) -> Decimal | None:
    """A number, or a text that holds one, such as ``"9.90"``; ``None`` for anything else.

    Also for one of so many digits that nobody can have meant it as a quantity or a price.
    """
    text = value.text if isinstance(value, Number) else value
    if isinstance(text, int) and not isinstance(text, bool):
        return Decimal(text)
    if not isinstance(text, str) or not text.isascii() or len(text) > 60:
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= 60 else None


def _refuse(name: str) -> None:
    raise ValueError(_("{name} is no number").format(name=name))


def _write(value: Any, put: Any) -> None:
    if isinstance(value, Number):
        put(value.text)
    elif isinstance(value, dict):
        put("{")
        for number, (key, inner) in enumerate(value.items()):
            put(", " if number else "")
            put(json.dumps(key))
            put(": ")
            _write(inner, put)
        put("}")
    elif isinstance(value, list | tuple):
        put("[")
        for number, inner in enumerate(value):
            put(", " if number else "")
            _write(inner, put)
        put("]")
    else:
        put(json.dumps(value))
