"""The tills' book as others read it, who follow it by what it counts: how far each has read."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from passerelle.base.errors import ConfigError, HeldError
from passerelle.base.language import _
from passerelle.ledger.till_book import TillBook
from passerelle.ledger.till_tables import FILE_NAME, book_exists
from passerelle.model.tills import TillOrder


class Bookmark(NamedTuple):
    """How far a book was read; without an ``epoch``, not at all."""

    epoch: str = ""
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.epoch}.{self.seq}"


def cursor_of(text: str) -> Bookmark:
    """What :meth:`Bookmark.__str__` wrote; the empty one for anything else."""
    epoch, _dot, seq = text.partition(".")
    return Bookmark(epoch, int(seq)) if epoch and seq.isdecimal() else Bookmark()


@contextmanager
def reading_till_book(
    folder: Path, groups: Collection[str] | None = None
) -> Iterator[TillBook | None]:
    """The book in ``folder``; ``None`` where no till server has written one.

    Raises :class:`ConfigError` where it has a group that is none of ``groups``: nobody would read
    what its tills sell.
    """
    if not book_exists(folder):
        yield None
        return
    book = TillBook(folder)
    try:
        with book.telling():
            if groups is not None:
                _check_groups(book, groups)
            yield book
    finally:
        book.close()


def _check_groups(book: TillBook, groups: Collection[str]) -> None:
    for name in sorted(book.groups() - {*groups}):
        what = _("there are tills or drafts of group {name}, which is not in config.toml")
        mend = _(
            "write [tills.groups.{name}] there; it may go once its drafts are paid or cancelled, "
            "and its tills revoked"
        )
        raise ConfigError(what.format(name=name), "tills.groups", mend.format(name=name))


def here(book: TillBook) -> Bookmark:
    return Bookmark(book.epoch, book.seq)


def question(book: TillBook | None, cursor: Bookmark, mend: str) -> None:
    """Raises :class:`HeldError` where the book is not the one that was read, or older than it."""
    if book is None:
        if cursor.epoch:
            raise HeldError(_("the tills' book is gone"), FILE_NAME, mend)
        return
    is_another = bool(cursor.epoch) and cursor.epoch != book.epoch
    if is_another or cursor.seq > book.seq or book.is_older_than_it_was():
        what = _("the tills' book is an older copy, or another one, than was read before")
        raise HeldError(what, FILE_NAME, mend)


def till_orders(
    folder: Path, groups: Iterable[str], ids: Iterable[str]
) -> dict[str, tuple[str, TillOrder]]:
    """Those of the orders that stand in the book, by their ids, each with its group."""
    with reading_till_book(folder) as book:
        if book is None:
            return {}
        asked = ((id, group) for id in dict.fromkeys(ids) for group in groups)
        return {id: (group, order) for id, group in asked if (order := book.order(group, id))}
