"""Takes what was promised to a server from stage to stage, and goes on where a run died.

1. ``prepared``: the ledger has promised it. An XML is in ArchiveExport first, and promised with
   its orders, before its server is touched; levels, with their reasons.
2. Its bytes go up under ``NAME.TOKEN.tmp``, which nobody but this ledger touches; once they are
   known to be complete: ``staged``.
3. The mark on the server says that it comes next (:mod:`passerelle.exchange.marks`).
4. It is renamed to its name: ``sent``. When it is gone from there: ``taken``.

Whatever dies in between, the ledger, the mark and the presence of the ``.tmp`` tell how far it
came. An XML is never written over another file; one of which nobody but the ERP can tell is
``doubtful``.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from passerelle.base.commands import of_xml
from passerelle.base.errors import (
    AlreadyThereError,
    DoubtfulError,
    HeldError,
    NotFoundError,
    PasserelleError,
    PermanentError,
    TimeLimitError,
    TransientError,
    VanishedError,
)
from passerelle.base.language import _
from passerelle.config.model import Settings
from passerelle.config.servers import address_of
from passerelle.exchange.import_folders import ImportFolders
from passerelle.exchange.kept import exports_of
from passerelle.exchange.marks import Marks
from passerelle.exchange.uploads import (
    is_unaltered,
    is_whole,
    store_to_the_letter,
    store_whole,
    tmp_name,
)
from passerelle.ledger.ledger import Ledger
from passerelle.ledger.outbox import Promise
from passerelle.model.location import Location
from passerelle.model.records import Dispatch
from passerelle.model.states import LEVELS, Kind, SaleState, Stage
from passerelle.remotes.base import Entry, Remote, find, is_gone, lying_at

# Does a deed; in a dry run it says instead what would be done (the empty text: nothing).
Do = Callable[[Callable[[], object], str], None]


class Sender:
    """The one state machine of all dispatches. ``remote`` opens a server by name."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        remote: Callable[[str], Remote],
        now: Callable[[], datetime],
        say: Callable[[str], None],
        do: Do,
    ) -> None:
        self.settings, self.ledger, self.remote = settings, ledger, remote
        self.now, self.say, self.do = now, say, do
        self.book = ledger.dispatches
        self.exports = exports_of(settings, ledger, now)
        self.marks = Marks(settings, ledger, remote, say)
        self.folders = ImportFolders(settings, ledger, self.marks)
        # How many orders this run brought into the ERP's folder.
        self.orders_sent = 0
        self.fresh: set[int] = set()

    def promise(
        self, kind: Kind, place: Location, data: bytes, archived: str = "", target: str = ""
    ) -> Promise:
        publish = self.settings.servers[place.server].publish
        side = {"address": self.address(place.server), "publish": publish}
        digest = hashlib.sha256(data).hexdigest()
        return Promise(kind, place, digest, len(data), archived, target, **side)

    def address(self, name: str) -> str:
        return address_of(self.settings.servers[name].url)

    def tmp(self, dispatch: Dispatch) -> str:
        """The name of its upload, which no other ledger uses."""
        return tmp_name(dispatch.place.path, self.marks.token)

    def go_on(self, dispatch: Dispatch, data: bytes | None = None) -> Dispatch:
        """Takes a dispatch from wherever it stands to ``sent``; a new one brings its ``data``."""
        dispatch = self.follow(dispatch)
        remote = self.marks.greet(dispatch.place.server)
        if dispatch.stage == Stage.DOUBTFUL:
            return self._look_for(remote, dispatch)
        dispatch = self._in_the_mode_of_today(dispatch)
        if dispatch.publish == "direct":
            return self._go_on_directly(dispatch, data)
        if dispatch.stage != Stage.STAGED:
            self._wait_for_turn(remote, dispatch)
            dispatch = self._stage(dispatch, data)
        elif (entry := lying_at(remote, self.tmp(dispatch))) is None:
            return self._without_tmp(remote, dispatch)
        elif not self._is_as_staged(remote, dispatch, entry):
            dispatch = self._stage(self.book.unstage(dispatch, self.now()), data)
        return self._rename(dispatch) if dispatch.stage == Stage.STAGED else dispatch

    def follow(self, dispatch: Dispatch) -> Dispatch:
        """``orders.to`` was edited: what nobody else saw yet goes where it says now.

        What was sent stays where it was, unless somebody moved it along.
        """
        place = self.folders.of_today(dispatch)
        if place is None:
            return dispatch
        if dispatch.stage == Stage.STAGED and dispatch.publish != "direct":
            dispatch = self._take_back_upload(dispatch)
        if dispatch.stage != Stage.PREPARED and not self.folders.lies_at(place, dispatch):
            return dispatch
        self.say(_("{file} goes to {place}").format(file=dispatch.archived, place=place))
        return self.book.move(dispatch, place, self.address(place.server))

    def _take_back_upload(self, dispatch: Dispatch) -> Dispatch:
        """Where its ``.tmp`` still lies, it was not renamed. First the ledger: a run that finds it
        staged and its ``.tmp`` gone takes it for sent."""
        remote = self.marks.at(dispatch.place.server)
        if is_gone(remote, self.tmp(dispatch)):
            return dispatch
        back = self.book.unstage(dispatch, self.now())
        remote.delete(self.tmp(dispatch))
        return back

    def _in_the_mode_of_today(self, dispatch: Dispatch) -> Dispatch:
        """A server's ``publish`` was changed: what nobody else saw yet goes the new way.

        Otherwise it is finished the way that it was begun.
        """
        mode = self.settings.servers[dispatch.place.server].publish
        if dispatch.publish == mode or dispatch.stage not in (Stage.PREPARED, Stage.STAGED):
            return dispatch
        if dispatch.stage == Stage.STAGED:
            if dispatch.publish != "direct":
                dispatch = self._take_back_upload(dispatch)
            if dispatch.stage == Stage.STAGED:
                return dispatch
        return self.book.publish_as(dispatch, mode)

    def _without_tmp(self, remote: Remote, dispatch: Dispatch) -> Dispatch:
        """Staged by an earlier run, and gone: it was renamed, or somebody else took it.

        What lies under its name proves the first; or our mark, which is written right before,
        unless a run lived to see that it was not renamed.
        """
        is_absent = find(remote, dispatch.place.path) is None
        if is_absent and not dispatch.stuck and self.marks.was_announced(dispatch):
            return self._sent(dispatch)
        return self._look_for(remote, dispatch)

    def _is_as_staged(self, remote: Remote, dispatch: Dispatch, entry: Entry) -> bool:
        """Somebody may have cut or changed it since; what cannot be read is uploaded again."""
        try:
            return is_unaltered(remote, dispatch, entry, self.tmp(dispatch))
        except NotFoundError:
            raise
        except PermanentError:
            return False

    def find_again(self, dispatch: Dispatch) -> None:
        """One in doubt that plainly lies there is there; of any other nothing is said anew."""
        dispatch = self.follow(dispatch)
        remote = self.marks.greet(dispatch.place.server)
        entry = find(remote, dispatch.place.path)
        if entry is not None and is_unaltered(remote, dispatch, entry):
            self._sent(dispatch)

    def _look_for(self, remote: Remote, dispatch: Dispatch) -> Dispatch:
        """One in doubt: where it plainly lies there, it is there. Its upload goes nowhere."""
        entry = find(remote, dispatch.place.path)
        if entry and is_unaltered(remote, dispatch, entry):
            return self._sent(dispatch)
        if find(remote, self.tmp(dispatch)):
            remote.delete(self.tmp(dispatch))
        raise self.altered(dispatch) if entry else self._doubtful(dispatch)

    def _wait_for_turn(self, remote: Remote, dispatch: Dispatch) -> None:
        """XMLs of one name go one after another: their uploads have one name, too."""
        if dispatch.kind in LEVELS:
            return
        self.folders.recognise(remote, dispatch.place)
        others = (*self.book.unfinished(), *self.book.untaken())
        before = [d for d in others if d.place == dispatch.place and d.number < dispatch.number]
        if any(d.stage in (Stage.PREPARED, Stage.STAGED) for d in before):
            raise _in_the_way(dispatch.place)
        if before:
            self._make_way(remote, dispatch.place)

    def _stage(self, dispatch: Dispatch, data: bytes | None) -> Dispatch:
        content = data if data is not None else self.read(dispatch)
        if content is None:
            return self._abandon(dispatch)
        try:
            entry = self._store(dispatch, self.tmp(dispatch), content)
        except VanishedError as error:
            raise self._vanished(dispatch, error) from error
        return self.book.stage(dispatch, self.now(), entry.modified)

    def read(self, dispatch: Dispatch) -> bytes | None:
        return self.exports.read(dispatch.archived, dispatch.sha256)

    def _store(self, dispatch: Dispatch, path: str, content: bytes) -> Entry:
        remote = self.marks.at(dispatch.place.server)
        self.ledger.hold()
        if dispatch.kind in LEVELS:
            return store_to_the_letter(remote, path, content, dispatch.place)
        return store_whole(remote, path, content)

    def _rename(self, dispatch: Dispatch) -> Dispatch:
        remote = self.marks.at(dispatch.place.server)
        if dispatch.stuck:
            dispatch = self.book.note_stuck(dispatch, None)
        try:
            if dispatch.kind not in LEVELS:
                self._make_way(remote, dispatch.place)
            self.marks.announce(dispatch)
            self._move(remote, dispatch)
        except PasserelleError as error:
            # Where the connection was lost, the shop may have taken the levels.
            is_lost = isinstance(error, (TransientError, TimeLimitError))
            if dispatch.kind not in LEVELS or not is_lost:
                self.book.note_stuck(dispatch, self.now())
            raise
        return self._sent(dispatch)

    def _move(self, remote: Remote, dispatch: Dispatch) -> None:
        self.ledger.hold()
        if dispatch.kind in LEVELS:
            remote.replace(self.tmp(dispatch), dispatch.place.path)
            return
        try:
            remote.rename(self.tmp(dispatch), dispatch.place.path)
        except NotFoundError as error:
            raise self._doubtful(dispatch) from error

    def _make_way(self, remote: Remote, place: Location) -> None:
        """A sales XML is never written over; the one before it is taken once its name is free."""
        if self.folders.look_for(remote, place) is not None:
            raise _in_the_way(place)
        for before in self.book.untaken():
            if before.place == place:
                self.take(before)

    def take(self, dispatch: Dispatch) -> None:
        self.book.take(dispatch, self.now())
        self.say(_("the ERP has taken {file}").format(file=dispatch.place.name))

    def _sent(self, dispatch: Dispatch, *, found_again: bool = True) -> Dispatch:
        """``found_again``: a run that did not know would see by the ``.tmp`` that is gone."""
        now = self.now()
        published = None
        if dispatch.uploaded and dispatch.staged:
            # The server's clock at this moment: as far from the upload as ours.
            published = dispatch.uploaded + (now - dispatch.staged)
        place = dispatch.place
        text = _("{file} is in place on {server}")
        name = place.path if dispatch.kind == Kind.POOL else place.name
        self.say(text.format(file=name, server=place.server))
        self.fresh.add(dispatch.number)
        self.orders_sent += len(self.book.orders_of(dispatch))
        return self.book.send(dispatch, now, published, lightly=found_again)

    def _abandon(self, dispatch: Dispatch) -> Dispatch:
        why = lost_in_archive(dispatch)
        self.say(f"! {why}")
        with suppress(PermanentError):
            self.marks.at(dispatch.place.server).delete(self.tmp(dispatch))
        return self.book.end(dispatch, Stage.ABANDONED, self.now(), why)

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
        content = data if data is not None else self.read(dispatch)
        if content is None:
            return self._abandon(dispatch)
        is_first = dispatch.stage == Stage.PREPARED
        dispatch = self.book.stage(dispatch, self.now(), None)
        try:
            self.marks.announce(dispatch)
        except PasserelleError:
            if is_first:
                self.book.unstage(dispatch, self.now())
            raise
        try:
            entry = self._store_directly(remote, dispatch, content, is_first=is_first)
        except VanishedError as error:
            if not self.settings.servers[dispatch.place.server].takes_at_once:
                raise self._vanished(dispatch, error) from error
        else:
            dispatch = self.book.stage(dispatch, self.now(), entry.modified, is_deed=False)
        return self._sent(dispatch, found_again=False)

    def _store_directly(
        self, remote: Remote, dispatch: Dispatch, content: bytes, *, is_first: bool
    ) -> Entry:
        """Half of a file that the ERP or the shop could take is removed at once.

        ``is_first``: there is no half of an earlier upload.
        """
        try:
            return self._store(dispatch, dispatch.place.path, content)
        except PasserelleError as error:
            is_undone = is_first and isinstance(error, PermanentError) and error.is_undone
            with suppress(PasserelleError):
                if not is_undone:
                    remote.delete(dispatch.place.path)
                self.book.unstage(dispatch, self.now())
            raise

    def _vanished(self, dispatch: Dispatch, error: VanishedError) -> PasserelleError:
        """Somebody took it at once: an XML is in doubt, levels are made anew."""
        if dispatch.kind in LEVELS:
            return error
        self.say(f"! {error}")
        if dispatch.stage == Stage.PREPARED:
            dispatch = self.book.stage(dispatch, self.now(), None)
        return self._doubtful(dispatch)

    def altered(self, dispatch: Dispatch) -> HeldError:
        """What lies under its name is not what was sent: nobody knows what the ERP makes of it."""
        told = self._doubtful(dispatch)
        what = _("what lies there is not what was sent: somebody cut or changed it")
        mend = _("take it away from there; {mend}").format(mend=told.mend)
        return HeldError(what, told.where, mend)

    def _doubtful(self, dispatch: Dispatch) -> HeldError:
        self.book.doubt(dispatch, self.now())
        what = _(
            "the file is gone, and was not seen to be taken: only the ERP knows whether it has it"
        )
        return DoubtfulError(what, str(dispatch.place), mend_of_doubt(self.ledger, dispatch))


def mend_of_doubt(ledger: Ledger, dispatch: Dispatch) -> str:
    """What a person does about one in doubt, with the commands for what hangs on it."""
    if dispatch.kind == Kind.SALE:
        begun = ledger.sales.in_states(SaleState.PREPARED)
        ids = [sale.id for sale in begun if sale.dispatch == dispatch.number]
        mend = _(
            "look for the sale in the ERP, then `{settle}` if it is there, or `{retry}` if it is "
            "not"
        )
    else:
        ids = ledger.dispatches.in_doubt(dispatch)
        mend = _(
            "look for its orders in the ERP, then `{settle}` if they are there, or `{resend}` if "
            "they are not"
        )
    verbs = ("settle", "resend", "retry")
    return mend.format(**{verb: of_xml(verb, dispatch.archived, ids) for verb in verbs})


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
