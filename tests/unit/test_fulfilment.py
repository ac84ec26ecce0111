"""Which orders get a sale of their own, and which of them the stock is for."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from passerelle.config.orders import Fulfil
from passerelle.model.orders import Customer, Line, Order, Reading, Sold
from passerelle.model.records import KnownOrder, KnownSale
from passerelle.model.states import SaleState, State
from passerelle.rules.allotting import Shelf, allot, find_candidates, in_turn, needs
from passerelle.rules.fulfilment import (
    Books,
    Candidate,
    Findings,
    Problem,
    document_of,
    is_of_interest,
)
from passerelle.stock_csv_fix.levels import read_levels
from tests.unit import known_order, orders_settings, stock_settings

NOW = datetime(2026, 11, 22, 10, 27, tzinfo=UTC)
START = NOW - timedelta(days=1)
DAY = timedelta(days=1)


def fulfil_settings(**changes: Any) -> Fulfil:
    values: dict[str, Any] = {"enabled": True, "when_statuses": ("Payé",), "start_from": START}
    return Fulfil.model_construct(
        **{name: field.get_default() for name, field in Fulfil.model_fields.items()}
        | values
        | changes
    )


def order(
    *lines: tuple[str, int], id: str = "1", date: datetime = NOW, customer: Customer | None = None
) -> Order:
    bought = [
        Line(ean, f"P{ean}", "", "", n, Decimal(10), None) for ean, n in lines or [("370", 1)]
    ]
    return Order(
        *(id, "", date, "Payé", "CB", "", customer or Customer(), "", None, None, None),
        tuple(bought),
    )


def reading(id: str = "1", *, status: str = "Payé", date: datetime | None = NOW) -> Reading:
    whole = replace(order(id=id, date=date or NOW), date=date, status=status)
    return Reading(id, "", date, status, whole, (Sold("370", 1),))


def known(state: State, *, dispatch: int = 7, date: datetime = NOW) -> KnownOrder:
    return known_order(state, date=date, dispatch=dispatch)


def sale(state: SaleState, **more: Any) -> KnownSale:
    return KnownSale("web", "1", NOW, state, **({"imported": 7} | more))


def books(known_order: KnownOrder | None, *sales: KnownSale) -> Books:
    return Books("web", NOW, {"1": known_order} if known_order else {}, {"1": sales})


def find(
    one: Reading, known_order: KnownOrder | None, *sales: KnownSale, **changes: Any
) -> Findings:
    settings = fulfil_settings(**changes)
    return find_candidates([one], books(known_order, *sales), settings, orders_settings())


class TestASaleIsWanted:
    @pytest.mark.parametrize(
        ("state", "is_wanted"),
        [(state, state in (State.SENT, State.TAKEN)) for state in State],
    )
    def test_once_the_erp_has_the_order(self, state: State, is_wanted: bool) -> None:
        assert bool(find(reading(), known(state)).candidates) == is_wanted

    @pytest.mark.parametrize("status", ["En attente", "Annulé", ""])
    def test_by_no_other_status_than_those_named(self, status: str) -> None:
        assert not find(reading(status=status), known(State.TAKEN)).candidates

    def test_by_no_cancelled_status_even_if_it_is_named(self) -> None:
        found = find(reading(status="Annulé"), known(State.TAKEN), when_statuses=("Annulé",))
        assert not found.candidates

    def test_not_for_an_order_from_before_the_start(self) -> None:
        old = START - DAY
        found = find(reading(date=old), known(State.TAKEN, date=old))
        assert (found.candidates, found.marks) == ([], [])

    def test_not_without_a_date_which_is_told(self) -> None:
        found = find(reading(date=None), known(State.TAKEN))
        assert (found.candidates, found.undated) == ([], ["1"])

    @pytest.mark.parametrize(("repeat", "times"), [("remember", 0), ("again", 1)])
    def test_again_where_its_order_was_sent_again_and_the_config_says_so(
        self, repeat: str, times: int
    ) -> None:
        done = sale(SaleState.DONE, imported=6)
        found = find(reading(), known(State.TAKEN, dispatch=7), done, repeat=repeat)
        assert (len(found.candidates), len(found.marks)) == (times, 1 - times)

    def test_no_more_once_its_order_is_cancelled(self) -> None:
        found = find(reading(status="Annulé"), known(State.TAKEN), sale(SaleState.WANTED))
        assert [mark.state for mark in found.marks] == [SaleState.WITHDRAWN]
        assert not found.candidates


class TestAnOrderIsLookedAt:
    @pytest.mark.parametrize(
        ("one", "sales", "is_of"),
        [
            (reading(), [], True),
            (reading(date=None), [], True),
            (reading(date=START), [], True),
            (reading(date=START - timedelta(minutes=1)), [], False),
            (reading(status="En attente"), [], False),
            (reading(), [sale(SaleState.DONE)], False),
            (reading(), [sale(SaleState.DONE, imported=6)], True),
            (reading(), [sale(SaleState.SENT)], True),
            (reading(status="Annulé"), [sale(SaleState.DONE)], True),
            (reading(), [sale(SaleState.DONE, cancelled=True)], True),
            (reading(status="En attente"), [sale(SaleState.WITHDRAWN)], False),
        ],
    )
    def test_unless_its_sale_is_done_or_not_asked_for(
        self, one: Reading, sales: Sequence[KnownSale], is_of: bool
    ) -> None:
        taken = known(State.TAKEN, date=one.date or NOW)
        settings = fulfil_settings()
        assert is_of_interest(one, taken, sales, settings, orders_settings()) == is_of


@pytest.mark.parametrize(
    ("customer", "setting", "document"),
    [
        *((Customer(), "auto", "receipt"), (Customer(company="SARL"), "auto", "invoice")),
        *((Customer(vat_number="FR1"), "auto", "invoice"), (Customer(), "invoice", "invoice")),
        (Customer(company="SARL"), "receipt", "receipt"),
    ],
)
def test_a_company_gets_an_invoice(customer: Customer, setting: str, document: str) -> None:
    assert document_of(order(customer=customer), fulfil_settings(document=setting)) == document


def candidate(id: str, *lines: tuple[str, int], age: int = 0) -> Candidate:
    date = NOW - age * DAY
    return Candidate(order(*lines, id=id, date=date), date, "receipt", 7, None)


class TestTheStock:
    @pytest.mark.parametrize(("rule", "ids"), [("oldest", "231"), ("newest", "132")])
    def test_is_for_the_orders_in_their_turn(self, rule: str, ids: str) -> None:
        some = [candidate("1"), candidate("2", age=9), candidate("3", age=5)]
        assert "".join(one.id for one in in_turn(some, fulfil_settings(order=rule))) == ids

    def test_is_for_one_order_only(self) -> None:
        some = [candidate("1", ("370", 2)), candidate("2", ("0370", 2)), candidate("3", ("370", 1))]
        found = allot(some, Shelf({"370": 3}), (), books(None))
        assert [one.id for one in found.granted] == ["1", "3"]
        assert [(mark.id, mark.problem) for mark in found.marks] == [("2", Problem.STOCK)]

    def test_is_not_guessed_where_nobody_can_tell_it(self) -> None:
        found = allot([candidate("1")], Shelf(None, "the file is old"), (), books(None))
        assert not found.granted
        assert [(m.problem, m.reason) for m in found.marks] == [
            (Problem.UNCHECKED, "the file is old")
        ]

    def test_is_not_asked_for_where_none_is_configured(self) -> None:
        assert len(allot([candidate("1")], Shelf(), (), books(None)).granted) == 1

    def test_is_not_needed_by_gift_cards(self) -> None:
        assert needs(order(("370", 2), ("371", 1)), ("P371",)) == {"370": 2}
        found = allot([candidate("1", ("371", 1))], Shelf({}, "no file"), ("P371",), books(None))
        assert len(found.granted) == 1

    @pytest.mark.parametrize(
        ("lines", "level"),
        [
            *((["0370;5"], 5), (["370;5", "0370;2", "370;9"], 2), (["370;2,5"], 2)),
            *((["370;5", "370;beaucoup"], 0), (["370;-3"], 0), (["371;5"], 0)),
        ],
    )
    def test_of_an_item_is_the_lowest_that_the_erp_s_file_says(
        self, lines: list[str], level: int
    ) -> None:
        data = "\r\n".join(["Gencod;Stock", *lines, ""]).encode()
        assert read_levels(data, stock_settings(), "ExportCSV.csv", ["370"]) == {"370": level}
