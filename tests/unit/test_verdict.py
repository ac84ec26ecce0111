"""What becomes of each order that the file holds: the first rule that applies."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.model.orders import Reading
from passerelle.model.records import KnownOrder
from passerelle.model.states import State
from passerelle.rules.fate import Fate, Verdict, is_cancelled, is_id_used_again, judge
from tests.unit import few, orders_settings

START = datetime(2026, 11, 22)  # noqa: DTZ001 - as TOML gives it


def reading(
    *,
    date: str = "2026-11-22 10:00:00",
    status: str = "Payé",
    payment: str = "CB",
    voucher: str = "",
    quantity: str = "1",
) -> Reading:
    text = (
        "id_order;date;status;payment;voucher;ean13;quantity;unit_price\n"
        f'1001;{date};{status};"{payment}";"{voucher}";370;{quantity};10\n'
    )
    (found,) = read_orders(text.encode(), orders_settings(), "commandes.csv").readings
    return found


def verdict(order: Reading, *, resend: bool = False, **settings: Any) -> Verdict:
    return judge(order, orders_settings(**settings), resend=resend)


EVERY_RULE: dict[str, Any] = {
    "start_from": START,
    "cancelled_statuses": ["Annulé"],
    "send_statuses": ["Payé"],
    "withhold": {"payments": ["bon cadeau"], "vouchers": ["GC-*"]},
}


class TestTheRulesComeInThisOrder:
    def test_an_order_from_before_the_start_is_skipped_whatever_else_it_is(self) -> None:
        order = reading(date="2026-11-21", status="Annulé", payment="Bon cadeau", quantity="deux")
        assert verdict(order, **EVERY_RULE) == Verdict(
            Fate.SKIPPED, "ordered before start_from (2026-11-22 00:00)"
        )

    def test_then_a_cancelled_one_waits(self) -> None:
        order = reading(status="Annulé", payment="Bon cadeau", quantity="deux")
        assert verdict(order, **EVERY_RULE) == Verdict(
            Fate.WAITING, 'cancelled in the shop ("Annulé")'
        )

    def test_then_an_illegible_one_is_rejected_with_file_line_and_column(self) -> None:
        order = reading(status="En attente", payment="Bon cadeau", quantity="deux")
        assert verdict(order, **EVERY_RULE) == Verdict(
            Fate.REJECTED, 'commandes.csv:2: quantity: "deux" is no number'
        )

    def test_then_one_without_a_date_is_rejected_where_the_date_decides(self) -> None:
        order = reading(date="", payment="Bon cadeau")
        assert verdict(order, **EVERY_RULE).fate == Fate.REJECTED
        assert verdict(order).fate == Fate.WITHHELD

    def test_then_one_paid_with_a_gift_card_is_withheld(self) -> None:
        order = reading(status="En attente", payment="Bon cadeau")
        assert verdict(order, **EVERY_RULE) == Verdict(
            Fate.WITHHELD, "paid with a gift card (payment Bon cadeau)"
        )

    def test_then_one_whose_status_is_not_to_be_sent_waits(self) -> None:
        assert verdict(reading(status="En attente"), **EVERY_RULE) == Verdict(
            Fate.WAITING, 'status "En attente" is not to be sent yet'
        )

    def test_and_all_others_are_sent(self) -> None:
        assert verdict(reading(status=" PAYE "), **EVERY_RULE) == Verdict(Fate.SEND)


class TestAnOrderAtTheVeryStart:
    def test_is_ours(self) -> None:
        assert verdict(reading(date="2026-11-22"), start_from=START).fate == Fate.SEND


class TestAnOrderThatAPersonWantsSentAgain:
    @pytest.mark.parametrize(
        "order",
        [
            reading(date="2026-11-21"),
            reading(date=""),
            reading(status="Annulé"),
            reading(status="En attente"),
            reading(payment="Bon cadeau"),
            reading(voucher="GC-1"),
        ],
    )
    def test_is_sent_whatever_its_date_status_or_payment(self, order: Reading) -> None:
        assert verdict(order, resend=True, **EVERY_RULE) == Verdict(Fate.SEND)

    def test_is_rejected_all_the_same_where_it_is_illegible(self) -> None:
        assert verdict(reading(quantity="deux"), resend=True, **EVERY_RULE).fate == Fate.REJECTED


class TestAGiftCard:
    @pytest.mark.parametrize(
        "payment",
        [
            *("Bon cadeau", "BON  CADEAU", "Carte bancaire, Bon cadeau"),
            *("Cheque Cadeau n° 12", "Paid by Gift Card"),
        ],
    )
    def test_is_any_part_of_the_payment_field(self, payment: str) -> None:
        assert verdict(reading(payment=payment)).fate == Fate.WITHHELD

    @pytest.mark.parametrize("payment", ["", "Carte bancaire", "Cadeau", "Bon d'achat"])
    def test_is_no_other_payment(self, payment: str) -> None:
        assert verdict(reading(payment=payment)).fate == Fate.SEND

    @pytest.mark.parametrize(
        ("voucher", "fate"),
        [
            ("GC-100", Fate.WITHHELD),
            ("gc-100", Fate.WITHHELD),
            ("NOEL5,GC-100", Fate.WITHHELD),
            ("NOEL5 , GC-100 , X", Fate.WITHHELD),
            ("MAGC-100", Fate.SEND),
            ("GC100", Fate.SEND),
            ("", Fate.SEND),
        ],
    )
    def test_is_a_voucher_that_fits_a_pattern(self, voucher: str, fate: Fate) -> None:
        order = reading(payment="Commande gratuite", voucher=voucher)
        assert verdict(order, withhold={"vouchers": ["GC-*"]}).fate == fate

    def test_is_told_with_its_voucher(self) -> None:
        order = reading(voucher="NOEL5, GC-100")
        reason = verdict(order, withhold={"vouchers": ["GC-*"]}).reason
        assert reason == "paid with a gift card (voucher GC-100)"

    def test_is_nothing_where_the_config_names_none(self) -> None:
        order = reading(payment="Bon cadeau", voucher="GC-1")
        nothing = {"payments": ["", " "], "vouchers": []}
        assert verdict(order, withhold=nothing).fate == Fate.SEND


class TestACancelledStatus:
    @pytest.mark.parametrize("status", ["Annulé", "annule", " ANNULÉ ", "Refunded", "Voided"])
    def test_compares_without_case_accents_and_space(self, status: str) -> None:
        assert is_cancelled(reading(status=status), orders_settings())

    @pytest.mark.parametrize("status", ["", "Payé", "Annulé par le client"])
    def test_is_the_whole_status(self, status: str) -> None:
        assert not is_cancelled(reading(status=status), orders_settings())


class TestAnIdIsUsedAgain:
    @pytest.mark.parametrize(
        ("before", "now", "is_so"),
        [
            ("2026-11-22 10:00:00", "2026-11-22 10:00:00", False),
            ("2026-11-22 10:00:00", "22/11/2026 10:00", False),
            ("2025-11-22 10:00:00", "2026-11-22 10:00:00", True),
            ("2026-11-22 10:00:00", "2025-11-22 10:00:00", True),
            ("", "2026-11-22 10:00:00", False),
            ("2026-11-22 10:00:00", "", False),
        ],
    )
    def test_where_both_orders_have_a_date_and_these_differ(
        self, before: str, now: str, is_so: bool
    ) -> None:
        date = reading(date=before).date
        moment = datetime.now().astimezone()
        known = KnownOrder(
            *("web", "1001", "", date, State.SENT, "", "", False, False, moment, moment)
        )
        assert is_id_used_again(reading(date=now), known) == is_so


class TestEveryVerdict:
    def test_but_send_is_a_state_of_the_ledger(self) -> None:
        assert {fate.value for fate in Fate} - {"send"} <= {state.value for state in State}

    @few
    @given(
        st.sampled_from(["", "2026-11-21", "2026-11-23"]),
        st.sampled_from(["", "Annulé", "En attente", "Payé"]),
        st.sampled_from(["", "CB", "Bon cadeau"]),
        st.sampled_from(["1", "deux"]),
        st.booleans(),
    )
    def test_sends_only_what_reads_whole_and_gives_a_reason_for_the_rest(
        self, date: str, status: str, payment: str, quantity: str, resend: bool
    ) -> None:
        order = reading(date=date, status=status, payment=payment, quantity=quantity)
        found = verdict(order, resend=resend, **EVERY_RULE)
        assert (found.fate == Fate.SEND) == (not found.reason)
        assert found.fate != Fate.SEND or order.order is not None


def test_a_hyphen_in_a_payments_name_hides_no_gift_card() -> None:
    assert verdict(reading(payment="Chèque-cadeau, CB")).fate == Fate.WITHHELD
