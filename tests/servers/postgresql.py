"""A PostgreSQL of the tests' own, from Debian's package: on loopback, in a temporary folder.

PostgreSQL refuses to run as root: started by root, it runs as ``nobody``.
"""

import os
import shutil
import socket
import subprocess
from contextlib import closing
from itertools import count
from pathlib import Path

import psycopg
from pydantic import SecretStr

from passerelle.config.ledger import Database
from tests.servers.real import CannotStartError

_USER = "passerelle"
# It survives the death of any program, which is all that tests try: not a power cut.
_SETTINGS = ("fsync=off", "max_connections=200", "shared_buffers=32MB")


class PostgreSql:
    """A running server. Raises :class:`CannotStartError` where there is none to start."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        """``durable``: it writes as for a shop, and takes its time."""
        self._settings = _SETTINGS[1:] if durable else _SETTINGS
        self._bin, self._data, self._numbers = _programs(), folder / "postgresql", count(1)
        self._data.mkdir()
        if os.name != "nt" and os.geteuid() == 0:
            shutil.chown(self._data, "nobody", "nogroup")
        self.port = _free_port()
        self._do("initdb", "-D", self._data, "-A", "trust", "-U", _USER, "--no-sync")
        self.start()

    def start(self) -> None:
        options = ["-p", str(self.port), "-k", str(self._data), "-h", "127.0.0.1"]
        options += [part for setting in self._settings for part in ("-c", setting)]
        log = self._data / "log"
        self._do("pg_ctl", "-D", self._data, "-l", log, "-o", " ".join(options), "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        """``immediate`` is what a crash leaves; ``fast`` ends connections in order."""
        self._do("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    @property
    def url(self) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/postgres"

    def new_place(self) -> Database:
        """Where no ledger is yet."""
        return Database(self.url, f"shop_{next(self._numbers)}", SecretStr(""))

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"fleet_{next(self._numbers)}"
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url.removesuffix("postgres") + name

    def dump(self, schema: str) -> bytes:
        """A backup of one shop, as docs/fleet.md makes it."""
        command = [str(self._bin / "pg_dump"), "-n", schema, self.url]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def restore(self, schema: str, dump: bytes) -> None:
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())
        subprocess.run([str(self._bin / "psql"), "-q", self.url], input=dump, check=True)

    def cut(self, deed: str = "") -> None:
        """Ends Passerelle's connections, as a firewall may; of one deed, where it is named."""
        asked = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE pid <> pg_backend_pid() AND application_name LIKE %s"""
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            connection.execute(asked, (f"passerelle {deed}".rstrip() + "%",))

    def _do(self, program: str, *args: object) -> None:
        command = [str(self._bin / program), *map(str, args)]
        if os.name != "nt" and os.geteuid() == 0:
            command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotStartError(f"{program}: {done.stderr or done.stdout}")


def _programs() -> Path:
    """The newest that Debian installed: they are not on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[-3])
    if not found:
        raise CannotStartError("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
