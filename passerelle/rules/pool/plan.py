"""Pure: what is written into one shop."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from passerelle.base.errors import HeldError
from passerelle.base.language import _, n_
from passerelle.config.pool import Pool
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


def _is_worse(item: str, level: int, pool: SharedStock) -> bool:
    return item not in pool.items or level < pool.items[item].level


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
    news = {i: target for i, target in targets.items() if target != said[i]}
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
    old = _alone(before)
    new = _alone(now)
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


# A small pool sells its last two items on any day.
_ALWAYS_ALLOWED = 2


def check_amount(shops: Sequence[ShopPlan], settings: Pool) -> None:
    """Raises :class:`HeldError` where a shop's file would set or change too much.

    What was decided before, and is not taken yet, counts no more. A newcomer is written over on
    purpose.
    """
    for plan in shops:
        if plan.is_due and not (plan.seen.is_newcomer or plan.seen.is_joining):
            _check_drop(plan, settings)
            _check_change(plan, settings)


def check_gone(seen: Seen, settings: Pool) -> None:
    """Raises :class:`HeldError` where many items are gone from a shop's own file of levels.

    It would be written without them, and an import sets what it does not find to 0.
    """
    before, file = seen.view, seen.levels
    if before is None:
        return
    there = file.levels.keys() | file.lines.keys() | file.twice.keys()
    gone = len(before.levels.keys() - there)
    if gone <= max(_ALWAYS_ALLOWED, settings.max_drop * len(before.levels)):
        return
    what = n_(
        "{n} of {all} items is gone from the file, more than max_drop allows ({limit:.0%})",
        "{n} of {all} items are gone from the file, more than max_drop allows ({limit:.0%})",
        gone,
        all=len(before.levels),
        limit=settings.max_drop,
    )
    mend = _("its file waits; if that is right, `passerelle run pool --accept`")
    raise HeldError(what, file.name, mend)


def _check_drop(plan: ShopPlan, settings: Pool) -> None:
    if plan.zeroed <= max(_ALWAYS_ALLOWED, settings.max_drop * plan.share):
        return
    what = n_(
        "{n} of {all} items would be set to 0 in {shop}, more than max_drop allows ({limit:.0%})",
        "{n} of {all} items would be set to 0 in {shop}, more than max_drop allows ({limit:.0%})",
        plan.zeroed,
        all=plan.share,
        shop=plan.seen.shop,
        limit=settings.max_drop,
    )
    raise HeldError(what, plan.seen.levels.name, _mend())


def _check_change(plan: ShopPlan, settings: Pool) -> None:
    changed = plan.news
    if changed <= max(_ALWAYS_ALLOWED, settings.max_change * plan.share):
        return
    what = n_(
        "{n} of {all} items would change in {shop}, more than max_change allows ({limit:.0%})",
        "{n} of {all} items would change in {shop}, more than max_change allows ({limit:.0%})",
        changed,
        all=plan.share,
        shop=plan.seen.shop,
        limit=settings.max_change,
    )
    raise HeldError(what, plan.seen.levels.name, _mend())


def _mend() -> str:
    return _("nothing was published; if that is right, `passerelle run pool --accept`")
