"""Pure: what a shop's levels tell: what it shows from now on, what is odd, what was edited."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# More possible sums than these are not worth their time.
_MANY = 1_000
Moves = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class View:
    """What a shop should show of each item; ``others`` are further levels that it may show.

    ``marks`` tell each item's line by all but its number and quantity.
    """

    levels: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)

    def possible(self, item: str) -> tuple[int, ...]:
        """All that the shop may show of an item; nothing where that is not known."""
        if item not in self.levels:
            return ()
        return (self.levels[item], *self.others.get(item, ()))


@dataclass(frozen=True, slots=True)
class Judgement:
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
