"""FTP, and FTP over TLS (explicit and implicit), always in binary mode.

Sources: RFC 959 (FTP), RFC 3659 (SIZE, MDTM, MLST, MLSD, all times UTC), RFC 2640 (UTF-8 names),
RFC 4217 (TLS), RFC 1738 (a URL's path starts at the login folder, ``//`` at the root); OpenSSL's
verification codes: openssl-verification-options(1), X509_V_ERR_*.
"""

import ftplib
import os
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

from passerelle.base.deadline import Deadline
from passerelle.base.errors import (
    AccessDeniedError,
    AlreadyThereError,
    LoginRefusedError,
    NotFoundError,
    PermanentError,
    TransientError,
    UnreachableError,
)
from passerelle.base.language import _
from passerelle.base.progress import moved
from passerelle.base.regex import regex
from passerelle.config.passwords import hidden
from passerelle.config.servers import Server
from passerelle.remotes.base import (
    Deed,
    Entry,
    checked,
    disk_full,
    find,
    gather,
    no_renaming,
    right_to,
)
from passerelle.remotes.replies import Cause, cause_in, refuses_size

_CHUNK = 1 << 16
_UNAVAILABLE = ("450", "451", "550", "553")
# Pure-FTPd answers 451 to RNTO, ProFTPD 450, though asking again would not help.
_FINAL = ("absent", "denied", "full", "there")
_NOT_IMPLEMENTED = ("500", "502", "504")
_NOT_LOGGED_IN = ("530", "532", "332")
_FOLDER_TYPES = ("dir", "cdir", "pdir")
_DOS_FOLDER = regex(r"\s<(?:DIR|JUNCTION|SYMLINKD)>\s")
# At the beginning of a line of facts; some send it as a line of the reply's own.
_FACT = regex(r"(?:250-)? *[\w.-]+=[^;]*[; ]")
_TIME = regex(r"(?<!\d)(\d{14,})(?:\.(\d+))?")
_EMPTY_FOLDER = regex(r"no (?:such )?files?|no files|empty", re.IGNORECASE)
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAME = (62, 64)
_UNKNOWN_ISSUER = (2, 18, 19, 20, 21)


class FtpRemote:
    """One login on an FTP server."""

    def __init__(self, name: str, server: Server, password: str, deadline: Deadline) -> None:
        self._name, self._server, self._deadline = name, server, deadline
        self._url, self._password = urlsplit(server.url), password
        self._features: set[str] = set()
        self._is_logged_in = False
        self._knows_encoding = self._tells_numbers = False
        # What stood beside the file that was last looked for in a listing.
        self._beside: list[str] = []
        self._ftp = self._client()
        try:
            with self._telling(""):
                self._log_in(password)
                self._features = self._ask_features()
                self._base = self._find_base()
        except BaseException:
            self.close()
            raise

    # --- the protocol of this room -----------------------------------------------------------

    def stat(self, path: str) -> Entry:
        with self._telling(path):
            if "MLST" in self._features:
                return self._stat_by_mlst(path)
            return self._stat_by_size(path)

    def list_files(self, folder: str) -> list[Entry]:
        with self._telling(folder):
            self._command(f"CWD {self._full(folder)}")
            if "MLST" in self._features:
                with _suppressed(_NOT_IMPLEMENTED):
                    return self._list_by_mlsd()
            names = self._list_by_nlst()
            folders = self._folders(names)
            return [Entry(name, None, None) for name in names if name not in folders]

    def folder_number(self, folder: str) -> str:
        """The fact ``unique`` (RFC 3659, 7.5.2), where FEAT says that it is told."""
        if not self._tells_numbers:
            return ""
        with self._telling(folder):
            reply = self._command(f"MLST {self._full(folder)}")
        facts = next((line for line in reply.split("\n") if line.startswith(" ")), "")
        return _facts_of(facts.strip().partition(" ")[0]).get("unique", "")

    def has_folder(self, path: str) -> bool:
        with suppress(NotFoundError), self._telling(path):
            try:
                self._command(f"CWD {self._full(path)}")
            except ftplib.error_perm:
                # A file, nothing, or a folder that this account may not enter.
                if path.rpartition("/")[2] in self._folders(self._names_beside(path)):
                    raise
                return False
            return True
        return False

    def fetch(self, path: str) -> bytes:
        with self._telling(path):
            return self._download(f"RETR {self._full(path)}")

    def store(self, path: str, data: bytes) -> None:
        try:
            with self._telling(path, "write", is_new=True):
                connection = self._open_data(f"STOR {self._full(path)}")
        except PermanentError as error:
            error.is_undone = True
            raise
        with self._telling(path, "write", is_new=True):
            try:
                self._upload(connection, data)
            except (ConnectionError, ssl.SSLEOFError):
                # A server whose disk is full hangs up, and says why on the control connection.
                self._ftp.voidresp()
                raise
            self._ftp.voidresp()

    def rewrite(self, path: str, data: bytes) -> None:
        self.store(path, data)

    def rename(self, old: str, new: str) -> None:
        target = self._name_to_rename(old, new)
        try:
            with self._telling(new, "rename", is_new=True):
                self._command(f"RNTO {target}")
        except PermanentError as error:
            if find(self, new) is None and not self.has_folder(new):
                raise
            raise AlreadyThereError(_("the name is taken"), f"{self._name}:{new}") from error

    def _name_to_rename(self, old: str, new: str) -> str:
        with self._telling(old, "rename"):
            target = self._full(new)
            reply = self._command(f"RNFR {self._full(old)}")
            if not reply.startswith("3"):
                raise ftplib.error_perm(f"502 {reply}")
        return target

    def replace(self, old: str, new: str) -> None:
        """Deletes ``new`` first only where the server will not rename over it (IIS, FileZilla).

        For a moment no file has that name then. Where RNFR is refused, ``new`` stays as it is.
        """
        target = self._name_to_rename(old, new)
        try:
            with self._telling(new, "rename", is_new=True):
                self._command(f"RNTO {target}")
        except PermanentError:
            if find(self, new) is None:
                raise
            self.delete(new)
            self.rename(old, new)

    def delete(self, path: str) -> None:
        with self._telling(path, "delete"):
            self._command(f"DELE {self._full(path)}")

    def close(self) -> None:
        with suppress(Exception):
            if self._ftp.sock is not None:
                self._ftp.sock.settimeout(2)
                self._ftp.quit()
        with suppress(Exception):
            self._ftp.close()

    # --- opening -----------------------------------------------------------------------------

    def _client(self) -> "_WholeReplies":
        timeout = self._patience()
        if self._url.scheme == "ftp":
            # Reply texts come in any encoding; latin-1 reads them all without failing.
            return _WholeReplies(timeout=timeout, encoding="latin-1")
        context = ssl.create_default_context()
        if not self._server.verify_tls:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return _ReusingTls(context, timeout, implicit=self._url.scheme == "ftps-implicit")

    def _log_in(self, password: str) -> None:
        implicit = self._url.scheme == "ftps-implicit"
        port = self._url.port or (990 if implicit else 21)
        self._ftp.connect(self._url.hostname or "", port, self._patience())
        self._ftp.over.add("220")
        if isinstance(self._ftp, ftplib.FTP_TLS) and not implicit:
            self._ftp.auth()
        user = unquote(self._url.username or "") or "anonymous"
        # What is sent from here on is UTF-8, unless FEAT says otherwise; replies stay latin-1.
        self._ftp.encoding = "utf-8"
        self._ftp.login(user, password)
        self._is_logged_in = True
        self._ftp.over.add("230")
        if isinstance(self._ftp, ftplib.FTP_TLS):
            self._ftp.prot_p()
        self._ftp.set_pasv(self._server.passive)
        self._command("TYPE I")

    def _ask_features(self) -> set[str]:
        try:
            reply = self._command("FEAT")
        except (ftplib.error_perm, ftplib.error_temp):
            reply = ""
        told = [line.split() for line in reply.splitlines()[1:-1] if line.split()]
        features = {words[0].upper() for words in told}
        self._tells_numbers = any(words[0].upper() == "MLST" and "unique*" in words[-1].lower()
                                  for words in told)  # fmt: skip
        if "UTF8" in features:
            with suppress(ftplib.error_perm, ftplib.error_temp):
                self._command("OPTS UTF8 ON")
            self._knows_encoding = True
        return features

    def _find_base(self) -> str:
        """The base folder from the root: RFC 1738 counts a URL's path from the login folder."""
        path = unquote(self._url.path[1:]).rstrip("/")
        if path.startswith("/") or self._url.path.startswith("//"):
            return "/" + path.strip("/")
        reply = _text_of(self._command("PWD").encode("latin-1"))
        home = ftplib.parse257(reply).rstrip("/")
        return f"{home}/{path}" if path else home

    # --- commands ----------------------------------------------------------------------------

    def _full(self, path: str) -> str:
        full = f"{self._base}/{checked(path)}".rstrip("/") or "/"
        if not self._knows_encoding and not full.isascii():
            self._knows_encoding = True
            self._ftp.encoding = self._guess_encoding()
        if "ÿ" in full and self._ftp.encoding == "latin-1":
            # RFC 854: byte 255 begins a telnet command, in the middle of the file's name.
            mend = _('this server misreads "ÿ"')
            raise PermanentError(_("file name refused"), repr(path), mend)
        return full

    def _guess_encoding(self) -> str:
        """Without UTF8 in FEAT, names are any bytes: UTF-8 (vsftpd), unless one shows otherwise."""
        try:
            self._command(f"CWD {self._base or '/'}")
            for line in self._lines("NLST"):
                line.decode("utf-8")
        except (ftplib.error_perm, UnicodeDecodeError):
            return "latin-1"
        return "utf-8"

    def _patience(self) -> float:
        return self._deadline.bounded(self._server.timeout)

    def _command(self, command: str) -> str:
        if self._ftp.sock is None:
            raise EOFError
        self._ftp.sock.settimeout(self._patience())
        return self._ftp.sendcmd(command)

    def _open_data(self, command: str) -> socket.socket:
        if self._ftp.sock is None:
            raise EOFError
        self._ftp.timeout = self._patience()
        self._ftp.sock.settimeout(self._ftp.timeout)
        return self._ftp.transfercmd(command)

    def _download(self, command: str) -> bytes:
        connection = self._open_data(command)

        def receive() -> bytes:
            connection.settimeout(self._patience())
            return connection.recv(_CHUNK)

        with connection:
            data = gather(receive)
            _end_tls(connection)
        self._ftp.voidresp()
        return data

    def _upload(self, connection: socket.socket, data: bytes) -> None:
        with connection:
            for start in range(0, len(data), _CHUNK):
                connection.settimeout(self._patience())
                connection.sendall(chunk := data[start : start + _CHUNK])
                moved(len(chunk))
            _end_tls(connection)

    def _stat_by_mlst(self, path: str) -> Entry:
        facts = ""
        with _suppressed(_NOT_IMPLEMENTED):
            facts = _line_of_facts(self._command(f"MLST {self._full(path)}"))
        if not facts:
            # It knows the command by name only: without facts, anything would seem to be there.
            self._features.discard("MLST")
            return self._stat_by_size(path)
        entry, kind = _parse_facts(facts)
        if kind in _FOLDER_TYPES or (not kind and self._is_folder(path)):
            raise self._but_a_folder(path)
        if kind not in ("file", ""):
            # What is told of a link may be the link's own.
            return self._stat_by_size(path)
        return Entry(path.rpartition("/")[2], entry.size, entry.modified)

    def _stat_by_size(self, path: str) -> Entry:
        return Entry(path.rpartition("/")[2], self._size(path), self._modified(path))

    def _but_a_folder(self, path: str) -> NotFoundError:
        return NotFoundError(_("no such file, but a folder"), f"{self._name}:{path}")

    def _size(self, path: str) -> int | None:
        try:
            return _parse_size(self._command(f"SIZE {self._full(path)}"))
        except ftplib.error_perm as error:
            if self._is_folder(path):
                raise self._but_a_folder(path) from None
            if _code_of(error) not in _NOT_IMPLEMENTED and not refuses_size(str(error), path):
                raise
        # Without SIZE, only a listing tells whether the file is there.
        if path.rpartition("/")[2] not in self._names_beside(path):
            raise NotFoundError(_("no such file"), f"{self._name}:{path}", beside=self._beside)
        return None

    def _is_folder(self, path: str) -> bool:
        try:
            self._command(f"CWD {self._full(path)}")
        except ftplib.error_perm:
            return False
        return True

    def _modified(self, path: str) -> datetime | None:
        try:
            return _parse_time(self._command(f"MDTM {self._full(path)}").partition(" ")[2])
        except ftplib.error_perm as error:
            # The file was there a moment ago.
            if _cause_in(error, path) == "absent":
                raise
            return None

    def _list_by_mlsd(self) -> list[Entry]:
        """A type that is not told, or a link's, does not say that something is no file."""
        told = [_parse_facts(_text_of(line)) for line in self._received("MLSD")]
        named = [(entry, kind) for entry, kind in told if entry.name.strip(".")]
        untold = [entry.name for entry, kind in named if kind not in ("file", *_FOLDER_TYPES)]
        folders = self._folders(untold)
        return [e for e, kind in named if kind not in _FOLDER_TYPES and e.name not in folders]

    def _list_by_nlst(self) -> list[str]:
        names = (_text_of(line).rpartition("/")[2] for line in self._lines("NLST"))
        return [name for name in names if name.strip(".")]

    def _lines(self, command: str) -> list[bytes]:
        try:
            return [line for line in self._received(command) if line]
        except (ftplib.error_perm, ftplib.error_temp) as error:
            if _code_of(error) in _UNAVAILABLE and _EMPTY_FOLDER.search(str(error)):
                return []
            raise

    def _received(self, command: str) -> list[bytes]:
        return self._download(command).splitlines()

    def _folders(self, names: list[str]) -> set[str]:
        """The folders among ``names``: LIST tells them apart, as ``ls -l`` or ``dir`` do."""
        lines: list[str] = []
        if names:
            with suppress(ftplib.error_perm):
                lines = [_text_of(line) for line in self._lines("LIST")]
        folders = [line for line in lines if line.startswith("d") or _DOS_FOLDER.search(line)]
        # A line ends with the name; of "a b" and "b", it is the longer one that fits.
        fitting = ([name for name in names if line.endswith(f" {name}")] for line in folders)
        return {max(fits, key=len) for fits in fitting if fits}

    def _names_beside(self, path: str) -> list[str]:
        self._command(f"CWD {self._full(path.rpartition('/')[0])}")
        self._beside = self._list_by_nlst()
        return self._beside

    # --- telling failures apart --------------------------------------------------------------

    @contextmanager
    def _telling(self, path: str, deed: Deed = "read", *, is_new: bool = False) -> Iterator[None]:
        """Turns ftplib's errors into the ones of this room.

        ``is_new``: what must be there is the folder of ``path``, not ``path`` itself.
        """
        sought = path.rpartition("/")[0] if is_new else path
        where = f"{self._name}:{path}"
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise _certificate_refused(error, self._name, self._url.hostname or "") from error
        except ftplib.error_perm as error:
            raise self._refusal(error, path, deed, sought) from self._cause(error)
        except ftplib.error_temp as error:
            is_final = _code_of(error) in _UNAVAILABLE and _cause_in(error, path) in _FINAL
            if is_final or _is_full(error, path):
                raise self._refusal(error, path, deed, sought) from self._cause(error)
            what = _("the server said {words}").format(words=self._said(error))
            raise TransientError(what, where, _("try again")) from self._cause(error)
        except UnicodeEncodeError as error:
            what = _("the server's encoding lacks a character")
            raise PermanentError(what, where, _("use plain letters in names")) from error
        except (OSError, EOFError, ftplib.Error, ValueError) as error:
            what = _("connection lost or refused ({reason})").format(reason=self._reason(error))
            raise TransientError(
                what,
                f"{where} ({self._url.hostname})",
                _("check the network and the server's url; the next run tries again"),
            ) from self._cause(error)

    def _refusal(self, error: ftplib.Error, path: str, deed: Deed, sought: str) -> UnreachableError:
        where, code = f"{self._name}:{path}", _code_of(error)
        if code in _NOT_LOGGED_IN and not self._is_logged_in:
            host = f"{self._name} ({self._url.hostname})"
            return LoginRefusedError(_("login refused"), host, _("check user and password"))
        if _is_full(error, path):
            return disk_full(where)
        if deed == "rename" and code in _NOT_IMPLEMENTED:
            return no_renaming(self._said(error), where)
        if code in _NOT_LOGGED_IN:
            return self._denied(error, where, deed)
        if code not in _UNAVAILABLE:
            what = _("the server said {words}")
            return PermanentError(what.format(words=self._said(error)), where)
        return self._unavailable(error, path, deed, sought)

    def _denied(self, error: ftplib.Error, where: str, deed: Deed) -> AccessDeniedError:
        what = _("access denied (the server said {words})").format(words=self._said(error))
        return AccessDeniedError(what, where, right_to(deed))

    def _unavailable(
        self, error: ftplib.Error, path: str, deed: Deed, sought: str
    ) -> UnreachableError:
        """A bare 550 says neither "absent" nor "denied": a listing tells, and the words may."""
        where, cause, words = f"{self._name}:{path}", _cause_in(error, path), self._said(error)
        if cause == "busy":
            what = _("another program holds the file open")
            return TransientError(what, where, _("close it there"))
        if deed == "rename" and cause == "there":
            what = _("the server says that the name is taken ({words}), and shows no such file")
            mend = _("look there under another account, and delete it")
            return PermanentError(what.format(words=words), where, mend)
        with self._telling(""):
            missing = self._missing(sought)
        if missing is None:
            return self._without_base(words)
        if missing or cause == "absent":
            seen = missing == path != ""
            beside = self._beside if seen else None
            return NotFoundError(_("no such file"), where, folder_seen=seen, beside=beside)
        return self._denied(error, where, deed)

    def _without_base(self, words: str) -> PermanentError:
        """Without its base folder, all files would seem absent."""
        what = _("the base folder cannot be entered (the server said {words})")
        mend = _("create it, or mend the server's url")
        return PermanentError(what.format(words=words), f"{self._name} ({self._base})", mend)

    def _missing(self, path: str) -> str | None:
        """``path``, or the folder above it, that no listing shows; ``""`` where it is listed.

        A folder that cannot be entered counts as listed while its own parent shows it; ``None``
        where not even the base folder can be entered.
        """
        parent, _slash, name = path.rpartition("/")
        try:
            return path if name not in ("", *self._names_beside(path)) else ""
        except ftplib.error_perm:
            if parent:
                return self._missing(parent)
            return "" if self._is_folder("") else None

    def _said(self, error: ftplib.Error) -> str:
        """The server's own words, which help whoever looks after it, without the password."""
        return f'"{_short(hidden(_in_utf8(str(error)), self._password))}"'

    def _reason(self, error: BaseException) -> str:
        if isinstance(error, TimeoutError):
            return _("no answer in time")
        text = getattr(error, "strerror", None) or str(error) or _("the server hung up")
        return _short(hidden(str(text), self._password))

    def _cause(self, error: Exception) -> Exception | None:
        """The error, unless the server's words in it hold the password."""
        forms = (str(error), repr(error), _in_utf8(str(error)))
        return error if all(hidden(f, self._password) == f for f in forms) else None


# --- replies and TLS ------------------------------------------------------------------------------


class _WholeReplies(ftplib.FTP):
    """FTP that takes no part of a line for a reply.

    ftplib does: of "550 No such file" on a line that is cut, it makes a refusal "5".

    ``over`` are replies that cannot come any more: where they do, they are what is left of a
    greeting whose lines were not marked as one (RFC 959, 4.2).
    """

    file: TextIO

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.over: set[str] = set()

    def getresp(self) -> str:
        while True:
            try:
                reply = super().getresp()
            except ftplib.error_proto:
                if not self.over:
                    raise
                continue
            if reply[:3] not in self.over:
                return reply

    def makepasv(self) -> tuple[str, int]:
        """By the other command (RFC 2428) where the usual one is refused."""
        try:
            return super().makepasv()
        except ftplib.error_perm:
            if self.sock is None:
                raise
            peer = self.sock.getpeername()
            if self.af == socket.AF_INET:
                return ftplib.parse229(self.sendcmd("EPSV"), peer)
            return peer[0], ftplib.parse227(self.sendcmd("PASV"))[1]

    def getline(self) -> str:
        """One line of a reply. Raises :class:`EOFError` where the connection ends before it."""
        line = self.file.readline(self.maxline + 1)
        if len(line) > self.maxline:
            raise ftplib.Error(f"got more than {self.maxline} bytes")
        if not line.endswith("\n"):
            raise EOFError
        return line.rstrip("\r\n")


def _text_of(data: bytes) -> str:
    """A name as the server sent it; not every server keeps to UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _parse_facts(line: str) -> tuple[Entry, str]:
    """An MLST/MLSD line ``size=12;modify=20261122092700;type=file; name`` (RFC 3659, 7.2)."""
    facts_text, _, name = line.partition("; " if "; " in line else " ")
    if not _FACT.match(line):
        facts_text, name = "", line.removeprefix(" ")
    facts = _facts_of(facts_text)
    size = int(facts["size"]) if facts.get("size", "").isdecimal() else None
    modified = _parse_time(facts["modify"]) if facts.get("modify") else None
    return Entry(name.rpartition("/")[2], size, modified), facts.get("type", "").lower()


def _line_of_facts(reply: str) -> str:
    """The line of an MLST reply that says something of the file; the others are words."""
    for line in reply.split("\n"):
        if _FACT.match(line) or line.startswith(" "):
            return line.removeprefix("250-").strip()
    return ""


def _parse_size(reply: str) -> int | None:
    """``213 12``; some add words. ``None`` where several numbers stand in them."""
    numbers = [word for word in reply[4:].replace(":", " ").split() if word.isdecimal()]
    return int(numbers[0]) if len(numbers) == 1 else None


def _facts_of(text: str) -> dict[str, str]:
    pairs = (fact.partition("=") for fact in text.split(";"))
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _parse_time(text: str) -> datetime | None:
    """``YYYYMMDDHHMMSS[.sss]`` in UTC (RFC 3659, 2.3), or ``None`` where it is something else."""
    found = _TIME.search(text)
    if not found:
        return None
    digits, fraction = found.groups(default="")
    if len(digits) == 15 and digits.startswith("191"):
        # Written as "19" and the years since 1900.
        digits = f"{1900 + int(digits[2:5])}{digits[5:]}"
    digits, fraction = digits[:14], digits[14:] + fraction
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return moment.replace(microsecond=int(f"{fraction:0<6}"[:6]))
    except ValueError:
        return None


def _code_of(error: ftplib.Error) -> str:
    return str(error)[:3]


def _cause_in(error: ftplib.Error, path: str) -> Cause:
    return cause_in(_in_utf8(str(error)), path)


def _is_full(error: ftplib.Error, path: str) -> bool:
    code = _code_of(error)
    may_be = code in ("426", *_UNAVAILABLE) and _cause_in(error, path) == "full"
    return may_be or code in ("452", "552")


@contextmanager
def _suppressed(codes: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except ftplib.error_perm as error:
        if _code_of(error) not in codes:
            raise


def _in_utf8(reply: str) -> str:
    """A reply that was read as latin-1, where it turns out to be UTF-8."""
    with suppress(UnicodeError):
        return reply.encode("latin-1").decode("utf-8")
    return reply


def _short(text: str) -> str:
    return " ".join(text.split())[:120]


class _ReusingTls(_WholeReplies, ftplib.FTP_TLS):
    """FTP_TLS whose data connections resume the control connection's TLS session.

    vsftpd and ProFTPD demand it: it proves that both connections come from one client.
    """

    def __init__(self, context: ssl.SSLContext, timeout: float, *, implicit: bool) -> None:
        super().__init__(context=context, timeout=timeout, encoding="latin-1")
        self._implicit = implicit
        self._tls = context

    def connect(  # type: ignore[override]
        self, host: str, port: int, timeout: float
    ) -> str:
        if not self._implicit:
            return super().connect(host, port, timeout)
        self.host, self.port, self.timeout = host, port, timeout
        plain = socket.create_connection((host, port), timeout)
        self.af = plain.family
        self.sock = self._tls.wrap_socket(plain, server_hostname=host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        data, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        assert isinstance(self.sock, ssl.SSLSocket)  # noqa: S101 - login() made it so
        secured = self._tls.wrap_socket(data, server_hostname=self.host, session=self.sock.session)
        return secured, size


def _end_tls(connection: socket.socket) -> None:
    """Says goodbye on a TLS data connection; servers that just hang up are forgiven.

    A transfer that was really cut is found by its size and by the closing reply.
    """
    if isinstance(connection, ssl.SSLSocket):
        with suppress(OSError):
            connection.unwrap()


# --- what a person can do about a certificate that was not accepted -------------------------------


def _certificate_refused(
    error: ssl.SSLCertVerificationError, name: str, host: str
) -> PermanentError:
    reason = " ".join(str(error.verify_message).rstrip(".").split())
    mend = _(
        "{mend}; or set verify_tls = false if you accept the risk "
        "that another machine poses as the server"
    )
    return PermanentError(
        _("the certificate was not accepted ({reason})").format(reason=reason),
        f"{name} ({host})",
        mend.format(mend=_certificate_mend(error.verify_code, name)),
    )


def _certificate_mend(code: int, name: str) -> str:
    if code == _EXPIRED:
        return _("have the server's keeper renew it")
    if code == _NOT_YET_VALID:
        return _("look whether this machine's clock is right, else ask the server's keeper")
    if code in _OTHER_NAME:
        mend = _("write the name that the certificate is made for into servers.{name}.url")
        return mend.format(name=name)
    if code in _UNKNOWN_ISSUER:
        mend = _("have the server's keeper confirm it and give you its issuer's, then {trust}")
        return mend.format(trust=_trust())
    return _("have the server's keeper replace it")


def _trust() -> str:
    if os.name == "nt":
        return _("as administrator: certutil -addstore Root ISSUER.cer")
    return _("append it to the file that SSL_CERT_FILE names for this account")
