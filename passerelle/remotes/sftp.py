"""SFTP over SSH; who the server is, :mod:`passerelle.remotes.host_keys` sees to.

A URL's path is absolute, as in curl; ``/~/`` starts at the login folder, as does no path at all.
"""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IFMT, S_ISDIR, S_ISLNK, S_ISREG
from typing import Any
from urllib.parse import unquote, urlsplit

import paramiko

from passerelle.base.deadline import Deadline
from passerelle.base.errors import (
    AccessDeniedError,
    AlreadyThereError,
    LoginRefusedError,
    NotFoundError,
    PermanentError,
    TransientError,
)
from passerelle.base.language import _
from passerelle.base.progress import moved
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
    replace_by_deleting,
    right_to,
)
from passerelle.remotes.host_keys import Host, KnownHosts
from passerelle.remotes.replies import cause_in
from passerelle.remotes.sftp_transfer import Download, Limit, Limits, closing_file, is_network


def _transport(sock: Any, **options: Any) -> paramiko.Transport:
    """Prefers ciphers that check what they carry: half the work of two steps."""
    # Every request waits for its answer: holding packets back would cost 40 ms on each.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = paramiko.Transport(sock, **options)
    preferred = transport.get_security_options()
    preferred.ciphers = sorted(preferred.ciphers, key=lambda name: "gcm" not in name)
    return transport


class SftpRemote:
    """One SSH connection with an SFTP channel."""

    def __init__(self, name: str, server: Server, password: str, deadline: Deadline) -> None:
        self._name, self._server, self._deadline = name, server, deadline
        self._url, self._password = urlsplit(server.url), password
        known_hosts = server.known_hosts or Path.home() / ".ssh" / "known_hosts"
        host = Host(name, self._url.hostname or "", self._url.port or 22, known_hosts)
        self._where = host.where
        self._ssh = paramiko.SSHClient()
        self._limits = Limits()
        try:
            self._known_hosts = KnownHosts(host)
            with self._telling(""):
                self._known_hosts.trust(self._ssh)
                self._log_in(password)
                self._sftp = self._ssh.open_sftp()
                self._base = self._find_base()
        except BaseException:
            self.close()
            raise

    def stat(self, path: str) -> Entry:
        with self._telling(path):
            attributes = self._channel().stat(self._full(path))
            if self._is_folder(path, attributes.st_mode or 0):
                raise NotFoundError(_("no such file, but a folder"), f"{self._name}:{path}")
            return _entry(path.rpartition("/")[2], attributes)

    def list_files(self, folder: str) -> list[Entry]:
        with self._telling(folder):
            found = self._channel().listdir_attr(self._full(folder))
            named = [a for a in found if a.filename.strip(".")]
            return [_entry(a.filename, a) for a in named if self._is_listed(folder, a)]

    def _is_folder(self, path: str, mode: int) -> bool:
        """Of what type something is not every server tells; but only a folder can be listed."""
        if S_ISREG(mode) or S_ISDIR(mode):
            return S_ISDIR(mode)
        try:
            self._channel().listdir(self._full(path))
        except OSError as error:
            if is_network(error):
                raise
            return False
        return True

    def _is_listed(self, folder: str, attributes: paramiko.SFTPAttributes) -> bool:
        """Whether what a listing shows is a file, or a link to one, as far as is told."""
        mode = attributes.st_mode or 0
        if S_ISLNK(mode):
            return find(self, "/".join(filter(None, (folder, attributes.filename)))) is not None
        if not S_IFMT(mode):
            # Its line, as `ls -l` writes it.
            return not str(getattr(attributes, "longname", "")).startswith("d")
        return not S_ISDIR(mode)

    def folder_number(self, folder: str) -> str:
        """SFTP tells none."""
        return ""

    def has_folder(self, path: str) -> bool:
        with suppress(NotFoundError), self._telling(path):
            return self._is_folder(path, self._channel().stat(self._full(path)).st_mode or 0)
        return False

    def fetch(self, path: str) -> bytes:
        with self._telling(path):
            file = self._channel().open(self._full(path), "rb")
            with closing_file(file):
                download = Download(file, self._limits)
                return gather(lambda: download.receive(self._channel))

    def store(self, path: str, data: bytes) -> None:
        try:
            with self._telling(path, "write"):
                file = self._create(path)
        except PermanentError as error:
            error.is_undone = True
            raise
        with self._telling(path, "write"), closing_file(file):
            self._write(file, data)

    def rewrite(self, path: str, data: bytes) -> None:
        with self._telling(path, "write"):
            if not self._is_file(path):
                return self.store(path, data)
            file = self._channel().open(self._full(path), "wb")
            with closing_file(file):
                return self._write(file, data)

    def _write(self, file: paramiko.SFTPFile, data: bytes) -> None:
        # Not pipelined: paramiko would ignore what the server answers, a full disk for one.
        size = file.MAX_REQUEST_SIZE = self._limits.chunk(self._channel(), len(data), Limit.WRITE)
        for start in range(0, len(data), size):
            file.write(chunk := data[start : start + size])
            moved(len(chunk))
            self._channel()

    def _is_file(self, path: str) -> bool:
        """Not so of a link to one."""
        try:
            return S_ISREG(self._channel().lstat(self._full(path)).st_mode or 0)
        except FileNotFoundError:
            return False

    def _create(self, path: str) -> paramiko.SFTPFile:
        """A file that is new. Of a link under its name the link gives way, never its target."""
        full = self._full(path)
        try:
            return self._channel().open(full, "wxb")
        except OSError as error:
            if error.errno == errno.ENOENT or is_network(error):
                raise
            refused = error
        try:
            self._channel().remove(full)
        except OSError:
            raise refused from None
        return self._channel().open(full, "wxb")

    def rename(self, old: str, new: str) -> None:
        with self._telling(old, "rename"):
            with suppress(FileNotFoundError):
                self._channel().stat(self._full(new))
                raise AlreadyThereError(_("the name is taken"), f"{self._name}:{new}")
            self._channel().rename(self._full(old), self._full(new))

    def replace(self, old: str, new: str) -> None:
        """Atomic where the server knows OpenSSH's posix-rename; by deleting where not."""
        try:
            with self._telling(old, "rename"):
                self._channel().posix_rename(self._full(old), self._full(new))
        except (NotFoundError, AccessDeniedError):
            raise
        except PermanentError:
            replace_by_deleting(self, old, new)

    def delete(self, path: str) -> None:
        with self._telling(path, "delete"):
            self._channel().remove(self._full(path))

    def close(self) -> None:
        with suppress(Exception):
            self._ssh.close()

    def _log_in(self, password: str) -> None:
        patience = self._deadline.bounded(self._server.timeout)
        key_file = self._server.key_file
        self._ssh.connect(
            self._url.hostname or "",
            self._url.port or 22,
            unquote(self._url.username or "") or None,
            password=password or None if key_file is None else None,
            pkey=self._load_key(key_file, password) if key_file else None,
            timeout=patience,
            banner_timeout=patience,
            auth_timeout=patience,
            channel_timeout=patience,
            allow_agent=False,
            look_for_keys=False,
            transport_factory=_transport,
        )

    def _load_key(self, path: Path, passphrase: str) -> paramiko.PKey:
        """The private key, with the certificate that may lie beside it."""
        reason = ""
        for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
            try:
                key = kind.from_private_key_file(str(path), passphrase or None)
            except (OSError, ValueError, paramiko.SSHException) as error:
                reason = hidden(getattr(error, "strerror", None) or str(error), passphrase)
                continue
            if Path(f"{path}-cert.pub").is_file():
                key.load_certificate(f"{path}-cert.pub")
            return key
        what = _("the key cannot be used ({reason})").format(reason=reason)
        mend = _("check key_file and, as its passphrase, password")
        raise LoginRefusedError(what, f"{self._where}, {path}", mend)

    def _find_base(self) -> str:
        base = self._base_of_url()
        try:
            self._sftp.stat(base or "/")
        except FileNotFoundError as error:
            # Without its base folder, all files would seem absent.
            mend = _("create it, or mend the server's url")
            raise PermanentError(_("no such folder"), f"{self._name} ({base})", mend) from error
        return base

    def _base_of_url(self) -> str:
        path = unquote(self._url.path).rstrip("/")
        if path.startswith("/~"):
            path = path.removeprefix("/~").strip("/")
        elif self._url.path:
            return path
        home = (self._sftp.normalize(".") or "").rstrip("/")
        return f"{home}/{path}" if path else home

    def _channel(self) -> paramiko.SFTPClient:
        """The SFTP channel, with its patience cut to what the run has left."""
        channel = self._sftp.get_channel()
        if channel is not None:
            channel.settimeout(self._deadline.bounded(self._server.timeout))
        return self._sftp

    def _full(self, path: str) -> str:
        return f"{self._base}/{checked(path)}".rstrip("/") or "/"

    @contextmanager
    def _telling(self, path: str, deed: Deed = "read") -> Iterator[None]:
        try:
            yield
        except paramiko.BadHostKeyException as error:
            raise self._known_hosts.changed(error.key, error.expected_key) from error
        except paramiko.AuthenticationException as error:
            transport = self._ssh.get_transport()
            # paramiko takes a line that is cut during the login for a refusal.
            if transport is not None and not transport.is_active():
                what = _("connection lost while logging in")
                raise TransientError(
                    what, self._where, _("the next run tries again")
                ) from self._cause(error)
            raise LoginRefusedError(
                _("login refused"), self._where, _("check user, password and key_file")
            ) from self._cause(error)
        except (paramiko.SSHException, paramiko.SFTPError, EOFError, TimeoutError) as error:
            what = _("connection lost or refused ({reason})")
            reason = hidden(str(error), self._password).rstrip(": ") or _("no answer in time")
            raise TransientError(
                what.format(reason=reason), self._where, _("the next run tries again")
            ) from self._cause(error)
        except OSError as error:
            raise self._refusal(error, path, deed) from self._cause(error)

    def _cause(self, error: Exception) -> Exception | None:
        """The error, unless the server's words in it hold the password."""
        text = f"{error} {error!r}"
        return error if hidden(text, self._password) == text else None

    def _refusal(self, error: OSError, path: str, deed: Deed) -> Exception:
        where = f"{self._name}:{path}"
        reason = hidden(error.strerror or str(error), self._password) or type(error).__name__
        match error.errno:
            case errno.ENOENT:
                return NotFoundError(_("no such file"), where)
            case errno.EACCES | errno.EPERM:
                return AccessDeniedError(_("access denied"), where, right_to(deed))
            case None if not is_network(error):
                return _failure(reason, path, where, deed)
        what = _("connection lost or refused ({reason})")
        return TransientError(
            what.format(reason=reason), self._where, _("the next run tries again")
        )


def _failure(reason: str, path: str, where: str, deed: Deed) -> PermanentError:
    """SSH_FX_FAILURE stands for anything; many servers say no more than that."""
    if cause_in(reason, path) == "full":
        return disk_full(where)
    if deed == "rename" and "unsupported" in reason.lower():
        return no_renaming(repr(reason), where)
    mend = _("look whether its disk or quota is full") if deed == "write" else right_to(deed)
    what = _("the server said {words}").format(words=repr(reason))
    return PermanentError(what, where, mend)


def _entry(name: str, attributes: paramiko.SFTPAttributes) -> Entry:
    modified = attributes.st_mtime
    return Entry(
        name,
        attributes.st_size,
        datetime.fromtimestamp(modified, UTC) if modified is not None else None,
    )


# --- whose key a host shows -----------------------------------------------------------------------
