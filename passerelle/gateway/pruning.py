"""Old files leave the archives once a day, unless a clock was set or most of them would go."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from passerelle.archive.retention import Overdue, Pruned, overdue, prune
from passerelle.base.language import _, n_
from passerelle.base.wording import in_words
from passerelle.config.model import Settings
from passerelle.config.servers import Server, kind_of
from passerelle.ledger.ledger import Ledger
from passerelle.ledger.runs import PRUNE_ALLOWED, PRUNE_HELD

_SLACK, _LONG = timedelta(minutes=1), timedelta(days=3)


def prune_archives(
    settings: Settings, ledger: Ledger, now: datetime, *, is_sure: bool = False
) -> tuple[list[Pruned], str]:
    """Removes what need not be kept any longer; returns what went, or why nothing did.

    ``is_sure``: a person has looked, and nothing holds it.
    """
    needed = [dispatch.archived for dispatch in ledger.dispatches.unfinished()]
    found = overdue(settings.folder, settings.archive, needed, now)
    kept = dict(_kept_too_long(settings, ledger, needed, now))
    why = "" if is_sure else next(_doubts(settings, ledger, (*found, *kept), now), "")
    if why:
        ledger.runs.do_chore(PRUNE_HELD, ledger.runs.chore_done(PRUNE_HELD) or now)
        return [], why
    ledger.runs.drop_chore(PRUNE_HELD)
    if is_sure:
        ledger.runs.do_chore(PRUNE_ALLOWED, now)
    for one in kept:
        ledger.kept.remove(one.archive.name, [path.name for path in one.paths])
    # A folder that is not used has nothing to say.
    told = [one for one in prune(found) if one.removed or not settings.keeps_in_ledger]
    return [*told, *(_removed(one, size) for one, size in kept.items())], ""


def _kept_too_long(
    settings: Settings, ledger: Ledger, needed: Collection[str], now: datetime
) -> Iterator[tuple[Overdue, int]]:
    """What the ledger keeps and need not any longer, and its size in bytes."""
    files = ledger.kept.files() if settings.keeps_in_ledger else []
    limit = now - settings.archive.keep_exports
    for archive in dict.fromkeys(file.archive for file in files):
        mine = [file for file in files if file.archive == archive]
        over = [file for file in mine if file.kept < limit and file.name not in needed]
        paths = tuple(Path(file.name) for file in over)
        yield Overdue(Path(archive), paths, len(mine), ()), sum(file.size for file in over)


def _removed(over: Overdue, size: int) -> Pruned:
    return Pruned(over.archive.name, tuple(path.name for path in over.paths), size, ())


def _doubts(
    settings: Settings, ledger: Ledger, found: Sequence[Overdue], now: datetime
) -> Iterator[str]:
    for one in found:
        if one.is_most:
            yield n_(
                "{n} of {all} files of {archive} would go",
                "{n} of {all} files of {archive} would go",
                len(one.paths),
                all=one.number,
                archive=one.archive.name,
            )
    if any(one.paths for one in found):
        yield from _clock(settings, ledger, now)


def _clock(settings: Settings, ledger: Ledger, now: datetime) -> Iterator[str]:
    """That our clock is days from where the last run left it, and no other says the same."""
    runs = ledger.runs.latest(2)
    if any(run.started > now + _SLACK for run in runs):
        yield _("this machine's clock is behind the last run")
    elsewhere = [name for name, server in settings.servers.items() if _is_elsewhere(server)]
    jump = ledger.stock.clock_ahead(now, elsewhere)
    allowed = ledger.runs.chore_done(PRUNE_ALLOWED)
    days = now - runs[0].started if runs else timedelta(0)
    if jump and not (allowed and allowed >= jump.noticed):
        days = max(days, timedelta(seconds=-jump.seconds))
    if days > _LONG:
        text = _("this machine's clock is {span} ahead of the run before")
        yield text.format(span=in_words(days))


def _is_elsewhere(server: Server) -> bool:
    """A folder has our own clock."""
    return "password" in kind_of(server.url).keys
