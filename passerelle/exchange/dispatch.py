"""Publishing an XML in two steps, and finishing what an earlier run left half done.

1. ``prepared``: the XML is in ArchiveExport and the ledger has promised it with its orders.
2. Its bytes go up under ``NAME.tmp``, which nobody but Passerelle touches; once they are known
   to be complete: ``staged``.
3. ``NAME.tmp`` is renamed to its name: ``sent``. When the ERP has removed it: ``taken``.

Whatever dies in between, the ledger and the presence of ``NAME.tmp`` tell how far it came.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from passerelle.archive.folders import Exports
from passerelle.base.errors import (
    AlreadyThereError,
    HeldError,
    NotFoundError,
    PasserelleError,
    PermanentError,
    TransientError,
)
from passerelle.base.language import _
from passerelle.base.progress import step
from passerelle.config.model import Settings
from passerelle.exchange.witness import Witness
from passerelle.ledger.ledger import Ledger
from passerelle.model.location import Location
from passerelle.model.records import SALE, Dispatch, Issue, Mark
from passerelle.model.states import Stage
from passerelle.remotes.base import Entry, Remote, find, is_gone

TMP = ".tmp"
UPLOADS = 3


class _Promised(TypedDict):
    place: Location
    archived: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """An XML ready to go: its bytes, its orders, its name there."""

    data: bytes
    marks: Sequence[Mark]
    place: Location


class Dispatcher:
    """Carries XMLs to the ERP. ``remote`` opens a server by name, ``say`` tells the trace."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        remote: Callable[[str], Remote],
        now: Callable[[], datetime],
        say: Callable[[str], None],
    ) -> None:
        self._settings, self._ledger, self._remote = settings, ledger, remote
        self._now, self._say = now, say
        self._exports = Exports(settings.folder)
        self.witness = Witness(settings.folder)
        self.troubles: list[PasserelleError] = []

    def publish(self, channel: str, parcel: Parcel) -> Dispatch:
        """Sends a new XML. Once this returns, its orders are ``sent``."""

        def promise(values: _Promised) -> Dispatch:
            return self._ledger.dispatches.prepare(channel, parcel.marks, self._now(), **values)

        return self._publish(parcel.data, parcel.place, promise)

    def publish_sale(self, issue: Issue, data: bytes, place: Location) -> Dispatch:
        """Sends the XML of one sale. Once this returns, the sale is ``sent``."""

        def promise(values: _Promised) -> Dispatch:
            return self._ledger.dispatches.prepare_sale(issue, self._now(), **values)

        return self._publish(data, place, promise)

    def _publish(
        self, data: bytes, place: Location, promise: Callable[["_Promised"], Dispatch]
    ) -> Dispatch:
        archived = self._exports.free_name(place.name, self._now())
        with step(_("writing {file}").format(file=place.name)):
            self._exports.write_pending(archived, data)
        sha256 = hashlib.sha256(data).hexdigest()
        dispatch = promise(
            {"place": place, "archived": archived, "sha256": sha256, "size": len(data)}
        )
        self.witness.remember(dispatch)
        self._exports.confirm(archived)
        return self._go_on(dispatch)

    def recover(self) -> None:
        """Finishes every dispatch that an earlier run began, and notes those the ERP took.

        Raises :class:`HeldError` for one of which only a person can tell whether it arrived. Sales
        are left to :meth:`finish_sales` as long as the config has them issued.
        """
        for dispatch in self._begun():
            if dispatch.kind != SALE:
                self._finish(dispatch)
        if not self._settings.fulfil.enabled:
            self.finish_sales()
        self._exports.drop_unpromised()
        self.note_taken()

    def finish_sales(self, called_off: Collection[int] = ()) -> None:
        """Finishes the sales that an earlier run began, but for those that are called off.

        ``called_off`` are numbers of dispatches: they are stopped where the ERP cannot have seen
        them. A sale that cannot go on hinders nothing else: what is wrong is in ``troubles``.
        """
        for dispatch in self._begun():
            if dispatch.kind != SALE:
                continue
            try:
                if dispatch.number not in called_off or not self._call_off(dispatch):
                    self._finish(dispatch)
            except (PermanentError, HeldError) as error:
                self._wait(dispatch, error)
                self.troubles.append(error)

    def _begun(self) -> Iterator[Dispatch]:
        for dispatch in self._ledger.dispatches.unfinished():
            self._exports.confirm(dispatch.archived)
            yield dispatch

    def _finish(self, dispatch: Dispatch) -> None:
        try:
            self._go_on(dispatch)
        except AlreadyThereError as error:
            self._wait(dispatch, error)

    def _call_off(self, dispatch: Dispatch) -> bool:
        """Stops a dispatch where the ERP cannot have seen it; returns whether it could be."""
        remote, tmp = self._remote(dispatch.place.server), dispatch.place.path + TMP
        if dispatch.stage != Stage.PREPARED:
            server = self._settings.servers[dispatch.place.server]
            if server.publish == "direct" or is_gone(remote, tmp):
                return False
            # First the ledger: a run that finds it staged and its .tmp gone takes it for sent.
            dispatch = self._ledger.dispatches.unstage(dispatch)
        if find(remote, tmp) is not None:
            remote.delete(tmp)
        why = _("called off before the ERP could see {file}").format(file=dispatch.archived)
        self._ledger.dispatches.abandon(dispatch, self._now(), why)
        self._say(why)
        return True

    def _wait(self, dispatch: Dispatch, error: PasserelleError) -> None:
        text = _("{file} waits: {error}").format(file=dispatch.archived, error=error)
        self._say(f"! {text}")

    def note_taken(self) -> list[Dispatch]:
        """Marks as taken what is gone from the server; returns what still lies there."""
        lying = []
        for dispatch in self._ledger.dispatches.untaken():
            if is_gone(self._remote(dispatch.place.server), dispatch.place.path):
                self._ledger.dispatches.take(dispatch, self._now())
                self._say(_("the ERP has taken {file}").format(file=dispatch.place.name))
            else:
                lying.append(dispatch)
        return lying

    def _go_on(self, dispatch: Dispatch) -> Dispatch:
        """Takes a dispatch from wherever it stands to ``sent``."""
        server = self._settings.servers.get(dispatch.place.server)
        if server and server.publish == "direct":
            return self._go_on_directly(dispatch)
        if dispatch.stage == Stage.STAGED:
            return self._go_on_staged(dispatch)
        dispatch = self._stage(dispatch)
        return self._rename(dispatch) if dispatch.stage == Stage.STAGED else dispatch

    def _stage(self, dispatch: Dispatch) -> Dispatch:
        data = self._exports.read(dispatch.archived, dispatch.sha256)
        if data is None:
            return self._abandon(dispatch)
        remote = self._remote(dispatch.place.server)
        entry = store_whole(remote, dispatch.place.path + TMP, data)
        return self._ledger.dispatches.stage(dispatch, self._now(), entry.modified)

    def _go_on_staged(self, dispatch: Dispatch) -> Dispatch:
        """An earlier run staged it: where its ``.tmp`` is gone, the rename happened."""
        place = dispatch.place
        if is_gone(self._remote(place.server), place.path + TMP):
            return self._sent(dispatch)
        return self._rename(dispatch)

    def _rename(self, dispatch: Dispatch) -> Dispatch:
        place, remote = dispatch.place, self._remote(dispatch.place.server)
        if find(remote, place.path) is not None:
            raise AlreadyThereError(
                _("a file of that name waits for the ERP already"),
                str(place),
                _("a sales XML is never written over; when the ERP has taken it, this one goes"),
            )
        remote.rename(place.path + TMP, place.path)
        return self._sent(dispatch)

    def _sent(self, dispatch: Dispatch, *, found_again: bool = True) -> Dispatch:
        """``found_again``: a run that did not know would see by the ``.tmp`` that is gone."""
        now = self._now()
        published = None
        if dispatch.uploaded and dispatch.staged:
            # The server's clock at this moment: as far from the upload as ours.
            published = dispatch.uploaded + (now - dispatch.staged)
        text = _("{file} is in place on {server}")
        self._say(text.format(file=dispatch.place.name, server=dispatch.place.server))
        return self._ledger.dispatches.send(dispatch, now, published, lightly=found_again)

    def _abandon(self, dispatch: Dispatch) -> Dispatch:
        why = _("{file} is missing or altered in ArchiveExport, so it was not sent")
        text = _(
            "{file} is missing or altered in ArchiveExport, so it was not sent; "
            "its orders go into a new one"
        )
        if dispatch.kind == SALE:
            text = _(
                "{file} is missing or altered in ArchiveExport, so it was not sent; "
                "the sale is issued anew"
            )
        file = dispatch.archived
        self._ledger.dispatches.abandon(dispatch, self._now(), why.format(file=file))
        self._say(f"! {text.format(file=file)}")
        return dispatch

    # --- servers that forbid renaming --------------------------------------------------------

    def _go_on_directly(self, dispatch: Dispatch) -> Dispatch:
        """Uploads under the final name. ``staged`` here means: the upload has begun."""
        remote, path = self._remote(dispatch.place.server), dispatch.place.path
        if dispatch.stage != Stage.PREPARED:
            if is_gone(remote, path):
                raise self._doubtful(dispatch)
            entry = remote.stat(path)
            if is_whole(remote, path, entry, dispatch.size, lambda: dispatch.sha256):
                return self._sent(dispatch, found_again=False)
        data = self._exports.read(dispatch.archived, dispatch.sha256)
        if data is None:
            return self._abandon(dispatch)
        dispatch = self._ledger.dispatches.stage(dispatch, self._now(), None)
        entry = store_whole(remote, path, data)
        dispatch = self._ledger.dispatches.stage(dispatch, self._now(), entry.modified)
        return self._sent(dispatch, found_again=False)

    def _doubtful(self, dispatch: Dispatch) -> HeldError:
        self._ledger.dispatches.doubt(dispatch)
        if dispatch.kind == SALE:
            return self._doubtful_sale(dispatch)
        ids = " ".join(self._ledger.dispatches.orders_of(dispatch))
        return HeldError(
            _(
                "an upload was interrupted and its file is gone: "
                "only the ERP knows whether it has it"
            ),
            str(dispatch.place),
            _(
                "look for its orders in the ERP, then `passerelle orders settle {ids}` "
                "if they are there, or `passerelle orders resend {ids}` if they are not"
            ).format(ids=ids),
        )

    def _doubtful_sale(self, dispatch: Dispatch) -> HeldError:
        return HeldError(
            _(
                "an upload was interrupted and its file is gone: "
                "only the ERP knows whether it has it"
            ),
            str(dispatch.place),
            _(
                "look for the sale in the ERP, then `passerelle orders settle` its order if it is "
                "there, or `passerelle orders retry` it if it is not"
            ),
        )


def store_whole(remote: Remote, path: str, data: bytes) -> Entry:
    """Uploads ``data`` until all of it arrived, a few times; returns the file as it is there.

    Some lines are cut without a word, as :func:`fetch_whole` knows too.
    Raises :class:`TransientError` where it goes on so, and :class:`NotFoundError` where another
    has taken the file meanwhile: then it is not sent again.
    """
    for _attempt in range(UPLOADS):
        _store(remote, path, data)
        entry = remote.stat(path)
        if is_whole(remote, path, entry, len(data), lambda: hashlib.sha256(data).hexdigest()):
            return entry
    text = _("the upload did not arrive whole ({arrived} of {size} bytes)")
    raise TransientError(text.format(arrived=entry.size, size=len(data)), path)


def _store(remote: Remote, path: str, data: bytes) -> None:
    try:
        remote.store(path, data)
    except NotFoundError as error:
        folder = path.rpartition("/")[0] or _("the server's base folder")
        mend = _("create it on the server, or mend the path in config.toml")
        raise NotFoundError(_("no such folder"), folder, mend) from error


def is_whole(remote: Remote, path: str, entry: Entry, size: int, sha256: Callable[[], str]) -> bool:
    """Whether a file on the server is what was sent; read back where no size is told."""
    if entry.size is not None:
        return entry.size == size
    return hashlib.sha256(remote.fetch(path)).hexdigest() == sha256()


def free_place(template: Location, now: datetime, is_taken: Callable[[Location], bool]) -> Location:
    """The XML's name: ``{time}`` becomes ``YYYYMMDD_HHMMSS``, counted on until it is free."""
    return free_place_from(template, now, is_taken)[0]


def free_place_from(
    template: Location, moment: datetime, is_taken: Callable[[Location], bool]
) -> tuple[Location, datetime]:
    """The same, with the moment that stands in it."""
    while True:
        name = template.name.replace("{time}", f"{moment:%Y%m%d_%H%M%S}")
        place = template.with_name(name)
        if "{time}" not in template.name or not is_taken(place):
            return place, moment
        moment += timedelta(seconds=1)
