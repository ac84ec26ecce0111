"""Programs that hold whole orders: what they changed, as ops.

Compared are the order as it was handed out and as it comes back. A field that the program does not
bring back stays, since it may not have known it; what is to go is an explicit ``null``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from passerelle.base.exact_json import Number, decimal_of
from passerelle.base.language import _
from passerelle.model.tills import Op
from passerelle.rules.tills.merge import EXACT

_QUANTITY = "qty"


def ops_between(known: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> list[Op]:
    """What makes of ``known`` (``None``: a new order) what the program wants.

    Raises :class:`ValueError` where ``wanted`` is no order.
    """
    fields, lines = _table(wanted, "fields"), _table(wanted, "lines")
    if known is None:
        first = {name: value for name, value in fields.items() if value is not None}
        return [Op("create", {"fields": first}), *_lines({}, lines)]
    changed = _changed(known["fields"], fields)
    return [*([Op("set", {"fields": changed})] if changed else []), *_lines(known["lines"], lines)]


def _lines(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Op]:
    for id, line in wanted.items():
        if line is None:
            if id in known:
                yield Op("drop", {"id": id})
            continue
        if not isinstance(line, dict):
            raise ValueError(_("{where}: write an object").format(where=f"lines.{id}"))
        before = known.get(id, {})
        changed = _changed(before, line)
        added = _added(before.get(_QUANTITY), changed)
        if added:
            del changed[_QUANTITY]
        words = {
            "id": id,
            **({"set": changed} if changed else {}),
            **({"add": added} if added else {}),
        }
        if changed or added or id not in known:
            yield Op("line", words)


def _added(before: Any, changed: Mapping[str, Any]) -> Mapping[str, Any]:
    """A quantity that moves is a move: what another till adds meanwhile stays added."""
    was, now = decimal_of(before), decimal_of(changed.get(_QUANTITY))
    if was is None or now is None or was == now:
        return {}
    moved = format(EXACT.subtract(now, was), "f")
    return {_QUANTITY: moved if isinstance(before, str) else Number(moved)}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in after.items()
        if (name not in before and value is not None) or (name in before and before[name] != value)
    }


def _table(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key, {})
    if not isinstance(found, dict):
        raise ValueError(_("{where}: write an object").format(where=key))
    return found
