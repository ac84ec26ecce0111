"""Old files leave the archives: what is older than it has to be kept, and leftovers of a crash.

A file's age is told by the time in its name, which Passerelle put there: a copy, or a file put back
from a backup, was written today and is no younger for it. Where the name has no time, or one that
is still to come, the file's own time counts. A file from the future stays: its age is not known.

What would take most of an archive is for a person to decide: a clock may have been set.

Only files below the three archives are looked at, in subfolders too, and no link is followed.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from passerelle.archive.folders import EXPORTS, PENDING, TIME, TRACES, WITHHELD, is_link, kept_in
from passerelle.base.durable import remove
from passerelle.base.language import _, n_
from passerelle.base.progress import moved, step
from passerelle.base.regex import regex
from passerelle.config.model import Archive

_TIME_IN_NAME = regex(r"(?<!\d)\d{8}_\d{6}(?!\d)")
# Long enough for any run or command that is writing one.
_LEFTOVER = timedelta(days=1)
# Few files may well be most of a young archive.
_HANDFUL = 5


class Pruned(Struct, frozen=True):
    """What left one archive: names, their size in bytes; and what did not, with the reason."""

    archive: str
    removed: tuple[str, ...]
    size: int
    held: tuple[str, ...]

    def __str__(self) -> str:
        if not self.removed:
            return _("{archive}: nothing to remove").format(archive=self.archive)
        first, last = min(self.removed), max(self.removed)
        several = _("{first} to {last}").format(first=first, last=last)
        return n_(
            "{archive}: {n} file removed, {size} ({names})",
            "{archive}: {n} files removed, {size} ({names})",
            len(self.removed),
            archive=self.archive,
            size=n_("{n} byte", "{n} bytes", self.size),
            names=first if first == last else several,
        )


class Overdue(Struct, frozen=True):
    """What need not be kept any longer of the ``number`` of files of one archive."""

    archive: Path
    paths: tuple[Path, ...]
    number: int
    held: tuple[str, ...]

    @property
    def is_most(self) -> bool:
        return len(self.paths) > _HANDFUL and len(self.paths) > self.number / 2


def overdue(
    folder: Path, keep: Archive, needed: Collection[str], now: datetime
) -> tuple[Overdue, ...]:
    """What need not be kept any longer, in each archive.

    ``needed`` are the XMLs that are still on their way to the ERP: they stay, however old.
    """
    rule = _Rule(frozenset(needed), now)
    return (
        _look_through(folder / EXPORTS, rule, keep.keep_exports),
        _look_through(folder / WITHHELD, rule, keep.keep_exports),
        _look_through(folder / TRACES, rule, keep.keep_traces),
    )


def prune(found: Sequence[Overdue]) -> list[Pruned]:
    """Removes it; tells what went from each archive."""
    return [_remove_files(one) for one in found]


def mend_of_prune() -> str:
    return _(
        "look at this machine's clock, and at [archive]; if it is right, "
        "`passerelle archive prune --yes`"
    )


class _Rule(Struct, frozen=True):
    """What is over, at one moment."""

    needed: frozenset[str]
    now: datetime

    def is_over(self, name: str, modified: datetime, keep: timedelta) -> bool:
        if name.removesuffix(PENDING) in self.needed:
            return False
        if name.endswith(PENDING) and modified < self.now - _LEFTOVER:
            return True
        return self._written(name, modified) < self.now - keep

    def _written(self, name: str, modified: datetime) -> datetime:
        for text in reversed(_TIME_IN_NAME.findall(name)):
            with suppress(ValueError, OverflowError, OSError):
                at = datetime.strptime(text, TIME).astimezone()
                if at <= self.now:
                    return at
        return modified


def _look_through(archive: Path, rule: _Rule, keep: timedelta) -> Overdue:
    paths, over, held = list(kept_in(archive)), [], []
    with step(_("looking through {archive}").format(archive=archive.name), len(paths), "files"):
        for path in paths:
            moved(1)
            try:
                modified = datetime.fromtimestamp(path.lstat().st_mtime).astimezone()
                if not is_link(path) and rule.is_over(path.name, modified, keep):
                    over.append(path)
            except OSError as error:
                held.append(f"{path} ({error.strerror or error})")
    return Overdue(archive, tuple(over), len(paths), tuple(held))


def _remove_files(found: Overdue) -> Pruned:
    removed, held, size = [], [*found.held], 0
    for path in found.paths:
        try:
            bytes_ = path.lstat().st_size
            remove(path)
        except OSError as error:
            held.append(f"{path} ({error.strerror or error})")
        else:
            removed.append(path.name)
            size += bytes_
            _remove_empty(path.parent, found.archive)
    return Pruned(found.archive.name, tuple(removed), size, tuple(held))


def _remove_empty(folder: Path, archive: Path) -> None:
    """A subfolder that held nothing else goes too."""
    while folder != archive:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
