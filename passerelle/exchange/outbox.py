"""One outbox for all that is promised to a server; here the XMLs for the ERP, with their recovery.

An XML is promised once it is archived, finished whatever dies in between, and known to be taken
when it is gone. How it goes is :mod:`passerelle.exchange.sending`; levels for shops are
:mod:`passerelle.exchange.levels`.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial

from msgspec import Struct

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
from passerelle.exchange.levels import Levels
from passerelle.exchange.sending import Sender
from passerelle.exchange.uploads import is_unaltered
from passerelle.exchange.witness import Witness
from passerelle.ledger.outbox import Promise
from passerelle.model.location import Location
from passerelle.model.records import Dispatch, Issue, Mark
from passerelle.model.states import Kind, Stage
from passerelle.remotes.base import Entry, Remote, find, is_gone, lying_at


class Parcel(Struct, frozen=True):
    """An XML ready to go: its bytes, its orders, its name there."""

    data: bytes
    marks: Sequence[Mark]
    place: Location


class Outbox:
    """Promises XMLs and finishes them; ``levels`` are the shops' stock. ``sender`` carries both."""

    def __init__(self, sender: Sender) -> None:
        self._sender, self._settings = sender, sender.settings
        self._book, self._clocks = sender.book, sender.ledger.stock
        self._now, self._say, self._do = sender.now, sender.say, sender.do
        self._exports, self.marks = sender.exports, sender.marks
        self.levels = Levels(sender)
        self.witness = Witness(sender.settings.folder)
        self.troubles: list[PasserelleError] = []

    @property
    def orders_sent(self) -> int:
        """How many orders this run brought into the ERP's folder."""
        return self._sender.orders_sent

    def prepare_orders(self, channel: str, parcel: Parcel, kind: Kind = Kind.ORDERS) -> Dispatch:
        """Promises a new XML, which :meth:`recover` sends, in this run or a later one."""
        promise = self._archived(kind, parcel.place, parcel.data)
        dispatch = self._book.prepare_orders(promise, self._now(), channel, parcel.marks)
        return self._confirmed(dispatch)

    def adopt_xml(self, channel: str, parcel: Parcel, entry: Entry) -> None:
        """What lies there was sent by a ledger that this one follows: it is looked after again."""
        promise = self._archived(Kind.ORDERS, parcel.place, parcel.data)
        self._book.adopt_xml(promise, self._now(), channel, parcel.marks, entry.modified)
        self._exports.confirm(promise.archived)

    def send_sale(self, issue: Issue, data: bytes, place: Location) -> Dispatch:
        """Sends the XML of one sale. Once this returns, the sale is ``sent``."""
        promise = self._archived(Kind.SALE, place, data)
        dispatch = self._book.prepare_sale(promise, self._now(), issue)
        return self._sender.go_on(self._confirmed(dispatch), data)

    def _archived(self, kind: Kind, place: Location, data: bytes) -> Promise:
        archived = self._exports.free_name(place.name, self._now())
        with step(_("writing {file}").format(file=place.name)):
            self._exports.write_pending(archived, data)
        return self._sender.promise(kind, place, data, archived)

    def _confirmed(self, dispatch: Dispatch) -> Dispatch:
        self.witness.remember(dispatch, self.marks.token)
        self._exports.confirm(dispatch.archived)
        return dispatch

    def recall(self, dispatch: Dispatch, why: str) -> None:
        """Takes back an XML that was promised and never uploaded: its orders start over."""
        self._say(f"! {why}")
        self._book.end(dispatch, Stage.ABANDONED, self._now(), why)

    def replace(
        self, dispatch: Dispatch, data: bytes, place: Location, stay: Collection[str], why: str
    ) -> None:
        """The same, but those of its orders that ``stay`` go with ``data`` instead."""
        self._say(f"! {why}")
        promise = self._archived(Kind.ORDERS, place, data)
        self._confirmed(self._book.prepare_anew(dispatch, promise, self._now(), stay, why))

    def archived(self, dispatch: Dispatch) -> bytes | None:
        """Its copy in ArchiveExport; ``None`` where that is missing, or not what was promised."""
        self._exports.confirm(dispatch.archived)
        return self._sender.read(dispatch)

    # --- finishing what an earlier run began -------------------------------------------------

    def recover(self) -> None:
        """Finishes every XML that is promised, and notes those the ERP took.

        What fails on the ERP's side, or is in doubt, stops nothing else: it is in ``troubles``.
        Sales are left to :meth:`finish_sales` as long as the config has them issued.
        """
        for dispatch in self._book.untaken():
            # First: an XML of ours that was moved along is no other program's.
            self._do(partial(self._follow, dispatch), "")
        for dispatch in self._book.unfinished():
            if dispatch.kind != Kind.SALE:
                self._do(partial(self._finish, dispatch), _would_finish(dispatch))
        if not self._settings.fulfil.enabled:
            self.finish_sales()
        self._do(self._exports.drop_unpromised, "")
        self.note_taken()

    def _follow(self, dispatch: Dispatch) -> None:
        try:
            self._sender.follow(dispatch)
        except PasserelleError as error:
            self._trouble(error)

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
        for dispatch in self._book.doubtful_sales():
            self._do(partial(self._find_again, dispatch), "")

    def _find_again(self, dispatch: Dispatch) -> None:
        try:
            self._sender.find_again(dispatch)
        except PasserelleError as error:
            self._trouble(error)

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
            self._sender.go_on(dispatch)
        except AlreadyThereError as error:
            self._wait(dispatch, error)
        except PasserelleError as error:
            self._wait(dispatch, error)
            self._trouble(error)

    def _call_off(self, dispatch: Dispatch) -> bool:
        """Stops a dispatch where the ERP cannot have seen it; returns whether it could be."""
        remote, tmp = self.marks.at(dispatch.place.server), self._sender.tmp(dispatch)
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

    def note_taken(self) -> None:
        """Marks as taken the XMLs that are gone from the server, and looks at what lies there."""
        for dispatch in self._book.untaken():
            if dispatch.number not in self._sender.fresh:
                try:
                    self._look_at(dispatch)
                except PasserelleError as error:
                    self._trouble(error)

    def _look_at(self, dispatch: Dispatch) -> None:
        dispatch = self._sender.follow(dispatch)
        server, path = dispatch.place.server, dispatch.place.path
        remote = self.marks.at(server)
        if (entry := lying_at(remote, path)) is None:
            self._sender.folders.recognise(remote, dispatch.place)
            self._sender.take(dispatch)
            return
        with suppress(NotFoundError):  # it is taken this moment
            if not _is_as_sent(remote, dispatch, entry):
                raise self._sender.altered(dispatch)
            offset = self._clocks.clock_offset(server)
            if offset is not None:
                self._book.note_lying(dispatch, self._now() + offset)


def _is_as_sent(remote: Remote, dispatch: Dispatch, entry: Entry) -> bool:
    """Of the size and time that it had when it was uploaded, or read back."""
    as_uploaded = (dispatch.size, dispatch.uploaded)
    return (entry.size, entry.modified) == as_uploaded or is_unaltered(remote, dispatch, entry)


def _would_finish(dispatch: Dispatch) -> str:
    if dispatch.stage == Stage.DOUBTFUL:
        return ""
    return _("would finish sending {file}").format(file=dispatch.archived)
