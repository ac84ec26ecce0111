"""The table of an order's states: what may follow what."""

import pytest

from passerelle.model.states import DONE, TRANSITIONS, State
from passerelle.rules.fate import Fate

RESTS = [State.SENT, State.TAKEN, State.SKIPPED, State.SETTLED]


def before(state: State) -> set[State | None]:
    return {earlier for earlier, later in TRANSITIONS.items() if state in later}


def reachable(start: State | None, *, without: State) -> set[State]:
    found: set[State] = set()
    waiting = [start]
    while waiting:
        for state in TRANSITIONS[waiting.pop()] - found - {without}:
            found.add(state)
            waiting.append(state)
    return found


class TestEveryState:
    @pytest.mark.parametrize("state", list(State))
    def test_is_in_the_table_and_can_be_reached(self, state: State) -> None:
        assert state in TRANSITIONS
        assert before(state)

    @pytest.mark.parametrize("state", [None, *State])
    def test_leads_to_the_erp_in_the_end_or_to_a_persons_hand(self, state: State | None) -> None:
        onward = reachable(state, without=State.SKIPPED) | {state}
        assert {State.TAKEN, State.SETTLED} <= onward


class TestAnOrder:
    def test_is_taken_only_after_it_was_sent_and_sent_only_after_the_ledger_promised_it(
        self,
    ) -> None:
        assert (before(State.SENT), before(State.TAKEN)) == ({State.PREPARED}, {State.SENT})

    @pytest.mark.parametrize("state", RESTS)
    def test_that_is_done_is_promised_again_only_after_a_person_asked_for_it(
        self, state: State
    ) -> None:
        # From "sent" it leads there too, where its server was replaced: in doubt, not promised.
        after = reachable(state, without=State.WAITING)
        assert state == State.SENT or State.PREPARED not in after

    def test_that_was_sent_or_is_on_its_way_takes_no_step_behind_the_erps_back(self) -> None:
        for state in (State.SENT, State.TAKEN):
            assert not TRANSITIONS[state] & {State.SETTLED, State.WITHHELD, State.SKIPPED}
        assert not TRANSITIONS[State.PREPARED] & {State.REJECTED, State.SKIPPED, State.WITHHELD}

    @pytest.mark.parametrize("state", [State.WAITING, State.WITHHELD, State.REJECTED])
    def test_that_is_not_sent_can_stay_so_or_be_entered_by_hand(self, state: State) -> None:
        assert {state, State.SETTLED} <= TRANSITIONS[state]

    def test_that_is_new_becomes_what_its_verdict_says(self) -> None:
        verdicts = {State(fate) for fate in Fate if fate != Fate.SEND} | {State.PREPARED}
        assert TRANSITIONS[None] == verdicts

    def test_that_the_run_leaves_alone_is_one_that_the_erp_or_a_person_has(self) -> None:
        assert set(State) - DONE == {State.WAITING, State.WITHHELD, State.REJECTED}
