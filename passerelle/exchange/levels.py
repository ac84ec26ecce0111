"""Levels for shops: ExportCSVmod and the files of the pool, out and back again.

They are absolute: what was cut short is let go of, since the next run makes them anew; they may
replace what the shop has not taken; and what must not stay is withdrawn.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from passerelle.archive.folders import LAST_COPY, keep_copy
from passerelle.base.errors import (
    HeldError,
    NotFoundError,
    PasserelleError,
)
from passerelle.base.language import _
from passerelle.exchange.sending import Sender
from passerelle.exchange.uploads import is_unaltered
from passerelle.model.location import Location
from passerelle.model.orders import Change
from passerelle.model.pool import Json
from passerelle.model.records import Dispatch
from passerelle.model.states import Kind, Stage
from passerelle.remotes.base import Remote, find


class Levels:
    """The levels' side of the outbox."""

    def __init__(self, sender: Sender) -> None:
        self._sender, self._marks, self._remote = sender, sender.marks, sender.remote
        self._settings, self._book = sender.settings, sender.book
        self._now, self._do = sender.now, sender.do

    def send_stock(
        self, place: Location, data: bytes, changed: Iterable[Change], **facts: Any
    ) -> Dispatch:
        """Puts ExportCSVmod in place, complete and read back before the shop can see it."""
        promise = self._sender.promise(Kind.STOCK, place, data)
        dispatch = self._book.prepare_stock(promise, self._now(), changed, **facts)
        return self._send(dispatch, data, place.name)

    def send_pool(
        self, shop: str, place: Location, data: bytes, changed: int, view: Json
    ) -> Dispatch:
        """The same for a shop's file; ``view`` is what the shop shows once it took it."""
        promise = self._sender.promise(Kind.POOL, place, data, target=shop)
        dispatch = self._book.prepare_pool(promise, self._now(), changed, view)
        return self._send(dispatch, data, f"{shop}_{place.name}")

    def _send(self, dispatch: Dispatch, data: bytes, name: str) -> Dispatch:
        dispatch = self._sender.go_on(dispatch, data)
        keep_copy(self._settings.folder / LAST_COPY.format(name=name), data)
        return dispatch

    def settle(self, kind: Kind, target: str = "") -> None:
        """Finds out whether levels that an earlier run promised had reached their name.

        What did not is let go of. Where renaming is forbidden nobody can tell of a shop of the
        pool: its file stays promised, and is written again.
        """
        dispatch = self._book.last(kind, target)
        if dispatch is None or dispatch.stage not in (Stage.PREPARED, Stage.STAGED):
            return
        place = dispatch.place
        if place.server not in self._settings.servers:
            self._book.end(dispatch, Stage.ABANDONED, self._now())
            return
        remote = self._marks.at(place.server)
        if dispatch.publish == "direct":
            if kind == Kind.STOCK:
                self._settle_direct(remote, dispatch)
        elif self._was_renamed(remote, dispatch):
            self._book.send(dispatch, self._now(), None)
        else:
            self._let_go(remote, dispatch, self._sender.tmp(dispatch))

    def _was_renamed(self, remote: Remote, dispatch: Dispatch) -> bool:
        if dispatch.stage != Stage.STAGED or dispatch.stuck:
            return False
        return find(remote, self._sender.tmp(dispatch)) is None

    def _settle_direct(self, remote: Remote, dispatch: Dispatch) -> None:
        """Uploaded under its own name: half of it is taken away. Gone, it counts as never there."""
        path = dispatch.place.path
        entry = find(remote, path) if dispatch.stage == Stage.STAGED else None
        if entry is None:
            self._book.end(dispatch, Stage.ABANDONED, self._now())
        elif is_unaltered(remote, dispatch, entry):
            self._book.send(dispatch, self._now(), None)
        else:
            # First the file: once the ledger has let go of it, nobody would look for it again.
            self._do(lambda: remote.delete(path), "")
            self._book.end(dispatch, Stage.ABANDONED, self._now())
            self._note_overwritten(dispatch)

    def _note_overwritten(self, dispatch: Dispatch) -> None:
        """What lay there before an upload that is taken away is gone with it, taken or not."""
        before = self._book.last(dispatch.kind, dispatch.target, (Stage.SENT,))
        if before is not None and before.place == dispatch.place:
            self._book.end(before, Stage.WITHDRAWN, self._now())

    def _let_go(self, remote: Remote, dispatch: Dispatch, path: str) -> None:
        self._book.end(dispatch, Stage.ABANDONED, self._now())
        if find(remote, path) is not None:
            self._do(lambda: remote.delete(path), "")

    def withdraw(self, place: Location, kind: Kind = Kind.STOCK, target: str = "") -> str:
        """Takes back levels that the shop has not taken yet; returns what to tell.

        Only what we published, where we did, and as long as it is unaltered; half an upload goes
        too. ``place`` is where levels of that kind go to now.
        """
        try:
            with suppress(HeldError):
                self.settle(kind, target)
            last = self._book.last(kind, target, (Stage.STAGED, Stage.SENT))
            return self._withdraw(last.place if last else place, last)
        except NotFoundError:
            return ""
        except PasserelleError as error:
            text = _("an older {file} could not be withdrawn: {error}")
            return text.format(file=place.name, error=error)

    def _withdraw(self, place: Location, last: Dispatch | None) -> str:
        """``last`` is what may lie there; ``staged``: an upload to its final name, perhaps cut."""
        remote, address = self._remote(place.server), self._sender.address(place.server)
        if last and (last.stage == Stage.STAGED or last.address != address):
            remote = self._marks.at(place.server)  # its content does not prove that it is ours
        if (entry := find(remote, place.path)) is None:
            return ""
        if last is None or (last.stage == Stage.SENT and not is_unaltered(remote, last, entry)):
            text = _(
                "{file} was left: it is not what was published last; look whether the shop may "
                "still import it"
            )
            return text.format(file=place)
        text = _("would withdraw {file}, which the shop has not taken yet")
        told: list[str] = []
        self._do(lambda: told.append(self._take_back(remote, last)), text.format(file=place))
        return "".join(told)

    def _take_back(self, remote: Remote, dispatch: Dispatch) -> str:
        self._sender.ledger.hold()
        remote.delete(dispatch.place.path)
        self._book.end(dispatch, Stage.WITHDRAWN, self._now())
        text = _("{file} was withdrawn: the shop had not taken it yet")
        return text.format(file=dispatch.place.name)
