"""A till's order as JSON: what all see of it, and what its server alone keeps beside that."""

from collections.abc import Mapping
from typing import Any

from passerelle.base.exact_json import dump, parse
from passerelle.model.tills import Payment, TillOrder, TillState, Touch


def shown(order: TillOrder) -> dict[str, Any]:
    """What is told of an order: the protocol's form of it."""
    seen: dict[str, Any] = {
        "id": order.id,
        "no": order.no,
        "rev": order.rev,
        "state": order.state.value,
        "claim": order.claim,
        "fields": order.fields,
        "lines": order.lines,
        "done": order.done,
    }
    if order.payment:
        paid = order.payment
        seen["paid"] = {"till": paid.till, "receipt": paid.receipt, "payments": paid.payments}
    return seen


def write_order(order: TillOrder) -> tuple[str, str]:
    """What all see of an order, and the rest, for :func:`read_order`."""
    more = {
        "session": order.session,
        "maker": order.maker,
        "touched": [[*place, *touch] for place, touch in order.touched.items()],
        "dropped": sorted(order.dropped),
        "broken": sorted(order.broken),
    }
    return dump(shown(order)), dump(more)


def read_order(doc: str | bytes, more: str = "{}") -> TillOrder:
    """The order that was written so; without ``more``, as tills know it."""
    value = parse(doc) | parse(more)
    paid = value.get("paid")
    return TillOrder(
        value["id"],
        _int(value["no"]),
        _int(value.get("session", 0)),
        value.get("maker", ""),
        _int(value["rev"]),
        TillState(value["state"]),
        value["claim"],
        value["fields"],
        value["lines"],
        {till: _int(n) for till, n in value["done"].items()},
        _touched(value.get("touched", ())),
        frozenset(value.get("dropped", ())),
        frozenset(value.get("broken", ())),
        Payment(paid["till"], paid["receipt"], tuple(paid["payments"])) if paid else None,
    )


def _touched(rows: Any) -> Mapping[tuple[str, ...], Touch]:
    return {
        tuple(place): Touch(_int(rev), till, _int(other_rev), other)
        for *place, rev, till, other_rev, other in rows
    }


def _int(value: Any) -> int:
    # A number that was parsed keeps its text; one that was never written is none yet.
    return 0 if value is None else int(str(value))
