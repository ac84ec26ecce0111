"""An FTP server in a thread, plain or with TLS, that can misbehave in the ways seen in the wild.

It serves a real folder and remembers every command it received.
"""

import errno
import logging
import os
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from OpenSSL import SSL

from passerelle.model.servers import MARK_NAME
from tests.servers import HOST, lets, lets_move, lets_write
from tests.servers.certificates import Certificates

with warnings.catch_warnings():
    # It stands on asyncore, which Python deprecated and later dropped into a package of its own.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS
    from pyftpdlib.handlers import FTPHandler, ThrottledDTPHandler, TLS_DTPHandler, TLS_FTPHandler
    from pyftpdlib.ioloop import AsyncChat, IOLoop
    from pyftpdlib.servers import FTPServer

# Without a handler, pyftpdlib would set up logging for the whole process.
_LOG = logging.getLogger("pyftpdlib")
_LOG.addHandler(logging.NullHandler())
_LOG.propagate = False

_MAY_ALL = "elradfmwMT"
_POLL = 0.02


@dataclass(frozen=True)
class Quirks:
    """How a server misbehaves; by default, it does not."""

    missing: frozenset[str] = frozenset()
    """Commands that it does not know: 500, and not listed by FEAT."""
    refused: frozenset[str] = frozenset()
    """Commands that this account may not use: 550."""
    renames_over: bool = True
    """Without it, RNTO to a name that is taken answers 550, as on IIS and FileZilla."""
    empty_listing_is_error: bool = False
    """NLST of an empty folder answers 550 "No files found"."""
    banner: bytes = b"ready"
    """A whole greeting where it begins with its code."""
    encoding: str = "utf-8"
    """Of names and replies; FEAT lists UTF8 only where it is that."""
    lost_replies: Mapping[str, int] = field(default_factory=dict)
    """How many times each command is done, but the connection lost before its reply."""
    cut_replies: Mapping[str, int] = field(default_factory=dict)
    """How many times each command's reply is cut after its first digit."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """How many times the connection is lost on each command, before anything is done."""
    cut_downloads: int = 0
    """How many times a RETR is cut by losing both connections..."""
    cut_after: int = 0
    """... after this many bytes, 64 kB at most."""
    spoilt_uploads: int = 0
    """How many uploads, of 64 kB at most, go well by all replies, but arrive..."""
    # Not in repr(), of which pytest makes names: they must be the same in every process.
    spoil: Callable[[bytes], bytes] = field(default=lambda data: data[:1], repr=False)
    """... as this makes them."""
    spoil_marks: bool = False
    """Whether our marks are spoilt so, or what is no mark."""
    disk_room: int | None = None
    """Bytes that an upload may have before the disk is full; 0 refuses STOR at once with 452."""
    delays: Mapping[str, float] = field(default_factory=dict)
    """Seconds before each command is answered."""
    bytes_per_second: int = 0
    """How fast it sends and receives files; 0: as fast as it can."""
    replies: Mapping[str, str] = field(default_factory=dict)
    """What commands are answered instead of being done; ``{password}`` is what was given."""
    reword: Callable[[str], str] = field(default=lambda reply: reply, repr=False)
    """What becomes of every reply..."""
    relist: Callable[[bytes], bytes] = field(default=lambda line: line, repr=False)
    """... and of every line of MLST, MLSD and LIST."""
    clock_ahead: float = 0
    """Seconds by which the times that it tells are ahead of ours."""
    demands_resumption: bool = False
    """Data connections whose TLS session is not the control connection's are refused with 522."""


class FtpServer:
    """Serves ``root`` to ``users`` (name: password) on ``port`` of the loopback, or a free one."""

    def __init__(
        self,
        root: Path,
        users: Mapping[str, str],
        *,
        quirks: Quirks = Quirks(),
        certificates: Certificates | None = None,
        implicit: bool = False,
        port: int = 0,
    ) -> None:
        self.quirks, self.root = quirks, root
        self.commands: list[str] = []
        self.on_command: Callable[[str], object] = lambda line: None
        self.resumptions: list[bool] = []
        self._spent: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._loop = IOLoop()
        handler = self._handler(users, certificates, implicit=implicit)
        self._server = FTPServer((HOST, port), handler, ioloop=self._loop)
        self.port: int = self._server.address[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hangs up on everyone and frees the port."""
        self._stopping.set()
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def received(self, command: str) -> int:
        """How many times ``command`` came, whatever its argument, but for our mark."""
        return sum(
            line.split(" ")[0].upper() == command and MARK_NAME not in line
            for line in self.commands
        )

    def spend(self, what: str, allowed: int) -> bool:
        """Whether the mishap ``what`` is still due; counts it if it is."""
        due = self._spent[what] < allowed
        self._spent[what] += due
        return due

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._loop.loop(_POLL, blocking=False)
        self._server.close_all()

    def _handler(
        self, users: Mapping[str, str], certificates: Certificates | None, *, implicit: bool
    ) -> type:
        authorizer = _Authorizer(self.root)
        for user, password in users.items():
            authorizer.add_user(user, password, str(self.root), perm=_MAY_ALL)
        own: dict[str, Any] = {"house": self, "authorizer": authorizer}
        own["encoding"] = self.quirks.encoding
        base = _Plain if certificates is None else _Implicit if implicit else _Explicit
        own["proto_cmds"] = {
            k: v for k, v in base.proto_cmds.items() if k not in self.quirks.missing
        }
        limits = dict.fromkeys(("read_limit", "write_limit"), self.quirks.bytes_per_second)
        own["dtp_handler"] = type("Data", (base.dtp_handler,), limits)
        if certificates is not None:
            own["ssl_context"] = _context(certificates)
        return type("Handler", (base,), own)


def _context(certificates: Certificates) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(str(certificates.server))
    context.use_privatekey_file(str(certificates.server))
    context.set_session_id(b"passerelle")
    return context


class _Authorizer(DummyAuthorizer):  # type: ignore[misc]
    """Heeds the file system's permissions, even where the tests run as root."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        if path is not None and not self._lets(perm, Path(path)):
            return False
        return bool(super().has_perm(username, perm, path))

    def _lets(self, perm: str, path: Path) -> bool:
        if not lets(path, self._root):
            return False
        if perm == "w":
            return lets_write(path, self._root)
        if perm in "df":
            return lets_move(path, self._root)
        reads = perm == "r" or (perm == "l" and path.is_dir())
        return lets(path, self._root, 0o400 if reads else 0o100 if perm == "e" else 0)


class _Folder(AbstractedFS):  # type: ignore[misc]
    """The file system, without ever changing the folder of this very process."""

    def chdir(self, path: str) -> None:
        if not Path(path).is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        self.cwd = self.fs2ftp(path)

    def stat(self, path: str) -> os.stat_result:
        status: os.stat_result = super().stat(path)
        ahead = self.cmd_channel.house.quirks.clock_ahead
        if not ahead:
            return status
        shifted = {8: status.st_mtime + ahead}
        return os.stat_result([shifted.get(n, value) for n, value in enumerate(status)])

    lstat = stat

    def getmtime(self, path: str) -> float:
        return self.stat(path).st_mtime

    def format_mlsx(self, *args: Any, **options: Any) -> Iterator[bytes]:
        return map(self.cmd_channel.house.quirks.relist, super().format_mlsx(*args, **options))

    def format_list(self, *args: Any, **options: Any) -> Iterator[bytes]:
        return map(self.cmd_channel.house.quirks.relist, super().format_list(*args, **options))

    def rename(self, old: str, new: str) -> None:
        if not self.cmd_channel.house.quirks.renames_over and Path(new).exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
        # Path.rename would refuse on Windows what servers there do allow.
        os.replace(old, new)  # noqa: PTH105


class _PlainData(ThrottledDTPHandler):  # type: ignore[misc]
    """What misbehaves on the data connections."""

    # A connection that is gone at once is closed before pyftpdlib sets this.
    _throttler = None

    def use_sendfile(self) -> bool:
        return False

    def send(self, data: bytes) -> int:
        house, left = self.cmd_channel.house, None
        if self.cmd_channel._command == "RETR" and house.spend("cut", house.quirks.cut_downloads):
            left = house.quirks.cut_after
            self.cmd_channel.ioloop.call_later(0, self.cmd_channel.close)
        sent: int = super().send(data[:left])
        return sent

    def recv(self, size: int) -> bytes:
        data: bytes = super().recv(size)
        house = self.cmd_channel.house
        quirks: Quirks = house.quirks
        room = quirks.disk_room
        if room and self.tot_bytes_received + len(data) > room:
            self._end_with("452 No space left on device.")
            return b""
        is_mark = MARK_NAME in str(getattr(self.file_obj, "name", ""))
        if data and is_mark == quirks.spoil_marks and house.spend("spoil", quirks.spoilt_uploads):
            return quirks.spoil(data)
        return data

    def _end_with(self, reply: str) -> None:
        self._resp = (reply, _LOG.debug)
        self.close()


class _TlsData(_PlainData, TLS_DTPHandler):  # type: ignore[misc]
    def handle_ssl_established(self) -> None:
        house = self.cmd_channel.house
        # pyOpenSSL knows, but has no public name for it.
        resumed = bool(SSL._lib.SSL_session_reused(self.socket._ssl))  # type: ignore[attr-defined]
        house.resumptions.append(resumed)
        if house.quirks.demands_resumption and not resumed:
            self._end_with("522 TLS session of data connection not reused.")


class _Plain(FTPHandler):  # type: ignore[misc]
    """What misbehaves on the control connection."""

    house: ClassVar[FtpServer]
    abstracted_fs = _Folder
    dtp_handler = _PlainData
    auth_failed_timeout = 0
    _command = _given = ""

    def handle(self) -> None:
        banner = self.house.quirks.banner
        AsyncChat.push(self, banner if banner[:3].isdigit() else b"220 " + banner + b"\r\n")

    def pre_process_command(self, line: str, command: str, argument: str) -> None:
        quirks = self.house.quirks
        self.house.commands.append(line)
        self.house.on_command(line)
        self._command = command
        self._given = argument if command == "PASS" else self._given
        if self.house.spend(f"drop {command}", quirks.dropped.get(command, 0)):
            self.close()
        elif command in quirks.refused:
            self.respond("550 Permission denied.")
        elif command in quirks.replies:
            self.respond(quirks.replies[command].replace("{password}", self._given))
        elif command in quirks.delays:
            self.ioloop.call_later(quirks.delays[command], self._go_on, line, command, argument)
        else:
            self._go_on(line, command, argument)

    def _go_on(self, line: str, command: str, argument: str) -> None:
        if not self._closed:
            super().pre_process_command(line, command, argument)

    def respond(self, reply: str, *args: Any, **options: Any) -> None:
        lost = self.house.quirks.lost_replies.get(self._command, 0)
        cut = self.house.quirks.cut_replies.get(self._command, 0)
        if reply[0] != "1" and self.house.spend(f"cut {self._command}", cut):
            AsyncChat.push(self, reply[:1].encode("ascii"))
            self.ioloop.call_later(0, self.close)
        elif reply.startswith("2") and self.house.spend(f"lose {self._command}", lost):
            # Later, since pyftpdlib is still busy with the transfer that this reply ends.
            self.ioloop.call_later(0, self.close)
        else:
            super().respond(self.house.quirks.reword(reply), *args, **options)

    def ftp_NLST(self, path: str) -> Any:  # noqa: N802 - pyftpdlib's name
        if self.house.quirks.empty_listing_is_error and not any(Path(path).iterdir()):
            self.respond("550 No files found.")
            return None
        return super().ftp_NLST(path)

    def ftp_STOR(self, path: str, mode: str = "w") -> Any:  # noqa: N802 - pyftpdlib's name
        if self.house.quirks.disk_room == 0:
            self.respond("452 Insufficient storage space.")
            return None
        return super().ftp_STOR(path, mode)


class _Explicit(_Plain, TLS_FTPHandler):  # type: ignore[misc]
    dtp_handler = _TlsData
    tls_control_required = True
    tls_data_required = True


class _Implicit(_Explicit):
    """TLS from the first byte; the greeting waits for the handshake."""

    def handle(self) -> None:
        self.secure_connection(self.ssl_context)

    def handle_ssl_established(self) -> None:
        super().handle()
