"""Pure: when the ERP's file must not reach the shop although every line of it reads well.

The shop's import sets every product absent from the file to 0 and accepts a truncated one, so a
stale or short file empties the shop; no file at all is harmless.
"""

from datetime import timedelta

from passerelle.base.errors import HeldError
from passerelle.base.language import _, n_
from passerelle.config.stock import Guards


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
