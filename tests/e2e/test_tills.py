"""Tills that share their orders: what the server answers, and what the others see, over HTTP."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from passerelle.base.exact_json import dump, parse
from tests import scale
from tests.tills import (
    AS_SEEN,
    BREAK,
    CANCEL,
    CLAIM,
    RELEASE,
    SHOE,
    Ear,
    RawTill,
    TillShop,
    at_once,
    create,
    drop,
    line,
    pay,
    plus,
    put,
)

TWO_GROUPS = """
[tills.groups.store]
[tills.groups.cellar]
[tills.groups.alone]
sync = false
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TillShop]:
    with TillShop(tmp_path_factory.mktemp("tills") / "Tills é", lines=TWO_GROUPS) as shop:
        yield shop


_numbers = count(1)


@pytest.fixture
def id() -> str:
    return f"order/{next(_numbers)} é"


@pytest.fixture(scope="module")
def tills(shop: TillShop) -> Callable[[str], RawTill]:
    """Each till is paired once; what it did before is in orders of other tests."""
    known: dict[str, RawTill] = {}

    def till(name: str) -> RawTill:
        if name not in known:
            known[name] = shop.till(name, "--group", "store")
        return known[name]

    return till


@pytest.fixture
def a(tills: Callable[[str], RawTill]) -> RawTill:
    return tills("A")


@pytest.fixture
def b(tills: Callable[[str], RawTill]) -> RawTill:
    return tills("B")


# --- one command, and two --------------------------------------------------------------------


def test_a_new_order_is_answered_and_told_in_the_form_of_the_protocol(
    shop: TillShop, a: RawTill, b: RawTill, id: str
) -> None:
    with Ear(b) as ear:
        answer = a.ops(id, create(note="x"), line("l1", **SHOE), CLAIM, n=17, key="any unique text")
        told = ear.wait_for(id, rev=answer.order["rev"])
    order = answer.order
    assert answer.seen == (200, "ok", None)
    assert list(answer.value) == ["result", "order"]
    assert {**order, "no": 0} == parse(dump({
        "id": id, "no": 0, "rev": 1, "state": "draft", "claim": "A", "fields": {"note": "x"},
        "lines": {"l1": SHOE}, "done": {"A": 17},
    })) | {"no": 0}  # fmt: skip
    assert told == order == b.order(id.replace(" ", "%20").replace("é", "%C3%A9"))
    snapshot, health = a.get("/v1/snapshot").value, a.get("/v1/health").value
    assert list(snapshot) == ["cursor", "till", "session", "orders"]
    assert order in snapshot["orders"]
    assert ear.cursor == snapshot["cursor"] == f"{health['epoch']}.{health['seq']}"
    assert list(health) == ["status", "version", "epoch", "seq"]
    assert a.get("/v1/orders/none").status == 404


def test_one_key_is_one_effect_and_one_answer_however_often(a: RawTill, id: str) -> None:
    a.ops(id, create(), line("l1", **SHOE))
    body, times = a.command(id, plus("l1"), base=1, key=id), scale.pick(40, 100, 100)
    answers = at_once([lambda: a.twin().send(body)] * times)
    assert len({(answer.status, answer.raw) for answer in answers}) == 1
    assert (answers[0].status, answers[0].order["lines"]["l1"]["qty"]) == (200, "2")
    again = a.ops(id, plus("l1", "5"), base=1, key=id)
    assert (again.status, list(again.value)) == (422, ["error"])
    assert a.ops(id, put(note="x"), base=2).order["lines"]["l1"]["qty"] == "2"


def test_a_refusal_is_kept_too(a: RawTill, b: RawTill, id: str) -> None:
    a.ops(id, create(note="x"), CLAIM)
    body = b.command(id, put(note="y"), base=1)
    refused = b.send(body)
    assert refused.seen == (409, "refused", "A")
    a.ops(id, RELEASE, base=1)
    assert b.send(body) == refused


def test_two_tills_add_lines_and_write_fields_with_one_base(
    a: RawTill, b: RawTill, id: str
) -> None:
    a.ops(id, create(note="x"), line("l1", **SHOE))
    with Ear(a) as first, Ear(b) as second:
        added = at_once([lambda: a.ops(id, line("l2", **SHOE), base=1),
                         lambda: b.ops(id, line("l3", **SHOE), base=1)])  # fmt: skip
        wrote = at_once([lambda: a.ops(id, put(note="a"), base=3),
                         lambda: b.ops(id, put(note="b"), base=3)])  # fmt: skip
        seen = first.wait_for(id, rev=parse("4"))
        assert seen == second.wait_for(id, rev=parse("4"))
    assert [one.status for one in added] == [200, 200]
    assert sorted(one.status for one in wrote) == [200, 409]
    lost = next(one for one in wrote if one.status == 409)
    winner = seen["fields"]["note"].upper()
    assert list(lost.value) == ["result", "why", "who", "order"]
    assert lost.value["who"] == winner and winner in lost.value["why"]
    assert lost.order == seen
    assert seen["lines"].keys() == {"l1", "l2", "l3"}


def test_what_many_add_at_once_is_all_there(
    tills: Callable[[str], RawTill], a: RawTill, id: str
) -> None:
    times = scale.pick(10, 100, 100)
    a.ops(id, create(), line("l1", qty="0"))
    names = [f"T{number}" for number in range(10)]

    def many(till: RawTill) -> list[int]:
        return [till.ops(id, plus("l1"), base=1).status for _time in range(times)]

    answers = at_once([partial(many, tills(name)) for name in names])
    assert Counter(status for one in answers for status in one) == {200: 10 * times}
    order = a.ops(id, put(note="x"), base=1).order
    assert order["lines"]["l1"]["qty"] == str(10 * times)


def test_orders_are_numbered_without_a_gap(tmp_path: Path) -> None:
    """By ten tills at once, some of whose orders are refused, and some cancelled."""
    each = scale.pick(5, 100, 100)

    def makes(till: RawTill) -> list[int]:
        made = list[int]()
        for number in range(each):
            id = f"{till.name}-{number}"
            made.append(int(str(till.ops(id, create()).order["no"])))
            assert till.ops(id, create(), key=f"{id} again").status == 409
            assert till.ops(f"{id} none", CANCEL).status == 409
            if number % 20 == 1:
                till.ops(id, CANCEL, base=1)
        return made

    with TillShop(tmp_path) as shop:
        tills = [shop.till(f"T{number}") for number in range(10)]
        made = at_once([partial(makes, till) for till in tills])
    assert sorted(no for one in made for no in one) == [*range(1, 10 * each + 1)]


def test_of_two_that_want_the_hold_one_has_it(a: RawTill, b: RawTill) -> None:
    for number in range(scale.pick(15, 200, 200)):
        id = f"held-{number}"
        a.ops(id, create())
        claims = at_once([partial(till.ops, id, CLAIM, base=1) for till in (a, b)])
        holder = claims[0].order["claim"]
        assert sorted(one.status for one in claims) == [200, 409]
        assert [one.status == 200 for one in claims] == [holder == "A", holder == "B"]
        assert [one.value["who"] for one in claims if one.status == 409] == [holder]


def test_nothing_that_a_program_adds_is_lost_or_changed(tmp_path: Path) -> None:
    id = "o1"
    odd = '{"a": {"b": {"c": [null, 0.10, 1E+2, "🥿\\u2028", ' + "7" * 30 + "]}}}"
    data = {"odd": parse(odd), "none": None, "long": "é" * 50_000}
    with TillShop(tmp_path) as shop:
        a, b, c = (shop.till(name) for name in "ABC")
        a.ops(id, create(**data), line("l1", **SHOE, **data))
        b.ops(id, put(note="x"), plus("l1"), base=1)
        c.ops(id, line("l1", vat=parse("20.0")), line("l2", odd=data["odd"]), base=2)
        before = a.ops(id, put(note=None), base=3).order
        assert before["fields"] == data
        assert before["lines"]["l1"] == {**SHOE, **data, "qty": "2", "vat": parse("20.0")}
        shop.kill()
        shop.start()
        answer = a.insist(a.command(id, CLAIM, base=4))
    assert {**answer.order, "rev": 0, "claim": None, "done": 0} == {**before, "rev": 0, "done": 0}
    assert dump(parse(odd)).encode() in answer.raw


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422), (b"[1]", 422), (b'{"key": 1}', 422), (b"\xff", 422),
        (b'{"key": "k", "n": 0, "order": "o", "base": 0, "ops": [{"op": "claim"}]}', 422),
        (b'{"key": "k", "n": 1, "order": "o", "base": 0, "ops": [{"op": "steal"}]}', 422),
        (b" " * 1_000_001, 413),
    ],
)  # fmt: skip
def test_what_is_no_command_is_told_so(a: RawTill, body: bytes, status: int) -> None:
    answer = a.send(body)
    assert (answer.status, list(answer.value)) == (status, ["error"])


# --- money -----------------------------------------------------------------------------------


def test_money_that_no_order_takes_is_kept_and_settled(
    shop: TillShop, a: RawTill, b: RawTill, id: str
) -> None:
    a.ops(id, create(), line("l1", **SHOE), CLAIM)
    # Somebody breaks the hold; A, who does not know it yet, takes the money all the same.
    shop.run("break", id, "--group", "store", "--yes", "--who", "Zoé")
    late = a.ops(id, pay("A-000001", l1=AS_SEEN), base=1)
    other = b.ops(id, CLAIM, pay("B-000001", l1={"qty": "2", "price": "9.90"}), base=2)
    assert [one.seen for one in (late, other)] == [(200, "surplus", None)] * 2
    assert list(late.value) == ["result", "why", "who", "order"]
    assert late.order["state"] == "draft"
    told = shop.status(code=6)
    assert "A-000001" in told and "B-000001" in told
    paid = b.ops(id, CLAIM, pay("B-000002", l1=AS_SEEN), base=2)
    again = b.ops(id, pay("B-000003", l1=AS_SEEN), base=3)
    assert [one.value["result"] for one in (paid, again)] == ["ok", "surplus"]
    assert paid.order["paid"]["receipt"] == again.order["paid"]["receipt"] == "B-000002"
    assert a.ops(id, plus("l1"), base=3).status == 409
    for receipt in ("A-000001", "B-000001", "B-000003"):
        shop.status(code=6)
        shop.run("settle", receipt)
    shop.status()
    shop.run("settle", "A-000001", code=2)


def test_a_receipt_left_out_or_given_twice_is_taken_and_told(
    shop: TillShop, tills: Callable[[str], RawTill]
) -> None:
    till = tills("R")
    for number, receipt in enumerate(("R-000001", "R-000003", "R-000003")):
        paid = till.ops(f"receipt-{number}", create(), pay(receipt))
        assert paid.seen == (200, "ok", None)
    log = json.loads(shop.run("log", "--till", "R", "--json").stdout)
    assert [line["answer"] for line in log if line["order"]] == ["ok"] * 3
    told = shop.status(code=6)
    assert "before R-000003" in told and "R-000003 twice" in told
    shop.run("settle", "R-000003")
    shop.status()


# --- groups ----------------------------------------------------------------------------------


def test_two_groups_never_meet(shop: TillShop, a: RawTill, id: str) -> None:
    other = shop.till("V", "--group", "cellar")
    with Ear(other) as ear:
        a.ops(id, create(note="ours"))
        assert other.ops(id, create(note="theirs")).seen == (200, "ok", None)
        assert other.ops("more", create()).order["no"] == parse("2")
        ear.wait_for("more")
    assert ear.orders[id]["fields"] == {"note": "theirs"}
    assert {order for order, _rev in ear.heard} == {id, "more"}
    told = [*other.get("/v1/snapshot").value["orders"], *other.hears_all().value["orders"]]
    assert {order["id"] for order in told} == {id, "more"}
    assert a.ops(id, put(note="x"), base=1).order["fields"] == {"note": "x"}
    assert "ours" not in str(other.get("/v1/snapshot").value)


def test_tills_that_share_nothing_see_their_own_orders_alone(shop: TillShop) -> None:
    one, two = (shop.till(name, "--group", "alone") for name in ("X", "Y"))
    with Ear(two) as ear:
        assert one.ops("x1", create()).seen == (200, "ok", None)
        assert two.ops("x1", put(note="y"), base=1).seen == (409, "refused", None)
        assert two.ops("x1", create()).seen == (409, "refused", None)
        assert two.ops("y1", create()).order["no"] == parse("2")
        ear.wait_for("y1")
    assert two.get("/v1/orders/x1").status == 404
    assert {order["id"] for order in two.get("/v1/snapshot").value["orders"]} == {"y1"}
    assert {order["id"] for order in two.hears_all().value["orders"]} == {"y1"}
    assert {order for order, _rev in ear.heard} == {"y1"}


# --- what tills hear -------------------------------------------------------------------------


def test_who_was_cut_goes_on_where_it_was(a: RawTill, b: RawTill, id: str) -> None:
    start = b.get("/v1/snapshot").value["cursor"]
    a.ops(id, create())
    with Ear(b, start) as ear:
        ear.wait_for(id, rev=parse("1"))
        ear.cut()
        a.ops(id, put(n="1"), base=1)
        ear.wait_for(id, rev=parse("2"))
        a.ops(id, put(n="2"), base=2)
        ear.wait_for(id, rev=parse("3"))
    assert set(ear.heard) == {(id, 1), (id, 2), (id, 3)}
    assert ear.connects == 2
    polled = b.hears_all(start).value
    assert [(order["id"], str(order["rev"])) for order in polled["orders"]] == [(id, "3")]
    assert (polled["cursor"], polled["ask"]) == (ear.cursor, None)
    assert b.hears_all(ear.cursor).value["orders"] == []
    waits = partial(b.get, f"/v1/events?after={ear.cursor}&wait=25")
    news, _done = at_once([waits, lambda: a.ops(id, put(n="3"), base=3)])
    assert [str(order["rev"]) for order in news.value["orders"]] == ["4"]


@pytest.mark.parametrize("cursor", ["x", "abc.-1", "abc.1e3", ".5"])
def test_a_cursor_that_is_none_is_told_so(a: RawTill, cursor: str) -> None:
    assert a.hears_all(cursor).status == 422
    assert a.get("/v1/events", Last_Event_ID=cursor).status == 422


# --- sessions --------------------------------------------------------------------------------


def test_a_session_closes_once_no_draft_stands(tmp_path: Path) -> None:
    with TillShop(tmp_path) as shop:
        till = shop.till("A")
        shop.run("session", "close", code=2)
        for id in ("o1", "o2", "o3"):
            till.ops(id, create(), line("l1", **SHOE))
        till.ops("o2", CANCEL, base=1)
        with Ear(till) as ear:
            told = shop.run("session", "close", code=6).text
            ear.wait(lambda: ear.asks)
        assert "1 (o1)" in told and "3 (o3)" in told and "o2" not in told
        till.ops("o1", pay("A-000001", l1=AS_SEEN), base=1)
        shop.run("session", "open", code=2)
        assert ": 3" in shop.run("session", "close", "--carry").stdout
        shop.run("session", "close", code=2)
        # The draft went along with its number; the next order begins the next day.
        assert till.ops("o3", drop("l1"), base=1).order["no"] == parse("3")
        assert till.get("/v1/snapshot").value["session"] is None
        assert till.ops("o4", create()).order["no"] == parse("1")
        assert till.get("/v1/snapshot").value["session"] == parse("2")
        # Two have the number 3 now: the one that is held is meant, and nobody guesses between two.
        for name in ("o5", "o6"):
            till.ops(name, create())
        till.ops("o6", CLAIM, base=1)
        assert "order 3" in shop.run("break", "3", code=2).text
        till.ops("o3", CLAIM, base=2)
        assert "o6, o3" in shop.run("break", "3", "--yes", code=2).text


def test_a_hold_is_broken_by_number_and_written_down(shop: TillShop, a: RawTill, id: str) -> None:
    order = a.ops(id, create(), CLAIM).order
    with Ear(a) as ear:
        args = ("break", str(order["no"]), "--group", "store")
        told = shop.run(*args, code=2).text
        assert "A" in told
        shop.run(*args, "--yes", "--who", "Zoé")
        ear.wait_for(id, claim=None)
    shop.run(*args, "--yes", code=2)
    log = json.loads(shop.run("log", "--order", id, "--json").stdout)
    assert [(one["till"], one["what"][-1]["op"]) for one in log] == [
        ("A", "claim"),
        ("Zoé", "break"),
    ]
    assert a.ops(id, BREAK, base=2).status == 200
