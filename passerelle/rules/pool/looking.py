"""Pure: what a shop shows, compared with what it should."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from passerelle.rules.pool.terms import Counted, Edit, Move, Seen, Suspect
from passerelle.rules.pool.views import Judgement, View, judge, possible_after

# The same difference on so many quiet reads is a change by hand.
QUIET_READS = 2


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
