"""Pure: the plan of a run: what every shop is written, what was changed by hand, what is short."""

from collections.abc import Iterable, Mapping, Sequence

from passerelle.pool.looking import look_at
from passerelle.pool.planning import plan_shop
from passerelle.pool.terms import (
    ORDER,
    Counted,
    Edit,
    Move,
    Plan,
    Pool,
    Seen,
    Shortfall,
)


def decide(
    seen: Sequence[Seen],
    pool: Pool,
    counted: Counted,
    erp: Mapping[str, int] | None = None,
) -> Plan:
    """The plan of a run.

    ``erp`` has the levels where the ERP owns them, less the sales that it lacks: then what a shop
    shows beside them is no edit, and is written over.
    """
    looks = [look_at(shop, counted, judges=erp is None and not shop.is_joining) for shop in seen]
    edits = tuple(edit for look in looks for edit in look.edits)
    levels = dict(erp) if erp is not None else moved(pool, counted, edits)
    shops = tuple(plan_shop(look, levels, counted) for look in looks)
    worse = [pair for pair in levels.items() if pair[1] < 0 and _is_worse(*pair, pool)]
    short = tuple(Shortfall(item, -level) for item, level in sorted(worse))
    return Plan(counted, levels, edits, shops, short)


def sold_last(level: int, moves: Iterable[Move]) -> tuple[Move, ...]:
    """The sales that brought an item's level below zero; ``moves`` are its own, newest first."""
    found: list[Move] = []
    for move in moves:
        if level > 0:
            break
        level -= move.quantity
        if move.kind == ORDER:
            found.append(move)
    return tuple(reversed(found))


def _is_worse(item: str, level: int, pool: Pool) -> bool:
    return item not in pool.items or level < pool.items[item].level


def moved(pool: Pool, counted: Counted, edits: Sequence[Edit] = ()) -> dict[str, int]:
    """The pool's levels once all that was counted, and these edits, have moved them."""
    levels = {item: known.level for item, known in (*pool.items.items(), *counted.new.items())}
    for move in counted.moves:
        levels[move.item] += move.quantity
    for edit in edits:
        levels[edit.item] += edit.difference
    return levels
