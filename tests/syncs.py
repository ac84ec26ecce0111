"""A world for syncs: a fake ZORT, an Odoo of either kind, and the program's commands."""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from passerelle.cli.demo.zort import FakeZort
from passerelle.config.shown import toml_value
from tests.servers.connectors import OdooHandle
from tests.shell import Result, run_program


class SyncWorld:
    """``later`` turns the clock; no pause is waited for: ``pauses`` has them, in seconds."""

    def __init__(self, folder: Path, zort: FakeZort, odoo: OdooHandle) -> None:
        self.folder, self.zort, self.odoo = folder, zort, odoo
        self.url, self.login = odoo.url, "stock"
        self._ahead = timedelta(0)
        self.pauses = list[float]()
        self.ids = list[int]()

    def write(self, **keys: Any) -> None:
        """config.toml, with these keys of the sync and of its Odoo."""
        odoo = {"protocol": "json2", "request_limit": 5} | keys.pop("odoo", {})
        (self.folder / "config.toml").write_text(
            f"""
[connectors.zort]
kind = "zort"
url = "{self.zort.url}"
storename = "{self.zort.storename}"
apikey = "{self.zort.apikey}"
apisecret = "{self.zort.apisecret}"
rate = 100.0
[connectors.odoo]
kind = "odoo"
url = "{self.url}"
database = "{self.odoo.database}"
login = "{self.login}"
apikey = "{self.odoo.keys[self.login]}"
{toml(odoo)}
[sync.stock_th]
from = "zort"
to = "odoo"
{toml(keys)}
[report]
after_runs = false
""",
            "utf-8",
        )

    def run(self, *words: str, expected: int | Collection[int] = 0) -> Result:
        with self.turned():
            result = run_program("--config", str(self.folder / "config.toml"), *words)
        codes = (expected,) if isinstance(expected, int) else expected
        assert result.exit_code in codes, (result.stdout, result.stderr)
        return result

    @contextmanager
    def turned(self) -> Iterator[None]:
        def clock() -> datetime:
            return datetime.now().astimezone() + self._ahead

        with (
            patch("passerelle.base.clocks.clock", clock),
            patch("passerelle.connectors.web.pause", self.pauses.append),
        ):
            yield

    def later(self, **span: float) -> None:
        self._ahead += timedelta(**span)

    def jobs(self) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = json.loads(self.run("jobs", "list", "--json").output)
        return found

    def states(self) -> list[str]:
        return [job["state"] for job in self.jobs()]


def toml(keys: dict[str, Any]) -> str:
    return "\n".join(f"{key} = {toml_value(value)}" for key, value in keys.items())


def levels_of(odoo: OdooHandle, products: Sequence[int]) -> list[float]:
    return [sum(odoo.quants(product)) for product in products]
