"""Our mark on each server: "gone" and "no .tmp" are believed of the place that we wrote to alone.

The order of deeds: the ledger counts the deed (``seq``), the mark says so, the mark is read
again, and only then a file gets its name. So a copy of this ledger, whether restored from a backup
or running elsewhere, meets a mark that is ahead of it; another server has no mark of ours.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress

from msgspec.structs import asdict, replace

from passerelle.base.errors import (
    ConfigError,
    HeldError,
    NotFoundError,
    PasserelleError,
    PermanentError,
    TransientError,
)
from passerelle.base.language import _
from passerelle.config.model import Settings
from passerelle.config.servers import address_of
from passerelle.exchange.uploads import ATTEMPTS
from passerelle.ledger.ledger import Ledger
from passerelle.model.records import Dispatch
from passerelle.model.servers import MARK_NAME, KnownServer, ServerMark
from passerelle.remotes.base import Remote
from passerelle.rules.marks import Side, look_at_mark, namesake, new_names, rivals


class Marks:
    """The marks of one run. Each server is looked at when it is first needed, once."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        remote: Callable[[str], Remote],
        say: Callable[[str], None],
    ) -> None:
        self._settings, self._ledger, self._remote, self._say = settings, ledger, remote, say
        self._looked_at: dict[str, HeldError | None] = {}
        self._own: dict[str, ServerMark | None] = {}
        self._weak: set[str] = set()
        self._seen_at: dict[tuple[str, str], str] = {}

    def at(self, name: str) -> Remote:
        """The server of that name, once it is known to be the one that the ledger wrote to.

        Raises :class:`HeldError` where it is not, and what servers raise.
        """
        remote = self._remote(name)
        if name not in self._looked_at:
            self._looked_at[name] = self._look(name)
        if held := self._looked_at[name]:
            raise held
        return remote

    def follow_names(self) -> None:
        """A server is its address: what was promised to one follows it to its new name."""
        servers = {name: address_of(s.url) for name, s in self._settings.servers.items()}
        if names := new_names(self._ledger.servers.all(), servers):
            self._ledger.servers.rename(names)
        for old, new in names.items():
            self._say(_('server "{old}" is called "{new}" now').format(old=old, new=new))

    def greet(self, name: str) -> Remote:
        """The same. Where our mark does not say our names yet, others are looked for before.

        Raises :class:`ConfigError` where another Passerelle writes files of the same names.
        """
        remote = self.at(name)
        if not self._says_our_names(name):
            self._refuse_rivals(name)
        return remote

    def _says_our_names(self, name: str) -> bool:
        own = self._own.get(name)
        return bool(own and own.names == tuple(self.names(name)))

    def announce(self, dispatch: Dispatch) -> None:
        """Says on the server that this file comes next; the ledger has counted that already.

        Raises :class:`HeldError` where another writes our mark, and :class:`ConfigError` where
        another Passerelle writes files of the same names. A server that takes no mark is told.
        """
        name = dispatch.place.server
        remote, known = self.at(name), self._ledger.servers.known(name)
        if known is None or (path := self.place(name)) is None:
            return
        try:
            self._write(remote, path, known, dispatch)
        except PermanentError as error:
            self._go_without(known, error)
            return
        older = [old for old in known.marks if old != path]
        older = [old for old in older if self._is_rewritten(remote, old, known, dispatch)]
        self._ledger.servers.note_mark(name, known.seq, (*older, path))
        if not self._says_our_names(name):
            self._refuse_rivals(name)
            self._own[name] = self.read(name)

    def was_announced(self, dispatch: Dispatch) -> bool:
        """Whether its turn to be renamed had come; always so on a server that takes no mark."""
        known = self._ledger.servers.known(dispatch.place.server)
        if known and known.marked is False:
            return True
        own = self.read(dispatch.place.server)
        return bool(own and own.dispatch == dispatch.number)

    def read(self, name: str, ledger: str = "") -> ServerMark | None:
        """The mark of a ledger, by default ours; ``None`` where there is none to be read."""
        path = self.place(name, ledger)
        return self._read_at(name, path, ledger or self.token) if path else None

    def _read_at(self, name: str, path: str, ledger: str) -> ServerMark | None:
        try:
            return _parsed(self._remote(name).fetch(path), ledger)
        except PermanentError:
            return None

    def _read_own(self, name: str, known: KnownServer | None) -> ServerMark | None:
        """Our mark; until there is a newer one, where ``marks`` of config.toml had it before."""
        paths = dict.fromkeys((self.place(name), *(known.marks if known else ())))
        found = [self._read_at(name, path, self.token) for path in paths if path]
        return max((mark for mark in found if mark), key=lambda mark: mark.seq, default=None)

    def place(self, name: str, ledger: str = "") -> str | None:
        """The path of a mark on that server; ``None`` where the ERP imports whatever lies there."""
        if (name, ledger) in self._seen_at:
            return self._seen_at[name, ledger]
        folder = self._settings.servers[name].marks.strip("/")
        if folder in self._settings.import_folders(name):
            return None
        return "/".join(filter(None, (folder, MARK_NAME + (ledger or self.token))))

    def of_others(self, name: str) -> list[ServerMark]:
        """The marks of other ledgers; none of a folder that cannot be listed.

        Another's base folder may be below ours, with its mark in it: its names are told from ours.
        """
        found = list[ServerMark]()
        for folder in self._where_others_may_mark(name):
            with suppress(PermanentError):
                listed = self._remote(name).list_files(folder)
                ledgers = [entry.name.removeprefix(MARK_NAME) for entry in listed
                           if entry.name.startswith(MARK_NAME)]  # fmt: skip
                for ledger in ledgers:
                    found += self._of_another(name, folder, ledger)
        return found

    def _of_another(self, name: str, folder: str, ledger: str) -> list[ServerMark]:
        if ledger == self.token:
            return []
        self._seen_at[name, ledger] = "/".join(filter(None, (folder, MARK_NAME + ledger)))
        if (mark := self.read(name, ledger)) is None:
            return []
        if folder in ("", self._settings.servers[name].marks.strip("/")):
            return [mark]
        return [replace(mark, names=tuple(f"{folder}/{one}" for one in mark.names))]

    def _where_others_may_mark(self, name: str) -> Iterator[str]:
        """Each folder on the way to what we write, but those that the ERP imports from."""
        imports, paths = self._settings.import_folders(name), [*self.names(name)]
        ways = [path.split("/")[:depth] for path in paths for depth in range(path.count("/") + 1)]
        folders = (self._settings.servers[name].marks.strip("/"), *map("/".join, ways))
        yield from (folder for folder in dict.fromkeys(folders) if folder not in imports)

    @property
    def token(self) -> str:
        return self._ledger.servers.token

    def remove(self, name: str, ledger: str) -> None:
        """Takes away another ledger's mark: that one is held from then on."""
        if path := self.place(name, ledger):
            with suppress(NotFoundError):
                self._remote(name).delete(path)

    # --- looking -----------------------------------------------------------------------------

    def _look(self, name: str) -> HeldError | None:
        address = address_of(self._settings.servers[name].url)
        known = self._ledger.servers.at(name, address)
        self._own[name] = own = self._read_own(name, known)
        match self.side(name, own):
            case Side.AHEAD:
                return _ahead(name, self.place(name) or "")
            case Side.NAMED_TWICE if own and (other := namesake(own, self._others(name))):
                return _named_twice(name, other.name, self.place(name) or "")
            case Side.ELSEWHERE:
                return _elsewhere(name)
            case Side.MOVED:
                text = _("{server} moved: our mark there was made at {address}")
                self._say(text.format(server=name, address=own.address if own else ""))
        if known and known.address != address:
            self._ledger.servers.remember(replace(known, address=address))
        return None

    def side(self, name: str, own: ServerMark | None) -> Side:
        """Who our own mark there says to be on the other side."""
        address, book = address_of(self._settings.servers[name].url), self._ledger.servers
        known, is_open, others = book.at(name, address), book.has_open(name), self._others(name)
        return look_at_mark(known, own, address, is_open=is_open, others=others)

    def _others(self, name: str) -> list[KnownServer]:
        """Those that are still where the ledger knows them to be."""
        there = {n: address_of(s.url) for n, s in self._settings.servers.items() if n != name}
        return [o for o in self._ledger.servers.all() if there.get(o.name) == o.address]

    def _refuse_rivals(self, name: str) -> None:
        for mark in rivals(self.names(name), self.of_others(name)):
            what = _("another Passerelle ({ledger}) writes files of the same names there")
            mend = _(
                "give {{channel}} a place in the names of both config.toml; or, if this one takes "
                "over from it, say `passerelle orders adopt --until-mark`"
            )
            place = f"{name}:{self.place(name, mark.ledger)}"
            raise ConfigError(what.format(ledger=mark.ledger), place, mend.format())

    def names(self, name: str) -> Iterator[str]:
        for place in self._settings.written_places():
            if place.server == name:
                yield place.path

    # --- writing -----------------------------------------------------------------------------

    def _write(self, remote: Remote, path: str, known: KnownServer, dispatch: Dispatch) -> None:
        newest = self._ledger.servers.newest_sent()
        mark = ServerMark(
            self.token, known.address, known.seq, dispatch.number, dispatch.archived,
            newest, tuple(self.names(known.name)),
        )  # fmt: skip
        data = (json.dumps(asdict(mark), ensure_ascii=False) + "\n").encode()
        self._ledger.hold()
        for _attempt in range(ATTEMPTS):
            remote.rewrite(path, data)
            # A line that is cut may take no more than the last line's end.
            again = _parsed(remote.fetch(path), self.token)
            if again == mark:
                return
            if again.seq:
                raise self._changed(known.name, path)
        what = _("our mark did not arrive whole")
        raise TransientError(what, f"{known.name}:{path}", _("the next run tries again"))

    def _is_rewritten(
        self, remote: Remote, path: str, known: KnownServer, dispatch: Dispatch
    ) -> bool:
        """``marks`` was edited: older copies of this ledger look where the mark was before."""
        if self._read_at(known.name, path, self.token) is None:
            return False
        try:
            self._write(remote, path, known, dispatch)
        except PermanentError as error:
            text = _("! our mark of before cannot be rewritten: delete {place} ({what})")
            self._say(text.format(place=f"{known.name}:{path}", what=error.what))
        return True

    def _changed(self, name: str, path: str) -> HeldError:
        self._looked_at[name] = held = _ahead(name, path)
        return held

    def _go_without(self, known: KnownServer, error: PasserelleError) -> None:
        if known.name not in self._weak:
            text = _(
                "no mark can be left on {server} ({what}): should it be replaced, or this folder "
                "be restored from a backup, it will not be noticed there"
            )
            self._say(f"! {text.format(server=known.name, what=error.what)}")
        self._weak.add(known.name)
        self._ledger.servers.remember(replace(known, marked=False))


def _parsed(data: bytes, ledger: str) -> ServerMark:
    """A mark; one that was cut short has ``seq`` 0."""
    try:
        told = json.loads(data)
        told["names"] = tuple(map(str, told["names"]))
        return ServerMark(**told)
    except (ValueError, TypeError, KeyError):
        return ServerMark(ledger, "", 0)


def _ahead(name: str, path: str) -> HeldError:
    what = _("more was sent there in this ledger's name than it knows of")
    mend = _(
        "does a copy of this folder run elsewhere? Stop one of them. Was it restored? Put back the "
        "newest passerelle.db, or its database; else `passerelle orders adopt --until-mark`"
    )
    return HeldError(what, f"{name}:{path}", mend)


def _named_twice(name: str, other: str, path: str) -> HeldError:
    what = _('this is the server "{other}" under another name')
    mend = _(
        "give [servers.{server}] url and password of [servers.{other}], so that both count as one; "
        "is it another one that files were copied to, delete this mark there"
    )
    where = f"{name}:{path}"
    return HeldError(what.format(other=other), where, mend.format(other=other, server=name))


def _elsewhere(name: str) -> HeldError:
    what = _(
        "our mark is not there as we left it: this may be another server, another folder, an empty "
        "share, or a server that was put back"
    )
    mend = _(
        "mend the url, connect the share; or look there, then `passerelle servers accept {server}`"
        ", with --restored where this folder was put back from a backup, too"
    )
    return HeldError(what, name, mend.format(server=name))
