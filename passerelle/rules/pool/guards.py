"""When what a pool planned must not reach a shop although every file of levels reads well."""

from collections.abc import Sequence

from passerelle.base.errors import HeldError
from passerelle.base.language import _, n_
from passerelle.config.pool import Pool
from passerelle.rules.pool.terms import Seen, ShopPlan

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
