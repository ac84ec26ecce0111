"""Which sales the ERP's stock file does not include yet."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passerelle.csv_to_xml.order_csv import read_orders
from passerelle.model.orders import Missed, Reading, Sold
from passerelle.model.records import KnownOrder, KnownSale
from passerelle.model.states import SaleState, Stage, State
from passerelle.rules.erp_file import ErpFile, trusted_time
from passerelle.rules.missed_sales import (
    Standing,
    all_sold,
    find_missed,
    standing,
)
from tests.unit import known_order, many, orders_settings

WRITTEN = datetime(2026, 11, 22, 10, 40, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ERP = ErpFile("ftp", WRITTEN, now=WRITTEN + 9 * MINUTE, certainty=25 * MINUTE)
ERP_WITHOUT_TIMES = replace(ERP, modified=None)


def known(state: State, *, id: str = "1001", server: str = "ftp", **more: Any) -> KnownOrder:
    return known_order(state, id=id, server=server, **more)


def readings(*rows: str) -> tuple[Reading, ...]:
    header = "id_order;status;payment;ean13;quantity;unit_price"
    text = "\n".join([header, *(f"{row};10" for row in rows), ""])
    return read_orders(text.encode(), orders_settings(), "commandes.csv").readings


def missed(
    rows: Sequence[Reading],
    *orders: KnownOrder,
    elsewhere: Mapping[KnownOrder, tuple[Sold, ...]] | None = None,
    erp: ErpFile = ERP,
    withheld: bool = True,
    **settings: Any,
) -> dict[str, Missed]:
    return find_missed(
        rows,
        {order.id: order for order in orders},
        elsewhere or {},
        erp,
        orders_settings(**settings),
        withheld_is_missed=withheld,
    )


TAKEN_IN_TIME = known(State.TAKEN, published=WRITTEN - MINUTE, taken=WRITTEN)


class TestTheErpsFileIncludes:
    @pytest.mark.parametrize("state", list(State))
    def test_what_was_entered_or_taken_and_published_before_it_was_written(
        self, state: State
    ) -> None:
        published = known(state, published=WRITTEN - MINUTE, taken=WRITTEN)
        assert ERP.includes(published) == (state in (State.SKIPPED, State.SETTLED, State.TAKEN))

    @pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), 10 * MINUTE])
    def test_nothing_published_since(self, late: timedelta) -> None:
        assert not ERP.includes(known(State.TAKEN, published=WRITTEN + late, taken=WRITTEN))

    def test_what_was_taken_long_ago_where_times_are_not_told(self) -> None:
        moment = ERP.now - 25 * MINUTE
        old = known(State.TAKEN, taken=moment - MINUTE)
        assert ERP_WITHOUT_TIMES.includes(old)
        assert ERP.includes(old)
        assert not ERP_WITHOUT_TIMES.includes(known(State.TAKEN, taken=moment))
        assert not ERP_WITHOUT_TIMES.includes(known(State.TAKEN))

    def test_what_another_server_got_before_by_the_true_time(self) -> None:
        erp = replace(ERP, offsets={"ftp": 60 * MINUTE, "other": -30 * MINUTE})
        same_moment = WRITTEN - 90 * MINUTE
        before = known(State.TAKEN, server="other", published=same_moment - MINUTE)
        after = known(State.TAKEN, server="other", published=same_moment + MINUTE)
        assert (erp.includes(before), erp.includes(after)) == (True, False)

    def test_what_its_own_server_got_before_whatever_that_clock_shows(self) -> None:
        erp = replace(ERP, offsets={"ftp": timedelta(days=-400)})
        assert erp.includes(TAKEN_IN_TIME)


class TestTheErpsFileIncludesASaleOfItsOwn:
    @pytest.mark.parametrize("state", list(SaleState))
    @pytest.mark.parametrize("in_time", [True, False])
    def test_only_once_it_is_done_and_its_xml_was_there_in_time(
        self, state: SaleState, in_time: bool
    ) -> None:
        published = WRITTEN - MINUTE if in_time else WRITTEN
        one = KnownSale(
            "web", "1001", WRITTEN, state, dispatch=7, server="ftp", published=published
        )
        assert ERP.includes_sale(one) == (state == SaleState.DONE and in_time)

    def test_at_once_where_a_person_entered_it(self) -> None:
        assert ERP.includes_sale(KnownSale("web", "1001", WRITTEN, SaleState.DONE))

    @pytest.mark.parametrize(("sale", "is_missed"), [("wanted", True), ("done", False)])
    def test_whatever_the_file_says_of_its_order(self, sale: str, is_missed: bool) -> None:
        text = "id_order;date;ean13;quantity;unit_price\n1001;2026-11-22;370;2;10\n"
        rows = read_orders(text.encode(), orders_settings(), "commandes.csv").readings[:]
        date = rows[0].date
        assert date is not None
        one = KnownSale("web", "1001", date, SaleState(sale))
        for order in (replace(TAKEN_IN_TIME, date=date), replace(known(State.SENT), date=date)):
            for there, left in ((rows, {}), ((), {order: (Sold("370", 2),)})):
                found = find_missed(
                    *(there, {"1001": order}, left, ERP, orders_settings()),
                    withheld_is_missed=True,
                    sales={("web", "1001", date): one},
                )
                assert bool(found) == is_missed


class TestASaleIsMissed:
    def test_when_the_ledger_has_not_met_its_order(self) -> None:
        assert missed(readings("1001;Payé;CB;0370;2")) == {"370": Missed(2, ("1001",))}

    @pytest.mark.parametrize(
        "order", [*(known(state) for state in State), TAKEN_IN_TIME], ids=lambda o: o.state.value
    )
    def test_unless_the_erps_file_includes_it_or_it_is_cancelled(self, order: KnownOrder) -> None:
        found = missed(readings("1001;Payé;CB;370;2"), order)
        assert bool(found) == (not ERP.includes(order))
        assert missed(readings("1001;Annulé;CB;370;2"), order) == {}
        assert missed(readings("1001;Annulé;CB;370;2")) == {}

    def test_when_its_order_waits_is_withheld_or_rejected(self) -> None:
        rows = readings("1;En attente;CB;11;1", "2;Payé;Bon cadeau;22;1", "3;Payé;CB;33;deux")
        assert missed(rows, send_statuses=["Payé"]) == {
            "11": Missed(1, ("1",)),
            "22": Missed(1, ("2",)),
            "33": Missed(None, ("3",)),
        }

    def test_unless_it_is_withheld_and_the_config_leaves_those_to_the_till(self) -> None:
        rows = readings("1;Payé;Bon cadeau;11;1", "2;Payé;Bon cadeau;22;1", "3;Payé;CB;33;1")
        found = missed(rows, known(State.WITHHELD, id="2"), withheld=False)
        assert set(found) == {"33"}

    def test_unless_its_order_is_older_than_start_from(self) -> None:
        text = "id_order;date;ean13;quantity;unit_price\n1;2026-11-21;11;1;2\n2;2026-11-22;22;1;2\n"
        settings: dict[str, Any] = {"start_from": datetime(2026, 11, 22)}  # noqa: DTZ001 - as TOML gives it
        rows = read_orders(text.encode(), orders_settings(**settings), "commandes.csv").readings
        assert set(missed(rows, **settings)) == {"22"}

    def test_when_its_order_is_to_be_sent_again_though_it_was_withheld(self) -> None:
        rows = readings("1;Payé;Bon cadeau;11;1")
        again = known(State.WAITING, id="1", resend=True)
        assert set(missed(rows, again, withheld=False)) == {"11"}

    @pytest.mark.parametrize(
        ("state", "withheld", "counts"),
        [
            (State.SENT, True, True),
            (State.SENT, False, True),
            (State.WITHHELD, True, True),
            (State.WITHHELD, False, False),
            (State.SETTLED, True, False),
        ],
    )
    def test_though_its_order_has_left_the_file(
        self, state: State, withheld: bool, counts: bool
    ) -> None:
        elsewhere = {known(state): (Sold("0370", 2),)}
        assert bool(missed((), elsewhere=elsewhere, withheld=withheld)) == counts

    def test_unless_that_order_was_cancelled_before_it_left(self) -> None:
        elsewhere = {replace(known(State.SENT), cancelled=True): (Sold("0370", 2),)}
        assert missed((), elsewhere=elsewhere) == {}


def sale(state: SaleState, *, published: datetime | None = None) -> KnownSale:
    taken = published and WRITTEN
    return KnownSale("web", "1001", WRITTEN, state, dispatch=7 if published else None,
                     server="ftp", published=published, taken=taken)  # fmt: skip


class TestAStanding:
    @pytest.mark.parametrize(
        ("order", "withheld", "expected"),
        [
            (known(State.WAITING), True, Standing.IN_SHOPS_FILE),
            (known(State.REJECTED), True, Standing.IN_SHOPS_FILE),
            (known(State.WAITING, resend=True), True, Standing.UNSENT),
            (known(State.WITHHELD), True, Standing.WITHHELD),
            (known(State.WITHHELD), False, Standing.LEFT_TO_TILL),
            (known(State.PREPARED), True, Standing.ON_ITS_WAY),
            (replace(known(State.PREPARED), stage=Stage.DOUBTFUL), True, Standing.DOUBTFUL),
            (known(State.SENT), True, Standing.ON_ITS_WAY),
            (known(State.TAKEN, published=WRITTEN, taken=WRITTEN), True, Standing.TAKEN_SINCE),
            (TAKEN_IN_TIME, True, Standing.INCLUDED),
            (known(State.SKIPPED), True, Standing.SKIPPED),
            (known(State.SETTLED), True, Standing.SETTLED),
            (replace(known(State.SENT), cancelled=True), True, Standing.CANCELLED),
        ],
    )
    def test_says_why_an_order_is_missed_or_not(
        self, order: KnownOrder, withheld: bool, expected: Standing
    ) -> None:
        assert standing(order, None, ERP, withheld_is_missed=withheld) == expected

    @pytest.mark.parametrize(
        ("state", "of_sale", "expected"),
        [
            (State.TAKEN, sale(SaleState.WANTED), Standing.LACKS_SALE),
            (State.SENT, sale(SaleState.SENT, published=WRITTEN), Standing.LACKS_SALE),
            (State.TAKEN, sale(SaleState.DONE, published=WRITTEN), Standing.SALE_TAKEN_SINCE),
            (State.TAKEN, sale(SaleState.DONE, published=WRITTEN - MINUTE), Standing.INCLUDED),
            (State.SENT, sale(SaleState.DONE), Standing.INCLUDED),
            (State.PREPARED, sale(SaleState.WANTED), Standing.ON_ITS_WAY),
            (State.WAITING, sale(SaleState.WANTED), Standing.LACKS_SALE),
            (State.SETTLED, sale(SaleState.WANTED), Standing.LACKS_SALE),
            (State.WITHHELD, sale(SaleState.WANTED), Standing.LACKS_SALE),
        ],
    )
    def test_is_that_of_the_sale_where_one_is_issued_for_the_order(
        self, state: State, of_sale: KnownSale, expected: Standing
    ) -> None:
        assert standing(known(state), of_sale, ERP, withheld_is_missed=False) == expected

    def test_holds_back_unless_the_order_is_done_with_or_only_the_file_tells(self) -> None:
        let_go = {one.name for one in Standing if one.is_missed is False}
        assert let_go == {"CANCELLED", "SKIPPED", "SETTLED", "INCLUDED", "LEFT_TO_TILL"}
        assert [one for one in Standing if one.is_missed is None] == [Standing.IN_SHOPS_FILE]


@pytest.mark.parametrize(
    ("ahead", "offset", "is_known"),
    [(0, 0, True), (5, 0, True), (6, 0, False), (65, 60, True), (66, 60, False), (99, None, True)],
)
def test_a_time_in_the_future_tells_nothing_where_the_clock_is_known(
    ahead: int, offset: int | None, is_known: bool
) -> None:
    modified = WRITTEN + timedelta(seconds=ahead)
    by = None if offset is None else timedelta(seconds=offset)
    assert trusted_time(modified, WRITTEN, by) == (modified if is_known else None)


class TestWhatWasMissedOfAnItem:
    def test_is_the_sum_over_all_orders_whatever_zeros_its_number_has(self) -> None:
        rows = readings("1;Payé;CB;0370;2", "2;Payé;CB;370;3", "1;Payé;CB;'370;1")
        elsewhere = {known(State.SENT, id="9"): (Sold("00370", 4),)}
        assert missed(rows, elsewhere=elsewhere) == {"370": Missed(10, ("1", "2", "9"))}

    def test_is_unknown_once_one_order_does_not_say_it(self) -> None:
        rows = readings("1;Payé;CB;370;2", "2;Payé;CB;370;deux", "3;Payé;CB;370;1")
        assert missed(rows) == {"370": Missed(None, ("1", "2", "3"))}

    def test_leaves_lines_without_an_item_out(self) -> None:
        assert missed((), elsewhere={known(State.SENT): (Sold("", 1), Sold("000", 1))}) == {}

    @many
    @given(
        st.lists(
            st.tuples(
                st.none() | st.sampled_from([*State]),
                st.booleans(),
                st.booleans(),
                st.sampled_from(["11", "22"]),
                st.integers(1, 5),
            ),
            max_size=8,
        )
    )
    def test_is_what_orders_sold_that_are_neither_cancelled_nor_included(
        self, orders: list[tuple[State | None, bool, bool, str, int]]
    ) -> None:
        rows, ledger, expected = [], [], {"11": 0, "22": 0}
        for number, (state, cancelled, in_time, ean, quantity) in enumerate(orders):
            rows.append(f"{number};{'Annulé' if cancelled else 'Payé'};CB;{ean};{quantity}")
            minutes = -MINUTE if in_time else MINUTE
            if state:
                ledger.append(known(state, id=str(number), published=WRITTEN + minutes))
            included = state in (State.SKIPPED, State.SETTLED) or (state == State.TAKEN and in_time)
            if not cancelled and not included:
                expected[ean] += quantity
        found = {key: sale.quantity for key, sale in missed(readings(*rows), *ledger).items()}
        assert found == {key: quantity for key, quantity in expected.items() if quantity}


class TestEverySale:
    def test_of_a_file_counts_but_those_of_cancelled_orders(self) -> None:
        rows = readings(
            *("1;Payé;CB;11;1", "2;Annulé;CB;22;1", "3;En attente;CB;33;1"),
            *("4;Payé;Bon cadeau;44;1", "5;Payé;CB;55;deux"),
        )
        assert set(all_sold(rows, orders_settings())) == {"11", "33", "44", "55"}
