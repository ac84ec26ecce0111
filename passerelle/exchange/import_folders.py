"""The folder that the ERP imports from: who else sends there, and whether it is still the same one.

Our mark lies elsewhere: it tells of the server, not of this folder, and another Passerelle may
leave its own where we cannot see it. So the names that lie there are looked at right before one
gets its own; and a file that is gone was taken out of the very folder that it was put into, as far
as the server can tell one folder from another.
"""

from collections.abc import Collection
from contextlib import suppress

from msgspec.structs import replace

from passerelle.base.errors import HeldError, NotFoundError, PermanentError
from passerelle.base.language import _
from passerelle.config.model import Settings
from passerelle.config.servers import address_of
from passerelle.exchange.marks import Marks
from passerelle.exchange.uploads import free_place, is_unaltered
from passerelle.ledger.ledger import Ledger
from passerelle.model.location import Location
from passerelle.model.records import Dispatch
from passerelle.model.servers import KnownServer
from passerelle.model.states import Kind, Stage
from passerelle.remotes.base import Entry, Remote, find, is_gone
from passerelle.rules.marks import like_ours


class ImportFolders:
    """Each is known by a place in it."""

    def __init__(self, settings: Settings, ledger: Ledger, marks: Marks) -> None:
        self._settings, self._ledger, self._marks = settings, ledger, marks
        self._recognised = set[tuple[str, str]]()

    def of_today(self, dispatch: Dispatch) -> Location | None:
        """Where an XML goes since config.toml names another folder; else ``None``."""
        orders, place, book = self._settings.orders, dispatch.place, self._ledger.dispatches
        if orders is None or book.channel_of(dispatch) != orders.channel:
            return None
        to = orders.to if dispatch.kind == Kind.ORDERS else self._settings.fulfil.to
        if to is None or (to.server, to.folder) == (place.server, place.folder):
            return None
        same, is_ours = to.with_name(place.name), like_ours([place.name], [to.name], "")
        is_named = dispatch.kind != Kind.ORDERS or (is_ours and not book.is_used(same))
        if is_named or dispatch.stage != Stage.PREPARED:
            return same
        return free_place(to, dispatch.prepared, book.is_used)

    def lies_at(self, place: Location, dispatch: Dispatch) -> bool:
        """Whether what was sent lies there, byte for byte: somebody moved it along."""
        remote = self._marks.at(place.server)
        entry = find(remote, place.path)
        return entry is not None and is_unaltered(remote, dispatch, entry, place.path)

    def look_for(self, remote: Remote, place: Location) -> Entry | None:
        """The file of that name, if there is one, right before one of ours gets it.

        Raises :class:`HeldError` where another program sends there under names like ours, and
        where the folder was replaced.
        """
        self.recognise(remote, place)
        beside = None
        try:
            entry = remote.stat(place.path)
        except NotFoundError as error:
            beside = error.beside
        else:
            # Of one name that never changes, an older file of anybody's may lie there still.
            changing = [name for name in self._templates(place) if "{" in name]
            is_ours = place in self._ours(Stage.SENT, Stage.DOUBTFUL)
            if like_ours([place.name], changing, self._marks.token) and not is_ours:
                raise self._noticed(place)
            return entry
        if beside is None:
            beside = []
            with suppress(PermanentError):
                beside = [entry.name for entry in remote.list_files(place.folder)]
        for name in like_ours(beside, self._templates(place), self._marks.token):
            stranger = place.with_name(name)
            if name.endswith(".tmp") or not self._ledger.dispatches.is_used(stranger):
                raise self._noticed(stranger)
        self._compare_ours(remote, place, beside)
        return None

    def _compare_ours(self, remote: Remote, place: Location, beside: Collection[str]) -> None:
        """What another wrote under a name of ours may hold the orders that come next."""
        book = self._ledger.dispatches
        for one in (*book.untaken(), *book.unfinished()):
            lies = one.place.name in beside and one.place == place.with_name(one.place.name)
            if not lies or one.stage not in (Stage.SENT, Stage.DOUBTFUL):
                continue
            entry = find(remote, one.place.path)
            if entry is None or (entry.size, entry.modified) == (one.size, one.uploaded):
                continue
            if not is_unaltered(remote, one, entry):
                what = _("what lies there is not what was sent: nothing more goes there meanwhile")
                raise HeldError(what, str(one.place), _("take it away from there"))

    def _noticed(self, stranger: Location) -> HeldError:
        """Whose orders the other one has sent, only a person knows: it is remembered."""
        name = stranger.server
        known = self._ledger.servers.known(name)
        known = known or KnownServer(name, address_of(self._settings.servers[name].url), 0)
        self._ledger.servers.remember(replace(known, stranger=stranger.path))
        return _others_send(stranger)

    def _templates(self, place: Location) -> list[str]:
        templates = (self._settings.orders and self._settings.orders.to, self._settings.fulfil.to)
        here = (place.server, place.folder)
        return [one.name for one in templates if one and (one.server, one.folder) == here]

    def _ours(self, *stages: Stage) -> list[Location]:
        """Where XMLs of ours lie, or may."""
        book = self._ledger.dispatches
        found = (*book.untaken(), *book.unfinished())
        return [dispatch.place for dispatch in found if dispatch.stage in stages]

    def recognise(self, remote: Remote, place: Location) -> None:
        """Looks once a run which folder that is, and notes it.

        Raises :class:`HeldError` where it is another one, and what lay there is gone with the one
        before; also where another program was noticed there, until a person has looked.
        """
        known = self._ledger.servers.known(place.server)
        if known is None:
            return
        stranger = Location(place.server, known.stranger) if known.stranger else None
        if stranger and stranger.folder == place.folder:
            raise _others_send(stranger)
        if (place.server, place.folder) not in self._recognised:
            self._compare(remote, place, known)
            self._recognised.add((place.server, place.folder))

    def _compare(self, remote: Remote, place: Location, known: KnownServer) -> None:
        """Where the base folder has another number too, although our mark is there, numbers prove
        nothing: some file systems give new ones at each start.
        """
        number, before = _number(remote, place.folder), known.folders.get(place.folder)
        if not number or number == before:
            return
        base = _number(remote, "")
        is_proof = not place.folder or base == known.folders.get("")
        if before and is_proof and self._is_missing(remote, place):
            raise _another_folder(place)
        folders = {**known.folders, "": base, place.folder: number}
        self._ledger.servers.note_folders(place.server, folders)

    def _is_missing(self, remote: Remote, place: Location) -> bool:
        here = (place.server, place.folder)
        there = [one for one in self._ours(Stage.SENT) if (one.server, one.folder) == here]
        return any(is_gone(remote, one.path) for one in there)


def _number(remote: Remote, folder: str) -> str:
    with suppress(PermanentError):
        return remote.folder_number(folder)
    return ""


def _others_send(stranger: Location) -> HeldError:
    what = _("this file is not ours: another program sends there under names like ours")
    mend = _(
        "stop one of the two or, if their orders differ, give {{channel}} a place in the names of "
        "both config.toml; then `passerelle servers accept {server}`"
    )
    return HeldError(what, str(stranger), mend.format(server=stranger.server))


def _another_folder(place: Location) -> HeldError:
    what = _(
        "this folder is another one than we wrote to: what is gone with it was perhaps not taken"
    )
    mend = _("put the folder back; or look into the ERP, then `passerelle servers accept {server}`")
    return HeldError(what, f"{place.server}:{place.folder}", mend.format(server=place.server))
