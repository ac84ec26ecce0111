"""How the ledger keeps the pool."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import asdict

from passerelle.config.ledger import Place
from passerelle.ledger.ledger import Ledger, open_ledger
from passerelle.ledger.outbox import Promise
from passerelle.model.location import Location
from passerelle.model.pool import (
    Bookings,
    Json,
    LineMark,
    Move,
    PoolItem,
    ShopRead,
    ShopState,
    Suspect,
)
from passerelle.model.states import Kind, Stage
from passerelle.rules.pool.terms import View

PLACE = Location("ftp", "stock.csv")
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SHOWN = {"levels": {"1": -1, "botte é": 2}, "marks": {"1": 2**32 - 1}, "others": {"1": [5]}}


@pytest.fixture
def ledger(ledger_place: Place) -> Iterator[Ledger]:
    ledger = open_ledger(ledger_place)
    yield ledger
    ledger.close()


def read(view: View, **more: object) -> ShopRead:
    values = {
        "state": ShopState.MEMBER,
        "read": "x",
        "suspects": {"1": Suspect(5, 1)},
        "taken": False,
    } | more
    return ShopRead("a", view=asdict(view), **{"taken": False} | values)  # type: ignore[arg-type]


def test_what_a_run_found_is_kept_at_once(ledger: Ledger) -> None:
    new = {"1": PoolItem(10, "a")}
    moves = [Move("a", "1", "order", -2, "7")]
    marks = [LineMark("a", "7", "1", 2, 2, True, NOW)]
    upto = ledger.pool.book(Bookings(moves, marks, new, {"1": 8}, [read(View({"1": 8}))]), NOW)
    assert {i: one.level for i, one in ledger.pool.items().items()} == {"1": 8}
    assert ledger.pool.known("a", ["7"]) == {("7", "1"): 2}
    assert ledger.pool.sold_since("a", NOW - timedelta(1)) == {("7", "1"): 2}
    assert ledger.pool.sold_since("a", NOW) == {}
    assert ledger.pool.shops()["a"].view == {"levels": {"1": 8}, "others": {}, "marks": {}}
    assert [one.reads for one in ledger.pool.suspects("a")] == [1]
    back = [Move("a", "1", "cancelled", 2, "7")]
    ledger.pool.book(Bookings(back, [LineMark("a", "7", "1", 0, -2, False)], {}, {"1": 10}), NOW)
    assert ledger.pool.moved_since("a", upto) == {"1": [2]}
    assert [one.kind for one in ledger.pool.log("1")] == ["cancelled", "order"]


def written(ledger: Ledger, view: Json) -> int:
    """A file that is in place; returns its number."""
    book, promise = ledger.dispatches, Promise(Kind.POOL, PLACE, "0", 1, "", "a")
    dispatch = book.stage(book.prepare_pool(promise, NOW, 1, view), NOW, None)
    return book.send(dispatch, NOW, None).number


def test_a_file_goes_from_its_promise_to_being_taken(ledger: Ledger) -> None:
    pool = ledger.pool.files
    first, second = written(ledger, {"levels": {}}), written(ledger, SHOWN)
    found = pool.last("a", Stage.SENT)
    assert found is not None and (found.number, found.view) == (second, SHOWN)
    superseded = pool.last("a", Stage.SUPERSEDED)
    assert superseded is not None and superseded.number == first
    ledger.pool.book(Bookings(shops=[read(View(), taken=True)]), NOW)
    assert pool.last("a", Stage.SENT) is None
    taken = pool.last("a", Stage.TAKEN)
    assert taken is not None and taken.taken == NOW


def test_what_is_owed_is_told(ledger: Ledger) -> None:
    ledger.pool.book(Bookings(new={"1": PoolItem(1, "a")}, levels={"1": -1}), NOW)
    assert ledger.pool.owed() == {"1": 1}
    ledger.pool.set_state("a", ShopState.ASKED, NOW, "b")
    assert ledger.pool.shops()["a"].via == "b"
