"""`passerelle status` tells on one screen how it goes, judged by the others' clocks."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from passerelle.base.deadline import Deadline
from passerelle.gateway import frame as gateway
from passerelle.ledger.ledger import open_ledger
from tests.e2e.conftest import make_world
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.ftp import FtpServer
from tests.shell import running
from tests.world import Sale, World

# The server's clock goes on while ours stands still: on a busy machine that shows.
WRITTEN = re.compile("written 2[67] minutes ago")
LEVELS = {"370": 5, "371": 5, "372": 5}


class Day:
    """A world on a clock that the test sets, here and on its FTP server."""

    def __init__(self, server: FtpServer, root: Path, patch: pytest.MonkeyPatch) -> None:
        url = f"ftp://{USER}@{HOST}:{server.port}"
        self.world = make_world(root, RunningServer("ftp", url, PASSWORD, root))
        self._server, self._patch = server, patch
        self.moment = datetime.now().astimezone()

    def at(self, clock: str, days: int = 0) -> None:
        """Sets the clock to ``HH:MM`` of a Wednesday, or of a day after it."""
        hour, minute = clock.split(":")
        noon = datetime(2026, 11, 25, int(hour), int(minute)).astimezone()
        self.moment = noon + timedelta(days=days)
        ahead = round((self.moment - datetime.now().astimezone()).total_seconds())
        # The server adds this to every file's time, so that those written before move back.
        self._age_files(ahead - self._server.quirks.clock_ahead)
        self._server.quirks = replace(self._server.quirks, clock_ahead=ahead)
        self._patch.setattr(gateway, "clock", lambda: self.moment)

    def _age_files(self, seconds: float) -> None:
        for path in self.world.server.root.rglob("*"):
            written = path.stat().st_mtime - seconds
            os.utime(path, (written, written))

    def touch(self, name: str) -> None:
        """The file was written this very minute."""
        now = time.time()
        os.utime(self.world.server.root / name, (now, now))

    def shop_writes(self, *sales: Sale) -> None:
        self.world.shop_writes(*sales)
        self.touch("commandes.csv")

    def erp_writes(self) -> None:
        self.world.erp_writes_stock(LEVELS, age=0)

    def half_hour(self) -> None:
        """One that goes well, from 10:25 to 10:52."""
        self.at("10:25")
        self.shop_writes(Sale("1", {"370": 1}))
        self.at("10:27")
        self.world.run_well("run", "orders")
        self.at("10:30")
        self.world.erp_takes()
        self.at("10:40")
        self.erp_writes()
        self.at("10:49")
        self.world.run_well("run", "stock")
        self.at("10:50")
        self.world.shop_takes_stock()
        self.at("10:52")

    def status(self, code: int) -> str:
        result = self.world.run("status")
        assert result.exit_code == code, result
        assert len(result.stdout.splitlines()) <= 40
        return result.stdout

    def concerns(self) -> dict[str, dict[str, Any]]:
        return {concern["key"]: concern for concern in self.json()["concerns"]}

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.world.run("status", "--json").stdout)
        return found


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Day]:
    with FtpServer(tmp_path, {USER: PASSWORD}) as server:
        yield Day(server, tmp_path, monkeypatch)


def test_before_any_run_it_says_how_to_begin(world: World) -> None:
    assert world.run("status", "--watch", "--json").exit_code == 2, "they exclude each other"
    result = world.run("status")
    assert result.exit_code == 6
    assert "run orders has never started" in result.stdout
    assert "`passerelle run orders --dry-run`" in result.stdout
    assert not (world.data / "passerelle.db").exists(), "looking creates nothing"


def test_a_half_hour_that_went_well_needs_nobody_which_programs_read_too(day: Day) -> None:
    day.half_hour()
    text = day.status(0)
    assert "run orders   went well 25 minutes ago: 1 order sent; next at 10:57" in text
    assert (
        "run stock    went well 3 minutes ago: 3 lines, 0 changed, 2 added; next at 11:19" in text
    )
    assert WRITTEN.search(text)
    assert "all is well: nothing needs a person" in text
    assert "\x1b" not in text, "colour is for terminals"
    found = day.json()
    assert found["healthy"] is True and found["concerns"] == []
    assert [run["run"] for run in found["runs"]] == ["orders", "stock"]
    orders = found["runs"][0]
    assert orders["last"]["exit_code"] == 0 and orders["last"]["facts"]["sent"] == 1
    assert orders["next_due"].startswith("2026-11-25T10:57:00")
    roles = {file["role"]: file for file in found["files"]}
    written = datetime.fromisoformat(roles["orders"]["written"])
    # The server's clock goes on while the run's stands still.
    assert abs(written - datetime(2026, 11, 25, 10, 25).astimezone()) < timedelta(minutes=1)
    assert roles["shop_stock"]["present"] is False


def test_a_run_that_is_missing_is_told_with_the_times_it_missed(day: Day) -> None:
    day.half_hour()
    day.at("11:33")
    day.shop_writes(Sale("1", {"370": 1}))
    day.erp_writes()
    concern = day.concerns()["missed:orders"]
    assert "2 times by now" in concern["text"]
    assert concern["since"].startswith("2026-11-25T10:57")
    assert "`passerelle schedule status`" in concern["mend"]
    day.at("11:00")
    assert "missed:orders" not in day.concerns(), "it may be a few minutes late"


def test_a_failed_run_is_told_with_its_reason_since_the_first_failure(day: Day) -> None:
    day.half_hour()
    (day.world.server.root / "commandes.csv").unlink()
    for clock in ("10:57", "11:27"):
        day.at(clock)
        assert day.world.run("run", "orders").exit_code == 4
    concern = day.concerns()["failed:orders"]
    assert "no such file" in concern["text"]
    assert concern["since"].startswith("2026-11-25T10:57")
    assert "failed 0 seconds ago; last went well 1 hour ago" in day.status(6)


def test_a_held_run_is_told_with_its_reason(day: Day) -> None:
    day.half_hour()
    day.at("11:19")
    assert day.world.run("run", "stock").exit_code == 6
    assert re.search("the file is 3[89] minutes old", day.concerns()["held:stock"]["text"])
    assert "run stock    held 0 seconds ago" in day.status(6)


def test_a_run_that_was_killed_is_told_once_it_cannot_be_active_any_more(day: Day) -> None:
    day.half_hour()
    ledger = open_ledger(day.world.data)
    ledger.runs.start("orders", day.moment)
    ledger.close()
    assert "going on since 10:52" in day.status(0)
    day.at("10:56")
    assert "was killed" in day.concerns()["killed:orders"]["text"]


def test_an_xml_that_the_erp_leaves_is_told_after_its_slot_and_its_grace(day: Day) -> None:
    day.at("10:27")
    day.shop_writes(Sale("1", {"370": 1}))
    day.world.run_well("run", "orders")
    day.at("10:39")
    assert not any(key.startswith("not_taken") for key in day.concerns())
    assert "waits for the ERP" in day.status(6)
    day.at("10:41")
    (key,) = (key for key in day.concerns() if key.startswith("not_taken"))
    assert "import/commandes_20261125_102700.xml" in key
    day.world.erp_takes()
    assert not any(key.startswith("not_taken") for key in day.concerns())


def test_a_stock_file_that_the_shop_leaves_is_told_now_and_by_later_runs(day: Day) -> None:
    day.half_hour()
    day.at("11:19")
    day.erp_writes()
    day.world.run_well("run", "stock")
    assert "not_taken:ftp:ExportCSVmod.csv" not in day.concerns()
    day.at("11:31")
    assert "not_taken:ftp:ExportCSVmod.csv" in day.concerns()
    day.at("11:49")
    day.erp_writes()
    assert "the shop has not taken ExportCSVmod.csv" in day.world.run_well("run", "stock")
    concern = day.concerns()["not_taken:ftp:ExportCSVmod.csv"]
    assert concern["since"].startswith("2026-11-25T11:19"), "though a newer one lies there now"
    day.world.shop_takes_stock()
    assert "not_taken:ftp:ExportCSVmod.csv" not in day.concerns()


def test_files_that_the_erp_and_the_shop_stopped_writing_are_told_in_their_time(day: Day) -> None:
    day.half_hour()
    day.at("11:19")
    assert "late:ftp:ExportCSV.csv" not in day.concerns(), "11:10 has its grace"
    day.at("11:21")
    assert "late:ftp:ExportCSV.csv" in day.concerns()
    (day.world.server.root / "ExportCSV.csv").unlink()
    assert "does not write its stock" in day.concerns()["late:ftp:ExportCSV.csv"]["text"]
    day.at("09:00", days=2)
    assert "quiet:ftp:commandes.csv" not in day.concerns(), "a shop may have a quiet weekend"
    day.at("11:00", days=3)
    assert "quiet:ftp:commandes.csv" in day.concerns()


def test_orders_that_need_a_person_come_with_what_to_do(day: Day) -> None:
    day.half_hour()
    day.at("10:57")
    day.shop_writes(
        Sale("1", {"370": 1}),
        Sale("2", {"371": 1}, payment="Bon cadeau"),
        Sale("3", {"371": "deux"}),
        Sale("4", {"371": 1}, status="Annulé"),
    )
    day.world.run("run", "orders")
    found = day.json()
    assert found["orders"] == {
        "withheld": 1, "waiting": 0, "rejected": 1, "not_sent": 0, "doubtful": 0
    }  # fmt: skip
    concerns = day.concerns()
    assert concerns["withheld:orders"]["orders"] == ["2"]
    assert "`passerelle orders settle 2`" in concerns["withheld:orders"]["mend"]
    assert concerns["rejected:orders"]["orders"] == ["3"]
    day.world.run_well("orders", "settle", "2", "3")
    assert not day.concerns().keys() & {"withheld:orders", "rejected:orders"}


def test_a_server_that_is_away_is_told_and_what_the_ledger_knows_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deadline, "sleep", lambda *_: None)
    with FtpServer(tmp_path, {USER: PASSWORD}) as server:
        day = Day(server, tmp_path, monkeypatch)
        day.half_hour()
    text = day.status(6)
    assert "! the server ftp cannot be looked at" in text
    assert "went well 25 minutes ago" in text and WRITTEN.search(text)
    assert PASSWORD not in text


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_watching_goes_on_until_it_is_interrupted_and_that_is_no_failure(world: World) -> None:
    with running("status", "--watch", cwd=world.folder) as child:
        assert "Passerelle, " in child.output.readline()
        for line in child.output:
            if "needs a person" in line or "need a person" in line:
                break
        assert child.is_running
        child.send_signal(signal.SIGINT)
        assert child.wait() == 0
