"""The ledger takes the steps that the tables allow, and no others."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from passerelle.base.errors import UsageError
from passerelle.config.ledger import Place
from passerelle.ledger.ledger import Ledger, open_ledger
from passerelle.ledger.outbox import Promise
from passerelle.model.location import Location
from passerelle.model.orders import Gist
from passerelle.model.records import Mark
from passerelle.model.states import STAGES, TRANSITIONS, Kind, Stage, State

NOW = datetime(2026, 11, 22, 10, 27, tzinfo=UTC)
PLACE = Location("ftp", "import/a.xml")
FRESH = sorted(TRANSITIONS[None])


@pytest.fixture
def ledger(ledger_place: Place) -> Iterator[Ledger]:
    found = open_ledger(ledger_place)
    yield found
    found.close()


def mark(id: str, state: State) -> Mark:
    return Mark(Gist(id, "", NOW, "Payé", (), "", None), state, state)


def xml(place: Location = PLACE) -> Promise:
    return Promise(Kind.ORDERS, place, "0" * 64, 1, place.name)


@pytest.mark.parametrize("before", FRESH)
def test_an_order_takes_a_step_of_the_table_or_stays(ledger: Ledger, before: State) -> None:
    for after in State:
        ledger.orders.mark("web", [mark(after, before)], NOW)
        may = after == before or after in TRANSITIONS[before]
        try:
            ledger.orders.mark("web", [mark(after, after)], NOW)
        except UsageError:
            assert not may, after
        else:
            assert may, after
        assert ledger.orders.known("web", [after])[after].state == (after if may else before)


def test_one_order_that_may_not_take_its_step_keeps_all_others_from_theirs(ledger: Ledger) -> None:
    ledger.orders.mark("web", [mark("1", State.SKIPPED), mark("2", State.WAITING)], NOW)
    with pytest.raises(UsageError, match='order 1 is "skipped" and cannot become "withheld"'):
        ledger.orders.mark("web", [mark("2", State.WITHHELD), mark("1", State.WITHHELD)], NOW)
    assert ledger.orders.known("web", ["2"])["2"].state == State.WAITING


def test_a_name_that_was_promised_once_is_used_for_ever(ledger: Ledger) -> None:
    assert not ledger.dispatches.is_used(PLACE)
    dispatch = ledger.dispatches.prepare_orders(xml(), NOW, "web", [mark("1", State.PREPARED)])
    assert ledger.dispatches.is_used(PLACE)
    assert not ledger.dispatches.is_used(PLACE.with_name("b.xml"))
    ledger.dispatches.end(dispatch, Stage.ABANDONED, NOW)
    assert ledger.dispatches.is_used(PLACE)


@pytest.mark.parametrize("before", [Stage.TAKEN, Stage.ABANDONED])
@pytest.mark.parametrize("after", sorted(stage for stage in Stage if stage != Stage.PREPARED))
def test_a_file_that_is_done_with_takes_no_step_any_more(
    ledger: Ledger, before: Stage, after: Stage
) -> None:
    assert not STAGES[before]
    dispatch = ledger.dispatches.prepare_orders(xml(), NOW, "web", ())
    dispatch = ledger.dispatches.end(dispatch, before, NOW)
    with pytest.raises(AssertionError, match=f"{before} -> {after}"):
        ledger.dispatches.end(dispatch, after, NOW)
