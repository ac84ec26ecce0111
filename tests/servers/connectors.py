"""ZORT and Odoo to test against: faults for the fakes, and a real Odoo behind the same handle.

:class:`OdooHandle` is what a test needs of an Odoo: it makes products and looks at levels and
moves, over JSON-2, whichever Odoo it is. A :class:`Proxy` before the real one lets the same
faults happen there.
"""

import http.client
import json
from collections.abc import Callable, Sequence
from itertools import count
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

from passerelle.cli.demo.odoo import FakeOdoo
from passerelle.cli.demo.odoo_data import OdooCompany, OdooLocation
from passerelle.cli.demo.serving import (
    CarryOut,
    FakeServer,
    HttpAnswer,
    HttpRequest,
    ServerFault,
)

# Whatever a test waits for comes at once; only one that fails meets this.
_PATIENCE = 30.0


# --- faults ------------------------------------------------------------------------------------


def only(fault: ServerFault, times: int = 1, on: str = "", after: int = 0) -> ServerFault:
    """The fault, so many times, in requests whose path, query or body hold ``on``.

    Those that a fault before it in the list kept are none; the first ``after`` are spared. A write
    to Odoo is ``on='create'`` over either protocol.
    """
    number = count()

    def meets(request: HttpRequest, carry_out: CarryOut) -> HttpAnswer | None:
        text = f"{request.path} {dict(request.params)} {request.body.decode('utf-8')}"
        if on in text and after <= next(number) < after + times:
            return fault(request, carry_out)
        return carry_out()

    return meets


def cut(request: HttpRequest, carry_out: CarryOut) -> None:
    """The connection ends before the request is carried out."""


def lose(request: HttpRequest, carry_out: CarryOut) -> None:
    """The request is carried out, and its answer lost."""
    carry_out()


def later(gate: Event, done: Event) -> ServerFault:
    """The connection ends, and the request is carried out once the gate opens, until it is done:
    as a server goes on whose client gave up."""

    def carry_out_later(carry_out: CarryOut) -> None:
        gate.wait(_PATIENCE)
        carry_out()
        done.set()

    def fault(request: HttpRequest, carry_out: CarryOut) -> None:
        Thread(target=carry_out_later, args=[carry_out], daemon=True).start()

    return fault


def slow(gate: Event) -> ServerFault:
    """The answer comes once the gate opens."""

    def fault(request: HttpRequest, carry_out: CarryOut) -> HttpAnswer | None:
        gate.wait(_PATIENCE)
        return carry_out()

    return fault


def say(answer: HttpAnswer) -> ServerFault:
    """That answer, whatever was asked, and nothing is carried out."""
    return lambda request, carry_out: answer


def too_many(seconds: str = "0") -> ServerFault:
    """429; ``seconds`` is what ``Retry-After`` says."""
    return say(HttpAnswer(429, b"Too Many Requests", {"Retry-After": seconds}))


def page(status: int = 200, title: str = "We will be back soon") -> ServerFault:
    """HTML, as of a proxy or of a shop's own page for errors."""
    return say(HttpAnswer.html(title, status))


def refuse(status: int, name: str, message: str = "refused") -> ServerFault:
    """One of Odoo's errors over JSON-2, such as ``odoo.exceptions.AccessError``."""
    told = {"name": name, "message": message, "arguments": [message], "context": {}}
    return say(HttpAnswer.of({**told, "debug": "Traceback (most recent call last):"}, status))


def change(how: Callable[[dict[str, Any]], object]) -> ServerFault:
    """The answer's JSON, changed in place."""

    def fault(request: HttpRequest, carry_out: CarryOut) -> HttpAnswer | None:
        answer = carry_out()
        if answer is None:
            return None
        value = json.loads(answer.body)
        how(value)
        return HttpAnswer.of(value, answer.status)

    return fault


def short_page(rows: int = 1) -> ServerFault:
    """ZORT leaves out the last rows of a page, and counts them."""
    return change(lambda answer: answer["list"].__delitem__(slice(-rows, None)))


def changing_count() -> ServerFault:
    """One more item each time that ZORT counts them."""
    more = count()
    return change(lambda answer: answer.update(count=answer["count"] + next(more)))


class Proxy(FakeServer):
    """Hands every request on to a real server."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._place = urlsplit(url).netloc

    def answer(self, request: HttpRequest) -> HttpAnswer:
        connection = http.client.HTTPConnection(self._place, timeout=_PATIENCE)
        kept = {k: v for k, v in request.headers.items() if k not in ("host", "connection")}
        connection.request(request.method, request.path, request.body, kept)
        got = connection.getresponse()
        body = got.read()
        connection.close()
        return HttpAnswer(got.status, body, {"Content-Type": got.headers["Content-Type"]})


# --- one handle for both -----------------------------------------------------------------------


class OdooError(Exception):
    """The status and the name of an error that Odoo told."""


class OdooHandle:
    """An Odoo with one warehouse; ``stock`` is the id of its location ``WH/Stock``."""

    stock = 5

    def __init__(self, url: str, database: str, keys: dict[str, str]) -> None:
        self.url, self.database, self.keys = url, database, keys

    def call(self, method: str, login: str = "admin", **arguments: Any) -> Any:
        """``call("stock.quant/create", vals_list=…)``. Raises :class:`OdooError`."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_PATIENCE)
        headers = {
            "Authorization": f"bearer {self.keys[login]}",
            "X-Odoo-Database": self.database,
            "Content-Type": "application/json",
        }
        connection.request("POST", f"/json/2/{method}", json.dumps(arguments), headers)
        got = connection.getresponse()
        body = got.read()
        connection.close()
        if got.status != 200:
            raise OdooError(got.status, json.loads(body)["name"])
        return json.loads(body)

    def set_levels(
        self,
        levels: Sequence[tuple[int, object]],
        mark: str = "passerelle 1/1",
        location: int = 0,
        login: str = "stock",
        mode: bool = True,
    ) -> Any:
        """As the sync does, for products by their ids; gives Odoo's answer."""
        lines = [
            {
                "product_id": product,
                "location_id": location or self.stock,
                "inventory_quantity_auto_apply": level,
            }
            for product, level in levels
        ]
        context = {"inventory_mode": mode, "inventory_name": mark}
        return self.call("stock.quant/create", login, vals_list=lines, context=context)

    def quants(self, product: int, *names: str, location: int = 0) -> list[Any]:
        """The quants of a product in a location and below: their quantities, or other fields."""
        where = ["location_id", "child_of", location or self.stock]
        asked = list(names or ["quantity"])
        domain = [["product_id", "=", product], where]
        rows = self.call("stock.quant/search_read", domain=domain, fields=asked, order="id")
        return [row[asked[0]] if len(asked) == 1 else [row[k] for k in asked] for row in rows]

    def moves(self, product: int) -> list[tuple[str, float]]:
        """Marks and changes, down below 0, of what was adjusted; the first move first."""
        asked = ["reference", "quantity", "location_dest_id"]
        domain = [["product_id", "=", product], ["is_inventory", "=", True]]
        rows = self.call("stock.move/search_read", domain=domain, fields=asked, order="id")
        lost = "Inventory adjustment"
        return [
            (row["reference"], row["quantity"] * (-1 if row["location_dest_id"][1] == lost else 1))
            for row in rows
        ]  # fmt: skip

    def apply(self, product: int) -> Any:
        """What must never be done to a quant that nobody counted."""
        ids = self.quants(product, "id")
        return self.call("stock.quant/action_apply_inventory", ids=ids)

    def merge(self) -> None:
        self.call("stock.quant/action_view_inventory", "stock")

    def count(self, product: int, counted: float) -> None:
        """A person counts, and does not apply it yet."""
        line = {"product_id": product, "location_id": self.stock, "inventory_quantity": counted}
        context = {"inventory_mode": True}
        self.call("stock.quant/create", "stock", vals_list=[line], context=context)

    def add_product(self, sku: str, level: float | None = None, **values: Any) -> int:
        """Its id; with a level it has one quant in ``WH/Stock``, and no move."""
        raise NotImplementedError

    def add_quant(self, product: int, quantity: float, location: int = 0, **values: Any) -> int:
        """One more quant; ``package_id`` and ``owner_id`` are names here."""
        raise NotImplementedError

    def add_shelf(self, name: str) -> int:
        """A location in ``WH/Stock``."""
        raise NotImplementedError

    def add_company(self, name: str) -> tuple[int, int]:
        """A second company and the internal location that it has; the administrator is in both."""
        raise NotImplementedError


class FakeOdooHandle(OdooHandle):
    def __init__(self, odoo: FakeOdoo) -> None:
        keys = {login: odoo.key(login) for login in ("admin", "stock", "plain")}
        super().__init__(odoo.url, odoo.database, keys)
        self.odoo = odoo

    def add_product(self, sku: str, level: float | None = None, **values: Any) -> int:
        return self.odoo.add_product(sku, level, **values).id

    def add_quant(self, product: int, quantity: float, location: int = 0, **values: Any) -> int:
        models, numbers = {"package_id": "stock.package", "owner_id": "res.partner"}, {}
        for name, text in values.items():
            numbers[name] = len(self.odoo.data.names) + 1
            self.odoo.data.names[models[name], numbers[name]] = text
        return self.odoo.add_quant(product, quantity, location or None, **numbers).id

    def add_shelf(self, name: str) -> int:
        shelf = OdooLocation(0, f"WH/Stock/{name}", location_id=self.stock)
        return self.odoo.data.add("stock.location", shelf).id

    def add_company(self, name: str) -> tuple[int, int]:
        company = self.odoo.data.add("res.company", OdooCompany(0, name)).id
        for where, usage in (("Inventory adjustment", "inventory"), ("W2/Stock", "internal")):
            place = OdooLocation(0, where, usage, company)
            self.odoo.data.add("stock.location", place)
        for user in self.odoo.data.tables["res.users"].values():
            if user.login == "admin":
                user.company_ids = (1, company)
        return company, place.id
