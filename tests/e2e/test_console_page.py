"""The console in a real Chromium: two windows, runs in between, a held one, a server that left."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import scale
from tests.e2e.conftest import make_world
from tests.report.browser import CHROMIUM, DRIVER, Browser, is_required
from tests.report.test_browser import CONTRASTS
from tests.servers.fixtures import NewServer
from tests.shell import running
from tests.world import Sale, World

pytestmark = [
    scale.only("ci"),
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER) and not is_required(), reason="chromium is not installed"
    ),
]
# The next page that is fetched is there, and handed on when it is let pass.
HELD = """
const well = window.fetch, let_pass = new Promise(done => { window.letPass = done; });
window.fetch = async (...asked) => {
  const answer = await well(...asked);
  window.held = true;
  await let_pass;
  return answer;
};
"""
SAID = "document.querySelector('#said[open] h2')?.textContent.startsWith({start!r})"


class Window:
    """A person before the console's page."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url
        self.click, self.wait, self.press = browser.click, browser.wait, browser.press
        browser.open(url)
        self.wait("document.querySelector('#said') && document.querySelector('main')")

    def sees(self, text: str) -> None:
        self.wait(f"document.querySelector('main').innerText.includes({text!r})")

    def presses(self, command: str) -> None:
        selector = f'button[title="{command}"]'
        self.wait(f"document.querySelector('{selector}:enabled')")
        self.click(selector)

    def is_told(self, start: str) -> str:
        self.wait(SAID.format(start=start))
        return str(self.browser.run("return document.querySelector('#said').innerText"))

    def answers(self, label: str) -> None:
        buttons = "[...document.querySelectorAll('#said button')]"
        self.browser.run(f"{buttons}.find(one => one.textContent === {label!r}).click()")


@pytest.fixture
def world(tmp_path: Path, new_server: NewServer) -> World:
    world = make_world(tmp_path, new_server("folder"))
    world.shop_writes(Sale("1", {"370": 1}), Sale("2", {"380": 2}, payment="Carte cadeau"))
    world.erp_writes_stock({f"3{n:02}": 3 for n in range(10, 99)})
    return world


@pytest.fixture
def windows(world: World) -> Iterator[tuple[Window, Window]]:
    with running("console", "--no-open", cwd=world.folder) as child:
        url = child.output.readline().split()[-1]
        with Browser() as first, Browser() as second:
            yield Window(first, url), Window(second, url)
            for browser in (first, second):
                assert browser.complaints() == []


def test_what_one_does_the_other_sees(windows: tuple[Window, Window], world: World) -> None:
    one, other = windows
    one.presses("passerelle run orders")
    assert "is in place on ftp" in one.is_told("Done.")
    one.answers("Close")
    for window in windows:
        window.sees("to be entered at the till: 2")
    # Of others' runs both hear by themselves, and what was typed and opened stays.
    # At one stroke: the page may be renewed between two keys.
    other.browser.unfold()
    other.browser.run(
        "const search = document.querySelector('#search'); search.value = 'REF3';"
        "search.dispatchEvent(new Event('input'))"
    )
    world.shop_writes(Sale("3", {"370": 1}), Sale("2", {"380": 2}, payment="Carte cadeau"))
    world.run_well("run", "orders")
    other.wait("document.querySelector('#matches').textContent.startsWith('1 of 3')")
    assert other.browser.run("return document.querySelector('#search').value") == "REF3"
    assert other.browser.run("return document.querySelector('#search').checkVisibility()")
    one.presses("passerelle orders settle 2")
    one.is_told("Done.")
    other.wait("!document.querySelector('main').innerText.includes('to be entered')")
    one.answers("Take it back")
    other.sees("to be entered at the till: 2")
    assert world.states()["2"] == "withheld"


def test_a_held_run_is_let_pass_once_a_person_has_seen_what_follows(
    windows: tuple[Window, Window], world: World
) -> None:
    window = windows[0]
    world.run_well("run", "stock")
    world.shop_takes_stock()
    world.erp_writes_stock({f"3{n:02}": 3 for n in range(10, 20)})
    window.presses("passerelle run stock")
    assert "--accept-drop" in window.is_told("Not done (exit code 6)")
    window.answers("Close")
    window.presses("passerelle run stock --accept-drop")
    assert "dry run" in window.is_told("This is what will follow").lower()
    assert not (world.server.root / "ExportCSVmod.csv").exists()
    window.press("\ue00c")  # Escape: nothing was done
    window.wait("!document.querySelector('#said[open]')")
    window.presses("passerelle run stock --accept-drop")
    window.is_told("This is what will follow")
    window.answers("Do it")
    window.is_told("Done.")
    assert len(world.shop_stock()) == 12


def test_a_server_that_goes_away_is_told_and_comes_back(
    windows: tuple[Window, Window], world: World
) -> None:
    window = windows[0]
    away = world.server.root.with_name("away")
    shutil.move(world.server.root, away)
    window.presses("passerelle run orders")
    window.is_told("Not done (exit code 4)")
    window.answers("Close")
    window.sees("the orders no longer reach the ERP")
    shutil.move(away, world.server.root)
    window.presses("passerelle run orders")
    window.is_told("Done.")
    windows[1].sees("to be entered at the till: 2")


def test_the_console_itself_goes_away(world: World) -> None:
    with Browser() as browser:
        with running("console", "--no-open", cwd=world.folder) as child:
            window = Window(browser, child.output.readline().split()[-1])
        window.wait("!document.querySelector('#gone').hidden")


def test_by_keyboard_alone_on_a_phone_in_the_dark_and_in_french(
    world: World, windows: tuple[Window, Window]
) -> None:
    world.run_well("run", "orders")
    world.edit(('folder = "data"', 'folder = "data"\nlanguage = "fr"'))
    window = windows[0]
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        window.browser.devtools("Emulation.setEmulatedMedia", features=features)
        window.browser.open(window.url, width=390)
        window.wait("document.querySelector('#said')")
        assert window.browser.run(CONTRASTS) == [], scheme
    settle = "'button[title=\"passerelle orders settle 2\"]'"
    window.browser.run(f"document.querySelector({settle}).focus()")
    window.press("\ue007")
    window.is_told("C'est fait.")
    focused = "document.activeElement.closest('#said') && document.activeElement.textContent"
    assert window.wait(focused) == "Fermer"
    window.press("\ue007")
    window.wait("!document.querySelector('#said[open]')")
    assert world.states()["2"] == "settled"


def test_the_focus_and_what_is_selected_stay_where_they_are(
    windows: tuple[Window, Window], world: World
) -> None:
    """For whoever goes by keyboard, and for whoever copies the number of an order."""
    world.run_well("run", "orders")
    window = windows[0]
    window.sees("to be entered at the till: 2")
    button = "document.querySelector('button[title=\"passerelle orders settle 2\"]')"
    window.browser.run(f"{button}.focus(); {button}.dataset.old = 'yes'")
    world.run_well("run", "orders")
    window.wait(f"!{button}.dataset.old")
    assert window.browser.run(f"return document.activeElement === {button}")
    # Also when what is selected was selected while the new page was on its way.
    window.browser.run(HELD)
    world.run_well("run", "orders")
    window.wait("window.held")
    window.browser.run("getSelection().selectAllChildren(document.querySelector('#verdict'))")
    window.browser.run(f"{button}.dataset.old = 'yes'; window.letPass()")
    time.sleep(1.5)
    assert window.browser.run(f"return {button}.dataset.old === 'yes'"), "it is being copied"
    window.browser.run("getSelection().removeAllRanges()")
    window.wait(f"!{button}.dataset.old")
