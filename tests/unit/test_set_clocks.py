"""A clock that was set: which sales the ERP's file includes all the same, and which it may lack."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from passerelle.exchange.sources import Source
from passerelle.ledger.ledger import open_ledger
from passerelle.ledger.outbox import Promise
from passerelle.model.location import Location
from passerelle.model.records import ClockHistory, ClockJump, KnownOrder
from passerelle.model.states import Kind, State
from passerelle.rules.erp_file import ErpFile
from passerelle.runs.pool_erp import _written

MINUTE = timedelta(minutes=1)
WRITTEN = datetime(2026, 11, 22, 10, 40, tzinfo=UTC)
NOW = WRITTEN + 9 * MINUTE
NOTICED = WRITTEN - 13 * MINUTE
ERP = ErpFile("ftp", WRITTEN, NOW, 25 * MINUTE, {"ftp": 0 * MINUTE, "erp": 0 * MINUTE})


def sent(number: int, server: str = "ftp", **more: datetime) -> KnownOrder:
    """An order that the ERP took, whose XML looks earlier than the ERP's file."""
    at = WRITTEN - 10 * MINUTE
    times: Any = {"sent": at, "published": at, "taken": at + MINUTE, **more}
    return KnownOrder("web", "1", "", at, State.TAKEN, "", "", cancelled=False, resend=False,
                      seen=at, changed=at, server=server, dispatch=number, **times)  # fmt: skip


def history(number: int, *jumps: tuple[str, int, int]) -> ClockHistory:
    """Clocks that were set; and the last publication from another file, 20 minutes ago."""
    found = tuple(ClockJump(server, NOTICED, by * 60, upto) for server, by, upto in jumps)
    return ClockHistory(found, number, NOTICED)


@pytest.mark.parametrize(
    ("order", "clocks", "is_included"),
    [
        (sent(5), history(0), True),
        # Its server's clock fell back: the file may be of before, the XML of after.
        (sent(5), history(4, ("ftp", -60, 4)), False),
        (sent(5), history(6, ("ftp", -60, 4)), True),
        # It is sent before the other file was read, and the clock was set after that.
        (sent(3, sent=NOTICED - MINUTE), history(4, ("ftp", -60, 4)), True),
        (sent(3), history(4, ("ftp", -60, 4)), False),
        # Forward, nothing on that server looks earlier than it was.
        (sent(5), history(4, ("ftp", 60, 4)), True),
        (sent(5), history(4, ("", -5000, 4)), True),
        # Of two servers, any change counts; of others none.
        (sent(5, "erp"), history(4, ("ftp", 60, 4)), False),
        (sent(5, "erp"), history(4, ("erp", 60, 4)), False),
        (sent(5, "erp"), history(4, ("erp", -60, 4)), False),
        (sent(5, "erp"), history(4, ("other", -60, 4)), True),
        (sent(5, "erp"), history(6, ("erp", -60, 5)), False),
    ],
)
def test_a_sale_is_included_by_its_times_only_where_no_clock_was_set_between(
    order: KnownOrder, clocks: ClockHistory, is_included: bool
) -> None:
    assert replace(ERP, clocks=clocks).includes(order) == is_included


@pytest.mark.parametrize(
    ("taken", "noticed", "is_included"),
    [
        *((26, None, True), (24, None, False), (26, 24, False), (2000, 26, True)),
        # It was noted while our clock was ahead.
        *((-9999, 24, False), (-9999, 26, True), (-9999, None, False)),
    ],
)
def test_where_no_times_are_told_it_is_waited_for_max_age_since_ours_was_set(
    taken: int, noticed: int | None, is_included: bool
) -> None:
    order = replace(sent(5), published=None, taken=NOW - taken * MINUTE)
    jumps = [] if noticed is None else [ClockJump("", NOW - noticed * MINUTE, -99.0, 5)]
    erp = replace(ERP, modified=None, clocks=ClockHistory(tuple(jumps), 6, NOW))
    assert erp.includes(order) == is_included


@pytest.mark.parametrize(("after", "jumps"), [(1, 0), (59, 0), (-59, 0), (61, 1), (-3600, 1)])
def test_a_clock_was_set_where_two_measurements_differ_by_more_than_a_minute(
    tmp_path: Path, after: int, jumps: int
) -> None:
    with closing(open_ledger(tmp_path)) as ledger:
        ledger.stock.set_clock_offset("ftp", timedelta(0), NOW)
        ledger.stock.set_clock_offset("ftp", timedelta(seconds=after), NOW)
        found = ledger.stock.clock_history("0").jumps
    assert [jump.seconds for jump in found] == [after] * jumps


@pytest.mark.parametrize(
    ("later", "seconds"),
    [
        *((timedelta(hours=1), []), (timedelta(days=3), [])),
        *((timedelta(days=4), [-4 * 86400]), (timedelta(hours=-1), [3600])),
    ],
)
def test_ours_was_set_where_a_run_begins_before_the_last_one_or_days_after(
    tmp_path: Path, later: timedelta, seconds: list[int]
) -> None:
    with closing(open_ledger(tmp_path)) as ledger:
        ledger.runs.start("orders", NOW)
        ledger.runs.start("stock", NOW + later)
        assert [jump.seconds for jump in ledger.stock.clock_history("0").jumps] == seconds


def test_what_is_certain_is_told_by_the_last_publication_from_another_file(tmp_path: Path) -> None:
    promise = Promise(Kind.STOCK, Location("ftp", "a.csv"), "", 1)
    with closing(open_ledger(tmp_path)) as ledger:
        numbers = [
            ledger.dispatches.prepare_stock(
                promise, NOW, (), source_sha256=sha, source_modified=None, lines=1, in_stock=1
            ).number
            for sha in ("a", "b", "b")
        ]
        assert ledger.stock.clock_history("b") == ClockHistory(), "no clock was set"
        ledger.stock.set_clock_offset("ftp", timedelta(0), NOW)
        ledger.stock.set_clock_offset("ftp", timedelta(hours=1), NOW)
        found = {sha: ledger.stock.clock_history(sha).number for sha in ("a", "b", "c")}
        assert found == {"a": numbers[2], "b": numbers[0], "c": numbers[2]}
        assert ledger.stock.clock_history("b", numbers[1]).number == numbers[0]


@pytest.mark.parametrize(
    ("jump", "earlier"),
    [(("ftp", -3600), 60), (("ftp", 600), 10), (("erp", -3600), 0), (None, 0)],
)
def test_the_file_of_an_erp_that_owns_the_levels_may_be_older_by_what_its_clock_was_set(
    tmp_path: Path, jump: tuple[str, int] | None, earlier: int
) -> None:
    with closing(open_ledger(tmp_path)) as ledger:
        for by in (0, jump[1] if jump else 0):
            ledger.stock.set_clock_offset(jump[0] if jump else "ftp", timedelta(seconds=by), NOW)
        gateway: Any = SimpleNamespace(now=lambda: NOW, ledger=ledger)
        stock: Any = SimpleNamespace(guards=SimpleNamespace(max_age=25 * MINUTE))
        source = Source(Location("ftp", "a.csv"), b"", None, None)
        assert _written(gateway, stock, source) == NOW - (25 + earlier) * MINUTE
