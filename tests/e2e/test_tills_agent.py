"""Tills: agents that sell without a network, and are in step with it."""

import http.client
import shutil
import signal
import sqlite3
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from passerelle.base.exact_json import dump, parse
from passerelle.tills.agent_book import path_for
from passerelle.tills.joining import context_for
from passerelle.tills.trust import own_certificate
from tests import scale
from tests.agents import CASH, Liar, TillAgent, its_certificate, led_to, no_room, until
from tests.tills import (
    CLAIM,
    HOST,
    RELEASE,
    SHOE,
    BadLine,
    RawTill,
    TillShop,
    at_once,
    create,
    in_threads,
    line,
    plus,
    put,
)

NewAgent = Callable[..., TillAgent]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TillShop]:
    """A shop whose server has the certificate that it made itself, and two groups."""
    groups = "[tills.groups.store]\n[tills.groups.market]\n"
    folder = tmp_path_factory.mktemp("tills")
    # By the tills' clocks it ended long ago: no clock decides anything.
    own_certificate(folder / "data", datetime(1990, 1, 1, tzinfo=UTC))
    with TillShop(folder, tls="own", lines=groups) as shop:
        yield shop


@pytest.fixture(scope="module")
def pair(shop: TillShop) -> Iterator[tuple[TillAgent, TillAgent]]:
    """Two tills of one group, for what leaves them as they were."""
    with TillAgent(shop, "A") as a, TillAgent(shop, "B") as b:
        yield a.pair("--group", "store"), b.pair("--group", "store")


@pytest.fixture
def two(pair: tuple[TillAgent, TillAgent]) -> tuple[TillAgent, TillAgent]:
    """Both connected, and nobody told of anything."""
    for till in pair:
        till.line.mend()
        if not till.is_running:
            till.start()
        till.in_step()
        for refused in till.state["refused"]:
            till.call("POST", f"refused/{refused['key']}/seen")
    return pair


@pytest.fixture
def new(tmp_path: Path) -> Iterator[NewAgent]:
    """Makes tills of their own."""
    with ExitStack() as stack:

        def make(shop: TillShop, name: str, folder: Path | None = None) -> TillAgent:
            return stack.enter_context(TillAgent(shop, name, folder or tmp_path / f"at-{name}"))

        yield make


def is_free(view: Any) -> bool:
    return view["claim"] is None and str(view["no"]) != "0"


def shared(a: TillAgent, b: TillAgent, id: str, *lines: Any, **fields: Any) -> None:
    """An order of both tills, that neither holds."""
    a.does(id, create(**fields), *(lines or [line("l1", **SHOE)]))
    for till in (a, b):
        till.sees(id, is_free)


def is_paid(view: Any) -> bool:
    return bool(view["state"] == "paid")


def whys(till: TillAgent) -> list[tuple[str, str, Any]]:
    return [(one["order"], one["why"], one["who"]) for one in till.state["refused"]]


# --- without a network -----------------------------------------------------------------------


def test_twenty_orders_of_a_till_alone_are_there_at_once(two: Any) -> None:
    a, b = two
    a.cut()
    assert a.call("GET", "state").value["since"]
    receipts = [a.sells(f"alone-{number}", line("l1", **SHOE)) for number in range(20)]
    first = int(receipts[0].removeprefix("A-"))
    assert receipts == [f"A-{number:06d}" for number in range(first, first + 20)]
    assert a.view("alone-7")["state"] == "paid"
    a.line.mend()
    begun = time.monotonic()
    numbers = [int(str(b.sees(f"alone-{number}", is_paid)["no"])) for number in range(20)]
    assert time.monotonic() - begun < scale.pick(30, 20, 5)
    assert numbers == [*range(numbers[0], numbers[0] + 20)]
    assert a.in_step().state["refused"] == []


def test_without_a_network_shared_orders_stand_still_and_held_ones_go_on(two: Any) -> None:
    a, b = two
    shared(a, b, "free")
    shared(a, b, "held")
    assert b.post("held", "claim").status == 200
    a.sees("held", lambda view: view["claim"] == "B")
    a.cut()
    b.cut()
    begun = time.monotonic()
    refused = b.ops("free", put(note="?"))
    took = time.monotonic() - begun
    assert refused.status == 409
    assert "no connection" in refused.value["why"]
    assert took < scale.pick(1.0, 1.0, 0.1)
    assert b.post("free", "claim").status == b.post("free", "cancel").status == 409
    assert b.post("free", "pay", {"payments": CASH}).status == 409
    assert b.post("free", "sync").status == 503
    assert a.view("held")["hindrance"] == "B holds the order"
    b.does("held", plus("l1"), line("l2", qty="1", price="0.10"))
    # From two browsers at once: one receipt.
    paying = partial(b.post, "held", "pay", {"payments": CASH})
    assert sorted(answer.status for answer in at_once([paying, paying])) == [200, 409]
    assert b.ops("held", plus("l1")).value["why"] == "the order is paid"
    for till in two:
        till.line.mend()
    view = a.sees("held", is_paid)
    assert view["lines"]["l1"]["qty"] == "2"
    assert view["paid"]["till"] == "B"


def test_a_till_that_was_away_is_in_step_at_once(two: Any, shop: TillShop) -> None:
    a, b = two
    a.cut()
    raw = program(shop, "raw", shop.token("raw", "--group", "store"))
    changed = scale.pick(100, 500, 500)
    for number in range(changed):
        raw.ops(f"day-{number}", create(note=number), line("l1", **SHOE))
    raw.ops("day-0", put(note="last"), base=1)
    a.line.mend()
    begun = time.monotonic()
    a.sees("day-0", lambda view: view["fields"]["note"] == "last")
    assert time.monotonic() - begun < scale.pick(20, 10, 2)
    assert len([one for one in orders(a) if one["id"].startswith("day-")]) == changed
    assert {one["id"] for one in orders(a)} == {one["id"] for one in orders(b)}


def orders(till: TillAgent) -> Any:
    return till.call("GET", "orders").value["orders"]


def test_a_line_that_cuts_each_third_reply_loses_and_doubles_nothing(
    two: Any, shop: TillShop
) -> None:
    a, b = two
    shared(a, b, "cut", line("l1", **SHOE))
    certificate = its_certificate(shop)
    with BadLine(shop.port, 3, 0.01, certificate) as bad, led_to(a, bad.port):
        a.line.cut()
        a.line.mend()
        for _number in range(20):
            until(lambda: a.ops("cut", plus("l1")).status == 200)
        until(lambda: a.state["unsent"] == parse("0"))
    assert bad.cuts > 3
    assert b.sees("cut", lambda view: view["lines"]["l1"]["qty"] == "21")["rev"] == parse("22")
    assert a.in_step().state["refused"] == []


# --- crashes ---------------------------------------------------------------------------------


def test_what_a_killed_till_confirmed_is_there_in_the_end(shop: TillShop, new: NewAgent) -> None:
    kills, till = scale.pick(3, 50, 50), new(shop, "K").pair("--group", "market")
    till.cut()
    receipts: dict[str, str] = {}

    def sell(id: str) -> None:
        """As a cashier does who finds the till restarted: she looks, and goes on."""
        while id not in receipts:
            with suppress(OSError, http.client.HTTPException):
                if till.call("GET", f"orders/{id}").status == 404:
                    till.does(id, create(), line("l1", **SHOE))
                if paid := till.view(id).get("paid"):
                    receipts[id] = paid["receipt"]
                elif till.post(id, "claim").status == 200:
                    receipts[id] = till.pays(id)

    def sell_all() -> None:
        for number in range(100):
            sell(f"k-{number}")

    with in_threads(sell_all):
        for number in range(1, kills + 1):
            while len(receipts) < 100 * number // (kills + 1):
                time.sleep(0.001)
            if number * 2 > kills:
                till.line.mend()
            till.kill()
            till.start()
    till.line.mend()
    till.in_step()
    heard = program(shop, "ear", shop.token("ear", "--group", "market")).hears_all().value["orders"]
    assert sorted(int(str(one["no"])) for one in heard) == [*range(1, 101)]
    assert {one["id"]: one["paid"]["receipt"] for one in heard} == receipts
    assert sorted(receipts.values()) == [f"K-{number:06d}" for number in range(1, 101)]
    assert till.state["refused"] == []


def test_a_hold_that_a_crash_left_is_released(shop: TillShop, new: NewAgent) -> None:
    till = new(shop, "H").pair("--group", "market")
    till.line.cut()
    till.does("left", create(), line("l1", **SHOE))
    till.kill()
    # The server carried it out; the till did not hear so, nor release what was born held.
    with closing(sqlite3.connect(till.book)) as book:
        (body,) = book.execute("SELECT body FROM outbox").fetchone()
        (token,) = book.execute("SELECT value FROM meta WHERE name = 'token'").fetchone()
        raw = program(shop, till.name, token)
        held, health = raw.send(body), raw.get("/v1/health").value
        book.execute("DELETE FROM outbox")
        cursor = f"{health['epoch']}.{health['seq']}"
        book.execute("UPDATE meta SET value = ? WHERE name = 'cursor'", (cursor,))
        values = ("left", 1, "draft", "H", dump(held.order))
        book.execute("INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?)", values)
        book.commit()
    assert held.order["claim"] == "H"
    till.line.mend()
    till.start()
    till.sees("left", is_free)


def program(shop: TillShop, name: str, token: str) -> RawTill:
    """Somebody who speaks the protocol with a till's token."""
    pem = (shop.data / "tills-cert.pem").read_text()
    context = context_for(pem)
    assert isinstance(context, ssl.SSLContext)
    return RawTill(name, token, shop.port, context)


# --- programs with whole orders --------------------------------------------------------------


def test_a_whole_order_comes_back_and_only_what_changed_is_asked_for(two: Any) -> None:
    a, b = two
    shared(a, b, "whole", note="n", colour="red", extra={"deep": [1, None]})
    view = a.view("whole")
    b.does("whole", plus("l1", "2"), {"op": "line", "id": "l2", "set": {**SHOE, "theirs": "x"}})
    b.synced("whole")
    a.sees("whole", lambda view: "l2" in view["lines"])
    # It knows neither `extra` nor `ean13`, and l2 came after it looked.
    said = {"version": view["version"], "fields": {"note": "m", "colour": None},
            "lines": {"l1": {"qty": "3", "price": "9.90"}, "l3": {"qty": "1"}}}  # fmt: skip
    assert a.put("whole", said).status == 200
    done = a.synced("whole")
    assert dump(done["fields"]) == dump({"note": "m", "extra": {"deep": [1, None]}})
    assert done["lines"]["l1"] == {**SHOE, "qty": "5"}
    assert done["lines"]["l2"]["theirs"] == "x"
    assert done["lines"]["l3"] == {"qty": "1"}
    said |= {"version": done["version"], "fields": {}, "lines": {"l3": None}}
    assert "l3" not in a.put("whole", said).value["lines"]
    b.sees("whole", lambda view: "l3" not in view["lines"])


def put_too_late(a: TillAgent, b: TillAgent, id: str) -> None:
    """A brings back an order as it was before B changed it, with another note."""
    shared(a, b, id, note="first")
    view = a.view(id)
    b.does(id, put(note="B's"))
    b.synced(id)
    a.sees(id, lambda view: view["fields"]["note"] == "B's")
    said = {"version": view["version"], "fields": {"note": "A's"}, "lines": {}}
    assert a.put(id, said).status == 200


def test_an_old_whole_order_undoes_no_other_tills_change(two: Any) -> None:
    a, b = two
    put_too_late(a, b, "old")
    told = a.post("old", "sync")
    assert (told.status, told.value["who"]) == (409, "B")
    assert told.order["fields"]["note"] == "B's"
    assert whys(a) == [("old", "B has changed note meanwhile", "B")]
    assert a.synced("old")["fields"]["note"] == "B's"


def test_a_program_is_told_of_a_refusal_that_came_before_it_asked(two: Any) -> None:
    a, b = two
    put_too_late(a, b, "fast")
    a.wait(lambda state: state["refused"])
    assert a.post("fast", "sync").status == 409
    assert a.post("fast", "sync").status == 200


def test_versions_that_nobody_handed_out_are_refused(two: Any) -> None:
    a, _b = two
    a.does("versions", create(note="first"), line("l1", **SHOE))
    said = {"version": a.view("versions")["version"], "fields": {"note": "A's"}, "lines": {}}
    unknown = a.put("versions", said | {"version": "0123456789abcdef"})
    assert unknown.status == a.put("versions", said | {"version": 0}).status == 422
    assert a.put("none", said).status == 409
    assert a.put("born", {"version": 0, "fields": {"note": "x"}, "lines": {}}).status == 200


ODD = {
    "nothing": None, "emoji": "👩‍🚀\u0000", "rate": parse("0.10"), "small": parse("1E-400"),
    "long": parse("123456789012345678901234567890"), "text": "x" * 100_000,
    "deep": {"a": {"b": {"c": [None, parse("1.0"), True]}}},
}  # fmt: skip


def test_unknown_values_travel_as_they_are(two: Any) -> None:
    a, b = two
    kept = {name: value for name, value in ODD.items() if value is not None}
    assert a.put("odd", {"fields": ODD, "lines": {"l1": SHOE}}).status == 200
    # In a whole order null takes a field away; as it is made, an op's null is data.
    a.does("odd", line("l2", **SHOE, **ODD))
    a.synced("odd")
    view = b.sees("odd", is_free)
    assert dump(view["fields"]) == dump(kept)
    assert dump(view["lines"]["l2"]) == dump({**SHOE, **ODD})
    view["lines"]["l1"]["qty"] = "123456789012345678901234567890.5"
    assert b.put("odd", view).status == 200
    b.synced("odd")
    a.kill()
    a.start()
    view = a.sees("odd", lambda view: view["lines"]["l1"]["qty"] != "1")
    assert view["lines"]["l1"]["qty"] == "123456789012345678901234567890.5"
    assert dump([view["fields"], view["lines"]["l2"]]) == dump([kept, {**SHOE, **ODD}])


# --- holds, and money ------------------------------------------------------------------------


def test_of_two_tills_that_ask_at_once_one_holds_the_order(two: Any) -> None:
    for number in range(scale.pick(3, 20, 20)):
        id = f"at-once-{number}"
        shared(*two, id)
        answers = at_once([partial(till.post, id, "claim") for till in two])
        assert sorted(answer.status for answer in answers) == [200, 409]
        holder = two[0] if answers[0].status == 200 else two[1]
        loser = two[0] if holder is two[1] else two[1]
        lost = next(answer for answer in answers if answer.status == 409)
        assert lost.value["who"] == holder.name
        # Not even when it is free: whoever lost has forgotten that it asked.
        holder.post(id, "release")
        loser.sees(id, is_free)


def test_a_hold_that_was_asked_for_as_an_op_is_kept(two: Any) -> None:
    a, b = two
    shared(a, b, "kept")
    a.does("kept", CLAIM)
    assert b.sees("kept", lambda view: view["claim"] == "A")["hindrance"] == "A holds the order"
    a.does("kept", plus("l1"))
    assert a.synced("kept")["claim"] == "A"
    a.does("kept", RELEASE)
    b.sees("kept", is_free)


def test_money_for_an_order_whose_hold_was_broken_is_surplus(two: Any, shop: TillShop) -> None:
    a, b = two
    shared(a, b, "broken")
    assert a.post("broken", "claim").status == 200
    b.sees("broken", lambda view: view["claim"] == "A")
    a.cut()
    assert b.post("broken", "break", {"who": "Zoé"}).status == 200
    b.synced("broken")
    assert b.post("broken", "claim").status == 200
    b.pays("broken")
    receipt = a.pays("broken")
    a.line.mend()
    a.in_step()
    assert a.view("broken")["paid"]["till"] == "B"
    assert whys(a) == [("broken", "the order is paid", None)]
    assert receipt in shop.status(code=6)
    shop.run("settle", receipt)
    assert receipt not in shop.run("status").text


def test_a_cancelled_order_takes_no_more_lines(two: Any) -> None:
    a, b = two
    shared(a, b, "gone")
    a.post("gone", "claim")
    a.cut()
    b.sees("gone", lambda view: view["claim"] == "A")
    b.post("gone", "break", {"who": "Zoé"})
    assert b.post("gone", "cancel").status == 200
    b.synced("gone")
    a.does("gone", plus("l1"))
    a.line.mend()
    a.in_step()
    assert a.view("gone")["state"] == "cancelled"
    assert whys(a) == [("gone", "the order is cancelled", None)]


def test_two_orders_of_one_id_stay_two(two: Any) -> None:
    a, b = two
    a.cut()
    a.does("same", create(), line("l1", **SHOE))
    a.does("same", line("l2", **SHOE))
    b.does("same", create(), line("b1", **SHOE))
    b.synced("same")
    a.line.mend()
    a.in_step()
    assert [*a.view("same")["lines"]] == ["b1"]
    assert [id for id, _why, _who in whys(a)] == ["same", "same"]


# --- who is this till ------------------------------------------------------------------------


def test_a_copied_till_is_fenced_off_and_the_first_goes_on(
    two: Any, shop: TillShop, tmp_path: Path
) -> None:
    a, b = two
    shutil.copytree(a.folder, tmp_path / "copy")
    with TillAgent(shop, "A", tmp_path / "copy") as clone:
        clone.start("--listen", f"{HOST}:0")
        with closing(sqlite3.connect(clone.book)) as book:
            book.execute("UPDATE meta SET value = replace(value, ?, ?) WHERE name = 'url'",
                         (str(a.line.port), str(clone.line.port)))  # fmt: skip
            book.commit()
        clone.kill()
        clone.start("--listen", f"{HOST}:0")
        clone.wait(lambda state: "another installation speaks for till A" in state["holds"])
        assert clone.ops("cloned", create()).status == 409
        a.does("first", create())
        b.sees("first", is_free)


def test_an_older_copy_holds_and_goes_on_once_it_is_paired_anew(
    shop: TillShop, new: NewAgent, tmp_path: Path
) -> None:
    till = new(shop, "O").pair("--group", "market")
    till.cut()
    till.sells("o-1", line("l1", **SHOE))
    till.kill()
    shutil.copytree(till.folder, tmp_path / "copy")
    till.line.mend()
    till.start()
    till.in_step().sells("o-2", line("l1", **SHOE))
    till.in_step().kill()
    shutil.rmtree(till.folder)
    shutil.copytree(tmp_path / "copy", till.folder)
    till.start()
    till.wait(lambda state: "older than what it has sent" in state["holds"])
    assert till.ops("o-3", create()).value["why"] == till.state["holds"]
    till.kill()
    till.pair("--group", "market").in_step()
    assert till.state["holds"] == ""
    assert till.sells("o-3", line("l1", **SHOE)) == "O-000003"
    # A new machine takes its place.
    till.in_step().kill()
    other = new(shop, "O", tmp_path / "other").pair("--group", "market")
    assert other.sells("o-4", line("l1", **SHOE)) == "O-000004"
    numbers = [other.sees(f"o-{n}", is_paid)["no"] for n in (1, 2, 3, 4)]
    assert len({*map(str, numbers)}) == 4
    assert "O-00000" not in shop.run("status").text


def test_tills_hold_before_a_server_that_was_put_back(tmp_path: Path, new: NewAgent) -> None:
    with TillShop(tmp_path / "shop", tls="own") as shop:
        till = new(shop, "R").pair()
        till.does("r-1", create(note="early"), line("l1", **SHOE))
        till.sees("r-1", is_free)
        till.in_step()
        shop.kill()
        copy = {path: path.read_bytes() for path in shop.data.glob("tills.db*")}
        shop.start()
        till.in_step()
        for note in "late", "later":
            till.does("r-1", put(note=note))
        till.in_step()
        shop.kill()
        till.wait(lambda state: not state["connected"])
        till.sells("r-2", line("l1", **SHOE))
        for path, data in copy.items():
            path.write_bytes(data)
        shop.start()
        till.wait(lambda state: "lost or put back" in state["holds"])
        assert till.ops("r-3", create()).status == 409
        till.kill()
        till.start()
        assert "lost or put back" in till.state["holds"]
        assert till.state["unsent"] == parse("2")
        till.kill()
        till.pair().in_step()
        assert till.sees("r-2", is_paid)["paid"]["receipt"] == "R-000001"
        assert till.view("r-1")["fields"]["note"] == "early"
        till.does("r-1", put(note="again"))
        assert till.synced("r-1")["fields"]["note"] == "again"


def test_a_till_restarts_as_it_was_started(two: Any, shop: TillShop, new: NewAgent) -> None:
    a, _b = two
    code = a.command[-1]
    assert "look for its page" in a.fails(*a.command).text
    a.kill()
    a.start(*a.command[:-1], f"{code[:5]}-{code[5:].lower()} ")
    assert a.in_step().state["till"] == "A"
    # Paired anew while it runs: the code is not spent.
    code = shop.run("pair", "A", "--group", "store").stdout.split()[-1]
    a.command[-1] = code
    assert "is it running already?" in a.fails(*a.command).text
    a.kill()
    a.start()
    assert a.in_step().state["till"] == "A"
    # Another till on the same machine: the page's address says which one is meant.
    other = new(shop, "caisse 1", a.folder).pair("--group", "market")
    assert other.state["group"] == "market"
    places = [f"{HOST}:{till.port}" for till in (a, other)]
    other.kill()
    other.start()
    for till in (a, other):
        till.kill()
    for till, place in zip((a, other), places, strict=True):
        till.start("--listen", place)
        assert till.state["till"] == till.name
    a.kill()
    told = a.fails("--listen", f"{HOST}:1")
    assert (told.exit_code, "this machine is several tills: A, caisse 1" in told.text) == (2, True)
    a.start()
    assert a.state["till"] == "A"
    # What it is known by lies nowhere but in its own book.
    with closing(sqlite3.connect(path_for(a.folder, "A"))) as book:
        (token,) = book.execute("SELECT value FROM meta WHERE name = 'token'").fetchone()
    a.child.send_signal(signal.SIGINT)
    said = "".join(a.child.rest())
    assert token not in said
    a.kill()
    a.start()
    for folder in (shop.folder, a.folder):
        for path in folder.rglob("*"):
            data = path.read_bytes() if path.is_file() else b""
            assert code.encode() not in data, path
            assert token.encode() not in data or path.stem == path_for(a.folder, "A").stem, path


def test_a_till_without_a_network_from_the_start(two: Any, shop: TillShop, new: NewAgent) -> None:
    away = new(shop, "away")
    away.line.cut()
    nowhere = f"https://{HOST}:{away.line.port}"
    assert "this machine is no till yet" in away.fails().text
    assert "listens on its own machine alone" in away.fails("--listen", "0.0.0.0:8470").text
    assert "which server?" in away.fails("--code", "AAAAAAAAAA").text
    told = away.fails("--server", nowhere, "--code", "AAAAAAAAAA")
    assert (told.exit_code, "the till server does not answer" in told.text) == (4, True)
    away.line.mend()
    told = away.fails("--server", nowhere, "--code", "AAAAAAAAAA")
    assert (told.exit_code, "this code is wrong" in told.text) == (3, True)
    a, _b = two
    a.kill()
    a.line.cut()
    a.start()
    assert a.state["connected"] is False
    receipt = a.sells("from-the-start", line("l1", **SHOE))
    a.line.mend()
    assert a.in_step().view("from-the-start")["paid"]["receipt"] == receipt
    # The server has another address; nobody reads along there.
    a.kill()
    a.line.cut()
    assert "no server's address" in a.fails("--server", nowhere.replace("https", "http")).text
    a.start("--server", nowhere)
    a.in_step().kill()
    a.line.mend()
    a.start()


@pytest.mark.parametrize("names", [
    ("Caisse", "caisse"), ("a\\b", "a:b", "a_b"), ("é" * 200, "é" * 199), ("CON", "con."),
    ("x.", "x "),
])  # fmt: skip
def test_each_tills_book_has_a_file_name_of_its_own_everywhere(names: tuple[str, ...]) -> None:
    files = [path_for(Path(), name).name for name in names]
    assert len({file.lower() for file in files}) == len(names)
    assert all(len(file.encode()) <= 120 and not {*file} & {*'\\/:*?"<>| '} for file in files)


# --- sessions, and groups --------------------------------------------------------------------


def test_a_session_closes_once_all_tills_said_that_all_is_there(
    tmp_path: Path, new: NewAgent
) -> None:
    groups = "[tills.groups.store]\n[tills.groups.market]\n"
    with TillShop(tmp_path / "shop", tls="own", lines=groups) as shop:
        c, d = new(shop, "C").pair("--group", "store"), new(shop, "D").pair("--group", "market")
        c.does("draft", create(), line("l1", **SHOE))
        c.in_step()
        c.sees("draft", is_free)
        close = ("session", "close", "--group", "store")
        assert "1 (draft)" in shop.run(*close, code=6).text
        c.cut()
        c.sells("late", line("l1", **SHOE))
        assert "C (last heard: 2" in (told := shop.run(*close, "--carry", code=6).text)
        assert "…" not in told
        assert "draft" in shop.run(*close, "--without", "C", code=6).text
        told = shop.run(*close, "--without", "C", "--carry").text
        assert "session 1 of store is closed" in told
        c.line.mend()
        c.in_step()
        assert c.sees("late", is_paid)["no"] == parse("1")
        assert c.view("draft")["no"] == parse("1")
        assert d.call("GET", "orders").value == {"orders": []}
        assert d.ops("draft", plus("l1")).value["why"] == "there is no such order"


def test_a_till_whose_group_shares_nothing_works_on_its_own_orders_alone(
    tmp_path: Path, new: NewAgent
) -> None:
    lines = "[tills.groups.alone]\nsync = false\n"
    with TillShop(tmp_path / "shop", tls="own", lines=lines) as shop:
        e, f = new(shop, "E").pair(), new(shop, "F").pair()
        e.does("mine", create(), line("l1", **SHOE))
        e.synced("mine")
        f.does("yours", create())
        f.synced("yours")
        assert [one["id"] for one in orders(f)] == ["yours"]
        e.cut()
        e.does("mine", plus("l1"))
        receipt = e.pays("mine")
        e.line.mend()
        assert e.in_step().view("mine")["paid"]["receipt"] == receipt
        # Revoked, it keeps what it could not send; paired anew, it sends that.
        e.cut()
        e.sells("late", line("l1", **SHOE))
        shop.run("revoke", "E")
        e.line.mend()
        e.wait(lambda state: "revoked" in state["holds"])
        assert e.ops("none", create()).status == 409
        e.kill()
        assert e.pair().in_step().sees("late", is_paid)["no"] == parse("3")


# --- strangers, nonsense, liars, full disks --------------------------------------------------


def test_the_local_api_answers_its_own_machine_alone(two: Any) -> None:
    a, _b = two
    own = f"{HOST}:{a.port}"
    json = {"Content-Type": "application/json"}
    for head in ({"Host": "passerelle.example"}, {"Host": "[::1"}, {"Host": ""},
                 {"Origin": "https://passerelle.example"}, {"Origin": "null"},
                 {"Origin": f"http://{HOST}:{a.port + 1}"},
                 {"Origin": f"http://{own}", "Content-Type": "text/plain"}):  # fmt: skip
        answer = a.call("POST", "orders/x/ops", {"ops": [create()]}, **(json | head))
        assert answer.status in (403, 422), (head, answer)
    head = json | {"Origin": f"http://{own}"}
    assert a.call("POST", "orders/mine/ops", {"ops": [create()]}, **head).status == 200
    assert a.call("GET", "orders/x").status == 404
    assert b"<script" in a.call("GET", "/").raw
    for name in (
        "nothing.js",
        "..%2Fagent.py",
        "..%5Cagent.py",
        ".",
        "%2Fetc%2Fpasswd",
        "C:%5Cx.js",
    ):
        assert a.call("GET", f"/page/{name}").status == 404


def test_a_page_hears_what_other_tills_do(two: Any) -> None:
    a, b = two
    shared(a, b, "heard")
    with b.hearing() as lines:
        assert next(lines) == "event: state"
        a.does("heard", put(note="heard by all"))
        assert any('"heard by all"' in line for line in lines)


@pytest.mark.parametrize("body", [
    b"{", b"[]", b"5", b'"x"', b"\xff", b"{}", b'{"ops": 5}', b'{"ops": null}', b'{"ops": {}}',
    b'{"ops": [{"op": "pay"}]}', b'{"ops": [{"op": "fly"}]}', b'{"ops": [{"op": "drop"}]}',
    b'{"ops": [{"op": "create", "fields": {"\\ud800": 1}}]}',
    b'{"ops": [{"op": "create", "fields": {"x": NaN}}]}',
    b'{"ops": [{"op": "create", "fields": {"x": ' + b"[" * 99 + b"]" * 99 + b"}}]}",
    b'{"ops": [{"op": "create", "fields": {"x": ' + b"[" * 9999 + b"]" * 9999 + b"}}]}",
    b'{"ops": [{"op": "create", "fields": {"x": "' + b"y" * 1_000_000 + b'"}}]}',
], ids=range(17))  # fmt: skip
def test_what_the_server_could_not_read_the_till_does_not_confirm(two: Any, body: bytes) -> None:
    a, _b = two
    answer = a.call("POST", "orders/nonsense/ops", body)
    assert answer.status == 422 and "Expecting" not in answer.value["error"]
    assert a.call("GET", "orders/nonsense").status == 404


def test_a_server_that_talks_nonsense_is_asked_again(two: Any, shop: TillShop) -> None:
    a, _b = two
    asked = list[str]()
    nonsense = iter([b"", b"{", b"[]", b'{"n": "x"}'])

    def say(path: str) -> tuple[int, bytes]:
        asked.append(path)
        if path == "/v1/agent":
            return (200, next(nonsense, b'{"n": 0, "receipt": 0}'))
        return (200, b": welcome\n\n" if path == "/v1/events" else b'[{"ean13": 1}]')

    a.does("survives", create())
    with Liar(shop, say) as liar, led_to(a, liar.port):
        a.cut()
        a.does("kept-on", create(), line("l1", **SHOE))
        a.line.mend()
        until(lambda: {"/v1/ops", "/v1/items"} <= {*asked})
    a.kill()
    a.start()
    assert a.in_step().state["refused"] == []
    assert a.sees("kept-on", is_free)["no"] != parse("0")


def test_a_report_that_a_command_overtook_makes_no_till_hold(two: Any, shop: TillShop) -> None:
    a, _b = two
    asked = list[str]()

    def say(path: str) -> tuple[int, bytes]:
        asked.append(path)
        a.does(f"overtaken-{len(asked)}", create())
        return 409, b'{"result": "ahead", "why": "older"}'

    with Liar(shop, say) as liar, led_to(a, liar.port):
        a.line.cut()
        a.line.mend()
        until(lambda: len(asked) > 1)
    assert a.in_step().state["holds"] == ""


def test_a_full_disk_at_the_till_confirms_nothing(two: Any) -> None:
    a, b = two
    a.cut()
    a.sells("before", line("l1", **SHOE))
    with no_room(a):
        full = a.ops("full", create())
        assert (full.status, "make room" in full.value["error"]) == (503, True)
        assert a.view("before")["state"] == "paid"
        a.line.mend()
    assert a.call("GET", "orders/full").status == 404
    assert a.in_step().view("before")["state"] == "paid"
    b.sees("before", is_paid)


@scale.only("ci")
def test_a_day_of_ten_tills(tmp_path: Path, new: NewAgent) -> None:
    with TillShop(tmp_path / "shop", tls="own") as shop:
        tills = [new(shop, f"T{number}").pair() for number in range(10)]

        def work(till: TillAgent) -> None:
            for number in range(100):
                id = f"{till.name}-{number}"
                if number == 40:
                    till.cut()
                till.does(id, create(), line("l1", **SHOE))
                if number % 20 == 7:
                    till.post(id, "cancel")
                elif number % 3 and (number >= 40 or till.post(id, "claim").status == 200):
                    till.pays(id)
                if number == 69:
                    till.line.mend()

        at_once([partial(work, till) for till in tills])
        for till in tills:
            till.in_step()
        seen = [sorted(int(str(one["no"])) for one in orders(till)) for till in tills]
        assert seen == [[*range(1, 1001)]] * 10
        states = Counter(one["state"] for one in orders(tills[0]))
        assert states["cancelled"] == 50
