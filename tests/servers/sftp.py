"""An SFTP server in a thread, over a real folder, with OpenSSH's habits or without."""

import errno
import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_FAILURE, SFTP_OK, SFTP_OP_UNSUPPORTED

from tests.servers import HOST, lets, lets_move, lets_write


@dataclass(frozen=True)
class SftpQuirks:
    """How a server misbehaves; by default, it does not."""

    posix_rename: bool = True
    """Without it, only the plain rename is known, which never replaces a file."""
    disk_room: int | None = None
    """Bytes that a file may have before the disk is full."""
    cut_reads: int = 0
    """How many times the connection is lost when a file is read ..."""
    cut_reads_from: int = 0
    """... from this byte on."""
    unreadable_from: int | None = None
    """The first byte that the server's disk does not give."""
    stalls_from: int | None = None
    """The byte from which on reading takes until the server's ``may_go_on`` is set."""
    modes: Callable[[int], int | None] = field(default=lambda mode: mode, repr=False)
    """What is told of a file's type and permissions."""
    failure: str = "Failure"
    """What SSH_FX_FAILURE is explained with."""
    lost_renames: int = 0
    """How many times a rename is done, but the connection lost before its reply."""


class SftpServer:
    """Serves ``root`` to ``users`` (name: password) and to whoever holds one of ``keys``."""

    def __init__(
        self,
        root: Path,
        users: Mapping[str, str],
        *,
        keys: tuple[paramiko.PKey, ...] = (),
        quirks: SftpQuirks = SftpQuirks(),
        port: int = 0,
        host_key: paramiko.PKey | None = None,
    ) -> None:
        self.root, self.users, self.keys, self.quirks = root, users, keys, quirks
        self.host_key: paramiko.PKey = host_key or paramiko.ECDSAKey.generate()
        self.connections = self.logins = self.mishaps = 0
        self._listener = socket.create_server((HOST, port))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self._open: list[paramiko.Transport] = []
        self._stopping, self.may_go_on = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.may_go_on.set()
        """Hangs up on everyone and frees the port."""
        self._stopping.set()
        self._thread.join(10)

    def hang_up(self) -> None:
        """Loses every connection."""
        for connection in self._open:
            connection.close()

    def write_known_hosts(self, path: Path) -> None:
        """Writes the host key in the way of OpenSSH's known_hosts."""
        key = self.host_key
        path.write_text(
            f"[{HOST}]:{self.port} {key.get_name()} {key.get_base64()}\n", encoding="ascii"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            # A client may be gone before it was welcomed.
            with suppress(OSError, EOFError, paramiko.SSHException):
                self._welcome(client)
        self._listener.close()
        self.hang_up()

    def _welcome(self, client: socket.socket) -> None:
        client.settimeout(None)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = paramiko.Transport(client)
        connection.add_server_key(self.host_key)
        connection.set_subsystem_handler("sftp", _Channel, _Folder, self)
        # With an event, the handshake goes on in the connection's own thread.
        connection.start_server(event=threading.Event(), server=_Login(self))
        self._open.append(connection)
        self.connections += 1


class _Login(paramiko.ServerInterface):
    def __init__(self, house: SftpServer) -> None:
        self._house = house

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        right = self._house.users.get(username) == password
        self._house.logins += right
        return AUTH_SUCCESSFUL if right else AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        right = username in self._house.users and key in self._house.keys
        self._house.logins += right
        return AUTH_SUCCESSFUL if right else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED


class _Channel(paramiko.SFTPServer):
    """Says why, as far as the server does."""

    def __init__(self, channel: Any, name: str, server: Any, si: Any, house: SftpServer) -> None:
        super().__init__(channel, name, server, si, house)
        self._house = house

    def _send_status(self, request_number: int, code: int, desc: str | None = None) -> None:
        failure = self._house.quirks.failure if code == SFTP_FAILURE else desc
        super()._send_status(request_number, code, failure)  # type: ignore[misc]


class _Folder(paramiko.SFTPServerInterface):
    """The folder's files, under the root ``/``."""

    def __init__(self, server: paramiko.ServerInterface, house: SftpServer) -> None:
        super().__init__(server)
        self._house = house

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        real = self._real(path)
        try:
            self._check(real, 0o400)
            return [self._told(child, follow=False) for child in real.iterdir()]
        except OSError as error:
            return _status(error)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            self._check(self._real(path))
            return self._told(self._real(path))
        except OSError as error:
            return _status(error)

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            self._check(self._real(path))
            return self._told(self._real(path), follow=False)
        except OSError as error:
            return _status(error)

    def open(
        self, path: str, flags: int, attr: paramiko.SFTPAttributes
    ) -> paramiko.SFTPHandle | int:
        real, writes = self._real(path), flags & (os.O_WRONLY | os.O_RDWR)
        try:
            self._check(real, 0 if writes else 0o400)
            if writes and not lets_write(real, self._house.root):
                raise _denied()
            return _Handle(self._house, real, flags)
        except OSError as error:
            return _status(error)

    def remove(self, path: str) -> int:
        try:
            self._check_move(self._real(path))
            self._real(path).unlink()
        except OSError as error:
            return _status(error)
        return SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        """Refuses to replace, as OpenSSH does."""
        if self._real(newpath).exists():
            return SFTP_FAILURE
        return self._move(oldpath, newpath)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        if not self._house.quirks.posix_rename:
            return SFTP_OP_UNSUPPORTED
        return self._move(oldpath, newpath)

    def _move(self, old: str, new: str) -> int:
        try:
            self._check_move(self._real(old))
            self._check_move(self._real(new))
            self._real(old).replace(self._real(new))
        except OSError as error:
            return _status(error)
        if self._house.mishaps < self._house.quirks.lost_renames:
            self._house.mishaps += 1
            self._house.hang_up()
        return SFTP_OK

    def _told(self, path: Path, *, follow: bool = True) -> paramiko.SFTPAttributes:
        told = paramiko.SFTPAttributes.from_stat(path.stat(follow_symlinks=follow), path.name)
        told.st_mode = self._house.quirks.modes(told.st_mode or 0)
        return told

    def _real(self, path: str) -> Path:
        return self._house.root / self.canonicalize(path).lstrip("/")

    def _check(self, path: Path, bit: int = 0) -> None:
        if not lets(path, self._house.root, bit):
            raise _denied()

    def _check_move(self, path: Path) -> None:
        if not lets_move(path, self._house.root):
            raise _denied()


class _Handle(paramiko.SFTPHandle):
    """An open file; paramiko reads and writes through the attributes named so."""

    def __init__(self, house: SftpServer, path: Path, flags: int) -> None:
        super().__init__(flags)
        self._house = house
        binary = getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags | binary, 0o644)
        mode = "r+b" if flags & os.O_RDWR else "wb" if flags & os.O_WRONLY else "rb"
        self.readfile = self.writefile = os.fdopen(descriptor, mode)

    def read(self, offset: int, length: int) -> bytes | int:
        quirks = self._house.quirks
        if self._house.mishaps < quirks.cut_reads and offset >= quirks.cut_reads_from:
            self._house.mishaps += 1
            self._house.hang_up()
        if quirks.unreadable_from is not None and offset + length > quirks.unreadable_from:
            return SFTP_FAILURE
        if quirks.stalls_from is not None and offset + length > quirks.stalls_from:
            self._house.may_go_on.wait(60)
        return super().read(offset, length)

    def write(self, offset: int, data: Any) -> int:
        room = self._house.quirks.disk_room
        if room is not None and offset + len(data) > room:
            return SFTP_FAILURE
        return super().write(offset, data)

    def stat(self) -> paramiko.SFTPAttributes | int:
        self.writefile.flush()
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


def _denied() -> PermissionError:
    return PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _status(error: OSError) -> int:
    return paramiko.SFTPServer.convert_errno(error.errno or 0)
