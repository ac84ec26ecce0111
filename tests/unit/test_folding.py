"""One cause is one concern, and what it stands for is not over while it lasts."""

from datetime import UTC, datetime, timedelta

from passerelle.health.alerts.decision import decide
from passerelle.health.concerns import (
    SILENT_ERP,
    Cause,
    Concern,
    ConcernKind,
    concern_of,
    of_silent_erp,
)
from passerelle.health.folding import SALES, folded, not_taken

FRIDAY = datetime(2026, 11, 20, 18, 27, tzinfo=UTC)
STOCK = "the shop's stock is no longer updated"
ORDERS = "the orders no longer reach the ERP"


def waiting(number: int) -> Concern:
    """An XML that the ERP has not taken, one each half hour."""
    place = f"ftp:import/commandes_{number}.xml"
    since = FRIDAY + number * timedelta(minutes=30)
    kind, cause = ConcernKind.NOT_TAKEN, of_silent_erp(ORDERS, "one")
    return concern_of(kind, place, cause, "look", since)


def held(detail: str = "the ERP's file was 39 minutes old") -> Concern:
    cause = Cause(SILENT_ERP, (STOCK,), (detail,))
    return concern_of(ConcernKind.HELD, "stock", cause, "look", FRIDAY + timedelta(hours=1))


def failed(run: str, why: str) -> Concern:
    return concern_of(ConcernKind.FAILED, run, Cause(why, (f"no {run}",), (why,)), "look", FRIDAY)


def test_a_weekend_without_the_erp_is_one_concern() -> None:
    files = [waiting(number) for number in range(96)]
    late = concern_of(
        ConcernKind.LATE,
        "ftp:ExportCSV.csv",
        of_silent_erp(STOCK, "the file is 2 days old"),
        "look",
    )
    (one,) = folded([held(), late, *not_taken(files)])
    assert one.text == (
        f"{STOCK}; {ORDERS}: the file is 2 days old; 96 files wait for it "
        "(commandes_0.xml, commandes_1.xml, commandes_2.xml and 93 more)"
    )
    assert (one.key, one.since) == ("held:stock", FRIDAY)
    assert one.stands_for == ("late:ftp:ExportCSV.csv", f"not_taken:{SALES}")


def test_files_that_wait_are_one_concern_alone_too() -> None:
    (one,) = folded([*not_taken([waiting(0)])])
    assert (one.key, one.stands_for) == (f"not_taken:{SALES}", ())
    assert one.text == f"{ORDERS}: 1 file waits for it (commandes_0.xml)"
    assert [*not_taken([])] == []


def test_runs_that_fail_of_one_thing_are_told_together_others_apart() -> None:
    away, full = "the server is away", "the disk is full"
    found = [*folded([failed("orders", away), failed("stock", full), failed("pool", away)])]
    assert [one.text for one in found] == [f"no orders; no pool: {away}", f"no stock: {full}"]
    assert [one.key for one in found] == ["failed:orders", "failed:stock"]


def test_what_has_no_cause_to_share_stays_as_it_is() -> None:
    plain = [Concern(ConcernKind.WITHHELD, "orders", "withheld", "settle", orders=("1",))] * 2
    assert [*folded(plain)] == plain


def test_what_is_over_is_said_of_itself_alone() -> None:
    """The stock goes on again, and the orders still wait."""
    first = decide({}, [*folded([held(), *not_taken([waiting(0)])])], (), FRIDAY)
    second = decide(first.told, [*folded([*not_taken([waiting(0)])])], (), FRIDAY)
    assert [told.text for told in second.over] == [held().text]
    assert [one.key for one in second.begun] == [f"not_taken:{SALES}"]


def test_nothing_is_over_while_a_concern_stands_for_it() -> None:
    """First the orders wait, then the stock is held of the same cause."""
    first = decide({}, [*folded([*not_taken([waiting(0)])])], (), FRIDAY)
    both = [*folded([held(), *not_taken([waiting(0)])])]
    second = decide(first.told, both, (), FRIDAY + timedelta(hours=1))
    assert ([one.key for one in second.begun], second.over) == (["held:stock"], ())
    third = decide(second.told, (), (), FRIDAY + timedelta(hours=2))
    assert {told.key for told in third.over} == {"held:stock", f"not_taken:{SALES}"}
