"""What tills may ask, how it merges, what a screen shows meanwhile, what a program changed."""

from collections.abc import Mapping
from typing import Any

import pytest

from passerelle.base.exact_json import Number, dump, parse
from passerelle.model.tills import Op, TillAnswer, TillCommand, TillOrder, TillState, TillVerdict
from passerelle.rules.tills.commands import MAX_NAME, read_command, write_command
from passerelle.rules.tills.merge import Birth, apply, is_as_seen, payment_of, total_of
from passerelle.rules.tills.numbers import number_of, receipt_of
from passerelle.rules.tills.replay import base_of, falls_with, hindrance, newer, screen
from passerelle.rules.tills.three_way import ops_between


def line(id: str = "l1", add: Mapping[str, Any] | None = None, **given: Any) -> Op:
    words = {"set": given, "add": add or {}}
    return Op("line", {"id": id, **{name: value for name, value in words.items() if value}})


def put(**fields: Any) -> Op:
    return Op("set", {"fields": fields})


def create(**fields: Any) -> Op:
    return Op("create", {"fields": fields})


def drop(id: str = "l1") -> Op:
    return Op("drop", {"id": id})


def pay(seen: Mapping[str, Any]) -> Op:
    words = {"receipt": "B-000001", "payments": [{"method": "cash", "amount": "9.90"}]}
    return Op("pay", {**words, "seen": seen})


CLAIM, RELEASE, CANCEL = Op("claim", {}), Op("release", {}), Op("cancel", {})
BREAK = Op("break", {"who": "Zoé"})
SEEN = {"l1": {"qty": "2", "price": "9.90"}}
PAY = pay(SEEN)


def command(*ops: Op, base: int = 1, n: int = 1) -> TillCommand:
    return TillCommand(f"k{n}", n, "o1", base, ops)


def does(order: TillOrder | None, till: str, *ops: Op, base: int = 1, n: int = 1) -> TillVerdict:
    return apply(order, command(*ops, base=base, n=n), till, Birth(7, 1))


def made() -> TillOrder:
    """By A: two pieces of one item, rev 1."""
    verdict = does(None, "A", create(note="x"), line(qty="2", price="9.90", colour="red"), base=0)
    assert verdict.order is not None
    return verdict.order


def order_of(verdict: TillVerdict) -> TillOrder:
    assert verdict.answer == TillAnswer.OK, verdict
    assert verdict.order is not None
    return verdict.order


# --- two tills with one base -----------------------------------------------------------------

OK, REFUSED, SURPLUS = TillAnswer.OK, TillAnswer.REFUSED, TillAnswer.SURPLUS


@pytest.mark.parametrize(
    ("first", "second", "answer", "who", "left"),
    [
        ([line("l2", qty="1")], [line("l3", qty="1")], OK, None, "l1 l2 l3"),
        ([line(price="8")], [line(price="7")], REFUSED, "A", "price=8"),
        ([line(price="8")], [line(colour="blue")], OK, None, "price=8 colour=blue"),
        ([line(price="8")], [line(add={"qty": "1"})], OK, None, "price=8 qty=3"),
        ([line(add={"qty": "1"})], [line(add={"qty": "1"})], OK, None, "qty=4"),
        ([line(add={"qty": "1"})], [line(qty="9")], REFUSED, "A", "qty=3"),
        ([line(qty="9")], [line(add={"qty": "1"})], OK, None, "qty=10"),
        ([line(price="8")], [drop()], REFUSED, "A", "price=8"),
        ([line(add={"qty": "1"})], [drop()], REFUSED, "A", "qty=3"),
        ([drop()], [line(price="8")], REFUSED, "A", ""),
        ([drop()], [line(add={"qty": "1"})], REFUSED, "A", ""),
        ([drop()], [drop()], REFUSED, None, ""),
        ([put(note="y")], [put(note="z")], REFUSED, "A", "note=y"),
        ([put(note=None)], [put(note="z")], REFUSED, "A", "note=None"),
        ([put(note="y")], [put(table="4")], OK, None, "note=y table=4"),
        ([put(note="y")], [CANCEL], REFUSED, "A", "note=y"),
        ([line(add={"qty": "1"})], [CANCEL], REFUSED, "A", "qty=3"),
        ([CLAIM], [CLAIM], REFUSED, "A", "claim=A"),
        ([CLAIM], [put(table="4")], REFUSED, "A", "claim=A"),
        ([CLAIM], [line(add={"qty": "1"})], REFUSED, "A", "qty=2"),
        ([CLAIM], [drop()], REFUSED, "A", "l1"),
        ([CLAIM], [RELEASE], REFUSED, "A", "claim=A"),
        ([CLAIM], [CANCEL], REFUSED, "A", "claim=A"),
        ([CLAIM], [PAY], SURPLUS, "A", "claim=A"),
        ([CLAIM], [BREAK], OK, None, "claim=None"),
        ([CLAIM, RELEASE], [CLAIM], OK, None, "claim=B"),
        ([CANCEL], [put(table="4")], REFUSED, None, "state=cancelled"),
        ([CANCEL], [PAY], SURPLUS, None, "state=cancelled"),
        ([CANCEL], [BREAK], REFUSED, None, "state=cancelled"),
        ([PAY], [line(add={"qty": "1"})], REFUSED, None, "state=paid qty=2"),
        ([PAY], [PAY], SURPLUS, None, "state=paid"),
        ([create()], [], REFUSED, "A", "note=x"),
        # All or nothing; and money is never refused into nothing, whatever stands beside it.
        ([line(price="8")], [line("l4", qty="1"), line(price="7")], REFUSED, "A", "l1 price=8"),
        ([line(price="8")], [line(price="7"), PAY], SURPLUS, "A", "price=8 state=draft"),
    ],
)  # fmt: skip
def test_two_tills_ask_with_one_base(
    first: list[Op], second: list[Op], answer: TillAnswer, who: str | None, left: str
) -> None:
    after = does(made(), "A", *first, n=2)
    verdict = does(after.order, "B", *second) if second else after
    assert (verdict.answer, verdict.who) == (answer, who)
    assert bool(verdict.why) == (answer != OK)
    if answer != OK:
        assert verdict.order == after.order
    order = verdict.order
    assert order is not None
    assert looks(order, left)


def looks(order: TillOrder, words: str) -> bool:
    """Whether it has these lines, and these values of the order or its first line."""
    values = {
        "claim": order.claim, "state": order.state.value, "note": order.fields.get("note"),
        "table": order.fields.get("table"), **order.lines.get("l1", {}),
    }  # fmt: skip
    pairs = [word.partition("=") for word in words.split()]
    ids = {name for name, sign, _value in pairs if not sign}
    same = all(str(values[name]) == value for name, sign, value in pairs if sign)
    return same and (not ids or ids == set(order.lines))


def test_what_another_till_changed_stands_though_ones_own_sum_came_after() -> None:
    """``add`` merges without having seen it; nothing that follows may take it for seen."""
    order = order_of(does(made(), "A", line(qty="9", colour="blue"), n=2))
    order = order_of(does(order, "B", line(add={"qty": "1"})))
    for op in (line(qty="1"), drop(), CANCEL):
        assert does(order, "B", op, n=2).answer == REFUSED
    assert does(order, "B", line(qty="1"), base=2, n=2).answer == OK


def test_a_line_that_is_called_as_a_field_is_not_that_field() -> None:
    order = order_of(does(made(), "A", Op("set", {"fields": {"l1": "x"}}), n=2))
    assert does(order, "B", line(price="8"), drop()).answer == OK


def test_a_till_does_not_stand_against_itself() -> None:
    order = order_of(does(made(), "B", line(price="8")))
    assert does(order, "B", line(price="7"), drop(), CANCEL, n=2).answer == OK


def test_a_base_that_the_server_never_had_is_refused() -> None:
    assert does(made(), "B", put(table="4"), base=2).answer == REFUSED
    assert does(made(), "B", PAY, base=2).answer == SURPLUS


@pytest.mark.parametrize("op", [put(note="y"), line(qty="1"), drop(), CLAIM, BREAK, CANCEL])
def test_nothing_is_done_to_an_order_that_is_not_there(op: Op) -> None:
    assert does(None, "A", op, base=0) == TillVerdict(REFUSED, None, "there is no such order")


def test_an_order_counts_commands_and_says_of_each_till_which_was_its_last() -> None:
    order = order_of(does(made(), "B", put(table="4"), n=30))
    order = order_of(does(order, "B", put(table="5"), n=12))
    assert (order.no, order.session, order.rev, order.done) == (7, 1, 3, {"A": 1, "B": 30})


# --- money -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "is_so"),
    [
        (SEEN, True),
        ({"l1": {"qty": Number("2.0"), "price": "9.9"}}, True),
        ({"l1": {"qty": "2", "price": "9.91"}}, False),
        ({"l1": {"qty": "3", "price": "9.90"}}, False),
        ({"l1": {"price": "9.90"}}, False),
        ({"l1": {"qty": "two", "price": "9.90"}}, False),
        ({}, False),
        ({**SEEN, "l2": {"qty": "1", "price": "1"}}, False),
    ],
)
def test_what_was_paid_for_is_what_stands_there(seen: Any, is_so: bool) -> None:
    verdict = does(made(), "B", pay(seen))
    assert is_as_seen(made(), seen) == is_so
    assert verdict.answer == (OK if is_so else SURPLUS)
    assert (verdict.order is not None and verdict.order.state == TillState.PAID) == is_so


def test_who_lost_the_hold_pays_again_only_once_it_has_it_again() -> None:
    free = order_of(does(order_of(does(made(), "B", CLAIM)), "A", BREAK, n=2))
    assert does(free, "B", PAY, n=2).answer == SURPLUS
    assert does(free, "A", PAY, n=3).answer == OK
    again = order_of(does(free, "B", CLAIM, n=3))
    paid = order_of(does(again, "B", PAY, n=4))
    assert paid.payment is not None
    assert (paid.state, paid.claim, paid.payment.till) == (TillState.PAID, None, "B")


def test_the_total_is_exact_or_unknown() -> None:
    assert str(total_of(made())) == "19.80"
    assert total_of(order_of(does(made(), "A", line("l2", note="a gift")))) is None
    assert payment_of(command(CLAIM, PAY)) == PAY
    assert payment_of(command(CLAIM)) is None


@pytest.mark.parametrize(
    ("before", "delta", "after"),
    [
        ("1", "1", "2"), ("0.10", "0.20", "0.30"), (None, Number("2"), Number("2")),
        (Number("0.10"), "1", Number("1.10")), ("1", Number("-3"), "-2"),
        ("123456789012345678901234567890", "1", "123456789012345678901234567891"),
        ("1e3", "1", "1001"),
    ],
)  # fmt: skip
def test_a_sum_keeps_the_form_of_its_field(before: Any, delta: Any, after: Any) -> None:
    order = order_of(does(made(), "A", line("l2", **({"n": before} if before else {"x": "y"}))))
    sum = order_of(does(order, "B", line("l2", {"n": delta}), base=2))
    assert sum.lines["l2"]["n"] == after


@pytest.mark.parametrize("value", ["red", [], {"a": "1"}, True, "1e99", "9" * 61])
def test_nothing_is_added_to_what_is_no_number(value: Any) -> None:
    order = order_of(does(made(), "A", line("l2", n=value)))
    assert does(order, "B", line("l2", {"n": "1"}), base=2).answer == REFUSED


def test_null_is_data_at_first_and_takes_a_field_away_later() -> None:
    order = order_of(does(None, "A", create(gone=None), line(size=None), base=0))
    assert (order.fields, order.lines) == ({"gone": None}, {"l1": {"size": None}})
    order = order_of(does(order, "A", put(gone=None), line(size=None), n=2))
    assert (order.fields, order.lines) == ({}, {"l1": {}})


# --- commands as JSON ------------------------------------------------------------------------

HEAD = {"key": "k", "n": 1, "order": "o", "base": 0}


@pytest.mark.parametrize(
    "op",
    [
        {"op": "create"},
        {"op": "create", "fields": {"deep": {"a": [{"b": None}]}, "é": "🥿", "n": Number("0.10")}},
        {"op": "line", "id": "l", "set": {"price": "9.90"}, "add": {"qty": Number("-1.50")}},
        {"op": "drop", "id": "l"}, {"op": "set", "fields": {"note": None}}, {"op": "claim"},
        {"op": "release"}, {"op": "break", "who": "Zoé"}, {"op": "cancel"},
        {"op": "pay", "receipt": "B-1", "payments": [{"amount": "1"}], "seen": {"l": {}}},
        {"op": "pay", "receipt": "B-1", "payments": [], "seen": {}},
    ],
)  # fmt: skip
def test_a_command_is_written_as_it_was_read(op: Any) -> None:
    body = dump({**HEAD, "ops": [op]}).encode()
    assert write_command(read_command(body)) == body


@pytest.mark.parametrize(
    ("change", "about"),
    [
        ({"key": ""}, "key"), ({"key": 7}, "key"), ({"key": "k" * (MAX_NAME + 1)}, "key"),
        ({"key": "a\nb"}, "key"), ({"order": None}, "order"), ({"n": 0}, "n"), ({"n": "1"}, "n"),
        ({"n": 1.5}, "n"), ({"n": 2**53 + 1}, "n"), ({"n": True}, "n"), ({"base": -1}, "base"),
        ({"more": 1}, '"more"'), ({"ops": []}, "ops"), ({"ops": {}}, "ops"), ({"ops": [1]}, "ops"),
        ({"ops": [{"op": "claim"}] * 1001}, "ops"), ({"ops": [{"op": "steal"}]}, "ops"),
        ({"ops": [{}]}, "ops"), ({"ops": [{"op": "claim", "id": "l"}]}, '"id"'),
        ({"ops": [{"op": "line"}]}, "id"),
        ({"ops": [{"op": "line", "id": "l", "add": {"q": "x"}}]}, "add"),
        ({"ops": [{"op": "line", "id": "l", "set": {"q": 1}, "add": {"q": 1}}]}, "set"),
        ({"ops": [{"op": "line", "id": "l", "set": []}]}, "set"),
        ({"ops": [{"op": "set", "fields": 1}]}, "fields"),
        ({"ops": [{"op": "break", "who": 1}]}, "who"),
        ({"ops": [{"op": "pay", "receipt": "B-1", "payments": [{}], "seen": {}}]}, "payments"),
        ({"ops": [{"op": "pay", "receipt": "B-1", "payments": 1, "seen": {}}]}, "payments"),
        ({"ops": [{"op": "pay", "payments": [], "seen": {}}]}, "receipt"),
        ({"ops": [{"op": "pay", "receipt": "B-1", "payments": []}]}, "seen"),
        ({"ops": [{"op": "pay", "receipt": "B-1", "payments": [], "seen": {"l": 1}}]}, "seen"),
    ],
)  # fmt: skip
def test_a_command_that_says_something_else_is_none(change: Any, about: str) -> None:
    body = dump({**HEAD, "ops": [{"op": "claim"}], **change}).encode()
    with pytest.raises(ValueError, match=about):
        read_command(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"n": NaN}', b"[" * 100_000])
def test_what_is_no_json_is_no_command(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_command(body)


@pytest.mark.parametrize("text", ["0.10", "1E+5", "-0", "1" * 30, "0.1000000000000000055"])
def test_numbers_keep_their_text(text: str) -> None:
    assert dump(parse(f'{{"a": [{text}, null, true, "é🥿\\u2028"]}}')) == (
        f'{{"a": [{text}, null, true, "\\u00e9\\ud83e\\udd7f\\u2028"]}}'
    )


# --- what a screen shows ---------------------------------------------------------------------


def test_a_screen_shows_what_is_on_its_way_once() -> None:
    pending = [command(line(add={"qty": "1"}), n=5), command(put(table="4"), n=6)]
    shown = screen(made(), pending, "B")
    assert shown and looks(shown, "qty=3 table=4")
    # The event comes before the reply: the order says what it includes.
    event = order_of(does(made(), "B", line(add={"qty": "1"}), n=5))
    shown = screen(event, pending, "B")
    assert shown and looks(shown, "qty=3 table=4")


def test_a_screen_shows_a_new_order_and_leaves_out_what_will_be_refused() -> None:
    pending = [command(create(note="x"), CLAIM, line(qty="1"), base=0, n=1)]
    shown = screen(None, pending, "B")
    assert shown and (shown.no, shown.claim, looks(shown, "note=x qty=1")) == (0, "B", True)
    held = order_of(does(made(), "A", CLAIM, n=2))
    assert screen(held, [command(put(table="4"))], "B") == held
    assert screen(None, [], "B") is None


def test_only_a_newer_event_counts() -> None:
    old, new = made(), order_of(does(made(), "A", CLAIM, n=2))
    assert newer(None, old) == old
    assert (newer(old, new), newer(new, old)) == (new, new)


@pytest.mark.parametrize(
    ("ops", "base"),
    [
        ([line(price="7")], 1), ([line(add={"qty": "1"})], 1), ([drop()], 1),
        ([put(note="y")], 2), ([line("l2", qty="1")], 3), ([CLAIM], 3), ([put(table="4")], 3),
        ([put(note="y"), line(price="7")], 1), ([CANCEL], 1),
    ],
)  # fmt: skip
def test_a_base_is_never_newer_than_that_of_what_is_pending(ops: list[Op], base: int) -> None:
    order = order_of(does(order_of(does(made(), "A", CLAIM, n=2)), "A", RELEASE, base=2, n=3))
    pending = [command(line(price="8"), base=1, n=5), command(put(note="z"), base=2, n=6)]
    assert base_of(order, pending, ops) == base
    assert base_of(None, [], ops) == 0


@pytest.mark.parametrize(
    ("refused", "waiting", "fallen"),
    [
        ([line("l2", qty="1")], [[line("l2", {"qty": "1"})], [put(note="y")], [drop("l2")]], "02"),
        ([line("l2", qty="1")], [[line("l2", price="1"), line("l3", qty="1")], [drop("l3")]], "01"),
        ([line(price="1")], [[line(add={"qty": "1"})], [drop()]], ""),
        ([line("l2", qty="1")], [[line(price="1")], [CLAIM], [PAY]], ""),
        ([create(), CLAIM], [[line(price="1")], [CLAIM], [PAY], [CANCEL]], "013"),
        ([line("l2", qty="1")], [[line("l2", price="1"), PAY]], ""),
        ([CLAIM], [[put(note="z")], [PAY]], ""),
    ],
)  # fmt: skip
def test_what_builds_on_a_refused_command_falls_with_it(
    refused: list[Op], waiting: list[list[Op]], fallen: str
) -> None:
    commands = [command(*ops, n=number) for number, ops in enumerate(waiting, 2)]
    found = falls_with(made(), command(*refused), commands)
    assert "".join(str(commands.index(one)) for one in found) == fallen


@pytest.mark.parametrize(
    ("done", "pending", "connected", "why"),
    [
        ((), (), True, ""), ((), (), False, "no connection"), (("A", CLAIM), (), True, "A holds"),
        (("A", CLAIM), (), False, "A holds"), (("B", CLAIM), (), False, ""),
        (("A", CANCEL), (), True, "cancelled"), (("A", PAY), (), True, "paid"),
        ((), (CLAIM,), True, "not granted"), ((), (put(note="y"),), True, ""),
        ((), (CANCEL,), True, "cancelled"),
    ],
)  # fmt: skip
def test_what_hinders_a_change(done: Any, pending: Any, connected: bool, why: str) -> None:
    order = order_of(does(made(), done[0], done[1], n=2)) if done else made()
    waiting = [command(*pending, base=order.rev, n=9)] if pending else []
    told = hindrance(order, waiting, "B", is_connected=connected)
    assert (why in told, bool(told)) == (True, bool(why))


def test_an_order_is_born_held() -> None:
    born = [command(create(), CLAIM, base=0)]
    assert hindrance(None, born, "B", is_connected=False) == ""
    assert hindrance(None, [], "B", is_connected=False) == ""


# --- whole orders ----------------------------------------------------------------------------

KNOWN = {
    "fields": {"note": "x", "deep": {"a": Number("0.10")}},
    "lines": {"l1": {"qty": "2", "price": "9.90", "vat": {"rate": "20"}}, "l2": {"qty": "1"}},
}


@pytest.mark.parametrize(
    ("wanted", "ops"),
    [
        ({}, []), (KNOWN, []),
        ({"fields": {"note": "y"}}, [put(note="y")]),
        ({"fields": {"note": None, "new": None}}, [put(note=None)]),
        ({"fields": {"deep": {"a": Number("0.1")}}}, [put(deep={"a": Number("0.1")})]),
        ({"lines": {"l1": {"qty": "3"}}}, [line(add={"qty": "1"})]),
        ({"lines": {"l1": {"qty": "2.0"}}}, [line(qty="2.0")]),
        ({"lines": {"l1": {"qty": "1", "price": "8"}}}, [line(add={"qty": "-1"}, price="8")]),
        ({"lines": {"l1": {"qty": "some"}}}, [line(qty="some")]),
        ({"lines": {"l2": None, "l9": None}}, [drop("l2")]),
        ({"lines": {"l3": {"qty": "1"}}}, [line("l3", qty="1")]),
        ({"lines": {"l3": {}}}, [Op("line", {"id": "l3"})]),
        ({"fields": {"note": "y"}, "lines": {"l2": None}}, [put(note="y"), drop("l2")]),
    ],
)  # fmt: skip
def test_what_a_program_changed_becomes_ops(wanted: Any, ops: list[Op]) -> None:
    assert ops_between(KNOWN, wanted) == ops


def test_a_program_makes_an_order() -> None:
    wanted = {"fields": {"note": "x", "no": None}, "lines": {"l1": {"qty": "1"}, "l2": None}}
    assert ops_between(None, wanted) == [create(note="x"), line(qty="1")]


@pytest.mark.parametrize("wanted", [{"fields": []}, {"lines": 1}, {"lines": {"l1": "x"}}])
def test_what_is_no_order_is_said(wanted: Any) -> None:
    with pytest.raises(ValueError, match="write an object"):
        ops_between(KNOWN, wanted)


@pytest.mark.parametrize(
    ("till", "receipt", "number"),
    [
        ("B", "B-000123", 123), ("B", "B-1234567", 1234567), ("B", "C-000123", None),
        ("B", "B-", None), ("B", "B-12x", None), ("a.c", "abc-000001", None),
    ],
)  # fmt: skip
def test_receipts_are_one_series_for_each_till(till: str, receipt: str, number: int | None) -> None:
    assert number_of(till, receipt) == number
    if number is not None:
        assert receipt_of(till, number) == receipt
