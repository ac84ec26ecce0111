"""`passerelle status` tells on one screen how it goes, judged by the others' clocks."""

import json
import re
import signal
import sys
from datetime import datetime, timedelta

import pytest

from passerelle.base.deadline import Deadline
from tests.e2e.conftest import NewFtp
from tests.e2e.days import SHOE, Day
from tests.servers import PASSWORD
from tests.servers.ftp import Quirks
from tests.shell import running
from tests.world import Sale, World

# The server's clock goes on while ours stands still: on a busy machine that shows.
WRITTEN = re.compile("written 2[67] minutes ago")
XML = "not_taken:sales"
STOCK = "not_taken:ftp:ExportCSVmod.csv"
LATER = "11:19 erp, 11:19 stock"


def test_before_any_run_it_says_how_to_begin(world: World) -> None:
    assert world.run("status", "--watch", "--json").exit_code == 2, "they exclude each other"
    assert world.run("status", "--watch", "--strict").exit_code == 2, "it has no exit code"
    result = world.fails("status", code=6, words="run orders has never started")
    assert "`passerelle run orders --dry-run`" in result.stdout
    assert not (world.data / "passerelle.db").exists(), "looking creates nothing"


def test_a_half_hour_that_went_well_needs_nobody_which_programs_read_too(day: Day) -> None:
    text = day.world.run_well("status")
    assert len(text.splitlines()) <= 40 and "\x1b" not in text, "colour is for terminals"
    assert "run orders   went well 25 minutes ago: 1 order sent; next at 10:57" in text
    assert "run stock    went well 3 minutes ago: 3 lines, 0 changed, 2 added; next at" in text
    assert WRITTEN.search(text) and "all is well: nothing needs a person" in text
    found = json.loads(day.world.run_well("status", "--json"))
    assert found["healthy"] is True and found["level"] is None and found["concerns"] == []
    day.world.run_well("status", "--strict")
    assert [run["run"] for run in found["runs"]] == ["orders", "stock"]
    orders = found["runs"][0]
    assert orders["last"]["exit_code"] == 0 and orders["last"]["facts"]["sent"] == 1
    assert orders["next_due"].startswith("2026-11-25T10:57:00")
    roles = {file["role"]: file for file in found["files"]}
    written = datetime.fromisoformat(roles["orders"]["written"])
    assert abs(written - datetime(2026, 11, 25, 10, 25).astimezone()) < timedelta(minutes=1)
    assert roles["shop_stock"]["present"] is False


@pytest.mark.parametrize(
    ("story", "key", "text", "since"),
    [
        ("11:00", "missed:orders", None, ""),  # it may be a few minutes late
        ("11:33 sells, 11:33 erp", "missed:orders", "2 times by now", "10:57"),
        ("10:57 lost commandes.csv, 10:57 orders=4, 11:27 orders=4", "failed:orders",
         "no such file", "10:57"),
        ("11:19 stock=6", "held:stock", "the ERP's file was 3[89] minutes old", "11:19"),
        ("10:52 killed", "killed:orders", None, ""),  # it may be active
        ("10:52 killed, 10:56", "killed:orders", "was killed", "10:52"),
        ("10:57 more, 10:57 orders, 11:09", XML, None, ""),  # its slot has its grace
        ("10:57 more, 10:57 orders, 11:11", XML, "waits for it", "10:57"),
        ("10:57 more, 10:57 orders, 11:11 takes", XML, None, ""),
        (LATER, STOCK, None, ""),
        (LATER + ", 11:31", STOCK, "it has not taken", "11:19"),
        # Though a newer one lies there now.
        (LATER + ", 11:49 erp, 11:49 stock", STOCK, "it has not taken", "11:19"),
        (LATER + ", 11:49 erp, 11:49 stock, 11:49 imports", STOCK, None, ""),
        ("11:19", "late:ftp:ExportCSV.csv", None, ""),  # 11:10 has its grace
        ("11:21", "late:ftp:ExportCSV.csv", "", ""),
        ("11:21 lost ExportCSV.csv", "late:ftp:ExportCSV.csv", "is not there", ""),
        ("09:00+2", "quiet:ftp:commandes.csv", None, ""),  # a shop may have a quiet weekend
        ("11:00+3", "quiet:ftp:commandes.csv", "", ""),
    ],
)  # fmt: skip
def test_what_needs_a_person_is_told_in_its_time(
    day: Day, story: str, key: str, text: str | None, since: str
) -> None:
    day.play(story)
    found = day.world.concerns().get(key)
    assert (found is None) == (text is None), found
    if found and text:
        assert re.search(text, found["text"])
        assert since in (found["since"] or "")
        assert found["level"] == "out_of_order"


def test_orders_that_need_a_person_come_with_what_to_do(day: Day) -> None:
    day.at("10:57")
    gift = Sale("2", {"371": 1}, payment="Bon cadeau")
    day.shop_writes(SHOE, gift, Sale("3", {"371": "deux"}), Sale("4", {"371": 1}, status="Annulé"))
    day.play("10:57 orders=5")
    assert json.loads(day.world.run("status", "--json").stdout)["orders"] == {
        "withheld": 1, "waiting": 0, "on_the_way": 0, "rejected": 1, "not_sent": 0, "doubtful": 0
    }  # fmt: skip
    concerns = day.world.concerns()
    assert concerns["withheld:orders"]["orders"] == ["2"]
    assert "`passerelle orders settle 2`" in concerns["withheld:orders"]["mend"]
    assert concerns["rejected:orders"]["orders"] == ["3"]
    assert {one["level"] for one in concerns.values()} == {"to_do"}
    verdict = "nothing is out of order; 2 things are to do when there is time:"
    text = day.world.run_well("status")
    assert f"\n{verdict}\n- 1 order is rejected (3)" in text and "all is well" not in text
    found = json.loads(day.world.fails("status", "--strict", "--json", code=6).stdout)
    assert found["healthy"] is True and found["level"] == "to_do"
    day.world.run_well("orders", "settle", "2", "3")
    assert not day.world.concerns().keys() & {"withheld:orders", "rejected:orders"}


def test_what_is_out_of_order_is_told_before_what_can_wait(day: Day) -> None:
    day.at("10:57")
    day.shop_writes(SHOE, Sale("2", {"371": 1}, payment="Bon cadeau"))
    day.play("10:57 orders, 11:19 stock=6")
    result = day.world.fails("status", code=6, words="1 thing is out of order:\n! ")
    grave = result.stdout.index("! the shop's stock is no longer updated")
    to_do = result.stdout.index("- 1 order is")
    assert grave < result.stdout.index("1 more thing is to do when there is time:\n") < to_do
    found = json.loads(day.world.run("status", "--json").stdout)
    assert found["healthy"] is False and found["level"] == "out_of_order"


def test_a_server_that_is_away_is_told_and_what_the_ledger_knows_is_shown(
    new_ftp: NewFtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deadline, "sleep", lambda *_: None)
    world, ftp = new_ftp(Quirks())
    Day(world, ftp, monkeypatch).begin()
    ftp.stop()
    text = world.fails("status", code=6, words="! the server ftp cannot be looked at").text
    assert "went well 25 minutes ago" in text and WRITTEN.search(text)
    assert PASSWORD not in text


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_watching_goes_on_until_it_is_interrupted_and_that_is_no_failure(world: World) -> None:
    with running("status", "--watch", cwd=world.folder) as child:
        assert "Passerelle, " in child.output.readline()
        for line in child.output:
            if "out of order" in line:
                break
        assert child.is_running
        child.send_signal(signal.SIGINT)
        assert child.wait() == 0


def test_a_file_of_which_nothing_is_read_is_out_of_order(day: Day) -> None:
    """A page of HTML in its place is no file with some bad lines."""
    day.play("10:55")
    (day.world.server.root / "commandes.csv").write_bytes(b"<html><body>403</body></html>\n")
    day.play("10:57 orders=6")
    held = day.world.concerns()["held:orders"]
    assert held["level"] == "out_of_order" and "no CSV but HTML" in held["text"]
    assert "have a CSV file written there" in held["mend"]
    day.world.fails("status", code=6)


def test_a_wrong_password_is_one_concern_that_says_so(day: Day) -> None:
    """No mark was looked at: nothing is said of another server."""
    day.world.edit((PASSWORD, "another"))
    day.play("10:55 erp, 10:57 orders=4, 11:19 stock=4")
    grave = [one for one in day.world.concerns().values() if one["level"] == "out_of_order"]
    assert ["login refused" in one["text"] for one in grave] == [True], grave
    assert "check user and password" in grave[0]["mend"]


def test_a_server_that_lets_nobody_in_is_not_accepted(day: Day) -> None:
    day.play("10:57 more, 10:57 orders, 10:58")
    assert [*day.world.states().values()].count("sent") == 1
    day.world.edit((PASSWORD, "another"))
    day.world.fails("servers", "accept", "ftp", "--yes", code=4, words="login refused")
    day.world.edit(("another", PASSWORD))
    assert not [key for key in day.world.concerns() if key.startswith("doubtful")]


def test_an_order_in_doubt_is_one_concern_and_is_counted(day: Day) -> None:
    """The run was held by it alone, and the next order went all the same."""
    day.play("10:55 more")
    day.world.edit(("[servers.ftp]\n", '[servers.ftp]\npublish = "direct"\n'))
    day.world.dies(("after", "passerelle.remotes:RetryingRemote", "store"), "run", "orders")
    for path in (day.world.server.root / "import").glob("*"):
        path.unlink()
    day.shop_writes(SHOE, Sale("2", {"371": 1}), Sale("3", {"372": 1}))
    day.play("10:57 orders=6")
    grave = [key for key, one in day.world.concerns().items() if one["level"] == "out_of_order"]
    assert [key.partition(":")[0] for key in grave if not key.startswith("killed")] == ["doubtful"]
    text = day.world.fails("status", code=6).text
    assert "0 on their way, 1 in doubt, 0 rejected" in text and "nothing was published" not in text
