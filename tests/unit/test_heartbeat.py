"""A monitor hears when a run starts and how it ended, and no run depends on it."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from passerelle.base.clocks import clock
from passerelle.base.errors import PasserelleError, UnreachableError
from passerelle.base.lock import hold_lock
from passerelle.checks import check_alerts
from passerelle.checks.findings import Grade
from passerelle.config.alerts import Alerts
from passerelle.config.load import load_config
from passerelle.config.model import Settings
from passerelle.gateway import frame
from passerelle.health.alerts import heartbeat
from passerelle.health.alerts.heartbeat import Heartbeat, address_of
from passerelle.ledger.runs import RunBook
from passerelle.runs.starting import start
from tests.servers import HOST
from tests.servers.fixtures import NewServer
from tests.servers.monitor import Monitor
from tests.world import Sale, World

SECRET = "2f9c-zyzzx"
PUSH = f"/api/push/{SECRET}?status=up&msg=OK&ping="


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    with Monitor() as monitor:
        yield monitor


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    return World(tmp_path, new_server("folder"))


def settings_of(world: World, url: str) -> Settings:
    world.configure(extra=f'\n[alerts]\nheartbeat = "{url}"\n')
    return load_config(world.folder / "config.toml")


def watched(url: str) -> Settings:
    return Settings(alerts=Alerts(heartbeat=SecretStr(url)))


def beat(url: str, code: int) -> list[str]:
    """Starts and ends a run; says what is noted."""
    notes: list[str] = []
    one = Heartbeat(watched(url), "orders")
    one.start()
    one.end(code, notes.append)
    return notes


# --- what is heard -----------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "last"), [(0, "/"), (5, "/"), (6, "/6")])
@pytest.mark.parametrize("query", ["", "?create=1"])
def test_healthchecks_hears_start_and_end(
    monitor: Monitor, code: int, last: str, query: str
) -> None:
    assert beat(f"{monitor.url}/{SECRET}/{query}", code) == []
    whole = f"/{SECRET}{last}"
    assert sorted(monitor.asked) == sorted([f"/{SECRET}/start{query}", f"{whole}{query}"])


@pytest.mark.parametrize(("code", "status"), [(0, "up"), (4, "down")])
def test_uptime_kuma_hears_the_end_alone_in_its_query(
    monitor: Monitor, code: int, status: str
) -> None:
    assert beat(monitor.url + PUSH, code) == []
    (asked,) = monitor.asked
    told = parse_qs(urlsplit(asked).query)
    assert urlsplit(asked).path == f"/api/push/{SECRET}"
    assert told.keys() == {"status", "msg", "ping"}
    assert told["status"] == [status] and told["msg"] == [f"run orders: exit code {code}"]
    assert 0 <= int(told["ping"][0]) < 60_000


def test_one_check_a_run_has_its_name_in_the_address() -> None:
    for run in ("orders", "stock"):
        url = address_of(watched("https://hc-ping.com/key/shop-{run}?create=1"), run)
        assert str(url) == f"https://hc-ping.com/key/shop-{run}?create=1"


# --- where it cannot be told -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        (404, "", "the server answered 404"),
        (301, "", "the server answered 301"),
        (503, SECRET, "the server answered 503"),
        (200, "OK (not found)", "the monitor does not know this address"),
        (200, "OK (rate limited)", "the monitor was asked too often"),
    ],
)
def test_what_the_monitor_refuses_is_noted_once_without_the_address(
    status: int, text: str, words: str
) -> None:
    with Monitor(status, text) as monitor:
        notes = beat(f"{monitor.url}/{SECRET}", 0)
    told = f"alerts.heartbeat (http://{HOST}): the monitor could not be told: {words}"
    assert notes == [told]


def test_a_closed_port_is_noted() -> None:
    with socket.socket() as held:
        held.bind((HOST, 0))
        (note,) = beat(f"http://{HOST}:{held.getsockname()[1]}/{SECRET}", 0)
    assert note.endswith("the connection was refused")


def test_a_start_that_was_not_heard_is_noted_at_the_end(monitor: Monitor) -> None:
    monitor.status = 500
    one, notes = Heartbeat(watched(monitor.url), "orders"), list[str]()
    one.start()
    assert one._start
    one._start.join()
    monitor.status = 200
    one.end(0, notes.append)
    assert len(notes) == 1 and notes[0].endswith("the server answered 500")


def test_a_monitor_that_answers_for_ever_holds_nothing_up(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LIMIT", 0.2)
    monitor.slow = True
    one, notes = Heartbeat(watched(monitor.url), "orders"), list[str]()
    one.start()
    assert one._start and one._start.is_alive(), "nobody waits for it"
    assert one._start.daemon, "nor at the exit"
    one.end(0, notes.append)
    assert len(notes) == 1 and notes[0].endswith("no answer in time")


# --- a run of it -------------------------------------------------------------------------------


def outcome(settings: Settings, *, dry_run: bool = False) -> int:
    try:
        return start(settings, "orders", dry_run=dry_run, all=False).exit_code
    except PasserelleError as error:
        return error.exit_code


def test_each_run_is_heard_at_its_start_and_end(world: World, monitor: Monitor) -> None:
    settings = settings_of(world, f"{monitor.url}/{SECRET}/{{run}}")
    assert outcome(settings) == 4, "there is no file yet"
    assert sorted(monitor.asked) == [f"/{SECRET}/orders/4", f"/{SECRET}/orders/start"]
    monitor.asked.clear()
    world.shop_writes(Sale("1", {"370": 1}))
    assert outcome(settings) == 0
    assert sorted(monitor.asked) == [f"/{SECRET}/orders", f"/{SECRET}/orders/start"]


def test_a_dry_run_and_one_that_finds_another_are_not_heard(world: World, monitor: Monitor) -> None:
    settings = settings_of(world, f"{monitor.url}/{SECRET}")
    world.shop_writes(Sale("1", {"370": 1}))
    assert outcome(settings, dry_run=True) == 0
    with hold_lock(settings.folder, "run stock", clock()):
        assert outcome(settings) == 7
    assert monitor.asked == []


def test_a_ledger_that_cannot_be_opened_is_heard(
    world: World, monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise UnreachableError("it is damaged")

    settings = settings_of(world, f"{monitor.url}/{SECRET}")
    with monkeypatch.context() as patch:
        patch.setattr(frame, "open_ledger", refuse)
        code = outcome(settings)
    assert code and monitor.asked == [f"/{SECRET}/{code}"]
    monitor.asked.clear()
    # It opens, and takes no line more: its disk is full.
    monkeypatch.setattr(RunBook, "start", lambda *_: refuse(world.folder))
    code = outcome(settings)
    assert code and monitor.asked == [f"/{SECRET}/{code}"]


def test_a_run_ends_as_it_does_and_the_trace_alone_says_that_nobody_heard(
    world: World, monitor: Monitor, capsys: pytest.CaptureFixture[str]
) -> None:
    monitor.status = 500
    settings = settings_of(world, f"{monitor.url}/{SECRET}")
    world.shop_writes(Sale("1", {"370": 1}))
    assert outcome(settings) == 0
    trace = (settings.folder / "Trace1.txt").read_text("utf-8")
    words = f"! alerts.heartbeat (http://{HOST}): the monitor could not be told"
    assert trace.count(words) == 1 and SECRET not in trace
    assert "monitor" not in "".join(capsys.readouterr())


# --- looking at it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "asked"),
    [(f"/{SECRET}", 200, f"/{SECRET}/log"), (PUSH, 302, "/")],
)
def test_check_reaches_the_monitor_and_tells_it_of_no_run(
    world: World, monitor: Monitor, path: str, status: int, asked: str
) -> None:
    monitor.status = status
    *_, finding = check_alerts(settings_of(world, monitor.url + path))
    assert (finding.grade, monitor.asked) == (Grade.OK, [asked])
    assert finding.found == f"http://{HOST} answers"


def test_check_warns_of_a_monitor_that_does_not_know_the_address(
    world: World, monitor: Monitor
) -> None:
    monitor.text = "OK (not found)"
    _nobody, *findings = check_alerts(settings_of(world, f"{monitor.url}/{SECRET}/{{run}}"))
    assert [finding.grade for finding in findings] == 2 * [Grade.WARNING]
    assert [one.what for one in findings] == [
        f"alerts.heartbeat, run {run}" for run in ("orders", "stock")
    ]
    assert findings[0].found == f"http://{HOST}: the monitor does not know this address"


# --- what may stand there ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        f"ftp://{SECRET}",
        SECRET,
        f"https://{SECRET}:port/",
        f"https:///{SECRET}",
        f"https://hc-ping.com/{SECRET}/{{runs}}",
        f"https://hc-ping.com/{SECRET} x",
        f"https://[{SECRET}/",
    ],
)
def test_what_is_no_address_is_a_fault_told_without_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Alerts(heartbeat=SecretStr(url))
    (fault,) = caught.value.errors()
    assert "write the address of a monitor" in fault["msg"] and SECRET not in fault["msg"]


@given(st.from_regex(r"\Ahttps?://[!-~éß]{1,20}(/[!-~]*)?\Z"))
def test_every_address_that_is_taken_can_be_visited(url: str) -> None:
    try:
        settings = watched(url)
    except ValidationError:
        return
    for code in (0, 1):
        Heartbeat(settings, "orders")._last(code)
