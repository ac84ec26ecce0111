"""What becomes of each order that the file holds: the first rule that applies."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.model.orders import Reading
from passerelle.model.states import State
from passerelle.rules.fate import (
    Fate,
    Verdict,
    is_cancelled,
    is_id_used_again,
    is_unknown_status,
    judge,
    without_statuses,
)
from tests.unit import few, known_order, orders_settings

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
        f'1001;{date};"{status}";"{payment}";"{voucher}";370;{quantity};10\n'
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


# Each order falls under the rule of its line, and under those below as well.
IN_THIS_ORDER = [
    (
        {"date": "2026-11-21", "status": "Annulé", "payment": "Bon cadeau", "quantity": "deux"},
        Verdict(Fate.SKIPPED, "ordered before start_from (2026-11-22 00:00)"),
    ),
    (
        {"status": "Annulé", "payment": "Bon cadeau", "quantity": "deux"},
        Verdict(Fate.WAITING, 'cancelled in the shop ("Annulé")'),
    ),
    (
        {"status": "En attente", "payment": "Bon cadeau", "quantity": "deux"},
        Verdict(Fate.REJECTED, 'commandes.csv:2: quantity: "deux" is no number'),
    ),
    (
        {"status": "En attente", "payment": "Bon cadeau"},
        Verdict(Fate.WITHHELD, "paid with a gift card (payment Bon cadeau)"),
    ),
    (
        {"status": "En attente"},
        Verdict(Fate.WAITING, 'status "En attente" is not to be sent yet'),
    ),
    ({"status": " PAYE "}, Verdict(Fate.SEND)),
    ({"date": "2026-11-22"}, Verdict(Fate.SEND)),
    ({"date": "2026-11-22 00:00"}, Verdict(Fate.SEND)),
]


class TestTheRules:
    @pytest.mark.parametrize(("order", "expected"), IN_THIS_ORDER)
    def test_come_in_this_order(self, order: dict[str, str], expected: Verdict) -> None:
        assert verdict(reading(**order), **EVERY_RULE) == expected

    def test_reject_what_has_no_date_where_the_date_decides(self) -> None:
        order = reading(date="", payment="Bon cadeau")
        assert verdict(order, **EVERY_RULE).fate == Fate.REJECTED
        assert verdict(order).fate == Fate.WITHHELD


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
        ("text", "is_one"),
        [
            *((text, True) for text in ("Bon cadeau", "BON  CADEAU", "Carte bancaire, Bon cadeau")),
            *((text, True) for text in ("Cheque Cadeau n° 12", "Paid by Gift Card")),
            *((text, True) for text in ("Chèque-cadeau, CB", "ChÃ¨ques cadeaux", "Giftcard")),
            *((text, True) for text in ("gift_cards", "Cartes-cadeaux", "eGift Card (20.00)")),
            *((text, True) for text in ("Geschenk-Gutschein", "Tarjetas regalo", "Buoni regalo")),
            *((text, True) for text in ("Tarjeta de regalo", "VVV Cadeaukaart", "cadeaubonnen")),
            *((text, True) for text in ("Kado kaart", "Cadeau bon", "Carte Kado", "Gift-Up!")),
            *(
                (text, True)
                for text in ("Bon\u2011cadeau", "GIFTCARD50", "PROMO<br />Gift&shy;card")
            ),
            *((text, False) for text in ("", "Carte bancaire", "Cadeau", "Bon d'achat")),
            *((text, False) for text in ("Gutschein", "Carte", "Bonbon cadeauté", "Regalo")),
        ],
    )
    @pytest.mark.parametrize("column", ["payment", "voucher"])
    def test_is_whole_words_of_the_payment_field_or_of_the_voucher(
        self, column: str, text: str, is_one: bool
    ) -> None:
        order = reading(**{column: text})
        assert verdict(order).fate == (Fate.WITHHELD if is_one else Fate.SEND)

    @pytest.mark.parametrize(
        ("voucher", "fate"),
        [
            ("GC-100", Fate.WITHHELD),
            ("gc-100", Fate.WITHHELD),
            ("NOEL5,GC-100", Fate.WITHHELD),
            ("NOEL5 , GC-100 , X", Fate.WITHHELD),
            *((text, Fate.WITHHELD) for text in ("PROMO10;GC-100", "A|GC-1", "A / GC-1", "A GC-1")),
            *((text, Fate.WITHHELD) for text in ("A\r\nGC-1", "code:GC-1", "Carte (GC-1)")),
            *(
                (text, Fate.WITHHELD)
                for text in ("GC\u2011100", "GC\u20131", "GC&#45;1", "GC&ndash;1")
            ),
            *((text, Fate.WITHHELD) for text in ("A+GC-1", "A<br>GC-1", "A&amp;GC-1", "A • GC-1")),
            *((text, Fate.SEND) for text in ("code:NOEL5;MAGC-1", "A|B", "A+MAGC-1")),
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
    @pytest.mark.parametrize(
        ("status", "is_so"),
        [
            *((text, True) for text in ("Annulé", "annule", " ANNULÉ ", "Refunded")),
            *(
                (text, True)
                for text in ("wc-cancelled", "Annul&eacute;", "Rückerstattet", "closed")
            ),
            *((text, False) for text in ("partially_refunded", "Remboursement partiel")),
            ("Payment error", False),
            *((text, False) for text in ("", "Payé", "Annulé par le client")),
        ],
    )
    def test_is_the_whole_status_but_for_case_accents_and_space(
        self, status: str, is_so: bool
    ) -> None:
        assert is_cancelled(reading(status=status), orders_settings()) == is_so


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
        known = known_order(State.SENT, id="1001", date=reading(date=before).date)
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


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        *((text, Fate.SEND) for text in ("Paiement accepté", "PAIEMENT ACCEPTE", "Paid")),
        *((text, Fate.SEND) for text in ("Zahlung eingegangen", "Paiement acceptÃ©")),
        *((text, Fate.WAITING) for text in ("En attente de virement bancaire", "Payment error")),
        *((text, Fate.WAITING) for text in ("Sur mesure", "", "Annulé")),
        *((text, Fate.SEND) for text in ("wc-completed", "In lavorazione", "Voltooid", "complete")),
        *((text, Fate.WAITING) for text in ("wc-on-hold", "pending_payment", "In Wartestellung")),
    ],
)
def test_only_what_is_known_to_be_paid_is_sent(status: str, fate: Fate) -> None:
    assert judge(reading(status=status), orders_settings()).fate == fate


@pytest.mark.parametrize(
    "status",
    [
        *("In behandeling", "In attesa di rifornimento", "partially_refunded", "unfulfilled"),
        *("Remboursement partiel", "Teilweise Erstattung", "Reembolso parcial"),
        *("Rimborso parziale", "Gedeeltelijk terugbetaald", "Partial refund"),
    ],
)
def test_what_may_be_two_things_is_asked_for(status: str) -> None:
    assert is_unknown_status(reading(status=status), orders_settings())
    assert judge(reading(status=status), orders_settings()).fate == Fate.WAITING


def test_an_unknown_payment_is_no_reason_to_wait() -> None:
    assert judge(reading(payment="Pay by smoke signal"), orders_settings()).fate == Fate.SEND


def test_a_file_without_statuses_keeps_no_order_back() -> None:
    settings = without_statuses(orders_settings())
    assert judge(reading(status=""), settings).fate == Fate.SEND
