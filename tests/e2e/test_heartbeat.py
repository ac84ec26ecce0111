"""Signs of life: a monitor hears of each run, and no run minds whether it hears."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.conftest import make_world
from tests.servers import HOST
from tests.servers.fixtures import NewServer
from tests.world import Sale, World

KEY = "5ecre7-uuid"


class Monitor(ThreadingHTTPServer):
    """Notes what it is asked; answers ``status``."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.heard: list[tuple[str, str]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Monitor

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.heard.append((self.path, body))
        self.send_response(self.server.status)
        self.end_headers()

    def do_HEAD(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    with Monitor() as monitor:
        Thread(target=monitor.serve_forever, daemon=True).start()
        yield monitor
        monitor.shutdown()


@pytest.fixture
def world(tmp_path: object, new_server: NewServer) -> World:
    world = make_world(tmp_path, new_server("folder"))  # type: ignore[arg-type]
    world.shop_writes(Sale("1", {"370": 1}))
    return world


def beat(world: World, url: str) -> None:
    world.configure(extra=f"\n[alerts]\nheartbeat = '{url}'\n")


def test_as_healthchecks_has_it(world: World, monitor: Monitor) -> None:
    beat(world, f"{monitor.url}/{KEY}/passerelle-{{run}}")
    world.run_well("run", "orders")
    (start, nothing), (success, summary) = monitor.heard
    assert (start, nothing) == (f"/{KEY}/passerelle-orders/start", "")
    assert (success, "1 order sent" in summary) == (f"/{KEY}/passerelle-orders", True)
    monitor.heard.clear()
    world.fails("run", "stock", code=4)
    assert [path.rpartition("-")[2] for path, _ in monitor.heard] == ["stock/start", "stock/fail"]
    assert "ExportCSV.csv" in monitor.heard[-1][1]
    monitor.heard.clear()
    world.run_well("run", "orders", "--dry-run")
    assert monitor.heard == []


def test_as_uptime_kuma_has_it(world: World, monitor: Monitor) -> None:
    beat(world, f"{monitor.url}/api/push/{KEY}?status=up&msg=OK&ping=")
    world.run_well("run", "orders")
    world.fails("run", "stock", code=4)
    told = [urlsplit(path) for path, _ in monitor.heard]
    assert {one.path for one in told} == {f"/api/push/{KEY}"}
    up, down = (parse_qs(one.query) for one in told)
    assert (up["status"], up["ping"][0].isdecimal()) == (["up"], True)
    assert (down["status"], "ExportCSV.csv" in down["msg"][0]) == (["down"], True)


@pytest.mark.parametrize("status", [404, None])
def test_a_monitor_that_is_away_fails_no_run_and_its_address_is_a_secret(
    world: World, monitor: Monitor, status: int | None
) -> None:
    beat(world, f"{monitor.url}/{KEY}")
    monitor.status = status or 200
    if status is None:
        monitor.server_close()
    told = world.run("run", "orders")
    assert (told.exit_code, world.states()) == (0, {"1": "sent"})
    words = "the server answered 404" if status else "it could not be reached (ConnectError)"
    assert f"alerts.heartbeat ({HOST}): no sign of life could be sent: {words}" in world.trace(1)
    assert KEY not in world.trace(1) + told.text
    assert KEY not in world.run("config", "show").text


def test_check_tells_whether_it_can_be_reached_and_gives_no_sign(
    world: World, monitor: Monitor
) -> None:
    beat(world, f"{monitor.url}/{KEY}")
    assert f"alerts.heartbeat: {HOST} can be reached" in world.run("check").text
    assert monitor.heard == []
    monitor.server_close()
    told = world.run("check").text
    assert f"alerts.heartbeat: {HOST}: it could not be reached" in told and KEY not in told


def test_what_is_no_address_is_a_fault_of_the_config(world: World) -> None:
    beat(world, f"hc-ping.com/{KEY}")
    result = world.run("check")
    assert (result.exit_code, "alerts.heartbeat" in result.text, KEY in result.text) == (
        3,
        True,
        False,
    )
