"""The plan of a run of orders: every order of the file has its place in it, and is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passerelle.csv_to_xml.order_csv import OrderFile, read_orders
from passerelle.model.location import Location
from passerelle.model.records import KnownOrder
from passerelle.model.states import DONE, TRANSITIONS, State
from passerelle.runs.orders_plan import OrdersPlan, decide, describe, hold_back, reject, summarise
from tests.unit import known_order, many, orders_settings

SETTINGS = orders_settings(send_statuses=["Payé"])
PLACE = Location("ftp", "import/commandes.xml")

ROWS = {
    State.PREPARED: "{id};Payé;CB;370;1",
    State.WAITING: "{id};En attente;CB;370;1",
    State.WITHHELD: "{id};Payé;Bon cadeau;370;1",
    State.REJECTED: "{id};Payé;CB;370;deux",
}


def file_of(*rows: str) -> OrderFile:
    header = "id_order;status;payment;ean13;quantity;unit_price"
    text = "\n".join([header, *(f"{row};10" for row in rows), ""])
    return read_orders(text.encode(), SETTINGS, "commandes.csv")


def known(id: str, state: State, **changes: Any) -> KnownOrder:
    return known_order(state, id=id, **changes)


def plan_of(file: OrderFile, *orders: KnownOrder) -> OrdersPlan:
    known_ones = {order.id: order for order in orders}
    return decide(file, known_ones, SETTINGS, "commandes.csv")


def states(plan: OrdersPlan) -> dict[str, State]:
    return {mark.reading.id: mark.state for mark in plan.marks}


class TestThePlan:
    @many
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([*ROWS]), st.none() | st.sampled_from([*State]), st.booleans()
            ),
            max_size=8,
        )
    )
    def test_has_a_place_for_every_order_and_takes_allowed_steps_only(
        self, orders: list[tuple[State, State | None, bool]]
    ) -> None:
        file = file_of(*(ROWS[row].format(id=n) for n, (row, _, _) in enumerate(orders)))
        ledger = {
            str(n): known(str(n), state, resend=resend and state == State.WAITING)
            for n, (_, state, resend) in enumerate(orders)
            if state
        }
        plan = plan_of(file, *ledger.values())
        assert (plan.total, plan.done + len(plan.marks)) == (len(orders), len(orders))
        for id, state in states(plan).items():
            before = ledger[id].state if id in ledger else None
            assert before not in DONE
            assert state in TRANSITIONS[before]

    @pytest.mark.parametrize("state", [*ROWS])
    def test_gives_a_new_order_the_state_that_its_verdict_says(self, state: State) -> None:
        assert states(plan_of(file_of(ROWS[state].format(id=1)))) == {"1": state}

    def test_sends_what_a_person_wants_sent_again(self) -> None:
        again = known("1", State.WAITING, resend=True)
        plan = plan_of(file_of(ROWS[State.WITHHELD].format(id=1)), again)
        assert states(plan) == {"1": State.PREPARED}

    def test_waits_where_the_run_is_held(self) -> None:
        file = file_of(ROWS[State.PREPARED].format(id=1), ROWS[State.WITHHELD].format(id=2))
        plan = hold_back(plan_of(file), "held: why")
        assert states(plan) == {"1": State.WAITING, "2": State.WITHHELD}
        assert "waiting: order 1: held: why" in "\n".join(describe(plan))

    def test_rejects_what_the_schema_rejects_and_nothing_else(self) -> None:
        plan = plan_of(file_of(*(ROWS[s].format(id=n) for n, s in enumerate(ROWS))))
        plan = reject(plan, {"0": "no", "1": "no"})
        after = [*states(plan).values()]
        assert after == [State.REJECTED, State.WAITING, State.WITHHELD, State.REJECTED]
        assert [mark.reason for mark in plan.marks][:1] == ["order 0: no"]


class TestAnOrderThatChangedAfterItWasSent:
    def note(self, row: str, before: KnownOrder) -> list[str]:
        plan = plan_of(file_of(row), before)
        assert plan.marks == ()
        return [change.note for change in plan.changed]

    @pytest.mark.parametrize("state", [State.SENT, State.TAKEN])
    def test_is_told_and_not_sent_again(self, state: State) -> None:
        (note,) = self.note("1;Payé;CB;370;2", known("1", state, fingerprint="other"))
        assert "changed in the shop after it was sent" in note

    def test_is_not_told_where_only_its_status_changed(self) -> None:
        (reading,) = file_of("1;Payé;CB;370;2").readings
        assert reading.order is not None
        before = known("1", State.TAKEN, fingerprint=reading.order.fingerprint())
        assert self.note("1;Expédié;CB;370;2", before) == []

    def test_is_told_once_where_it_was_cancelled(self) -> None:
        before = known("1", State.TAKEN, fingerprint="other")
        (note,) = self.note("1;Annulé;CB;370;2", before)
        assert note.startswith('cancelled in the shop ("Annulé") after it was sent')
        (reading,) = file_of("1;Annulé;CB;370;2").readings
        assert reading.order is not None
        told = replace(before, cancelled=True, fingerprint=reading.order.fingerprint())
        assert self.note("1;Annulé;CB;370;2", told) == []

    def test_is_told_where_it_was_cancelled_and_is_no_longer(self) -> None:
        before = replace(known("1", State.TAKEN), cancelled=True)
        (note,) = self.note("1;Payé;CB;370;2", before)
        assert note.startswith('no longer cancelled in the shop ("Payé")')

    @pytest.mark.parametrize("state", [State.PREPARED, State.SKIPPED, State.SETTLED])
    def test_is_no_news_where_it_was_not_sent_by_us(self, state: State) -> None:
        assert self.note("1;Payé;CB;370;2", known("1", state, fingerprint="other")) == []


class TestWhatIsTold:
    def test_names_the_orders_that_left_the_file_before_they_could_be_sent(self) -> None:
        plan = replace(plan_of(file_of()), missing=(known("7", State.REJECTED),))
        (told,) = (line for line in describe(plan) if "7" in line)
        assert told.startswith("! ")

    def test_counts_the_old_news_instead_of_repeating_it(self) -> None:
        file = file_of(*(ROWS[State.WITHHELD].format(id=n) for n in range(30)))
        first = plan_of(file)
        ledger = {m.reading.id: replace(known(m.reading.id, m.state), reason=m.reason)
                  for m in first.marks}  # fmt: skip
        told = list(describe(plan_of(file, *ledger.values())))
        assert len(told) == 3
        assert told[1].startswith("still withheld, to be entered at the till: 0, 1, 2")
        assert told[1].endswith(" and 10 more")

    def test_sums_up_with_the_first_fault_and_the_number_of_the_others(self) -> None:
        file = file_of(*(ROWS[State.REJECTED].format(id=n) for n in range(3)))
        summary, error = summarise(plan_of(file), 0, 0)
        assert summary == "0 orders sent, 3 rejected"
        assert error is not None
        assert error.exit_code == 5
        assert "(and 2 more, listed above)" in str(error)


class TestNothingGivesItTheLie:
    """What a line says stays true beside the next line, and in the next run."""

    @pytest.mark.parametrize(("sent", "told"), [(0, False), (2, True)])
    def test_others_went_through_only_where_some_did(self, sent: int, told: bool) -> None:
        plan = plan_of(file_of(ROWS[State.REJECTED].format(id=1)))
        summary, error = summarise(plan, sent, 0)
        assert error and ("the other orders went through" in str(error)) == told
        assert summary.startswith(f"{sent} orders sent")

    def test_a_cancelled_order_waits_for_nothing(self) -> None:
        rows = (ROWS[State.WAITING].format(id=1), "2;Annulé;CB;370;1")
        first = plan_of(file_of(*rows))
        assert 'not to be sent: order 2: cancelled in the shop ("Annulé")' in [*describe(first)]
        assert summarise(first, 0, 0)[0] == "0 orders sent, 1 waiting, 1 cancelled"
        reasons = {mark.reading.id: mark.reason for mark in first.marks}
        again = plan_of(
            file_of(*rows),
            known("1", State.WAITING, reason=reasons["1"]),
            known("2", State.WAITING, reason=reasons["2"], cancelled=True),
        )
        told = [*describe(again)]
        assert "still waiting: 1" in told
        assert not any("2" in line.partition(":")[2] for line in told if "waiting" in line)
        assert not any("order 2" in line for line in told), "once is enough"
