"""Sales by order status: paid later, sold later, retried until done. Shop and ERP are played."""

import json
import os
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from lxml import etree

from passerelle.errors import PermanentError, TransientError
from passerelle.remotes.folder import FolderRemote
from tests.e2e.conftest import make_world
from tests.servers.fixtures import NewServer
from tests.shell import Result
from tests.world import Sale, World, tree

UNPAID, PAID, CANCELLED = "En attente de paiement", "Paiement accepté", "Annulé"
PLENTY = {str(370 + n): 50 for n in range(9)}

FULFIL = """
[fulfil]
enabled = true
to = "ftp:ventes/vente_{id}_{time}.xml"
start_from = 2026-11-22T00:00:00
"""


@dataclass
class Erp:
    """Imports orders and sales; refuses the sales of the orders in ``refuses``."""

    world: World
    refuses: set[str] = field(default_factory=set)
    sold: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)

    def lying(self) -> list[Path]:
        return sorted((self.world.server.root / "ventes").iterdir())

    def takes(self, *, orders: bool = True) -> list[str]:
        """Takes all that lies there; returns the ids of the orders whose sale it booked."""
        if orders:
            self.orders.update(self.world.erp_takes())
        booked = []
        for path in self.lying():
            if path.suffix == ".xml":
                id = etree.fromstring(path.read_bytes()).findtext("id") or ""
                if id in self.refuses:
                    path.rename(self.world.server.root / "refus" / path.name)
                else:
                    booked.append(id)
                    path.unlink()
        self.sold.update(booked)
        return booked


class Shop:
    """The world with fulfilment switched on: what a shop and its staff do and see."""

    def __init__(self, world: World) -> None:
        self.world, self.erp = world, Erp(world)
        for folder in ("ventes", "refus"):
            world.server.put_folder(folder)
        self.configure()
        self.stock(PLENTY)

    def configure(self, fulfil: str = 'refused = "ftp:refus"\n', **more: str) -> None:
        self.world.configure(extra=FULFIL + fulfil, **more)

    def stock(self, levels: Mapping[str, int], *, age: float = 60) -> None:
        self.world.erp_writes_stock(levels, age=age)

    def run(self, *sales: Sale, code: int = 0) -> str:
        """The shop exports, Passerelle runs; returns what it said."""
        if sales:
            self.world.shop_writes(*sales)
        result = self.world.run("run", "orders")
        assert result.exit_code == code, result
        return result.text

    def sale(self, id: str) -> dict[str, Any]:
        """What `orders show --json` tells of an order's sale."""
        found = json.loads(self.world.run_well("orders", "show", id, "--json"))["sale"]
        assert isinstance(found, dict), f"order {id} has no sale"
        return found

    def state(self, id: str) -> str:
        return str(self.sale(id)["state"])

    def document(self, id: str) -> etree._Element:
        (path,) = [path for path in self.erp.lying() if f"_{id}_" in path.name]
        return etree.fromstring(path.read_bytes())


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world)


def order(id: str, status: str = PAID, items: Mapping[str, int] | None = None, **more: Any) -> Sale:
    return Sale(id, dict(items or {"370": 1}), status=status, **more)


class TestTheFourStories:
    def test_unpaid_at_import_is_sold_once_it_is_paid(self, shop: Shop) -> None:
        shop.run(order("1", UNPAID))
        assert [len(shop.world.xmls()), shop.erp.lying()] == [1, []]
        shop.erp.takes()
        shop.run(order("1", UNPAID))
        assert shop.erp.lying() == []
        text = shop.run(order("1", PAID))
        assert "sale to issue: order 1, a receipt, as ftp:ventes/vente_1_" in text
        assert "1 sale issued" in shop.world.trace(1)
        assert shop.erp.takes() == ["1"]
        assert "the ERP has the sale of 1 order (1)" in shop.run()
        assert shop.state("1") == "done"
        assert shop.erp.orders == shop.erp.sold == Counter({"1": 1})

    def test_paid_at_import_is_sent_and_sold_in_one_run(self, shop: Shop) -> None:
        shop.run(order("1"))
        assert len(shop.world.xmls()) == len(shop.erp.lying()) == 1
        assert shop.erp.takes() == ["1"]
        shop.run()
        shop.run()
        assert shop.erp.orders == shop.erp.sold == Counter({"1": 1})

    @pytest.mark.parametrize(("repeat", "sales"), [("remember", 1), ("again", 2)])
    def test_imported_twice_its_sale_is_remembered_or_issued_again(
        self, shop: Shop, repeat: str, sales: int
    ) -> None:
        shop.configure(f'repeat = "{repeat}"\n')
        shop.run(order("1"))
        shop.erp.takes()
        shop.run()
        shop.world.run_well("orders", "resend", "1")
        text = shop.run()
        assert ("its sale, which is not issued again" in text) == (repeat == "remember")
        shop.erp.takes()
        shop.run()
        shop.run()
        assert shop.erp.orders == Counter({"1": 2})
        assert shop.erp.sold == Counter({"1": sales})
        assert shop.state("1") == "done"

    @pytest.mark.parametrize("repeat", ["remember", "again"])
    def test_deleted_in_the_erp_and_forgotten_it_is_imported_and_sold_again(
        self, shop: Shop, repeat: str
    ) -> None:
        shop.configure(f'repeat = "{repeat}"\n')
        shop.run(order("1"))
        shop.erp.takes()
        shop.run()
        told = shop.world.run_well("orders", "forget", "1")
        assert "take it out of the ERP first" in told
        shop.run()
        shop.erp.takes()
        shop.run()
        assert shop.erp.orders == shop.erp.sold == Counter({"1": 2})
