"""The pure rooms, one by one. What the tests share: settings, and how hard Hypothesis tries."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import settings

from passerelle.config.model import Settings
from passerelle.config.orders import Orders
from passerelle.config.stock import Stock
from passerelle.model.records import KnownOrder
from passerelle.model.states import State
from tests import scale

# For a long search: pytest tests/unit --scale long
_EFFORT = scale.pick(1, 3, 100)

# No deadline: the first example of a test pays for its imports.
few = settings(max_examples=20 * _EFFORT, deadline=None)
many = settings(max_examples=60 * _EFFORT, deadline=None)

SEEN = datetime(2026, 11, 22, 10, 27, tzinfo=UTC)
_SERVERS = {"ftp": {"url": "ftp://user@ftp.example.com/"}}


def orders_settings(**changes: Any) -> Orders:
    """``[orders]`` as config.toml would give it, with ``changes``."""
    orders = {"from": "ftp:commandes.csv", "to": "ftp:import/{time}.xml"} | changes
    found = _settings({"orders": orders}).orders
    assert found is not None
    return found


def stock_settings(**changes: Any) -> Stock:
    """``[stock]`` as config.toml would give it, with ``changes``."""
    stock = {"from": "ftp:ExportCSV.csv", "to": "ftp:ExportCSVmod.csv"} | changes
    found = _settings({"stock": stock}).stock
    assert found is not None
    return found


def known_order(state: State, **changes: Any) -> KnownOrder:
    """An order as the ledger knows it, with ``changes``."""
    blank: dict[str, Any] = {
        "channel": "web",
        "id": "1",
        "reference": "",
        "date": None,
        "reason": "",
    }
    blank |= {"fingerprint": "", "cancelled": False, "resend": False, "seen": SEEN, "changed": SEEN}
    return KnownOrder(**{**blank, "state": state, **changes})


def _settings(tree: dict[str, Any]) -> Settings:
    context = {"folder": Path.cwd(), "servers": tuple(_SERVERS)}
    return Settings.model_validate({"folder": ".", "servers": _SERVERS, **tree}, context=context)
