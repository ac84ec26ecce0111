"""One outbox for all that is promised to a server, and for finishing what an earlier run began.

1. ``prepared``: the ledger has promised it. An XML is in ArchiveExport first, and promised with
   its orders, before its server is touched; levels (ExportCSVmod, the files of the pool's shops),
   with their reasons.
2. Its bytes go up under ``NAME.TOKEN.tmp``, which nobody but this ledger touches; once they are
   known to be complete: ``staged``.
3. The mark on the server says that it comes next (:mod:`passerelle.exchange.marks`).
4. It is renamed to its name: ``sent``. When it is gone from there: ``taken``.

Whatever dies in between, the ledger, the mark and the presence of the ``.tmp`` tell how far it
came. An XML is then finished, and never written over another file; one of which nobody but the ERP
can tell is ``doubtful``. Levels are absolute: what was cut short is let go of, since the next run
makes them anew, and they may replace what the shop has not taken.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from passerelle.archive.folders import LAST_COPY, Exports, keep_copy
from passerelle.base.commands import of_xml
from passerelle.base.errors import (
    AlreadyThereError,
    HeldError,
    NotFoundError,
    PasserelleError,
    PermanentError,
    TimeLimitError,
)
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.config.model import Settings
from passerelle.config.servers import address_of
from passerelle.exchange.marks import Marks
from passerelle.exchange.uploads import is_whole, store_to_the_letter, store_whole, tmp_name
from passerelle.exchange.witness import Witness
from passerelle.ledger.ledger import Ledger
from passerelle.ledger.outbox import Promise
from passerelle.model.location import Location
from passerelle.model.orders import Change
from passerelle.model.pool import Json
from passerelle.model.records import Dispatch, Issue, Mark
from passerelle.model.states import LEVELS, Kind, SaleState, Stage
from passerelle.remotes.base import Entry, Remote, fetch_whole, find, is_gone

# Does a deed; in a dry run it says instead what would be done (the empty text: nothing).
Do = Callable[[Callable[[], object], str], None]


@dataclass(frozen=True, slots=True)
class Parcel:
    """An XML ready to go: its bytes, its orders, its name there."""

    data: bytes
    marks: Sequence[Mark]
    place: Location


class Outbox:
    """Carries files to servers. ``remote`` opens one by name, ``say`` tells the trace."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        remote: Callable[[str], Remote],
        now: Callable[[], datetime],
        say: Callable[[str], None],
        do: Do,
    ) -> None:
        self._settings, self._ledger, self._remote = settings, ledger, remote
        self._now, self._say, self._do = now, say, do
        self._book = ledger.dispatches
        self._exports = Exports(settings.folder)
        self.witness = Witness(settings.folder)
        self.marks = Marks(settings, ledger, remote, say)
        self.troubles: list[PasserelleError] = []
        # How many orders this run brought into the ERP's folder.
        self.orders_sent = 0
        self._fresh: set[int] = set()

    # --- XMLs for the ERP --------------------------------------------------------------------

    def prepare_orders(self, channel: str, parcel: Parcel) -> Dispatch:
        """Promises a new XML, which :meth:`recover` sends, in this run or a later one."""
        promise = self._archived(Kind.ORDERS, parcel.place, parcel.data)
        dispatch = self._book.prepare_orders(promise, self._now(), channel, parcel.marks)
        return self._confirmed(dispatch)

    def send_sale(self, issue: Issue, data: bytes, place: Location) -> Dispatch:
        """Sends the XML of one sale. Once this returns, the sale is ``sent``."""
        promise = self._archived(Kind.SALE, place, data)
        dispatch = self._book.prepare_sale(promise, self._now(), issue)
        return self._go_on(self._confirmed(dispatch), data)

    def _archived(self, kind: Kind, place: Location, data: bytes) -> Promise:
        archived = self._exports.free_name(place.name, self._now())
        with step(_("writing {file}").format(file=place.name)):
            self._exports.write_pending(archived, data)
        return self._promise(kind, place, data, archived)

    def _confirmed(self, dispatch: Dispatch) -> Dispatch:
        self.witness.remember(dispatch, self.marks.token)
        self._exports.confirm(dispatch.archived)
        return dispatch

    def recall(self, dispatch: Dispatch, why: str) -> None:
        """Takes back an XML that was promised and never uploaded: its orders start over."""
        self._say(f"! {why}")
        self._book.end(dispatch, Stage.ABANDONED, self._now(), why)

    def is_spoilt(self, dispatch: Dispatch) -> bool:
        """Whether its copy in ArchiveExport is missing, or not what was promised."""
        self._exports.confirm(dispatch.archived)
        return self._read(dispatch) is None

    # --- levels for shops --------------------------------------------------------------------

    def send_stock(
        self, place: Location, data: bytes, changed: Iterable[Change], **facts: Any
    ) -> Dispatch:
        """Puts ExportCSVmod in place, complete and read back before the shop can see it."""
        promise = self._promise(Kind.STOCK, place, data)
        dispatch = self._book.prepare_stock(promise, self._now(), changed, **facts)
        return self._send_levels(dispatch, data, place.name)

    def send_pool(
        self, shop: str, place: Location, data: bytes, changed: int, view: Json
    ) -> Dispatch:
        """The same for a shop's file; ``view`` is what the shop shows once it took it."""
        promise = self._promise(Kind.POOL, place, data, target=shop)
        dispatch = self._book.prepare_pool(promise, self._now(), changed, view)
        return self._send_levels(dispatch, data, f"{shop}_{place.name}")

    def _send_levels(self, dispatch: Dispatch, data: bytes, name: str) -> Dispatch:
        dispatch = self._go_on(dispatch, data)
        keep_copy(self._settings.folder / LAST_COPY.format(name=name), data)
        return dispatch

    def _promise(
        self, kind: Kind, place: Location, data: bytes, archived: str = "", target: str = ""
    ) -> Promise:
        publish = self._settings.servers[place.server].publish
        side = {"address": self._address(place.server), "publish": publish}
        digest = hashlib.sha256(data).hexdigest()
        return Promise(kind, place, digest, len(data), archived, target, **side)

    def _address(self, name: str) -> str:
        return address_of(self._settings.servers[name].url)

    def tmp(self, dispatch: Dispatch) -> str:
        """The name of its upload, which no other ledger uses."""
        return tmp_name(dispatch.place.path, self.marks.token)

    # --- finishing what an earlier run began -------------------------------------------------

    def recover(self) -> None:
        """Finishes every XML that is promised, and notes those the ERP took.

        What fails on the ERP's side, or is in doubt, stops nothing else: it is in ``troubles``.
        Sales are left to :meth:`finish_sales` as long as the config has them issued.
        """
        for dispatch in self._book.unfinished():
            if dispatch.kind != Kind.SALE:
                self._do(partial(self._finish, dispatch), _would_finish(dispatch))
        if not self._settings.fulfil.enabled:
            self.finish_sales()
        self._do(self._exports.drop_unpromised, "")
        self.note_taken()

    def _trouble(self, error: PasserelleError) -> None:
        """A run that has no time left ends; whatever else fails here is told, once."""
        if isinstance(error, TimeLimitError):
            raise error
        if str(error) not in map(str, self.troubles):
            self.troubles.append(error)

    def finish_sales(self, called_off: Collection[int] = ()) -> None:
        """Finishes the sales that an earlier run began, but for those that are called off.

        ``called_off`` are numbers of dispatches: they are stopped where the ERP cannot have seen
        them. A sale that cannot go on hinders nothing else: what is wrong is in ``troubles``.
        """
        for dispatch in self._book.unfinished():
            if dispatch.kind == Kind.SALE:
                finish = partial(self._finish_sale, dispatch, dispatch.number in called_off)
                self._do(finish, _would_finish(dispatch))

    def _finish_sale(self, dispatch: Dispatch, is_off: bool) -> None:
        try:
            self._exports.confirm(dispatch.archived)
            if is_off and self._call_off(dispatch):
                return
        except (PermanentError, HeldError) as error:
            self._wait(dispatch, error)
            self._trouble(error)
        else:
            self._finish(dispatch)

    def _finish(self, dispatch: Dispatch) -> None:
        try:
            self._exports.confirm(dispatch.archived)
            self._go_on(dispatch)
        except AlreadyThereError as error:
            self._wait(dispatch, error)
        except PasserelleError as error:
            self._wait(dispatch, error)
            self._trouble(error)

    def _call_off(self, dispatch: Dispatch) -> bool:
        """Stops a dispatch where the ERP cannot have seen it; returns whether it could be."""
        remote, tmp = self.marks.at(dispatch.place.server), self.tmp(dispatch)
        if dispatch.stage != Stage.PREPARED:
            if dispatch.publish == "direct" or is_gone(remote, tmp):
                return False
            # First the ledger: a run that finds it staged and its .tmp gone takes it for sent.
            dispatch = self._book.unstage(dispatch, self._now())
        if find(remote, tmp) is not None:
            remote.delete(tmp)
        why = _("called off before the ERP could see {file}").format(file=dispatch.archived)
        self._book.end(dispatch, Stage.ABANDONED, self._now(), why)
        self._say(why)
        return True

    def _wait(self, dispatch: Dispatch, error: PasserelleError) -> None:
        text = _("{file} waits: {error}").format(file=dispatch.archived, error=error)
        self._say(f"! {text}")

    def note_taken(self) -> list[Dispatch]:
        """Marks as taken the XMLs that are gone from the server; returns what still lies there."""
        lying = []
        for dispatch in self._book.untaken():
            try:
                if dispatch.number not in self._fresh and is_gone(
                    self.marks.at(dispatch.place.server), dispatch.place.path
                ):
                    self._take(dispatch)
                    continue
            except PasserelleError as error:
                self._trouble(error)
            lying.append(dispatch)
        return lying

    def _take(self, dispatch: Dispatch) -> None:
        self._book.take(dispatch, self._now())
        self._say(_("the ERP has taken {file}").format(file=dispatch.place.name))

    def settle_levels(self, kind: Kind, target: str = "") -> None:
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
        remote = self.marks.at(place.server)
        if dispatch.publish == "direct":
            if kind == Kind.STOCK:
                self._settle_direct(remote, dispatch)
        elif dispatch.stage == Stage.STAGED and find(remote, self.tmp(dispatch)) is None:
            self._book.send(dispatch, self._now(), None)
        else:
            self._let_go(remote, dispatch, self.tmp(dispatch))

    def _settle_direct(self, remote: Remote, dispatch: Dispatch) -> None:
        """Uploaded under its own name: half of it is taken away. Gone, it counts as never there."""
        path = dispatch.place.path
        entry = find(remote, path) if dispatch.stage == Stage.STAGED else None
        if entry is None:
            self._book.end(dispatch, Stage.ABANDONED, self._now())
        elif _is_unaltered(remote, dispatch, entry):
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
                self.settle_levels(kind, target)
            last = self._book.last(kind, target, (Stage.STAGED, Stage.SENT))
            return self._withdraw(last.place if last else place, last)
        except NotFoundError:
            return ""
        except PasserelleError as error:
            text = _("an older {file} could not be withdrawn: {error}")
            return text.format(file=place.name, error=error)

    def _withdraw(self, place: Location, last: Dispatch | None) -> str:
        """``last`` is what may lie there; ``staged``: an upload to its final name, perhaps cut."""
        remote = self._remote(place.server)
        if last and (last.stage == Stage.STAGED or last.address != self._address(place.server)):
            remote = self.marks.at(place.server)  # its content does not prove that it is ours
        if (entry := find(remote, place.path)) is None:
            return ""
        if last is None or (last.stage == Stage.SENT and not _is_unaltered(remote, last, entry)):
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
        remote.delete(dispatch.place.path)
        self._book.end(dispatch, Stage.WITHDRAWN, self._now())
        text = _("{file} was withdrawn: the shop had not taken it yet")
        return text.format(file=dispatch.place.name)

    # --- from stage to stage -----------------------------------------------------------------

    def _go_on(self, dispatch: Dispatch, data: bytes | None = None) -> Dispatch:
        """Takes a dispatch from wherever it stands to ``sent``; a new one brings its ``data``."""
        remote = self.marks.greet(dispatch.place.server)
        if dispatch.stage == Stage.DOUBTFUL and dispatch.publish != "direct":
            return self._look_for(remote, dispatch)
        dispatch = self._in_the_mode_of_today(remote, dispatch)
        if dispatch.publish == "direct":
            return self._go_on_directly(dispatch, data)
        if dispatch.stage != Stage.STAGED:
            self._wait_for_turn(remote, dispatch)
            dispatch = self._stage(dispatch, data)
        elif is_gone(remote, self.tmp(dispatch)):
            return self._without_tmp(remote, dispatch)
        return self._rename(dispatch) if dispatch.stage == Stage.STAGED else dispatch

    def _in_the_mode_of_today(self, remote: Remote, dispatch: Dispatch) -> Dispatch:
        """A server's ``publish`` was changed: what nobody else saw yet goes the new way.

        Otherwise it is finished the way that it was begun.
        """
        mode = self._settings.servers[dispatch.place.server].publish
        if dispatch.publish == mode or dispatch.stage not in (Stage.PREPARED, Stage.STAGED):
            return dispatch
        if dispatch.stage == Stage.STAGED:
            if dispatch.publish == "direct" or is_gone(remote, self.tmp(dispatch)):
                return dispatch
            dispatch = self._book.unstage(dispatch, self._now())
            remote.delete(self.tmp(dispatch))
        return self._book.publish_as(dispatch, mode)

    def _without_tmp(self, remote: Remote, dispatch: Dispatch) -> Dispatch:
        """Staged by an earlier run, and gone: it was renamed, or somebody else took it.

        Only a file under its name, or our mark, which is written right before, proves the first.
        """
        if find(remote, dispatch.place.path) is None and not self.marks.was_announced(dispatch):
            raise self._doubtful(dispatch)
        return self._sent(dispatch)

    def _look_for(self, remote: Remote, dispatch: Dispatch) -> Dispatch:
        """One in doubt: where it plainly lies there, it is there."""
        entry = find(remote, dispatch.place.path)
        if entry and is_whole(
            remote, dispatch.place.path, entry, dispatch.size, lambda: dispatch.sha256
        ):
            return self._sent(dispatch)
        raise self._doubtful(dispatch)

    def _wait_for_turn(self, remote: Remote, dispatch: Dispatch) -> None:
        """XMLs of one name go one after another: their uploads have one name, too."""
        if dispatch.kind in LEVELS:
            return
        others = (*self._book.unfinished(), *self._book.untaken())
        before = [d for d in others if d.place == dispatch.place and d.number < dispatch.number]
        if any(d.stage in (Stage.PREPARED, Stage.STAGED) for d in before):
            raise _in_the_way(dispatch.place)
        if before:
            self._make_way(remote, dispatch.place)

    def _stage(self, dispatch: Dispatch, data: bytes | None) -> Dispatch:
        content = data if data is not None else self._read(dispatch)
        if content is None:
            return self._abandon(dispatch)
        entry = self._store(dispatch, self.tmp(dispatch), content)
        return self._book.stage(dispatch, self._now(), entry.modified)

    def _read(self, dispatch: Dispatch) -> bytes | None:
        return self._exports.read(dispatch.archived, dispatch.sha256)

    def _store(self, dispatch: Dispatch, path: str, content: bytes) -> Entry:
        remote = self.marks.at(dispatch.place.server)
        if dispatch.kind in LEVELS:
            return store_to_the_letter(remote, path, content, dispatch.place)
        return store_whole(remote, path, content)

    def _rename(self, dispatch: Dispatch) -> Dispatch:
        place, remote = dispatch.place, self.marks.at(dispatch.place.server)
        if dispatch.kind not in LEVELS:
            self._make_way(remote, place)
        self.marks.announce(dispatch)
        move = remote.replace if dispatch.kind in LEVELS else remote.rename
        try:
            move(self.tmp(dispatch), place.path)
        except NotFoundError as error:
            if dispatch.kind in LEVELS:
                raise
            raise self._doubtful(dispatch) from error
        return self._sent(dispatch)

    def _make_way(self, remote: Remote, place: Location) -> None:
        """A sales XML is never written over; the one before it is taken once its name is free."""
        if find(remote, place.path) is not None:
            raise _in_the_way(place)
        for before in self._book.untaken():
            if before.place == place:
                self._take(before)

    def _sent(self, dispatch: Dispatch, *, found_again: bool = True) -> Dispatch:
        """``found_again``: a run that did not know would see by the ``.tmp`` that is gone."""
        now = self._now()
        published = None
        if dispatch.uploaded and dispatch.staged:
            # The server's clock at this moment: as far from the upload as ours.
            published = dispatch.uploaded + (now - dispatch.staged)
        place = dispatch.place
        text = _("{file} is in place on {server}")
        name = place.path if dispatch.kind == Kind.POOL else place.name
        self._say(text.format(file=name, server=place.server))
        self._fresh.add(dispatch.number)
        self.orders_sent += len(self._book.orders_of(dispatch))
        return self._book.send(dispatch, now, published, lightly=found_again)

    def _abandon(self, dispatch: Dispatch) -> Dispatch:
        why = lost_in_archive(dispatch)
        self._say(f"! {why}")
        return self._book.end(dispatch, Stage.ABANDONED, self._now(), why)

    # --- servers that forbid renaming --------------------------------------------------------

    def _go_on_directly(self, dispatch: Dispatch, data: bytes | None) -> Dispatch:
        """Uploads under the final name. ``staged`` here means: the upload has begun."""
        remote, path = self.marks.at(dispatch.place.server), dispatch.place.path
        if dispatch.stage != Stage.PREPARED:
            if is_gone(remote, path):
                raise self._doubtful(dispatch)
            entry = remote.stat(path)
            if is_whole(remote, path, entry, dispatch.size, lambda: dispatch.sha256):
                return self._sent(dispatch, found_again=False)
        elif dispatch.kind not in LEVELS:
            self._make_way(remote, dispatch.place)
        content = data if data is not None else self._read(dispatch)
        if content is None:
            return self._abandon(dispatch)
        dispatch = self._book.stage(dispatch, self._now(), None)
        self.marks.announce(dispatch)
        try:
            entry = self._store_directly(remote, dispatch, content)
        except NotFoundError:
            server = self._settings.servers[dispatch.place.server]
            if not server.takes_at_once or not is_gone(remote, path):
                raise
        else:
            dispatch = self._book.stage(dispatch, self._now(), entry.modified, is_deed=False)
        return self._sent(dispatch, found_again=False)

    def _store_directly(self, remote: Remote, dispatch: Dispatch, content: bytes) -> Entry:
        """Half of a file that the ERP or the shop could take is removed at once."""
        try:
            return self._store(dispatch, dispatch.place.path, content)
        except PasserelleError:
            with suppress(PasserelleError):
                remote.delete(dispatch.place.path)
                self._book.unstage(dispatch, self._now())
            raise

    def _doubtful(self, dispatch: Dispatch) -> HeldError:
        self._book.doubt(dispatch, self._now())
        what = _(
            "the file is gone, and was not seen to be taken: only the ERP knows whether it has it"
        )
        if dispatch.kind == Kind.SALE:
            begun = self._ledger.sales.in_states(SaleState.PREPARED)
            ids = [sale.id for sale in begun if sale.dispatch == dispatch.number]
            mend = _(
                "look for the sale in the ERP, then `{settle}` if it is there, or `{retry}` if it "
                "is not"
            )
        else:
            ids = self._book.in_doubt(dispatch)
            mend = _(
                "look for its orders in the ERP, then `{settle}` if they are there, or `{resend}` "
                "if they are not"
            )
        verbs = ("settle", "resend", "retry")
        commands = {verb: of_xml(verb, dispatch.archived, ids) for verb in verbs}
        return HeldError(what, str(dispatch.place), mend.format(**commands))


def _is_unaltered(remote: Remote, dispatch: Dispatch, entry: Entry) -> bool:
    """Whether what lies there is what was promised, byte for byte."""
    if entry.size not in (None, dispatch.size):
        return False
    path = dispatch.place.path
    data = remote.fetch(path) if entry.size is None else fetch_whole(remote, path, entry.size)
    return hashlib.sha256(data).hexdigest() == dispatch.sha256


def _in_the_way(place: Location) -> AlreadyThereError:
    return AlreadyThereError(
        _("a file of that name waits for the ERP already"),
        str(place),
        _("a sales XML is never written over; when the ERP has taken it, this one goes"),
    )


def lost_in_archive(dispatch: Dispatch) -> str:
    """In words: its copy is not what was promised, and what follows."""
    text = _(
        "{file} is missing or altered in ArchiveExport, so it was not sent; "
        "its orders go into a new one"
    )
    if dispatch.kind == Kind.SALE:
        text = _(
            "{file} is missing or altered in ArchiveExport, so it was not sent; "
            "the sale is issued anew"
        )
    return text.format(file=dispatch.archived)


def _would_finish(dispatch: Dispatch) -> str:
    if dispatch.stage == Stage.DOUBTFUL:
        return ""
    return _("would finish sending {file}").format(file=dispatch.archived)
