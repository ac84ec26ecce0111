"""Fixtures: servers that are started once per session, and a fresh base folder for every test.

``server`` runs a test against every kind of server that lives in this process, ``any_server`` also
against real programs; ``new_server`` gives any of them by its kind.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from passerelle.base.deadline import Deadline
from passerelle.cli.demo.odoo import FakeOdoo
from passerelle.config.ledger import Place
from passerelle.config.servers import KINDS
from tests import scale
from tests.servers import HOST, PASSWORD, USER, House, RunningServer
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.connectors import FakeOdooHandle, OdooHandle
from tests.servers.ftp import FtpServer
from tests.servers.postgresql import PostgreSql
from tests.servers.real import REAL_KINDS, CannotStartError, start_real
from tests.servers.real_odoo import OdooServer, RealOdoo
from tests.servers.sftp import SftpServer

NewServer = Callable[[str], RunningServer]


class Houses:
    """The servers of this session, each started when first asked for."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        self._folder, self._certificates = folder, certificates
        self._running: dict[str, House] = {}
        self._failures: dict[str, str] = {}

    def new_server(self, kind: str) -> RunningServer:
        """A fresh base folder on a server of that kind; skips the test where there is none."""
        if kind not in self._running and kind not in self._failures:
            self._start(kind)
        if kind in self._failures:
            _miss(self._failures[kind])
        return self._running[kind].new_base()

    def stop(self) -> None:
        """Ends every server."""
        for house in self._running.values():
            house.stop()

    def _start(self, kind: str) -> None:
        home = self._folder / kind
        home.mkdir()
        start = start_real if kind in REAL_KINDS else start_local
        try:
            self._running[kind] = start(kind, home, self._certificates)
        except CannotStartError as error:
            self._failures[kind] = str(error)


def start_local(kind: str, home: Path, certificates: Certificates) -> House:
    """Starts a server in this process."""
    if kind == "folder":
        return House(kind, "file", home, stop=lambda: None)
    if kind == "sftp":
        return _start_sftp(home)
    tls = None if kind == "ftp" else certificates
    ftp = FtpServer(home, {USER: PASSWORD}, certificates=tls, implicit=kind == "ftps-implicit")
    return House(kind, kind, home, ftp.stop, ftp.port)


def _start_sftp(home: Path) -> House:
    server = SftpServer(home, {USER: PASSWORD})
    known_hosts = home / "known_hosts"
    server.write_known_hosts(known_hosts)
    settings = {"known_hosts": str(known_hosts)}
    return House("sftp", "sftp", home, server.stop, server.port, settings=settings)


def _miss(reason: str, promise: str = "PASSERELLE_REQUIRE_REALSERVERS") -> NoReturn:
    """Skips; fails where the environment promises that the real servers are there."""
    if os.environ.get(promise) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_folder() -> Iterator[Path]:
    """A temporary folder that other users may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="passerelle-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def certificates(shared_folder: Path) -> Certificates:
    """An authority that is trusted only where ``SSL_CERT_FILE`` says so."""
    return make_certificates(shared_folder)


@pytest.fixture(scope="session")
def houses(shared_folder: Path, certificates: Certificates) -> Iterator[Houses]:
    """Every server of the session."""
    running = Houses(shared_folder, certificates)
    yield running
    running.stop()


@pytest.fixture
def trusted(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    """Makes this process, and its children, trust the test authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    return certificates


@pytest.fixture
def new_server(houses: Houses, trusted: Certificates) -> NewServer:
    """Gives a server of any kind, with a fresh base folder."""
    return houses.new_server


@pytest.fixture(scope="session")
def postgresql(shared_folder: Path) -> Iterator[PostgreSql]:
    """A PostgreSQL for the session; skips the test where there is none."""
    try:
        running = PostgreSql(shared_folder)
    except CannotStartError as error:
        _miss(str(error))
    yield running
    running.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.realserver)])
def ledger_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where no ledger is yet, in each of the databases that may keep one."""
    if request.param == "sqlite":
        return tmp_path
    server: PostgreSql = request.getfixturevalue("postgresql")
    return server.new_place()


_OURS = [
    pytest.param("folder" if k == "file" else k, marks=[scale.only("ci")] if "ftps" in k else [])
    for k in KINDS
]
_REAL = [pytest.param(kind, marks=pytest.mark.realserver) for kind in REAL_KINDS]


@pytest.fixture(params=_OURS)
def server(request: pytest.FixtureRequest, new_server: NewServer) -> RunningServer:
    """Every kind of server that runs in this process, one after the other."""
    return new_server(request.param)


@pytest.fixture(params=_REAL)
def real_server(request: pytest.FixtureRequest, new_server: NewServer) -> RunningServer:
    """Every real server program, one after the other."""
    return new_server(request.param)


@pytest.fixture(params=[*_OURS, *_REAL])
def any_server(request: pytest.FixtureRequest, new_server: NewServer) -> RunningServer:
    """Both."""
    return new_server(request.param)


@pytest.fixture(scope="session")
def odoo_server(testrun_uid: str) -> Iterator[OdooServer]:
    """A real Odoo; see :mod:`tests.servers.real_odoo`."""
    try:
        server = OdooServer(testrun_uid)
    except (CannotStartError, OSError) as error:
        _miss(str(error), "PASSERELLE_REQUIRE_ODOO")
    yield server
    server.leave()


@pytest.fixture
def real_odoo(odoo_server: OdooServer) -> Iterator[RealOdoo]:
    """A database of its own on it."""
    odoo = odoo_server.fresh()
    yield odoo
    odoo_server.drop(odoo)


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.realodoo)])
def any_odoo(request: pytest.FixtureRequest) -> Iterator[OdooHandle]:
    """The fake Odoo and, where there is one, the real one."""
    if request.param == "real":
        yield request.getfixturevalue("real_odoo")
        return
    with FakeOdoo() as odoo:
        yield FakeOdooHandle(odoo)


@pytest.fixture
def deadline() -> Deadline:
    """Time enough for one test."""
    return Deadline(timedelta(seconds=60))


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port on which nobody listens, held so that nobody will."""
    with socket.socket() as held:
        held.bind((HOST, 0))
        yield held.getsockname()[1]
