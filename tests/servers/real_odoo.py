"""A real Odoo 19 on loopback, put together by ``make-odoo`` from packages.

That program lies beside this repository, in ``../shared/odoo``; its head says what it does. Where
``ODOO_DIR`` names a folder that it has filled, the server there is used, started if need be and
left running. Else the tests put one together in a temporary folder, which takes minutes, and take
it down again; processes of one session share it.
"""

import http.client
import json
import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock

from tests.servers.connectors import OdooHandle
from tests.servers.real import CannotStartError

MAKE = Path(__file__).parents[3] / "shared" / "odoo" / "make-odoo"


class RealOdoo(OdooHandle):
    """A database of its own on a real server; everything is made through its API."""

    def add_product(self, sku: str, level: float | None = None, **values: Any) -> int:
        made = {"name": sku, "default_code": sku, "is_storable": True, **values}
        product: int = self.call("product.product/create", vals_list=[made])[0]
        if level is not None:
            self.add_quant(product, level)
        return product

    def add_quant(self, product: int, quantity: float, location: int = 0, **values: Any) -> int:
        models = {"package_id": "stock.package", "owner_id": "res.partner"}
        numbers = {
            name: self.call(f"{models[name]}/create", vals_list=[{"name": text}])[0]
            for name, text in values.items()
        }
        # Not in "inventory mode" an administrator may make any quant.
        where = location or self.stock
        made = {"product_id": product, "location_id": where, "quantity": quantity, **numbers}
        quant: int = self.call("stock.quant/create", vals_list=[made])[0]
        return quant

    def add_shelf(self, name: str) -> int:
        made = {"name": name, "location_id": self.stock, "usage": "internal"}
        shelf: int = self.call("stock.location/create", vals_list=[made])[0]
        return shelf

    def add_company(self, name: str) -> tuple[int, int]:
        company: int = self.call("res.company/create", vals_list=[{"name": name}])[0]
        # A company has no internal location until it has a warehouse.
        self.call(
            "stock.warehouse/create",
            vals_list=[{"name": name, "code": "W2", "company_id": company}],
            context={"allowed_company_ids": [1, company]},
        )
        domain = [["company_id", "=", company], ["usage", "=", "internal"]]
        found = self.call("stock.location/search_read", domain=domain, fields=["usage"])
        return company, found[0]["id"]


class OdooServer:
    """A running server; ``session`` tells the processes that share a temporary one."""

    def __init__(self, session: str) -> None:
        """Raises :class:`CannotStartError` with the reason."""
        given = os.environ.get("ODOO_DIR")
        home = Path(tempfile.gettempdir()) / f"passerelle-odoo-{session}"
        self._folder, self._is_ours = Path(given or home), not given
        if given and not (self._folder / "ready").exists():
            raise CannotStartError(f"ODOO_DIR: {given}: make-odoo did not fill it")
        if not given and not MAKE.exists():
            raise CannotStartError(f"{MAKE} is missing, and ODOO_DIR names no Odoo")
        self._numbers = count(1)
        with self._lock():
            if self._is_ours:
                self._make()
            lines = self._run(self._folder / "start").splitlines()
        self._env = dict(line.split("=", 1) for line in lines if "=" in line)

    def fresh(self) -> RealOdoo:
        """A database with one company and nothing in stock."""
        # The template is copied for one at a time.
        with self._lock():
            name = f"tests_{os.getpid()}_{next(self._numbers)}"
            self._run(self._folder / "fresh", name)
        logins = ("admin", "stock", "plain")
        keys = {login: self._env[f"ODOO_KEY_{login.upper()}"] for login in logins}
        return RealOdoo(self._env["ODOO_URL"], name, keys)

    def drop(self, odoo: RealOdoo) -> None:
        """By Odoo itself, which has connections to it."""
        call = {"service": "db", "method": "drop", "args": ["admin", odoo.database]}
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": call})
        connection = http.client.HTTPConnection(urlsplit(odoo.url).netloc, timeout=30)
        connection.request("POST", "/jsonrpc", body, {"Content-Type": "application/json"})
        connection.getresponse().read()
        connection.close()

    def leave(self) -> None:
        """The last one takes a temporary server down."""
        if not self._is_ours:
            return
        with self._lock():
            self._user().unlink()
            if any(self._user().parent.iterdir()):
                return
            self._run(self._folder / "stop")
            shutil.rmtree(self._folder)

    def _make(self) -> None:
        self._folder.mkdir(mode=0o755, exist_ok=True)
        self._run(MAKE, str(self._folder))
        self._user().parent.mkdir(exist_ok=True)
        self._user().touch()

    def _user(self) -> Path:
        return self._folder / "users" / str(os.getpid())

    def _lock(self) -> FileLock:
        """Beside the folder where that one goes."""
        return FileLock(f"{self._folder}.lock" if self._is_ours else self._folder / "tests.lock")

    def _run(self, program: Path, *arguments: str) -> str:
        # A file for its output: the server that it starts would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [str(program), *arguments], stdout=output, stdin=subprocess.DEVNULL, check=False
            )
            output.seek(0)
            if done.returncode:
                raise CannotStartError(f"{program.name} failed with {done.returncode}")
            return output.read().decode("utf-8")
