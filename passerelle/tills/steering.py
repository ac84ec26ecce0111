"""What a person does at the server: pairs a till, opens and closes a session, breaks a hold."""

import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from msgspec.structs import replace

from passerelle.base.errors import HeldError, UsageError
from passerelle.base.language import _, n_
from passerelle.base.wording import few, listed, local, minute
from passerelle.config.model import Settings
from passerelle.config.tills import Tills
from passerelle.ledger.till_book import TillBook
from passerelle.model.tills import Op, Till, TillCommand, TillOrder, TillSession
from passerelle.rules.tills.commands import MAX_NAME
from passerelle.rules.tills.merge import apply
from passerelle.rules.tills.replay import UNNUMBERED
from passerelle.tills.trust import key_of, new_code, new_token

# How long the tills that are there have to say whether their outboxes are empty.
_PATIENCE_SECONDS, _LOOK_SECONDS = 3.0, 0.1


@contextmanager
def till_book(settings: Settings) -> Iterator[TillBook]:
    """The book, to write in. Raises :class:`ConfigError` where there are no ``[tills]``."""
    _tills = settings.needed_tills
    with closing(TillBook(settings.folder)) as book, book.telling():
        yield book


def group_named(settings: Tills, name: str) -> str:
    """The group of that name; the only one where none is named. Raises :class:`UsageError`."""
    if not name and len(settings.groups) == 1:
        return next(iter(settings.groups))
    if name not in settings.groups:
        known = ", ".join(settings.groups)
        what = _('there is no group "{name}"') if name else _("which group?")
        mend = _("name one with --group: {known}")
        raise UsageError(what.format(name=name), "tills.groups", mend.format(known=known))
    return name


def pair_agent(book: TillBook, name: str, group: str, now: datetime) -> str:
    """A code that an agent takes the till's place with."""
    _check_name(book, name, group)
    code = new_code()
    with book.transaction:
        book.add_pairing(name, group, key_of(code, book.salt), now)
        book.note(now, group, name, "", "pairing", "", "")
    return code


def pair_program(book: TillBook, name: str, group: str, now: datetime) -> str:
    """A token for a program that speaks the protocol itself."""
    _check_name(book, name, group)
    token = new_token()
    with book.transaction:
        book.add_till(name, group, token, now, is_program=True)
        book.note(now, group, name, "", "paired", "", "")
    return token


def _check_name(book: TillBook, name: str, group: str) -> None:
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable() or "/" in name:
        raise UsageError(_("this cannot be a till's name"), repr(name), _("use letters and digits"))
    for till in book.tills():
        if till.name == name and till.group != group and till.revoked is None:
            text = _("till {name} is in group {group}")
            mend = _("choose another name, or `passerelle till revoke {name}` first")
            what = text.format(name=name, group=till.group)
            raise UsageError(what, "", mend.format(name=name))


def revoke(book: TillBook, name: str, now: datetime) -> None:
    """The till may speak no more. Raises :class:`UsageError` where there is none."""
    till = till_named(book, name)
    with book.transaction:
        book.revoke(till.name, now)
        book.note(now, till.group, till.name, "", "revoked", "", "")


def till_named(book: TillBook, name: str) -> Till:
    pending = {pairing.name: pairing for pairing in book.pairings()}
    for till in book.tills():
        if till.name == name:
            return till
    if name in pending:
        return Till(name, pending[name].group, is_program=False, paired=pending[name].made)
    known = ", ".join(till.name for till in book.tills()) or _("none")
    what = _('there is no till "{name}" (there are: {known})')
    raise UsageError(what.format(name=name, known=known))


def open_session(book: TillBook, group: str, now: datetime) -> TillSession:
    """Raises :class:`UsageError` where one is open."""
    last = book.session(group)
    if last is not None and last.closed is None:
        text = _("session {number} of {group} is open since {since}")
        what = text.format(number=last.number, group=group, since=local(last.opened))
        raise UsageError(what, "", _("`passerelle till session close` closes it"))
    with book.transaction:
        session = book.open_session(group, now)
        book.note(now, group, "", "", "session opened", "", str(session.number))
    return session


def close_session(
    book: TillBook, group: str, now: datetime, *, carry: bool, without: Collection[str]
) -> tuple[TillSession, list[TillOrder]]:
    """Closes the open session; the drafts that are carried on.

    Raises :class:`HeldError` while drafts stand, or a till has not said that its outbox is empty.
    """
    session = book.session(group)
    if session is None or session.closed is not None:
        raise UsageError(_("no session of {group} is open").format(group=group))
    for name in without:
        till_named(book, name)
    if silent := _ask(book, group, without):
        raise _not_heard(book, silent)
    with book.transaction:
        drafts = book.drafts(group)
        if drafts and not carry:
            raise _drafts_stand(drafts)
        book.close_session(session, now)
        left_out = ", ".join(without)
        book.note(now, group, "", "", "session closed", left_out, str(session.number))
    return session, drafts


def _ask(book: TillBook, group: str, without: Collection[str]) -> list[Till]:
    """The tills, but for those left out, that do not say in time that all they did is known."""
    with book.transaction:
        ask = book.ask_tills()
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        silent = [till for till in book.silent(group, ask) if till.name not in without]
        if not silent or time.monotonic() > end:
            return silent
        time.sleep(_LOOK_SECONDS)


def _not_heard(book: TillBook, silent: list[Till]) -> HeldError:
    unsent, told = book.unsent(), []
    for till in silent:
        waiting = unsent.get(till.name)
        if waiting:
            text = n_("{name} ({n} unsent)", "{name} ({n} unsent)", waiting, name=till.name)
        else:
            heard = minute(till.heard) if till.heard else _("never")
            text = _("{name} (last heard: {heard})").format(name=till.name, heard=heard)
        told.append(text)
    mend = _("connect it and try again, or leave it out: --without {name}; its orders join the "
             "next session")  # fmt: skip
    what = _("the session stays open: not every till has said that all its orders are here")
    return HeldError(what, listed(told, 10), mend.format(name=_typed(silent[0].name)))


def _typed(name: str) -> str:
    """As a shell takes it for one word."""
    return f'"{name}"' if " " in name else name


def _drafts_stand(drafts: list[TillOrder]) -> HeldError:
    what = n_(
        "the session stays open: {n} order is neither paid nor cancelled",
        "the session stays open: {n} orders are neither paid nor cancelled",
        len(drafts),
    )
    mend = _("finish them at a till, or --carry moves them on to the next session")
    return HeldError(what, few([f"{order.no} ({order.id})" for order in drafts]), mend)


def break_hold(
    book: TillBook, group: str, id: str, who: str, now: datetime
) -> tuple[TillOrder, str]:
    """Takes a hold away from its till; the order, and the till. Raises :class:`UsageError`."""
    order = order_named(book, group, id)
    if order.claim is None:
        raise UsageError(_("nobody holds order {id}").format(id=id))
    op = Op("break", {"who": who})
    command = TillCommand("", 0, id, order.rev, (op,))
    with book.transaction:
        verdict = apply(order, command, "", UNNUMBERED)
        if verdict.order is None or verdict.why:
            raise UsageError(verdict.why, id)
        freed = replace(verdict.order, done=order.done)
        book.put(group, freed, now)
        book.write_journal(now, group, who, command, verdict)
    return freed, order.claim


def order_named(book: TillBook, group: str, id: str) -> TillOrder:
    """By its id, or by its number. Raises :class:`UsageError`.

    A draft that was carried on has the number of another session: the one that is held is meant.
    """
    if order := book.order(group, id):
        return order
    found = [order for order in book.current(group) if str(order.no) == id]
    held = [order for order in found if order.claim] or found
    if len(held) > 1:
        ids = few([order.id for order in held])
        what = _("several orders have this number: {ids}").format(ids=ids)
        raise UsageError(what, id, _("name one by its id"))
    if not held:
        raise UsageError(_("the tills know no order {id}").format(id=id))
    return held[0]
