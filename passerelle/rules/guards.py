"""When what was planned must not reach a shop although every line of it reads well.

A shop's import sets every product absent from the file to 0 and accepts a truncated one, so a
stale or short file empties the shop; no file at all is harmless.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from passerelle.base.errors import HeldError, StaleError
from passerelle.base.language import _, n_
from passerelle.base.numbers import parse_decimal
from passerelle.config.stock import Guards
from passerelle.model.orders import Fault

if TYPE_CHECKING:
    from passerelle.model.records import Publication, SoldSince


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
        raise StaleError(
            what.format(minutes=_minutes(age), limit=_minutes(guards.max_age)),
            file,
            _("nothing was published; look whether the ERP still writes its stock"),
            int(age.total_seconds() // 60),
        )


def check_orders_age(age: timedelta, guards: Guards, file: str) -> None:
    """Raises :class:`HeldError` for an order file older than ``orders_max_age``, where it is set.

    What was sold since is in no file.
    """
    limit = guards.orders_max_age
    if limit is not None and age > limit:
        what = _(
            "the order file is {minutes} minutes old, more than orders_max_age allows ({limit})"
        )
        raise HeldError(
            what.format(minutes=_minutes(age), limit=_minutes(limit)),
            file,
            _("nothing was published; look whether the shop still writes its orders"),
        )


def check_lines(in_stock: int, guards: Guards, file: str, faults: Sequence[Fault] = ()) -> None:
    """Raises :class:`HeldError` for fewer lines in stock than ``min_lines``.

    ``faults`` are levels that could not be read, which may be why.
    """
    if in_stock < guards.min_lines:
        what = n_(
            "{n} lines in stock, fewer than min_lines asks for ({limit})",
            "{n} lines in stock, fewer than min_lines asks for ({limit})",
            in_stock,
            limit=guards.min_lines,
        )
        mend = _("nothing was published; look at the ERP's export")
        if faults:
            mend = _("nothing was published; levels could not be read, such as {fault}")
        raise HeldError(what, file, mend.format(fault=next(iter(faults), "")))


def check_drop(
    in_stock: int,
    before: int,
    guards: Guards,
    file: str,
    *,
    explained: int = 0,
    is_most: bool = False,
) -> None:
    """Raises :class:`HeldError` where lines in stock fell by more than ``max_drop`` of ``before``.

    ``before`` are the ERP's lines in stock behind the last published file, or (``is_most``) behind
    that of the last 24 hours which had most. ``explained`` of those that are missing were sold.
    """
    if not is_drop(in_stock, before, guards, explained):
        return
    what = n_(
        "{n} lines in stock instead of {before}: "
        "{share:.0%} fewer, more than max_drop allows ({limit:.0%})",
        "{n} lines in stock instead of {before}: "
        "{share:.0%} fewer, more than max_drop allows ({limit:.0%})",
        in_stock,
        before=before,
        share=(before - in_stock) / before,
        limit=guards.max_drop,
    )
    if is_most:
        what = _("{what}, against the most of the last 24 hours").format(what=what)
    mend = _("nothing was published; if that is right, `passerelle run stock --accept-drop`")
    raise HeldError(what, file, mend)


def is_drop(in_stock: int, before: int, guards: Guards, explained: int = 0) -> bool:
    return before - in_stock - explained > guards.max_drop * before


def sold_out(levels: Mapping[str, int], sales: Mapping[str, "SoldSince"]) -> int:
    """Of how many items the last ones were sold on the web: ``levels`` are the ERP's now."""
    return sum(_took_all(sale) for item, sale in sales.items() if not levels.get(item))


def _took_all(sale: "SoldSince") -> bool:
    try:
        before = parse_decimal(sale.level or "0")
    except ValueError:
        return False
    return sale.quantity is None or before <= sale.quantity


_DAY = timedelta(hours=24)


def baselines(published: Sequence["Publication"], now: datetime) -> Sequence["Publication"]:
    """What a new file is compared with: the last one, and the one of 24 hours with most in stock.

    ``published``: the newest first. What is older than a drop that was accepted counts no more.
    """
    accepted = next((n for n, one in enumerate(published) if one.accepted), len(published))
    known = published[: accepted + 1]
    late = [one for one in known[1:] if now - one.at <= _DAY]
    return [*known[:1], *sorted(late, key=lambda one: -one.in_stock)[:1]]


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
