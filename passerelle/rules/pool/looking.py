"""What a shop shows, compared with what it should."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from passerelle.model.pool import Move, Suspect
from passerelle.rules.pool.terms import Counted, Edit, Seen, View

# The same difference on so many quiet reads is a change by hand.
QUIET_READS = 2
# More possible sums than these are not worth their time.
_MANY = 1_000


class Judgement(Struct, frozen=True):
    """What one level tells: ``level`` and ``others`` are the view from now on.

    ``difference`` is 0 where what was read can be explained.
    """

    level: int
    others: tuple[int, ...]
    difference: int = 0


def judge(
    level: int,
    others: Iterable[int],
    moves: Sequence[int],
    shown: int,
    *,
    was_taken: bool = False,
    absent: Collection[int] = (),
    is_fresh: bool = True,
) -> Judgement:
    """Judges what a shop shows of an item of which it should show ``level``.

    ``moves`` are what its orders took or gave back since. ``was_taken``: the file that says
    ``level`` has just been taken, so that it counts although it may yet prove lost. ``absent``:
    what it cannot show yet, since the file that says it still lies there. ``is_fresh``: the shop
    has written what it shows since it was last read.
    """
    parts = sums(moves)
    full = level + sum(moves)
    direct = {level + part for part in parts}
    indirect = {other + part for other in others for part in parts}
    if shown not in direct and shown not in indirect:
        # The smaller difference: it leaves the lower level, which never sells too much. But while
        # nothing is written, each sale must leave the difference as it is, or it is counted twice.
        if was_taken or indirect:
            expected = max(direct if was_taken else direct | (indirect - set(absent)))
        else:
            expected = full
        return Judgement(expected, (), shown - expected)
    now = {shown + part for part in parts}
    if shown in indirect or not is_fresh or was_taken:
        # Either the write is lost, or this was told before it, and says nothing of what is there.
        now |= direct | indirect
    return Judgement(full, tuple(sorted(now - {full})))


def sums(moves: Sequence[int]) -> set[int]:
    """What any of the moves add up to, from none of them to all.

    The first may have been written over by an import, the last may not show yet, and when an order
    was cancelled, no file tells.
    """
    found = {0}
    for move in moves:
        if len(found) > _MANY:
            break
        found |= {part + move for part in found}
    return found | {sum(moves)}


def possible_after(levels: Iterable[int], moves: Sequence[int]) -> set[int]:
    """What may be shown now of what could be shown before the moves."""
    parts = sums(moves)
    return {level + part for level in levels for part in parts}


class ShopLook:
    """What a shop's levels tell: its view from now on, suspects, edits."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.edits: list[Edit] = []
        self.suspects: dict[str, Suspect] = {}
        self.moves: dict[str, list[int]] = defaultdict(list)
        self.levels: dict[str, int] = {}
        self.others: dict[str, tuple[int, ...]] = {}
        self.view = View()


def look_at(seen: Seen, counted: Counted, *, judges: bool) -> ShopLook:
    look = ShopLook(seen)
    taken = seen.taken and seen.waiting is not None
    base = seen.waiting.view if taken and seen.waiting else _with_withdrawn(seen)
    since = seen.waiting_moves if taken else seen.moves
    new_moves = _moves_of(seen.shop, counted.moves)
    out = counted.barred | seen.rules.exclude
    shown = {item: level for item, level in seen.levels.levels.items() if item not in out}
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


def _with_withdrawn(seen: Seen) -> View:
    """What a shop should show, or also may where it took a file just as that was withdrawn."""
    view, waiting = seen.view or View(), seen.waiting
    if waiting is None or waiting.lies:
        return view
    others = dict(view.others)
    for item, level in waiting.view.levels.items() - view.levels.items():
        others[item] = (*others.get(item, ()), level)
    return View(view.levels, others, view.marks)


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


def _note(look: ShopLook, item: str, found: Judgement, shown: int, *, is_quiet: bool) -> None:
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


def _fold(look: ShopLook, seen: Seen, new_moves: Mapping[str, Sequence[int]]) -> None:
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
