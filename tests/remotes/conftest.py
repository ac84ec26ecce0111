"""A shop whose server has odd habits, and connections to it."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import paramiko
import pytest

from passerelle.base.deadline import Deadline
from passerelle.config.servers import Server
from passerelle.remotes import connect, open_remote
from passerelle.remotes.base import Remote
from tests.servers import HOST, PASSWORD, USER
from tests.servers.certificates import Certificates
from tests.servers.ftp import FtpServer, Quirks
from tests.servers.sftp import SftpQuirks, SftpServer

BIG = bytes(range(256)) * 4096
AS_IT_SHOULD, SFTP_AS_IT_SHOULD = Quirks(), SftpQuirks()


class Hurried(Deadline):
    """Time enough for one test, in which the wait before another try takes none."""

    def __init__(self) -> None:
        super().__init__(timedelta(seconds=60))

    def sleep(self, wait: timedelta) -> None:
        self.remaining()


class Shop:
    """Starts servers over one folder, and connects to the latest."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        self.root, self.known_hosts = folder / "shop", folder / "known_hosts"
        self._certificates, self._deadline, self._open = certificates, Hurried(), ExitStack()
        self.root.mkdir()

    def start(self, quirks: Quirks = AS_IT_SHOULD, scheme: str = "ftp") -> FtpServer:
        tls = None if scheme == "ftp" else self._certificates
        users, implicit = {USER: PASSWORD, "old": "plain"}, scheme == "ftps-implicit"
        ftp = FtpServer(self.root, users, quirks=quirks, certificates=tls, implicit=implicit)
        self.url = f"{scheme}://{USER}@{HOST}:{ftp.port}"
        return self._open.enter_context(ftp)

    def start_sftp(
        self, quirks: SftpQuirks = SFTP_AS_IT_SHOULD, keys: tuple[paramiko.PKey, ...] = ()
    ) -> SftpServer:
        sftp = SftpServer(self.root, {USER: PASSWORD}, keys=keys, quirks=quirks)
        sftp.write_known_hosts(self.known_hosts)
        self.url = f"sftp://{USER}@{HOST}:{sftp.port}"
        return self._open.enter_context(sftp)

    def settings(self, **changes: object) -> Server:
        given = {"url": self.url, "password": PASSWORD, "known_hosts": str(self.known_hosts)}
        return Server.model_validate({**given, **changes})

    def once(self, **changes: object) -> Remote:
        """One connection, without a second try."""
        remote = connect("shop", self.settings(**changes), self._deadline)
        self._open.callback(remote.close)
        return remote

    def patient(self, **changes: object) -> Remote:
        """A remote that tries again, as in a real run."""
        remote = open_remote("shop", self.settings(**changes), self._deadline)
        self._open.callback(remote.close)
        return remote

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.root.iterdir()}

    def put(self, **files: bytes) -> None:
        for name, data in files.items():
            (self.root / f"{name}.csv").write_bytes(data)

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def shop(tmp_path: Path, certificates: Certificates) -> Iterator[Shop]:
    shop = Shop(tmp_path, certificates)
    yield shop
    shop.close()
