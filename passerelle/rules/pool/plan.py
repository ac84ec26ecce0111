"""What a run will do: the pool's levels from now on, and what is written into each shop."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from passerelle.model.pool import Move, Suspect
from passerelle.rules.pool.looking import ShopLook, look_at
from passerelle.rules.pool.terms import (
    ORDER,
    Counted,
    Edit,
    Plan,
    Seen,
    SharedStock,
    ShopPlan,
    Shortfall,
    View,
)


def decide(
    seen: Sequence[Seen],
    pool: SharedStock,
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
    owed = sorted((item, level) for item, level in levels.items() if level < 0)
    short = tuple(
        Shortfall(item, -level)
        for item, level in owed
        if item not in pool.items or level < pool.items[item].level
    )
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


def moved(pool: SharedStock, counted: Counted, edits: Sequence[Edit] = ()) -> dict[str, int]:
    """The pool's levels once all that was counted, and these edits, have moved them."""
    levels = {item: known.level for item, known in (*pool.items.items(), *counted.new.items())}
    for move in counted.moves:
        levels[move.item] += move.quantity
    for edit in edits:
        levels[edit.item] += edit.difference
    return levels


def plan_shop(look: ShopLook, levels: Mapping[str, int], counted: Counted) -> ShopPlan:
    """The plan for one shop; ``levels`` are the pool's from now on."""
    seen = look.seen
    shown = seen.levels.levels
    held = {**look.suspects, **{i: Suspect(0, 0) for i in seen.illegible if i in shown}}
    part = [i for i in shown if i in levels and i in look.levels and i not in held]
    buffer = seen.rules.buffer
    targets = {item: max(0, levels[item] - buffer) for item in part}
    changes = {i: (shown[i], target) for i, target in targets.items() if target != shown[i]}
    said = _said(look)
    ordered = _ordered(seen, counted)
    news = {
        item: target
        for item, target in targets.items()
        if target != said[item]
        and said[item] not in {max(0, levels[item] - n - buffer) for n in ordered.get(item, ())}
    }
    is_due = _is_due(look, targets, changes, held)
    return ShopPlan(
        seen,
        look.view,
        _written(look, targets, held) if is_due else look.view,
        changes,
        held,
        is_due,
        len(news),
        sum(target == 0 < said[item] for item, target in news.items()),
        len(part) + len(held),
        _renamed(seen),
        _gone(seen),
    )


def _said(look: ShopLook) -> Mapping[str, int]:
    """The levels that were decided for a shop before: in the file that waits, or that it took.

    What a shop has not taken yet, or lost, is no news.
    """
    waiting = None if look.seen.taken else look.seen.waiting
    return look.levels if waiting is None else {**look.levels, **waiting.view.levels}


def _ordered(seen: Seen, counted: Counted) -> Mapping[str, tuple[int, int]]:
    """What orders moved of items since a shop's levels were decided: the others', and all.

    What the shop says by itself has moved with its own orders; a file that waits for it has not.
    """
    others, all_of_them = Counter(seen.ordered), Counter(seen.ordered)
    for item, moves in seen.waiting_moves.items():
        all_of_them[item] += sum(moves)
    for move in counted.moves:
        all_of_them[move.item] += move.quantity
        if move.shop != seen.shop:
            others[move.item] += move.quantity
    return {item: (others[item], number) for item, number in all_of_them.items()}


def _written(look: ShopLook, targets: Mapping[str, int], held: Mapping[str, Suspect]) -> View:
    """What the shop shows once it has taken the file, or else still shows."""
    levels, others = dict(look.levels), dict(look.others)
    for item, target in targets.items():
        before = look.levels[item]
        may = {before, look.seen.levels.levels[item], *look.others.get(item, ())} - {target}
        if may:
            others[item] = tuple(sorted(may))
        else:
            others.pop(item, None)
        levels[item] = target
    for item in held:
        # Its line stays as it is: what is told of it later is the same difference.
        others.pop(item, None)
        if item not in look.suspects and (shown := look.seen.levels.levels[item]) != levels[item]:
            others[item] = (shown,)
    return View(levels, others, look.view.marks)


def _is_due(
    look: ShopLook,
    targets: Mapping[str, int],
    changes: Mapping[str, tuple[int, int]],
    held: Mapping[str, Suspect],
) -> bool:
    """Whether a file is to be written: unless one waits that says the same."""
    seen = look.seen
    if not seen.writes:
        return False
    waiting = None if seen.taken else seen.waiting
    if waiting is None:
        return bool(changes) or seen.is_newcomer or seen.is_joining
    if not waiting.whole:
        return True
    said = waiting.view.levels
    differs = any(said.get(item) != target for item, target in targets.items())
    stands_out = {*held, *(edit.item for edit in look.edits)}
    return differs or not stands_out.isdisjoint(said)


def _renamed(seen: Seen) -> tuple[tuple[str, str], ...]:
    """Items that are gone while a line that is the same in all else has a number never met."""
    if seen.view is None or not seen.view.marks:
        return ()
    before, now = seen.view.marks, seen.levels.marks
    gone, come = before.keys() - now.keys(), now.keys() - before.keys()
    if not gone or not come:
        return ()
    old, new = _alone(before), _alone(now)
    return tuple(
        (old[now[i]], i) for i in sorted(come) if now[i] in new and old.get(now[i]) in gone
    )


def _gone(seen: Seen) -> tuple[str, ...]:
    """Items that the shop showed before, and that are gone from its file."""
    if seen.view is None:
        return ()
    file = seen.levels
    return tuple(sorted(seen.view.levels.keys() - file.levels.keys() - file.lines.keys()
                        - file.twice.keys()))  # fmt: skip


def _alone(marks: Mapping[str, int]) -> dict[int, str]:
    """The items whose line is like no other's, by its mark."""
    times = Counter(marks.values())
    return {mark: item for item, mark in marks.items() if times[mark] == 1}
