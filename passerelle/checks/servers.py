"""Checks of servers: connection, rights, what the server tells, and the files of others."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

from passerelle.base.deadline import Deadline
from passerelle.base.errors import ConfigError, NotFoundError, PasserelleError, PermanentError
from passerelle.base.language import _, n_
from passerelle.base.wording import in_words
from passerelle.checks.columns import check_file
from passerelle.checks.findings import Finding, fault, ok, warning
from passerelle.checks.local import TOKEN, filled
from passerelle.config.ledger import PASSWORD_KEY
from passerelle.config.model import Settings
from passerelle.config.passwords import account, secret_of
from passerelle.config.servers import Server, kind_of
from passerelle.exchange.sources import named_alike_there
from passerelle.exchange.uploads import tmp_name
from passerelle.ledger.ledger import reading_ledger
from passerelle.model.location import Location
from passerelle.model.servers import MARK_NAME
from passerelle.remotes import open_remote
from passerelle.remotes.base import Remote, is_gone

_FIRST = b"Passerelle tries whether it may write here.\r\n"
_SECOND = b"Passerelle tries whether it may replace a file here.\r\n"


class Probe:
    """A file goes through a publication: written, read back, renamed, replaced, deleted.

    Its name is like no other and ends in ``.tmp``, which no ERP or shop imports. Whatever fails,
    what was written is deleted again, as far as the server lets. ``direct``: the server forbids
    renaming, so do not try.

    Afterwards ``played`` says whether all went well, ``tells_size`` whether sizes are told,
    ``offset`` how far the server's clock is ahead of ours (``None`` where no times are told),
    ``left`` what could not be deleted again. ``longest`` is as long a name as a run will write.
    """

    def __init__(self, remote: Remote, folder: str, longest: str, *, direct: bool) -> None:
        self._remote, self.folder, self.direct = remote, folder, direct
        stem = f"passerelle-check-{token_hex(4)}"
        prefix = f"{folder}/" if folder else ""
        self._new, self._old = (f"{prefix}{stem}-{n}.tmp" for n in (1, 2))
        ending = f".{token_hex(4)}.tmp"
        self.long_name = longest[: -len(ending)] + ending
        self._long = f"{prefix}{self.long_name}"
        self.played = self.tells_size = False
        self.offset: timedelta | None = None
        self.left: list[str] = []

    def play(self) -> None:
        """Does everything that a publication does.

        Raises :class:`PasserelleError` for the first thing that fails.
        """
        try:
            self._write(_FIRST)
            if not self.direct:
                self._remote.rename(self._new, self._old)
            self._write(_SECOND)
            if not self.direct:
                self._remote.replace(self._new, self._old)
                self._read_back(self._old, _SECOND)
            self._remote.delete(self._new if self.direct else self._old)
            self.played = True
        finally:
            self._clean_up(self._new, self._old)

    def try_long_name(self) -> None:
        """Writes a file whose name is as long as a run's. Raises what the server says of it."""
        try:
            self._remote.store(self._long, _FIRST)
        except PermanentError:
            raise  # a name that is refused holds nothing to delete
        except PasserelleError:
            self._clean_up(self._long)
            raise
        self._clean_up(self._long)

    def _write(self, data: bytes) -> None:
        self._remote.store(self._new, data)
        now = datetime.now(UTC)
        entry = self._remote.stat(self._new)
        self.tells_size = entry.size is not None
        self.offset = entry.modified - now if entry.modified else None
        self._read_back(self._new, data)

    def _read_back(self, path: str, data: bytes) -> None:
        if self._remote.fetch(path) != data:
            what = _("a file reads back otherwise than it was written")
            raise PermanentError(what, path, _("ask the server's keeper"))

    def _clean_up(self, *paths: str) -> None:
        """Deletes what may be there; only a name that is certainly gone counts as deleted."""
        for path in paths:
            try:
                with suppress(NotFoundError):
                    self._remote.delete(path)
            except PasserelleError:
                self.left.append(path)


def check_server(settings: Settings, name: str) -> Iterator[Finding]:
    what = f"servers.{name}"
    yield from _check_promises(what, settings.servers[name])
    with _opened(settings, name) as remote:
        try:
            files = remote.list_files("")
        except PasserelleError as error:
            yield fault(what, error)
            return
        yield ok(
            what,
            n_(
                "connected; its base folder holds {n} file",
                "connected; its base folder holds {n} files",
                sum(not file.name.startswith(MARK_NAME) for file in files),
            ),
        )
        yield from _check_files(settings, name, remote)


def _check_files(settings: Settings, name: str, remote: Remote) -> Iterator[Finding]:
    direct = settings.servers[name].publish == "direct"
    names = _written(settings, name)
    probes = [Probe(remote, folder, longest, direct=direct) for folder, longest in names.items()]
    for probe in probes:
        yield from _check_written(f"{name}:{probe.folder}/", probe)
    # What the server tells of files, it tells in every folder.
    played = next((probe for probe in probes if probe.played), None)
    if played:
        yield from _check_told(f"servers.{name}", played)
        if played.offset is not None:
            _remember_clock(settings, name, played.offset)
    if names:
        yield _check_mark(settings, name, remote)
    for key, place in _sources(settings, name):
        offset = played.offset if played else None
        yield from _check_source(f"{key} ({place})", settings, remote, place, offset)
    refused = settings.orders.refused if settings.orders else None
    if refused and refused.server == name:
        yield _check_folder(f"orders.refused ({refused})", remote, refused)
    refused = settings.fulfil.refused if settings.fulfil.enabled else None
    if refused and refused.server == name:
        yield _check_folder(f"fulfil.refused ({refused})", remote, refused)
    cache = settings.shop.cache
    if cache and cache.server == name:
        yield _check_cache(f"shop.cache ({cache})", remote, settings.needed_cache)


def _check_mark(settings: Settings, name: str, remote: Remote) -> Finding:
    """Whether the mark by which another server is noticed can be left there."""
    what, folder = f"servers.{name}.marks", settings.servers[name].marks
    weaker = _("should this server be replaced, or our folder restored, it will not be noticed")
    mend = _("name a folder of the server for it in {key}").format(key=what)
    if folder in settings.import_folders(name):
        found = _("no mark is left where the ERP imports from")
        return warning(what, f"{found}: {weaker}", mend)
    path = "/".join(filter(None, (folder, f"{MARK_NAME}{TOKEN}")))
    try:
        remote.rewrite(path, _FIRST)
    except PermanentError as error:
        found = _("no mark can be left ({what})").format(what=error.what)
        return warning(what, f"{found}: {weaker}", mend)
    except PasserelleError as error:
        return fault(what, error)
    finally:
        with suppress(PasserelleError):
            remote.delete(path)
    where = f'"{folder}"' if folder else _("the server's base folder")
    return ok(
        what,
        _("our mark, by which another server is noticed, goes into {folder}").format(folder=where),
    )


@contextmanager
def _opened(settings: Settings, name: str) -> Iterator[Remote]:
    """With a run's time for itself."""
    remote = open_remote(name, settings.servers[name], Deadline(settings.time_limit))
    try:
        yield remote
    finally:
        remote.close()


def _check_promises(what: str, server: Server) -> Iterator[Finding]:
    """What the settings themselves weaken."""
    if urlsplit(server.url).scheme == "ftp":
        found = _("ftp:// sends the password and customers' data in clear")
        yield warning(f"{what}.url", found, _("use ftps:// or sftp:// if the server has them"))
    if "verify_tls" in kind_of(server.url).keys and not server.verify_tls:
        found = _("the certificate is not verified: another machine may pose as the server")
        yield warning(f"{what}.verify_tls", found, _("set verify_tls = true and trust its issuer"))
    if server.publish == "direct":
        found = _("others may see half a file, and a cut upload asks a person what became of it")
        mend = _('set publish = "rename" if the server lets rename')
        yield warning(f"{what}.publish", found, mend)


def _written(settings: Settings, name: str) -> dict[str, str]:
    """The folders of this server that runs write to, with the longest name that they write."""
    renames = settings.servers[name].publish == "rename"
    longest: dict[str, str] = {}
    for place in settings.written_places():
        if place.server == name:
            written = filled(tmp_name(place.name, TOKEN) if renames else place.name)
            names = longest.get(place.folder, ""), written
            longest[place.folder] = max(names, key=lambda one: len(one.encode()))
    return longest


def _sources(settings: Settings, name: str) -> list[tuple[str, Location]]:
    sections = {"orders.from": settings.orders, "stock.from": settings.stock}
    places = [(key, section.source) for key, section in sections.items() if section]
    if settings.pool:
        read = [pair for pair in settings.pool.places() if not pair[0].endswith(".stock_to")]
        places += [pair for pair in read if pair[1] not in [place for _key, place in places]]
    return [(key, place) for key, place in places if place.server == name]


def _check_written(what: str, probe: Probe) -> Iterator[Finding]:
    """Goes through a publication with a probe file, and says what the server tells of files."""
    try:
        probe.play()
    except NotFoundError as error:
        yield fault(what, error, _("create the folder on the server, or mend the path"))
    except PasserelleError as error:
        yield fault(what, error)
    else:
        deeds = _("files can be written, renamed, replaced and deleted")
        if probe.direct:
            deeds = _("files can be written, overwritten and deleted")
        yield ok(what, deeds)
        yield from _check_long_name(what, probe)
    if probe.left:
        found = _("{names} may still be there").format(names=", ".join(probe.left))
        yield warning(what, found, _("look, and delete it by hand"))


def _check_long_name(what: str, probe: Probe) -> Iterator[Finding]:
    try:
        probe.try_long_name()
    except PermanentError as error:
        text = _("runs will write a name that is too long here, of {n} characters ({error})")
        found = text.format(n=len(probe.long_name), error=error.what)
        mend = _('choose a shorter file name in "to"')
        yield fault(what, ConfigError(found, probe.long_name, mend))
    except PasserelleError as error:
        yield fault(what, error)


def _check_told(what: str, probe: Probe) -> Iterator[Finding]:
    """What the server tells of files, and its clock."""
    if not probe.tells_size:
        found = _("the server tells no sizes (SIZE): files are read twice, uploads read back")
        yield warning(what, found, _("have its keeper allow SIZE or MLST"))
    if probe.offset is None:
        found = _("the server tells no times (MDTM): max_age sees only a file that stays the same")
        yield warning(what, found, _("have its keeper allow MDTM or MLST"))
    else:
        yield ok(_("{server}, clock").format(server=what), _skew(probe.offset))


def _remember_clock(settings: Settings, name: str, offset: timedelta) -> None:
    """For a dry run, which leaves no probe: without it, it takes the server's clock for ours.

    One that runs have measured stays theirs, and what cannot be written is no fault of a server.
    """
    with suppress(PasserelleError), reading_ledger(settings.ledger_at) as ledger:
        if ledger.stock.clock_offset(name) is None:
            ledger.stock.set_clock_offset(name, offset, datetime.now(UTC))


def _skew(offset: timedelta) -> str:
    """Told, but no fault: decisions compare the server's times with each other."""
    if abs(offset) < timedelta(seconds=2):
        return _("the server's clock agrees with this machine's")
    ahead = _(
        "the server's clock is {span} ahead of this machine's; "
        "ages are counted by the server's own clock"
    )
    behind = _(
        "the server's clock is {span} behind this machine's; "
        "ages are counted by the server's own clock"
    )
    text = ahead if offset > timedelta(0) else behind
    return text.format(span=in_words(abs(offset)))


def _check_source(
    what: str, settings: Settings, remote: Remote, place: Location, offset: timedelta | None
) -> Iterator[Finding]:
    """A file of others. Absent, it may just not be written yet; denied, it never will be read."""
    try:
        if is_gone(remote, place.path):
            usual = _("look whether the shop or the ERP writes it")
            yield warning(
                what, _("no such file now"), named_alike_there(remote, place.path) or usual
            )
            return
        modified = remote.stat(place.path).modified
        data = remote.fetch(place.path)
    except PasserelleError as error:
        yield fault(what, error)
        return
    size = len(data)
    yield ok(what, f"{n_('{n} byte', '{n} bytes', size)}, {_age(modified, offset)}")
    yield from check_file(settings, place, data)


def _check_folder(what: str, remote: Remote, place: Location) -> Finding:
    try:
        number = len(remote.list_files(place.path))
    except NotFoundError as error:
        return fault(what, error, _("create the folder on the server, or mend the path"))
    except PasserelleError as error:
        return fault(what, error)
    return ok(what, n_("it holds {n} file", "it holds {n} files", number))


def _check_cache(what: str, remote: Remote, prod: Location) -> Finding:
    """A shop builds it at its first page. Whether it may be renamed, only renaming would show."""
    try:
        is_there = remote.has_folder(prod.path)
    except PasserelleError as error:
        return fault(what, error)
    if is_there:
        return ok(what, _("it holds prod, which `passerelle shop clear-cache` renames"))
    mend = _("name the folder that holds prod, mostly var/cache in the shop's folder")
    return warning(what, _("it holds no folder prod"), mend)


def _age(modified: datetime | None, offset: timedelta | None) -> str:
    if modified is None:
        return _("of unknown age")
    age = datetime.now(UTC) + (offset or timedelta(0)) - modified
    if age < -timedelta(seconds=5):
        return _("dated {span} in the future").format(span=in_words(-age))
    by_ours = _("written {span} ago, by this machine's clock")
    text = by_ours if offset is None else _("written {span} ago")
    return text.format(span=in_words(max(age, timedelta(0))))


def check_password(name: str, server: Server, config: Path) -> list[Finding]:
    """Whether the account that runs this can read the password; nothing for a mere folder."""
    if "password" not in kind_of(server.url).keys:
        return []
    what = f"servers.{name}.password"
    return _check_secret(what, name, server.password.get_secret_value(), config)


def check_ledger_password(settings: Settings, config: Path) -> list[Finding]:
    """The same of the database that keeps the ledger; nothing where there is none."""
    if not settings.ledger:
        return []
    source = settings.ledger_password.get_secret_value()
    return _check_secret(PASSWORD_KEY, PASSWORD_KEY, source, config)


def _check_secret(what: str, name: str, source: str, config: Path) -> list[Finding]:
    try:
        password = secret_of(name, source)
    except ConfigError as error:
        return [fault(what, error)]
    if source == "keyring":
        found = _("{account} can read it in the credential store")
        return [ok(what, found.format(account=account()))]
    if source.startswith("env:"):
        found = _("{account} has it in the variable {variable}")
        variable = source.removeprefix("env:")
        return [ok(what, found.format(account=account(), variable=variable))]
    return (
        _check_written_password(what, name, config)
        if password
        else [ok(what, _("none is configured"))]
    )


def _check_written_password(what: str, name: str, config: Path) -> list[Finding]:
    mend = _('`passerelle secret set {server}`, then write {key} = "keyring"')
    seen = _("it is written in {file} for everyone to see").format(file=config.name)
    key = what.rpartition(".")[2]
    found = [warning(what, seen, mend.format(server=name, key=key))]
    if os.name != "nt" and config.stat().st_mode & 0o077:
        lock = f"chmod 600 {config}"
        found.append(warning(config.name, _("other users of this machine may open it"), lock))
    return found
