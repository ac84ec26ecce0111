"""Pure: when a plan changes so much that a person must look before it is carried out."""

from collections.abc import Sequence

from passerelle.config import Pool
from passerelle.errors import HeldError
from passerelle.language import _, n_
from passerelle.pool.terms import ShopPlan

# A small pool sells its last two items on any day.
_ALWAYS_ALLOWED = 2


def check_amount(shops: Sequence[ShopPlan], settings: Pool) -> None:
    """Raises :class:`HeldError` where a shop's file would set or change too much.

    A newcomer is written over on purpose. An item whose line is gone from the shop's own file
    counts as set to 0: a shop's import sets what a file lacks to 0.
    """
    for plan in shops:
        if plan.seen.is_newcomer:
            continue
        gone, zeroed = _gone(plan), plan.zeroed if plan.is_due else 0
        _check_drop(plan, zeroed + gone, plan.share + gone, settings)
        if plan.is_due:
            _check_change(plan, settings)


def _gone(plan: ShopPlan) -> int:
    before, file = plan.seen.view, plan.seen.levels
    there = file.levels.keys() | file.lines.keys() | file.twice.keys()
    return len(before.levels.keys() - there) if before else 0


def _check_drop(plan: ShopPlan, zeroed: int, of: int, settings: Pool) -> None:
    if zeroed <= max(_ALWAYS_ALLOWED, settings.max_drop * of):
        return
    what = n_(
        "{n} of {all} items would be set to 0 in {shop} or are gone from its file, "
        "more than max_drop allows ({limit:.0%})",
        "{n} of {all} items would be set to 0 in {shop} or are gone from its file, "
        "more than max_drop allows ({limit:.0%})",
        zeroed,
        all=of,
        shop=plan.seen.shop,
        limit=settings.max_drop,
    )
    raise HeldError(what, plan.seen.levels.name, _mend())


def _check_change(plan: ShopPlan, settings: Pool) -> None:
    changed = len(plan.changes)
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
