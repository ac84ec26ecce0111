"""A shop and its servers to run Passerelle on: one folder, an FTP server, and a config.toml."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import order_csv, stock_csv
from benchmarks.ftp_server import PASSWORD, USER
from benchmarks.measure import ROOT, Contender

_CONFIG = """\
folder = "data"

[servers.ftp]
url = "{url}"
{password}
[orders]
from = "ftp:commandes.csv"
to = "ftp:import/commandes{{time}}.xml"
store = "008"
start_from = 2000-01-01T00:00:00

[stock]
from = "ftp:ExportCSV.csv"
to = "ftp:ExportCSVmod.csv"
"""
# Two or three lines an order.
LINES_AN_ORDER = 2.5
# Older than what is measured twice, younger than what is too old to trust.
_AGE = 120


@dataclass(frozen=True)
class Shop:
    """``server`` holds what shop and ERP exchange, ``data`` is Passerelle's own folder.

    Where a run changes either, :meth:`lay_out` puts back what :meth:`remember` saw.
    """

    folder: Path
    port: int = 0

    @property
    def server(self) -> Path:
        """What the FTP server serves."""
        return self.folder / "server"

    @property
    def data(self) -> Path:
        """The ledger, the archives and the traces."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the FTP server was asked."""
        return self.folder / "commands.log"

    def open_with(self, orders: int, stock_lines: int) -> None:
        """Both source files, written two minutes ago."""
        (self.server / "import").mkdir(parents=True, exist_ok=True)
        order_csv(self.server / "commandes.csv", round(orders * LINES_AN_ORDER))
        stock_csv(self.server / "ExportCSV.csv", stock_lines)
        self._age_sources()

    def configure(self, url: str, password: str = "") -> None:
        """Writes config.toml for a server at ``url``."""
        line = f'password = "{password}"\n' if password else ""
        text = _CONFIG.format(url=url, password=line)
        (self.folder / "config.toml").write_text(text, encoding="utf-8", newline="\n")

    def run(self, *args: str) -> tuple[str, ...]:
        """The command line of Passerelle in this shop."""
        config = str(self.folder / "config.toml")
        return (sys.executable, "-m", "passerelle", "--config", config, *args)

    def play(self, *args: str) -> None:
        """Runs it, not measured; it must end well."""
        Contender("play", self.run(*args)).check()

    def takes_all(self) -> None:
        """The ERP imports each XML, and the shop its stock, and deletes it."""
        for path in (*self.server.glob("import/*.xml"), *self.server.glob("ExportCSVmod.csv")):
            path.unlink()

    def data_from(self, folder: Path) -> None:
        """Passerelle's own folder becomes a copy of ``folder``, and nothing there is another's."""
        for path in (*self.server.glob("passerelle.mark.*"), *self.server.glob("import/*")):
            path.unlink()
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(folder, self.data)
        with closing(sqlite3.connect(self.data / "passerelle.db")) as ledger, ledger:
            ledger.execute("DELETE FROM servers")

    def remember(self) -> None:
        """Keeps both folders as they are now."""
        for name in ("server", "data"):
            shutil.rmtree(self.folder / f"{name}.kept", ignore_errors=True)
            shutil.copytree(self.folder / name, self.folder / f"{name}.kept")

    def lay_out(self) -> None:
        """Both folders as they were; what runs left of them is on the disk before it is timed.

        The server's own folders stay: others in their place would be told from them.
        """
        for name in ("server", "data"):
            for path in (self.folder / name).rglob("*"):
                if path.is_file():
                    path.unlink()
            shutil.copytree(self.folder / f"{name}.kept", self.folder / name, dirs_exist_ok=True)
        self._age_sources()
        self.log.write_bytes(b"")
        getattr(os, "sync", lambda: None)()  # Windows has none

    def asked(self) -> Sequence[str]:
        """What the FTP server was asked since it was laid out."""
        return self.log.read_text(encoding="utf-8").splitlines()

    def _age_sources(self) -> None:
        moment = time.time() - _AGE
        for name in ("commandes.csv", "ExportCSV.csv"):
            os.utime(self.server / name, (moment, moment))


@contextmanager
def served(folder: Path) -> Iterator[Shop]:
    """An empty shop in ``folder``, with an FTP server in a process of its own."""
    still = Shop(folder)
    still.server.mkdir(parents=True)
    still.log.touch()
    command = [sys.executable, "-m", "benchmarks.ftp_server", str(still.server), str(still.log)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as server:
        try:
            assert server.stdout is not None
            shop = Shop(folder, int(server.stdout.readline()))
            shop.configure(f"ftp://{USER}@127.0.0.1:{shop.port}", PASSWORD)
            yield shop
        finally:
            server.kill()
