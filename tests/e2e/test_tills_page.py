"""The tills' page in a real Chromium: two tills, a whole day, the link off and on, reloads."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests import scale
from tests.report.browser import CHROMIUM, DRIVER, Browser, is_required
from tests.report.test_browser import CONTRASTS
from tests.shell import run_program, running

pytestmark = [
    scale.only("ci"),
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER) and not is_required(), reason="chromium is not installed"
    ),
]

HOST = "127.0.0.1"
CONFIG = """\
folder = "data"

[servers.ftp]
url = "ftp://user@ftp.example.com/"

[stock]
from = "ftp:ExportCSV.csv"
to = "ftp:ExportCSVmod.csv"

[tills]
listen = "127.0.0.1:0"
tls = "off"
"""
STOCK = """\
Gencod;Désignation;PVTTC;Stock
4006381333931;Botte cuir;89,90;4
3760001000016;Chaussette laine;9,90;12
3760001000023;Chaussette coton;7,50;30
0036000291452;Mug;5;1
"""
BOOT, WOOL, COTTON = "4006381333931\n", "3760001000016\n", "3760001000023\n"
ENTER, DOWN = "\ue007", "\ue015"


class Cable:
    """Between an agent and the server; it can be pulled."""

    def __init__(self, target: int) -> None:
        self._target, self._ends, self.port = target, list[socket.socket](), 0
        self.plug()

    def plug(self) -> None:
        self._listener = socket.create_server((HOST, self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._welcome, args=(self._listener,), daemon=True).start()

    def pull(self) -> None:
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._ends.clear()

    def _welcome(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection((HOST, self._target))
                self._ends += (client, server)
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Till:
    """An agent, its cable, and a person before its page."""

    def __init__(self, browser: Browser, cable: Cable, url: str) -> None:
        self.browser, self.cable, self.url = browser, cable, url
        self.wait, self.click, self.press = browser.wait, browser.click, browser.press
        self.open()

    def open(self, width: int = 1200) -> None:
        """Loads the page anew, with the order that its address tells."""
        self.browser.open("about:blank")
        self.browser.open(self.url, width=width)
        self.wait("document.querySelector('#status').className")

    def scan(self, *numbers: str) -> None:
        self.browser.type("#find", "".join(numbers))

    def begin(self) -> None:
        self.click("#new")
        self.sees("#total output", "0.00")

    def choose(self, order: str) -> None:
        named = f"one => one.firstChild.textContent === {order!r}"
        button = f"[...document.querySelectorAll('nav button')].find({named})"
        self.wait(button)
        self.browser.run(f"{button}.click()")
        self.sees("#order-title", order)

    def sees(self, selector: str, text: str) -> None:
        self.wait(f"document.querySelector({selector!r}).textContent.includes({text!r})")

    def pull(self) -> None:
        self.cable.pull()
        self.wait("document.querySelector('#status').className === 'alone'")

    def plug(self) -> None:
        self.cable.plug()
        self.wait("document.querySelector('#status').className === 'well'")

    def fill(self, selector: str, text: str) -> None:
        """Types in place of what stands there, and goes on."""
        self.browser.run(f"document.querySelector({selector!r}).select()")
        self.browser.type(selector, f"{text}{ENTER}")

    def faults(self) -> list[str]:
        """What the console was told, but for refusals, which are answers."""
        return [one for one in self.browser.complaints() if "409 (Conflict)" not in one]


class TillShop:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        (folder / "data").mkdir()
        (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
        (folder / "data" / "Last_ExportCSVmod.csv").write_text(STOCK, encoding="utf-8")
        self.port = int(self._start("till", "serve").rpartition(":")[2])

    def till(self, name: str) -> Till:
        cable = Cable(self.port)
        self._stack.callback(cable.pull)
        paired = run_program("till", "pair", name, cwd=self.folder)
        code = paired.stdout.split()[-1]
        own = ("--listen", f"{HOST}:0", "--folder", name)
        at = f"http://{HOST}:{cable.port}"
        url = self._start("till", "agent", "--server", at, "--code", code, *own)
        return Till(self._stack.enter_context(Browser()), cable, url)

    def _start(self, *args: str) -> str:
        child = self._stack.enter_context(running(*args, cwd=self.folder))
        for line in child.output:
            if found := re.search(rf"http://{HOST}:\d+", line):
                return found[0]
        raise AssertionError(child.rest())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TillShop]:
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANGUAGE", "en")
        yield TillShop(tmp_path_factory.mktemp("shop"), stack)


@pytest.fixture(scope="module")
def a(shop: TillShop) -> Till:
    return shop.till("A")


@pytest.fixture(scope="module")
def b(shop: TillShop) -> Till:
    return shop.till("B")


def test_two_tills_work_at_one_order_and_one_is_paid_for_it(a: Till, b: Till) -> None:
    a.scan(BOOT, BOOT, "chaussette")
    a.wait("document.querySelectorAll('#hits li').length === 2")
    a.press(DOWN, ENTER)
    a.sees("#total output", "189.70")
    b.choose("Order 1")
    b.sees("#total output", "189.70")
    b.scan(COTTON, "36000291452\n")
    b.sees("#lines", "Mug")
    b.click("#lines tr:last-child .drop button")
    b.scan("alteration\n")
    b.wait("document.activeElement.ariaLabel === 'Price of alteration'")
    b.press(*"12,5", ENTER)
    b.browser.type("#note-text", "Mme Léa, 17 h")
    b.browser.run("document.activeElement.blur()")
    a.wait("document.querySelector('#note-text').value === 'Mme Léa, 17 h'")
    a.sees("#total output", "209.70")
    a.fill("#lines tr:first-child .qty input", "1")
    b.sees("#total output", "119.80")
    a.click("#hold")
    a.sees("#holder", "held by this till")
    b.sees("#holder", "held by A")
    b.scan(WOOL)
    b.sees("#told", "A holds the order")
    a.click("#pay")
    a.wait("payment.open")
    a.press(*"20", ENTER)
    a.sees("#rest", "99.80")
    a.press(*"110")
    a.click("#take [value='card']")
    a.sees("#refused", "Only cash")
    a.press(*"110", ENTER, ENTER)
    a.sees("#done-title", "A-000001")
    a.sees("#done output", "10.20")
    b.sees("#holder", "paid: A-000001")
    a.sees("#receipt", "Order synchronisation, not a certified till.")
    told = a.browser.run("return document.querySelector('#receipt').textContent")
    for text in ("A-000001", "Order 1", "Botte cuir", "119.80", "Cash", "110.00", "10.20", "Léa"):
        assert text in told
    assert a.browser.printed().count(b"/Type /Page\n") == 1
    a.press(ENTER)
    a.sees("#order-title", "New order")
    assert a.faults() == b.faults() == []


def test_without_a_network_it_sells_and_says_what_it_cannot(a: Till, b: Till) -> None:
    a.begin()
    a.scan(WOOL)
    a.sees("#order-title", "Order 2")
    b.choose("Order 2")
    b.wait("!document.querySelector('#holder').textContent")  # born held, and let go at once
    b.pull()
    b.sees("#status", "No connection since")
    b.sees("#hindrance", "there is no connection")
    b.scan(WOOL)
    b.sees("#told", "there is no connection")
    b.begin()
    b.scan(COTTON, COTTON)
    b.sees("#total output", "15.00")
    b.browser.run("location.reload()")
    b.sees("#total output", "15.00")
    b.sees("#order-title", "Order without a number yet")
    b.sees("#status", "not sent yet: 2")
    b.click("#pay")
    b.wait("payment.open")
    b.click("#take [value='gift card']")
    b.click("#record")
    b.sees("#done-title", "B-000001")
    b.click("#next")
    b.plug()
    a.wait("document.querySelectorAll('#finished li').length === 2")
    a.browser.run("past.open = true")
    a.choose("Order 3")
    a.sees("#holder", "paid: B-000001")
    assert a.faults() == b.faults() == []


def test_a_hold_is_broken_after_a_warning_and_a_refusal_stays_until_it_is_seen(
    a: Till, b: Till
) -> None:
    a.choose("Order 2")
    b.choose("Order 2")
    b.click("#hold")
    a.sees("#holder", "held by B")
    b.pull()
    b.fill("#lines .price input", "8.00")
    b.sees("#total output", "8.00")
    a.click("#break")
    a.sees("#question", "paid twice")
    a.browser.type("#who", f"Zoé{ENTER}")
    a.wait("!document.querySelector('#holder').textContent")
    a.fill("#lines .price input", "7.00")
    a.sees("#total output", "7.00")
    b.plug()
    b.sees("#refusals", "A has changed Chaussette laine.price meanwhile")
    b.sees("#total output", "7.00")
    b.open()
    b.click("#refusals button")
    b.wait("refusals.hidden")
    a.click("#cancel")
    a.click("#yes")
    b.wait("none.offsetParent !== null")
    assert a.faults() == b.faults() == []


def test_amounts_are_exact(a: Till) -> None:
    found = a.browser.run("""
      return import('/page/money.js').then(({ decimal, cents, plain, shown, typed, totalOf }) => {
        const b = { qty: '0.10', price: '3' };
        const line = (qty, price) => ({ lines: { a: { qty, price }, b } });
        const each = [
          ['3', '0.10'], ['0.1', '0.05'], ['1', '1.005'], ['-1', '1.005'], ['1e2', '9.99'],
        ];
        return [
          each.map(([qty, price]) => plain(totalOf(line(qty, price)))),
          [totalOf(line('1', undefined)), totalOf(line('x', '1'))],
          plain(cents(decimal('123456789012345678901234567890.125'))),
          [shown(123456789n, 'fr'), shown(123456789n, 'en'), shown(-5n, 'en')],
          ['9,90', ' 1 234.5', '12345678', '1.234', '-1', '', '3,5.'].map(text => typed(text, 2)),
        ];
      });
    """)
    assert found == [
        ["0.60", "0.31", "1.31", "-0.71", "999.30"],
        [None, None],
        "123456789012345678901234567890.13",
        ["1\u202f234\u202f567,89", "1,234,567.89", "-0.05"],
        ["9.90", "1234.5", None, None, None, None, None],
    ]


def test_it_is_french_narrow_and_dark_as_well(
    shop: TillShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "fr")
    c = shop.till("C")
    c.open(width=360)
    c.scan(BOOT)
    c.sees("#total output", "89,90")
    c.sees("#status", "Connectée")
    c.sees("#lines", "Botte cuir")
    assert c.browser.run("return document.documentElement.lang") == "fr"
    for scheme in ("light", "dark"):
        preferred = [{"name": "prefers-color-scheme", "value": scheme}]
        c.browser.devtools("Emulation.setEmulatedMedia", features=preferred)
        assert c.browser.run(CONTRASTS) == [], scheme
    c.wait("/Commande [0-9]/.test(document.querySelector('#order-title').textContent)")
    c.click("#pay")
    c.wait("payment.open && payment.textContent.includes('Espèces')")
    c.click("#later")
    c.wait("!document.querySelector('#holder').textContent")
    c.click("#back")
    c.click("#open li:last-child button")
    assert c.browser.run("return document.documentElement.scrollWidth") == 360
    assert c.faults() == []


def test_a_tablet_has_the_servers_page_and_says_that_it_needs_it(shop: TillShop, a: Till) -> None:
    a.begin()
    a.scan(BOOT)
    order = a.wait("/Order [0-9]+/.exec(document.querySelector('#order-title').textContent)?.[0]")
    token = run_program("till", "pair", "T", "--token", cwd=shop.folder).stdout.split()[-1]
    browser = a.browser
    browser.open(f"http://{HOST}:{shop.port}", width=820)
    browser.wait("login.open")
    browser.type("#token", f"x{token}{ENTER}")
    a.sees("#login-text", "not paired")
    browser.type("#token", f"{token}{ENTER}")
    a.sees("#status", "works with a connection only")
    a.choose(order)
    a.scan(BOOT)
    a.sees("#total output", "179.80")
    assert browser.run("return document.documentElement.scrollWidth") == 820
