"""Pure: what is written into each shop, what was changed by hand, what is short."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from passerelle.pool.terms import (
    ORDER,
    Counted,
    Edit,
    Move,
    Plan,
    Pool,
    Seen,
    ShopPlan,
    Shortfall,
    Suspect,
)
from passerelle.pool.views import Judgement, View, judge, possible_after

# The same difference on so many quiet reads is a change by hand.
QUIET_READS = 2


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
    looks = [_look(shop, counted, judges=erp is None and not shop.is_joining) for shop in seen]
    edits = tuple(edit for look in looks for edit in look.edits)
    levels = dict(erp) if erp is not None else moved(pool, counted, edits)
    shops = tuple(_plan(look, levels, counted) for look in looks)
    short = tuple(
        Shortfall(item, -level) for item, level in sorted(levels.items())
        if level < 0 and _is_worse(item, level, pool)
    )  # fmt: skip
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


class _Look:
    """What a shop's levels tell: its view from now on, suspects, edits."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.edits: list[Edit] = []
        self.suspects: dict[str, Suspect] = {}
        self.moves: dict[str, list[int]] = defaultdict(list)
        self.levels: dict[str, int] = {}
        self.others: dict[str, tuple[int, ...]] = {}
        self.view = View()


def _look(seen: Seen, counted: Counted, *, judges: bool) -> _Look:
    look = _Look(seen)
    taken = seen.taken and seen.waiting is not None
    base = seen.waiting.view if taken and seen.waiting else seen.view or View()
    since = seen.waiting_moves if taken else seen.moves
    new_moves = _moves_of(seen.shop, counted.moves)
    shown = {i: n for i, n in seen.levels.levels.items() if _takes_part(seen, i, counted)}
    look.levels, look.others = dict(shown), {}
    if judges:
        for item in _odd(shown, base, since, new_moves):
            moves = (*since.get(item, ()), *new_moves.get(item, ()))
            found = judge(
                base.levels[item],
                base.others.get(item, ()),
                moves,
                shown[item],
                was_taken=taken,
                absent=_absent(seen, item, new_moves) if not taken else (),
                is_fresh=seen.is_fresh,
            )
            _note(look, item, found, shown[item], is_quiet=not new_moves.get(item))
    if seen.waiting and not taken:
        _fold(look, seen, new_moves)
    look.view = View(look.levels, look.others, seen.levels.marks)
    return look


def _takes_part(seen: Seen, item: str, counted: Counted) -> bool:
    return item not in counted.barred and item not in seen.rules.exclude


def _moves_of(shop: str, moves: Sequence[Move]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for move in moves:
        if move.shop == shop:
            found[move.item].append(move.quantity)
    return found


def _odd(shown: Mapping[str, int], base: View, *moves: Mapping[str, Sequence[int]]) -> list[str]:
    """The known items of which there is more to say than that they show what they should."""
    odd = {item for item, _level in shown.items() - base.levels.items()}
    odd |= base.others.keys() & shown.keys()
    odd |= {item for found in moves for item in found if item in shown}
    return sorted(odd & base.levels.keys())


def _note(look: _Look, item: str, found: Judgement, shown: int, *, is_quiet: bool) -> None:
    look.levels[item] = found.level
    if found.others:
        look.others[item] = found.others
    if not found.difference:
        return
    before = look.seen.suspects.get(item)
    known = before.reads if before and before.difference == found.difference else 0
    # The same file read again says nothing new.
    reads = known + (look.seen.is_fresh or not known) if is_quiet else 0
    if reads >= QUIET_READS:
        look.edits.append(Edit(look.seen.shop, item, found.difference, shown))
        look.levels[item] = shown
    else:
        look.suspects[item] = Suspect(found.difference, reads)


def _absent(seen: Seen, item: str, new_moves: Mapping[str, Sequence[int]]) -> set[int]:
    """What only a file that still lies there could make a shop show."""
    if seen.waiting is None or item not in seen.waiting.view.levels:
        return set()
    moves = (*seen.waiting_moves.get(item, ()), *new_moves.get(item, ()))
    return possible_after((seen.waiting.view.levels[item],), moves)


def _fold(look: _Look, seen: Seen, new_moves: Mapping[str, Sequence[int]]) -> None:
    """A file that waits may be taken at any moment: what it says may show from now on."""
    waiting = seen.waiting
    if waiting is None:
        return
    for item, level in waiting.view.levels.items():
        if item not in look.levels:
            continue
        moves = (*seen.waiting_moves.get(item, ()), *new_moves.get(item, ()))
        if level == look.levels[item] and not moves:
            continue
        may = possible_after((level,), moves) | set(look.others.get(item, ()))
        if more := may - {look.levels[item]}:
            look.others[item] = tuple(sorted(more))


def _plan(look: _Look, levels: Mapping[str, int], counted: Counted) -> ShopPlan:
    seen = look.seen
    shown = seen.levels.levels
    held = {**look.suspects, **{i: Suspect(0, 0) for i in seen.illegible if i in shown}}
    part = [i for i in shown if i in levels and i in look.levels and i not in held]
    buffer = seen.rules.buffer
    targets = {item: max(0, levels[item] - buffer) for item in part}
    changes = {i: (shown[i], target) for i, target in targets.items() if target != shown[i]}
    return ShopPlan(
        seen,
        look.view,
        _written(look, targets, held),
        changes,
        held,
        _is_due(look, targets, changes, held),
        sum(after == 0 < before for before, after in changes.values()),
        len(part) + len(held),
        _renamed(seen),
    )


def _written(look: _Look, targets: Mapping[str, int], held: Mapping[str, Suspect]) -> View:
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
    look: _Look,
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
        return bool(changes) or seen.is_newcomer
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
    old = _alone(before)
    new = _alone(now)
    return tuple(
        (old[now[i]], i) for i in sorted(come) if now[i] in new and old.get(now[i]) in gone
    )


def _alone(marks: Mapping[str, int]) -> dict[int, str]:
    """The items whose line is like no other's, by its mark."""
    times = Counter(marks.values())
    return {mark: item for item, mark in marks.items() if times[mark] == 1}
