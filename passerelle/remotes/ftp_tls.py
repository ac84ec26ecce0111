"""FTP over TLS as the servers of the field want it (RFC 4217)."""

import ftplib
import socket
import ssl
from contextlib import suppress

from passerelle.remotes.ftp_replies import WholeReplies


class ReusingTls(WholeReplies, ftplib.FTP_TLS):
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


def end_tls(connection: socket.socket) -> None:
    """Says goodbye on a TLS data connection; servers that just hang up are forgiven.

    A transfer that was really cut is found by its size and by the closing reply.
    """
    if isinstance(connection, ssl.SSLSocket):
        with suppress(OSError):
            connection.unwrap()
