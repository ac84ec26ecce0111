"""``passerelle console``: who may look, what it starts, and how it tells what changed."""

import html
import http.client
import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.e2e.conftest import NewFtp, make_world
from tests.servers.fixtures import NewServer
from tests.servers.ftp import Quirks
from tests.shell import Running, running
from tests.world import Sale, World

JSON = "application/json"


@dataclass
class Page:
    """Whoever has the console's address."""

    child: Running
    host: str
    path: str

    def ask(
        self, name: str = "", body: object = None, **head: str
    ) -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        method = "GET" if body is None else "POST"
        sent = {"Content-Type": JSON, "Origin": f"http://{self.host}"} if body is not None else {}
        sent |= {name.replace("_", "-"): value for name, value in head.items()}
        path = name if name.startswith("/") else self.path + name
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        told = answer.status, answer.read().decode("utf-8"), answer.msg
        connection.close()
        return told

    def mark_of(self, command: str) -> str:
        """What the page's button for a command says of its orders."""
        form = f'value="{re.escape(command)}">.*?name="mark" value="(\\w+)"'
        found = re.search(form, html.unescape(self.ask()[1]), re.DOTALL)
        assert found, command
        return found[1]

    def does(self, command: str, *, sure: bool = False, seen: str = "", mark: str = "") -> Any:
        said = {"command": command, "sure": sure, "seen": seen, "mark": mark}
        status, text, _head = self.ask("actions/do", said)
        assert status == 200, text
        return json.loads(text)

    @contextmanager
    def hearing(self) -> Iterator[Iterator[str]]:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.request("GET", f"{self.path}changes")
        answer = connection.getresponse()
        yield (line.decode().strip() for line in answer)
        answer.close()
        connection.close()


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    world = make_world(tmp_path, new_server("folder"))
    world.shop_writes(Sale("1", {"370": 1}), Sale("2", {"380": 2}, payment="Carte cadeau"))
    world.erp_writes_stock({"370": 3, "380": 5})
    return world


@contextmanager
def console_of(world: World) -> Iterator[Page]:
    with running("console", "--no-open", cwd=world.folder) as child:
        line = child.output.readline()
        found = re.fullmatch(r"console, until Ctrl\+C: http://(127\.0\.0\.1:\d+)(/.{32}/)\n", line)
        assert found, line
        yield Page(child, found[1], found[2])


@pytest.fixture
def page(world: World) -> Iterator[Page]:
    with console_of(world) as page:
        yield page


def test_only_who_has_the_whole_address_may_look(page: Page) -> None:
    assert page.ask()[0] == 200
    for path in ("/", "/changes", f"/x{page.path[2:]}", f"{page.path}../", f"{page.path}secrets"):
        status, text, _head = page.ask(path)
        assert (status, "passerelle console" in text) == (403, True), path
    assert page.ask(Host="shop.example.com")[0] == 403
    _status, _text, head = page.ask()
    assert "script-src 'self'" in head["Content-Security-Policy"]
    assert "unsafe-inline" not in head["Content-Security-Policy"]
    assert (head["Referrer-Policy"], head["Cache-Control"]) == ("no-referrer", "no-store")
    assert "Set-Cookie" not in head


def test_no_other_page_can_press_its_buttons(page: Page, world: World) -> None:
    said = {"command": "passerelle run orders"}
    for head in (
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
    ):
        assert page.ask("actions/do", said, **head)[0] == 403, head
    assert page.ask("actions/do", {"command": "passerelle orders forget 1"})[0] == 400
    assert page.ask("actions/do", ["passerelle run orders"])[0] == 400
    assert page.ask("actions/do")[0] == 403
    assert not (world.data / "passerelle.db").exists()


def test_a_fresh_folder_has_a_page_and_its_first_run_by_a_button(page: Page, world: World) -> None:
    _status, text, _head = page.ask()
    assert 'title="passerelle run orders"' in text
    assert "<style" not in text and "<script>" not in text
    assert not (world.data / "passerelle.db").exists()
    told = page.does("passerelle run orders")
    assert (told["exit_code"], "is in place on ftp" in told["text"]) == (0, True), told
    assert world.states() == {"1": "sent", "2": "withheld"}
    assert 'title="passerelle orders settle 2"' in page.ask()[1]


def test_entered_at_the_till_and_taken_back(page: Page, world: World) -> None:
    world.run_well("run", "orders")
    command = "passerelle orders settle 2"
    told = page.does(command, mark=page.mark_of(command))
    assert (told["outcome"], told["undo"]) == ("done", "passerelle orders unsettle 2")
    assert world.states()["2"] == "settled"
    assert 'title="passerelle orders unsettle 2"' in page.ask()[1], "also once its dialog is closed"
    assert page.does(told["undo"])["exit_code"] == 0
    assert world.states()["2"] == "withheld"
    assert "orders unsettle" not in page.ask()[1]


def test_what_was_entered_counts_for_the_order_that_was_seen_alone(
    page: Page, world: World
) -> None:
    """Between the look and the click the shop changes it, and a run meets that."""
    world.run_well("run", "orders")
    command = "passerelle orders settle 2"
    before = page.mark_of(command)
    world.shop_writes(Sale("1", {"370": 1}), Sale("2", {"380": 5}, payment="Carte cadeau"))
    world.run_well("run", "orders")
    asked = page.does(command, mark=before)
    assert (asked["asks"], asked["changed"], world.states()["2"]) == (True, True, "withheld")
    assert "2 REF2: 5 × 380" in asked["text"]
    told = page.does(asked["command"], sure=True, mark=asked["mark"])
    assert (told["outcome"], world.states()["2"]) == ("done", "settled")


def test_what_went_by_itself_and_was_entered_too_is_told(page: Page, world: World) -> None:
    third = Sale("3", {"370": 1}, payment="Carte cadeau")
    world.shop_writes(Sale("1", {"370": 1}), Sale("2", {"380": 2}, payment="Carte cadeau"), third)
    world.run_well("run", "orders")
    command = "passerelle orders settle 2 3"
    before = page.mark_of(command)
    world.shop_writes(Sale("1", {"370": 1}), Sale("2", {"380": 2}), third)
    world.run_well("run", "orders")
    asked = page.does(command, mark=before)
    assert "2 goes to the ERP by itself: if it was entered, too, take one" in asked["text"]
    assert (asked["asks"], asked["command"]) == (True, "passerelle orders settle 3")
    told = page.does("passerelle orders settle 2", mark="of long ago")
    assert (told["asks"], told["changed"]) == (False, True) and "by itself" in told["text"]
    page.does(asked["command"], sure=True, mark=asked["mark"])
    assert world.states() == {"1": "sent", "2": "sent", "3": "settled"}


def test_many_are_settled_after_a_look_alone(page: Page, world: World) -> None:
    gifts = [Sale(str(n), {"370": 1}, payment="Carte cadeau") for n in range(10, 25)]
    world.shop_writes(*gifts)
    world.run_well("run", "orders")
    (command,) = set(re.findall(r'title="(passerelle orders settle --all[^"]+)"', page.ask()[1]))
    asked = page.does(command, mark=page.mark_of(command))
    assert asked["asks"] and not asked["changed"] and asked["text"].count("1 × 370") == 15
    assert {*world.states().values()} == {"withheld"}
    one = "passerelle orders settle 10"
    assert page.does(one, mark=page.mark_of(one))["outcome"] == "done", "each has a button, too"


def test_an_accepted_drop_is_the_one_that_was_seen(page: Page, world: World) -> None:
    world.erp_writes_stock({f"3{n:02}": 3 for n in range(40)})
    world.run_well("run", "stock")
    world.shop_takes_stock()
    world.erp_writes_stock({f"3{n:02}": 3 for n in range(20)})
    command = "passerelle run stock --accept-drop"
    seen = page.does(command)["text"]
    world.erp_writes_stock({"301": 3})
    asked = page.does(command, sure=True, seen=seen)
    assert (asked["asks"], asked["changed"]) == (True, True)
    assert not (world.server.root / "ExportCSVmod.csv").exists()
    told = page.does(command, sure=True, seen=asked["text"])
    assert told["outcome"] == "done", "the ages of files are no change"


def test_what_was_done_is_not_called_not_done(page: Page, world: World) -> None:
    world.shop_writes(Sale("1", {"370": 1}), Sale("2", {"380": "deux"}))
    told = page.does("passerelle run orders")
    assert (told["exit_code"], told["outcome"], world.states()["1"]) == (5, "partly", "sent")
    (world.server.root / "commandes.csv").unlink()
    assert page.does("passerelle run orders")["outcome"] == "failed"
    look = page.does("passerelle status")
    assert (look["exit_code"], look["outcome"]) == (6, "done")


def test_no_button_comes_from_what_the_shop_wrote(page: Page, world: World) -> None:
    bad = "x``passerelle orders resend 1`"  # ends the command that names it, and begins another
    world.shop_writes(Sale("1", {"370": 1}), Sale(bad, {"380": "deux"}))
    world.fails("run", "orders", code=5)
    text = page.ask()[1]
    assert 'title="passerelle orders resend' not in text
    assert 'title="passerelle orders settle' not in text, "its command cannot be told from its id"


def test_what_is_no_request_is_refused(page: Page, world: World) -> None:
    said = {"command": "passerelle run orders"}
    for head in ({"Host": "[::1"}, {"Host": "[127.0.0.1]"}, {"Origin": "http://[::1"}):
        assert page.ask("actions/do", said, **head)[0] == 403, head
    for command in ("passerelle orders settle \0", "passerelle orders settle \ud800", "x" * 5_000):
        assert page.ask("actions/do", {"command": command})[0] == 400
    assert page.ask("actions/do", {"command": "x" * 1_000_000})[0] == 400
    away = world.folder.with_name("away")
    world.folder.rename(away)
    status, text, _head = page.ask("actions/do", said)
    assert status == 400 and "could not be started" in text
    away.rename(world.folder)


def test_what_cannot_be_taken_back_asks_first(page: Page, world: World) -> None:
    world.run_well("run", "orders")
    asked = page.does("passerelle orders resend 1")
    assert (asked["asks"], "1" in asked["text"], asked["undo"]) == (True, True, "")
    assert world.states()["1"] == "sent"
    told = page.does("passerelle orders resend 1", sure=True, seen=asked["text"])
    assert (told["asks"], told["exit_code"]) == (False, 0), told
    assert world.states()["1"] == "waiting"
    unknown = page.does("passerelle orders resend 4711")
    assert (unknown["asks"], unknown["exit_code"]) == (False, 2), unknown
    assert "4711" in unknown["text"]


def test_who_is_sure_of_what_a_run_has_changed_is_asked_anew(page: Page, world: World) -> None:
    world.run_well("run", "orders")
    asked = page.does("passerelle orders resend 1")
    world.erp_takes()
    world.run_well("run", "orders")
    told = page.does("passerelle orders resend 1", sure=True, seen=asked["text"])
    assert (told["asks"], told["changed"], world.states()["1"]) == (True, True, "taken")
    assert told["text"] != asked["text"]
    assert page.does("passerelle orders resend 1", sure=True)["changed"], "nothing was seen"
    told = page.does("passerelle orders resend 1", sure=True, seen=told["text"])
    assert (told["exit_code"], world.states()["1"]) == (0, "waiting")


def test_it_tells_of_a_run_of_others_and_of_its_own_config(page: Page, world: World) -> None:
    with page.hearing() as lines:
        assert next(lines) == "event: hello"
        world.run_well("run", "orders")
        assert "event: changed" in lines
    config = world.folder / "config.toml"
    text = config.read_text("utf-8")
    config.write_text(text + "nonsense\n", encoding="utf-8")
    status, html, _head = page.ask()
    assert (status, "The page cannot be shown" in html, "config.toml" in html) == (200, True, True)
    config.write_text(text, encoding="utf-8")
    assert "The page cannot be shown" not in page.ask()[1]


def test_it_ends_with_its_terminal(world: World) -> None:
    with console_of(world) as page, page.hearing() as lines:
        next(lines)
        page.child.send_signal(signal.SIGHUP)
        _output, errors = page.child.rest()
    assert (page.child.wait(), errors) == (0, "")


def test_what_a_button_started_goes_on_to_its_end(new_ftp: NewFtp) -> None:
    world, _server = new_ftp(Quirks(delays={"STOR": 1.0}))
    world.shop_writes(Sale("1", {"370": 1}))
    with console_of(world) as page:

        def press() -> None:
            with suppress(OSError, http.client.HTTPException):
                page.ask("actions/do", {"command": "passerelle run orders"})

        Thread(target=press, daemon=True).start()
        assert happens((world.data / "passerelle.lock.owner").exists)
        page.child.kill()
    assert happens(lambda: world.states() == {"1": "sent"})


def happens(what: Callable[[], bool]) -> bool:
    """Whether it is so within a while."""
    for _again in range(400):
        if what():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "192.168.1.10:8480", "[::]:0", "shop:80", "8480"])
def test_it_is_for_this_machine_alone(world: World, listen: str) -> None:
    with running("console", "--no-open", "--listen", listen, cwd=world.folder) as child:
        assert child.wait(20) == 2
        _output, errors = child.rest()
    assert listen in errors


def test_an_address_that_is_taken_is_told(page: Page, world: World) -> None:
    result = world.run("console", "--no-open", "--listen", page.host)
    assert (result.exit_code, page.host in result.stderr) == (4, True)
