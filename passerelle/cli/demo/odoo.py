"""An Odoo of one's own: what the sync of stock asks of Odoo, over JSON-2 and over JSON-RPC.

Measured on a real 19.0, whose words and statuses it uses. What it does as 16, 17 or 18 follows
published sources and was never compared. ``odoo_models`` has the methods that can be called,
``odoo_data`` the records, ``odoo_quants`` what changes levels.
"""

import json
from collections.abc import Mapping
from typing import Any

from passerelle.cli.demo.odoo_data import OdooData, OdooLocation, OdooProduct, OdooQuant, OdooUser
from passerelle.cli.demo.odoo_models import OdooCall
from passerelle.cli.demo.odoo_quants import STOCK_MANAGER, STOCK_USER, FakeOdooError
from passerelle.cli.demo.serving import FakeServer, HttpAnswer, HttpRequest

# Where an error's class lives, and its status over JSON-2. Others are Python's own, and 500.
_KINDS = {
    "AccessError": ("odoo.exceptions", 403),
    "AccessDenied": ("odoo.exceptions", 403),
    "MissingError": ("odoo.exceptions", 404),
    "UserError": ("odoo.exceptions", 422),
    "ValidationError": ("odoo.exceptions", 422),
    "BadRequest": ("werkzeug.exceptions", 400),
    "Unauthorized": ("werkzeug.exceptions", 401),
    "NotFound": ("werkzeug.exceptions", 404),
    "UnprocessableEntity": ("werkzeug.exceptions", 422),
    "OperationalError": ("psycopg2", 500),
}
_NO_DATABASE = "No database is selected and the requested URL was not found"


class FakeOdoo(FakeServer):
    """``with FakeOdoo() as odoo``: answers at ``odoo.url``; what it knows is in ``odoo.data``.

    It begins with one company, its location ``WH/Stock`` and three users: ``admin`` (Inventory /
    Administrator), ``stock`` (Inventory / User) and ``plain``, who has no rights on stock;
    :meth:`key` gives their API keys. Before 19 there is no JSON-2.
    """

    def __init__(self, database: str = "prod", version: int = 19) -> None:
        super().__init__()
        self.database = database
        self.data = OdooData(version=version)
        self.stock: OdooLocation = self.data.tables["stock.location"][5]
        rights = {"admin": {STOCK_USER, STOCK_MANAGER}, "stock": {STOCK_USER}, "plain": set[str]()}
        for login, groups in rights.items():
            user = OdooUser(0, login, f"odoo-key-of-{login}", frozenset(groups))
            self.data.add("res.users", user)

    def key(self, login: str = "stock") -> str:
        """Raises :class:`StopIteration` for nobody."""
        users: list[OdooUser] = list(self.data.tables["res.users"].values())
        return next(user.key for user in users if user.login == login)

    def add_product(
        self, sku: str | None, level: float | None = None, **values: Any
    ) -> OdooProduct:
        """``level`` lies in ``WH/Stock``; without it the product has no quant."""
        values.setdefault("name", sku or "")
        product = self.data.add("product.product", OdooProduct(0, sku, **values))
        if level is not None:
            self.add_quant(product.id, level)
        return product

    def add_quant(
        self, product_id: int, quantity: float, location_id: int | None = None, **values: Any
    ) -> OdooQuant:
        """One more, also where there is one already."""
        where = self.data.tables["stock.location"][location_id or self.stock.id]
        quant = OdooQuant(0, product_id, where.id, quantity, company_id=where.company_id, **values)
        return self.data.add("stock.quant", quant)

    def level(self, product_id: int, location_id: int | None = None) -> float:
        """All that lies in one location, whatever quants it is in."""
        place = product_id, location_id or self.stock.id
        quants: list[OdooQuant] = list(self.data.tables["stock.quant"].values())
        return sum(one.quantity for one in quants if (one.product_id, one.location_id) == place)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        if request.path == "/jsonrpc" and request.method == "POST":
            return self._json_rpc(request)
        if not request.path.startswith("/json/2/") or self.data.version < 19:
            return HttpAnswer.html("404 Not Found", 404)
        if request.headers.get("x-odoo-database") != self.database:
            return HttpAnswer.html(_NO_DATABASE, 404)
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return HttpAnswer.html("415 Unsupported Media Type", 415)
        try:
            return HttpAnswer.of(self._json_2(request))
        except Exception as error:
            name, status = _kind(error)
            return HttpAnswer.of(_told(error, name), status)

    def _json_2(self, request: HttpRequest) -> Any:
        model, _, method = request.path.removeprefix("/json/2/").partition("/")
        if request.method != "POST":
            raise FakeOdooError("NotFound", "Did you mean POST /json/2/<model>/<method>?")
        user = self._bearer(request)
        try:
            arguments = dict(request.json())
        except ValueError as error:
            why = f"could not parse the body as json: {error}"
            raise FakeOdooError("BadRequest", why) from error
        if model not in self.data.tables:
            raise FakeOdooError("NotFound", f"the model {model!r} does not exist")
        ids, context = arguments.pop("ids", []), arguments.pop("context", {})
        call = OdooCall(self.data, user, model, ids, context)
        return call.named(method, arguments)

    def _bearer(self, request: HttpRequest) -> OdooUser:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            why = "User not authenticated, use an API Key with a Bearer Authorization header."
            raise FakeOdooError("Unauthorized", why)
        users: list[OdooUser] = list(self.data.tables["res.users"].values())
        found = next((user for user in users if user.key == key), None)
        if found is None:
            raise FakeOdooError("Unauthorized", "Invalid apikey")
        return found

    def _json_rpc(self, request: HttpRequest) -> HttpAnswer:
        """Errors come inside HTTP 200, and what has no result has no ``result``."""
        try:
            body = request.json()
        except ValueError:
            return HttpAnswer(400, b"Invalid JSON data", {"Content-Type": "text/html"})
        found: dict[str, Any] = {"jsonrpc": "2.0", "id": body.get("id")}
        params = body.get("params", {})
        try:
            result = self._dispatch(params["service"], params["method"], params["args"])
        except Exception as error:
            data = _told(error, _kind(error)[0])
            found["error"] = {"code": 0, "message": "Odoo Server Error", "data": data}
        else:
            found |= {} if result is None else {"result": result}
        return HttpAnswer.of(found)

    def _dispatch(self, service: str, method: str, args: list[Any]) -> Any:
        if (service, method) == ("common", "version"):
            version = self.data.version
            info = [version, 0, 0, "final", 0, ""]
            return {"server_version": f"{version}.0", "server_version_info": info,
                    "server_serie": f"{version}.0", "protocol_version": 1}  # fmt: skip
        if args[0] != self.database:
            raise FakeOdooError("OperationalError", f'database "{args[0]}" does not exist\n')
        if service == "common" and method in ("login", "authenticate"):
            users = self.data.tables["res.users"].values()
            return next((one.id for one in users if [one.login, one.key] == args[1:3]), False)
        if (service, method) == ("object", "execute_kw"):
            return self._execute(*args[1:])
        raise KeyError(f"Method not found: {method}")

    def _execute(
        self, uid: int, key: str, model: str, method: str, args: list[Any],
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        user = self.data.tables["res.users"].get(uid)
        if user is None or user.key != key:
            raise FakeOdooError("AccessDenied", "Access Denied")
        if model not in self.data.tables:
            raise FakeOdooError("UserError", f"Object {model} doesn't exist")
        named = dict(kwargs or {})
        call = OdooCall(self.data, user, model, [], named.pop("context", None) or {})
        return call.positional(method, args, named)


def _kind(error: Exception) -> tuple[str, int]:
    name = error.kind if isinstance(error, FakeOdooError) else type(error).__name__
    module, status = _KINDS.get(name, ("builtins", 500))
    return f"{module}.{name}", status


def _told(error: Exception, name: str) -> dict[str, Any]:
    message = str(error.args[0]) if error.args else ""
    return {
        "name": name,
        "message": message,
        "arguments": [message],
        "context": {},
        "debug": f"Traceback (most recent call last):\n{name}: {json.dumps(message)}\n",
    }
