"""Tills where lines are cut, processes die and books are put back; and who may speak at all."""

import ssl
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from passerelle.base import clocks
from passerelle.base.exact_json import dump, parse
from passerelle.tills import steering
from passerelle.tills.trust import fingerprint_of, key_of, own_certificate, proof
from tests import scale
from tests.shell import run_program
from tests.tills import (
    AS_SEEN,
    PATIENCE,
    SHOE,
    Answered,
    BadLine,
    Ear,
    RawTill,
    TillShop,
    Web,
    blind_tls,
    create,
    in_threads,
    line,
    pay,
    plus,
)

NOBODY = "nobody"


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    with TillShop(tmp_path / "tills") as shop:
        yield shop


def numbers(till: RawTill) -> list[int]:
    return sorted(int(str(order["no"])) for order in till.get("/v1/snapshot").value["orders"])


# --- bad lines, and deaths -------------------------------------------------------------------


def test_what_was_acknowledged_survives_any_death_of_the_server(shop: TillShop) -> None:
    """Four tills go on, and ask again, while the server is killed and started."""
    kills, answers = scale.pick(2, 50, 200), dict[str, list[Answered]]()
    tills, over, begun = (
        [shop.till(name) for name in "ABCD"],
        threading.Event(),
        threading.Barrier(5),
    )
    tills[0].ops("sum", create(), line("l1", qty="0"))

    def work(till: RawTill) -> None:
        mine = answers[till.name] = []
        begun.wait()
        while not over.is_set():
            number = len(mine)
            new = till.command(f"{till.name}-{number}", create(n=str(number)), line("l1", **SHOE))
            mine.append(till.insist(new))
            mine.append(till.insist(till.command("sum", plus("l1"), base=1)))

    with in_threads(*(partial(work, till) for till in tills)):
        begun.wait()
        for _kill in range(kills):
            heard = sum(map(len, answers.values()))
            while sum(map(len, answers.values())) < heard + 8:
                over.wait(0.005)
            shop.kill()
            shop.start()
        over.set()

    told = [answer for mine in answers.values() for answer in mine]
    assert Counter(answer.status for answer in told) == {200: len(told)}
    kept = {order["id"]: order for order in tills[0].get("/v1/snapshot").value["orders"]}
    made = [one.order for one in told if one.order["id"] != "sum"]
    assert kept["sum"]["lines"]["l1"]["qty"] == str(len(told) - len(made))
    assert all(kept[order["id"]] == order for order in made)
    assert len(kept) == len(made) + 1
    assert numbers(tills[0]) == [*range(1, len(kept) + 1)]


def test_a_line_that_cuts_delays_and_reorders_changes_nothing(shop: TillShop) -> None:
    times = scale.pick(6, 40, 100)
    shop.till("A").ops("sum", create(), line("l1", qty="0"))
    with BadLine(shop.port, cut_each=3, delay=0.01) as bad:
        tills = [shop.till(name, port=bad.port) for name in "BCD"]

        def work(till: RawTill) -> None:
            for number in range(times):
                id = f"{till.name}-{number}"
                till.insist(till.command(id, create(), line("l1", **SHOE)))
                till.insist(till.command("sum", plus("l1"), base=1))
                receipt = f"{till.name}-{number + 1:06}"
                paid = till.insist(till.command(id, pay(receipt, l1=AS_SEEN), base=1))
                assert paid.seen == (200, "ok", None)

        with Ear(tills[0]) as ear, in_threads(*(partial(work, till) for till in tills)):
            ear.wait_for("sum", rev=parse(str(3 * times + 1)))
            ear.wait(lambda: Counter(o["state"] for o in ear.orders.values())["paid"] == 3 * times)
    direct = shop.till("A")
    assert bad.cuts > times
    assert ear.orders == {o["id"]: o for o in direct.get("/v1/snapshot").value["orders"]}
    assert ear.orders["sum"]["lines"]["l1"]["qty"] == str(3 * times)
    assert numbers(direct) == [*range(1, 3 * times + 2)]
    shop.status()


def test_a_book_that_was_put_back_is_noticed_by_whoever_knew_more(shop: TillShop) -> None:
    a, b = shop.till("A"), shop.till("B")
    a.ops("o1", create())
    early, late = a.get("/v1/snapshot").value["cursor"], ""
    shop.kill()
    copy = {path: path.read_bytes() for path in shop.data.glob("tills.db*")}
    shop.start()
    a.insist(a.command("o2", create()))
    late = a.get("/v1/snapshot").value["cursor"]
    shop.kill()
    for path in shop.data.glob("tills.db*"):
        path.unlink()
    for path, data in copy.items():
        path.write_bytes(data)
    # Where even what stands beside the book is gone, the first till that is ahead tells it.
    (shop.data / "tills.last").unlink(missing_ok=True)
    shop.start()
    a, b = (RawTill(till.name, till.token, shop.port) for till in (a, b))
    assert b.hears_all(early).status == 200
    with Ear(a, late) as ear:
        ahead = ear.refused[0]
    assert (ahead.status, list(ahead.value)) == (409, ["result", "why"])
    # A program may have made its cursor up: it is told, and stands in no other till's way.
    assert [a.hears_all(cursor).status for cursor in (late, late, early)] == [409, 409, 200]
    assert b.hears_all().status == 200
    assert shop.status(code=6).count("A has heard of more than the tills' book has") == 1


def test_a_book_that_is_older_than_what_stands_beside_it_is_another_one(shop: TillShop) -> None:
    a = shop.till("A")
    shop.kill()
    copy = {path: path.read_bytes() for path in shop.data.glob("tills.db*")}
    shop.start()
    a.insist(a.command("o1", create()))
    cursor = a.get("/v1/snapshot").value["cursor"]
    shop.child.send_signal(2)
    assert shop.child.wait() in (0, 130)
    for path in shop.data.glob("tills.db*"):
        path.unlink()
    for path, data in copy.items():
        path.write_bytes(data)
    shop.start()
    a = RawTill("A", a.token, shop.port)
    assert a.get("/v1/health").value["epoch"] != cursor.partition(".")[0]
    assert a.hears_all(cursor).status == 409
    shop.status(code=6)


# --- who may speak ---------------------------------------------------------------------------


def test_who_has_no_token_or_an_old_one_is_told_nothing(shop: TillShop) -> None:
    till, other = shop.till("A"), shop.till("B")
    till.ops("o1", create(note="secret"))
    calls: list[Callable[[RawTill], Answered]] = [
        lambda one: one.ops("o1", plus("l1"), base=1),
        lambda one: one.get("/v1/events"),
        lambda one: one.get("/v1/events?after=&wait=1"),
        lambda one: one.get("/v1/snapshot"),
        lambda one: one.get("/v1/orders/o1"),
        lambda one: one.get("/v1/items"),
        lambda one: one.call("POST", "/v1/agent", b'{"unsent": 0, "n": 1}'),
    ]
    old = shop.token("A")  # paired anew: the token of before is worth nothing
    with Ear(other) as ear:
        ear.wait_for("o1")
        shop.run("revoke", "B")
        strangers = [till, RawTill("B", other.token, shop.port), RawTill(NOBODY, "", shop.port),
                     RawTill(NOBODY, "é".encode().decode("latin-1"), shop.port)]  # fmt: skip
        for stranger in strangers:
            answers = [call(stranger) for call in calls]
            assert {(one.status, *one.value) for one in answers} == {(401, "error")}
            assert stranger.get("/v1/health").status == 200
        # Who listened when it was revoked hears nothing more.
        RawTill("A", old, shop.port).ops("o2", create(), key="another")
        ear.wait(lambda: ear.refused)
    assert "o2" not in ear.orders
    assert ear.refused[0].status == 401


def pairs(port: int, code: str, *, tls: bool = False) -> Answered:
    """What an agent does that was given a code, by the certificate that it is shown."""
    till = RawTill(NOBODY, "", port, blind_tls() if tls else None)
    shown = fingerprint_of(ssl.get_server_certificate(("127.0.0.1", port))) if tls else ""
    first = till.call("POST", "/v1/pair", dump({"hello": "h"}).encode()).value
    nonces = "h", first["nonce"]
    proved = proof(key_of(code, bytes.fromhex(first["salt"])), "agent", nonces, shown)
    given = {"hello": "h", "nonce": first["nonce"], "proof": proved}
    return till.call("POST", "/v1/pair", dump(given).encode())


def code_for(shop: TillShop, name: str) -> str:
    return shop.run("pair", name).stdout.split()[-1]


def test_a_code_counts_once_and_five_wrong_ones_end_it(shop: TillShop) -> None:
    code = code_for(shop, "A")
    assert [pairs(shop.port, wrong).status for wrong in ("AAAAAAAAAA", code[:-1])] == [403, 403]
    paired = pairs(shop.port, f" {code[:5]}-{code[5:]} ".lower())
    assert (paired.status, list(paired.value)) == (200, ["name", "group", "token", "proof"])
    till = RawTill("A", paired.value["token"], shop.port)
    assert till.get("/v1/snapshot").value["till"]["name"] == "A"
    assert pairs(shop.port, code).status == 403
    code = code_for(shop, "A")
    assert {pairs(shop.port, "AAAAAAAAAA").status for _wrong in range(5)} == {403}
    assert pairs(shop.port, code).status == 403
    assert pairs(shop.port, code_for(shop, "A")).status == 200


def test_a_code_lives_ten_minutes(shop: TillShop, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = clocks.clock
    codes = list[str]()
    for ago in (timedelta(minutes=9, seconds=30), timedelta(minutes=10), timedelta(minutes=-5)):
        monkeypatch.setattr(clocks, "clock", lambda ago=ago: clock() - ago)
        codes.append(code_for(shop, f"T{len(codes)}"))
    assert [pairs(shop.port, code).status for code in codes] == [200, 403, 403]


def test_who_stands_between_with_another_certificate_learns_nothing(tmp_path: Path) -> None:
    with TillShop(tmp_path / "tills", tls="own") as shop:
        code, other = code_for(shop, "A"), tmp_path / "other"
        other.mkdir()
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        theirs.load_cert_chain(*own_certificate(other, clocks.clock()))
        with BadLine(shop.port, tls=theirs) as between:
            assert pairs(between.port, code, tls=True).status == 403
        paired = pairs(shop.port, code, tls=True)
        assert paired.status == 200
        till = RawTill("A", paired.value["token"], shop.port, blind_tls())
        assert till.ops("o1", create()).seen == (200, "ok", None)


def test_one_of_two_installations_of_a_till_is_fenced_off(shop: TillShop) -> None:
    till = shop.till("A")
    says = partial(till.call, "POST", "/v1/agent")
    first = says(b'{"unsent": 0, "n": 0}', Passerelle_Agent="one")
    assert (first.status, first.value["n"]) == (200, parse("0"))
    fenced = says(b'{"unsent": 0, "n": 0}', Passerelle_Agent="two")
    assert (fenced.status, list(fenced.value)) == (403, ["result", "why"])
    sent = till.call("POST", "/v1/ops", till.command("o1", create()), Passerelle_Agent="two")
    assert (sent.status, sent.value["result"]) == (403, "fenced")
    till.ops("o2", create(), n=40)
    older = says(b'{"unsent": 0, "n": 39}', Passerelle_Agent="one")
    assert (older.status, older.value["result"]) == (409, "ahead")
    for bad in (b"", b"[]", b'{"unsent": 0}', b'{"unsent": "x", "n": 1}'):
        assert says(bad, Passerelle_Agent="one").status == 422


def test_a_session_waits_for_what_a_till_has_not_sent(
    shop: TillShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    paired = pairs(shop.port, code_for(shop, "B"))
    agent = RawTill("B", paired.value["token"], shop.port)
    agent.call("POST", "/v1/ops", agent.command("o1", create(), pay("B-000001")))
    agent.call("POST", "/v1/agent", b'{"unsent": 3, "n": 4}', Passerelle_Agent="one")
    with Ear(agent) as ear, monkeypatch.context() as patch:
        patch.setattr(steering, "_PATIENCE_SECONDS", 0.1)
        told = shop.run("session", "close", code=6).text
        assert "B (3" in told
        ear.wait(lambda: ear.asks)
    asked = ear.asks[-1]

    def answers() -> None:
        with Ear(agent) as ear:
            ear.wait(lambda: ear.asks and ear.asks[-1] > asked)
            said = dump({"unsent": 0, "n": 4, "asked": ear.asks[-1]}).encode()
            agent.call("POST", "/v1/agent", said, Passerelle_Agent="one")

    monkeypatch.setattr(steering, "_PATIENCE_SECONDS", PATIENCE)
    with in_threads(answers):
        shop.run("session", "close")
    agent.ops("o2", create(), pay("B-000002"))
    shop.run("session", "close", "--without", "B")
    shop.run("session", "close", "--without", NOBODY, code=2)


def test_no_token_and_no_code_is_written_anywhere(shop: TillShop) -> None:
    till, code = shop.till("A"), code_for(shop, "B")
    paired = pairs(shop.port, code)
    till.ops("o1", create())
    RawTill(NOBODY, "x" * 43, shop.port).get("/v1/snapshot")
    told = [shop.run("log", "-n", "99").text, shop.run("log", "--json").text, shop.status()]
    shop.child.send_signal(2)
    shop.child.wait()
    written = [path.read_bytes() for path in shop.folder.rglob("*") if path.is_file()]
    everything = b"".join([*written, *(part.encode() for part in (*told, *shop.child.rest()))])
    for secret in (till.token, paired.value["token"], code, "x" * 43):
        assert secret.encode() not in everything


def test_a_tablet_works_through_the_servers_own_page(shop: TillShop) -> None:
    token = shop.token("tablette")
    login = Web(shop.port).ask("POST", "/local/login", {"token": "no token"})
    assert login.status == 401
    tablet = Web(shop.port)
    assert tablet.ask("GET", "/local/orders").status == 401
    assert tablet.ask("POST", "/local/login", {"token": token}).status == 200
    assert "HttpOnly" in tablet.cookie and "SameSite=strict" in tablet.cookie
    assert tablet.ask("GET", "/local/state").value["tablet"] is True
    lines = {"l1": {"ean13": "370", "qty": "2", "price": "9.90"}}
    assert tablet.ask("PUT", "/local/orders/t1", {"lines": lines}).status == 200
    assert shop.till("A").get("/v1/orders/t1").value["lines"] == lines, "at once, not later"
    assert tablet.ask("POST", "/local/orders/t1/claim").value["claim"] == "tablette"
    paid = [{"method": "card", "amount": "19.80"}]
    done = tablet.ask("POST", "/local/orders/t1/pay", {"payments": paid})
    assert done.value["receipt"] == "tablette-000001"
    assert shop.till("A").get("/v1/orders/t1").value["state"] == "paid"
    stranger = tablet.ask("GET", "/local/orders", Origin="http://elsewhere.example")
    assert stranger.status == 401
    shop.run("revoke", "tablette")
    assert tablet.ask("GET", "/local/orders").status == 401


def test_the_demo_plays_a_day_with_three_tills(tmp_path: Path) -> None:
    played = run_program("demo", "--tills", "demo", cwd=tmp_path)
    assert played.exit_code == 0, played.text
    for told in (
        "till C shows order 1: 1 × shoe, 1 × laces, 1 × polish",
        "till B: not done: A has changed note meanwhile",
        "till C: not done: there is no connection",
        "kept for a person: receipt B-000001 of till B: the till's hold was broken",
        "session 1: orders 1 to 3, no number missing, none twice",
    ):
        assert told in played.stdout
    status = run_program("till", "status", cwd=tmp_path / "demo")
    assert (status.exit_code, "`passerelle till settle B-000001`" in status.stdout) == (6, True)
    assert run_program("till", "settle", "B-000001", cwd=tmp_path / "demo").exit_code == 0
    assert run_program("till", "status", cwd=tmp_path / "demo").exit_code == 0
    assert run_program("demo", "--tills", "--sync", "demo", cwd=tmp_path).exit_code == 2
