"""When what was planned must not reach a shop although every line of it reads well.

A shop's import sets every product absent from the file to 0 and accepts a truncated one, so a
stale or short file empties the shop; no file at all is harmless.
"""

from collections.abc import Sequence
from datetime import timedelta

from passerelle.base.errors import HeldError
from passerelle.base.language import _, n_
from passerelle.config.pool import Pool
from passerelle.config.stock import Guards
from passerelle.rules.pool.terms import (
    Seen,
    ShopPlan,
)


def check_age(age: timedelta, guards: Guards, file: str) -> None:
    """Raises :class:`HeldError` for a file older than ``max_age``, or as far in the future.

    The age of a file from the future is not known, nor is what it includes.
    """
    if -age > guards.max_age:
        what = _("the file is dated {minutes} minutes in the future")
        raise HeldError(
            what.format(minutes=_minutes(-age)),
            file,
            _("nothing was published; set the clock of whoever writes it"),
        )
    if age > guards.max_age:
        what = _("the file is {minutes} minutes old, more than max_age allows ({limit})")
        raise HeldError(
            what.format(minutes=_minutes(age), limit=_minutes(guards.max_age)),
            file,
            _("nothing was published; look whether the ERP still writes its stock"),
        )


def check_lines(in_stock: int, guards: Guards, file: str) -> None:
    """Raises :class:`HeldError` for fewer lines in stock than ``min_lines``."""
    if in_stock < guards.min_lines:
        what = n_(
            "{n} lines in stock, fewer than min_lines asks for ({limit})",
            "{n} lines in stock, fewer than min_lines asks for ({limit})",
            in_stock,
            limit=guards.min_lines,
        )
        raise HeldError(what, file, _("nothing was published; look at the ERP's export"))


def check_drop(in_stock: int, before: int, guards: Guards, file: str) -> None:
    """Raises :class:`HeldError` where lines in stock fell by more than ``max_drop`` of ``before``.

    ``before`` are the ERP's lines in stock behind the last published file.
    """
    lost = before - in_stock
    if lost > guards.max_drop * before:
        what = n_(
            "{n} lines in stock instead of {before}: "
            "{share:.0%} fewer, more than max_drop allows ({limit:.0%})",
            "{n} lines in stock instead of {before}: "
            "{share:.0%} fewer, more than max_drop allows ({limit:.0%})",
            in_stock,
            before=before,
            share=lost / before,
            limit=guards.max_drop,
        )
        mend = _("nothing was published; if that is right, `passerelle run stock --accept-drop`")
        raise HeldError(what, file, mend)


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


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
