"""The fakes behave as the real ones: Odoo compared with a real 19, ZORT with what is told of it.

What is proved here of both, the other tests of the sync may take from the fake alone.
"""

import http.client
import json
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest

from passerelle.cli.demo.odoo import FakeOdoo
from passerelle.cli.demo.zort import FakeZort, ZortProduct
from tests.servers.connectors import (
    FakeOdooHandle,
    OdooError,
    OdooHandle,
    Proxy,
    changing_count,
    cut,
    later,
    lose,
    only,
    short_page,
    too_many,
)

MARK = "passerelle 17/3"


def test_levels_are_absolute_marked_and_not_repeated(any_odoo: OdooHandle) -> None:
    a, b, c = (any_odoo.add_product(sku) for sku in ("A", "B", "C"))
    levels = [(a, 10), (b, 0), (c, 2.5)]
    answers = [any_odoo.set_levels(levels, MARK) for _ in range(2)]
    assert answers[0] == answers[1] == [any_odoo.quants(p, "id")[0] for p in (a, b, c)]
    assert [any_odoo.quants(product) for product in (a, b, c)] == [[10.0], [0.0], [2.5]]
    assert [any_odoo.moves(product) for product in (a, b, c)] == [[(MARK, 10)], [], [(MARK, 2.5)]]
    any_odoo.set_levels([(a, 4)], "passerelle 18/1")
    assert any_odoo.moves(a) == [(MARK, 10.0), ("passerelle 18/1", -6.0)]


def test_a_bad_line_rolls_its_batch_back(any_odoo: OdooHandle) -> None:
    a, service = any_odoo.add_product("A"), any_odoo.add_product("S", is_storable=False)
    wrongs: list[tuple[Any, object, tuple[int, str]]] = [
        (service, 1, (422, "odoo.exceptions.ValidationError")),
        (999_999, 1, (404, "odoo.exceptions.MissingError")),
        (a, "abc", (500, "builtins.ValueError")),
    ]
    for product, level, error in wrongs:
        with pytest.raises(OdooError) as told:
            any_odoo.set_levels([(a, 7), (product, level)], MARK)
        assert told.value.args == error
        assert (any_odoo.quants(a), any_odoo.moves(a)) == ([], [])


def test_without_inventory_mode_nothing_changes_silently(any_odoo: OdooHandle) -> None:
    a = any_odoo.add_product("A", 5)
    any_odoo.set_levels([(a, 9)], login="admin", mode=False)
    assert (any_odoo.quants(a), any_odoo.moves(a)) == ([5.0, 0.0], [])
    for login in ("stock", "plain"):
        with pytest.raises(OdooError, match="403"):
            any_odoo.set_levels([(a, 9)], login=login, mode=False)


def test_of_doubled_quants_only_the_first_is_written(any_odoo: OdooHandle) -> None:
    a = any_odoo.add_product("A", 5)
    any_odoo.add_quant(a, 3)
    any_odoo.set_levels([(a, 10)])
    assert any_odoo.quants(a) == [10.0, 3.0]
    any_odoo.merge()
    assert any_odoo.quants(a) == [13.0]
    assert len(any_odoo.set_levels([(a, 1), (a, 2)])) == 1
    assert any_odoo.quants(a) == [2.0]


def test_what_lies_apart_is_left_alone(any_odoo: OdooHandle) -> None:
    a, shelf = any_odoo.add_product("A"), any_odoo.add_shelf("Shelf 1")
    any_odoo.add_quant(a, 7, shelf)
    any_odoo.add_quant(a, 5, package_id="PACK1")
    any_odoo.add_quant(a, 2, owner_id="Owner")
    any_odoo.set_levels([(a, 9)])
    found = any_odoo.quants(a, "quantity", "location_id", "package_id", "owner_id", "lot_id")
    named = [[value[1] if isinstance(value, list) else value for value in row] for row in found]
    assert named == [
        [7.0, "WH/Stock/Shelf 1", False, False, False],
        [5.0, "WH/Stock", "PACK1", False, False],
        [2.0, "WH/Stock", False, "Owner", False],
        [9.0, "WH/Stock", False, False, False],
    ]


def test_what_odoo_does_not_refuse(any_odoo: OdooHandle) -> None:
    company, elsewhere = any_odoo.add_company("Company 2")
    lot, serial = (any_odoo.add_product(kind, tracking=kind) for kind in ("lot", "serial"))
    a, archived = any_odoo.add_product("A", 5), any_odoo.add_product("B", active=False)
    any_odoo.set_levels([(lot, 3), (serial, 3), (archived, 3), (a, -2)])
    assert [any_odoo.quants(p) for p in (lot, serial, archived, a)] == [[3], [3], [3], [-2]]
    # Whoever is in the first company alone writes where he cannot look.
    any_odoo.set_levels([(a, 4)], location=elsewhere)
    assert any_odoo.quants(a, "quantity", "company_id", location=elsewhere) == [
        [4.0, [company, "Company 2"]]
    ]
    asked: dict[str, Any] = {"domain": [["location_id", "=", elsewhere]], "fields": ["quantity"]}
    assert any_odoo.call("stock.quant/search_read", "stock", **asked) == []
    any_odoo.set_levels([(a, None)])
    assert any_odoo.quants(a) == [0.0]


def test_levels_are_rounded_to_the_unit(any_odoo: OdooHandle) -> None:
    for level, shown in ((2.345, 2.35), (2.335, 2.34), (0.005, 0.01), (0.1 + 0.2, 0.3)):
        a = any_odoo.add_product(str(level))
        any_odoo.set_levels([(a, level)], MARK)
        any_odoo.set_levels([(a, level)], "again")
        assert (any_odoo.quants(a), any_odoo.moves(a)) == ([shown], [(MARK, shown)])


def test_a_count_that_is_pending_and_the_trap(any_odoo: OdooHandle) -> None:
    a = any_odoo.add_product("A", 10)
    any_odoo.count(a, 12)
    count = "inventory_quantity", "inventory_quantity_set"
    any_odoo.set_levels([(a, 10)])
    assert any_odoo.quants(a, *count) == [[12.0, True]]
    any_odoo.set_levels([(a, 11)])
    assert any_odoo.quants(a, *count) == [[0.0, False]]
    any_odoo.count(a, 12)
    assert any_odoo.apply(a) is None
    assert any_odoo.quants(a) == [12.0]
    any_odoo.apply(a)
    assert any_odoo.quants(a) == [0.0]


def test_products_are_found_as_they_are_written(any_odoo: OdooHandle) -> None:
    for sku in ("A_1", "a_1", "AX1"):
        any_odoo.add_product(sku)
    any_odoo.add_product("B", active=False)

    def find(*domain: list[object], **more: Any) -> list[str]:
        rows = any_odoo.call(
            "product.product/search_read", "stock",
            domain=domain, fields=["default_code"], order="id", **more,
        )  # fmt: skip
        return [row["default_code"] for row in rows]

    assert find(["default_code", "=", "A_1"]) == ["A_1"]
    assert find(["default_code", "=like", "A_%"]) == ["A_1", "AX1"]
    assert find(["default_code", "in", ["AX1", "B"]]) == ["AX1"]
    assert find(["default_code", "in", ["AX1", "B"]], context={"active_test": False}) == [
        "AX1",
        "B",
    ]
    assert find(["company_id", "in", [False, 1]], limit=1, offset=1) == ["a_1"]
    with pytest.raises(OdooError, match="500"):
        find(["nope", "=", 1])


def test_errors_have_their_status(any_odoo: OdooHandle) -> None:
    cases: list[tuple[str, dict[str, Any], tuple[int, str]]] = [
        ("product.nope/search_read", {}, (404, "werkzeug.exceptions.NotFound")),
        ("product.product/nope", {}, (404, "werkzeug.exceptions.NotFound")),
        ("stock.quant/create", {}, (422, "werkzeug.exceptions.UnprocessableEntity")),
        ("res.users/context_get", {"ids": [1]}, (422, "werkzeug.exceptions.UnprocessableEntity")),
        ("product.product/search_read", {"nope": 1}, (500, "builtins.TypeError")),
        ("stock.move/search_read", {}, (403, "odoo.exceptions.AccessError")),
        ("res.users/has_group", {"group_ext_id": "a.b"}, (500, "builtins.ValueError")),
    ]
    for method, arguments, error in cases:
        with pytest.raises(OdooError) as told:
            any_odoo.call(method, "plain", **arguments)
        assert told.value.args == error
    any_odoo.keys["nobody"] = "wrong"
    with pytest.raises(OdooError, match="401"):
        any_odoo.call("res.users/context_get", "nobody")
    with pytest.raises(json.JSONDecodeError):
        OdooHandle(any_odoo.url, "nope", any_odoo.keys).call("res.users/context_get")


def test_a_lost_answer_was_carried_out(any_odoo: OdooHandle) -> None:
    a, gate, done = any_odoo.add_product("A"), Event(), Event()
    with Proxy(any_odoo.url) as proxy:
        through = OdooHandle(proxy.url, any_odoo.database, any_odoo.keys)
        proxy.faults += [only(lose), only(cut, after=1), only(later(gate, done), after=1)]
        levels = []
        for level in (1, 2, 3):
            with pytest.raises(http.client.RemoteDisconnected):
                through.set_levels([(a, level)], f"passerelle 1/{level}")
            levels.append(any_odoo.quants(a))
        assert levels == [[1.0], [1.0], [1.0]]
        gate.set()
        assert done.wait(30)
    assert any_odoo.moves(a) == [("passerelle 1/1", 1.0), ("passerelle 1/3", 2.0)]


def ask(zort: FakeZort, path: str, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(zort.url).netloc, timeout=30)
    keys = {"storename": zort.storename, "apikey": zort.apikey, "apisecret": zort.apisecret}
    connection.request("GET", f"/v4{path}", headers={**keys, **headers})
    got = connection.getresponse()
    body = got.read()
    connection.close()
    return got.status, json.loads(body) if got.status == 200 else got.headers["Retry-After"]


def test_zort_answers_as_it_is_told_of() -> None:
    products = [ZortProduct(sku, "10", {"W1": "3"}) for sku in ("A-1", "A-12", "B")]
    products[2].active = False
    with FakeZort(products, {"W1": "Main"}) as zort:
        path = "/Product/GetProducts"

        def levels(query: str = "", **headers: str) -> list[tuple[str, object]]:
            rows = ask(zort, f"{path}?{query}", **headers)[1]["list"]
            return [(row["sku"], row["stock"]) for row in rows]

        assert levels("page=2&limit=2") == [("B", "10")]
        assert levels("searchsku=a-1&limit=1&warehousecode=W1") == [("A-1", "3")]
        assert levels("activestatus=1&warehousecode=nope") == [("A-1", "10"), ("A-12", "10")]
        assert levels(skulist="B,A-12") == [("A-12", "10"), ("B", "10")]
        assert ask(zort, path, apikey="wrong")[1]["res"]["resCode"] == "100"
        for product, stock in zip(products, (None, "", "abc"), strict=True):
            product.stock = stock
        assert [level for _sku, level in levels()] == [None, "", "abc"]
        products[0].absent = frozenset({"stock"})
        assert "stock" not in ask(zort, path)[1]["list"][0]
        zort.faults += [only(too_many("1")), only(short_page()), changing_count()]
        assert ask(zort, path) == (429, "1")
        answers = [ask(zort, path)[1] for _ in range(2)]
        assert [(len(answer["list"]), answer["count"]) for answer in answers] == [(2, 3), (3, 4)]


@pytest.mark.parametrize(("version", "reference"), [(17, f"{MARK} (admin)"), (18, "")])
def test_before_19_there_is_json_rpc_alone(version: int, reference: str) -> None:
    with FakeOdoo(version=version) as odoo:
        a = odoo.add_product("A").id
        with pytest.raises(json.JSONDecodeError):
            FakeOdooHandle(odoo).quants(a)

        def call(service: str, method: str, *args: object) -> Any:
            connection = http.client.HTTPConnection(urlsplit(odoo.url).netloc, timeout=30)
            params = {"service": service, "method": method, "args": args}
            body = {"jsonrpc": "2.0", "method": "call", "id": 7, "params": params}
            connection.request("POST", "/jsonrpc", json.dumps(body))
            answer = json.loads(connection.getresponse().read())
            connection.close()
            return answer

        login = call("common", "login", odoo.database, "admin", odoo.key("admin"))["result"]
        assert call("common", "login", odoo.database, "admin", "wrong")["result"] is False
        line = {"product_id": a, "location_id": 5, "inventory_quantity_auto_apply": 4}
        context = {"inventory_mode": True, "inventory_name": MARK}
        who = odoo.database, login, odoo.key("admin"), "stock.quant"
        call("object", "execute_kw", *who, "create", [[line]], {"context": context})
        assert odoo.level(a) == 4
        moved = next(iter(odoo.data.tables["stock.move"].values())).reference
        assert moved == (reference or "Product Quantity Updated (admin)")
        assert "result" not in call("object", "execute_kw", *who, "action_apply_inventory", [[]])
        wrong = call("object", "execute_kw", *who[:2], "wrong", *who[3:], "create", [[line]])
        assert wrong["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"
