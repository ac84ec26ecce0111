"""The state machine is worth something: it finds faults that were planted on purpose."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from passerelle.base.errors import PasserelleError
from passerelle.exchange.dispatch import Dispatcher
from passerelle.model.records import Dispatch
from passerelle.model.states import DONE, State
from passerelle.rules.missed_sales import ErpFile
from tests import scale
from tests.e2e.test_machine import HalfHours
from tests.fire.conftest import Note

_EXAMPLES = 300

real_includes = ErpFile.includes


def _send_twice(self: Dispatcher, dispatch: Dispatch) -> Dispatch:
    remote, place = self._remote(dispatch.place.server), dispatch.place
    data = self._exports.read(dispatch.archived, dispatch.sha256) or b""
    remote.store(place.path, data)
    return self._sent(dispatch)


def _no_recovery(self: Dispatcher) -> None:
    self.note_taken()


# What is replaced, by what, and what a shop would suffer.
FAULTS: dict[str, tuple[str, Any]] = {
    "a sent order counts as included": (
        "passerelle.rules.missed_sales.ErpFile.includes",
        lambda self, order: order.state == State.SENT or real_includes(self, order),
    ),
    "a taken order counts as included at once": (
        "passerelle.rules.missed_sales.ErpFile.includes",
        lambda self, order: order.state == State.TAKEN or real_includes(self, order),
    ),
    "a withheld order counts as included": (
        "passerelle.rules.missed_sales.ErpFile.includes",
        lambda self, order: order.state == State.WITHHELD or real_includes(self, order),
    ),
    "sales that left the shop's file are forgotten": (
        "passerelle.ledger.orders.OrderBook.unseen_by_erp",
        lambda self, written, taken_after: [],
    ),
    "a rename that was done is done again from the archive": (
        "passerelle.exchange.dispatch.Dispatcher._rename",
        _send_twice,
    ),
    "nothing is recovered": ("passerelle.exchange.dispatch.Dispatcher.recover", _no_recovery),
    "an XML that was prepared but not archived is abandoned": (
        "passerelle.archive.folders.Exports.confirm",
        lambda self, name: None,
    ),
    "settled orders are sent": (
        "passerelle.runs.orders_plan.DONE",
        DONE - {State.SETTLED},
    ),
    "taken orders are sent again": ("passerelle.runs.orders_plan.DONE", DONE - {State.TAKEN}),
    "a stale file is published": (
        "passerelle.runs.stock.check_age",
        lambda age, guards, file: None,
    ),
    "an older file stays when a run is held": (
        "passerelle.runs.stock.withdraw",
        lambda gateway, settings: None,
    ),
    "a file of which most lines are gone is published": (
        "passerelle.runs.stock.check_drop",
        lambda in_stock, before, guards, file: None,
    ),
    "a cut order file is read": (
        "passerelle.csv_to_xml.rows._check_whole",
        lambda text, settings, file: None,
    ),
}


@scale.only("long")
@pytest.mark.parametrize("fault", FAULTS)
def test_the_state_machine_finds(fault: str, note: Note) -> None:
    with planted(fault), pytest.raises((AssertionError, PasserelleError)) as found:
        run_state_machine_as_test(
            HalfHours,
            settings=settings(
                max_examples=_EXAMPLES,
                stateful_step_count=15,
                deadline=None,
                database=None,
                derandomize=True,
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )
    note(f"planted: {fault}: found ({found.type.__name__})")


@contextmanager
def planted(fault: str) -> Iterator[None]:
    """The product with that fault."""
    target, replacement = FAULTS[fault]
    with mock.patch(target, replacement):
        yield
