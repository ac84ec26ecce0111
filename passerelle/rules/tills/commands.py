"""What a command may look like: the JSON of ``POST /v1/ops``, read strictly."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from passerelle.base.exact_json import Number, decimal_of, dump, parse
from passerelle.base.language import _
from passerelle.model.tills import Op, TillCommand

# Whatever a till sends is kept for years: names have a length, and a command an end.
MAX_NAME, MAX_OPS, MAX_NUMBER = 200, 1_000, 2**53
MAX_BYTES, MAX_DEPTH = 1_000_000, 100


def read_command(body: bytes) -> TillCommand:
    """The command in a request's body. Raises :class:`ValueError` with what is wrong with it."""
    if len(body) > MAX_BYTES:
        raise ValueError(_("a command has {most} bytes at most").format(most=MAX_BYTES))
    value = _table(parse(body), _("the body"))
    if _is_deep(value):
        raise ValueError(_("it is nested too deep"))
    _only(value, ("key", "n", "order", "base", "ops"))
    ops = value.get("ops")
    if not isinstance(ops, list) or not 0 < len(ops) <= MAX_OPS:
        raise ValueError(_("ops: write a list of 1 to {most}").format(most=MAX_OPS))
    return TillCommand(
        _name(value, "key"),
        _count(value, "n", 1),
        _name(value, "order"),
        _count(value, "base", 0),
        tuple(map(read_op, ops)),
    )


def _is_deep(value: Any) -> bool:
    level = [value]
    for _number in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inner(outer)]
    return bool(level)


def _inner(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def write_command(command: TillCommand) -> bytes:
    """The body that :func:`read_command` reads."""
    ops = [{"op": op.kind, **op.words} for op in command.ops]
    head = {"key": command.key, "n": command.n, "order": command.order, "base": command.base}
    return dump({**head, "ops": ops}).encode()


def read_op(value: Any) -> Op:
    """One of a command's ops. Raises :class:`ValueError` with what is wrong with it."""
    words = dict(_table(value, "ops"))
    kind = words.pop("op", None)
    if not isinstance(kind, str) or kind not in _OPS:
        known = ", ".join(_OPS)
        raise ValueError(_("ops: an op is one of {known}").format(known=known))
    allowed, check = _OPS[kind]
    _only(words, allowed)
    check(words)
    return Op(kind, words)


def _no_words(words: Mapping[str, Any]) -> None:
    """Nothing is to be checked."""


def _fields(words: Mapping[str, Any]) -> None:
    _table(words.get("fields", {}), "fields")


def _line(words: Mapping[str, Any]) -> None:
    _name(words, "id")
    _table(words.get("set", {}), "set")
    added = _table(words.get("add", {}), "add")
    for name, delta in added.items():
        if decimal_of(delta) is None:
            raise ValueError(_("add: {name} is no number").format(name=name))
    if words.get("set", {}).keys() & added.keys():
        raise ValueError(_("a field is either in set or in add"))


def _id(words: Mapping[str, Any]) -> None:
    _name(words, "id")


def _who(words: Mapping[str, Any]) -> None:
    if not isinstance(words.get("who", ""), str):
        raise ValueError(_("who: write a text"))


def _pay(words: Mapping[str, Any]) -> None:
    _name(words, "receipt")
    payments = words.get("payments")
    if not isinstance(payments, list):
        raise ValueError(_("payments: write a list"))
    for payment in payments:
        if decimal_of(_table(payment, "payments").get("amount")) is None:
            raise ValueError(_('payments: each needs an amount, such as "9.90"'))
    for line in _table(words.get("seen"), "seen").values():
        _table(line, "seen")


_OPS: Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], None]]] = {
    "create": (("fields",), _fields),
    "line": (("id", "set", "add"), _line),
    "drop": (("id",), _id),
    "set": (("fields",), _fields),
    "claim": ((), _no_words),
    "release": ((), _no_words),
    "break": (("who",), _who),
    "pay": (("receipt", "payments", "seen"), _pay),
    "cancel": ((), _no_words),
}


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(_("{where}: write an object").format(where=where))
    return value


def _only(value: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    if strange := sorted(value.keys() - set(allowed)):
        known = ", ".join(allowed) or _("none")
        text = _('"{name}" is not known here (known: {known})')
        raise ValueError(text.format(name=strange[0][:40], known=known))


def _name(value: Mapping[str, Any], key: str) -> str:
    name = value.get(key)
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable():
        text = _("{key}: write a text of 1 to {most} characters")
        raise ValueError(text.format(key=key, most=MAX_NAME))
    return name


def _count(value: Mapping[str, Any], key: str, least: int) -> int:
    found = value.get(key)
    text = found.text if isinstance(found, Number) else ""
    if not text.isdecimal() or len(text) > 16 or not least <= int(text) <= MAX_NUMBER:
        raise ValueError(
            _("{key}: write a whole number from {least} on").format(key=key, least=least)
        )
    return int(text)
